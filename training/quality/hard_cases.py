"""Pictures that a quality score must not fail: blurred backgrounds, night, letterboxes; and damage of a part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from distortions import Picture, quantise
from pack import ROOT, core
from pictures import Entry, read_list
from samples import ladder_picture, ladder_rng

# Chosen by looking at the photographs of the validation list, before any of them was scored.
BOKEH = (
    "european-honey-bee",
    "panther-chameleon",
    "cat-animal-cat",
    "spiff.jpg",
    "messi5",
    "cheetah1",
    "lion",
    "butterfly",
)
NIGHT = ("cincinnati-bridge", "tower.jpg", "bar55.jpg", "bar55_2", "sunset.jpg", "grand_canyon_2", "grand_canyon_3")


def write_hard_cases(cache: Path, families: dict[str, Tensor]) -> Iterator[str]:
    """Scores the hard cases as the node does, preset photo, and writes a table of what passes."""
    from safetensors.torch import load_file

    score = core("quality_score")
    natural = load_file(ROOT / "data" / "niqe_parameters.safetensors")
    parameters = score.Parameters(families, natural)
    photographs = [entry for entry in read_list("validation") if entry.kind == "photo"]

    def scored(picture: Picture) -> Any:
        return score.score_picture(torch.from_numpy(np.ascontiguousarray(picture)), parameters)

    yield "| photographs that must pass | pass | those that fail |"
    yield "|---|---|---|"
    for title, entries, edit in (
        ("blurred background", _named(photographs, BOKEH), None),
        ("night and dusk", _named(photographs, NIGHT), None),
        ("letterboxed", photographs[::2], letterboxed),
        ("pillarboxed", photographs[1::2], lambda picture: letterboxed(picture.swapaxes(0, 1)).swapaxes(0, 1)),
    ):
        results = [(entry, scored(edit(_open(entry, cache)) if edit else _open(entry, cache))) for entry in entries]
        failed = [
            f"{Path(e.path).name} {r.worst} {r.score:.2f}" for e, r in results if r.score < score.DEFAULT_THRESHOLD
        ]
        yield f"| {title} | {len(results) - len(failed)} of {len(results)} | {', '.join(failed)} |"
    yield ""
    yield "| damage of a part, which must fail | fails | mean score |"
    yield "|---|---|---|"
    for title, spoil in PARTLY.items():
        found = [scored(quantise(spoil(_open(e, cache).copy(), ladder_rng(e, title)))).score for e in photographs]
        failed = sum(value < score.DEFAULT_THRESHOLD for value in found)
        yield f"| {title} | {failed} of {len(found)} | {np.mean(found):.2f} |"


def letterboxed(picture: Picture) -> Picture:
    """With black bars above and below, an eighth of the height each."""
    bar = np.zeros((picture.shape[0] // 8, *picture.shape[1:]), np.float32)
    return np.concatenate([bar, picture, bar])


def _flat_half(picture: Picture, _: np.random.Generator) -> Picture:
    picture[picture.shape[0] // 2 :] = 0.5
    return picture


def _noise(share_of_side: int) -> Callable[[Picture, np.random.Generator], Picture]:
    def spoil(picture: Picture, rng: np.random.Generator) -> Picture:
        height, width = (length // share_of_side for length in picture.shape[:2])
        top, left = rng.integers(0, picture.shape[0] - height), rng.integers(0, picture.shape[1] - width)
        picture[top : top + height, left : left + width] = rng.random((height, width, 3))
        return picture

    return spoil


PARTLY = {"lower half exactly flat": _flat_half, "a quarter of noise": _noise(2), "1/16 of noise": _noise(4)}


def _named(entries: list[Entry], names: tuple[str, ...]) -> list[Entry]:
    found = {name: [entry for entry in entries if Path(entry.path).name.startswith(name)] for name in names}
    missing = [name for name, matches in found.items() if not matches]
    if missing:
        raise ValueError(f"These are not in the validation list: {', '.join(missing)}.")
    return [matches[0] for matches in found.values()]


def _open(entry: Entry, cache: Path) -> Picture:
    return ladder_picture(entry, cache)
