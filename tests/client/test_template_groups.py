"""Groups of the canvas: a node is in a group if its middle is, as on the page itself."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from switchyard.template import Bind, Group, Parameter, Template
from switchyard.template.groups import group_parameters, read_groups, slug, unique_name
from template_graphs import by_name, hires_fix, node

GRAPH = {str(number): node("Any") for number in range(1, 4)}


def placed(node_id: Any, x: float, y: float, width: float = 100, height: float = 70, **more: Any) -> dict[str, Any]:
    """A node on the canvas; its title of 30 lies above y, so its middle is (x + 50, y + 20)."""
    return {"id": node_id, "type": "Any", "pos": [x, y], "size": [width, height], **more}


def framed(title: str, *box: float, **more: Any) -> dict[str, Any]:
    return {"title": title, "bounding": list(box), **more}


def members(*groups: Any, nodes: Any, graph: Any = GRAPH, **more: Any) -> list[tuple[str, tuple[str, ...]]]:
    workflow = {"nodes": nodes, "groups": list(groups), **more}
    return [(group.name, group.nodes) for group in read_groups(workflow, graph)]


@pytest.mark.parametrize(
    ("x", "y", "inside"),
    [(-50, -20, True), (-50.5, -20, False), (49, 78, True), (50, 78, False), (49, 79, False), (-50, -20.5, False)],
)
def test_a_nodes_middle_decides(x, y, inside):
    found = members(framed("All", 0, 0, 100, 99), nodes=[placed(1, x, y)])
    assert found == ([("all", ("1",))] if inside else [])


def test_groups_have_their_names_colours_and_nodes_the_smallest_first():
    workflow = {
        "nodes": [placed(1, 10, 40), placed(2, 310, 40), placed(3, 900, 900)],
        "groups": [
            framed("Both", 0, 0, 600, 200, color="#3f789e"),
            framed("First pass", 0, 0, 200, 200, color="#a1309b"),
            framed("Empty", 5000, 0, 10, 10),
        ],
    }
    assert read_groups(workflow, GRAPH) == [
        Group("first_pass", "First pass", "#a1309b", ("1",)),
        Group("both", "Both", "#3f789e", ("1", "2")),
    ]


def test_a_collapsed_node_counts_as_its_title():
    small = framed("Small", 0, 0, 60, 20)
    collapsed = placed(1, 10, 30, 400, 400, flags={"collapsed": True})
    assert members(small, nodes=[collapsed]) == [("small", ("1",))]
    assert members(small, nodes=[placed(1, 10, 30, 400, 400)]) == []


def test_older_pages_saved_places_as_objects():
    old = {"id": 1, "type": "Any", "pos": {"0": 10, "1": 40}, "size": {"0": 50, "1": 20}}
    assert members(framed("Old", 0, 0, 100, 100), nodes=[old]) == [("old", ("1",))]


def test_nodes_in_subgraphs_belong_to_the_groups_around_and_to_those_inside():
    inner = {
        "id": "sub",
        "nodes": [placed(12, 0, 30), placed(13, 500, 30, type="sub2")],
        "groups": [framed("Inside", -10, -10, 100, 100)],
    }
    deeper = {"id": "sub2", "nodes": [placed(4, 0, 30)], "groups": [framed("Deeper", -10, -10, 100, 100)]}
    graph = {"7:12": node("Any"), "7:13:4": node("Any"), "8:12": node("Any"), "9": node("Any")}
    found = members(
        framed("Around", 0, 0, 300, 300),
        nodes=[placed(7, 10, 40, type="sub"), placed(8, 900, 40, type="sub"), placed(9, 10, 90)],
        graph=graph,
        definitions={"subgraphs": [inner, deeper]},
    )
    assert found == [
        ("inside", ("7:12",)),
        ("deeper", ("7:13:4",)),
        ("inside_2", ("8:12",)),
        ("around", ("7:12", "7:13:4", "9")),
    ]


def test_parameters_are_in_the_smallest_group_around_them():
    workflow = {
        "nodes": [placed(4, 10, 40), placed("7_first", 210, 40), placed("11_second", 5000, 0)],
        "groups": [framed("All", 0, 0, 500, 200), framed("Prompts", 0, 0, 150, 200)],
    }
    held = Template.from_workflow(hires_fix(), name="any", workflow=workflow)
    parameters = by_name(held)
    assert [parameters[name].group for name in ("prompt", "negative_prompt", "steps", "steps_2")] == [
        "prompts", "", "all", "",
    ]  # fmt: skip
    assert Template.read(held.document()) == held


def test_a_group_that_a_node_names_comes_before_the_one_around_it():
    parameter = Parameter("p", "text", (Bind("1", "value", "Any"),))
    groups = [Group("around", "Around", "", ("1",)), Group("second_pass", "Second pass", "", ())]
    for given, name in (("", "around"), ("Second pass", "second_pass"), ("second_pass", "second_pass"), ("X!", "x")):
        placed_parameters, known = group_parameters([replace(parameter, group=given)], groups)
        assert placed_parameters[0].group == name
        assert len(known) == (3 if name == "x" else 2)


@pytest.mark.parametrize("box", [None, [], [0, 0, 100], ["0", 0, 100, 100], [True, 0, 9, 9], {}, 5, [0, 0, 10**400, 1]])
def test_frames_that_are_none_are_left_out(box):
    assert members({"title": "X", "bounding": box}, nodes=[placed(1, 0, 0)]) == []


def test_nodes_without_a_place_and_frames_without_a_size_are_left_out():
    nodes = [
        {"id": 1}, {"id": 2, "pos": [0, 0]}, {"id": 3, "pos": "0,0", "size": [1, 1]}, {"pos": [0, 0], "size": [1, 1]},
        {"id": 3, "pos": [10**400, 0], "size": [1, 1]}, None, 5, "x",
    ]  # fmt: skip
    assert members(framed("X", -10, -50, 100, 100), framed("Y", 0, 0, 0, 0), None, 5, nodes=nodes) == []


def test_titles_that_say_no_name_get_one():
    nodes = [placed(1, 0, 0)]
    frames = [framed(title, -50, -50, 200 + number, 200) for number, title in enumerate(["提示词", "", "1st", "1st"])]
    names = [name for name, _ in members(*frames, nodes=nodes)]
    assert names == ["group", "group_2", "group_1st", "group_1st_2"]


def test_many_nodes_and_groups_are_no_trouble():
    graph = {str(number): node("Any") for number in range(3000)}
    frames = [framed(f"G{number}", -100, -100, 9000, 9000) for number in range(30)]
    begin = time.process_time()
    found = members(*frames, nodes=[placed(number, number, 0) for number in range(3000)], graph=graph)
    assert [len(nodes) for _, nodes in found] == [3000] * 30
    assert time.process_time() - begin < 10


def test_a_subgraph_that_holds_itself_ends():
    loop = {"id": "sub", "nodes": [placed(1, 0, 30, type="sub")], "groups": [framed("Loop", -10, -10, 200, 200)]}
    graph = {":".join(["1"] * 3000): node("Any"), "1:1": node("Any")}
    found = members(nodes=[placed(1, 0, 30, type="sub")], graph=graph, definitions={"subgraphs": [loop]})
    assert 0 < len(found) < 50


@pytest.mark.parametrize(
    ("text", "name"),
    [("First pass", "first_pass"), ("  A--B  ", "a_b"), ("ÄÖ", "x"), ("1", "x_1"), ("", "x"), ("a" * 99, "a" * 48)],
)  # fmt: skip
def test_any_text_becomes_a_name(text, name):
    assert slug(text, "x") == name


def test_names_of_their_own_stay_within_their_length():
    taken: set[str] = set()
    for _ in range(120):
        taken.add(unique_name("a" * 48, taken))
    assert len(taken) == 120
    assert max(map(len, taken)) == 48
