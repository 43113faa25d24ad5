"""The functions and the format of the ComfyUI tutorial: what its chapter meant them to do, they do."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from switchyard.template import (
    Template,
    TemplateError,
    TemplateExists,
    extract_configurable_params,
    load_and_customize,
    open_any,
    save_workflow_template,
)
from switchyard.template.tutorial import read_tutorial_template
from template_graphs import UNWANTED, WANTED, base_and_refiner, binds, by_name, hires_fix, node


def tutorial_template(**fields: Any) -> dict[str, Any]:
    """A template as the tutorial's own function writes it."""
    return {
        "name": "Coast at Dusk",
        "description": "A coast.",
        "version": "1.0",
        "workflow": hires_fix(),
        "parameters": [
            {"node": "3", "param": "text", "type": "string", "label": "Prompt (3)"},
            {"node": "4", "param": "text", "type": "string", "label": "Prompt (4)"},
            {"node": "7_first", "param": "seed", "type": "int", "label": "Seed"},
            {"node": "11_second", "param": "denoise", "type": "float"},
            {"node": "7_first", "param": "sampler_name", "type": "string"},
        ],
        **fields,
    }


def test_the_wanted_text_lands_in_the_positive_prompt(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = save_workflow_template(hires_fix(), "hires_fix", "Two passes.")
    graph = load_and_customize(path, {"prompt": "a harbour in fog", "seed": 99})
    assert graph["4"]["inputs"]["text"] == "a harbour in fog"
    assert graph["3"]["inputs"]["text"] == UNWANTED
    assert (graph["7_first"]["inputs"]["seed"], graph["11_second"]["inputs"]["seed"]) == (99, 99)
    assert set(graph) == set(hires_fix())
    assert load_and_customize(path, {}) == hires_fix()


@pytest.mark.parametrize("node_id", ["3", "6"])
def test_values_by_node_id_are_refused_with_the_names(tmp_path, node_id):
    path = save_workflow_template(hires_fix(), "hires_fix", "", tmp_path)
    with pytest.raises(TemplateError) as error:
        load_and_customize(path, {node_id: {"text": "a harbour"}, "prompt": "x"})
    found = {"3": "its text is the parameter negative_prompt", "6": "the graph has no node 6"}[node_id]
    assert found in str(error.value)
    assert "The names are: prompt, negative_prompt, seed, steps" in str(error.value)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"promt": "x"}, 'Did you mean "prompt"?'),
        ({"steps": "thirty"}, 'Parameter steps: "thirty" is text; it takes a whole number'),
        ({"steps": 0}, "it takes 1 to 10000"),
        ([("prompt", "x")], "as an object"),
        (None, None),
    ],
)
def test_what_can_not_be_set_is_refused(tmp_path, overrides, words):
    path = save_workflow_template(hires_fix(), "hires_fix", "", tmp_path)
    if words is None:
        assert load_and_customize(path, overrides) == hires_fix()
        return
    with pytest.raises(TemplateError, match=re.escape(words)):
        load_and_customize(path, overrides)


def test_saving_makes_the_folder_and_never_overwrites_unasked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = save_workflow_template(hires_fix(), "coast", "Old.")
    assert path.as_posix() == "templates/coast.json"
    before = path.read_bytes()
    with pytest.raises(TemplateExists, match="There is a template coast already"):
        save_workflow_template(base_and_refiner(), "coast", "New.")
    assert path.read_bytes() == before
    save_workflow_template(base_and_refiner(), "coast", "New.", overwrite=True)
    assert Template.load(path).description == "New."
    assert [file.name for file in path.parent.iterdir()] == ["coast.json"]


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "..", "", "/etc/x", "C:x", "a\\b", "X", "a.json", "con", "a\n", "é", 5]
)
def test_a_name_can_not_lead_out_of_the_folder(tmp_path, name):
    with pytest.raises(TemplateError, match="can't be a template's name"):
        save_workflow_template(hires_fix(), name, "", tmp_path / "inner")
    assert list(tmp_path.iterdir()) == []


def test_the_parameters_of_the_sdxl_graph_are_found():
    found = {held["name"]: held for held in extract_configurable_params(base_and_refiner())}
    assert {"prompt", "negative_prompt", "seed", "steps", "cfg"} == set(found)
    assert (found["seed"]["node"], found["seed"]["param"], found["seed"]["default"]) == ("first", "noise_seed", 5)
    assert (found["steps"]["type"], found["steps"]["min"], found["steps"]["max"]) == ("integer", 1, 10000)
    assert found["prompt"]["default"] == WANTED
    json.dumps(found)


def test_a_linked_input_is_offered_by_what_it_is_linked_to():
    graph = {**hires_fix(), "20": node("PrimitiveInt", value=14)}
    graph["7_first"]["inputs"]["steps"] = ["20", 0]
    found = {held["name"]: held for held in extract_configurable_params(graph)}
    assert (found["steps"]["node"], found["steps"]["param"]) == ("20", "value")


