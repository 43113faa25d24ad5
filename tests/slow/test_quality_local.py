"""Local damage: squares of noise wherever they lie, in pictures of any size, and no texture taken for one."""

from __future__ import annotations

import functools

import pytest
import torch
from switchyard_pack.core.quality_local import Part, find_local_damage
from switchyard_pack.core.quality_planes import reduction, whole_picture
from torch.nn import functional

from ..core.shipped_families import score_pictures
from ..core.test_quality_pictures import PHOTOGRAPHS, pattern, photograph, planes


@functools.cache
def _photograph(side):
    image = photograph("astronaut.png", min(side, 512))
    return image if side <= 512 else functional.interpolate(image.movedim(3, 1), (side, side)).movedim(1, 3)


def _noise(kind, side, seed=0):
    generator = torch.Generator().manual_seed(seed)
    if kind == "Gaussian":
        return (0.5 + 0.2 * torch.randn(side, side, 3, generator=generator)).clamp(0, 1)
    return torch.rand(side, side, 1 if kind == "grey" else 3, generator=generator).expand(side, side, 3)


def with_noise(image, kind, size, x, y):
    """A picture with a square of noise at (x, y)."""
    image = image.clone()
    image[:, y : y + size, x : x + size] = _noise(kind, size)
    return image


def _overlaps(part: Part, x, y, size):
    return part.x < x + size and part.x + part.width > x and part.y < y + size and part.y + part.height > y


@pytest.mark.parametrize("side", [256, 512, 1024])
@pytest.mark.parametrize("share", [2, 4], ids=["a quarter", "a sixteenth"])
@pytest.mark.parametrize("kind", ["RGB", "grey", "Gaussian"])
def test_a_square_of_noise_is_found_wherever_it_lies(side, share, kind):
    size, free = side // share, side - side // share
    places = [(0, 0), (free, 0), (0, free), (free, free), (free // 2 + 5, free // 3 + 3), (17, free - 11)]
    for x, y in places if side < 1024 else places[-2:]:
        found = find_local_damage(planes(with_noise(_photograph(side), kind, size, x, y)))
        assert 100 / share**2 * 0.5 <= found.noise_percent <= 100 / share**2 * 1.6, (x, y)
        assert _overlaps(found.noise_part, x, y, size), (x, y)
        assert found.noise_part.x + found.noise_part.width <= side
        assert found.noise_part.y + found.noise_part.height <= side


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("width", [128, 200, 256, 384, None])
def test_a_clean_photograph_has_no_local_damage(name, width):
    assert find_local_damage(planes(photograph(name, width))) == (0, None, 0, None)


@pytest.mark.parametrize("name", ["checkerboard 1", "checkerboard 8", "stripes 8", "disc", "ramp", "blob", "latent 8"])
@pytest.mark.parametrize("side", [256, 512])
def test_a_pattern_is_not_noise(name, side):
    found = find_local_damage(planes(pattern(name, side)))
    assert (found.noise_percent, found.noise_part) == (0, None)


def test_a_texture_of_uneven_ground_is_not_noise():
    """Strong grain over the lights and shadows of a photograph: damage of the whole picture, not of a part."""
    grain = 0.12 * torch.randn(1, 512, 512, 3, generator=torch.Generator().manual_seed(2))
    waves = 0.5 + 0.25 * torch.sin(torch.arange(512.0) / 20)[None, None, :, None] + grain
    assert find_local_damage(planes(waves.clamp(0, 1))).noise_percent == 0


@pytest.mark.parametrize("size", [(1, 1), (20, 300), (64, 64), (47, 95)], ids=str)
def test_what_is_too_small_for_a_part_has_none(size):
    assert find_local_damage(planes(torch.full((1, *size, 3), 0.5))) == (0, None, 0, None)


def test_parts_are_given_in_pixels_of_a_picture_that_was_reduced():
    row = torch.cat([_photograph(512), _photograph(512).flip(2)], dim=2)
    large = torch.cat([row, row], dim=2)  # 2048 x 512
    large = torch.cat([large, large.flip(1)], dim=1)
    assert reduction(large[0]) == 2
    x, y, size = 1100, 480, 400
    found = find_local_damage(whole_picture(with_noise(large, "RGB", size, x, y)[0]), 2)
    part = found.noise_part
    assert x - 32 <= part.x < part.x + part.width <= x + size + 32
    assert y - 32 <= part.y < part.y + part.height <= y + size + 32
    assert min(part.width, part.height) >= size - 96  # the rectangle around all of it

    large[:, 700:] = 0.5
    assert find_local_damage(whole_picture(large[0]), 2).flat_part == Part(0, 700, 2048, 324)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("preset", ["photo", "illustration"])
@pytest.mark.parametrize("share", [2, 4], ids=["a quarter", "a sixteenth"])
def test_a_photograph_with_a_square_of_noise_fails(name, preset, share):
    image = photograph(name, 256)
    size = 256 // share
    scored = score_pictures(with_noise(image, "RGB", size, 60, 90), preset=preset).report["images"][0]
    assert scored["score"] < 0.65
    assert scored["worst"] == "noise"
    assert scored["reason"].startswith(f"noise {scored['score']:.2f}: a part of the picture is mere noise (")
    tile = scored["worst_tile"]
    assert tile["family"] == "noise"
    assert _overlaps(Part(tile["x"], tile["y"], tile["width"], tile["height"]), 60, 90, size)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("preset", ["photo", "illustration"])
def test_a_photograph_whose_lower_half_is_flat_fails(name, preset):
    image = photograph(name, 256).clone()
    middle = image.shape[1] // 2
    image[:, middle:] = torch.tensor([0.5, 0.4, 0.3])
    scored = score_pictures(image, preset=preset).report["images"][0]
    assert scored["score"] < 0.5
    assert scored["worst"] == "structure"
    assert "stops short: a band of one colour covers 50 % of it" in scored["reason"]
    assert scored["worst_tile"] == {
        "x": 0,
        "y": middle,
        "width": 256,
        "height": image.shape[1] - middle,
        "family": "structure",
        "score": scored["score"],
    }


def test_a_letterboxed_photograph_with_noise_in_it_fails_too():
    image = with_noise(photograph("astronaut.png", 256), "RGB", 80, 20, 100)
    image[:, :40] = image[:, -40:] = 0
    scored = score_pictures(image).report["images"][0]
    assert scored["worst"] == "noise"
    assert not scored["passed"]
    assert _overlaps(Part(*(scored["worst_tile"][key] for key in ("x", "y", "width", "height"))), 20, 100, 80)
