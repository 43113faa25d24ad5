"""Damage for training: the same each time, of the same shape, in range, and never done to the picture itself."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from switchyard_pack.core.quality_families import FAMILIES

import drawings
from distortions import FAMILY_OF_KIND, KINDS, LEVELS, damage, parameter, quantise


@functools.cache
def _picture():
    rng = np.random.default_rng(5)
    coarse = rng.random((12, 9, 3)).repeat(8, 0).repeat(8, 1)
    picture = quantise((0.8 * coarse + 0.2 * rng.random(coarse.shape)).astype(np.float32))
    picture.setflags(write=False)
    return picture


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("level", [1, 2.5, 5])
def test_damage_keeps_shape_and_range_and_is_the_same_each_time(kind, level):
    before = _picture().copy()
    first = damage(_picture(), kind, level, np.random.default_rng(1))
    again = damage(_picture(), kind, level, np.random.default_rng(1))
    assert first.dtype == np.float32
    assert first.shape == _picture().shape
    assert first.min() >= 0
    assert first.max() <= 1
    assert np.abs(first * 255 - np.round(first * 255)).max() < 1e-4  # levels of 8 bits
    assert np.array_equal(first, again)
    assert np.array_equal(_picture(), before)
    assert not np.array_equal(first, before)


@pytest.mark.parametrize("kind", KINDS)
def test_more_damage_is_farther_from_the_picture(kind):
    distances = [
        np.abs(damage(_picture(), kind, level, np.random.default_rng(2)) - _picture()).mean() for level in (1, 5)
    ]
    assert distances[1] > 1.2 * distances[0]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_five_rising_or_falling_parameters_and_a_family(kind):
    assert FAMILY_OF_KIND[kind] in FAMILIES
    assert list(LEVELS[kind]) in (sorted(LEVELS[kind]), sorted(LEVELS[kind], reverse=True))
    assert [parameter(kind, level) for level in range(1, 6)] == pytest.approx(LEVELS[kind])
    low, high = sorted(LEVELS[kind][2:4])
    assert low < parameter(kind, 3.5) < high


@pytest.mark.parametrize(("kind", "level"), [("blurry", 3), ("jpeg", 0), ("jpeg", 5.1), ("jpeg", float("nan"))])
def test_a_kind_or_level_that_does_not_exist_is_refused(kind, level):
    with pytest.raises(ValueError, match="There is no damage"):
        damage(_picture(), kind, level, np.random.default_rng(0))


@pytest.mark.parametrize("kind", drawings.KINDS)
def test_drawings_are_the_same_each_time_and_in_range(kind):
    first, again = (drawings.draw(kind, 96, np.random.default_rng(3)) for _ in range(2))
    assert first.shape == (96, 96, 3)
    assert np.array_equal(first, again)
    assert 0 <= first.min() < first.max() <= 1
