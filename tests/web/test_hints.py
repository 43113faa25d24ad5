"""Hints before a run in the real page: they are there before it, are told once, and can be turned off."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
GOLDENS = sorted((ROOT / "tests" / "web" / "goldens").glob("*.json"))
SETTING = "Switchyard.Hints.Show"
CLOSE = """() => {
  const panel = app.extensionManager.bottomPanel
  if (panel.bottomPanelVisible) panel.toggleBottomPanelTab(panel.activeBottomPanelTabId)
}"""
SUMMARY = "Before you run this workflow"


class Hints:
    """The hints of the open workflow, as the panel shows them."""

    def __init__(self, canvas):
        self.canvas = canvas
        self.page = canvas.page
        self.page.evaluate(CLOSE)
        self.page.locator(".switchyard-run").wait_for(state="detached")
        self.page.evaluate("() => app.extensionManager.command.execute('Switchyard.OpenRunReport')")
        self.section = self.page.locator(".switchyard-run-checks")

    def says(self, text):
        self.section.get_by_text(text).first.wait_for(timeout=15_000)

    def press(self, name):
        self.section.get_by_role("button", name=name, exact=True).click()

    def count(self):
        return self.section.get_by_role("button").count()


@pytest.fixture(scope="module")
def opened_once(open_page):
    canvas = open_page("newer", "nodes 2.0")
    yield canvas
    canvas.page.close()


@pytest.fixture
def one(opened_once):
    """An empty canvas in one form of the page."""
    opened_once.complaints.clear()
    opened_once.page.evaluate(CLOSE)
    opened_once.start_over()
    yield opened_once
    assert opened_once.complaints == []


def loaded_anew(canvas):
    """Loads what is on the canvas, as a workflow that nobody has been told anything about."""
    canvas.load({**canvas.serialized(), "id": str(uuid.uuid4())})


def add_twins(canvas):
    """Two parameters of one name, each seen by a preview."""
    for title in ("first", "second"):
        canvas.add("SwitchyardIntegerParameter", title)
        canvas.set_widget(title, "name", "steps")
        canvas.add("PreviewAny", f"{title} seen")
        canvas.plug(title, f"{title} seen", "source")


def add_gate(canvas):
    """A gate after a picture that depends on no seed."""
    canvas.add("LoadImage", "photo")
    canvas.add("SwitchyardQualityScore", "score")
    canvas.add("SwitchyardQualityGate", "gate")
    canvas.plug("photo", "score", "image")
    canvas.plug("photo", "gate", "value")
    canvas.plug("score", "gate", "score")
    canvas.add("PreviewImage", "result")
    canvas.plug("gate", "result", "images")


def add_switch(canvas):
    """A switch with a picture plugged in on both sides; one of them is looked at on the way."""
    for title in ("yes", "no"):
        canvas.add("LoadImage", title)
    canvas.add("SwitchyardSwitch", "switch")
    canvas.plug("yes", "switch", "on_true")
    canvas.plug("no", "switch", "on_false")
    canvas.add("PreviewImage", "look")
    canvas.plug("no", "look", "images")
    canvas.add("PreviewImage", "result")
    canvas.plug("switch", "result", "images")


def value_of(canvas, title, name):
    return canvas.page.evaluate(
        "([title, name]) => probe.node(title).widgets.find((widget) => widget.name === name).value", [title, name]
    )


def test_hints_are_there_before_a_run_and_are_mended_with_a_click(canvas):
    add_twins(canvas)
    add_gate(canvas)
    loaded_anew(canvas)
    hints = Hints(canvas)
    hints.says("second: another parameter is called steps too (first)")
    hints.says("gate: Nothing upstream of the gate has a seed")
    hints.press("Rename to steps_2")
    canvas.page.wait_for_function("() => document.querySelectorAll('.switchyard-run-checks button').length === 1")
    assert value_of(canvas, "second", "name") == "steps_2"
    hints.press("Show gate")
    canvas.page.wait_for_function("() => [...app.canvas.selectedItems].some((node) => node.title === 'gate')")
    canvas.page.evaluate("async () => { await app.extensionManager.command.execute('Comfy.Undo') }")
    hints.says("another parameter is called steps too")
    assert value_of(canvas, "second", "name") == "steps"


def test_an_output_in_a_branch_is_told_also_in_a_subgraph(one):
    add_switch(one)
    one.into_subgraph("no", "look")
    loaded_anew(one)
    hints = Hints(one)
    hints.says("look belongs to on_false of switch")
    hints.press("Show look")
    one.page.wait_for_function("() => [...app.canvas.selectedItems].some((node) => node.title === 'look')")
    one.page.evaluate("() => app.canvas.setGraph(app.rootGraph)")


def test_a_muted_output_is_no_hint(one):
    add_switch(one)
    one.set_mode("look", "muted")
    add_twins(one)
    loaded_anew(one)
    hints = Hints(one)
    hints.says("another parameter is called steps")
    assert hints.count() == 1


def test_a_toast_tells_once_and_before_the_run(one):
    add_switch(one)
    loaded_anew(one)
    toast = one.page.get_by_role("alert").filter(has_text=SUMMARY)
    toast.wait_for(timeout=15_000)
    assert "look belongs to on_false of switch" in toast.inner_text()
    toast.get_by_role("button").first.click()
    toast.wait_for(state="detached")
    one.run()
    one.page.wait_for_timeout(1500)
    assert toast.count() == 0


def test_they_can_be_turned_off(one):
    add_twins(one)
    loaded_anew(one)
    hints = Hints(one)
    hints.says("another parameter is called steps")
    setting = "async ([id, value]) => { await app.extensionManager.setting.set(id, value) }"
    one.page.evaluate(setting, [SETTING, False])
    try:
        hints.section.wait_for(state="hidden")
        loaded_anew(one)
        one.page.wait_for_timeout(1200)
        assert not hints.section.is_visible()
    finally:
        one.page.evaluate(setting, [SETTING, True])
    hints.says("another parameter is called steps")


def test_asking_changes_nothing_and_takes_no_pictures(one):
    """The page's own conversion would have widgets prepare what they send: a camera would take a picture."""
    add_gate(one)
    one.page.evaluate("""() => {
      window.probe.prepared = 0
      for (const widget of probe.node("photo").widgets) widget.serializeValue = () => { probe.prepared++ }
    }""")
    before = one.serialized()
    with one.page.expect_response(lambda reply: "/switchyard/hints" in reply.url):
        one.page.evaluate("""() => {
          app.canvas.emitBeforeChange()
          probe.node("score").title = "judge"
          app.canvas.emitAfterChange()
        }""")
    assert one.page.evaluate("() => probe.prepared") == 0
    after = one.serialized()
    changed = [
        node["title"]
        for node, was in zip(after["nodes"], before["nodes"], strict=True)
        if node["title"] != was["title"]
    ]
    assert changed == ["judge"]


