"""NIQE: against the numbers of an independent implementation, and on pictures that have nothing to measure.

The reference values were made once with basicsr.metrics.niqe.niqe of BasicSR 1.4.2 (numpy, scipy), called on the same
planes as float64 with the parameters that it brings. On the five TID2013 pictures that come with pyiqa the values of
the authors' MATLAB release are met within 0.6 %; nothing of that is committed, as pyiqa's licence forbids it.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
import torch
from switchyard_pack.core.niqe import measure_blocks, niqe
from switchyard_pack.core.quality_planes import whole_picture
from switchyard_pack.nodes.host.weights import load_data

from .test_quality_pictures import blurred, photograph

PARAMETERS = load_data("niqe_parameters")
REFERENCE = {"clouds": 6.538327, "grain": 8.360869, "waves": 11.260409, "letterbox": 8.434327}


@functools.cache
def draw(kind, side=512):
    """A plane of whole levels, made of numbers that every version of numpy draws alike."""
    random = np.random.RandomState(7)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    frequency[0, 0] = 1
    clouds = np.fft.ifft2(np.fft.fft2(random.standard_normal((side, side))) / frequency).real
    clouds = 128 + 45 * clouds / clouds.std()
    grain = random.standard_normal((side, side))
    rows, columns = np.mgrid[:side, :side]
    levels = {
        "clouds": clouds,
        "grain": clouds + 12 * grain,
        "waves": 128 + 60 * np.sin(columns / (4 + rows / 64)) * np.cos(rows / 9) + 3 * grain,
        "letterbox": np.where(np.abs(rows - side / 2) < 140, clouds, 0),
    }
    return torch.from_numpy(np.clip(np.round(levels[kind]), 0, 255)).float()


def distance(luma):
    return niqe(measure_blocks(luma), PARAMETERS)


@pytest.mark.parametrize("kind", REFERENCE)
def test_it_is_what_another_implementation_gives(kind):
    assert distance(draw(kind)) == pytest.approx(REFERENCE[kind], rel=5e-4)


def test_a_blurred_photograph_is_less_natural():
    image = photograph("astronaut.png")
    sharp, blurry = (whole_picture(picture[0]).luma for picture in (image, blurred(image, 2.5)))
    assert 2 < distance(sharp) < 4
    assert distance(blurry) > distance(sharp) + 3


def test_patches_of_a_picture_are_measured_together():
    plane = draw("clouds")
    blocks = torch.cat([measure_blocks(plane[:288]), measure_blocks(plane[288:])])
    assert niqe(blocks, PARAMETERS) == pytest.approx(distance(plane), rel=0.05)
    assert blocks.shape == (3 * 5 + 2 * 5, 36)


FLAT = {
    "nothing": torch.zeros(0, 0),
    "too small for a block": draw("grain", 95),
    "one block": draw("grain", 96),
    "one row of pixels": torch.arange(600.0)[None],
    **{f"flat {level}": torch.full((512, 512), level) for level in (0.0, 0.1, 127.0, 254.9, 255.0)},
    "two halves": torch.cat([torch.zeros(240, 480), torch.full((240, 480), 255.0)]),
    "one bright pixel": torch.zeros(480, 480).index_put_((torch.tensor(100), torch.tensor(100)), torch.tensor(255.0)),
}


@pytest.mark.parametrize("name", FLAT)
def test_where_there_is_nothing_to_measure_there_is_no_number(name):
    assert distance(FLAT[name]) is None


STRANGE = {
    "two blocks": lambda: draw("clouds", 192)[:96],
    "a gradient": lambda: torch.linspace(0, 255, 480).expand(480, 480),
    "a checkerboard": lambda: torch.arange(480)[:, None].add(torch.arange(480)).remainder(2) * 255.0,
    "two levels": lambda: (draw("grain", 480) > 128) * 255.0,
    "one level of noise": lambda: (draw("grain", 480) > 128) + 127.0,
}


@pytest.mark.parametrize("name", STRANGE)
def test_strange_pictures_have_a_finite_number_or_none(name):
    found = distance(STRANGE[name]())
    assert found is None or (math.isfinite(found) and found >= 0)


def test_a_flat_part_is_flat_at_any_level():
    """Rounding errors of the filters are no structure: black, which has none, gives the same as grey and white."""
    plane = draw("clouds")
    found = []
    for level in (0, 100, 255):
        bars = plane.clone()
        bars[:112], bars[400:] = level, level
        found.append(measure_blocks(bars)[:5, :18])
    assert torch.equal(found[0].isnan(), found[1].isnan())
    assert torch.equal(found[0].isnan(), found[2].isnan())
    assert bool(found[0].isnan().any())


def test_what_is_measured_is_left_as_it_was():
    plane = draw("clouds").double()
    blocks = measure_blocks(plane)
    before = plane.clone(), blocks.clone(), {name: tensor.clone() for name, tensor in PARAMETERS.items()}
    measure_blocks(plane)
    niqe(blocks, PARAMETERS)
    assert torch.equal(plane, before[0])
    assert torch.equal(blocks, before[1])
    assert all(torch.equal(tensor, before[2][name]) for name, tensor in PARAMETERS.items())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.uint8])
def test_levels_of_any_type_give_the_same(dtype):
    plane = draw("clouds", 288)
    assert distance(plane.to(dtype)) == distance(plane)
