"""Values in a workflow as the page saves it: found by position, in primitives, and in subgraphs; or refused."""

from __future__ import annotations

import copy

import pytest
from switchyard_pack.core.workflow_widgets import rewrite_workflow, widget_order

SAMPLER = {
    "model": ("MODEL",),
    "seed": ("INT", {"min": 0}),
    "steps": ("INT", {}),
    "sampler": (["euler", "ddim"], {}),
    "latent": ("LATENT", {}),
    "image": ("STRING", {"forceInput": True}),
}


def get_inputs(class_type):
    return {"Sampler": SAMPLER, "Gate": {"value": ("*", {}), "rules": ("STRING", {}), "replay": ("STRING", {})}}[
        class_type
    ]


def sampler(node_id, seed=5, link=None, **more):
    slot = {"name": "seed", "type": "INT", "widget": {"name": "seed"}, "link": link}
    inputs = [{"name": "model", "link": None}, *([slot] if link is not None else [])]
    return {
        "id": node_id,
        "type": "Sampler",
        "inputs": inputs,
        "widgets_values": [seed, "randomize", 5, "euler"],
        **more,
    }


def primitive(node_id, value=5):
    return {"id": node_id, "type": "PrimitiveNode", "inputs": [], "widgets_values": [value, "fixed"]}


def flat(*nodes, links=()):
    return {"nodes": list(nodes), "links": list(links), "version": 0.4}


def sent(*ids, seed=5):
    return {node_id: {"class_type": "Sampler", "inputs": {"seed": seed, "steps": 5}} for node_id in ids}


def rewrite(workflow, graph, **seeds):
    literals = {(node_id.lstrip("n").replace("_", ":"), "seed"): value for node_id, value in seeds.items()}
    before = copy.deepcopy(workflow)
    rewritten = rewrite_workflow(workflow, graph, literals, get_inputs)
    assert workflow == before
    return rewritten


def test_the_order_of_values_has_a_control_behind_each_seed():
    assert widget_order(SAMPLER) == ["seed", "control_after_generate", "steps", "sampler"]
    inputs = {
        "noise_seed": ("INT", {"control_after_generate": False}),
        "value": ("INT", {"control_after_generate": True}),
        "name": (["a"], {"control_after_generate": True}),
        "any": ("*", {"widgetType": "BOOLEAN"}),
    }
    control = "control_after_generate"
    assert widget_order(inputs) == ["noise_seed", "value", control, "name", control, "control_filter_list", "any"]


def test_a_seed_is_replaced_at_its_position_and_nothing_else_is():
    workflow = flat(sampler(3), sampler(4))
    rewritten = rewrite(workflow, sent("3", "4"), n3=9)
    assert rewritten["nodes"][0]["widgets_values"] == [9, "randomize", 5, "euler"]
    rewritten["nodes"][0]["widgets_values"][0] = 5
    assert rewritten == workflow


def test_ids_may_be_text_and_values_may_have_names():
    named = {"seed": 5, "control_after_generate": "randomize", "steps": 5, "sampler": "euler"}
    rewritten = rewrite(flat(sampler("3", widgets_values_named=named)), sent("3"), n3=9)
    assert rewritten["nodes"][0]["widgets_values"][:3] == [9, "randomize", 5]
    assert rewritten["nodes"][0]["widgets_values_named"] == {**named, "seed": 9}


def test_values_may_be_a_dictionary():
    rewritten = rewrite(flat({"id": 3, "type": "Sampler", "widgets_values": {"steps": 5, "seed": 5}}), sent("3"), n3=9)
    assert rewritten["nodes"][0]["widgets_values"] == {"steps": 5, "seed": 9}


def test_an_empty_text_is_found_among_others():
    workflow = flat({"id": 1, "type": "Gate", "widgets_values": ["", ""]})
    graph = {"1": {"class_type": "Gate", "inputs": {"rules": ""}}}
    rewritten = rewrite_workflow(workflow, graph, {("1", "replay"): "all"}, get_inputs)
    assert rewritten["nodes"][0]["widgets_values"] == ["", "all"]


def test_a_value_at_an_unexpected_position_is_taken_if_there_is_only_one():
    rewritten = rewrite(flat(sampler(3, widgets_values=["extra", 77, "fixed", 5])), sent("3", seed=77), n3=9)
    assert rewritten["nodes"][0]["widgets_values"] == ["extra", 9, "fixed", 5]


