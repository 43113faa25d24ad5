"""The help page of every node, as the server gives it and the page shows it, with its pictures."""

from __future__ import annotations

import re
import urllib.request

import pytest
from canvas import PACK
from switchyard_pack import NODE_CLASS_MAPPINGS, PLAIN_IDS

NODES = [
    name for name, node in NODE_CLASS_MAPPINGS.items() if name not in PLAIN_IDS and not getattr(node, "DEV_ONLY", False)
]


def fetch(url: str) -> tuple[str, bytes]:
    with urllib.request.urlopen(url) as reply:
        return reply.headers.get_content_type(), reply.read()


@pytest.mark.parametrize("node", NODES)
def test_a_help_page_and_its_pictures_are_served(page_servers, node):
    folder = f"{page_servers('stock').url}/extensions/{PACK}/docs"
    _, page = fetch(f"{folder}/{node}.md")
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.decode())
    assert f"{node}.jpg" in pictures
    for picture in pictures:
        kind, content = fetch(f"{folder}/{picture}")
        assert kind == "image/jpeg"
        assert len(content) > 1000


def test_the_page_shows_a_help_page_with_its_pictures(canvas):
    """Both pages have a button for it in the toolbox of a selected node."""
    canvas.add("SwitchyardCompare", "compared")
    canvas.page.evaluate(
        "() => { const node = probe.node('compared'); app.canvas.selectNode(node); app.canvas.setDirty(true, true) }"
    )
    canvas.page.get_by_test_id("info-button").dispatch_event("click", timeout=20_000)
    picture = canvas.page.locator('img[src*="SwitchyardCompare.jpg"]').first
    picture.wait_for(timeout=20_000)
    canvas.page.wait_for_function("(image) => image.complete && image.naturalWidth > 0", arg=picture.element_handle())
    # The page first asks for one in its own language, and takes ours when there is none.
    canvas.complaints[:] = [text for text in canvas.complaints if "SwitchyardCompare/en.md" not in text]
