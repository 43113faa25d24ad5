"""The graphs that docs/ prints run in a real server, once what they leave out is supplied."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from graphs import catch, node, value

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
PHOTOGRAPH = node("LoadImage", image="grace_hopper.jpg")
SUPPLIED = {
    "decode": PHOTOGRAPH,
    "fallback": PHOTOGRAPH,
    "expensive": PHOTOGRAPH,
    "upscale": node("ImageScaleBy", image=["decode", 0], upscale_method="lanczos", scale_by=1.5),
    "compare": value("true"),
    "gate": node("SwitchyardGate", open=False, value=["decode", 0]),
}
OUTPUT_NODES = {"SaveImage", "PreviewImage", "PreviewAny"}
GRAPHS = [
    pytest.param(graph, id=f"{page.name} {' '.join(graph)}")
    for page in sorted(DOCS.glob("*.md"))
    for block in re.findall(r"```json\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    if "class_type" in next(iter((graph := json.loads(block)).values()))
]


def whole(graph):
    """The graph with its loose ends supplied, and an output node for each of its nodes."""
    ends = {f"{name} end": catch(name) for name, spec in graph.items() if spec["class_type"] not in OUTPUT_NODES}
    return {**SUPPLIED, **graph, **ends}


@pytest.mark.parametrize("graph", GRAPHS)
def test_a_printed_graph_runs(run, graph):
    result = run(whole(graph))
    assert result.status == "success", result.error
    assert result.node_errors == {}


def graph_with(name):
    return whole(next(case.values[0] for case in GRAPHS if name in case.values[0]))


def test_the_preview_behind_a_gate_is_silent_while_the_branch_is_not_taken(run):
    graph = {**graph_with("preview"), "compare": value("false")}
    del graph["gate end"], graph["switch end"]
    result = run(graph)
    assert not {"upscale"} & set(result.started)
    assert result.saved("preview") == []
    assert len(result.saved("save")) == 1


@pytest.mark.parametrize(("shown", "is_bad"), [("decode", False), ("broken", True)])
def test_only_bad_pictures_are_previewed(run, shown, is_bad):
    graph = graph_with("look")
    graph["broken"] = node("ImageBlur", image=["decode", 0], blur_radius=8, sigma=6.0)
    graph["score"]["inputs"]["image"] = [shown, 0]
    result = run(graph)
    assert len(result.saved("look")) == is_bad


def test_the_texts_are_those_that_the_page_quotes(run):
    page = (DOCS / "debugging.md").read_text(encoding="utf-8")
    result = run(graph_with("why"))
    assert f"`{result.outputs['why']['text'][0]}`" in page
    (beginning,) = re.findall(r"`(Denoise 0.45[^`]*)…`", page)
    assert result.outputs["really"]["text"][0].startswith(beginning)


def test_the_payload_of_compare_is_the_one_that_the_page_prints(run):
    compare = node("SwitchyardCompare", a=0.83, comparison="greater_than", b=0.8)
    payload = run({"compare": compare, "end": catch("compare")}).verdict("compare")
    page = (DOCS / "debugging.md").read_text(encoding="utf-8")
    printed = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    assert payload in printed


def test_the_gates_report_holds_the_seconds_of_each_attempt(run):
    graph = {
        "sample": node("ProbeSample", seed=4711),
        "score": node("ProbeBrightness", image=["sample", 0]),
        "gate": node(
            "SwitchyardQualityGate",
            value=["sample", 0],
            score=["score", 1],
            comparison="greater_or_equal",
            threshold=2.0,
            max_attempts=3,
        ),
        "report": catch("gate", 5),
    }
    report = json.loads(run(graph).outputs["report"]["texts"][0])
    assert [attempt["seconds"] is not None for attempt in report["attempts"]] == [True] * 3
