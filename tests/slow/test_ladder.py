"""The score on ladders of damage, on photographs that anybody can install and that training never saw.

All of them are 512 x 512 px or smaller, from the middle. A ladder is a picture undamaged (level 0) and with one kind of
damage at the levels 2, 3 and 5.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import zlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from switchyard_pack.core import quality_score
from switchyard_pack.core.quality_local import find_local_damage
from switchyard_pack.core.quality_planes import whole_picture
from switchyard_pack.nodes.host.weights import load_data

from distortions import FAMILY_OF_KIND, KINDS, damage
from pictures import FOLDER, read_list

PICTURES = {
    "astronaut": ("skimage", "data/astronaut.png"),
    "chelsea": ("skimage", "data/chelsea.png"),
    "coffee": ("skimage", "data/coffee.png"),
    "china": ("sklearn", "datasets/images/china.jpg"),
    "flower": ("sklearn", "datasets/images/flower.jpg"),
}
LADDERS = (
    "gaussian blur",
    "motion blur",
    "upscaled",
    "white noise",
    "impulse noise",
    "jpeg",
    "banding",
    "pixelation",
    "overexposure",
    "low contrast",
    "oversharpening",
    "latent noise",
)
LEVELS = (0, 2, 3, 5)


def learned_lists():
    """Every committed list but the held-out one, whose pictures only results are read on."""
    return sorted({path.stem.removeprefix("pictures_") for path in FOLDER.glob("pictures_*.csv")} - {"held_out"})


def _file(package, path):
    """A file of an installed package, which is not imported: that takes seconds."""
    spec = importlib.util.find_spec(package)
    assert spec is not None, f"{package} is not installed: pip install --group test"
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / path


@functools.cache
def picture(name):
    """The middle of a picture, (H, W, 3) float32 in 0..1."""
    with Image.open(_file(*PICTURES[name])) as image:
        image = image.convert("RGB")
        left, top = max(0, image.width - 512) // 2, max(0, image.height - 512) // 2
        image = image.crop((left, top, left + min(512, image.width), top + min(512, image.height)))
    return np.asarray(image, np.float32) / 255


@functools.cache
def parameters():
    return quality_score.Parameters(load_data("quality_families"), load_data("niqe_parameters"))


def score_of(array):
    return quality_score.score_pictures(torch.from_numpy(np.array(array, np.float32))[None], parameters()).score


@functools.cache
def score(name, kind, level):
    if level == 0:
        return score_of(picture(name)) if kind is None else score(name, None, 0)
    rng = np.random.default_rng(zlib.crc32(f"{name} {kind}".encode()))
    return score_of(damage(picture(name), kind, level, rng))


def test_the_kinds_are_twelve_and_of_every_family():
    assert len(LADDERS) == len(set(LADDERS)) == 12
    assert set(LADDERS) <= set(KINDS)
    assert {FAMILY_OF_KIND[kind] for kind in LADDERS} == set(FAMILY_OF_KIND.values())


@pytest.mark.parametrize("learned_from", learned_lists())
def test_no_picture_is_one_that_training_learned_from(learned_from):
    listed = {entry.sha256 for entry in read_list(learned_from)}
    assert listed
    assert not listed & {hashlib.sha256(_file(*place).read_bytes()).hexdigest() for place in PICTURES.values()}
    assert not {entry.package.replace("_", "-") for entry in read_list(learned_from)} & {"scikit-image", "scikit-learn"}


@pytest.mark.parametrize("name", PICTURES)
def test_a_clean_photograph_passes(name):
    assert score(name, None, 0) >= 0.8


@pytest.mark.parametrize("kind", LADDERS)
def test_the_mean_falls_from_level_to_level(kind):
    means = [np.mean([score(name, kind, level) for name in PICTURES]) for level in LEVELS]
    assert all(later < earlier for earlier, later in pairwise(means)), means


@pytest.mark.parametrize("kind", LADDERS)
def test_what_is_ruined_fails(kind):
    """Level 5; colour casts and seams are not asked for, as nobody can tell them from lighting and tiles."""
    scores = {name: score(name, kind, 5) for name in PICTURES}
    assert max(scores.values()) < 0.8, scores


def test_of_two_levels_the_more_damaged_is_lower():
    pairs = [
        (score(name, kind, better), score(name, kind, worse))
        for name in PICTURES
        for kind in LADDERS
        for place, better in enumerate(LEVELS)
        for worse in LEVELS[place + 1 :]
    ]
    assert np.mean([lower < higher for higher, lower in pairs]) >= 0.85


@pytest.mark.parametrize("name", ["grass", "gravel", "brick"])
def test_a_texture_is_hardly_taken_for_noise(name):
    """A few 64-px squares of gravel look like noise, and less than 3.5 % of such squares is no fault that fails."""
    with Image.open(_file("skimage", f"data/{name}.png")) as image:
        array = np.asarray(image.convert("RGB"), np.float32) / 255
    assert find_local_damage(whole_picture(torch.from_numpy(array))).noise_percent < 3.5
