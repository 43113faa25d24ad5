"""Draws the pictures that the demo model learns from, with their captions: 40,000 of 128 pixels and 4,000 of 256.

`python training/demo_model/dataset.py` takes three minutes on two cores and writes .sandbox/demo_model/. Each picture
depends on its number alone.
"""

from __future__ import annotations

import json
import multiprocessing
import os
from pathlib import Path

import numpy as np

from scenes import Scene, draw, draw_scene_at_random

FOLDER = Path(__file__).resolve().parent.parent.parent / ".sandbox" / "demo_model"
COUNTS = {128: 40_000, 256: 4_000}
_SEED = 10
_CHUNK = 500


def scene_of(size: int, number: int) -> Scene:
    return draw_scene_at_random(np.random.default_rng((_SEED, size, number)))


def draw_chunk(chunk: tuple[int, int]) -> list[dict[str, object]]:
    size, first = chunk
    pictures = np.lib.format.open_memmap(FOLDER / f"pictures_{size}.npy", mode="r+")
    notes: list[dict[str, object]] = []
    for number in range(first, min(first + _CHUNK, COUNTS[size])):
        scene = scene_of(size, number)
        pictures[number] = (draw(scene, size) * 255 + 0.5).astype(np.uint8)
        notes.append({"caption": scene.caption, "style": scene.style, "kind": scene.kind})
    return notes


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for size, count in COUNTS.items():
        path = FOLDER / f"pictures_{size}.npy"
        np.lib.format.open_memmap(path, "w+", np.uint8, (count, size, size, 3)).flush()
        chunks = [(size, first) for first in range(0, count, _CHUNK)]
        with multiprocessing.Pool(os.cpu_count()) as pool, (FOLDER / f"captions_{size}.jsonl").open("w") as lines:
            for notes in pool.imap(draw_chunk, chunks):
                lines.writelines(json.dumps(note) + "\n" for note in notes)


if __name__ == "__main__":
    main()
