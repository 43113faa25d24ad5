"""What a quality gate does for the demo model's pictures: 100 gates on a real server, and what their pictures scored.

    PYTHONPATH=tools .sandbox/venv/bin/python benchmarks/gate_statistics.py [gates] [picture.jpg]

The demo's own graph (a portrait, Quality Score, a gate that tries up to twelve seeds one after the other) runs from 100
first seeds, twelve apart, so that no two gates try the same seed. Told are the scores of first attempts and of winners,
and how many attempts a gate took. With a file name the first gate that took four attempts or more is drawn as a strip.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.demo_drawings import GATE_SCORE, gated
from engine.layout import find_layout, python_of
from engine.pack import install_pack
from engine.run import run_graph
from engine.server import Server

_APART, _CELL, _CAPTION = 12, 192, 34
_PASSED, _FAILED = (46, 125, 50), (198, 40, 40)


def main(gates: int = 100, strip: str = "") -> None:
    layout = find_layout()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        server = Server(python_of(layout.environment), layout.comfyui, base, models=layout.models, arguments=("--cpu",))
        install_pack(base / "custom_nodes")
        with server:
            ended = [_gate(server, _APART * number + 1) for number in range(gates)]
            longest = next((attempts for attempts in ended if len(attempts) >= 4), max(ended, key=len))
            if strip:
                _draw_strip(server, longest, Path(strip))
    firsts, winners = [attempts[0]["score"] for attempts in ended], [max(_scores(attempts)) for attempts in ended]
    print(f"{gates} gates at {GATE_SCORE}")
    for name, scores in (("first attempts", firsts), ("winners", winners)):
        deciles = statistics.quantiles(scores, n=10)
        passed = sum(score >= GATE_SCORE for score in scores) / gates
        print(
            f"  {name:15} mean {statistics.mean(scores):.3f}  median {statistics.median(scores):.3f}  "
            f"tenth {deciles[0]:.3f}  ninetieth {deciles[-1]:.3f}  pass {passed:.0%}"
        )
    counts = Counter(len(attempts) for attempts in ended)
    print(
        f"  attempts        mean {statistics.mean(map(len, ended)):.2f}  "
        + ", ".join(f"{n}: {counts[n]}" for n in sorted(counts))
    )


def _gate(server: Server, seed: int) -> list[dict[str, Any]]:
    graph = gated()
    graph["sampler"]["inputs"]["seed"] = seed
    began = time.monotonic()
    run = run_graph(server, graph)
    if run.status != "success":
        raise SystemExit(f"the gate from seed {seed} ended with {run.status}: {run.error}")
    attempts = run.verdict("gate")["data"]["attempts"]
    took = time.monotonic() - began
    print(f"seed {seed}: {', '.join(f'{score:.2f}' for score in _scores(attempts))}  {took:.1f} s", flush=True)
    return attempts


def _scores(attempts: Sequence[dict[str, Any]]) -> list[float]:
    return [attempt["score"] for attempt in attempts]


def _draw_strip(server: Server, attempts: Sequence[dict[str, Any]], target: Path) -> None:
    """Each attempt's picture, drawn once more by itself, with its seed and score."""
    from PIL import Image, ImageDraw, ImageFont

    sheet = Image.new("RGB", (len(attempts) * (_CELL + 8) - 8, _CELL + _CAPTION), (250, 250, 250))
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(18)
    for place, attempt in enumerate(attempts):
        seed = attempt["seeds"]["sampler"]["seed"]
        graph = {name: spec for name, spec in gated().items() if name not in ("score", "gate", "save")}
        graph["sampler"]["inputs"]["seed"] = seed
        graph["save"] = {"class_type": "SaveImage", "inputs": {"images": ["picture", 0], "filename_prefix": "strip"}}
        [name] = run_graph(server, graph).saved("save")
        left = place * (_CELL + 8)
        with Image.open(server.base / "output" / name) as picture:
            sheet.paste(picture.convert("RGB").resize((_CELL, _CELL), Image.Resampling.LANCZOS), (left, 0))
        colour = _PASSED if attempt["passed"] else _FAILED
        pen.rectangle((left, _CELL, left + _CELL - 1, _CELL + 4), fill=colour)
        pen.text((left + 4, _CELL + 8), f"seed {seed}: {attempt['score']:.2f}", font=font, fill=colour)
    sheet.save(target, quality=92)


if __name__ == "__main__":
    main(*(int(each) if each.isdigit() else each for each in sys.argv[1:]))  # pyright: ignore[reportArgumentType]
