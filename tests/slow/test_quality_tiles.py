"""The worst tile lies where the damage is, and damage that is all over has none worth pointing at."""

from __future__ import annotations

import pytest
import torch
from switchyard_pack.core.quality_bands import Bands
from switchyard_pack.core.quality_local import LocalDamage, Part
from switchyard_pack.core.quality_tiles import TILE_PX, WorstTile, find_worst_tile

from ..core.shipped_families import PARAMETERS, score_pictures
from ..core.test_quality_pictures import blurred, compressed, noisy, photograph

DAMAGE = {"noise": lambda image: noisy(image, 0.1), "compression": lambda image: compressed(image, 5)}


def worst_tile(image, family, local=None, score=0.5, bars=Bands(0, 0, 0, 0)):  # noqa: B008 - it can't be changed
    return find_worst_tile(image[0], family, score, local, bars, PARAMETERS.families, "photo")


@pytest.mark.parametrize("family", DAMAGE)
@pytest.mark.parametrize(("x", "y"), [(256, 0), (0, 256)])
def test_it_lies_where_the_damage_is(family, x, y):
    image = photograph("astronaut.png").clone()
    image[:, y : y + 256, x : x + 256] = DAMAGE[family](image[:, y : y + 256, x : x + 256])
    tile = worst_tile(image, family)
    assert tile[:5] == (x, y, TILE_PX, TILE_PX, family)
    assert 0 <= tile.score < 0.6


def test_tiles_reach_the_far_edges_and_stay_inside():
    image = photograph("astronaut.png")[:, :300]
    image = image.clone()
    image[:, 44:, 256:] = noisy(image[:, 44:, 256:], 0.1)
    assert worst_tile(image, "noise")[:4] == (256, 44, 256, 256)


def test_it_is_looked_for_between_the_bars_of_a_letterbox_and_given_in_the_whole_picture():
    image = photograph("astronaut.png").clone()
    image[:, 256:, :256] = noisy(image[:, 256:, :256], 0.1)
    framed = torch.cat([torch.zeros(1, 100, 512, 3), image, torch.zeros(1, 100, 512, 3)], dim=1)
    assert worst_tile(framed, "noise", bars=Bands(100, 100, 0, 0))[:4] == (0, 356, 256, 256)
    assert score_pictures(framed).report["images"][0]["worst_tile"]["y"] >= 100


@pytest.mark.parametrize("family", ["blur", "tone", "overcooked"])
def test_what_may_differ_from_place_to_place_has_none(family):
    assert worst_tile(photograph("astronaut.png"), family) is None


@pytest.mark.parametrize("family", ["noise", "structure"])
@pytest.mark.parametrize("size", [(256, 256), (255, 512), (256, 511), (64, 64)])
def test_a_picture_of_one_tile_has_none(family, size):
    assert worst_tile(photograph("astronaut.png")[:, : size[0], : size[1]], family) is None


def test_a_part_of_local_damage_goes_first():
    local = LocalDamage(7.0, Part(10, 20, 64, 64), 30.0, Part(0, 0, 512, 150))
    image = photograph("astronaut.png")
    assert worst_tile(image, "noise", local, 0.3) == WorstTile(10, 20, 64, 64, "noise", 0.3)
    assert worst_tile(image, "structure", local, 0.4) == WorstTile(0, 0, 512, 150, "structure", 0.4)
    assert worst_tile(image[:, :256, :256], "compression", local) is None


def test_the_report_shows_it_for_damage_only():
    image = photograph("astronaut.png")
    scored = score_pictures(noisy(image, 0.1)).report["images"][0]
    assert scored["worst_tile"]["family"] == scored["worst"] == "noise"
    assert list(scored["worst_tile"]) == ["x", "y", "width", "height", "family", "score"]
    assert score_pictures(blurred(image, 4)).report["images"][0]["worst_tile"] is None
    assert score_pictures(photograph("grace_hopper.jpg")).report["images"][0]["worst_tile"] is None
