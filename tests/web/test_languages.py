"""A page that is set to another language: our panels, marks and nodes are in it, and what is sent stays the same."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from canvas import what_is_sent
from parameters_panel import Parameters

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = "Compare and switch"
LANGUAGE = "Comfy.Locale"


@pytest.fixture
def japanese(page_servers, open_page):
    """A page of its own, in one form, that was opened in Japanese."""
    server = page_servers("newer")
    before = server.get("/api/settings").get(LANGUAGE, "en")
    server.post("/api/settings", {LANGUAGE: "ja"})
    try:
        canvas = open_page("newer", "nodes 2.0")
        yield canvas
        canvas.page.close()
    finally:
        server.post("/api/settings", {LANGUAGE: before})


def read(*parts):
    return json.loads(ROOT.joinpath(*parts).read_text(encoding="utf-8"))


def test_a_page_in_japanese_says_all_in_japanese_and_sends_the_same(japanese):
    page = japanese.page
    japanese.load({**read("example_workflows", f"{EXAMPLE}.json"), "id": str(uuid.uuid4())})
    assert what_is_sent(japanese.prompt()) == read("tests", "web", "goldens", f"{EXAMPLE}.json")

    switch = read("locales", "ja", "nodeDefs.json")["SwitchyardSwitch"]
    assert page.evaluate("() => LiteGraph.createNode('SwitchyardSwitch').title") == switch["display_name"]
    page.evaluate("() => app.extensionManager.command.execute('Comfy.Canvas.FitView')")
    page.get_by_text(switch["inputs"]["on_true"]["name"], exact=True).first.hover()
    page.get_by_role("tooltip").filter(has_text=switch["inputs"]["on_true"]["tooltip"]).first.wait_for()

    page.evaluate("() => app.extensionManager.command.execute('Switchyard.OpenRunReport')")
    report = page.get_by_role("region", name="Switchyardの実行")
    report.wait_for()
    page.get_by_role("tab", name="Switchyardの実行").wait_for()
    assert japanese.run()["type"] == "execution_success"
    report.get_by_role("button", name="テキストとしてコピー").wait_for()
    report.get_by_role("list", name="判定").get_by_role("listitem").first.wait_for()
    report.get_by_role("list", name="実行されなかったノード").get_by_role("listitem").first.wait_for()
    page.wait_for_function("""() => [...document.querySelectorAll("[data-node-id]")]
      .some((node) => getComputedStyle(node, "::after").content.includes("実行されず"))""")

    panel = Parameters(japanese).open()
    panel.root.get_by_role("heading", name="パラメータ").wait_for()
    assert "まだパラメータがありません" in panel.root.inner_text()
    page.get_by_role("region", name="Switchyardのテンプレート").get_by_role("button", name="更新").wait_for()
    assert japanese.complaints == []