@pytest.mark.parametrize("values", [["extra", 5, "fixed", 5], [6, "fixed", 7, "euler"], [True, 0, 0], [], None])
def test_a_value_that_is_not_the_one_that_was_sent_is_refused(values):
    with pytest.raises(ValueError, match="seed of node 3 has"):
        rewrite(flat(sampler(3, widgets_values=values)), sent("3", seed=5 if values != [True, 0, 0] else 1), n3=9)


def test_a_value_that_has_another_name_is_refused():
    with pytest.raises(ValueError, match="another value in the workflow"):
        rewrite(flat(sampler(3, widgets_values_named={"seed": 6})), sent("3"), n3=9)


def test_a_seed_that_the_page_would_round_is_refused():
    workflow = flat(sampler(3))
    assert rewrite(workflow, sent("3"), n3=2**53 - 1)["nodes"][0]["widgets_values"][0] == 2**53 - 1
    with pytest.raises(ValueError, match="rounds numbers above 9007199254740991"):
        rewrite(workflow, sent("3"), n3=2**53 + 1)


def test_a_primitive_holds_the_seed_also_behind_reroutes():
    reroute = {"id": 8, "type": "Reroute", "inputs": [{"name": "", "link": 1}], "outputs": []}
    links = [[1, 7, 0, 8, 0, "INT"], [2, 8, 0, 3, 1, "INT"]]
    rewritten = rewrite(flat(sampler(3, link=2), primitive(7), reroute, links=links), sent("3"), n3=9)
    assert [node.get("widgets_values", [None])[0] for node in rewritten["nodes"]] == [9, 9, None]
    stale = rewrite(flat(sampler(3, seed=1, link=2), primitive(7), reroute, links=links), sent("3"), n3=9)
    assert [node.get("widgets_values", [None])[0] for node in stale["nodes"]] == [1, 9, None]


def test_a_primitive_for_two_changes_only_with_both():
    links = [[1, 7, 0, 3, 1, "INT"], [2, 7, 0, 4, 1, "INT"]]
    workflow = flat(sampler(3, link=1), sampler(4, link=2), primitive(7), links=links)
    rewritten = rewrite(workflow, sent("3", "4"), n3=9, n4=9)
    assert [node["widgets_values"][0] for node in rewritten["nodes"]] == [9, 9, 9]
    with pytest.raises(ValueError, match="shares its value with node 4, which keeps it"):
        rewrite(workflow, sent("3", "4"), n3=9)
    with pytest.raises(ValueError, match="share a value, but need different ones"):
        rewrite(workflow, sent("3", "4"), n3=9, n4=10)
    assert rewrite(workflow, sent("3"), n3=9), "a muted node is not sent: it may share"


@pytest.mark.parametrize(
    ("workflow", "problem"),
    [
        (flat(), "no node 3"),
        (flat(sampler(3, link=1)), "no link 1"),
        (flat(sampler(3, link=1), sampler(4), links=[[1, 4, 0, 3, 1, "INT"]]), "plugged into node 4"),
    ],
)
def test_a_workflow_that_does_not_fit_is_refused(workflow, problem):
    with pytest.raises(ValueError, match=problem):
        rewrite(workflow, sent("3"), n3=9)


def instance(node_id, definition, **more):
    return {"id": node_id, "type": definition, "inputs": [], "properties": {}, **more}


def subgraph(name, *nodes, inputs=(), links=()):
    return {"id": name, "nodes": list(nodes), "inputs": list(inputs), "links": list(links)}


def inside(*nodes, definitions):
    return {**flat(*nodes), "definitions": {"subgraphs": definitions}}


