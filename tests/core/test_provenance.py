"""What makes a gated picture again, composed out of the reports of gates; and what can't be told is refused."""

from __future__ import annotations

import copy
import json

import pytest
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

from .gated import chained, entry, get_type, is_lazy, node, report, simple, takes_lists


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


def with_fact(output):
    """A gate whose value meets what else it tells."""
    return simple(mix=node("Caption", image=["1", 0], text=["1", output]), save=node(SAVE, images=["mix", 0]))


@pytest.mark.parametrize(
    ("replay", "outputs", "refused"),
    [("", "12345", "35"), ("all", "12345", "35"), ("item 2", "12345", "12345"), ("item 0 of 1", "12345", "12345")],
)
def test_facts_that_a_replay_would_tell_otherwise_are_refused(replay, outputs, refused):
    made = report("1", entry({"A": 4}, replay))
    for output in outputs:
        if output in refused:
            with pytest.raises(ValueError, match=r"depends on the (score|passed|attempts|seed|report) of gate 1"):
                changes(with_fact(int(output)), made)
        else:
            assert changes(with_fact(int(output)), made)["A", "seed"] == 4
        assert changes(with_fact(int(output)), report("1", entry(), attempts=1)) == {}
        assert changes(with_fact(0), made)["A", "seed"] == 4


@pytest.mark.parametrize(("output", "replay"), [(1, "item 2"), (4, "item 2"), (5, "all")])
def test_facts_after_a_single_attempt_come_from_the_graph_as_it_is(output, replay):
    assert changes(with_fact(output), report("1", entry({}, replay), attempts=1)) == {}
    assert changes(with_fact(0), report("1", entry({}, replay), attempts=1)) == {("1", "replay"): replay}


def test_facts_of_a_gate_inside_an_attempt_are_refused_too():
    graph = chained()
    graph["B"]["inputs"]["count"] = ["1", 3]
    outer = report("2", entry({"A": 3, "B": 12}, "", ["1"], g1=report("1", entry({"A": 6}))))
    with pytest.raises(ValueError, match="depends on the attempts of gate 1"):
        changes(graph, outer)
    outer = report("2", entry({"A": 3, "B": 12}, "", ["1"], g1=report("1", entry(), attempts=1)))
    assert changes(graph, outer) == {("A", "seed"): 3, ("B", "seed"): 12}


def test_facts_that_a_later_gate_tells_of_several_pictures_are_refused():
    graph = simple(**{"2": node(GATE, value=["1", 0], score=["1", 0])})
    graph |= {"mix": node("Caption", image=["2", 0], text=["2", 0]), "save": node(SAVE, images=["mix", 0])}
    reports = report("1", entry({"A": 4}, "item 0"), entry({"A": 7}, "item 0")), report("2", entry(), attempts=1)
    assert changes(graph, *reports, index=1, count=2)["A", "seed"] == 7
    graph["mix"]["inputs"]["text"] = ["2", 1]
    with pytest.raises(ValueError, match="what gate 2 tells of the pictures of gate 1 is used"):
        changes(graph, *reports, index=1, count=2)


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
    for reports in ([report("1", entry({"A": 4}))], []):
        with pytest.raises(ValueError, match="not part of the graph"):
            changes(simple(), *reports, save="7.0.save")
    assert changes({"A": node("Sampler", seed=1)}, save="7.0.save") == {}, "without a gate there is nothing to miss"
    with pytest.raises(ValueError, match="not part of the graph"):
        changes({"loop": node("Loop")}, report("7.0.gate", entry({"A": 4})), save="7.0.save")


@pytest.mark.parametrize(("passed", "max_attempts", "is_told"), [(True, 8, True), (False, 1, True), (False, 8, False)])
def test_a_search_that_time_has_ended_at_once_is_not_taken_for_one_that_was_content(passed, max_attempts, is_told):
    made = {**report("1", *[entry()] * 3, attempts=1), "passed": passed, "max_attempts": max_attempts}
    if is_told:
        assert changes(simple(), made, count=2) == {}
    else:
        with pytest.raises(ValueError, match="handed on 3 pictures"):
            changes(simple(), made, count=2)
