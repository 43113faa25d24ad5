"""Saving the open workflow as a template and loading one, in the real page, by pressing what a person would press."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from canvas import what_is_sent
from forms import ONE_FORM

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = json.loads((ROOT / "example_workflows" / "Compare and switch.json").read_text(encoding="utf-8"))
# What a screen reader calls the element that has the focus.
FOCUSED = """() => {
  const { ariaLabel, labels, textContent } = document.activeElement
  return ariaLabel ?? labels?.[0]?.querySelector("span")?.textContent ?? labels?.[0]?.textContent ?? textContent
}"""
COMMANDS = ["Switchyard.SaveAsTemplate", "Switchyard.LoadTemplate", "Switchyard.EditParameters"]


class Panel:
    """The tab of templates, opened by its button."""

    def __init__(self, canvas):
        self.canvas = canvas
        self.page = canvas.page
        self.root = self.page.locator(".switchyard-panel:not(.switchyard-run)")
        self.folder = canvas.server.base / "user" / "default" / "switchyard" / "templates"
        shutil.rmtree(self.folder, ignore_errors=True)
        if not self.root.count():
            self.page.get_by_role("button", name="Switchyard templates").click()
        self.holds("", "")  # the form of a test before is gone, and with it what moves the list
        self.root.get_by_role("button", name="Refresh").click()
        self.name, self.title, self.description = (
            self.root.get_by_role("textbox", name=name, exact=True) for name in ("Name", "Title", "Description")
        )

    def file(self, name):
        return json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))

    def press(self, name):
        self.root.get_by_role("button", name=name, exact=True).click()

    def says(self, text):
        self.root.get_by_text(text).first.wait_for(timeout=10_000)

    def holds(self, name, title):
        """Waits until the form has these values."""
        self.page.wait_for_function(
            """(wanted) => {
                const fields = [...document.querySelectorAll(".switchyard-panel form input")]
                return fields.map((field) => field.value).join("|") === wanted
            }""",
            arg=f"{name}|{title}",
            timeout=10_000,
        )

    def save(self, name, title="", description=""):
        self.name.fill(name)
        self.title.fill(title)
        self.description.fill(description)
        self.press("Save as template")

    def load(self, title):
        self.press(f"Load {title}")
        self.says("as the new workflow")


@pytest.fixture
def panel(canvas):
    yield Panel(canvas)
    canvas.page.evaluate("(tab) => app.extensionManager.sidebarTab.toggleSidebarTab(tab)", "switchyard-templates")


def open_tabs(canvas):
    return canvas.page.evaluate("() => app.extensionManager.workflow.openWorkflows.map((workflow) => workflow.path)")


def opened_tab(canvas):
    return canvas.page.evaluate("() => app.extensionManager.workflow.activeWorkflow.path")


def focused(canvas):
    return canvas.page.evaluate(FOCUSED)


def add_parameter(canvas, value=20):
    """An integer called steps, seen by a preview."""
    canvas.add("SwitchyardIntegerParameter", "steps")
    canvas.set_widget("steps", "name", "steps")
    canvas.set_widget("steps", "value", value)
    canvas.add("PreviewAny", "seen")
    canvas.plug("steps", "seen", "source")


def test_what_is_saved_is_loaded_as_the_same_graph_in_a_tab_of_its_own(canvas, panel):
    canvas.load(EXAMPLE)
    add_parameter(canvas)
    sent = canvas.prompt()
    panel.save("compare_it", "Compare & switch", "Compares two numbers.")
    panel.says("Saved as compare_it, with 1 parameter.")
    panel.root.get_by_role("list", name="Parameters").get_by_text("integer").wait_for()
    document = panel.file("compare_it")
    assert what_is_sent(document["graph"]) == what_is_sent(sent)
    assert document["description"] == "Compares two numbers."

    canvas.load()
    panel.holds("", "")
    before = open_tabs(canvas)
    panel.load("Compare & switch")
    assert what_is_sent(canvas.prompt()) == what_is_sent(sent)
    assert set(open_tabs(canvas)) - set(before) == {opened_tab(canvas)}
    panel.holds("compare_it", "Compare & switch")
    assert panel.description.input_value() == "Compares two numbers."


def test_subgraphs_come_back(canvas, panel):
    add_parameter(canvas)
    canvas.into_subgraph("steps")
    sent = canvas.prompt()
    panel.save("inside")
    panel.says("Saved as inside, with 1 parameter.")
    canvas.load()
    panel.holds("", "")
    panel.load("inside")
    assert what_is_sent(canvas.prompt()) == what_is_sent(sent)


def test_what_was_not_saved_is_still_there_after_a_template_was_loaded(canvas, panel):
    add_parameter(canvas)
    panel.save("kept")
    panel.says("Saved as kept")
    canvas.set_widget("steps", "value", 77)
    edited, here = canvas.prompt(), opened_tab(canvas)
    panel.load("kept")
    assert what_is_sent(canvas.prompt()) != what_is_sent(edited)
    canvas.page.evaluate("() => app.extensionManager.command.execute('Workspace.PreviousOpenedWorkflow')")
    canvas.page.wait_for_function("(path) => app.extensionManager.workflow.activeWorkflow.path === path", arg=here)
    canvas.settle()
    assert what_is_sent(canvas.prompt()) == what_is_sent(edited)


def test_a_template_that_is_loaded_twice_gets_two_tabs(canvas, panel):
    add_parameter(canvas)
    panel.save("twice")
    panel.says("Saved as twice")
    tabs = []
    for _ in range(2):
        panel.load("twice")
        tabs.append(opened_tab(canvas))
    assert tabs[0] != tabs[1]
    assert set(tabs) <= set(open_tabs(canvas))
    assert panel.name.input_value() == "twice"


def test_a_name_that_is_taken_is_overwritten_only_if_the_user_says_so(canvas, panel):
    add_parameter(canvas, 20)
    panel.save("taken")
    panel.says("Saved as taken")
    canvas.set_widget("steps", "value", 30)
    for answer, value in (("Cancel", 20), ("Overwrite", 30)):
        panel.save("taken")
        canvas.page.get_by_role("dialog").get_by_role("button", name=answer).click()
        canvas.page.get_by_role("dialog").wait_for(state="detached")
        panel.root.locator("button[type=submit]:enabled").wait_for()
        canvas.page.wait_for_timeout(300)
        assert panel.file("taken")["parameters"][0]["default"] == value


def test_a_name_is_checked_as_it_is_typed(canvas, panel):
    add_parameter(canvas)
    for name, problem in (("Über", "lower case"), ("a/b", "only"), ("con", "Windows"), ("", "name")):
        panel.name.fill(name)
        panel.root.locator("#switchyard-template-problem", has_text=problem).wait_for()
        assert panel.name.get_attribute("aria-invalid") == "true"
    panel.name.fill("../x")
    panel.title.press("Enter")
    assert focused(canvas) == "Name"
    assert not panel.folder.exists()
    panel.name.fill("right-1")
    assert panel.name.get_attribute("aria-invalid") is None
    panel.name.press("Enter")
    panel.says("Saved as right-1")


def test_what_the_server_refuses_is_said_in_the_panel_and_in_a_toast(canvas, panel):
    panel.save("nothing")
    alert = panel.root.get_by_role("alert")
    alert.wait_for()
    assert "empty" in alert.inner_text()
    canvas.page.get_by_text("The template was not saved").first.wait_for()
    assert not panel.folder.exists()


def test_the_form_is_about_the_workflow_that_is_open(canvas, panel):
    canvas.page.evaluate("(workflow) => app.loadGraphData(workflow, true, true, 'Größe & Co')", EXAMPLE)
    panel.holds("gro-e-co", "Größe & Co")
    panel.title.fill("Typed")
    canvas.load()
    panel.holds("", "")
    canvas.page.evaluate("() => app.extensionManager.command.execute('Workspace.PreviousOpenedWorkflow')")
    panel.holds("gro-e-co", "Typed")


def test_a_template_without_a_workflow_is_drawn_from_its_graph(canvas, panel):
    graph = {
        "7": {"class_type": "SwitchyardIntegerParameter", "inputs": {"name": "steps", "value": 12}},
        "9": {"class_type": "PreviewAny", "inputs": {"source": ["7", 0]}},
    }
    assert canvas.server.post("/switchyard/templates", {"name": "bare", "output": graph})[0] == 201
    panel.press("Refresh")
    panel.load("bare")
    sent = what_is_sent(canvas.prompt())
    assert sent["9"] == graph["9"]
    assert graph["7"]["inputs"].items() <= sent["7"]["inputs"].items()
    assert len(sent) == 2


def test_a_template_whose_nodes_are_missing_leaves_the_canvas_alone(canvas, panel):
    graph = {"1": {"class_type": "NobodyHasThis", "inputs": {}}}
    assert canvas.server.post("/switchyard/templates", {"name": "other", "output": graph})[0] == 201
    add_parameter(canvas)
    before, tabs = canvas.prompt(), open_tabs(canvas)
    panel.press("Refresh")
    panel.press("Load other")
    panel.says("not installed: NobodyHasThis")
    assert canvas.prompt() == before
    assert open_tabs(canvas) == tabs


def test_a_broken_file_is_listed_with_what_is_wrong(canvas, panel):
    panel.folder.mkdir(parents=True)
    (panel.folder / "broken.json").write_text("{", encoding="utf-8")
    panel.press("Refresh")
    panel.says("Can't be used")
    assert panel.root.get_by_role("button", name="Load", exact=False).count() == 0


def test_texts_are_never_read_as_html(canvas, panel):
    add_parameter(canvas)
    panel.save("html", "<img src=x><b>bold</b>", "<script>1</script>")
    panel.says("Saved as html")
    panel.says("<img src=x><b>bold</b>")
    panel.says("<script>1</script>")
    assert panel.root.locator("img, b, script").count() == 0


def test_the_commands_are_there_and_put_the_focus_where_one_goes_on(canvas, panel):
    ids = canvas.page.evaluate("() => app.extensionManager.command.commands.map((command) => command.id)")
    assert set(COMMANDS) <= set(ids)
    add_parameter(canvas)
    panel.save("there")
    panel.says("Saved as there")
    for is_open in (True, False):
        for command, label in zip(COMMANDS, ("Name", "Load there", "steps"), strict=True):
            if not is_open:
                canvas.page.get_by_role("button", name="Switchyard templates").click()
                panel.root.wait_for(state="detached")
            canvas.page.evaluate("(id) => { app.extensionManager.command.execute(id) }", command)
            canvas.page.wait_for_function(f"(label) => ({FOCUSED})() === label", arg=label)


def test_everything_in_the_panel_is_reached_with_the_tab_key(canvas, panel):
    add_parameter(canvas)
    panel.save("key")
    panel.says("Saved as key")
    panel.root.get_by_role("button", name="Load key").wait_for()
    panel.name.focus()
    seen = [focused(canvas)]
    for _ in range(7):
        canvas.page.keyboard.press("Tab")
        seen.append(focused(canvas))
    after = ["Load key", "Rename key", "Delete key"]
    assert seen == ["Name", "Title", "Description", "Save as template", "Refresh", *after]


@ONE_FORM
def test_what_was_pressed_with_the_keyboard_has_the_focus_again_when_it_is_done(canvas, panel):
    """A button that is disabled while it works loses the focus to the page."""
    add_parameter(canvas)
    panel.name.fill("pressed")
    for label, said in (
        ("Save as template", "Saved as pressed"),
        ("Load pressed", "as the new workflow"),
        ("Refresh", "as the new workflow"),
    ):
        panel.root.get_by_role("button", name=label, exact=True).press("Enter")
        panel.says(said)
        canvas.page.wait_for_function(f"(label) => ({FOCUSED})() === label", arg=label)


def dialog(canvas):
    return canvas.page.get_by_role("dialog")


def answered(canvas, button):
    dialog(canvas).get_by_role("button", name=button).first.click()
    dialog(canvas).wait_for(state="detached")


def test_a_template_is_deleted_only_if_the_user_says_so(canvas, panel):
    add_parameter(canvas)
    panel.save("gone")
    panel.says("Saved as gone")
    panel.press("Delete gone")
    answered(canvas, "Cancel")
    panel.press("Refresh")
    assert (panel.folder / "gone.json").is_file()
    panel.press("Delete gone")
    answered(canvas, "Delete")
    panel.says("Deleted gone.")
    assert not (panel.folder / "gone.json").exists()
    assert panel.root.get_by_role("button", name="Load gone").count() == 0
    assert focused(canvas) == "Refresh"


def test_a_template_is_renamed_with_the_keyboard(canvas, panel):
    """A name that can't be one is said at once, nothing is renamed over another template, and Escape gives up."""
    add_parameter(canvas)
    for name in ("old", "other"):
        panel.save(name)
        panel.says(f"Saved as {name}")
    before = panel.file("old")
    field = panel.root.get_by_role("textbox", name="New name of old")
    for key, ended in (("Escape", "Rename old"), ("Enter", "Refresh")):
        panel.root.get_by_role("button", name="Rename old").press("Enter")
        assert focused(canvas) == "New name of old"
        for wanted, sentence in (("Bad name", "lower case"), ("other", "already")):
            field.fill(wanted)
            canvas.page.keyboard.press("Enter")
            panel.root.locator("#switchyard-template-rename-problem", has_text=sentence).wait_for()
        field.fill("fresh")
        canvas.page.keyboard.press(key)
        field.wait_for(state="detached")
        canvas.page.wait_for_function(f"(label) => ({FOCUSED})() === label", arg=ended)
    panel.says("Renamed old to fresh.")
    assert panel.file("fresh") == {**before, "name": "fresh"}
    assert not (panel.folder / "old.json").exists()


@ONE_FORM
def test_a_new_name_that_is_being_typed_stays_when_the_list_is_read_anew(canvas, panel):
    """Reading it may take long: the answer after a template was saved can come when the user is elsewhere already."""
    add_parameter(canvas)
    panel.save("old")
    panel.says("Saved as old")
    panel.root.get_by_role("button", name="Rename old").press("Enter")
    field = panel.root.get_by_role("textbox", name="New name of old")
    field.fill("fresh")
    panel.save("other")
    panel.root.get_by_role("button", name="Rename other").wait_for()
    assert field.input_value() == "fresh"
    field.press("Enter")
    panel.says("Renamed old to fresh.")


def test_a_broken_file_can_be_deleted(canvas, panel):
    panel.folder.mkdir(parents=True)
    (panel.folder / "broken.json").write_text("{", encoding="utf-8")
    panel.press("Refresh")
    panel.press("Delete broken")
    answered(canvas, "Delete")
    panel.says("Deleted broken.")
    assert not (panel.folder / "broken.json").exists()
