"""What makes a gated picture again, composed out of the reports of gates; and what can't be told is refused."""

from __future__ import annotations

import copy
import json

import pytest
from switchyard_pack.core.picture_metadata import Source, metadata_for_pictures
from switchyard_pack.core.provenance import (
    GATE,
    SAVE,
    changes_for_picture,
    gates_upstream,
    link_reports,
    read_reports,
    rewrite_graph,
    without_report_links,
)


def node(class_type, **inputs):
    return {"class_type": class_type, "inputs": inputs}


def is_lazy(class_type, name):
    return class_type in (GATE, "Switch")


def get_type(class_type, output):
    return {"Sampler": "IMAGE", "Loader": "MODEL"}.get(class_type, "*")


def takes_lists(class_type):
    return class_type in ("SwitchyardPickBest", "SwitchyardFirstAvailable", "Sort")


def simple(**more):
    """sample A -> gate 1 -> save, with what else is given."""
    return {
        "A": node("Sampler", seed=1),
        "1": node(GATE, value=["A", 0], score=["A", 1], replay=""),
        "save": node(SAVE, images=["1", 0]),
        **more,
    }


def chained():
    """sample A -> gate 1 -> sample B -> gate 2 -> save."""
    return simple(
        **{
            "B": node("Sampler", seed=10, image=["1", 0]),
            "2": node(GATE, value=["B", 0], score=["B", 1], replay=""),
            "save": node(SAVE, images=["2", 0]),
        }
    )


def entry(seeds=None, replay="", supersedes=(), **inner):
    seeds = {name: {"seed": seed} for name, seed in (seeds or {}).items()}
    inner = {name.lstrip("g"): made for name, made in inner.items()}
    return {"seeds": seeds, "replay": replay, "supersedes": list(supersedes), "inner": inner}


def report(gate, *pictures, attempts=2):
    return {
        "kind": "quality_gate",
        "version": 1,
        "gate": gate,
        "pictures": list(pictures),
        "attempts": [{}] * attempts,
    }


def changes(graph, *reports, index=0, count=1, save="save"):
    before = copy.deepcopy((graph, reports))
    found = changes_for_picture(
        graph, save, {made["gate"]: made for made in reports}, index, count, get_type, takes_lists
    )
    assert (graph, reports) == before
    return found.literals()


def test_gates_are_told_apart_by_whether_they_run_for_certain():
    graph = chained()
    assert [sorted(gates) for gates in gates_upstream(graph, ["2", 0], is_lazy)] == [["1", "2"], []]
    graph["B"] = node("Switch", on_true=["1", 0], on_false=["A", 0])
    assert gates_upstream(graph, ["2", 0], is_lazy) == (["2"], ["1"])
    graph["2"]["inputs"]["replay"] = "item 0 of 1, 2 in 4"
    assert gates_upstream(graph, ["2", 0], is_lazy) == (["2"], [])
    assert gates_upstream({}, ["gone", 0], is_lazy) == gates_upstream({}, "text", is_lazy) == ([], [])


def test_reports_are_linked_anew_and_the_links_come_off_again():
    graph = chained()
    graph["save"]["inputs"]["report_of_9"] = ["9", 5]
    graph["other"] = node("SaveImage", images=["2", 0], report_of_9="its own")
    bare = copy.deepcopy(graph)
    del bare["save"]["inputs"]["report_of_9"]
    link_reports(graph, is_lazy)
    linked = {"images": ["2", 0], "report_of_1": ["1", 5], "report_of_2": ["2", 5]}
    assert graph["save"]["inputs"] == linked
    assert without_report_links(graph) == bare
    assert graph["save"]["inputs"] == linked
    unplugged = {"save": node(SAVE)}
    link_reports(unplugged, is_lazy)
    assert unplugged == {"save": node(SAVE)}


def test_reports_are_read_one_or_several():
    one, two = report("1"), report("2")
    assert read_reports([json.dumps(one), json.dumps(two)]) == {"1": one, "2": two}
    assert read_reports([json.dumps(one) + "\n" + json.dumps(two)]) == {"1": one, "2": two}
    assert read_reports(["", " "]) == {}


@pytest.mark.parametrize("text", ["passed", "{}", "[1]", '{"kind": "quality_gate", "version": 2}', None, 3])
def test_what_is_no_report_is_refused(text):
    with pytest.raises(ValueError, match="not the report of a Quality Gate"):
        read_reports([text])


def test_a_first_attempt_that_passed_changes_nothing():
    assert changes(simple(), report("1", entry(), attempts=1)) == {}
    assert changes(simple()) == {}


