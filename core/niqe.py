"""NIQE, how far a picture's fine structure is from that of natural photographs; a number to look at, not to gate on.

Mittal, Soundararajan and Bovik, "Making a 'completely blind' image quality analyzer", IEEE Signal Processing Letters
20(3), 2013: 36 statistics of each block of 96 x 96 px, in two sizes, and the distance of their Gaussian from that of
125 pristine pictures. Small is natural: photographs have 2 to 5, ruined ones 8 and more, clean ones 7 at times.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

import torch
from torch import Tensor

BLOCK_PX = 96
_WEIGHTS = [math.exp(-0.5 * (place / (7 / 6)) ** 2) for place in range(4)]  # from the centre of 7 x 7 outwards
_NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
_SHAPES = (0.2, 10.0, 0.001)  # the shapes of the distribution that are tried: from, to, step
_BLOCKS_AT_ONCE = 32  # 2 MB: faster than all at once, and memory stays near that of the plane
_ROUNDING = 1e-9  # what is smaller is no structure: it would differ from device to device
# Taps of the bicubic kernel (Keys, a = -1/2), widened by 2 against aliasing, at 0.5, 1.5, 2.5 and 3.5 px.
_HALVING = (0.43359375, 0.11328125, -0.03515625, -0.01171875)


def niqe(blocks: Tensor, parameters: Mapping[str, Tensor]) -> float | None:
    """The distance of a picture from natural ones: 0 and up, small is natural.

    Args:
        blocks: (N, 36): what measure_blocks gave, of one plane or of several patches of a picture, one below another.
        parameters: Of natural pictures: "mean" (36) and "covariance" (36, 36), float64.

    Returns:
        None if it can't be told: without two blocks that are not flat.
    """
    blocks = blocks.to("cpu", torch.float64)
    whole = blocks[blocks.isfinite().all(1)]
    if len(whole) < 2:
        return None
    # As in the authors' release, a flat block counts in the mean, with what can be told of it, and nowhere else.
    offset = parameters["mean"] - blocks.nanmean(0)
    pooled = (parameters["covariance"] + torch.cov(whole.T)) / 2
    squared = float(offset @ torch.linalg.pinv(pooled, hermitian=True) @ offset)
    return math.sqrt(squared) if math.isfinite(squared) and squared >= 0 else None


def measure_blocks(luma: Tensor) -> Tensor:
    """The 36 statistics of each block of a plane: (N, 36), float64 on the CPU; N is 0 below 96 x 96 px.

    Args:
        luma: (H, W) in 0..255; rounded to levels. What is left over at the right and at the bottom does not count.

    Computed in float64: flat and blurred places live from differences of squares that float32 can't hold.
    """
    rows, columns = luma.shape[0] // BLOCK_PX, luma.shape[1] // BLOCK_PX
    if not rows * columns:
        return torch.zeros(0, 36, dtype=torch.float64)
    device = "cpu" if luma.device.type == "mps" else luma.device  # Apple's GPUs have no float64
    plane = luma[: rows * BLOCK_PX, : columns * BLOCK_PX].to(device, torch.float64).round()
    fine = _statistics(_normalise(plane), BLOCK_PX)
    coarse = _statistics(_normalise(_halve(_halve(plane, 0), 1)), BLOCK_PX // 2)
    return torch.cat((fine, coarse), 1).cpu()


def _normalise(plane: Tensor) -> Tensor:
    """Takes out each pixel's local mean, and divides by the local standard deviation and one level."""
    mean = _blur(plane)
    deviation = _blur(plane.square()).sub_(mean.square()).abs_().sqrt_()
    normal = torch.sub(plane, mean, out=mean).div_(deviation.add_(1))
    return normal.masked_fill_(normal.abs() < _ROUNDING, 0)


