"""First Available in a real server: asked in order, and no further than needed."""

from __future__ import annotations

import threading
import time

import pytest
from graphs import catch, caught, marked, node, value, values


def first_graph(*sources, **more):
    """Sources in order: the name of a probe value, None for an input that is not plugged in."""
    plugged = {f"input_{index}": [f"source {index}", 0] for index, name in enumerate(sources) if name is not None}
    return {
        **{f"source {index}": value(name) for index, name in enumerate(sources) if name is not None},
        "first": node("SwitchyardFirstAvailable", **plugged, **more),
        "end": catch("first"),
        "index": catch("first", 1),
    }


def test_the_first_with_a_value_wins(run):
    result = run(first_graph("none", "0.5", "text"))
    assert caught(result) == ["0.5"]
    assert caught(result, "index") == ["1"]


def test_later_inputs_do_not_run_in_vain(run):
    graph = {
        "a": value("none"),
        "b": marked("the second is asked"),
        "c": marked("the third is not"),
        "first": node("SwitchyardFirstAvailable", input_0=["a", 0], input_1=["b", 0], input_2=["c", 0]),
        "end": catch("first"),
    }
    result = run(graph)
    assert caught(result) == ["'the second is asked'"]
    assert "c" not in result.started


def test_a_first_input_with_a_value_is_the_only_one_that_runs(run):
    graph = {
        "a": marked("only the first"),
        "b": marked("never the second"),
        "first": node("SwitchyardFirstAvailable", input_0=["a", 0], input_1=["b", 0]),
        "end": catch("first"),
    }
    assert "b" not in run(graph).started


@pytest.mark.parametrize("falsy", ["false", "0", "empty text", "nan", "empty list"])
def test_only_none_counts_as_nothing(run, falsy):
    result = run(first_graph("none", falsy, "text"))
    assert caught(result, "index") == ["1"]


def test_unplugged_inputs_are_passed_over(run):
    assert caught(run(first_graph(None, None, "text"))) == ["'text'"]


def test_literals_in_api_json_count_too(run):
    graph = {"first": node("SwitchyardFirstAvailable", input_3=5), "end": catch("first"), "index": catch("first", 1)}
    result = run(graph)
    assert caught(result) == ["5"]
    assert caught(result, "index") == ["3"]


@pytest.mark.parametrize("sources", [(), ("none", "none")])
def test_none_of_them_is_an_error_that_says_so(run, sources):
    result = run(first_graph(*sources))
    assert result.status == "error"
    assert "None of the inputs is plugged in and has a value." in result.error


def test_none_of_them_can_give_none_or_block(run):
    assert caught(run(first_graph("none", if_missing="none"))) == ["None"]
    blocked = run(first_graph("none", if_missing="block"))
    assert blocked.status == "success"
    assert "end" not in blocked.outputs
    assert caught(blocked, "index") == ["-1"]


def test_a_list_passes_whole_and_counts_as_nothing_only_if_all_of_it_is_none(run):
    graph = {**first_graph("none"), "source 0": values("none, none"), "source 1": values("none, 1")}
    graph["first"]["inputs"]["input_1"] = ["source 1", 0]
    assert caught(run(graph)) == ["None", "1"]


def test_a_batch_passes_whole(run):
    assert caught(run(first_graph("none", "picture"))) == ["shape (2, 8, 8, 3)"]


def test_after_an_interrupted_run_the_inputs_are_asked_in_order_again(run, server):
    """A node that remembered what it had asked for would pass over the first input now."""
    graph = {
        "a": node("ProbeSleep", label="interrupted"),
        "b": marked("after an interruption"),
        "first": node("SwitchyardFirstAvailable", input_0=["a", 0], input_1=["b", 0]),
        "end": catch("first"),
    }

    def interrupt():
        time.sleep(1)
        server.post("/interrupt", {})

    threading.Thread(target=interrupt).start()
    assert run(graph).status == "interrupted"
    graph["a"] = marked("interrupted")
    result = run(graph)
    assert caught(result) == ["'interrupted'"]
    assert "b" not in result.started
