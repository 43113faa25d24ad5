"""The list of parameters in the sidebar: edited there, sent from the canvas, judged by the server as they are typed."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from forms import ONE_FORM
from parameters_panel import FOCUSED, Parameters, add, focused, held, is_sent, sent
from playwright.sync_api import expect

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def panel(canvas):
    panel = Parameters(canvas).open()
    yield panel
    panel.close()


def test_what_is_edited_in_the_list_is_sent_and_what_is_edited_on_the_canvas_shows_in_the_list(canvas, panel):
    add(canvas, "Text", "prompt", label="Prompt", value="a cat")
    add(canvas, "Integer", "steps", value=20, max="50")
    add(canvas, "Number", "cfg", value=4.5)
    add(canvas, "Boolean", "upscale")
    add(canvas, "Choice", "look", value="one", choices="one\ntwo")
    add(canvas, "Seed", "seed", value=7)
    for label, value in (("Prompt", "a cat"), ("steps", "20"), ("cfg", "4.5"), ("upscale", False), ("look", "one")):
        panel.holds(label, value)
    panel.field("Prompt").fill("a <b>dog</b>")
    is_sent(canvas, "prompt", "a <b>dog</b>")
    panel.field("steps").fill("3e1")
    is_sent(canvas, "steps", 30)
    panel.field("cfg").fill("6.25")
    is_sent(canvas, "cfg", 6.25)
    panel.field("upscale").check()
    is_sent(canvas, "upscale", True)
    panel.field("look").select_option("two")
    is_sent(canvas, "look", "two")
    panel.field("seed").fill("123456789012")
    is_sent(canvas, "seed", 123456789012)
    panel.holds("steps", "30")  # as the node holds it, once the field is left

    canvas.set_widget("prompt", "value", "a bird")
    canvas.set_widget("steps", "value", 41)
    canvas.set_widget("look", "value", "one")
    for label, value in (("Prompt", "a bird"), ("steps", "41"), ("look", "one")):
        panel.holds(label, value)
    canvas.reload_workflow()
    assert (sent(canvas, "cfg"), sent(canvas, "upscale"), sent(canvas, "prompt")) == (6.25, True, "a bird")


def test_nodes_show_what_is_written_in_the_list(canvas, panel):
    """In Nodes 2.0 the node's own elements have to be told."""
    add(canvas, "Text", "prompt", value="a cat")
    panel.holds("prompt", "a cat")
    panel.field("prompt").fill("a dog")
    is_sent(canvas, "prompt", "a dog")
    shown = canvas.page.locator("#graph-canvas-container textarea, .comfy-multiline-input, [data-node-id] textarea")
    canvas.page.wait_for_function(
        "(fields) => fields.some((field) => field.value === 'a dog')", arg=shown.element_handles()
    )


def test_a_wrong_value_is_told_in_the_words_of_a_run_and_not_written(canvas, panel):
    add(canvas, "Integer", "steps", value=20, max="50")
    panel.holds("steps", "20")
    for text in ("200", "4.5", "many", ""):
        panel.field("steps").fill(text)
        words = panel.says("steps", f'"{text}"')
        assert "it must be a whole number" in words
        assert panel.field("steps").get_attribute("aria-invalid") == "true"
        assert panel.field("steps").input_value() == text
        assert sent(canvas, "steps") == 20
    described = panel.field("steps").get_attribute("aria-describedby").split()
    assert canvas.page.locator(f"#{described[-1]}").inner_text() == words
    panel.field("steps").fill("50")
    is_sent(canvas, "steps", 50)
    expect(panel.field("steps")).not_to_have_attribute("aria-invalid", re.compile(""))
    panel.field("steps").fill("999")
    panel.says("steps", "999")
    panel.field("steps").press("Escape")
    panel.holds("steps", "50")


