"""Scene statistics: whichever way up, whatever size, always numbers; contrast is normalised as published."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
import torch
from switchyard_pack.core.quality_statistics import is_statistic, normalised_contrast, scene_statistics

from .test_quality_pictures import noisy, pattern, photograph, planes


@functools.cache
def _measured(width=192):
    return scene_statistics(planes(photograph("grace_hopper.jpg", width)))


@pytest.mark.parametrize(
    "turn",
    [
        lambda image: image.flip(2),
        lambda image: image.flip(1),
        lambda image: image.rot90(1, (1, 2)),
        lambda image: image.rot90(2, (1, 2)),
        lambda image: image.rot90(3, (1, 2)),
        lambda image: image.transpose(1, 2),
    ],
    ids=["left to right", "upside down", "90 degrees", "180 degrees", "270 degrees", "along the diagonal"],
)
@pytest.mark.parametrize("size", [(192, 256), (148, 216)], ids=str)
def test_flips_and_quarter_turns_change_nothing(turn, size):
    """For sides that can be halved twice: of others a line is dropped, at one edge."""
    image = photograph("grace_hopper.jpg", 256)[:, : size[0], : size[1]]
    before, after = scene_statistics(planes(image)), scene_statistics(planes(turn(image)))
    assert after == pytest.approx(before, abs=1e-3)


@pytest.mark.parametrize(
    "size", [(1, 1), (1, 500), (3, 5), (63, 64), (64, 64), (65, 127), (128, 96), (255, 257), (70, 700)], ids=str
)
def test_a_picture_of_any_size_has_the_same_finite_numbers(size):
    image = torch.rand(1, *size, 3, generator=torch.Generator().manual_seed(1))
    found = scene_statistics(planes(image))
    assert list(found) == list(_measured())
    assert all(type(value) is float and math.isfinite(value) for value in found.values())


@pytest.mark.parametrize("level", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("size", [1, 64, 200])
def test_a_picture_of_one_colour_has_finite_numbers(level, size):
    found = scene_statistics(planes(torch.full((1, size, size, 3), level)))
    assert all(math.isfinite(value) for value in found.values())
    assert found["scale_0_flat_share"] == 1
    assert found["repeats"] == found["repeats_twice"] == 1
    assert found["scale_0_power"] == found["tone_spread"] == pytest.approx(0, abs=1e-3)
    assert found["tone_p50"] == pytest.approx(round(level * 255) / 255)


@pytest.mark.parametrize("name", ["checkerboard 1", "stripes 8", "binary", "ramp", "pixel"])
def test_patterns_have_numbers_of_the_order_of_1(name):
    found = scene_statistics(planes(pattern(name, 128)))
    assert all(abs(value) <= 30 for value in found.values()), found


def test_every_name_is_that_of_a_statistic_and_no_readout_is():
    from switchyard_pack.core.quality_readouts import look

    both = look(planes(photograph("astronaut.png", 64)))
    statistics = set(_measured())
    assert {name for name in both if is_statistic(name)} == statistics
    assert len(both) > len(statistics) > 100


def _smoothed(plane):
    """Gaussian of 7 x 7 px and sigma 7/6 in float64, edges repeated; in two dimensions at once."""
    offsets = np.arange(-3, 4)
    window = np.exp(-(offsets[:, None] ** 2 + offsets[None] ** 2) / (2 * (7 / 6) ** 2))
    window /= window.sum()
    padded = np.pad(plane, 3, mode="edge")
    return np.einsum("yxij,ij->yx", np.lib.stride_tricks.sliding_window_view(padded, (7, 7)), window)


@pytest.mark.parametrize("name", ["astronaut.png", "grace_hopper.jpg"])
def test_contrast_is_normalised_as_published(name):
    luma = planes(photograph(name, 160)).luma
    plane = luma.double().numpy()
    mean = _smoothed(plane)
    contrast = np.sqrt(np.abs(_smoothed(plane**2) - mean**2))
    found, found_contrast = normalised_contrast(luma)
    calm = contrast > 1  # where tones are even, squares of float32 leave noise of a tenth of a level
    assert np.abs(found_contrast.numpy() - contrast)[calm].max() < 0.02
    assert np.abs(found_contrast.numpy() - contrast).max() < 0.15
    assert np.abs(found.numpy() - (plane - mean) / (contrast + 1)).max() < 0.02


def test_shape_of_contrast_is_that_of_the_same_numbers_in_float64():
    luma = planes(photograph("astronaut.png", 160)).luma
    coefficients = normalised_contrast(luma)[0].double().numpy()
    power = (coefficients**2).mean()
    products = coefficients[:, 1:] * coefficients[:, :-1], coefficients[1:] * coefficients[:-1]
    correlations = sorted(pair.mean() / power for pair in products)
    found = scene_statistics(planes(photograph("astronaut.png", 160)))
    expected = {
        "scale_0_power": power,
        "scale_0_tails": math.log1p((coefficients**4).mean() / power**2),
        "scale_0_peak": np.abs(coefficients).mean() ** 2 / power,
        "scale_0_straight_0_lower": correlations[0],
        "scale_0_straight_0_higher": correlations[1],
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-4)


def test_noise_and_blur_move_them():
    """What the networks live on: white noise has neighbours unrelated, an intact photograph has not."""
    clean = photograph("grace_hopper.jpg", 192)
    grainy = scene_statistics(planes(noisy(clean, 0.15)))
    assert grainy["scale_0_straight_0_lower"] < _measured()["scale_0_straight_0_lower"] - 0.1
    assert grainy["scale_0_flat_share"] < _measured()["scale_0_flat_share"]
    assert grainy["scale_0_bend_energy"] > _measured()["scale_0_bend_energy"] + 1
