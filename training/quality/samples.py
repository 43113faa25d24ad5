"""Samples to learn from and to judge by: features of clean, harmlessly edited and damaged pictures, with their targets.

`python training/quality/samples.py` fetches the pictures and writes five files into the cache: `training.npz` and
`drawings.npz` (random crops, kinds and strengths), and a ladder of each list, such as `ladder_held_out.npz` (the clean
picture, harmless edits, and each kind at levels 1, 2, 3 and 5, for the training pictures only 3 and 5). It needs `piq`
for its teacher, which the pack never does: `pip install piq==0.8.0`.

A target is 1 for a clean picture and for each family that is not damaged. How bad damage looks is judged half by its
level and half by HaarPSI (Reisenhofer et al., 2018) against the clean picture, to the third power; for tones, of which
a full-reference metric knows nothing, by what was lost instead. Seams are judged by HaarPSI alone, colour casts by
level alone. No human scores are involved.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray

import drawings
from distortions import FAMILY_OF_KIND, KINDS, LUMA, Picture, damage, jpeg, quantise, resized
from pack import core
from pictures import DEFAULT_CACHE, Entry, fetch, open_picture, read_list

FAMILIES: tuple[str, ...] = core("quality_families").FAMILIES
LADDER_LEVELS = (1, 2, 3, 5)
LADDER_SIDE_PX = 512
CLEAN = "clean"
NOT_COUNTED = ("colour cast", "seams")  # nearly invisible without the clean picture beside it, up to level 3
COUNTED = tuple(kind for kind in KINDS if kind not in NOT_COUNTED)

# What the level alone says, at the levels 1 to 5.
_BY_LEVEL = (0.87, 0.68, 0.43, 0.2, 0.05)
_CAST_BY_LEVEL = (0.97, 0.9, 0.75, 0.6, 0.4)

BENIGN: dict[str, Callable[[Picture, Generator], Picture]] = {
    "grey": lambda picture, _: np.repeat((picture @ LUMA)[..., None], 3, 2),
    "flip": lambda picture, _: picture[:, ::-1],
    "quarter turn": lambda picture, _: np.rot90(picture),
    "jpeg 95": lambda picture, _: jpeg(picture, 95),
    "jpeg 85": lambda picture, _: jpeg(picture, 85),
    "crop": lambda picture, _: picture[13:-16, 21:-16],
    "gain 1.1": lambda picture, _: picture * 1.1,
    "gamma 0.9": lambda picture, _: picture**0.9,
    "half size": lambda picture, _: resized(picture, (picture.shape[1] // 2, picture.shape[0] // 2)),
    "noise 0.005": lambda picture, rng: picture + 0.005 * rng.standard_normal(picture.shape).astype(np.float32),
}


class Sample(NamedTuple):
    """One picture as the model sees it.

    Attributes:
        picture: Name of the picture it was made of.
        group, domain: Of that picture: pictures of one group look alike; `photo` or `art`.
        kind: A kind of damage, `benign ...`, `clean`, or two kinds joined by " + ".
        level: 0 for clean and benign.
        features: By name (see core.quality_readouts.look).
        targets: One for each family, 0..1.
    """

    picture: str
    group: str
    domain: str
    kind: str
    level: float
    features: dict[str, float]
    targets: list[float]


def features_of(picture: Picture) -> dict[str, float]:
    """The features of a picture, (H, W, 3) in 0..1."""
    planes = core("quality_planes").whole_picture(torch.from_numpy(np.ascontiguousarray(picture, np.float32)))
    return core("quality_readouts").look(planes)


def targets_of(clean: Picture, damaged: Picture, kind: str, level: float) -> list[float]:
    """The targets of all families for one kind of damage."""
    goodness = _goodness(clean, damaged, kind, level)
    return [goodness if family == FAMILY_OF_KIND[kind] else 1.0 for family in FAMILIES]


def drawn_entries() -> list[Entry]:
    """Names for drawings that are made, not fetched: 140, each a group of its own."""
    names = (f"{kind} {number}" for kind in drawings.KINDS for number in range(40 if kind in ("space", "flat") else 15))
    return [Entry("drawings", "made here", "1", name, "", "art", f"drawings:{name}", "") for name in names]


def random_samples(entry: Entry, cache: Path, count: int) -> list[Sample]:
    """Random crops of a picture, each clean, edited, or damaged in one or two ways."""
    whole = _picture(entry, cache)
    made = []
    for number in range(count):
        rng = np.random.default_rng(zlib.crc32(f"{entry.name} {number}".encode()))
        clean = _random_crop(whole, rng)
        drawn = rng.random()
        if drawn < 0.2:
            made.append(_sample(entry, CLEAN, 0, clean, [1.0] * len(FAMILIES)))
            continue
        if drawn < 0.35:
            kind = str(rng.choice(list(BENIGN)))
            edited = quantise(BENIGN[kind](clean, rng))
            made.append(_sample(entry, f"benign {kind}", 0, edited, [1.0] * len(FAMILIES)))
            continue
        kinds = [str(rng.choice(KINDS))]
        if drawn > 0.85:
            kinds.append(str(rng.choice([kind for kind in KINDS if FAMILY_OF_KIND[kind] != FAMILY_OF_KIND[kinds[0]]])))
        level = float(rng.uniform(1, 5))
        picture, targets = clean, [1.0] * len(FAMILIES)
        for kind in kinds:
            before, picture = picture, damage(picture, kind, level, rng)
            targets = [min(pair) for pair in zip(targets, targets_of(before, picture, kind, level), strict=True)]
        made.append(_sample(entry, " + ".join(kinds), level, picture, targets))
    return made


def ladder_samples(entry: Entry, cache: Path, levels: tuple[int, ...]) -> list[Sample]:
    """The middle of a picture clean, with each harmless edit, and with each kind of damage at some levels."""
    clean = ladder_picture(entry, cache)
    intact = [1.0] * len(FAMILIES)
    made = [_sample(entry, CLEAN, 0, clean, intact)]
    for kind, edit in BENIGN.items():
        made.append(_sample(entry, f"benign {kind}", 0, quantise(edit(clean, ladder_rng(entry, kind))), intact))
    for kind in KINDS:
        for level in levels:
            damaged = damage(clean, kind, level, ladder_rng(entry, kind))
            made.append(_sample(entry, kind, level, damaged, targets_of(clean, damaged, kind, level)))
    return made


def ladder_picture(entry: Entry, cache: Path = DEFAULT_CACHE) -> Picture:
    """The middle 512 x 512 px of a picture reduced to about that size; all of it if it is smaller."""
    picture = open_picture(entry, cache)
    scale = LADDER_SIDE_PX / min(picture.shape[:2])
    if scale < 0.8:
        picture = resized(picture, (round(picture.shape[1] * scale), round(picture.shape[0] * scale)))
    return quantise(_window(picture, LADDER_SIDE_PX, LADDER_SIDE_PX, 0.5, 0.5))


def ladder_rng(entry: Entry, kind: str) -> Generator:
    """The generator of a picture's damage of one kind: the same at each level."""
    return np.random.default_rng(zlib.crc32(f"{entry.name} {kind}".encode()))