def test_an_edit_is_one_step_that_can_be_undone(canvas, panel):
    add(canvas, "Integer", "steps", value=20)
    canvas.page.evaluate("() => { app.canvas.emitBeforeChange(); app.canvas.emitAfterChange() }")
    panel.holds("steps", "20")
    panel.field("steps").click()
    panel.field("steps").fill("")
    panel.field("steps").press_sequentially("31", delay=20)
    is_sent(canvas, "steps", 31)
    panel.field("steps").press("Tab")
    modified = "() => app.extensionManager.workflow.activeWorkflow.isModified"
    canvas.page.wait_for_function(modified)
    canvas.settle()
    canvas.page.evaluate("() => app.extensionManager.command.execute('Comfy.Undo')")
    is_sent(canvas, "steps", 20)
    panel.holds("steps", "20")
    canvas.page.evaluate("() => app.extensionManager.command.execute('Comfy.Redo')")
    is_sent(canvas, "steps", 31)


@pytest.mark.parametrize("is_promoted", [False, True], ids=["inside", "promoted"])
def test_a_parameter_in_a_subgraph_is_edited_and_its_node_shown(canvas, panel, is_promoted):
    add(canvas, "Integer", "steps", value=20)
    canvas.add("PreviewAny", "seen")
    canvas.plug("steps", "seen", "source")
    canvas.into_subgraph("steps")
    if is_promoted:
        canvas.page.evaluate(
            """() => {
                const node = probe.node("steps")
                node.graph.inputNode.slots // made on first use
                const index = probe.input(node, "value")
                node.graph.addInput("value", "INT").connect(node.inputs[index], node)
            }"""
        )
        canvas.settle()
    panel.root.locator("[data-parameter*=':']").wait_for()  # it has seen that the node is in a subgraph now
    panel.holds("steps", "20")
    panel.field("steps").fill("33")
    is_sent(canvas, "subgraph" if is_promoted else "steps", 33, sender="steps")
    panel.field("steps").fill("x")
    panel.says("steps", "whole number")
    panel.row("steps").get_by_role("button", name="Show the node of steps").click()
    canvas.page.wait_for_function("() => app.canvas.graph === probe.node('steps').graph")
    canvas.page.wait_for_function("() => [...app.canvas.selectedItems].includes(probe.node('steps'))")
    canvas.page.evaluate("() => app.canvas.setGraph(app.rootGraph)")


@ONE_FORM
def test_rows_come_in_groups_and_order_with_what_describes_them(canvas, panel):
    add(canvas, "Text", "last", order=9, label="Last")
    add(canvas, "Integer", "steps", group="Sampling", description="How many steps.", default="25")
    add(canvas, "Number", "cfg", group="Sampling", order=-1)
    add(canvas, "Text", "first", order=-5)
    panel.holds("Last", "")
    panel.shows("first", "Last", "cfg", "steps")
    assert panel.root.get_by_role("group", name="Sampling").locator("h4").inner_text() == "Sampling"
    text = panel.row("steps").inner_text()
    assert "How many steps." in text
    assert "In a template, the default is 25." in text
    canvas.page.evaluate(
        """() => {
            const group = new LiteGraph.LGraphGroup("Words")
            const [x, y, width, height] = probe.node("first").boundingRect
            group.pos = [x - 10, y - 10]
            group.size = [width + 20, height + 20]
            app.rootGraph.add(group)
        }"""
    )
    panel.root.get_by_role("group", name="Words").wait_for()


@ONE_FORM
def test_the_list_follows_the_workflow_that_is_open(canvas, panel):
    add(canvas, "Integer", "steps", value=20)
    panel.holds("steps", "20")
    panel.field("steps").fill("never")
    panel.says("steps", "never")
    canvas.page.evaluate("() => app.loadGraphData(app.rootGraph.serialize(), true, true, 'A copy')")
    panel.holds("steps", "20")
    example = json.loads((ROOT / "example_workflows" / "Template photograph check.json").read_text(encoding="utf-8"))
    canvas.load(example)
    panel.shows("Photograph", "Kind of picture", "Lowest score")
    panel.holds("Lowest score", "0.8")
    canvas.page.evaluate("() => app.extensionManager.command.execute('Workspace.PreviousOpenedWorkflow')")
    panel.holds("steps", "20")


