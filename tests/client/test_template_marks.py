"""Templates of graphs with parameter nodes: what each says is the parameter, whatever else the graph has."""

from __future__ import annotations

import re
from typing import Any

import pytest
from switchyard.template import ABSENT, Template, TemplateError
from template_graphs import by_name, hires_fix, node

PLAIN = {
    "text": "SwitchyardTextParameter",
    "integer": "SwitchyardIntegerParameter",
    "number": "SwitchyardNumberParameter",
    "boolean": "SwitchyardBooleanParameter",
    "choice": "SwitchyardChoiceParameter",
    "seed": "SwitchyardSeedParameter",
    "image": "SwitchyardImageParameter",
}


def mark(kind: str = "integer", name: str = "steps", value: Any = 20, title: str = "", **described: Any):
    return node(PLAIN[kind], title, name=name, value=value, **described)


def general(kind: str, name: str = "given", value: Any = "", **described: Any):
    return node("TemplateParam", "", name=name, type=kind, value=value, **described)


def template(**nodes: Any) -> Template:
    return Template.from_workflow({**hires_fix(), **nodes}, name="marked")


def only(**nodes: Any) -> Any:
    (parameter,) = template(**nodes).parameters
    return parameter


def refusal(**nodes: Any) -> str:
    with pytest.raises(TemplateError) as error:
        template(**nodes)
    return str(error.value)


def test_parameter_nodes_come_before_any_guess():
    held = template(**{"20": mark(label="Steps", description="How long.", min="1", max="50", step="1")})
    (parameter,) = held.parameters
    assert parameter.name == "steps"
    assert (parameter.type, parameter.label, parameter.description) == ("integer", "Steps", "How long.")
    assert (parameter.default, parameter.min, parameter.max, parameter.step) == (20, 1, 50, 1)
    assert [vars(bind) for bind in parameter.bind] == [
        {"node": "20", "input": "value", "class_type": "SwitchyardIntegerParameter"}
    ]
    assert held.remarks == ()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", "a bay\nat night"),
        ("integer", -3),
        ("number", 0.5),
        ("boolean", True),
        ("choice", "euler"),
        ("seed", 2**64 - 1),
        ("image", "sub/cat.png"),
    ],
)
def test_each_type_has_its_node_and_its_place_in_the_general_one(kind, value):
    parameter = only(**{"20": mark(kind, "given", value)})
    assert (parameter.type, parameter.default) == (kind, value)
    text = str(value).lower() if kind == "boolean" else str(value)
    assert only(**{"20": general(kind, "given", text)}).default == value
    assert only(**{"20": {**general(kind, "given", text), "class_type": "SwitchyardTemplateParameter"}}).type == kind


def test_choices_are_the_lines_each_once():
    parameter = only(**{"20": mark("choice", "sampler", "euler", choices=" euler \n\ndpmpp_2m\neuler\n")})
    assert parameter.choices == ("euler", "dpmpp_2m")


@pytest.mark.parametrize("text", ["30", " 30 ", "30.0", "3e1"])
def test_a_number_that_is_text_stays_as_it_was_written(text):
    held = template(**{"20": general("integer", "given", text)})
    assert by_name(held)["given"].default == 30
    assert held.apply() == held.graph
    assert held.apply({"given": 31})["20"]["inputs"]["value"] == "31"


@pytest.mark.parametrize("text", ["true", " TRUE "])
def test_true_that_is_text_stays_as_it_was_written(text):
    held = template(**{"20": general("boolean", "given", text)})
    assert by_name(held)["given"].default is True
    assert held.apply() == held.graph
    assert held.apply({"given": False})["20"]["inputs"]["value"] == "false"


@pytest.mark.parametrize(("kind", "value"), [("text", 5), ("text", 0.1), ("choice", 4), ("text", 10**20)])
def test_a_text_that_is_a_number_stays_as_it_was_written(kind, value):
    held = template(**{"20": mark(kind, "given", value)})
    assert by_name(held)["given"].default == str(value)
    assert held.apply() == held.graph
    assert held.apply({"given": "other"})["20"]["inputs"]["value"] == "other"
    assert held.apply({"given": f"{value}.0"})["20"]["inputs"]["value"] == f"{value}.0"


def test_a_default_other_than_the_value_is_what_apply_sets():
    held = template(**{"20": mark(value=20, default="35"), "21": mark("text", "prompt", "a bay", default=" a hill ")})
    assert {name: parameter.default for name, parameter in by_name(held).items()} == {"steps": 35, "prompt": " a hill "}
    assert held.apply()["20"]["inputs"]["value"] == 35
    assert held.graph["20"]["inputs"]["value"] == 20


