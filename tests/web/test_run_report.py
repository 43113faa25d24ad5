"""The run report in the real page: what a run decided, a gate's candidates and their seeds, the way to the nodes."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "example_workflows"
COMMAND = "Switchyard.OpenRunReport"
CLOSE = """() => {
  const panel = app.extensionManager.bottomPanel
  if (panel.bottomPanelVisible) panel.toggleBottomPanelTab(panel.activeBottomPanelTabId)
}"""


class Report:
    """The tab of the run report, opened by its keys."""

    def __init__(self, canvas):
        self.canvas = canvas
        self.page = canvas.page
        self.root = self.page.locator(".switchyard-run")
        self.page.evaluate(CLOSE)
        self.root.wait_for(state="detached")
        self.page.evaluate("() => document.activeElement.blur()")
        self.page.keyboard.press("Control+Shift+L")
        self.root.wait_for()

    def rows(self, name="Decisions"):
        """The lines of a list, once it is there."""
        items = self.root.get_by_role("list", name=name, exact=True).locator("> li > button")
        items.first.wait_for()
        return [" ".join(text.split()) for text in items.all_inner_texts()]

    def says(self, text):
        self.root.get_by_text(text).first.wait_for(timeout=15_000)

    def press(self, name, exact=True):
        self.root.get_by_role("button", name=name, exact=exact).first.click()

    def candidates(self, count):
        cards = self.root.locator(".switchyard-run-grid > li")
        cards.nth(count - 1).wait_for(timeout=15_000)
        return cards


def example(stem):
    """An example as a workflow of its own: no other one has its id, nor its last run."""
    return {**json.loads((EXAMPLES / f"{stem}.json").read_text(encoding="utf-8")), "id": str(uuid.uuid4())}


def succeeds(canvas):
    end = canvas.run()
    assert end["type"] == "execution_success", end


def selected(canvas):
    return canvas.page.evaluate("() => [...app.canvas.selectedItems].map((node) => node.title)")


def widgets(canvas, title):
    return canvas.page.evaluate(
        "(title) => Object.fromEntries(probe.node(title).widgets.map((widget) => [widget.name, widget.value]))", title
    )


def load_gate(canvas, seed=40, **more):
    """The example of a gate that fails three times, with a seed that would change after the run."""
    canvas.load(example("Quality gate"))
    canvas.page.evaluate("""() => {
      app.rootGraph.nodes.find((node) => node.type === "SwitchyardQualityGate").title = "gate"
      app.rootGraph.nodes.find((node) => node.type === "SwitchyardAttemptSeed").title = "first seed"
    }""")
    canvas.set_widget("first seed", "seed", seed)
    canvas.set_widget("first seed", "control_after_generate", "randomize")
    for name, value in {"threshold": 0.999, "max_attempts": 3, **more}.items():
        canvas.set_widget("gate", name, value)


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


def test_a_run_is_told_and_a_candidate_is_made_again(canvas):
    load_gate(canvas)
    report = Report(canvas)
    succeeds(canvas)
    cards = report.candidates(3)
    assert any(row.startswith("gate not enough passed in 3 attempts") for row in report.rows())
    assert "first seed" in " ".join(report.rows("Time per node"))
    canvas.page.wait_for_function("""() => [...document.querySelectorAll(".switchyard-run-grid img")].length === 3
      && [...document.querySelectorAll(".switchyard-run-grid img")].every((image) => image.naturalWidth === 160)""")
    assert [text.startswith("score") for text in cards.all_inner_texts()] == [True] * 3
    last = cards.filter(has_text="attempt 3")
    before = widgets(canvas, "first seed")
    last.get_by_role("button").click()
    report.says("1 value written")
    assert widgets(canvas, "first seed") == {"seed": 42, "control_after_generate": "fixed"}
    assert widgets(canvas, "gate")["replay"] == "all"
    score = last.inner_text().split()[1]

    canvas.page.evaluate("async () => { await app.extensionManager.command.execute('Comfy.Undo') }")
    canvas.settle()
    assert widgets(canvas, "first seed") == before
    assert widgets(canvas, "gate")["replay"] == ""
    canvas.page.evaluate("async () => { await app.extensionManager.command.execute('Comfy.Redo') }")
    canvas.settle()
    succeeds(canvas)
    report.says(f"made again as replay says, with {score}")


def test_a_line_shows_its_node_also_in_a_subgraph(canvas):
    canvas.load(example("Compare and switch"))
    names = canvas.page.evaluate(
        "() => app.rootGraph.nodes.filter((n) => n.type === 'SwitchyardSwitch').map((n) => n.title)"
    )
    canvas.into_subgraph(names[0])
    report = Report(canvas)
    succeeds(canvas)
    row = next(row for row in report.rows() if row.startswith(names[0]))
    report.root.get_by_role("button", name=row, exact=False).first.click()
    canvas.page.wait_for_function(
        "(name) => [...app.canvas.selectedItems].some((node) => node.title === name)", arg=names[0]
    )
    assert canvas.page.evaluate("() => app.canvas.graph !== app.rootGraph")
    place = canvas.page.evaluate("""() => {
      const node = [...app.canvas.selectedItems][0]
      const [x, y] = app.canvas.ds.convertOffsetToCanvas([node.pos[0] + node.size[0] / 2, node.pos[1]])
      const around = app.canvas.canvas.getBoundingClientRect()
      const top = document.querySelector(".switchyard-run").getBoundingClientRect().top
      return x > 0 && x < around.width && y > 0 && y < top - around.top
    }""")
    assert place, "it is behind the panel, or out of sight"
    canvas.page.evaluate("() => app.canvas.setGraph(app.rootGraph)")


def test_a_seed_in_a_subgraph_is_written_there(one):
    load_gate(one)
    one.into_subgraph("first seed", "Your sampler goes here")
    report = Report(one)
    succeeds(one)
    report.candidates(3).filter(has_text="attempt 3").get_by_role("button").click()
    report.says("1 value written")
    sent = [spec["inputs"] for spec in one.prompt().values() if spec["class_type"] == "SwitchyardAttemptSeed"]
    assert sent == [{"seed": 42}]
    assert widgets(one, "first seed")["control_after_generate"] == "fixed"


def test_nothing_is_added_to_what_is_sent_or_saved(one):
    load_gate(one, threshold=0.0)
    before, sent = one.serialized(), one.prompt()
    Report(one)
    one.settle()
    assert one.prompt() == sent
    after = one.serialized()
    assert [node["widgets_values"] for node in after["nodes"] if "widgets_values" in node] == [
        node["widgets_values"] for node in before["nodes"] if "widgets_values" in node
    ]
    assert after["extra"].keys() == before["extra"].keys()


def test_what_did_not_run_is_listed(one):
    one.load(example("Compare and switch"))
    report = Report(one)
    succeeds(one)
    skipped = report.rows("Did not run")
    assert skipped
    assert all(row.endswith("not needed") for row in skipped), skipped
    assert [row for row in report.rows() if "took on_" in row]


def test_the_report_is_there_after_the_page_was_loaded_again(one):
    load_gate(one)
    succeeds(one)
    workflow = one.serialized()
    one.open()
    one.load(workflow)
    report = Report(one)
    report.candidates(3)
    assert any(row.startswith("gate not enough passed") for row in report.rows())
    report.root.get_by_role("button", name="Use this seed", exact=False).first.click()
    report.says("1 value written")


def test_a_run_of_another_workflow_is_told_to_be_one_and_leads_nowhere(one):
    load_gate(one)
    succeeds(one)
    one.load({**example("Compare and switch")})
    report = Report(one)
    report.says("of another workflow")
    report.candidates(3)
    assert report.root.locator(".switchyard-run-line:enabled").count() == 0
    report.root.get_by_role("button", name="Use this seed", exact=False).first.click()
    report.says("no value of its own any more")


def test_a_seed_that_the_page_would_round_is_not_written(one):
    load_gate(one, seed=2**53 - 2)
    report = Report(one)
    succeeds(one)
    cards = report.candidates(3)
    before = widgets(one, "first seed")
    cards.filter(has_text=str(2**53)).get_by_role("button").click()
    report.says("the page would round it")
    assert widgets(one, "first seed") == before


def test_the_report_is_copied_and_exported(one):
    load_gate(one)
    report = Report(one)
    succeeds(one)
    report.candidates(3)
    with one.page.expect_download() as download:
        report.press("Export JSON")
    exported = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert exported["kind"] == "switchyard_run"
    gates = [decision for decision in exported["decisions"] if decision["kind"] == "quality_gate"]
    assert len(gates[0]["data"]["attempts"]) == 3
    one.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    report.press("Copy as text")
    report.says("Copied.")
    text = one.page.evaluate("() => navigator.clipboard.readText()")
    assert text.startswith("Switchyard run: Done in ")
    assert text.count("- attempt ") == 3


def test_an_error_is_told(one):
    load_gate(one, if_none_pass="error")
    report = Report(one)
    assert one.run()["type"] == "execution_error"
    report.says("gate: Quality Gate: not enough passed")
    report.says("Failed in")


def test_everything_is_reached_with_the_keyboard(one):
    load_gate(one)
    report = Report(one)
    succeeds(one)
    report.candidates(3)
    one.page.evaluate("(id) => { app.extensionManager.command.execute(id) }", COMMAND)
    one.page.wait_for_function("() => document.activeElement.closest('.switchyard-run-decisions')")
    seen = set()
    for _ in range(40):
        seen.add(
            one.page.evaluate(
                "() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText"
            )
        )
        one.page.keyboard.press("Tab")
    assert sum(name.startswith("Use this seed: attempt") for name in seen) == 3
    assert any(name.startswith("gate") for name in seen)
    assert any(name.startswith("Values: ") for name in seen)
    unnamed = report.root.locator("img:not([alt]), button:not(:has-text(' ')):not([aria-label]):empty")
    assert unnamed.count() == 0
    one.page.evaluate("() => document.querySelector('.switchyard-run button').focus()")
    one.page.keyboard.press("Control+Shift+L")
    report.root.wait_for(state="detached")


def test_a_nodes_menu_leads_to_its_row(one):
    load_gate(one)
    succeeds(one)
    report = Report(one)
    report.candidates(3)
    one.page.evaluate(CLOSE)
    items = "(title) => app.collectNodeMenuItems(probe.node(title)).filter(Boolean).map((item) => item.content)"
    assert "Show in run report" in one.page.evaluate(items, "gate")
    assert "Show in run report" not in one.page.evaluate(items, "first seed")
    one.page.evaluate("""() => app.collectNodeMenuItems(probe.node("gate"))
      .find((item) => item?.content === "Show in run report").callback()""")
    one.page.wait_for_function("() => document.activeElement.innerText?.startsWith('gate')")
