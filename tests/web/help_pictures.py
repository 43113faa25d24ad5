"""Takes the pictures of the help pages: every node as an example shows it, after a run where the example can run.

Examples that need a checkpoint are run with the demo model, and with its settings.

Running this file writes web/docs/<node>.jpg anew for the nodes named on the command line, or for all: look at the
change. It needs the sandbox and Chromium, as the tests of the page do:

    PYTHONPATH=tools .sandbox/venv/bin/python tests/web/help_pictures.py SwitchyardCompare
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DOCS = ROOT / "web" / "docs"
# Examples that run without foreign files come first: their nodes show what they decided.
FIRST = (
    "Compare and switch",
    "Gate and first available",
    "Quality gate",
    "Best of eight",
    "Score log and overlay",
    "Template photograph check",
)
MARGIN = 14  # pixels around a node: the ends of its links
LABEL = 30  # and below it: what it decided
_PLACE = """(id) => {
  const node = app.rootGraph.nodes.find((node) => String(node.id) === id)
  node.setSize([Math.max(node.size[0], 330), node.size[1]])
  app.canvas.deselectAll()
  app.canvas.ds.scale = 1
  app.canvas.ds.offset = [120 - node.pos[0], 120 - node.pos[1]]
  app.canvas.setDirty(true, true)
}"""
_HIDE_OTHERS = """(id) => {
  for (const element of document.querySelectorAll("[data-node-id]"))
    element.style.visibility = element.dataset.nodeId === id ? "visible" : "hidden"
}"""


def examples() -> Iterator[tuple[str, dict[str, Any]]]:
    paths = {path.stem: path for path in sorted((ROOT / "example_workflows").glob("*.json"))}
    for stem in [*FIRST, *(stem for stem in paths if stem not in FIRST)]:
        yield stem, json.loads(paths[stem].read_text(encoding="utf-8"))


def wanted_nodes(names: list[str]) -> dict[str, dict[str, str]]:
    """By example, the nodes to take there: id by class. Each node is taken in the first example that has it."""
    found: dict[str, dict[str, str]] = {}
    taken: set[str] = set()
    for stem, workflow in examples():
        for node in workflow["nodes"]:
            kind = node["type"]
            if kind.startswith("Switchyard") and kind not in taken and (not names or kind in names):
                taken.add(kind)
                found.setdefault(stem, {})[kind] = str(node["id"])
    return found


def take(canvas: Any, node_id: str, target: Path) -> None:
    """Saves one node, alone, as a small JPEG."""
    from PIL import Image

    canvas.page.evaluate(_PLACE, node_id)
    canvas.page.wait_for_timeout(1200)  # Nodes 2.0 measures the node and draws it anew
    canvas.page.evaluate(_HIDE_OTHERS, node_id)
    box = canvas.page.locator(f'[data-node-id="{node_id}"]').bounding_box()
    clip = {
        "x": box["x"] - MARGIN,
        "y": box["y"] - MARGIN,
        "width": box["width"] + 2 * MARGIN,
        "height": box["height"] + 2 * MARGIN + LABEL,
    }
    picture = Image.open(io.BytesIO(canvas.page.screenshot(clip=clip))).convert("RGB")
    picture.save(target, quality=82, optimize=True)


def main(names: list[str]) -> None:
    sys.path[:0] = [str(HERE), str(HERE.parent / "comfyui")]
    from example_needs import EXAMPLE_NEEDS
    from example_pictures import DRAWN, draw, opened

    with opened("nodes 2.0", newer=True) as canvas:
        canvas.page.set_viewport_size({"width": 1600, "height": 1700})  # Face Detailer's height
        for stem, nodes in wanted_nodes(names).items():
            workflow = next(workflow for name, workflow in examples() if name == stem)
            if stem in DRAWN:
                draw(canvas, stem)
            else:
                canvas.load(workflow)
                if stem not in EXAMPLE_NEEDS:
                    canvas.run(300)
            for kind, node_id in nodes.items():
                take(canvas, node_id, DOCS / f"{kind}.jpg")
                sys.stdout.write(f"{kind}: {stem}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
