"""What the pack costs in the page: until it is open, and until a graph of 300 nodes is loaded, drawn, and has run.

    PYTHONPATH=tools:tests/web .sandbox/venv/bin/python benchmarks/page_cost.py [rounds] [stock|newer] [classic|nodes]

Two servers, one of them with the pack, and one browser. Each round opens a page of either in turn: what else the
machine does falls on both. The graph is of ComfyUI's own nodes, since the other server has no others; a number in it
changes each time, so that everything runs. Medians, the middle half of the values, and the ratio of the medians: of the
time by the clock, and of the browser's processor time (Linux only), which a busy machine disturbs less.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from canvas import LAUNCH, Canvas
from playwright.sync_api import sync_playwright

from engine.layout import find_chromium, find_layout, python_of
from engine.pack import install_pack
from engine.server import Server

PACK = "switchyard-nodes"
CHAINS, LONG = 10, 28
# Two frames after the graph is there everything has been drawn once.
LOAD = """async (workflow) => {
    await app.loadGraphData(workflow)
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame)
}"""
DRAW = """() => {
    for (let count = 0; count < 30; count++) app.canvas.draw(true, true)
}"""
RUN = """async () => {
    const { api } = window.comfyAPI.api
    const ended = new Promise((done) => {
        for (const type of ["execution_success", "execution_error"])
            api.addEventListener(type, () => done(type), { once: true })
    })
    await app.queuePrompt(0, 1)
    if ((await ended) !== "execution_success") throw new Error("the graph did not run")
    await new Promise(requestAnimationFrame)
}"""


def workflow(color: int) -> dict[str, Any]:
    """Ten chains of thirty nodes: a picture of one color, inverted 28 times, and looked at."""
    nodes: list[dict[str, Any]] = []
    links: list[list[Any]] = []
    for chain in range(CHAINS):
        for place in range(LONG + 2):
            number = len(nodes) + 1
            kind = "EmptyImage" if place == 0 else "ImageInvert" if place <= LONG else "PreviewImage"
            name = "images" if kind == "PreviewImage" else "image"
            before, after = (len(links) or None) if place else None, len(links) + 1
            nodes.append(
                {
                    "id": number,
                    "type": kind,
                    "pos": [250 * place, 320 * chain],
                    "size": [210, 130],
                    "flags": {},
                    "order": number,
                    "mode": 0,
                    "inputs": [{"name": name, "type": "IMAGE", "link": before}] if place else [],
                    "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [after]}] if place <= LONG else [],
                    "properties": {},
                    "widgets_values": [] if place else [64, 64, 1, color + chain],
                }
            )
            if place <= LONG:
                links.append([after, number, 0, number + 1, 0, "IMAGE"])
    ends = {"last_node_id": len(nodes), "last_link_id": len(links)}
    return {**ends, "nodes": nodes, "links": links, "groups": [], "config": {}, "extra": {}, "version": 0.4}


def processor_ms() -> dict[int, float]:
    """What each process below this one has taken of the processors; empty where there is no /proc."""
    if not Path("/proc/self/stat").exists():
        return {}
    tick = 1000 / os.sysconf("SC_CLK_TCK")
    parents: dict[int, int] = {}
    taken: dict[int, float] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = path.read_text(encoding="utf-8", errors="replace").rpartition(")")
        except OSError:  # it has just ended
            continue
        if "chrom" not in name and "node" not in name and "python" not in name:
            continue
        fields = rest.split()
        process = int(path.parent.name)
        parents[process] = int(fields[1])
        if "chrom" in name:
            taken[process] = tick * (int(fields[11]) + int(fields[12]))
    return {process: value for process, value in taken.items() if _is_below(process, parents)}


def _is_below(process: int, parents: dict[int, int]) -> bool:
    while process in parents and process != os.getpid():
        process = parents[process]
    return process == os.getpid()


def timed(act: Callable[[], Any]) -> tuple[float, float]:
    """The milliseconds of something by the clock, and of the browser's processor time."""
    before, started = processor_ms(), time.perf_counter()
    act()
    passed, after = 1000 * (time.perf_counter() - started), processor_ms()
    return passed, sum(max(0.0, value - before.get(process, 0.0)) for process, value in after.items())