def test_the_page_format_is_refused_in_words():
    with pytest.raises(TemplateError, match="workflow as the page saves it"):
        extract_configurable_params({"nodes": [{"id": 1}], "links": [], "version": 0.4})


def test_the_tutorials_format_is_read(tmp_path):
    path = tmp_path / "coast.json"
    path.write_text(json.dumps(tutorial_template()))
    held = open_any(path)
    assert (held.name, held.title, held.description) == ("coast_at_dusk", "Coast at Dusk", "A coast.")
    parameters = by_name(held)
    assert list(parameters) == ["negative_prompt", "prompt", "seed", "denoise_2", "sampler_name"]
    assert binds(parameters["prompt"]) == {("4", "text")}
    assert parameters["prompt"].label == "Prompt (4)"
    assert [parameters[name].type for name in ("seed", "denoise_2", "sampler_name")] == ["seed", "number", "choice"]
    assert held.apply() == hires_fix()
    assert load_and_customize(path, {"prompt": "x"})["4"]["inputs"]["text"] == "x"
    assert Template.load(held.save(tmp_path)) == held
    assert open_any(path, name="mine", title="Mine").title == "Mine"


@pytest.mark.parametrize("version", ["2.0", "1", 1.0, None, ["1.0"]])
def test_other_versions_of_the_tutorials_format_are_refused_by_name(version):
    with pytest.raises(TemplateError, match=re.escape(f"Version {version!r} of the tutorial's template format")):
        read_tutorial_template(tutorial_template(version=version))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"parameters": [{"node": "6", "param": "text"}]}, "/parameters/0: It sets text of node 6, which the graph"),
        ({"parameters": [{"node": "4", "param": "txt"}]}, "/parameters/0: It sets txt of node 4"),
        ({"parameters": [{"node": "4", "param": ["x"]}]}, '/parameters/0: needs "param"'),
        ({"parameters": ["4"]}, "/parameters/0: must be an object"),
        ({"parameters": {}}, 'a list in "parameters"'),
        ({"workflow": []}, 'a graph in "workflow"'),
        ({"workflow": {}}, "The graph is empty"),
        ({"workflow": {"nodes": [{"id": 1}]}}, '"nodes" is no node'),
        ({"parameters": 2 * [{"node": "4", "param": "text"}]}, "both set text of node 4"),
    ],
)
def test_what_makes_no_sense_in_the_tutorials_format_is_refused(fields, words):
    with pytest.raises(TemplateError, match=re.escape(words)):
        read_tutorial_template(tutorial_template(**fields))


def test_what_the_tutorials_format_does_not_have_is_told():
    linked = [{"node": "7_first", "param": "model"}]
    held = read_tutorial_template(tutorial_template(parameters=linked, author="A person"))
    assert held.parameters == ()
    assert held.remarks[0] == '"author" was left out.'
    assert "model of node 7_first (KSampler) is no parameter" in held.remarks[1]


def test_whatever_holds_a_graph_can_be_opened(tmp_path):
    graph, page = tmp_path / "My Coast.v2.json", tmp_path / "page.json"
    graph.write_text(json.dumps(hires_fix()))
    page.write_text(json.dumps({"nodes": [], "links": [], "version": 0.4}))
    assert open_any(graph).name == "my_coast"
    assert open_any(graph, workflow=page).workflow == json.loads(page.read_text())
    assert open_any(page, graph=graph, name="both").workflow == json.loads(page.read_text())
    saved = open_any(graph).save(tmp_path / "templates")
    assert open_any(saved) == Template.load(saved)
    renamed = open_any(saved, name="other", title="Other")
    assert (renamed.name, renamed.title, renamed.graph) == ("other", "Other", hires_fix())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"nodes": [], "links": []}', "export it with"),
        ("[1]", "holds a list; it takes a template, a graph or a workflow"),
        ('{"format": "switchyard/workflow-template", "format_version": 9}', "Version 9"),
        ('{"format_version": 1}', "no Switchyard template"),
        ('{"anything": 1}', '"anything" is no node'),
        ("{}", "The graph is empty"),
    ],
)
def test_what_holds_nothing_of_use_is_said_so(tmp_path, content, words):
    path = tmp_path / "some.json"
    path.write_text(content)
    with pytest.raises(TemplateError, match=re.escape(words)):
        open_any(path)
    with pytest.raises(TemplateError):
        open_any(path, workflow=path)


@pytest.mark.parametrize("name", ["../x", "A B"])
def test_a_name_that_can_not_be_is_refused_whatever_is_opened(tmp_path, name):
    saved = save_workflow_template(hires_fix(), "coast", "", tmp_path)
    (tmp_path / "graph.json").write_text(json.dumps(hires_fix()))
    for path in (saved, tmp_path / "graph.json"):
        with pytest.raises(TemplateError, match="can't be a template's name"):
            open_any(path, name=name)