@pytest.mark.parametrize("kind", ["image", "choice"])
@pytest.mark.parametrize("value", ["", "  "])
def test_a_file_or_a_choice_that_nobody_has_chosen_has_to_be_given(kind, value):
    made = template(a=mark(kind, "given", value))
    assert made.parameter("given").default is ABSENT
    assert made.schema()["required"] == ["given"]
    with pytest.raises(TemplateError, match="given has no default"):
        made.apply({})
    assert made.apply({"given": "cat.png"})["a"]["inputs"]["value"] == "cat.png"


def test_blank_fields_are_none():
    blank = dict.fromkeys(("default", "min", "max", "step", "choices"), " ")
    parameter = only(**{"20": mark(**blank)})
    assert (parameter.default, parameter.min, parameter.max, parameter.step) == (20, None, None, None)
    assert parameter.choices == ()


def test_limits_are_read_as_text_or_as_numbers():
    parameter = only(**{"20": mark("number", "cfg", 5.0, min="1e0", max=7.5, step=".5")})
    assert (parameter.min, parameter.max, parameter.step) == (1, 7.5, 0.5)
    assert type(only(**{"20": mark(min="1.0")}).min) is int


def test_a_server_narrows_what_a_node_leaves_open():
    graph = {**hires_fix(), "20": mark(min="5", value=20)}
    graph["7_first"]["inputs"]["steps"] = ["20", 0]
    graph["11_second"]["inputs"]["steps"] = ["20", 0]
    info = {"KSampler": {"input": {"required": {"steps": ["INT", {"min": 1, "max": 150, "step": 1}]}}}}
    (parameter,) = Template.from_workflow(graph, name="any", object_info=info).parameters
    assert (parameter.min, parameter.max, parameter.step) == (5, 150, 1)


@pytest.mark.parametrize(
    ("title", "feeds", "name"),
    [
        ("How many steps?", ["steps"], "how_many_steps"),
        ("Integer Parameter", ["cfg", "steps"], "steps"),
        ("", ["steps"], "steps"),
        ("", [], "value"),
        ("", ["model.steps"], "steps"),
        ("提示词", ["steps"], "steps"),
        ("2nd pass", ["steps"], "value_2nd_pass"),
        ("12", [], "value_12"),
        ("___", ["UPPER Case"], "upper_case"),
        ("x" * 99, [], "x" * 48),
        ("Template Param", ["steps"], "steps"),
    ],
)
def test_a_node_without_a_name_is_called_as_its_title_or_what_it_feeds(title, feeds, name):
    graph = {**hires_fix(), "20": mark(name="", title=title)}
    for key in feeds:
        graph["7_first"]["inputs"][key] = ["20", 0]
    held = Template.from_workflow(graph, name="any")
    assert [parameter.name for parameter in held.parameters] == [name]
    assert f'has no name; it is called "{name}"' in held.remarks[0]
    assert Template.read(held.document()) == held


def test_names_that_are_derived_never_clash():
    nodes = {str(number): mark(name="", title="Steps") for number in (20, 21, 22)}
    held = template(**nodes, **{"23": mark(name="steps_2"), "24": mark(name="steps")})
    assert sorted(by_name(held)) == ["steps", "steps_2", "steps_3", "steps_4", "steps_5"]
    long = {str(number): mark(name="", title="y" * 60) for number in range(20, 35)}
    assert len(by_name(template(**long))) == 15


@pytest.mark.parametrize("name", ["Steps", "1st", "a b", "a-b", "é", "x" * 49, "steps\n", 5, True, " "])
def test_a_bad_name_is_an_error_with_a_better_one(name):
    text = refusal(**{"20": mark(name=name)})
    assert "can't be a parameter's name" in text
    assert "Node 20" in text
    assert re.search(r'such as "[a-z][a-z0-9_]*"', text)


def test_a_name_that_is_there_twice_names_both_nodes():
    text = refusal(**{"20": mark(), "7:21": mark(title="Second")})
    assert text.startswith("Parameter steps: node 20 (SwitchyardIntegerParameter) and node 7:21 (Second) both have")


def test_one_node_in_two_instances_of_a_subgraph_is_told_what_helps():
    text = refusal(**{"7:21": mark(), "8:21": mark()})
    assert text.endswith("in a subgraph that is there twice, take it out and plug it in.")


def test_whatever_is_plugged_into_a_description_is_an_error():
    for key in ("name", "label", "group", "order", "default", "min"):
        text = refusal(**{"20": {**mark(), "inputs": {**mark()["inputs"], key: ["4", 0]}}})
        assert f"its {key} comes from node 4 (CLIPTextEncode)" in text
    assert "its type comes from" in refusal(**{"20": {**general("text"), "inputs": {"value": "", "type": ["4", 0]}}})


