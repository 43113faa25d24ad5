"""Every example workflow in the real page: it loads, converts to the same graph in every form of the page, and runs.

The goldens are what the page sends to the server. SWITCHYARD_WRITE_GOLDENS=1 writes them anew; look at the change.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from canvas import what_is_sent
from example_needs import EXAMPLE_NEEDS
from forms import EACH_ONCE

ROOT = Path(__file__).resolve().parent.parent.parent
GOLDENS = Path(__file__).resolve().parent / "goldens"
EXAMPLES = sorted((ROOT / "example_workflows").glob("*.json"))
RUNNABLE = [path for path in EXAMPLES if path.stem not in EXAMPLE_NEEDS]


@pytest.fixture(params=EXAMPLES, ids=lambda path: path.stem)
def example(request, canvas):
    workflow = json.loads(request.param.read_text(encoding="utf-8"))
    canvas.load(workflow)
    return request.param.stem, workflow


def test_it_loads_with_every_node_and_converts_to_the_same_graph(canvas, example):
    stem, _ = example
    golden = GOLDENS / f"{stem}.json"
    assert canvas.missing_nodes() == []
    graph = what_is_sent(canvas.prompt())
    if os.environ.get("SWITCHYARD_WRITE_GOLDENS"):
        golden.write_text(json.dumps(graph, indent=1) + "\n", encoding="utf-8")
    assert graph == json.loads(golden.read_text(encoding="utf-8"))


def test_its_nodes_are_drawn_inside_groups_and_not_over_each_other(canvas, example):
    canvas.stand_still()
    boxes, groups = canvas.boxes(), canvas.groups()
    for index, (title, (x, y, width, height)) in enumerate(boxes):
        for other, (left, top, across, down) in boxes[index + 1 :]:
            apart = x + width <= left or left + across <= x or y + height <= top or top + down <= y
            assert apart, f"{title} and {other} overlap"
        assert title == "What this shows" or any(
            left <= x and x + width <= left + across and top <= y and y + height <= top + down
            for left, top, across, down in groups
        ), f"{title} is outside"


def test_saved_and_loaded_again_it_is_the_same_workflow(canvas, example):
    first = canvas.serialized()
    canvas.load(first)
    assert what_counts(canvas.serialized()) == what_counts(first)


def what_counts(workflow):
    """A workflow without what the page measures anew after each load."""
    nodes = [{k: v for k, v in node.items() if k not in ("size", "pos", "order")} for node in workflow["nodes"]]
    return {"nodes": sorted(nodes, key=lambda node: node["id"]), "links": sorted(workflow["links"])}


@EACH_ONCE
@pytest.mark.parametrize("example", RUNNABLE, indirect=True, ids=lambda path: path.stem)
def test_it_runs_to_its_end_and_shows_pictures(canvas, example):
    canvas.server.post("/free", {"free_memory": True})  # what is cached shows no verdict again
    end = canvas.run()
    assert end["type"] == "execution_success", end
    history = canvas.server.get(f"/history/{end['prompt_id']}")[end["prompt_id"]]["outputs"]
    assert any(output.get("images") for output in history.values())
    assert any("switchyard" in output for output in history.values())