def _blur(plane: Tensor) -> Tensor:
    """Gaussian of 7 x 7 px; pixels beyond the edge repeat the last one. Sums of shifted planes: fast without cuDNN."""
    total = _WEIGHTS[0] + 2 * sum(_WEIGHTS[1:])
    for axis in (0, 1):
        length = plane.shape[axis]
        first, last = plane.narrow(axis, 0, 1), plane.narrow(axis, length - 1, 1)
        padded = torch.cat((first, first, first, plane, last, last, last), axis)
        plane = plane * (_WEIGHTS[0] / total)
        for place, weight in enumerate(_WEIGHTS[1:], start=1):
            plane.add_(padded.narrow(axis, 3 - place, length), alpha=weight / total)
            plane.add_(padded.narrow(axis, 3 + place, length), alpha=weight / total)
    return plane


def _halve(plane: Tensor, axis: int) -> Tensor:
    """Half the length of an even axis, bicubic without aliasing; beyond the edge the plane is mirrored."""
    length = plane.shape[axis]
    before, after = plane.narrow(axis, 0, 3).flip(axis), plane.narrow(axis, length - 3, 3).flip(axis)
    padded = torch.cat((before, plane, after), axis).movedim(axis, 0)
    half = torch.zeros_like(padded[: length // 2])
    for place, weight in enumerate(_HALVING):
        half.add_(padded[3 - place :: 2][: length // 2], alpha=weight)
        half.add_(padded[4 + place :: 2][: length // 2], alpha=weight)
    return half.movedim(0, axis)


def _statistics(plane: Tensor, size: int) -> Tensor:
    """The 18 statistics of each block of size x size px: of the values, and of products of neighbours, which wrap."""
    rows, columns = plane.shape[0] // size, plane.shape[1] // size
    blocks = plane.reshape(rows, size, columns, size).transpose(1, 2).reshape(rows * columns, size, size)
    return torch.cat([_statistics_of(some) for some in blocks.split(_BLOCKS_AT_ONCE)])


def _statistics_of(blocks: Tensor) -> Tensor:
    shape, _, left, right = _fit(blocks)
    found = [shape, (left + right) / 2]
    for shift in _NEIGHBOURS:
        found += _fit(blocks * blocks.roll(shift, (1, 2)))
    return torch.stack(found, 1)


def _fit(values: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Fits an asymmetric generalised Gaussian to each of (N, height, width): its shape, mean, left and right scale.

    By moments (Lasmar, Stitou and Berthoumieu, ICIP 2009). Where one side has no values all but the shape are NaN.
    """
    values = values.flatten(1)
    squares = values.square()
    left = (squares * (values < 0)).sum(1).div_((values < 0).sum(1)).sqrt_()
    right = (squares * (values > 0)).sum(1).div_((values > 0).sum(1)).sqrt_()
    skew = left / right
    ratio = values.abs().mean(1).square() / squares.mean(1)
    ratio *= (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    shapes, ratios = (table.to(values.device) for table in _table())
    # The ratio grows with the shape; NaN, for a flat block, counts as the least shape, as in the authors' release.
    ratio = ratio.nan_to_num(0.0)
    above = torch.searchsorted(ratios, ratio).clamp(1, len(ratios) - 1)
    is_below = ratio - ratios[above - 1] <= ratios[above] - ratio
    shape = shapes[above - is_below.to(above.dtype)]
    first, second, third = (torch.lgamma(number / shape) for number in (1, 2, 3))
    scale = ((first - third) / 2).exp()
    left, right = left * scale, right * scale
    return shape, (right - left) * (second - first).exp(), left, right


@cache
def _table() -> tuple[Tensor, Tensor]:
    """The shapes that are tried, and the ratio of squared mean size to mean square that each has."""
    low, high, step = _SHAPES
    shapes = low + step * torch.arange(round((high - low) / step) + 1, dtype=torch.float64)
    first, second, third = (torch.lgamma(number / shapes) for number in (1, 2, 3))
    return shapes, (2 * second - first - third).exp()
