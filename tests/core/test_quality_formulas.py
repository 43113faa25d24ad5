"""The formulas that the networks look at, against other implementations and arithmetic, and noise of a known size."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from switchyard_pack.core import (
    quality_blocks,
    quality_families,
    quality_noise,
    quality_planes,
    quality_sharpness,
    quality_tones,
)

from .shipped_families import PARAMETERS, score_pictures
from .test_quality_pictures import compressed, photograph

# Made once with scikit-image 0.26.0 and PyWavelets on luma 0.299 R + 0.587 G + 0.114 B in float64:
#   skimage.measure.blur_effect(luma / 255, h_size=11)
#   skimage.measure.shannon_entropy(np.rint(luma).astype(np.uint8))
#   np.median(np.abs(pywt.dwt2(luma, "haar")[1][2])) / 0.6745
REFERENCE = {
    "astronaut.png": {"blur_effect": 0.400040, "entropy": 7.453645, "haar_mad": 1.575241},
    "grace_hopper.jpg": {"blur_effect": 0.310890, "entropy": 7.087755, "haar_mad": 1.482580},
}


def _planes(image):
    return quality_planes.whole_picture(image[0])


@pytest.mark.parametrize("name", REFERENCE)
def test_the_blur_effect_is_that_of_scikit_image(name):
    luma = _planes(photograph(name)).luma
    assert quality_sharpness.blur_effect(luma) == pytest.approx(REFERENCE[name]["blur_effect"], abs=2e-4)


@pytest.mark.parametrize("name", REFERENCE)
def test_the_haar_estimate_is_that_of_pywavelets(name):
    luma = _planes(photograph(name)).luma
    assert quality_noise.haar_mad_sigma(luma) == pytest.approx(REFERENCE[name]["haar_mad"], abs=1e-4)


@pytest.mark.parametrize("name", REFERENCE)
def test_the_entropy_is_that_of_scikit_image(name):
    counts = quality_tones.histogram(_planes(photograph(name)).luma)
    assert quality_tones.entropy_bits(counts) == pytest.approx(REFERENCE[name]["entropy"], abs=1e-5)


@pytest.mark.parametrize("sigma", [5.0, 10.0, 15.0, 25.0])
def test_noise_of_a_known_size_is_recovered(sigma):
    random = np.random.default_rng(int(sigma))
    plane = torch.from_numpy(128 + sigma * random.standard_normal((512, 512))).float()
    assert quality_noise.immerkaer_sigma(plane) == pytest.approx(sigma, rel=0.05)
    assert quality_noise.haar_mad_sigma(plane) == pytest.approx(sigma, rel=0.05)


@pytest.mark.parametrize("sigma", [5.0, 10.0, 25.0])
def test_colour_noise_is_given_as_the_noise_of_each_channel(sigma):
    random = np.random.default_rng(1)
    picture = torch.from_numpy(128 + sigma * random.standard_normal((512, 512, 3))) / 255
    measured = quality_noise.local_colour_sigma(quality_planes.whole_picture(picture))
    assert measured == pytest.approx(sigma, rel=0.15)  # the calmest tenth of the tiles of the noisiest part


def test_the_entropy_of_even_tones_is_the_logarithm_of_their_number():
    for bits in (0, 1, 3, 8):
        levels = torch.arange(2**bits, dtype=torch.float32).repeat(16)
        assert quality_tones.entropy_bits(quality_tones.histogram(levels)) == pytest.approx(bits, abs=1e-12)


@pytest.mark.parametrize("name", REFERENCE)
def test_colourfulness_is_that_of_the_paper_in_float64(name):
    red, green, blue = (photograph(name)[0].double().numpy() * 255).transpose(2, 0, 1)
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    spread = math.sqrt(red_green.std() ** 2 + yellow_blue.std() ** 2)
    expected = spread + 0.3 * math.sqrt(red_green.mean() ** 2 + yellow_blue.mean() ** 2)
    assert quality_tones.colourfulness(_planes(photograph(name)).rgb) == pytest.approx(expected, rel=1e-5)


def test_a_grey_picture_has_no_colour():
    grey = _planes(photograph("astronaut.png")[..., :1])
    assert quality_tones.colourfulness(grey.rgb) == 0
    assert quality_tones.saturation_percent(grey.rgb) == 0
    assert quality_noise.local_colour_sigma(grey) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("name", REFERENCE)
def test_jpeg_blocking_is_that_of_the_paper_in_float64(name):
    plane = _planes(compressed(photograph(name), 20)).luma
    found = []
    for image in (plane.double().numpy(), plane.double().numpy().T):
        width = image.shape[1]
        steps = np.diff(image, axis=1)
        ends = np.arange(8, 8 * (width // 8 - 1) + 1, 8)  # 1-based columns 8 i, i = 1 .. width/8 - 1
        boundary = np.abs(steps[:, ends - 1]).mean()
        activity = (8 * np.abs(steps).mean() - boundary) / 7
        found.append((boundary, activity, (steps[:, 1:] * steps[:, :-1] < 0).mean()))
    boundary, activity, crossings = np.mean(found, axis=0)
    score = -245.8909 + 261.9373 * boundary ** (-239.8886e-4) * activity**160.1664e-4 * crossings**64.2859e-4
    measured = quality_blocks.wang_blocking(plane)
    assert measured[:3] == pytest.approx((boundary, activity, crossings), rel=1e-4)
    assert measured.quality == pytest.approx(score, abs=2e-3)


@pytest.mark.parametrize("shift", [(0, 0), (3, 0), (0, 5), (7, 7)])
def test_the_grid_of_jpeg_is_found_wherever_it_starts(shift):
    image = compressed(photograph("astronaut.png", 384), 20)[:, shift[0] :, shift[1] :]
    assert quality_blocks.block_step_ratio(_planes(image).luma) > 1.5


@pytest.mark.parametrize("name", REFERENCE)
def test_sharpness_halves_where_blur_doubles(name):
    from .test_quality_pictures import blurred

    def measured(sigma):
        return quality_sharpness.measure_sharpness(_planes(blurred(photograph(name), sigma)).luma).edge_sharpness

    assert measured(3) / measured(1.5) == pytest.approx(0.5, abs=0.15)


def test_white_noise_has_the_sharpness_and_kurtosis_of_theory():
    random = np.random.default_rng(0)
    plane = torch.from_numpy(128 + 30 * random.standard_normal((512, 512))).float()
    assert quality_sharpness.measure_sharpness(plane).edge_sharpness == pytest.approx(math.sqrt(3), abs=0.06)
    randomness = quality_noise.measure_randomness(plane)
    assert randomness.white_tiles_percent > 95
    assert randomness.gradient_kurtosis == pytest.approx(3, abs=0.1)
    assert randomness.contrast_variation < 0.02
    assert randomness.large_scale_share < 0.05


def test_the_variance_of_the_laplacian_would_prefer_noise_and_the_score_does_not():
    from .test_quality_pictures import noisy

    def laplacian_variance(image):
        luma = _planes(image).luma
        inner = luma[1:-1, 1:-1]
        return (luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4 * inner).var()

    clean = photograph("astronaut.png", 256)
    grainy = noisy(clean, 0.08)
    assert laplacian_variance(grainy) > laplacian_variance(clean)
    assert score_pictures(grainy).score < score_pictures(clean).score - 0.3


def test_a_level_is_counted_from_below():
    counts = torch.zeros(256, dtype=torch.int64)
    counts[10], counts[200] = 90, 10
    assert [quality_tones.level_at(counts, share) for share in (0.01, 0.9, 0.91, 1.0)] == [10, 10, 200, 200]


@pytest.mark.parametrize(("levels", "percent"), [(256, 100), (128, 50), (64, 25), (16, 6.25), (2, 0.8)])
def test_the_levels_in_use_are_counted(levels, percent):
    ramp = torch.arange(256).repeat(256).div(256 / levels, rounding_mode="floor") * (255 / (levels - 1))
    counts = quality_tones.histogram(ramp)
    assert quality_tones.tonal_levels_percent([counts] * 3) == pytest.approx(percent, rel=0.05)


def test_repeated_lines_are_counted_and_lines_of_one_colour_are_not():
    image = photograph("astronaut.png", 96)[0] * 255
    assert quality_blocks.repeated_lines_percent(image) == 0
    enlarged = image.repeat_interleave(3, 0).repeat_interleave(3, 1)
    assert quality_blocks.repeated_lines_percent(enlarged) == pytest.approx(100 * 2 / 3, abs=1)
    assert quality_blocks.repeated_lines_percent(image.repeat_interleave(3, 0)) == 0  # along one axis only
    assert quality_blocks.repeated_lines_percent(torch.zeros(96, 96, 3)) == 0


CURVE = ((1.0, 0.0), (2.0, 0.5), (4.0, 1.0))


@pytest.mark.parametrize(
    ("value", "height"), [(-5, 0), (1, 0), (1.5, 0.25), (2, 0.5), (3, 0.75), (4, 1), (math.inf, 1), (math.nan, 0)]
)
def test_a_curve_is_straight_between_its_points_and_level_beyond(value, height):
    assert quality_families.interpolate(CURVE, value) == height


def test_every_curve_rises_or_falls_within_0_and_1():
    for fault in (*quality_families.FAULTS, *quality_families.LOCAL_FAULTS):
        values, scores = zip(*fault.curve, strict=True)
        assert list(values) == sorted(set(values)), fault
        assert list(scores) in (sorted(scores), sorted(scores, reverse=True)), fault
        assert max(scores) == 1, fault
        assert min(scores) >= 0, fault


def test_every_family_has_a_fault_and_every_fault_a_family_and_a_readout():
    from switchyard_pack.core.quality_readouts import measure

    readouts = measure(photograph("astronaut.png", 128)[0], PARAMETERS.natural).readouts
    faults = (*quality_families.FAULTS, *quality_families.LOCAL_FAULTS)
    assert {fault.family for fault in quality_families.FAULTS} == set(quality_families.FAMILIES)
    assert {fault.readout for fault in faults} <= set(readouts)
    assert all("{value" in fault.words and fault.advice for fault in faults)


def test_the_worst_fault_of_a_family_gives_the_words_and_style_gives_none():
    readouts = dict.fromkeys((fault.readout for fault in quality_families.FAULTS), 0.0)
    readouts |= dict.fromkeys((fault.readout for fault in quality_families.LOCAL_FAULTS), 0.0)
    readouts |= {"noise_luma_sigma_levels": 7.0, "stray_pixels_percent": 1.5}
    assert quality_families.describe_fault("noise", readouts).startswith("stray black or white pixels (1.5 % of")
    style = {"stray_pixels_percent"}
    assert quality_families.describe_fault("noise", readouts, style).startswith("visible grain (sigma 7.0 of 255). Try")
    style |= {"noise_luma_sigma_levels"}
    assert quality_families.describe_fault("noise", readouts, style).startswith("grainy or speckled. Try")


# Where the curves of all faults are highest.
INTACT = {
    fault.readout: max(fault.curve, key=lambda point: point[1])[0]
    for fault in (*quality_families.FAULTS, *quality_families.LOCAL_FAULTS)
}


@pytest.mark.parametrize(
    ("readouts", "family"),
    [
        ({"local_noise_percent": 6.25}, "noise"),
        ({"noise_colour_sigma_levels": 24.0}, "noise"),
        ({"flat_band_percent": 50.0}, "structure"),
    ],
)
def test_parts_of_a_picture_are_scored_by_their_curves(readouts, family):
    """The issue's measures: a sixteenth of noise and a flat half fail far below; without them, nothing is scored so."""
    intact = INTACT
    assert set(quality_families.local_scores(intact).values()) == {1.0}
    scores = quality_families.local_scores(intact | readouts)
    assert scores[family] < 0.5
    assert all(score == 1 for name, score in scores.items() if name != family)


@pytest.mark.parametrize(
    ("readout", "extreme", "bad", "family"),
    [
        ("edge_sharpness_ratio", 0.3, 0.5, "blur"),
        ("tonal_range_levels", 20.0, 40.0, "tone"),
        ("repeated_lines_percent", 55.0, 40.0, "structure"),
        ("tonal_levels_percent", 1.0, 12.0, "structure"),
    ],
)
def test_one_read_out_is_enough_where_it_is_extreme_and_no_style(readout, extreme, bad, family):
    """Where it is only bad, the networks decide: they see the others too."""
    factors = quality_families.extreme_factors
    none = dict.fromkeys(quality_families.FAMILIES, 1.0)
    assert factors(INTACT | {readout: extreme})[family] < 0.8
    assert factors(INTACT | {readout: extreme}) | {family: 1.0} == none
    assert (
        factors(INTACT | {readout: extreme}, {readout}) == factors(INTACT | {readout: bad}) == factors(INTACT) == none
    )