def test_the_seeds_of_an_attempt_replace_those_of_the_graph():
    assert changes(simple(), report("1", entry({"A": 4}, "all"))) == {("A", "seed"): 4, ("1", "replay"): "all"}


def test_the_graph_is_rewritten_in_a_copy():
    graph = simple()
    link_reports(graph, is_lazy)
    before = copy.deepcopy(graph)
    made = changes_for_picture(
        graph, "save", {"1": report("1", entry({"A": 4}, "item 2"))}, 0, 1, get_type, takes_lists
    )
    rewritten = rewrite_graph(graph, made)
    assert graph == before
    assert rewritten["A"]["inputs"] == {"seed": 4}
    assert rewritten["1"]["inputs"]["replay"] == "item 2"
    assert rewritten["save"]["inputs"] == {"images": ["1", 0]}


def test_each_picture_has_its_own_seeds():
    made = report("1", entry({"A": 4}, "item 0"), entry({"A": 7}, "item 0"))
    found = [changes(simple(), made, index=index, count=2)["A", "seed"] for index in (0, 1)]
    assert found == [4, 7]


def test_one_entry_is_for_all_pictures():
    made = report("1", entry({"A": 4}))
    assert [changes(simple(), made, index=index, count=3) for index in range(3)] == [{("A", "seed"): 4}] * 3


def test_pictures_that_do_not_correspond_are_refused_unless_the_graph_makes_them_as_it_is():
    made = [entry({"A": 4}), entry({"A": 7})]
    with pytest.raises(ValueError, match="handed on 2 pictures and 3 came out of them"):
        changes(simple(), report("1", *made), count=3)
    assert changes(simple(), report("1", entry(), entry(), attempts=1), count=3) == {}


def test_gates_in_a_row_are_applied_upstream_first():
    found = changes(chained(), report("2", entry({"B": 13})), report("1", entry({"A": 4})))
    assert found == {("A", "seed"): 4, ("B", "seed"): 13}


def test_what_a_gate_found_in_an_attempt_that_was_kept_counts_instead_of_what_it_found_before():
    inner = report("1", entry({"A": 6}, "all"))
    outer = report("2", entry({"A": 3, "B": 12}, "", ["1"], g1=inner))
    found = changes(chained(), report("1", entry({"A": 4})), outer)
    assert found == {("A", "seed"): 6, ("B", "seed"): 12, ("1", "replay"): "all"}


def test_gates_inside_gates_inside_gates():
    graph = chained()
    graph["C"] = node("Sampler", seed=20, image=["2", 0])
    graph["3"] = node(GATE, value=["C", 0], score=["C", 1])
    graph["save"] = node(SAVE, images=["3", 0])
    first = report("1", entry({"A": 7}))
    wrong = report("1", entry({"A": 99}))
    second = report("2", entry({"A": 6, "B": 15}, "", ["1"], g1=first))
    third = report("3", entry({"A": 5, "B": 14, "C": 24}, "", ["2", "1"], g1=wrong, g2=second))
    found = changes(graph, third, report("1", entry({"A": 98})), report("2", entry({"B": 97})))
    assert found == {("A", "seed"): 7, ("B", "seed"): 15, ("C", "seed"): 24}


def test_a_gate_inside_an_attempt_that_gave_several_pictures_is_refused():
    inner = report("1", entry({"A": 6}), entry({"A": 7}))
    with pytest.raises(ValueError, match="gate 1 handed on 2 pictures"):
        changes(chained(), report("2", entry({"A": 3}, "", ["1"], g1=inner)))


def test_a_gate_inside_an_attempt_without_a_report_is_refused():
    with pytest.raises(ValueError, match="gate 1 ran inside an attempt of gate 2"):
        changes(chained(), report("2", entry({"A": 3, "B": 12})))


@pytest.mark.parametrize("source", ["A", "B"])
def test_a_seed_that_reaches_the_picture_past_its_gate_is_refused(source):
    graph = simple(B=node("Blur", image=["A", 0]))
    graph["mix"] = node("Mix", a=["1", 0], b=[source, 0])
    graph["save"] = node(SAVE, images=["mix", 0])
    with pytest.raises(ValueError, match="seed of node A also reaches the picture past gate 1"):
        changes(graph, report("1", entry({"A": 4})))
    assert changes(graph, report("1", entry({"A": 1}, "all"))) == {("A", "seed"): 1, ("1", "replay"): "all"}


