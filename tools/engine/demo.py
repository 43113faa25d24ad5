"""The demo: a real server, one graph run twice, a contact sheet, drawings, and faces. Runs in ComfyUI's environment.

The graph scores a picture, compares the score, and switches: a good picture is upscaled and saved, a bad one only
leaves a small proof. First the picture is a photograph; then it is a draft of the demo model, which is asked for a
blurry one. What else the model draws is in demo_drawings.py, what is done to faces in demo_faces.py.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from .console import SandboxError, say, show_seconds, use_safe_encoding
from .contact_sheet import draw_contact_sheet
from .damage import DAMAGES
from .demo_drawings import drawing, report_drawings
from .demo_faces import report_faces
from .demo_steps import run_whole, say_saved
from .layout import REPOSITORY, Layout, find_layout, python_of
from .pack import install_pack
from .processes import signals_interrupt
from .run import Graph, run_graph
from .server import Server

PHOTOGRAPHS = ("astronaut.png", "grace_hopper.jpg")
PHOTOGRAPH: Graph = {"photograph": {"class_type": "LoadImage", "inputs": {"image": PHOTOGRAPHS[0]}}}
DRAFT = drawing("blurry, a red lighthouse by the sea at sunset")


def decide(source: Graph, picture: str) -> Graph:
    """Score, compare, switch: the graph that both runs share, behind the nodes that make the picture."""
    return {
        **source,
        "score": {"class_type": "SwitchyardQualityScore", "inputs": {"image": [picture, 0]}},
        "compare": {
            "class_type": "SwitchyardCompare",
            "inputs": {"a": ["score", 0], "comparison": "greater_than", "b": 0.8},
        },
        "upscale": {
            "class_type": "ImageScaleBy",
            "inputs": {"image": [picture, 0], "upscale_method": "lanczos", "scale_by": 2.0},
        },
        "proof": {
            "class_type": "ImageScale",
            "inputs": {"image": [picture, 0], "upscale_method": "area", "width": 64, "height": 64, "crop": "center"},
        },
        "switch": {
            "class_type": "SwitchyardSwitch",
            "inputs": {"condition": ["compare", 0], "on_true": ["upscale", 0], "on_false": ["proof", 0]},
        },
        "save": {"class_type": "SaveImage", "inputs": {"images": ["switch", 0], "filename_prefix": "switchyard"}},
    }


def main() -> int:
    use_safe_encoding()
    layout = find_layout(os.environ.get("SWITCHYARD_COMFYUI"), os.environ.get("SWITCHYARD_PYTHON"))
    try:
        with signals_interrupt():
            show(layout, layout.home / "demo")
    except SandboxError as error:
        say(f"demo: {error}")
        return 1
    except KeyboardInterrupt:  # the server is stopped; sandbox.py says the rest
        return 130
    return 0


def show(layout: Layout, base: Path) -> None:
    """Runs the whole demo in the folder `base`.

    Raises:
        SandboxError: a run did not end as it should.
    """
    python = python_of(layout.environment)
    server = Server(python, layout.comfyui, base, models=layout.models, arguments=("--cpu",))
    install_pack(base / "custom_nodes")
    for name in PHOTOGRAPHS:
        shutil.copy2(REPOSITORY / "data" / "demo" / name, base / "input" / name)
    started = time.monotonic()
    say("Starting ComfyUI with the pack ...")
    with server:
        version = server.get("/system_stats")["system"]["comfyui_version"]
        ours = [name for name in server.get("/object_info") if name.startswith("Switchyard")]
        say(f"ComfyUI {version} answers after {show_seconds(time.monotonic() - started)}; nodes: {', '.join(ours)}.")
        say()
        say("Run 1: a photograph (the NASA portrait of Eileen Collins). It should pass and be upscaled.")
        report(server, decide(PHOTOGRAPH, "photograph"), expected="on_true")
        say("Run 2: a draft of the small demo model, which is asked for a blurry picture. It should fail.")
        report(server, decide(DRAFT, "picture"), expected="on_false")
        say("Contact sheet: two photographs beside damaged copies, each scored by the Quality Score node.")
        sheet = base / "output" / "contact_sheet.png"
        draw_contact_sheet(score_copies(server), base / "input", sheet)
        say(f"  saved      {sheet}")
        say()
        report_drawings(server)
        say("Run 7: a face. It is found with nothing downloaded, and blurred, and nothing else is. The demo model,")
        say("which knows no photographs, tries to redraw it: the old face must stay.")
        report_faces(server, PHOTOGRAPHS[0])


def report(server: Server, graph: Graph, expected: str) -> None:
    """Runs a graph and prints what ran, what did not, the decisions and the saved files."""
    run = run_whole(server, graph)
    say(f"  score      {run.verdict('score')['summary']}")
    say(f"  compare    {run.verdict('compare')['summary']}")
    say(f"  switch     {run.verdict('switch')['summary']}")
    say(f"  ran        {', '.join(run.started)}")
    say(f"  did not    {', '.join(name for name in graph if name not in run.started)}")
    say_saved(server, run, "save")
    taken = run.verdict("switch")["data"]["branch"]
    if taken != expected:
        raise SandboxError(f"the switch took {taken} where {expected} was expected")


def score_copies(server: Server) -> list[dict[str, dict[str, Any]]]:
    """Scores each photograph and each damaged copy of it in the real server, one graph a picture."""
    scored: list[dict[str, dict[str, Any]]] = []
    for photograph in PHOTOGRAPHS:
        scored.append({})
        for damage, apply in DAMAGES.items():
            name = f"{Path(photograph).stem} {damage}.png"
            apply(server.base / "input" / photograph, server.base / "input" / name)
            graph: Graph = {
                "picture": {"class_type": "LoadImage", "inputs": {"image": name}},
                "score": {"class_type": "SwitchyardQualityScore", "inputs": {"image": ["picture", 0]}},
                "preview": {"class_type": "PreviewImage", "inputs": {"images": ["score", 4]}},
            }
            run = run_graph(server, graph)
            scored[-1][name] = run.verdict("score")["data"]
            say(f"  {name:36} {run.verdict('score')['summary']}")
    return scored


if __name__ == "__main__":
    sys.exit(main())
