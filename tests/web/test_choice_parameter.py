"""The list of a Choice Parameter on the canvas: what it offers, what choosing does, and that it is never saved."""

from __future__ import annotations

import pytest

OWN = "one\ntwo\n three \n"


@pytest.fixture
def choice(canvas):
    canvas.add("SwitchyardChoiceParameter", "choice")
    canvas.add("KSampler", "sampler")
    return canvas


def chooser(canvas, title="choice"):
    return canvas.page.evaluate(
        """(title) => {
            const found = probe.node(title).widgets.at(-1)
            return { name: found.name, values: found.options.values, value: found.value }
        }""",
        title,
    )


def offered(canvas):
    canvas.settle()
    return chooser(canvas)["values"]


def choose(canvas, value):
    """What a click on an entry of the list does."""
    canvas.page.evaluate(
        """(value) => {
            const node = probe.node("choice")
            const found = node.widgets.at(-1)
            found.value = value
            found.callback?.(value, app.canvas, node)
        }""",
        value,
    )
    canvas.settle()


def write(canvas, name, value):
    """What typing into a widget does."""
    canvas.page.evaluate(
        """([name, value]) => {
            const found = probe.node("choice").widgets.find((one) => one.name === name)
            found.value = value
            found.callback?.(value)
        }""",
        [name, value],
    )
    canvas.settle()


def lists(canvas, title, name):
    return canvas.page.evaluate(
        "([title, name]) => [...probe.node(title).widgets.find((one) => one.name === name).options.values]",
        [title, name],
    )


def test_it_offers_what_the_input_takes(choice):
    assert offered(choice) == []
    choice.plug("choice", "sampler", "sampler_name")
    assert offered(choice) == lists(choice, "sampler", "sampler_name")
    assert "euler" in offered(choice)
    choice.reload_workflow()
    assert "euler" in offered(choice)
    choice.unplug("sampler", "sampler_name")
    assert offered(choice) == []


def test_it_offers_what_several_inputs_have_in_common(choice):
    choice.add("SwitchyardRefinerSplit", "split")
    choice.plug("choice", "sampler", "scheduler")
    choice.plug("choice", "split", "scheduler")
    assert offered(choice) == lists(choice, "sampler", "scheduler")
    choice.add("SwitchyardSwitch", "switch")
    choice.plug("choice", "switch", "if_missing")
    assert offered(choice) == []


def test_its_own_choices_come_first(choice):
    choice.plug("choice", "sampler", "sampler_name")
    write(choice, "choices", OWN)
    assert offered(choice) == ["one", "two", "three"]
    write(choice, "choices", "")
    assert "euler" in offered(choice)


def test_choosing_writes_the_value_and_nothing_of_the_list_is_saved_or_sent(choice):
    before = choice.serialized()["nodes"][0]
    write(choice, "choices", OWN)
    choose(choice, "two")
    (sent,) = [spec["inputs"] for spec in choice.prompt().values() if spec["class_type"].endswith("ChoiceParameter")]
    assert sent["value"] == "two"
    assert set(sent) == {"name", "value", "label", "description", "group", "order", "default", "choices"}
    after = choice.serialized()["nodes"][0]
    assert after["widgets_values"] == ["", "two", "", "", "", 0, "", OWN]
    assert [slot["name"] for slot in after["inputs"]] == [slot["name"] for slot in before["inputs"]]
    assert "choose" not in after.get("widgets_values_named", {})
    choice.reload_workflow()
    assert chooser(choice) == {"name": "choose", "values": ["one", "two", "three"], "value": "two"}
    assert choice.serialized()["nodes"][0]["widgets_values"] == after["widgets_values"]


def test_what_is_typed_shows_in_the_list(choice):
    write(choice, "value", "own words")
    assert chooser(choice)["value"] == "own words"


def test_it_offers_what_comes_behind_reroutes(choice):
    choice.add("Reroute", "reroute")
    choice.plug("choice", "reroute", "")
    choice.plug("reroute", "sampler", "scheduler")
    choice.page.evaluate("() => app.extensionManager.workflow.activeWorkflow.changeTracker.checkState()")
    assert "karras" in offered(choice)


@pytest.mark.parametrize("inside", [["choice"], ["sampler"], ["choice", "sampler"]])
def test_it_offers_what_is_plugged_in_across_a_subgraph(choice, inside):
    choice.plug("choice", "sampler", "scheduler")
    choice.into_subgraph(*inside)
    choice.reload_workflow()
    assert "karras" in offered(choice)


def test_a_copy_has_one_list_of_its_own(choice):
    write(choice, "choices", OWN)
    choice.page.evaluate(
        "() => { const copy = probe.node('choice').clone(); copy.title = 'copy'; app.rootGraph.add(copy) }"
    )
    choice.settle()
    names = choice.page.evaluate("() => probe.node('copy').widgets.map((one) => one.name)")
    assert names.count("choose") == 1
    choice.reload_workflow()
    assert chooser(choice, "copy")["values"] == ["one", "two", "three"]


@pytest.mark.parametrize("is_edited", [False, True], ids=["fresh", "edited"])
def test_an_entry_is_chosen_with_the_mouse(choice, is_edited):
    """By real clicks: Nodes 2.0 draws a list of its own and asks for what it offers at other times than the canvas."""
    if is_edited:  # from then on page 1.32 no longer looks at the node's widgets
        write(choice, "label", "Scheduler")
    choice.plug("choice", "sampler", "scheduler")
    choice.page.keyboard.press("Escape")  # a dialog about models that a workflow of a test before lacks
    choice.page.evaluate(
        "() => { app.canvas.ds.scale = 1; app.canvas.ds.offset = [0, 0]; app.canvas.draw(true, true) }"
    )
    choice.page.wait_for_timeout(300)
    node = choice.page.locator("[data-node-id]").filter(has_text="choose")
    if node.count():
        node.get_by_role("combobox").last.click()
        choice.page.get_by_role("option", name="karras", exact=True).click()
    else:
        choice.page.mouse.click(
            *choice.page.evaluate(
                """() => {
                    const node = probe.node("choice")
                    const { scale, offset } = app.canvas.ds
                    const around = app.canvas.canvas.getBoundingClientRect()
                    const x = node.pos[0] + node.size[0] / 2 + offset[0]
                    const y = node.pos[1] + node.widgets.at(-1).y + 10 + offset[1]
                    return [x * scale + around.x, y * scale + around.y]
                }"""
            )
        )
        choice.page.locator(".litemenu-entry").filter(has_text="karras").click()
    choice.settle()
    (sent,) = [spec["inputs"] for spec in choice.prompt().values() if spec["class_type"].endswith("ChoiceParameter")]
    assert sent["value"] == chooser(choice)["value"] == "karras"
