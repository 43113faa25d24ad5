"""App mode: the inputs that a workflow shows to who only runs it are the template's parameters."""

from __future__ import annotations

from typing import Any

import pytest
from switchyard.template import Template
from template_graphs import UNWANTED, WANTED, binds, by_name, hires_fix, node


def app(*inputs: Any, outputs: Any = (), **workflow: Any) -> dict[str, Any]:
    data = {"inputs": list(inputs), "outputs": list(outputs)}
    return {"nodes": [], **workflow, "extra": {"linearData": data, "linearMode": True}}


def template(workflow: dict[str, Any], graph: Any = None, **options: Any) -> Template:
    return Template.from_workflow(graph or hires_fix(), name="any", workflow=workflow, **options)


def test_what_is_shown_is_a_parameter_in_its_order_with_its_label():
    held = template(
        app(["7_first", "steps", {"label": "How long"}], ["4", "text", {"description": "What is seen."}], ["3", "text"],
            ["13", "filename_prefix"])
    )  # fmt: skip
    parameters = by_name(held)
    assert list(parameters) == ["steps", "prompt", "negative_prompt", "filename_prefix"]
    assert (parameters["steps"].label, parameters["prompt"].description) == ("How long", "What is seen.")
    assert parameters["filename_prefix"].label == "Final"
    assert (parameters["prompt"].default, parameters["negative_prompt"].default) == (WANTED, UNWANTED)
    assert binds(parameters["steps"]) == {("7_first", "steps")}
    assert held.remarks == ()
    assert held.apply() == hires_fix()


def test_types_are_those_of_the_server_else_of_the_page_else_of_the_values():
    graph = {"1": node("Some", a=1, b="x", c=True, d=0.5, seed=3, sampler_name="euler", e=2), "2": node("LoadImage")}
    graph["2"]["inputs"]["image"] = "cat.png"
    shown = [["1", key] for key in graph["1"]["inputs"]] + [["2", "image"]]
    kinds = {name: held.type for name, held in by_name(template(app(*shown), graph)).items()}
    assert kinds == {
        "a": "integer", "b": "text", "c": "boolean", "d": "number", "seed": "seed", "sampler_name": "choice",
        "e": "integer", "image": "image",
    }  # fmt: skip
    page = {"id": 1, "type": "Some", "inputs": [{"name": "e", "type": "FLOAT", "widget": {"name": "e"}}]}
    assert by_name(template(app(*shown, nodes=[page]), graph))["e"].type == "number"
    info = {"Some": {"input": {"required": {"b": [["x", "y"]], "a": ["FLOAT", {"min": 0, "max": 2}]}}}}
    found = by_name(template(app(*shown), graph, object_info=info))
    assert (found["b"].type, found["a"].type, found["a"].max) == ("choice", "number", 2)


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        (["99", "steps"], "the graph has no such input"),
        (["4", "txt"], "the graph has no such input"),
        (["4", "clip"], "another node is plugged in"),
    ],
)
def test_what_can_be_no_parameter_is_told(shown, reason):
    held = template(app(shown, ["4", "text"]))
    assert list(by_name(held)) == ["prompt"]
    assert held.remarks == (f"{shown[1]} of node {shown[0]} is shown in App mode, but is no parameter: {reason}.",)


def test_a_value_that_no_parameter_has_is_told():
    graph = {"1": node("Some", a=[1, 2, 3], b=None, sampler_name="", c=2**60, ok=1)}
    held = template(app(*[["1", key] for key in graph["1"]["inputs"]]), graph)
    assert list(by_name(held)) == ["ok"]
    assert [remark.split()[0] for remark in held.remarks] == ["a", "b", "sampler_name", "c"]


def test_where_nothing_shown_can_be_one_samplers_are_asked():
    held = template(app(["99", "x"]))
    assert "prompt" in by_name(held)
    assert held.remarks[0].startswith("x of node 99 is shown in App mode")


def test_what_is_shown_twice_is_one_parameter():
    held = template(app(["4", "text"], ["4", "text"], ["7_first", "seed"], ["11_second", "seed"]))
    assert list(by_name(held)) == ["prompt", "seed", "seed_2"]
    assert "text of node 4 is shown in App mode, but is no parameter" in held.remarks[0]


def inside(prefix: str = "7") -> dict[str, Any]:
    """A graph whose encoder and sampler are in a subgraph."""
    return {
        "1": node("Loader"),
        f"{prefix}:12": node("CLIPTextEncode", text="a bay", clip=["1", 0]),
        f"{prefix}:13": node("CLIPTextEncode", text="a bay", clip=["1", 0]),
        "20": node("SaveImage", images=["1", 0], filename_prefix="x"),
    }


def link(target: Any, slot: Any, origin_slot: Any = 0, origin: Any = -10) -> dict[str, Any]:
    return {"id": 1, "origin_id": origin, "origin_slot": origin_slot, "target_id": target, "target_slot": slot}


def encoder(node_id: Any) -> dict[str, Any]:
    given = [{"name": "clip"}, {"name": "text", "widget": {"name": "text"}}]
    return {"id": node_id, "type": "CLIPTextEncode", "inputs": given}


