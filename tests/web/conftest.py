"""The real page in its four forms, one of each for all tests, on two servers.

What decides how long all of it takes is how many workflows are open in a page, see `Canvas.start_over`; the pack itself
costs a page nothing per workflow that was loaded, and neither page grows when tabs are closed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from canvas import LAUNCH, PACK, Canvas, open_canvas
from forms import FORMS, IDS

from engine.layout import find_chromium
from engine.pack import install_pack
from engine.server import Server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/web" in item.path.as_posix():
            item.add_marker("browser")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    chromium = find_chromium()
    if chromium is None:
        reason = "there is no Chromium here; install it or set SWITCHYARD_CHROMIUM"
        pytest.fail(reason) if os.environ.get("SWITCHYARD_REQUIRE_BROWSER") else pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=LAUNCH)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def page_servers(layout: Any, make_server: Callable[..., Server]) -> Callable[[str], Server]:
    """Gives the server of a version of the page; each is started once."""
    started: dict[str, Server] = {}
    newer = layout.newer_frontend / "comfyui_frontend_package" / "static"
    arguments = {"stock": (), "newer": ("--front-end-root", str(newer))}

    def get(version: str) -> Server:
        if version not in started:
            server = make_server(f"page_{version}", *arguments[version])
            install_pack(server.base / "custom_nodes", PACK)
            started[version] = server.start()
        return started[version]

    return get


@pytest.fixture(scope="session")
def open_page(browser: Any, page_servers: Callable[[str], Server]) -> Callable[[str, str], Canvas]:
    """Opens a page of one's own in one form: a version of the page and a renderer. Close it when it has done."""
    return lambda version, renderer: open_canvas(browser, page_servers(version), renderer)


@pytest.fixture(scope="session", params=FORMS, ids=IDS)
def opened(request: pytest.FixtureRequest, browser: Any, page_servers: Callable[[str], Server]) -> Iterator[Canvas]:
    page, renderer = request.param
    canvas = open_canvas(browser, page_servers(page), renderer)
    yield canvas
    canvas.page.close()


@pytest.fixture
def canvas(opened: Canvas) -> Iterator[Canvas]:
    """An empty canvas, in each of the four forms; the pack must not have complained when the test is over."""
    opened.complaints.clear()
    opened.start_over()
    yield opened
    assert opened.complaints == []
