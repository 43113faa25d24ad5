"""Calls and their times from what ComfyUI tells: nodes one after another, lazy, expanding, asynchronous and failing."""

from __future__ import annotations

import json
import random

import pytest
from switchyard_pack.core.profile_spans import NodeFacts, PeakSeries, SpanStack, length, union


def play(*events, stack=None, ended=None):
    """The records after events: (moment, "+", id), optionally with more facts, or (moment, "-", id)."""
    stack = stack or SpanStack()
    for at, what, node_id, *more in events:
        if what == "+":
            stack.begin(at, NodeFacts(id=node_id, node=node_id, root=node_id, **(more[0] if more else {})))
        else:
            stack.end(at, node_id, node_id)
    if ended is not None:
        stack.close(*ended)
    return {record["id"]: record for record in stack.records()}


def times(record):
    return record["total_s"], record["self_s"]


def test_nodes_one_after_another():
    found = play((1, "+", "a"), (3, "-", "a"), (3.5, "+", "b"), (4, "-", "b"))
    assert times(found["a"]) == (2, 2)
    assert times(found["b"]) == (0.5, 0.5)
    assert found["a"]["spans"] == [[1, 3]]
    assert {record["status"] for record in found.values()} == {"done"}


def test_a_node_that_asks_for_lazy_inputs_is_one_call_without_what_ran_in_between():
    found = play((0, "+", "switch"), (0.1, "+", "a"), (5, "-", "a"), (5, "+", "switch"), (5.2, "-", "switch"))
    assert times(found["switch"]) == pytest.approx((0.3, 0.3))
    assert found["switch"]["starts"] == 2
    assert found["switch"]["spans"] == [[0, 0.1], [5, 5.2]]
    assert times(found["a"]) == (4.9, 4.9)


def test_what_a_node_expands_into_is_inside_of_it_and_what_runs_meanwhile_is_not():
    child = {"parent": "gate"}
    found = play(
        (0, "+", "gate"), (1, "+", "gate.0", child), (3, "-", "gate.0"), (3, "+", "other"), (7, "-", "other"),
        (7, "+", "gate.1", child), (8, "-", "gate.1"), (8, "-", "gate"),
    )  # fmt: skip
    assert times(found["gate"]) == (4, 1)
    assert found["gate"]["spans"] == [[0, 8]]
    assert times(found["other"]) == (4, 4)
    assert [found[name]["parent"] for name in ("gate", "gate.0", "gate.1", "other")] == [None, 0, 0, None]


def test_expansions_in_expansions():
    found = play(
        (0, "+", "a"), (1, "+", "a.b", {"parent": "a"}), (2, "+", "a.b.c", {"parent": "a.b"}), (5, "-", "a.b.c"),
        (5, "-", "a.b"), (5, "-", "a"),
    )  # fmt: skip
    assert [times(found[name]) for name in ("a", "a.b", "a.b.c")] == [(5, 1), (4, 1), (3, 3)]


def test_asynchronous_nodes_overlap_and_each_has_its_whole_time():
    waits = {"is_async": True}
    found = play(
        (0, "+", "a", waits), (0.1, "+", "b", waits), (0.2, "+", "c"), (2, "-", "c"), (3, "-", "b"), (4, "-", "a")
    )
    assert [times(found[name]) for name in "abc"] == [(4, 4), (2.9, 2.9), (1.8, 1.8)]
    assert found["a"]["spans"] == [[0, 4]]


def test_asynchronous_children_that_overlap_count_once_for_their_parent():
    child = {"parent": "a", "is_async": True}
    found = play(
        (0, "+", "a"), (1, "+", "a.0", child), (1, "+", "a.1", child), (3, "-", "a.0"), (4, "-", "a.1"), (4, "-", "a")
    )
    assert times(found["a"]) == (4, 1)


def test_what_is_finished_without_a_start_came_from_the_cache():
    stack = SpanStack()
    found = play((0, "-", "a"), (0, "+", "b"), (1, "-", "c"), (2, "-", "b"), stack=stack)
    assert stack.hits == {"a": 1, "c": 1}
    assert list(found) == ["b"]


@pytest.mark.parametrize(("status", "word"), [("error", "failed"), ("interrupted", "interrupted")])
def test_a_node_that_fails_and_the_one_that_it_is_part_of_are_closed_and_marked(status, word):
    stack = SpanStack()
    stack.begin(0, NodeFacts("lazy", "lazy", root="lazy"))
    stack.begin(1, NodeFacts("gate", "gate", root="gate"))
    stack.begin(2, NodeFacts("gate.0", "x", parent="gate", root="gate"))
    stack.close(5, status, "gate")
    found = {record["id"]: record for record in stack.records()}
    assert {name: record["status"] for name, record in found.items()} == {
        "lazy": "unfinished", "gate": word, "gate.0": word,
    }  # fmt: skip
    assert times(found["gate"]) == (4, 1)
    assert found["gate"]["spans"] == [[1, 5]]
    assert found["lazy"]["spans"] == [[0, 1]]