def test_a_seed_that_reaches_a_later_gate_past_its_own_is_refused_also_inside_an_attempt():
    graph = chained()
    graph["B"]["inputs"]["mask"] = ["A", 0]
    inner = report("1", entry({"A": 6}))
    with pytest.raises(ValueError, match="seed of node A also reaches the picture past gate 1"):
        changes(graph, report("2", entry({"A": 3, "B": 12}, "", ["1"], g1=inner)))
    agreed = report("1", entry({"A": 3}, "all"))
    found = changes(graph, report("2", entry({"A": 3, "B": 12}, "", ["1"], g1=agreed)))
    assert found == {("A", "seed"): 3, ("B", "seed"): 12, ("1", "replay"): "all"}


def test_two_gates_that_found_different_seeds_for_one_sampler_are_refused():
    graph = simple(**{"2": node(GATE, value=["A", 0], score=["A", 1])})
    graph["save"] = node(SAVE, images=["mix", 0])
    graph["mix"] = node("Mix", a=["1", 0], b=["2", 0])
    with pytest.raises(ValueError, match="also reaches the picture past gate"):
        changes(graph, report("1", entry({"A": 4})), report("2", entry({"A": 5})))


def test_pictures_that_go_through_a_sampler_together_are_refused():
    graph = simple(B=node("Sampler", seed=10, image=["1", 0]))
    graph["save"] = node(SAVE, images=["B", 0])
    several = report("1", entry({"A": 4}, "item 0"), entry({"A": 4}, "item 1"))
    with pytest.raises(ValueError, match="go through node B together"):
        changes(graph, several, count=2)
    assert changes(graph, report("1", entry({"A": 4}, "item 1")))["1", "replay"] == "item 1"
    graph["B"] = node("Blur", radius=3, image=["1", 0])
    assert changes(graph, several, count=2)["1", "replay"] == "item 0"


def test_pictures_that_meet_others_after_the_gate_are_refused():
    graph = simple(M=node("Loader"), O=node("Sampler", seed=5))
    several = report("1", entry({"A": 4}, "item 0"), entry({"A": 4}, "item 1"))
    graph["save"] = node(SAVE, images=["mix", 0])
    graph["mix"] = node("Upscale", image=["1", 0], model=["M", 0])
    assert changes(graph, several, count=2)["1", "replay"] == "item 0"
    graph["mix"] = node("Mix", image=["1", 0], background=["O", 0])
    with pytest.raises(ValueError, match="node mix puts the pictures of gate 1 together with others"):
        changes(graph, several, count=2)
    assert changes(graph, report("1", entry({"A": 4}, "item 1")))["1", "replay"] == "item 1"
    assert changes(graph, report("1", *[entry({}, "item 0")] * 2, attempts=1), count=2) == {}, "as it is, both come"


@pytest.mark.parametrize("class_type", ["SwitchyardPickBest", "Sort", "ImageFromBatch"])
def test_pictures_that_may_have_been_sorted_are_refused(class_type):
    graph = simple(mix=node(class_type, value=["1", 0]), save=node(SAVE, images=["mix", 0]))
    items = [entry({"A": 4}, "item 0"), entry({"A": 7}, "item 0")]
    with pytest.raises(ValueError, match="node mix may sort or choose among the pictures of gate 1"):
        changes(graph, report("1", *items), count=2)
    assert changes(graph, report("1", *items, attempts=1), count=2) == {}, "as it is, all come"
    assert changes(graph, report("1", items[0]))["A", "seed"] == 4, "a single one can't be mistaken"
    graph["mix"]["class_type"] = "SwitchyardFirstAvailable"
    assert changes(graph, report("1", *items), index=1, count=2)["A", "seed"] == 7


@pytest.mark.parametrize("inputs", [{"keep": "count"}, {"keep": "each"}, {"keep": ["K", 0]}, {"replay": "item 1"}])
def test_pictures_that_went_through_a_gate_that_chooses_are_refused(inputs):
    graph = simple(**{"2": node(GATE, value=["1", 0], score=["K", 0]), "save": node(SAVE, images=["2", 0])})
    graph["K"] = node("Loader")
    items = [entry({"A": 4}, "item 0"), entry({"A": 7}, "item 0")]
    whole = report("2", entry(), attempts=1)
    assert changes(graph, report("1", *items), whole, count=2)["A", "seed"] == 4
    graph["2"]["inputs"].update(inputs)
    with pytest.raises(ValueError, match="node 2 may sort or choose"):
        changes(graph, report("1", *items), whole, count=2)