def save(samples: list[Sample], path: Path) -> None:
    """Writes samples as one npz of columns."""
    names = list(samples[0].features)
    columns: dict[str, Any] = {
        name: np.array([getattr(sample, name) for sample in samples])
        for name in ("picture", "group", "domain", "kind", "level")
    }
    columns["features"] = np.array([[sample.features[name] for name in names] for sample in samples], np.float32)
    columns["targets"] = np.array([sample.targets for sample in samples], np.float32)
    np.savez_compressed(path, names=np.array(names), **columns)


def load(path: Path) -> dict[str, NDArray[Any]]:
    """Reads what save wrote."""
    with np.load(path) as stored:
        return dict(stored)


def _sample(entry: Entry, kind: str, level: float, picture: Picture, targets: list[float]) -> Sample:
    return Sample(entry.name, entry.group, entry.kind, kind, level, features_of(picture), targets)


def _goodness(clean: Picture, damaged: Picture, kind: str, level: float) -> float:
    if kind == "colour cast":
        return float(np.interp(level, range(1, 6), _CAST_BY_LEVEL))
    if kind == "seams":
        return _teacher(clean, damaged)
    by_level = float(np.interp(level, range(1, 6), _BY_LEVEL))
    low, high = (float(value) * 255 for value in np.percentile(damaged, (1, 99)))
    if kind in ("overexposure", "overcooked"):
        lost = float(((damaged >= 1) & (clean < 1)).mean() + ((damaged <= 0) & (clean > 0)).mean())
        by_sight = float(np.interp(lost, (0, 0.01, 0.05, 0.15, 0.4), (1, 0.95, 0.75, 0.4, 0.05)))
    elif kind == "underexposure":
        by_sight = float(np.interp(high, (10, 30, 60, 100, 150), (0, 0.2, 0.5, 0.8, 1)))
    elif kind == "low contrast":
        by_sight = float(np.interp(high - low, (5, 20, 50, 90, 130), (0, 0.2, 0.5, 0.8, 1)))
    else:
        by_sight = _teacher(clean, damaged)
    return (by_level + by_sight) / 2


