"""Gate in a real server: closed, neither what is before it nor what is after it runs."""

from __future__ import annotations

import pytest
from graphs import catch, caught, marked, node, value, values


def gate_graph(is_open, label, **inputs):
    return {
        "before": marked(label),
        "gate": node("SwitchyardGate", open=is_open, **{"value": ["before", 0], **inputs}),
        "after": marked("after", value=["gate", 0]),
        "end": catch("after"),
        "elsewhere": catch("other"),
        "other": marked(f"other {label}"),
    }


def test_an_open_gate_passes_the_value_on(run):
    result = run(gate_graph(True, "open"))
    assert caught(result) == ["'open'"]


def test_a_closed_gate_stops_both_sides_and_nothing_else(run):
    result = run(gate_graph(False, "closed"))
    assert result.status == "success"
    assert "before" not in result.started
    assert "after" not in result.outputs
    assert "end" not in result.outputs
    assert caught(result, "elsewhere") == ["'other closed'"]
    assert result.notices == []


def test_a_closed_gate_can_say_why(run):
    result = run(gate_graph(False, "with a message", message="The score is too low."))
    assert result.status == "success"
    assert result.notices == ["Execution Blocked: The score is too low."]


@pytest.mark.parametrize("condition", ["numpy false", "nan", "none", "0", "text false"])
def test_what_is_not_true_closes_it(run, condition):
    graph = {**gate_graph(["condition", 0], f"closed by {condition}"), "condition": value(condition)}
    assert "before" not in run(graph).started


def test_a_closed_gate_may_be_unplugged(run):
    assert run(gate_graph(False, "unplugged", value=None)).status == "success"


def test_an_open_gate_that_is_unplugged_is_an_error_that_says_so(run):
    result = run(gate_graph(True, "unplugged and open", value=None))
    assert result.status == "error"
    assert "nothing is plugged into value" in result.error


def test_an_upstream_none_passes_an_open_gate(run):
    graph = {**gate_graph(True, "none", value=["none", 0]), "none": value("none")}
    graph["end"] = catch("gate")
    assert caught(run(graph)) == ["None"]


def test_a_list_of_conditions_lets_some_items_pass(run):
    graph = {
        **gate_graph(["conditions", 0], "list", value=["list", 0]),
        "list": values("0, 1, 0.5"),
        "conditions": values("true, false, true"),
    }
    graph["end"] = catch("gate")
    assert caught(run(graph)) == ["0", "0.5"]


def test_a_closed_gate_saves_no_picture(run, server):
    graph = {
        "picture": node("EmptyImage", width=32, height=32, batch_size=1, color=255),
        "gate": node("SwitchyardGate", open=False, value=["picture", 0]),
        "save": node("SaveImage", images=["gate", 0], filename_prefix="never_saved"),
        "end": catch("other"),
        "other": marked("beside a closed gate"),
    }
    assert run(graph).status == "success"
    assert list((server.base / "output").glob("never_saved*")) == []


def test_requeued_closed_nothing_runs(run):
    run(gate_graph(False, "again"))
    assert "before" not in run(gate_graph(False, "again")).started