def measure(context: Any, server: Server, color: int) -> dict[str, tuple[float, float]]:
    """Of one page: until it is ready, the graph is loaded, drawn thirty times, and has run."""
    page = context.new_page()
    try:
        found = {"open": timed(lambda: Canvas(page, server, PACK).open())}
        page.wait_for_timeout(1500)  # what the page still does when it is ready is not the graph's
        found["load"] = timed(lambda: page.evaluate(LOAD, workflow(color)))
        page.wait_for_timeout(1000)
        found["draw"] = timed(lambda: page.evaluate(DRAW))
        found["run"] = timed(lambda: page.evaluate(RUN))
        return found
    finally:
        page.evaluate("() => { localStorage.clear(); sessionStorage.clear() }")  # they would open the graph again
        page.close()


@contextmanager
def servers(version: str, renderer: str, folder: Path) -> Iterator[dict[str, Server]]:
    layout = find_layout(None, None)
    newer = layout.newer_frontend / "comfyui_frontend_package" / "static"
    arguments = ("--cpu", *(("--front-end-root", str(newer)) if version == "newer" else ()))
    settings = {
        "Comfy.TutorialCompleted": True,
        "Comfy.InstalledVersion": "1.32.9",
        "Comfy.VersionCompatibility.DisableWarnings": True,
        "Comfy.VueNodes.Enabled": renderer == "nodes",
    }
    made = {}
    try:
        for name in ("without", "with"):
            python = python_of(layout.environment)
            made[name] = Server(python, layout.comfyui, folder / name, models=layout.models, arguments=arguments)
            if name == "with":
                install_pack(made[name].base / "custom_nodes", PACK)
            made[name].start().post("/api/settings", settings)
        yield made
    finally:
        for server in made.values():
            server.stop()


def show(times: dict[str, list[dict[str, tuple[float, float]]]]) -> None:
    for kind, title in enumerate(("ms by the clock", "ms of processor")):
        print(f"{title:16}{'without':>28}{'with the pack':>28}{'ratio':>8}")
        for what in ("open", "load", "draw", "run"):
            columns, medians = [], []
            for name in ("without", "with"):
                low, median, high = statistics.quantiles([one[what][kind] for one in times[name]], n=4)
                medians.append(median)
                columns.append(f"{median:.0f} ({low:.0f} to {high:.0f})")
            ratio = f"{medians[1] / medians[0]:8.3f}" if medians[0] else f"{'-':>8}"
            print(f"{what:16}{columns[0]:>28}{columns[1]:>28}{ratio}")


def main(rounds: str = "10", version: str = "newer", renderer: str = "nodes") -> None:
    if not (rounds.isdecimal() and int(rounds) > 1):
        raise SystemExit(f"rounds is {rounds!r}: two or more are needed for a median and a spread.")
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("There is no Chromium here: install it, or set SWITCHYARD_CHROMIUM.")
    times: dict[str, list[dict[str, tuple[float, float]]]] = {"without": [], "with": []}
    with (
        tempfile.TemporaryDirectory() as folder,
        servers(version, renderer, Path(folder)) as made,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=str(chromium), args=LAUNCH)
        context = browser.new_context(viewport={"width": 1600, "height": 900})
        for turn in range(int(rounds) + 1):
            for name in ("without", "with") if turn % 2 else ("with", "without"):
                found = measure(context, made[name], 100 * turn + 1)
                print(turn, name, {what: [round(ms) for ms in pair] for what, pair in found.items()}, file=sys.stderr)
                if turn:  # the first page fills the browser's cache
                    times[name].append(found)
        browser.close()
    print(f"{version} page, {renderer}, {rounds} rounds; load of the machine {os.getloadavg()[0]:.1f}")
    show(times)


if __name__ == "__main__":
    main(*sys.argv[1:4])
