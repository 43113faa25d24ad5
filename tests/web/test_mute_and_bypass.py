"""Muted and bypassed nodes upstream of ours: the page resolves them before the server sees the graph."""

from __future__ import annotations

import pytest
from forms import EACH_ONCE

pytestmark = EACH_ONCE


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


def add_text(canvas, *names):
    for name in names:
        canvas.add("PrimitiveString", name)
        canvas.set_widget(name, "value", name)


@pytest.fixture
def compare(canvas):
    """Whether "red" contains "blue", and a preview of the answer."""
    add_text(canvas, "red", "blue")
    canvas.add("SwitchyardCompare", "compare")
    canvas.add("PreviewAny", "preview")
    canvas.plug("red", "compare", "a")
    canvas.plug("blue", "compare", "b")
    canvas.plug("compare", "preview", "source")
    canvas.set_widget("compare", "comparison", "contains")
    return canvas


def previewed(canvas, end):
    assert end["type"] == "execution_success", end
    outputs = canvas.server.get(f"/history/{end['prompt_id']}")[end["prompt_id"]]["outputs"].values()
    return next(output["text"] for output in outputs if "text" in output)


@pytest.mark.parametrize("mode", ["muted", "bypassed"])
def test_compare_without_its_muted_or_bypassed_b_does_not_look_for_nothing(compare, mode):
    """Every text contains the empty one: with nothing to look for the answer would always be true."""
    compare.set_mode("blue", mode)
    end = compare.run()
    assert end["type"] == "execution_error"
    assert "Plug in b or type b_value" in end["exception_message"]


@pytest.mark.parametrize("mode", ["muted", "bypassed"])
def test_compare_takes_b_value_for_a_muted_or_bypassed_b(compare, mode):
    assert previewed(compare, compare.run()) == ["False"]
    compare.set_widget("compare", "b_value", "ed")
    compare.set_mode("blue", mode)
    assert previewed(compare, compare.run()) == ["True"]


def test_compare_without_its_muted_a_is_refused(compare):
    compare.set_mode("red", "muted")
    assert compare.run()["type"] == "rejected"


@pytest.fixture
def select(canvas):
    """The value "red" chooses input_0, "blue" would choose input_1, and there is a default."""
    add_text(canvas, "red", "blue", "other")
    canvas.add("SwitchyardSelect", "select")
    canvas.add("PreviewAny", "preview")
    canvas.add("PrimitiveString", "word")
    canvas.set_widget("word", "value", "red")
    canvas.set_widget("select", "cases", "red\nblue")
    for source, name in (("word", "value"), ("red", "input_0"), ("blue", "input_1"), ("other", "default")):
        canvas.plug(source, "select", name)
    canvas.plug("select", "preview", "source")
    return canvas


@pytest.mark.parametrize("mode", ["muted", "bypassed"])
def test_select_does_not_miss_what_it_does_not_choose(select, mode):
    select.set_mode("blue", mode)
    select.set_mode("other", mode)
    assert previewed(select, select.run()) == ["red"]


@pytest.mark.parametrize("mode", ["muted", "bypassed"])
def test_select_names_a_chosen_input_that_is_muted_or_bypassed(select, mode):
    """It does not quietly take the default: that is for values that fit no case."""
    select.set_mode("red", mode)
    end = select.run()
    assert end["type"] == "execution_error"
    assert "input_0" in end["exception_message"]


def test_select_without_its_muted_value_is_refused(select):
    select.set_mode("word", "muted")
    assert select.run()["type"] == "rejected"


@pytest.fixture(params=[("SwitchyardSwitch", "condition"), ("SwitchyardGate", "open")], ids=["switch", "gate"])
def decider(canvas, request):
    """A node that decides by a flag, and whose toggle says false; gives what the page sends for it."""
    kind, name = request.param
    canvas.add("PrimitiveBoolean", "flag")
    canvas.add(kind, "node")
    canvas.add("PreviewAny", "preview")
    canvas.plug("flag", "node", name)
    canvas.plug("node", "preview", "source")
    canvas.set_widget("node", name, False)
    if kind == "SwitchyardSwitch":
        canvas.set_widget("node", "if_missing", "none")

    def sent():
        return next(spec["inputs"].get(name) for spec in canvas.prompt().values() if spec["class_type"] == kind)

    return sent


def test_a_muted_condition_is_refused_or_leaves_the_toggle_in_charge(canvas, decider):
    """Older pages drop the condition, and the server refuses the graph; newer ones send the toggle instead."""
    canvas.set_mode("flag", "muted")
    assert decider() in (None, False)
    assert canvas.run()["type"] == ("rejected" if decider() is None else "execution_success")


def test_a_bypassed_condition_leaves_the_toggle_in_charge(canvas, decider):
    canvas.set_mode("flag", "bypassed")
    assert decider() is False
    assert canvas.run()["type"] == "execution_success"