def test_a_value_that_is_plugged_in_is_no_parameter_and_the_others_are():
    held = template(**{"20": mark(value=["4", 0]), "21": mark(name="others")})
    assert list(by_name(held)) == ["others"]
    assert "Node 20 (SwitchyardIntegerParameter) is no parameter: its value comes from node 4" in held.remarks[0]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (mark(value=4.5), "Parameter steps: 4.5 is not a whole number"),
        (mark(value="x"), 'Parameter steps: "x" is text'),
        (mark(value=None), "Parameter steps: null is nothing"),
        (mark(value=[1, 2, 3]), "Parameter steps: [1, 2, 3] is a list"),
        (mark(min="x"), 'Parameter steps, its min: "x" is text; it takes a whole number'),
        (mark(min="0.5"), "Parameter steps, its min: 0.5 is not a whole number"),
        (mark(max=True), "Parameter steps, its max: true is true or false"),
        (mark(min="9", max="3"), "Parameter steps: its minimum 9 is above its maximum 3"),
        (mark(min="30"), "Parameter steps: 20 is out of range; it takes 30 to 9007199254740991"),
        (mark(step="0"), "Parameter steps: its step is 0; it must be above 0"),
        (mark(step="-1"), "its step is -1"),
        (mark(default="x"), 'Parameter steps, its default: "x" is text'),
        (mark(max="25", default="30"), "Parameter steps, its default: 30 is out of range"),
        (mark(order="second"), 'Parameter steps: its order is "second"; it takes a whole number'),
        (mark(choices="a\nb"), "but integer has no choices: empty it"),
        (mark("seed", "seed", 1, min="-5"), "Parameter seed, its min: -5 is out of range"),
        (mark("seed", "seed", 1, step="2"), "Parameter seed: its step is"),
        (mark("text", "prompt", "a", min="1"), "Parameter prompt: its min is"),
        (mark("text", "prompt", True), "Parameter prompt: true is true or false; it takes text"),
        (mark("choice", "sampler", "c", choices="a\nb"), 'Parameter sampler: "c" is not one of "a", "b"'),
        (mark("choice", "sampler", True), "Parameter sampler: true is true or false; it takes text"),
        (mark("boolean", "fast", "true"), 'Parameter fast: "true" is text; it takes true or false'),
        (general("boolean", "fast", "yes"), 'Parameter fast: "yes" is text'),
        (general("video", "clip", "a.mp4"), 'Parameter clip: "video" is no type; it can be text, integer'),
        (general("text", label=["a", "b", "c"]), "its label is a list"),
        (node("SwitchyardTextParameter", name="prompt"), "Parameter prompt: node 20 (SwitchyardTextParameter) has no"),
    ],
)
def test_what_makes_no_sense_is_an_error_that_names_the_parameter(given, words):
    assert words in refusal(**{"20": given})


def test_parameters_come_in_their_order_and_group():
    held = template(
        **{
            "20": mark(name="c", order=2, group="Second pass"),
            "21": mark(name="a", order=-1, group="Size"),
            "22": mark(name="b", group="second_pass"),
            "23": mark(name="d", order=2),
        }
    )
    assert [parameter.name for parameter in held.parameters] == ["a", "b", "c", "d"]
    assert {name: parameter.group for name, parameter in by_name(held).items()} == {
        "a": "size", "b": "second_pass", "c": "second_pass", "d": "",
    }  # fmt: skip
    assert {group.name: group.label for group in held.groups} == {"second_pass": "Second pass", "size": "Size"}


def test_nodes_in_subgraphs_are_parameters_too():
    graph = {f"7:12:{node_id}": held for node_id, held in hires_fix().items()}
    for held in graph.values():
        for key, value in held["inputs"].items():
            if isinstance(value, list):
                held["inputs"][key] = [f"7:12:{value[0]}", value[1]]
    graph["7:20"] = mark(name="")
    graph["7:12:7_first"]["inputs"]["steps"] = ["7:20", 0]
    held = Template.from_workflow(graph, name="any")
    assert [(parameter.name, parameter.bind[0].node) for parameter in held.parameters] == [("steps", "7:20")]
    assert held.apply({"steps": 5})["7:20"]["inputs"]["value"] == 5


def test_marks_can_be_left_aside():
    graph = {**hires_fix(), "20": mark(name="only")}
    assert "prompt" in by_name(Template.from_workflow(graph, name="any", marks="samplers"))
    assert Template.from_workflow(hires_fix(), name="any", marks="nodes").parameters == ()
    with pytest.raises(TemplateError, match="from auto, nodes, app, samplers"):
        Template.from_workflow(graph, name="any", marks="titles")


def test_a_node_alone_is_a_graph_that_makes_the_round_trip(tmp_path):
    held = Template.from_workflow({"20": mark(min="1")}, name="alone")
    assert Template.load(held.save(tmp_path)) == held
    assert held.parameters[0].default is not ABSENT
    assert held.apply() == held.graph