@ONE_FORM
def test_what_is_wrong_with_a_parameter_does_not_keep_its_value_from_being_edited(canvas, panel):
    add(canvas, "Integer", "steps", label="One")
    add(canvas, "Integer", "two", label="Two", min="9", max="5")
    canvas.set_widget("two", "name", "steps")
    assert "nodes 1 and 2 have this name" in panel.says("One", "steps")
    assert "min is 9 and max is 5" in panel.says("Two", "min")
    panel.field("Two").fill("7")
    is_sent(canvas, "two", 7)


@ONE_FORM
def test_parameters_that_can_not_be_edited_are_there_and_say_why(canvas, panel):
    add(canvas, "Integer", "muted", value=5)
    canvas.set_mode("muted", "muted")
    add(canvas, "Integer", "plugged")
    canvas.add("PrimitiveInt", "source")
    canvas.plug("source", "plugged", "value")
    panel.row("muted").get_by_text("Its node is muted").wait_for()
    panel.row("plugged").get_by_text("Its value comes from source.").wait_for()
    assert panel.root.get_by_role("spinbutton").count() == 0
    assert panel.row("muted").locator(".switchyard-problem:visible").count() == 0


@ONE_FORM
def test_seeds_are_drawn_within_their_limits_and_what_becomes_of_them_is_chosen(canvas, panel):
    add(canvas, "Seed", "seed", value=5, min="1000", max="1003")
    panel.says("seed", "from 1000 to 1003")
    panel.root.get_by_role("button", name="Random seed").click()
    canvas.page.wait_for_function("() => probe.node('seed').widgets.find((one) => one.name === 'value').value >= 1000")
    assert 1000 <= sent(canvas, "seed") <= 1003
    panel.root.get_by_role("combobox", name="After each run").select_option("increment")
    assert held(canvas, "seed", "control_after_generate") == "increment"
    panel.field("seed").fill(str(2**64 - 1))
    panel.says("seed", "1003")
    canvas.set_widget("seed", "max", "")
    assert "command line" in panel.says("seed", "exactly")


@ONE_FORM
def test_choices_are_those_of_what_is_fed_and_values_that_are_not_among_them_stay(canvas, panel):
    add(canvas, "Choice", "sampler", value="nobody")
    canvas.add("Reroute", "reroute")
    canvas.add("KSampler", "target")
    canvas.plug("sampler", "reroute", "")
    canvas.plug("reroute", "target", "sampler_name")
    panel.holds("sampler", "nobody")
    assert "sampler_name of node 3 (KSampler) does not take it" in panel.says("sampler", "nobody")
    offered = panel.field("sampler").locator("option").all_inner_texts()
    assert offered[0] == "nobody (not in the list)"
    assert "euler" in offered
    panel.field("sampler").select_option("euler")
    is_sent(canvas, "sampler", "euler")


@ONE_FORM
def test_the_general_parameter_has_the_control_of_its_type_and_holds_text(canvas, panel):
    add(canvas, "Template", "it", type="number", value="4.5")
    panel.root.get_by_role("spinbutton", name="it").fill("5.50")
    is_sent(canvas, "it", "5.50")
    canvas.set_widget("it", "type", "boolean")
    panel.says("it", "true or false")
    panel.root.get_by_role("checkbox", name="it").check()
    is_sent(canvas, "it", "true")


@ONE_FORM
def test_a_picture_is_chosen_or_uploaded_and_shown(canvas, panel):
    pictures = canvas.server.base / "input"
    for path in pictures.glob("new photo*"):
        path.unlink()
    shutil.copy(ROOT / "data" / "demo" / "astronaut.png", pictures / "known.png")
    add(canvas, "Image", "photo", value="known.png")
    panel.holds("photo", "known.png")
    picture = panel.root.get_by_role("img", name="The picture of photo")
    picture.wait_for()
    with canvas.page.expect_file_chooser() as chooser:
        panel.root.get_by_role("button", name="Upload a picture for photo").click()
    bytes_of = (ROOT / "data" / "demo" / "astronaut.png").read_bytes()
    chooser.value.set_files({"name": "new photo & co.png", "mimeType": "image/png", "buffer": bytes_of})
    is_sent(canvas, "photo", "new photo & co.png")
    assert (pictures / "new photo & co.png").is_file()
    panel.holds("photo", "new photo & co.png")
    picture.wait_for()
    canvas.set_widget("photo", "value", "nowhere.png")
    panel.says("photo", "no such file")
    picture.wait_for(state="hidden")


