"""Edits in the menus of nodes in the real page, and the colors of links."""

from __future__ import annotations

import pytest

TYPES = ("BBOX_DETECTOR", "BOUNDING_BOX", "FACE_CROPS", "SEGS")


@pytest.fixture
def switch(canvas):
    """A Switch between a text and a number."""
    canvas.add("SwitchyardTextParameter", "text")
    canvas.add("SwitchyardIntegerParameter", "number")
    canvas.add("SwitchyardSwitch", "switch")
    canvas.add("PreviewAny", "seen")
    canvas.plug("text", "switch", "on_true")
    canvas.plug("number", "switch", "on_false")
    canvas.plug("switch", "seen", "source")
    return canvas


def items(canvas, title):
    """What extensions offer in the menu of a node."""
    return canvas.page.evaluate(
        """(title) => app.collectNodeMenuItems(probe.node(title)).map((item) => item?.content).filter(Boolean)""", title
    )


def choose(canvas, title, content):
    """Chooses an item of a node's menu; what was done before and what the item does are steps for undo."""
    canvas.page.evaluate(
        """async ([title, content]) => {
            app.canvas.emitBeforeChange()
            app.canvas.emitAfterChange()
            await app.collectNodeMenuItems(probe.node(title)).find((item) => item?.content === content).callback()
            await probe.settle()
        }""",
        [title, content],
    )


def undo(canvas):
    canvas.page.evaluate("async () => { await app.extensionManager.command.execute('Comfy.Undo') }")
    canvas.page.wait_for_timeout(300)


def branches(canvas):
    """Which node is plugged into each branch of the Switch, by its title."""
    return canvas.page.evaluate(
        """() => {
            const node = probe.node("switch")
            const source = (name) => node.getInputNode(probe.input(node, name))
            return ["on_true", "on_false"].map((name) => source(name)?.title ?? null)
        }"""
    )


def test_a_switch_swaps_its_branches_and_that_can_be_undone(switch):
    choose(switch, "switch", "Swap the branches")
    assert branches(switch) == ["number", "text"]
    undo(switch)
    assert branches(switch) == ["text", "number"]
    switch.unplug("switch", "on_false")
    choose(switch, "switch", "Swap the branches")
    assert branches(switch) == [None, "text"]
    assert switch.output_type("switch") == "STRING"


def test_inside_a_subgraph_what_comes_from_outside_is_swapped_too(switch):
    switch.into_subgraph("switch")
    choose(switch, "switch", "Swap the branches")
    (sent,) = [spec["inputs"] for spec in switch.prompt().values() if spec["class_type"] == "SwitchyardSwitch"]
    titles = dict(switch.page.evaluate("() => app.rootGraph.nodes.map((node) => [`${node.id}`, node.title])"))
    assert [titles[sent[name][0]] for name in ("on_true", "on_false")] == ["number", "text"]


def test_a_command_does_it_to_what_is_selected(switch):
    execute = "() => app.extensionManager.command.execute('Switchyard.SwapBranches')"
    switch.page.evaluate("() => { app.canvas.deselectAll() }")
    switch.page.evaluate(execute)
    switch.page.get_by_text("Select a Switch; its two branches change places.").first.wait_for()
    assert branches(switch) == ["text", "number"]
    switch.page.evaluate("() => { app.canvas.selectNode(probe.node('switch')) }")
    switch.page.evaluate(execute)
    switch.settle()
    assert branches(switch) == ["number", "text"]


def test_a_comparison_turns_round_if_it_has_an_opposite(canvas):
    canvas.add("SwitchyardCompare", "compare")
    comparison = "() => probe.node('compare').widgets.find((widget) => widget.name === 'comparison').value"
    assert "Turn round: less or equal" in items(canvas, "compare")
    choose(canvas, "compare", "Turn round: less or equal")
    assert canvas.page.evaluate(comparison) == "less_or_equal"
    undo(canvas)
    assert canvas.page.evaluate(comparison) == "greater_than"
    canvas.set_widget("compare", "comparison", "is_none")
    assert not [item for item in items(canvas, "compare") if item.startswith("Turn")]


def colors(canvas):
    """The colors of our types: of slots, of links, and in Nodes 2.0."""
    return canvas.page.evaluate(
        """(types) => types.map((type) => [
            app.canvas.default_connection_color_byType[type],
            app.canvas.constructor.link_type_colors[type],
            getComputedStyle(document.body).getPropertyValue(`--color-datatype-${type}`).trim(),
        ])""",
        list(TYPES),
    )


def choose_palette(canvas, name):
    canvas.page.evaluate("async (name) => { await app.extensionManager.setting.set('Comfy.ColorPalette', name) }", name)
    background = {"light": "lightgray", "dark": "#141414"}[name]
    canvas.page.wait_for_function("(color) => app.canvas.clear_background_color === color", arg=background)
    canvas.settle()


def test_our_types_have_colors_whatever_the_palette(canvas):
    first = colors(canvas)
    assert all(len(set(ways)) == 1 and ways[0].startswith("#") for ways in first)
    assert len({ways[0] for ways in first}) == len(TYPES)
    try:
        choose_palette(canvas, "light")
        assert colors(canvas) == first
    finally:
        choose_palette(canvas, "dark")
    assert colors(canvas) == first
