"""Bars of a letterbox are left out, a picture that stops short is found, and an even ground is neither."""

from __future__ import annotations

import pytest
import torch
from switchyard_pack.core.quality_bands import Bands, find_bands, find_letterbox, widest_lone_band

from .shipped_families import score_pictures
from .test_quality_pictures import PHOTOGRAPHS, compressed, pattern, photograph, planes

COLOURS = {"black": (0.0, 0.0, 0.0), "white": (1.0, 1.0, 1.0), "red": (0.8, 0.1, 0.2)}


def barred(image, top=0, bottom=0, left=0, right=0, colour=(0.0, 0.0, 0.0)):
    """A picture with bars painted over its edges."""
    image = image.clone()
    height, width = image.shape[1:3]
    image[:, :top] = image[:, height - bottom :] = torch.tensor(colour)
    image[:, :, :left] = image[:, :, width - right :] = torch.tensor(colour)
    return image


def _rgb(image):
    return planes(image).rgb


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(
    "bars",
    [
        {"top": 30, "bottom": 30},
        {"top": 20, "bottom": 40},
        {"left": 50, "right": 48},
        {"top": 16, "bottom": 17, "left": 9, "right": 9},
    ],
    ids=str,
)
def test_a_letterbox_is_measured_to_the_pixel(name, colour, bars):
    image = barred(photograph(name, 256), **bars, colour=COLOURS[colour])
    assert find_letterbox(_rgb(image)) == Bands(0, 0, 0, 0)._replace(**bars)
    assert find_bands(_rgb(image)) == Bands(0, 0, 0, 0)._replace(**bars)
    assert widest_lone_band(_rgb(image))[0] == 0


@pytest.mark.parametrize("quality", [60, 75, 90])
@pytest.mark.parametrize("colour", COLOURS)
def test_bars_that_went_through_jpeg_are_still_bars(quality, colour):
    image = compressed(barred(photograph("astronaut.png", 256), top=40, bottom=40, colour=COLOURS[colour]), quality)
    top, bottom, left, right = find_letterbox(_rgb(image))
    assert 40 - 8 <= top <= 40
    assert 40 - 8 <= bottom <= 40
    assert left == right == 0


def test_bars_whose_edge_falls_into_a_block_of_jpeg_are_found_to_that_block():
    image = compressed(barred(photograph("astronaut.png", 256), top=37, bottom=45), 75)
    top, bottom, *_ = find_letterbox(_rgb(image))
    assert 24 <= top <= 37
    assert 32 <= bottom <= 45


def test_a_band_without_its_like_is_no_letterbox():
    image = barred(photograph("astronaut.png", 256), top=20, bottom=41)
    assert find_letterbox(_rgb(image)) == Bands(0, 0, 0, 0)
    share, place = widest_lone_band(_rgb(image))
    assert share == pytest.approx(100 * 41 / 256)
    assert place == (0, 215, 256, 41)


@pytest.mark.parametrize(
    ("band", "place"),
    [
        ({"top": 128}, (0, 0, 256, 128)),
        ({"bottom": 128}, (0, 128, 256, 128)),
        ({"left": 128}, (0, 0, 128, 256)),
        ({"right": 128}, (128, 0, 128, 256)),
    ],
    ids=str,
)
@pytest.mark.parametrize("colour", COLOURS)
def test_a_half_of_one_colour_is_a_lone_band(band, place, colour):
    image = barred(photograph("astronaut.png", 256), **band, colour=COLOURS[colour])
    assert widest_lone_band(_rgb(image)) == (50.0, place)


def test_the_widest_of_two_lone_bands_is_given():
    image = barred(photograph("astronaut.png", 256), top=40, left=100)
    assert widest_lone_band(_rgb(image)) == (pytest.approx(100 * 100 / 256), (0, 0, 100, 256))


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("width", [64, 256, None])
def test_a_photograph_has_no_bands(name, width):
    rgb = _rgb(photograph(name, width))
    assert find_letterbox(rgb) == find_bands(rgb) == Bands(0, 0, 0, 0)
    assert widest_lone_band(rgb)[0] == 0


def test_a_thing_on_an_even_ground_is_no_letterbox():
    """The first line that differs from the ground touches the thing at some pixels only."""
    disc = pattern("disc", 256)
    ground = torch.where(disc.mean(3, keepdim=True) > 0.5, photograph("astronaut.png", 256), torch.ones(3))
    assert find_letterbox(_rgb(ground)) == find_bands(_rgb(ground)) == Bands(0, 0, 0, 0)
    assert widest_lone_band(_rgb(ground))[0] == 0


@pytest.mark.parametrize("level", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("side", [1, 64, 200])
def test_a_picture_of_one_colour_is_not_all_bars(level, side):
    rgb = _rgb(torch.full((1, side, side, 3), level))
    assert find_letterbox(rgb) == Bands(0, 0, 0, 0)
    assert widest_lone_band(rgb)[0] == 0


def test_bands_of_two_colours_are_no_letterbox():
    image = barred(photograph("grace_hopper.jpg", 256), top=100)
    image[:, -100:] = 1.0
    assert find_letterbox(_rgb(image)) == Bands(0, 0, 0, 0)
    assert widest_lone_band(_rgb(image)) == (pytest.approx(100 * 100 / image.shape[1]), (0, 0, 256, 100))
    halves = pattern("half", 256)
    assert widest_lone_band(_rgb(halves)) == (pytest.approx(100 * 129 / 256), (0, 0, 129, 256))


def test_a_step_too_small_to_see_is_no_cut():
    image = photograph("astronaut.png", 256) * 0.02
    image[:, 128:] = 0
    assert find_bands(_rgb(image)) == Bands(0, 0, 0, 0)


def test_the_picture_is_not_changed():
    rgb = _rgb(barred(photograph("astronaut.png", 128), top=20, bottom=20))
    before = rgb.clone()
    find_letterbox(rgb)
    widest_lone_band(rgb)
    assert torch.equal(rgb, before)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("bars", [{"top": 48, "bottom": 48}, {"left": 32, "right": 32}], ids=["above", "beside"])
def test_a_letterboxed_photograph_scores_as_without_its_bars(name, bars):
    image = photograph(name, 320)
    inside = image[
        :, bars.get("top", 0) : image.shape[1] - bars.get("bottom", 0), bars.get("left", 0) : 320 - bars.get("right", 0)
    ]
    expected, found = (score_pictures(one).report["images"][0]["families"] for one in (inside, barred(image, **bars)))
    assert found == pytest.approx(expected, abs=0.02)