INSIDE_LINK = {"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 12, "target_slot": 1}


def test_a_seed_inside_a_subgraph():
    workflow = inside(instance(7, "D"), definitions=[subgraph("D", sampler(12))])
    rewritten = rewrite(workflow, sent("7:12"), n7_12=9)
    (definition,) = rewritten["definitions"]["subgraphs"]
    assert definition["id"] == rewritten["nodes"][0]["type"] == "D"
    assert definition["nodes"][0]["widgets_values"][0] == 9


def test_another_instance_of_a_subgraph_keeps_its_seed():
    workflow = inside(instance(7, "D"), instance(8, "D"), definitions=[subgraph("D", sampler(12))])
    rewritten = rewrite(workflow, sent("7:12", "8:12"), n8_12=9)
    first, second = rewritten["definitions"]["subgraphs"]
    assert [node["type"] for node in rewritten["nodes"]] == ["D", second["id"]]
    assert first == workflow["definitions"]["subgraphs"][0]
    assert second["nodes"][0]["widgets_values"][0] == 9
    assert rewrite(workflow, sent("7:12", "8:12"), n8_12=9) == rewritten, "the new id is always the same"
    both = rewrite(workflow, sent("7:12", "8:12"), n7_12=9, n8_12=10)
    seeds = {graph["id"]: graph["nodes"][0]["widgets_values"][0] for graph in both["definitions"]["subgraphs"]}
    assert [seeds[node["type"]] for node in both["nodes"]] == [9, 10]


def test_subgraphs_inside_subgraphs_are_separated_all_the_way_down():
    definitions = [subgraph("Outer", instance(3, "Inner")), subgraph("Inner", sampler(12))]
    workflow = inside(instance(7, "Outer"), instance(8, "Outer"), definitions=definitions)
    rewritten = rewrite(workflow, sent("7:3:12", "8:3:12"), n7_3_12=9)
    graphs = {graph["id"]: graph for graph in rewritten["definitions"]["subgraphs"]}

    def seed(node):
        inner = graphs[graphs[node["type"]]["nodes"][0]["type"]]
        return inner["nodes"][0]["widgets_values"][0]

    assert [seed(node) for node in rewritten["nodes"]] == [9, 5]


@pytest.mark.parametrize(
    "shown",
    [
        {"widgets_values": [20, 5], "widgets_values_named": {"steps": 20, "seed": 5}},
        {"widgets_values": [20, 5], "properties": {"proxyWidgets": [["12", "steps"], ["-1", "seed"]]}},
        {"widgets_values": [20, 5]},
    ],
    ids=["newer page", "older page", "one match"],
)
def test_an_instance_that_shows_the_seed_holds_it(shown):
    definition = subgraph("D", sampler(12, seed=77, link=1), inputs=[{"name": "seed"}], links=[INSIDE_LINK])
    workflow = inside(instance(7, "D", **shown), instance(8, "D", **copy.deepcopy(shown)), definitions=[definition])
    rewritten = rewrite(workflow, sent("7:12", "8:12"), n7_12=9)
    assert [node["widgets_values"] for node in rewritten["nodes"]] == [[20, 9], [20, 5]]
    assert rewritten["definitions"] == workflow["definitions"], "the value inside is not used"
    if "widgets_values_named" in shown:
        assert rewritten["nodes"][0]["widgets_values_named"] == {"steps": 20, "seed": 9}


def test_a_shown_seed_that_feeds_two_nodes_changes_only_with_both():
    links = [INSIDE_LINK, {**INSIDE_LINK, "id": 2, "target_id": 13}]
    nodes = [sampler(12, link=1), sampler(13, link=2)]
    definition = subgraph("D", *nodes, inputs=[{"name": "seed"}], links=links)
    workflow = inside(instance(7, "D", widgets_values=[5]), definitions=[definition])
    assert rewrite(workflow, sent("7:12", "7:13"), n7_12=9, n7_13=9)["nodes"][0]["widgets_values"] == [9]
    with pytest.raises(ValueError, match="shares its value with node 7:13"):
        rewrite(workflow, sent("7:12", "7:13"), n7_12=9)


def test_a_primitive_outside_a_subgraph_is_followed_to_all_that_hold_the_seed():
    definition = subgraph("D", sampler(12, link=1), inputs=[{"name": "seed"}], links=[INSIDE_LINK])
    plug = {"name": "seed", "widget": {"name": "seed"}, "link": 4}
    host = instance(7, "D", widgets_values=[5], inputs=[plug])
    workflow = {**inside(host, primitive(2), definitions=[definition]), "links": [[4, 2, 0, 7, 0, "INT"]]}
    rewritten = rewrite(workflow, sent("7:12"), n7_12=9)
    assert [node["widgets_values"][0] for node in rewritten["nodes"]] == [9, 9]
    assert rewritten["definitions"]["subgraphs"][0]["nodes"][0]["widgets_values"][0] == 9


def test_an_old_group_node_is_refused():
    with pytest.raises(ValueError, match="node 7 is no subgraph"):
        rewrite(flat(instance(7, "workflow>group")), sent("7:0"), n7_0=9)