def _teacher(clean: Picture, damaged: Picture) -> float:
    from piq import haarpsi  # for training alone

    pair = [torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None] for picture in (damaged, clean)]
    return float(haarpsi(*pair, data_range=1.0).clamp(0, 1)) ** 3


def _picture(entry: Entry, cache: Path) -> Picture:
    if entry.package != "drawings":
        return open_picture(entry, cache)
    rng = np.random.default_rng(zlib.crc32(entry.name.encode()))
    return drawings.draw(entry.path.rsplit(" ", 1)[0], int(rng.integers(512, 800)), rng)


def _random_crop(picture: Picture, rng: Generator) -> Picture:
    shortest = min(picture.shape[:2])
    scale = float(rng.uniform(max(0.4, min(1.0, 256 / shortest)), 1.0)) if rng.random() < 0.7 else 1.0
    if scale < 1:
        picture = resized(picture, (round(picture.shape[1] * scale), round(picture.shape[0] * scale)))
    largest = min(640, *picture.shape[:2])
    height, width = (round(rng.uniform(min(224, largest), largest)) for _ in range(2))
    return quantise(_window(picture, height, width, rng.random(), rng.random()))


def _window(picture: Picture, height: int, width: int, down: float, right: float) -> Picture:
    top = round(max(0, picture.shape[0] - height) * down)
    left = round(max(0, picture.shape[1] - width) * right)
    return picture[top : top + height, left : left + width]


def _per_picture(entry: Entry) -> int:
    """How many random samples: more of the packages that have few pictures."""
    many = ("wesnoth", "endless-sky")
    return 6 if entry.package.startswith(many) else 20


def _make(entry: Entry, cache: Path, purpose: str) -> list[Sample]:
    torch.set_num_threads(1)
    if purpose in ("training", "drawings"):
        return random_samples(entry, cache, _per_picture(entry))
    return ladder_samples(entry, cache, LADDER_LEVELS[2:] if purpose == "ladder_training" else LADDER_LEVELS)


def _all(entries: list[Entry], cache: Path, purpose: str, workers: int) -> Iterator[Sample]:
    with ProcessPoolExecutor(workers) as pool:
        for number, samples in enumerate(pool.map(partial(_make, cache=cache, purpose=purpose), entries, chunksize=2)):
            if number % 20 == 0:
                print(f"{purpose}: {number} of {len(entries)} pictures", flush=True)
            yield from samples


def _for_ladder(entries: list[Entry]) -> list[Entry]:
    """One picture of each group, and of those of large packages every fifth: a ladder is long."""
    first = {entry.group: entry for entry in reversed(entries)}.values()
    large = [entry for entry in first if entry.package.startswith(("wesnoth", "endless-sky"))]
    return [entry for entry in first if entry not in large] + large[::5]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--only", choices=("training", "drawings", "ladder_training", "ladder_validation", "ladder_held_out")
    )
    options = parser.parse_args()
    training, validation, held_out = (read_list(name) for name in ("training", "validation", "held_out"))
    fetch(training + validation + held_out, options.cache)
    jobs = {
        "training": training,
        "drawings": drawn_entries(),
        "ladder_training": _for_ladder(training),
        "ladder_held_out": held_out,
    }
    for name, entries in jobs.items():
        if options.only in (None, name):
            save(list(_all(entries, options.cache, name, options.workers)), options.cache / f"{name}.npz")


if __name__ == "__main__":
    main()
