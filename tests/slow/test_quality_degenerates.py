"""Pictures of nothing: whatever a gate must never let through scores below 0.3, and for the right reason."""

from __future__ import annotations

import math

import pytest
import torch
from switchyard_pack.core.quality_score import PRESETS

from ..core.shipped_families import score_pictures
from ..core.test_quality_pictures import pattern, photograph

NOTHING = {
    "flat 0/0/0": "blank",
    "flat 1/1/1": "blank",
    "flat 0.5/0.5/0.5": "blank",
    "flat 0.8/0.3/0.2": "blank",
    "flat 0/0/1": "blank",
    "pixel": "blank",
    "ramp": "blank",
    "dark 0.004": "blank",
    "dark 0.01": "pure noise",
    "uniform": "pure noise",
    "gaussian 0.02": "pure noise",
    "gaussian 0.2": "pure noise",
    "grey": "pure noise",
    "binary": "pure noise",
    "latent 2": "pure noise",
    "latent 4": "pure noise",
    "latent 8": "pure noise",
    "half": "structure",
    "disc": "structure",
    "checkerboard 1": "structure",
    "checkerboard 8": "structure",
    "stripes 8": "structure",
}


@pytest.mark.parametrize(
    ("name", "side"),
    [(name, 256) for name in NOTHING] + [(name, 512) for name in ("pixel", "uniform", "latent 8", "half", "disc")],
)
def test_a_picture_of_nothing_fails_for_the_right_reason(name, side):
    scored = score_pictures(pattern(name, side)).report["images"][0]
    assert scored["score"] < 0.3
    assert scored["worst"] == NOTHING[name], scored["reason"]
    assert scored["reason"].startswith(scored["worst"])


@pytest.mark.parametrize("side", [128, 256])
def test_a_smooth_blob_fails_as_blank_or_blurred(side):
    scored = score_pictures(pattern("blob", side)).report["images"][0]
    assert scored["score"] < 0.3
    assert scored["worst"] in ("blank", "blur")


def test_coarse_latent_noise_fails_as_noise_in_a_picture_large_enough_to_tell():
    scored = score_pictures(pattern("latent 16", 512)).report["images"][0]
    assert scored["score"] < 0.3
    assert scored["worst"] == "pure noise"


@pytest.mark.parametrize("preset", [preset for preset in PRESETS if preset != "photo"])
@pytest.mark.parametrize("name", ["flat 0/0/0", "pixel", "ramp", "uniform", "grey", "binary", "latent 8"])
def test_no_preset_lets_a_blank_or_noise_through(name, preset):
    verdict = score_pictures(pattern(name), threshold=0.0, preset=preset)
    assert verdict.score == 0.0
    assert not verdict.passed


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_one_broken_value_is_enough(value, dtype):
    image = photograph("astronaut.png", 128).to(dtype)
    image[0, 7, 11, 2] = value
    verdict = score_pictures(image, threshold=0.0)
    scored = verdict.report["images"][0]
    assert verdict.score == 0.0
    assert not verdict.passed
    assert scored["worst"] == "non-finite"
    assert scored["reason"].startswith("non-finite")
    assert set(scored["families"].values()) == {0.0}
    assert scored["readouts"]["non_finite_percent"] > 0


def test_a_broken_value_counts_in_a_large_picture_and_at_its_very_end():
    image = photograph("astronaut.png").repeat(1, 2, 4, 1)
    image[0, -1, -1, -1] = math.nan
    assert score_pictures(image).report["images"][0]["worst"] == "non-finite"


def test_one_broken_picture_fails_a_batch_and_leaves_the_others_alone():
    good = photograph("astronaut.png", 128)
    verdict = score_pictures(torch.cat([good, torch.full_like(good, math.nan), good]))
    assert [picture["passed"] for picture in verdict.report["images"]] == [True, False, True]
    assert verdict.scores[0] == verdict.scores[2] > 0.8
    assert not verdict.passed


def test_a_picture_in_the_wrong_range_fails_and_the_reason_says_how_to_help():
    scored = score_pictures(photograph("astronaut.png", 256) * 255).report["images"][0]
    assert scored["score"] < 0.3
    assert scored["readouts"]["out_of_range_percent"] > 50
    assert scored["reason"].endswith("divide a picture in 0..255 by 255; halve one in -1..1 and add 0.5.")


def test_values_a_little_outside_are_clamped():
    image = photograph("astronaut.png", 256)
    over = torch.where(image > 0.9, image + 0.2, image)
    clamped = score_pictures(over.clamp(0, 1)).report["images"][0]
    scored = score_pictures(over).report["images"][0]
    assert scored["score"] == clamped["score"]
    assert scored["readouts"]["out_of_range_percent"] > 0 == clamped["readouts"]["out_of_range_percent"]
