"""Templates of ours from the workflows of ComfyUI's own template browser, and from our examples.

The sandbox fetches the official ones: those of today, and with ComfyUI come those of its own day. comfy-cli turns them
into graphs, with what the real server says of its nodes; of the nodes that it does not have, what the files say.
"""

from __future__ import annotations

import json
import os
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from app_inputs import shown_inputs
from example_files import GOLDENS, ROOT, graph_of
from jsonschema import Draft202012Validator
from newer_widgets import NEWER_WIDGETS
from switchyard.template import Template, TemplateError

from engine.layout import python_of

FEWEST = 200
SIBLINGS = [f"comfyui_workflow_templates_media_{kind}" for kind in ("api", "image", "other", "video")]
EXAMPLES = sorted(path.stem for path in GOLDENS.glob("*.json"))
FILE_SCHEMA = ROOT / "switchyard" / "template" / "workflow-template-1.schema.json"


class Official(NamedTuple):
    """One official workflow.

    Attributes:
        file: where it is from, as package/file.
        graph: what runs, in API format.
        workflow: what the page shows.
        is_known: whether the server has all its nodes.
        template: ours, or None.
        problem: why there is none.
    """

    file: str
    graph: dict[str, Any]
    workflow: dict[str, Any]
    is_known: bool
    template: Template | None
    problem: str


@pytest.fixture(scope="module")
def object_info(server) -> dict[str, Any]:
    return json.loads(server.get_bytes("/object_info"))


@pytest.fixture(scope="module")
def official(layout, object_info, tmp_path_factory) -> list[Official]:
    """All official workflows; whatever but a TemplateError comes up while a template is made of one is a failure."""
    if not layout.official_templates.exists():
        pytest.skip("the official templates are not there; run: python3 tools/sandbox.py test")
    graphs = converted(layout, {**NEWER_WIDGETS, **object_info}, tmp_path_factory.mktemp("official"))
    found = []
    for index, (file, graph) in enumerate(graphs.items()):
        workflow = json.loads(file.read_text(encoding="utf-8"))
        is_known = all(node["class_type"] in object_info for node in graph.values())
        template, problem = None, ""
        try:
            template = Template.from_workflow(
                graph, name=f"official_{index}", workflow=workflow, object_info=object_info
            )
        except TemplateError as error:
            problem = str(error)
        found.append(Official(f"{file.parts[-3]}/{file.name}", graph, workflow, is_known, template, problem))
    return found


def converted(layout, object_info, folder) -> dict[Path, dict[str, Any]]:
    """The graph of each official workflow that is on this disk, by its file."""
    (folder / "object_info.json").write_text(json.dumps(object_info), encoding="utf-8")
    installed = [
        folder for spec in map(find_spec, SIBLINGS) if spec for folder in spec.submodule_search_locations or ()
    ]
    folders = [layout.official_templates, *installed]
    script = Path(__file__).with_name("official_graphs.py")
    command = [python_of(layout.checkers), script, folder / "object_info.json", folder / "graphs.jsonl", *folders]
    subprocess.run(command, check=True, timeout=300, env={**os.environ, "PYTHONPATH": "", "DO_NOT_TRACK": "1"})
    lines = [json.loads(line) for line in (folder / "graphs.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line for line in lines if "problem" in line] == []
    return {Path(line["file"]): line["graph"] for line in lines}


def same_text(one, other) -> bool:
    """Whether two values are the same JSON, whatever the order of the keys; 1.0 is not 1, and true is not 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def test_saved_loaded_and_applied_without_values_each_is_the_graph_that_it_was_made_of(official, tmp_path):
    changed = []
    for one in official:
        if one.template is not None:
            loaded = Template.load(one.template.save(tmp_path))
            if not same_text(loaded.apply({}), one.graph) or loaded != one.template:
                changed.append(one.file)
    assert changed == []


def test_enough_are_usable_and_the_others_say_why(official):
    usable = [one for one in official if one.template is not None]
    assert len(usable) >= FEWEST
    assert len([one for one in usable if one.is_known]) >= FEWEST
    assert [one.file for one in official if one.template is None and not one.problem.endswith(".")] == []


def test_each_describes_its_values_by_a_valid_schema_that_its_own_defaults_fit(official, object_info):
    unfit = []
    for one in official:
        if one.template is not None:
            schema = one.template.schema(object_info)
            Draft202012Validator.check_schema(schema)
            defaults = {parameter.name: parameter.default for parameter in one.template.parameters}
            unfit += [f"{one.file}: {error.message}" for error in Draft202012Validator(schema).iter_errors(defaults)]
    assert unfit == []


def test_the_file_of_each_is_valid_under_the_published_schema(official):
    published = Draft202012Validator(json.loads(FILE_SCHEMA.read_text(encoding="utf-8")))
    documents = {one.file: one.template.document() for one in official if one.template is not None}
    unfit = [f"{file}: {error.message}" for file, held in documents.items() for error in published.iter_errors(held)]
    assert unfit == []


def test_what_app_mode_shows_are_the_parameters_in_its_order(official):
    apps = [one for one in official if one.workflow.get("extra", {}).get("linearData", {}).get("inputs")]
    assert len(apps) >= 25
    different = []
    for one in apps:
        shown = [set(places) for _, _, places in shown_inputs(one.workflow, one.graph) if places]
        ours = [{(bind.node, bind.input) for bind in parameter.bind} for parameter in one.template.parameters]
        if ours != shown:
            different.append((one.file, [places for places in shown if places not in ours], ours))
    assert different == []


def test_what_app_mode_shows_of_nodes_that_are_not_there_any_more_is_said(official):
    """Ten of 98 name a node that the file does not hold; the page shows nothing for them."""
    for one in official:
        if one.workflow.get("extra", {}).get("linearData"):
            gone = [(node, widget) for node, widget, places in shown_inputs(one.workflow, one.graph) if not places]
            for node, widget in gone:
                assert node not in all_ids(one.workflow)
                assert any(str(node) in remark and widget in remark for remark in one.template.remarks)


def all_ids(workflow) -> set[str]:
    levels = [workflow, *workflow.get("definitions", {}).get("subgraphs", [])]
    return {str(node["id"]) for level in levels for node in level["nodes"]}


@pytest.mark.parametrize("stem", EXAMPLES)
def test_our_examples_too(stem, object_info, tmp_path):
    graph = graph_of(stem)
    workflow = json.loads((ROOT / "example_workflows" / f"{stem}.json").read_text(encoding="utf-8"))
    template = Template.from_workflow(graph, name="example", workflow=workflow, object_info=object_info)
    loaded = Template.load(template.save(tmp_path))
    assert loaded == template
    assert same_text(loaded.apply({}), graph)
    Draft202012Validator.check_schema(template.schema(object_info))