def test_what_is_asked_about_is_what_would_be_sent(one):
    """The graph of the hints has the nodes, links and numbers that a run would have."""
    module = one.page.evaluate("""() => performance.getEntriesByType("resource").map(({ name }) => name)
      .find((name) => name.endsWith("/lib/live_graph.mjs"))""")
    for stem in ("Compare and switch", "Template hi-res fix", "Template quality gate"):
        one.load(json.loads((ROOT / "example_workflows" / f"{stem}.json").read_text(encoding="utf-8")))
        if stem == "Compare and switch":
            one.into_subgraph(*one.page.evaluate("() => app.rootGraph.nodes.slice(1, 4).map((node) => node.title)"))
        live = one.page.evaluate("async (url) => (await import(url)).liveGraph(app.rootGraph)", module)
        sent = one.prompt()
        assert live["isWhole"]
        assert links_of(live["graph"]) == links_of(sent), stem
        assert numbers_of(live["graph"]) == numbers_of(sent), stem


def test_there_is_nothing_to_say_about_the_examples(page_servers):
    server = page_servers("newer")
    for golden in GOLDENS:
        graph = json.loads(golden.read_text(encoding="utf-8"))
        assert server.post("/switchyard/hints", {"graph": graph}) == (200, {"hints": []}), golden.stem


def links_of(graph):
    return {
        (node_id, spec["class_type"], name): value
        for node_id, spec in graph.items()
        for name, value in [("", None), *spec["inputs"].items()]
        if name == "" or (isinstance(value, list) and len(value) == 2)
    }


def numbers_of(graph):
    return {
        (node_id, name): value
        for node_id, spec in graph.items()
        for name, value in spec["inputs"].items()
        if isinstance(value, (int, float))
    }