@ONE_FORM
def test_an_empty_graph_says_what_a_parameter_is_and_one_is_added_by_the_keyboard(canvas, panel):
    panel.root.get_by_text("has no parameters yet").wait_for()
    panel.root.get_by_role("combobox", name="Type of the new parameter").select_option("integer")
    panel.root.get_by_role("button", name="Add a parameter").press("Enter")
    panel.root.get_by_role("spinbutton", name="integer").wait_for()
    canvas.page.wait_for_function(f"() => ({FOCUSED})() === 'integer'")
    canvas.page.keyboard.press("Control+a")
    canvas.page.keyboard.type("9")
    canvas.page.keyboard.press("ArrowUp")
    canvas.page.wait_for_function("() => app.rootGraph.nodes[0].widgets[1].value === 10")
    for label in ("Type of the new parameter", "Add a parameter"):
        canvas.page.keyboard.press("Tab")
        assert focused(canvas).startswith(label)
    canvas.page.keyboard.press("Enter")
    panel.root.get_by_role("spinbutton", name="integer_2").wait_for()
    canvas.page.evaluate("() => app.extensionManager.command.execute('Comfy.Undo')")
    panel.root.get_by_role("spinbutton", name="integer_2").wait_for(state="detached")


@ONE_FORM
def test_what_app_mode_shows_is_listed_in_its_order(canvas, panel):
    add(canvas, "Integer", "steps")
    canvas.add("KSampler", "target")
    ids = canvas.page.evaluate("() => ['target', 'steps'].map((title) => Number(probe.node(title).id))")
    shown = [[ids[0], "cfg", {"label": "Guidance"}], [ids[0], "denoise"], [ids[1], "value"], [99, "gone"]]
    canvas.page.evaluate("(inputs) => { app.rootGraph.extra.linearData = { inputs, outputs: [] } }", shown)
    listed = panel.root.get_by_role("list", name="Shown in App mode").get_by_role("listitem")
    listed.nth(3).wait_for()
    for item, words in zip(
        listed.all(), (["Guidance", "cfg", "8"], ["denoise"], ["value", "0"], ["gone"]), strict=True
    ):
        assert all(word in item.inner_text() for word in words)
    panel.root.get_by_text("A template takes the parameters above.").wait_for()
    listed.first.get_by_role("button").click()
    canvas.page.wait_for_function("() => [...app.canvas.selectedItems].includes(probe.node('target'))")
    assert canvas.serialized()["extra"]["linearData"]["inputs"] == shown


@ONE_FORM
def test_a_server_that_does_not_answer_is_said_and_nothing_is_written(canvas, panel):
    add(canvas, "Integer", "steps", value=20)
    panel.holds("steps", "20")
    canvas.page.route("**/switchyard/parameters", lambda route: route.abort())
    try:
        panel.field("steps").fill("30")
        panel.root.get_by_text("does not answer").wait_for()
        assert sent(canvas, "steps") == 20
    finally:
        canvas.page.unroute("**/switchyard/parameters")
    panel.field("steps").press("Tab")
    is_sent(canvas, "steps", 30)


def test_looking_at_the_list_changes_nothing_of_the_workflow(canvas, panel):
    example = json.loads((ROOT / "example_workflows" / "Template hi-res fix.json").read_text(encoding="utf-8"))
    panel.close()
    canvas.load(example)
    before, prompt = canvas.serialized(), canvas.prompt()
    panel.open()
    panel.field("Prompt").first.wait_for()
    canvas.settle()
    assert canvas.prompt() == prompt
    assert canvas.serialized()["nodes"] == before["nodes"]
