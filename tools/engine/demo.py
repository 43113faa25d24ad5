"""The demo: a real server, one graph run twice, a contact sheet, a gate, and a face. Runs in ComfyUI's environment.

The graph scores a picture, compares the score, and switches: a good picture is upscaled and saved, a bad one only
leaves a small proof. First the picture is a photograph; then it is a draft of the demo checkpoint, which has learnt
nothing, so that its pictures are noise. The gate then looks for the part of a photograph that is in focus, with one
seed after the other.
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
from .demo_faces import report_faces
from .layout import DEMO_CHECKPOINT, REPOSITORY, Layout, find_layout, python_of
from .pack import install_pack
from .processes import signals_interrupt
from .run import Graph, Run, run_graph
from .server import Server

PHOTOGRAPHS = ("astronaut.png", "grace_hopper.jpg")
PHOTOGRAPH: Graph = {"photograph": {"class_type": "LoadImage", "inputs": {"image": PHOTOGRAPHS[0]}}}
DRAFT: Graph = {
    "checkpoint": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": DEMO_CHECKPOINT}},
    "prompt": {"class_type": "CLIPTextEncode", "inputs": {"text": "a lighthouse at dusk", "clip": ["checkpoint", 1]}},
    "negative": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["checkpoint", 1]}},
    "latent": {"class_type": "EmptyLatentImage", "inputs": {"width": 128, "height": 128, "batch_size": 1}},
    "sampler": {
        "class_type": "KSampler",
        "inputs": {
            "model": ["checkpoint", 0],
            "positive": ["prompt", 0],
            "negative": ["negative", 0],
            "latent_image": ["latent", 0],
            "seed": 7,
            "steps": 8,
            "cfg": 7.0,
            "sampler_name": "euler",
            "scheduler": "normal",
            "denoise": 1.0,
        },
    },
    "draft": {"class_type": "VAEDecode", "inputs": {"samples": ["sampler", 0], "vae": ["checkpoint", 2]}},
}


def search() -> Graph:
    """Takes random parts of a photograph that is out of focus but for the face, until one is good."""

    def node(class_type: str, **inputs: Any) -> dict[str, Any]:
        return {"class_type": class_type, "inputs": inputs}

    return {
        **PHOTOGRAPH,
        "blurred": node("ImageBlur", image=["photograph", 0], blur_radius=10, sigma=4.0),
        "face": node("ImageCrop", image=["photograph", 0], width=180, height=200, x=160, y=0),
        "partly_blurred": node(
            "ImageCompositeMasked",
            destination=["blurred", 0],
            source=["face", 0],
            x=160,
            y=0,
            resize_source=False,
        ),
        "part": node("RandomCropImages", images=["partly_blurred", 0], width=160, height=160, seed=7456),
        "score": node("SwitchyardQualityScore", image=["part", 0]),
        "gate": node(
            "SwitchyardQualityGate",
            value=["part", 0],
            score=["score", 0],
            comparison="greater_or_equal",
            threshold=0.95,
            max_attempts=12,
        ),
        "save": node("SwitchyardSaveImageWithSeeds", images=["gate", 0], filename_prefix="switchyard_gate"),
    }


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
        say("Run 2: a draft of the demo checkpoint: random weights, so its picture is noise. It should fail.")
        report(server, decide(DRAFT, "draft"), expected="on_false")
        say("Contact sheet: two photographs beside damaged copies, each scored by the Quality Score node.")
        sheet = base / "output" / "contact_sheet.png"
        draw_contact_sheet(score_copies(server), base / "input", sheet)
        say(f"  saved      {sheet}")
        say()
        say("Run 3: a quality gate. It takes parts of a photograph that is out of focus but for the face, each with")
        say("another seed, until one scores 0.95. Only what depends on the seed runs again.")
        report_search(server, search())
        say()
        say("Run 4: a face. It is found with nothing downloaded. It is blurred, and nothing else is. And the demo")
        say("checkpoint, which draws noise, tries to redraw it: the old face must stay.")
        report_faces(server, PHOTOGRAPHS[0])


def report(server: Server, graph: Graph, expected: str) -> None:
    """Runs a graph and prints what ran, what did not, the decisions and the saved files."""
    began = time.monotonic()
    run = run_graph(server, graph)
    if run.status != "success":
        raise SandboxError(f"the run ended with {run.status}: {run.error} ({run.error_node or run.node_errors})")
    say(f"  score      {run.verdict('score')['summary']}")
    say(f"  compare    {run.verdict('compare')['summary']}")
    say(f"  switch     {run.verdict('switch')['summary']}")
    say(f"  ran        {', '.join(run.started)}")
    say(f"  did not    {', '.join(name for name in graph if name not in run.started)}")
    for name in run.saved("save"):
        say(f"  saved      {server.base / 'output' / name}")
    say(f"  took       {show_seconds(time.monotonic() - began)}")
    say()
    taken = run.verdict("switch")["data"]["branch"]
    if taken != expected:
        raise SandboxError(f"the switch took {taken} where {expected} was expected")


def report_search(server: Server, graph: Graph) -> None:
    """Runs the graph with the gate and prints every attempt, the winner, what ran how often, and the saved file."""
    began = time.monotonic()
    run = run_graph(server, graph)
    if run.status != "success":
        raise SandboxError(f"the run ended with {run.status}: {run.error} ({run.error_node or run.node_errors})")
    verdict = run.verdict("gate")
    for attempt in verdict["data"]["attempts"]:
        seed = attempt["seeds"]["part"]["seed"]
        say(f"  attempt {attempt['attempt'] + 1}  seed {seed}: {attempt['score']:.2f}")
    say(f"  gate       {verdict['summary']}")
    counts = {name: run.times_started(name) for name in graph if name not in ("gate", "save")}
    say(f"  ran        {', '.join(f'{name} {count}x' for name, count in counts.items())}")
    for name in run.saved("save"):
        say(f"  saved      {server.base / 'output' / name}")
    say(f"  took       {show_seconds(time.monotonic() - began)}")
    attempts = verdict["data"]["attempts"]
    if not verdict["data"]["passed"] or attempts[0]["passed"] or counts["part"] != len(attempts):
        raise SandboxError("the gate did not end as it should: a first attempt that fails and a later one that passes")


def score_copies(server: Server) -> dict[str, dict[str, Run]]:
    """Scores each photograph and each damaged copy of it in the real server, one graph a picture."""
    scored: dict[str, dict[str, Run]] = {}
    for photograph in PHOTOGRAPHS:
        for damage, apply in DAMAGES.items():
            name = f"{Path(photograph).stem} {damage}.png"
            apply(server.base / "input" / photograph, server.base / "input" / name)
            graph: Graph = {
                "picture": {"class_type": "LoadImage", "inputs": {"image": name}},
                "score": {"class_type": "SwitchyardQualityScore", "inputs": {"image": ["picture", 0]}},
                "preview": {"class_type": "PreviewImage", "inputs": {"images": ["score", 4]}},
            }
            run = run_graph(server, graph)
            scored.setdefault(photograph, {})[name] = run
            say(f"  {name:36} {run.verdict('score')['summary']}")
    return scored


if __name__ == "__main__":
    sys.exit(main())