def test_an_asynchronous_node_that_fails_is_told_from_the_one_that_has_the_turn():
    found = play(
        (0, "+", "a", {"is_async": True}), (1, "+", "b", {"is_async": True}), (2, "+", "c"), (3, "-", "c"),
        ended=(4, "error", "a"),
    )  # fmt: skip
    assert [found[name]["status"] for name in "abc"] == ["failed", "unfinished", "done"]
    assert [found[name]["spans"] for name in "ab"] == [[[0, 4]], [[1, 4]]]


def test_a_run_whose_end_is_not_known_leaves_nothing_open():
    found = play((0, "+", "a"), ended=(2, "unknown"))
    assert found["a"]["status"] == "unfinished"
    assert times(found["a"]) == (2, 2)


def test_steps_are_counted_over_all_bars_and_the_first_report_has_no_length():
    stack = SpanStack()
    stack.begin(0, NodeFacts("a", "a"))
    for at, value, most in ((10, 1, 3), (12, 2, 3), (14, 3, 3), (20, 0, 2), (21, 1, 2), (21, 1, 2), (22, 2, 2)):
        stack.step(at, "a", value, most)
    stack.step(30, "b", 1, 1)
    stack.end(40, "a", "a")
    (record,) = stack.records()
    assert record["steps"] == 5
    assert record["seconds_per_step"] == 1.5


def test_one_step_has_no_known_length():
    stack = SpanStack()
    stack.begin(0, NodeFacts("a", "a"))
    stack.step(1, "a", 1, 1)
    assert [(record["steps"], record["seconds_per_step"]) for record in stack.records()] == [(1, None)]


def test_memory_counts_for_who_has_the_turn_and_for_those_around_it():
    stack = SpanStack()
    stack.observe("ram", 99)
    stack.begin(0, NodeFacts("gate", "gate"))
    stack.observe("ram", 5)
    stack.begin(1, NodeFacts("gate.0", "gate.0", parent="gate"))
    for value in (3, 8, 4):
        stack.observe("ram", value)
    stack.note_models(["Flux"], [])
    stack.end(2, "gate.0", "gate.0")
    stack.observe("ram", 70)
    stack.end(2, "gate", "gate")
    gate, inner = stack.records()
    assert gate["peak_bytes"] == inner["peak_bytes"] == {"ram": 8}
    assert (gate["loaded"], inner["loaded"]) == ([], ["Flux"])


def test_what_was_not_measured_is_not_zero():
    (record,) = play((0, "+", "a"), (1, "-", "a")).values()
    assert record["peak_bytes"] == {}
    assert record["steps"] is record["seconds_per_step"] is None


def test_too_many_calls_are_counted_and_not_kept():
    stack = SpanStack(most_calls=2)
    for number in range(5):
        stack.begin(number, NodeFacts(str(number), str(number)))
        stack.end(number + 0.5, str(number), str(number))
    assert len(stack.records()) == 2
    assert stack.dropped == 3
    assert stack.hits == {}


def test_any_order_of_events_gives_times_that_fit_and_plain_json():
    for seed in range(200):
        chance = random.Random(seed)
        stack, at, opened = SpanStack(), 0.0, []
        for _ in range(40):
            at += chance.random()
            if opened and chance.random() < 0.4:
                stack.end(at, chance.choice(opened), "x")
            else:
                parent = chance.choice([None, *opened])
                name = f"{parent or ''}.{len(opened)}" if chance.random() < 0.9 or not opened else chance.choice(opened)
                opened.append(name)
                stack.begin(at, NodeFacts(name, name, parent, is_async=chance.random() < 0.3))
        stack.close(at + 1, chance.choice(["success", "error", "interrupted"]), None)
        records = json.loads(json.dumps(stack.records()))
        for place, record in enumerate(records):
            assert 0 <= record["self_s"] <= record["total_s"] + 1e-6 <= at + 1 + 1e-5
            assert record["parent"] is None or record["parent"] < place
            assert all(start <= end for start, end in record["spans"])
            assert record["status"] != "running"


def test_intervals_are_joined():
    assert union([(3, 4), (0, 1), (0.5, 2), (2, 2.5)]) == [(0, 2.5), (3, 4)]
    assert length(union([(3, 4), (0, 1), (0.5, 2)])) == 3


def test_a_series_keeps_its_peaks_in_a_bounded_number_of_points():
    series = PeakSeries(slot_s=1, most=100)
    for second in range(10_000):
        series.add(second, 7 if second == 4321 else 1)
    points = series.points()
    assert len(points) <= 100
    assert [at for at, value in points if value == 7] == [4321 // series.slot_s * series.slot_s]
    assert points[0] == [0, 1]
