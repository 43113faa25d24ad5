"""Muted and bypassed nodes upstream of ours: the page resolves them before the server sees the graph."""

from __future__ import annotations

import pytest


@pytest.fixture
def graph(canvas):
    """Two pictures, one of them through a node that can be bypassed, a Switch, and its preview."""
    canvas.add("EmptyImage", "red")
    canvas.add("EmptyImage", "blue")
    canvas.add("ImageInvert", "invert")
    canvas.add("SwitchyardSwitch", "switch")
    canvas.add("PreviewImage", "preview")
    for name in ("red", "blue"):
        canvas.set_widget(name, "width", 64)
        canvas.set_widget(name, "height", 64)
    canvas.plug("red", "invert", "image")
    canvas.plug("invert", "switch", "on_true")
    canvas.plug("blue", "switch", "on_false")
    canvas.plug("switch", "preview", "images")
    return canvas


def switch_inputs(canvas):
    return next(spec["inputs"] for spec in canvas.prompt().values() if spec["class_type"].endswith("Switch"))


def test_a_muted_branch_that_is_not_taken_does_no_harm(graph):
    graph.set_mode("blue", "muted")
    assert "on_false" not in switch_inputs(graph)
    assert graph.run()["type"] == "execution_success"


def test_a_muted_branch_that_is_taken_is_an_error_that_names_it(graph):
    graph.set_mode("invert", "muted")
    assert "on_true" not in switch_inputs(graph)
    end = graph.run()
    assert end["type"] == "execution_error"
    assert "on_true" in end["exception_message"]


def test_a_muted_branch_that_is_taken_can_be_blocked(graph):
    graph.set_mode("invert", "muted")
    graph.set_widget("switch", "if_missing", "block")
    assert graph.run()["type"] == "execution_success"


def test_a_bypassed_node_passes_its_input_to_the_branch(graph):
    graph.set_mode("invert", "bypassed")
    assert len(switch_inputs(graph)["on_true"]) == 2
    assert graph.run()["type"] == "execution_success"


def test_a_bypassed_source_counts_as_unplugged(graph):
    graph.set_mode("blue", "bypassed")
    assert "on_false" not in switch_inputs(graph)
    assert graph.run()["type"] == "execution_success"


def test_a_muted_condition_is_refused_or_leaves_the_toggle_in_charge(graph):
    """Older pages drop the condition, and the server refuses the graph; newer ones send the toggle instead."""
    graph.add("PrimitiveBoolean", "flag")
    graph.plug("flag", "switch", "condition")
    graph.set_widget("switch", "condition", False)
    graph.set_mode("flag", "muted")
    sent = switch_inputs(graph)
    assert graph.run()["type"] == ("execution_success" if "condition" in sent else "rejected")
    assert sent.get("condition", False) is False


@pytest.mark.parametrize("mode", ["muted", "bypassed"])
def test_first_available_takes_over_from_a_muted_or_bypassed_source(canvas, mode):
    canvas.add("EmptyImage", "hand-made")
    canvas.add("EmptyImage", "generated")
    canvas.add("SwitchyardFirstAvailable", "first")
    canvas.add("PreviewImage", "preview")
    canvas.plug("hand-made", "first", "input_0")
    canvas.plug("generated", "first", "input_1")
    canvas.plug("first", "preview", "images")
    canvas.set_mode("hand-made", mode)
    inputs = next(spec["inputs"] for spec in canvas.prompt().values() if spec["class_type"].endswith("Available"))
    assert set(inputs) == {"input_1", "if_missing"}
    assert canvas.run()["type"] == "execution_success"


@pytest.mark.parametrize("mode", ["muted", "bypassed"])
def test_a_closed_gate_does_not_miss_a_muted_or_bypassed_source(canvas, mode):
    canvas.add("EmptyImage", "picture")
    canvas.add("SwitchyardGate", "gate")
    canvas.add("PreviewImage", "preview")
    canvas.plug("picture", "gate", "value")
    canvas.plug("gate", "preview", "images")
    canvas.set_widget("gate", "open", False)
    canvas.set_mode("picture", mode)
    assert canvas.run()["type"] == "execution_success"
