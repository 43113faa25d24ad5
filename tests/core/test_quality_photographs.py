"""What the score is for: clean photographs pass 0.8, damaged copies do not, and the right family is blamed."""

from __future__ import annotations

from itertools import pairwise

import pytest

from .shipped_families import score_pictures
from .test_quality_pictures import PHOTOGRAPHS, blurred, compressed, noisy, photograph

MARGIN = 0.05


def _scored(image, **arguments):
    return score_pictures(image, **arguments).report["images"][0]


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("width", [None, 384, 256, 160])
def test_a_clean_photograph_passes_at_any_size(name, width):
    scored = _scored(photograph(name, width))
    assert scored["score"] >= 0.8 + MARGIN, scored["reason"]
    assert scored["passed"]


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize(("top", "left"), [(0, 0), (0, 256), (256, 0), (256, 256), (3, 5), (101, 77)])
def test_a_part_of_a_clean_photograph_passes(name, top, left):
    scored = _scored(photograph(name)[:, top : top + 256, left : left + 256])
    assert scored["score"] >= 0.8 + MARGIN, scored["reason"]


DAMAGE = {
    "blur": lambda image: blurred(image, 2.5),
    "noise": lambda image: noisy(image, 0.08),
    "compression": lambda image: compressed(image, 5),
}


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("width", [None, 256])
@pytest.mark.parametrize("family", DAMAGE)
def test_a_damaged_photograph_fails_far_below_and_the_right_family_is_blamed(name, width, family):
    scored = _scored(DAMAGE[family](photograph(name, width)))
    assert scored["score"] < 0.5
    assert not scored["passed"]
    assert scored["worst"] == family
    assert scored["families"][family] == scored["score"]
    assert scored["reason"].startswith(f"{family} {scored['score']:.2f}: ")


FURTHER_DAMAGE = {
    "darkened to a fifth": (lambda image: image * 0.2, "tone"),
    "four times too bright": (lambda image: (image * 4).clamp(max=1), "tone"),
    "a tenth of the contrast": (lambda image: image * 0.1 + 0.45, "tone"),
    "four times the contrast": (lambda image: ((image - 0.5) * 4 + 0.5).clamp(0, 1), "overcooked"),
    "sharpened beyond measure": (lambda image: (9 * image - 8 * blurred(image, 1.5)).clamp(0, 1), "overcooked"),
    "enlarged by repeating pixels": (
        lambda image: image[:, ::4, ::4].repeat_interleave(4, 1).repeat_interleave(4, 2),
        "structure",
    ),
    "eight tones left": (lambda image: (image * 7).round() / 7, "structure"),
    "motion blur of 25 px": (lambda image: sum(image.roll(shift, 2) for shift in range(25)) / 25, "blur"),
}


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("damage", FURTHER_DAMAGE)
def test_other_damage_fails_too(name, damage):
    damaged, family = FURTHER_DAMAGE[damage]
    scored = _scored(damaged(photograph(name, 384)))
    assert scored["score"] < 0.7
    assert scored["worst"] == family


def test_noise_in_one_corner_is_enough_to_fail():
    image = photograph("astronaut.png").clone()
    image[:, :160, :160] = noisy(image[:, :160, :160], 0.08)
    scored = _scored(image)
    assert scored["worst"] == "noise"
    assert not scored["passed"]


LADDERS = {
    "blur": (blurred, [0, 0.8, 1.5, 2.5, 4, 7]),
    "noise": (noisy, [0, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3]),
    "JPEG quality": (compressed, [95, 85, 75, 50, 30, 18, 10, 5]),
}


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("ladder", LADDERS)
def test_more_damage_never_scores_higher(name, ladder):
    damage, levels = LADDERS[ladder]
    image = photograph(name, 320)
    scores = [score_pictures(damage(image, level)).score for level in levels]
    assert all(later <= earlier + 0.02 for earlier, later in pairwise(scores)), scores
    assert scores[0] > scores[-1] + 0.5


def test_a_preset_ignores_what_is_style_there():
    soft = blurred(photograph("astronaut.png", 384), 2.5)
    assert not score_pictures(soft, preset="photo").passed
    assert score_pictures(soft, preset="illustration").passed


@pytest.mark.parametrize("times", [2, 3, 4, 5, 7, 8, 10, 12, 16, 20, 24, 32])
def test_pixel_art_may_have_squares_of_any_size(times):
    """Squares of 16 and 32 px coincide with the tiles that detail is looked for in."""
    dots = photograph("astronaut.png")[:, ::times, ::times]
    large_squares = dots.repeat_interleave(times, 1).repeat_interleave(times, 2)
    assert not score_pictures(large_squares, preset="illustration").passed
    assert score_pictures(large_squares, preset="pixel art").score >= 0.8 + MARGIN


@pytest.mark.parametrize("preset", ["photo", "illustration", "pixel art"])
def test_no_preset_forgives_noise(preset):
    assert not score_pictures(noisy(photograph("astronaut.png", 256), 0.08), preset=preset).passed


def test_an_ignored_family_is_still_measured():
    scored = _scored(blurred(photograph("astronaut.png", 256), 2.5), preset="illustration")
    assert scored["families"]["blur"] < 0.5
    assert scored["score"] == min(
        score for name, score in scored["families"].items() if name not in ("blur", "overcooked")
    )