SUBGRAPH = {
    "id": "sub",
    "inputs": [{"name": "scene"}],
    "nodes": [encoder(12), encoder(13)],
    "links": [link(12, 1), link(13, 1)],
}
INSTANCE = {"id": 7, "type": "sub", "inputs": [{"name": "scene", "widget": {"name": "scene"}}]}


def with_subgraph(*inputs: Any, subgraphs: Any = (SUBGRAPH,), instance: Any = INSTANCE) -> dict[str, Any]:
    return app(*inputs, nodes=[instance], definitions={"subgraphs": list(subgraphs)}, id="w-1")


@pytest.mark.parametrize("node_id", [7, "7"])
def test_a_widget_of_a_subgraph_sets_every_input_that_it_leads_to(node_id):
    (parameter,) = template(with_subgraph([node_id, "scene"]), inside()).parameters
    assert (parameter.name, parameter.default) == ("scene", "a bay")
    assert binds(parameter) == {("7:12", "text"), ("7:13", "text")}


@pytest.mark.parametrize(
    "shown",
    [[12, "text"], ["7:12", "text"], ["w-1:12:text", "text"], ["w-1:7:scene", "scene"]],
)
def test_nodes_inside_are_found_by_each_way_to_name_them(shown):
    bare = {**SUBGRAPH, "links": [link(12, 1)]}
    (parameter,) = template(with_subgraph(shown, subgraphs=[bare]), inside()).parameters
    assert binds(parameter) == {("7:12", "text")}


def test_a_widget_inside_that_the_instance_sets_is_what_the_instance_sets():
    (parameter,) = template(with_subgraph([12, "text"]), inside()).parameters
    assert binds(parameter) == {("7:12", "text"), ("7:13", "text")}


def test_older_promoted_widgets_are_found_by_their_proxies():
    plain = {**SUBGRAPH, "inputs": [], "links": []}
    instance = {"id": 7, "type": "sub", "properties": {"proxyWidgets": [["13", "text"], [], ["x"], 5]}}
    (parameter,) = template(with_subgraph([7, "text"], subgraphs=[plain], instance=instance), inside()).parameters
    assert binds(parameter) == {("7:13", "text")}


def test_subgraphs_in_subgraphs_are_followed():
    outer = {
        "id": "outer",
        "inputs": [{"name": "what"}],
        "nodes": [{**INSTANCE, "id": 9}],
        "links": [link(9, 0)],
    }
    workflow = with_subgraph([7, "what"], subgraphs=[SUBGRAPH, outer], instance={"id": 7, "type": "outer"})
    (parameter,) = template(workflow, inside("7:9")).parameters
    assert binds(parameter) == {("7:9:12", "text"), ("7:9:13", "text")}


def test_primitives_of_the_page_set_what_they_are_plugged_into():
    nodes = [
        {"id": 1, "type": "PrimitiveNode"},
        {"id": 2, "type": "Reroute", "inputs": [{"name": ""}]},
        {"id": "4", "type": "CLIPTextEncode", "inputs": [{"name": "clip"}, {"name": "text"}]},
    ]
    links = [[1, 1, 0, 2, 0, "STRING"], [2, 2, 0, "4", 1, "STRING"], None, [3]]
    graph = {"4": node("CLIPTextEncode", text="a bay"), "9": node("Any")}
    (parameter,) = template(app([1, "value"], nodes=nodes, links=links), graph).parameters
    assert binds(parameter) == {("4", "text")}


def test_inputs_that_had_other_values_are_told():
    graph = inside()
    graph["7:13"]["inputs"]["text"] = "a hill"
    held = template(with_subgraph([7, "scene"]), graph)
    assert held.remarks == ("scene sets 2 inputs, which had different values.",)
    assert held.apply()["7:13"]["inputs"]["text"] == "a bay"


def test_a_subgraph_that_holds_itself_ends():
    loop = {
        "id": "sub",
        "inputs": [{"name": "scene"}],
        "nodes": [{**INSTANCE, "id": number} for number in (1, 2)],
        "links": [link(1, 0), link(2, 0)],
    }
    held = template(with_subgraph([1, "scene"], subgraphs=[loop], instance={**INSTANCE, "id": 1}), inside("1:2:1"))
    assert held.parameters == ()


def test_outputs_are_those_that_are_shown_else_those_that_save():
    graph = {**hires_fix(), "14": node("PreviewImage", "Look", images=["8", 0])}
    assert [held.node for held in template(app(["4", "text"], outputs=[14, "14", 99]), graph).outputs] == ["14"]
    (output,) = template(app(["4", "text"], outputs=[99]), graph).outputs
    assert (output.name, output.node, output.label, output.kind) == ("lighthouse", "13", "Final", "image")


@pytest.mark.parametrize(
    "data",
    [None, [], "x", {"inputs": 5}, {"inputs": {"0": ["4", "text"]}}, {"inputs": [None, [], ["4"], ["4", 5], "4", {}]}],
)
def test_marks_that_are_none_are_left_aside(data):
    workflow = {"nodes": [], "extra": {"linearData": data}}
    assert "prompt" in by_name(template(workflow))
    assert "prompt" in by_name(template({"nodes": [], "extra": data}))
