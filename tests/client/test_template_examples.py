"""Templates of our own examples: none loses anything on the way, and those in templates/ are what the examples say."""

from __future__ import annotations

import json

import pytest
from example_templates import GOLDENS, MADE, TEMPLATES, make, source_of
from jsonschema import Draft202012Validator
from switchyard.template import Template, extract_configurable_params, list_templates
from switchyard.template.marks import CLASSES

SENT = sorted(GOLDENS.glob("*.json")) + sorted((GOLDENS / "blueprints").glob("*.json"))
EXAMPLES = sorted(path.stem for path in GOLDENS.glob("*.json"))
MARKED = {
    "Template hi-res fix": "prompt negative_prompt width height checkpoint seed steps cfg sampler scheduler refine "
    "denoise",
    "Template quality gate": "prompt negative_prompt width height checkpoint seed steps cfg min_score max_attempts "
    "if_none_pass",
    "Template photograph check": "photograph kind min_score",
}


@pytest.mark.parametrize("path", SENT, ids=lambda path: path.stem)
def test_saved_loaded_and_applied_an_examples_graph_is_the_same(path, tmp_path):
    graph = json.loads(path.read_text(encoding="utf-8"))
    template = Template.from_workflow(graph, name="round_trip")
    loaded = Template.load(template.save(tmp_path))
    assert loaded == template
    assert loaded.apply({}) == graph
    defaults = {parameter.name: parameter.default for parameter in loaded.parameters}
    assert loaded.apply(defaults) == graph
    assert len(extract_configurable_params(graph)) == len(loaded.parameters)


@pytest.mark.parametrize("example", EXAMPLES)
def test_with_its_workflow_it_keeps_groups_outputs_and_what_it_needs(example, tmp_path):
    source = source_of(example)
    template = Template.from_workflow(source, name="round_trip")
    loaded = Template.load(template.save(tmp_path))
    assert loaded == template
    assert loaded.apply({}) == source["output"]
    assert loaded.workflow == loaded.page_workflow({}) == source["workflow"]
    drawn = {group["title"] for group in source["workflow"]["groups"]}
    assert {group.label for group in loaded.groups} <= drawn
    assert [pack["id"] for pack in loaded.requires["node_packs"]] == ["switchyard-nodes"]
    Draft202012Validator.check_schema(loaded.schema())


@pytest.mark.parametrize("example", MARKED)
def test_the_parameters_are_those_of_the_nodes_with_all_that_describes_them(example):
    template = Template.from_workflow(source_of(example), name="example")
    assert [parameter.name for parameter in template.parameters] == MARKED[example].split()
    assert template.remarks == ()
    for parameter in template.parameters:
        assert parameter.label
        assert parameter.description.endswith(".")
        assert parameter.group in {group.name for group in template.groups}
    assert len(template.outputs) == 1


def test_together_they_show_all_parameter_nodes_but_the_plain_id():
    kinds = {node["class_type"] for example in MARKED for node in source_of(example)["output"].values()}
    assert set(CLASSES) - kinds == {"TemplateParam"}


@pytest.mark.parametrize("name", MADE)
def test_a_committed_template_is_what_its_example_gives(name):
    committed = (TEMPLATES / f"{name}.json").read_text(encoding="utf-8")
    made = json.dumps(make(name).document(), indent=1, ensure_ascii=False) + "\n"
    assert committed == made, "write it anew: python tests/client/example_templates.py"


@pytest.mark.parametrize("name", MADE)
def test_a_committed_template_loads_and_nothing_is_wrong_with_it(name):
    template = Template.load(TEMPLATES / f"{name}.json")
    assert template.check() == []
    changed = template.apply({"prompt": "a barn in the fog", "seed": 2**64 - 1})
    read = next(node for node in changed.values() if node.get("_meta", {}).get("title") == "Read the prompt")
    assert changed[read["inputs"]["text"][0]]["inputs"]["value"] == "a barn in the fog"
    shown = {node["id"]: node.get("widgets_values") for node in template.page_workflow({"prompt": "fog"})["nodes"]}
    assert shown[int(read["inputs"]["text"][0])][1] == "fog"


def test_the_folder_holds_nothing_else():
    assert [(found.name, found.error) for found in list_templates(TEMPLATES)] == [(name, "") for name in sorted(MADE)]
    assert sorted(path.name for path in TEMPLATES.iterdir()) == [f"{name}.json" for name in sorted(MADE)]
