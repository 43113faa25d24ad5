"""What the score is for: clean photographs pass 0.8, damaged copies do not, and the right family is blamed."""

from __future__ import annotations

from itertools import pairwise

import pytest

from ..core.shipped_families import score_pictures
from ..core.test_quality_pictures import PHOTOGRAPHS, blurred, compressed, noisy, photograph


def _scored(image, **arguments):
    return score_pictures(image, **arguments).report["images"][0]


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("width", [None, 256, 160])
def test_a_clean_photograph_passes_at_any_size(name, width):
    scored = _scored(photograph(name, width))
    assert scored["score"] >= 0.8, scored["reason"]
    assert scored["passed"]


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize(("top", "left"), [(0, 0), (0, 256), (256, 0), (256, 256), (3, 5), (101, 77)])
def test_a_part_of_a_clean_photograph_passes(name, top, left):
    scored = _scored(photograph(name)[:, top : top + 256, left : left + 256])
    assert scored["score"] >= 0.8, scored["reason"]


DAMAGE = {
    "blur": lambda image: blurred(image, 2.5),
    "noise": lambda image: noisy(image, 0.08),
    "compression": lambda image: compressed(image, 5),
}


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("family", DAMAGE)
def test_a_damaged_photograph_fails_far_below_and_the_right_family_is_blamed(name, family):
    scored = _scored(DAMAGE[family](photograph(name, 256)))
    assert scored["score"] < 0.6
    assert not scored["passed"]
    assert scored["worst"] == family
    assert scored["families"][family] == scored["score"]
    assert scored["reason"].startswith(f"{family} {scored['score']:.2f}: ")


FURTHER_DAMAGE = {
    "darkened to a fifth": (lambda image: image * 0.2, "tone"),
    "four times too bright": (lambda image: (image * 4).clamp(max=1), "tone"),
    "a tenth of the contrast": (lambda image: image * 0.1 + 0.45, "tone"),
    "four times the contrast": (lambda image: ((image - 0.5) * 4 + 0.5).clamp(0, 1), "overcooked or tone"),
    "sharpened beyond measure": (lambda image: (9 * image - 8 * blurred(image, 1.5)).clamp(0, 1), "overcooked"),
    "enlarged by repeating pixels": (
        lambda image: image[:, ::4, ::4].repeat_interleave(4, 1).repeat_interleave(4, 2),
        "structure",
    ),
    "five tones left": (lambda image: (image * 4).round() / 4, "structure"),
    "motion blur of 25 px": (lambda image: sum(image.roll(shift, 2) for shift in range(25)) / 25, "blur"),
}


@pytest.mark.parametrize("damage", FURTHER_DAMAGE)
def test_other_damage_fails_too(damage):
    damaged, family = FURTHER_DAMAGE[damage]
    scored = _scored(damaged(photograph("astronaut.png", 384)))
    assert scored["score"] < 0.75
    assert scored["worst"] in family.split(" or ")


def test_noise_in_one_corner_is_enough_to_fail():
    image = photograph("astronaut.png").clone()
    image[:, :160, :160] = noisy(image[:, :160, :160], 0.08)
    scored = _scored(image)
    assert scored["worst"] == "noise"
    assert not scored["passed"]


LADDERS = {
    "blur": (blurred, [0, 0.8, 1.5, 4]),
    "noise": (noisy, [0, 0.02, 0.04, 0.08, 0.3]),
    "JPEG quality": (compressed, [95, 75, 50, 30, 5]),
}


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("ladder", LADDERS)
def test_visible_damage_never_scores_higher_when_there_is_more(name, ladder):
    damage, levels = LADDERS[ladder]
    image = photograph(name, 256)
    scores = [score_pictures(damage(image, level)).score for level in levels]
    # Of what passes a little noise or blur may even take the edge off: it is scored by its worst family.
    assert all(later <= earlier + (0.06 if later >= 0.8 else 0.02) for earlier, later in pairwise(scores)), scores
    assert scores[0] > scores[-1] + 0.5


@pytest.mark.parametrize("times", [2, 4, 8, 16])
def test_pixel_art_may_have_squares_of_any_size(times):
    """Squares of 16 px coincide with the tiles that detail is looked for in."""
    dots = photograph("astronaut.png", 256)[:, ::times, ::times]
    large_squares = dots.repeat_interleave(times, 1).repeat_interleave(times, 2)
    assert score_pictures(large_squares, preset="pixel art").passed
    assert times == 2 or not score_pictures(large_squares, preset="photo").passed


@pytest.mark.parametrize("preset", ["photo", "illustration", "pixel art"])
def test_no_preset_forgives_noise(preset):
    assert not score_pictures(noisy(photograph("astronaut.png", 256), 0.08), preset=preset).passed


def test_an_ignored_family_is_still_measured():
    dots = photograph("astronaut.png", 256)[:, ::4, ::4].repeat_interleave(4, 1).repeat_interleave(4, 2)
    scored = _scored(dots, preset="pixel art")
    assert scored["families"]["structure"] < 0.8 <= scored["score"]
    assert scored["worst"] != "structure"