def test_a_seed_that_is_no_number_in_the_graph_is_refused():
    for inputs in ({"seed": ["X", 0]}, {"seed": True}, {}):
        graph = simple(A=node("Sampler", **inputs), X=node("Primitive", value=1))
        with pytest.raises(ValueError, match="no number in its input seed"):
            changes(graph, report("1", entry({"A": 4})))


def test_a_save_node_that_was_not_queued_is_refused():
    with pytest.raises(ValueError, match="not part of the graph"):
        changes(simple(), report("1", entry({"A": 4})), save="7.0.save")


def metadata(graph, *texts, extra=None, count=1, wired=False):
    source = Source("save", graph, extra or {}, texts, wired)
    before = copy.deepcopy(source)
    inputs = {"Sampler": {"seed": ("INT", {})}, GATE: {"replay": ("STRING", {})}}
    made = metadata_for_pictures(source, count, is_lazy, inputs.__getitem__, get_type, takes_lists)
    assert source == before
    return made


WORKFLOW = {
    "nodes": [
        {"id": "A", "type": "Sampler", "widgets_values": [1, "fixed"]},
        {"id": "1", "type": GATE, "widgets_values": [""]},
    ],
    "links": [],
}


def test_the_metadata_holds_graph_workflow_and_all_else():
    text = json.dumps(report("1", entry({"A": 4}, "all")))
    ((chunks,), warnings) = metadata(simple(), text, extra={"workflow": WORKFLOW, "note": [1]})
    assert warnings == []
    assert list(chunks) == ["prompt", "workflow", "note"]
    assert chunks["prompt"]["A"]["inputs"]["seed"] == 4
    assert [spec["widgets_values"] for spec in chunks["workflow"]["nodes"]] == [[4, "fixed"], ["all"]]
    assert chunks["note"] == [1]


def test_without_reports_the_metadata_is_what_was_queued():
    graph = {"A": node("Sampler", seed=1), "save": node(SAVE, images=["A", 0])}
    assert metadata(graph, extra={"workflow": WORKFLOW}) == ([{"prompt": graph, "workflow": WORKFLOW}], [])
    assert metadata(None, extra={"note": 1}, count=2) == ([{"note": 1}] * 2, [])


def test_a_workflow_that_can_not_follow_goes_under_another_name():
    workflow = {"nodes": [], "links": []}
    text = json.dumps(report("1", entry({"A": 4})))
    ((chunks,), (warning,)) = metadata(simple(), text, extra={"workflow": workflow})
    assert list(chunks) == ["prompt", "workflow_as_queued"]
    assert chunks["prompt"]["A"]["inputs"]["seed"] == 4
    assert warning == "saved without the page's layout, only as a graph: the workflow has no node A"


@pytest.mark.parametrize("workflow", [{"nodes": 3}, {"nodes": [{}]}, {"nodes": [{"id": "A"}], "links": None}])
def test_a_workflow_of_an_unknown_shape_does_not_cost_the_picture(workflow):
    text = json.dumps(report("1", entry({"A": 4})))
    ((chunks,), warnings) = metadata(simple(), text, extra={"workflow": workflow})
    assert chunks["workflow_as_queued"] == workflow
    assert len(warnings) == 1


@pytest.mark.parametrize("broken", ["nonsense", '{"kind": "quality_gate", "version": 1, "gate": "1"}'])
def test_a_report_of_an_unknown_shape_does_not_cost_the_picture(broken):
    (chunks, warnings) = metadata(simple(), broken, extra={"workflow": WORKFLOW}, count=2)
    assert chunks == [{"prompt": simple(), "workflow": WORKFLOW}] * 2
    (warning,) = warnings
    assert warning.startswith("saved as it was queued, it will search again when loaded: ")


def test_a_gate_that_sent_no_report_leaves_the_graph_as_it_was():
    (chunks,), (warning,) = metadata(simple())
    assert chunks["prompt"] == simple()
    assert "there is no report of gate 1" in warning


def test_a_gate_behind_a_switch_needs_a_report_that_is_plugged_in():
    graph = simple(switch=node("Switch", on_true=["1", 0]))
    graph["save"] = node(SAVE, images=["switch", 0])
    (chunks,), (warning,) = metadata(graph)
    assert chunks["prompt"] == graph
    assert "gate 1 is behind a switch" in warning
    (chunks,), warnings = metadata(graph, json.dumps(report("1", entry({"A": 4}))), wired=True)
    assert chunks["prompt"]["A"]["inputs"]["seed"] == 4
    assert warnings == []
    assert metadata(graph, "", wired=True) == ([{"prompt": graph}], [])
