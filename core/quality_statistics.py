"""The scene statistics of one picture: the numbers beside the read-outs that the trained families look at.

Undamaged pictures share statistics that damage of any kind disturbs (Ruderman 1994; Mittal, Moorthy and Bovik, TIP
2012): pixels divided by their local contrast are near Gaussian, and products of neighbours follow one shape. They are
taken at three sizes. Directions are put in order of size, never by name, so that flips and quarter turns change them
hardly at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from .quality_noise import haar_mad_sigma
from .quality_planes import Planes
from .quality_tones import histogram, level_at

SCALES = 3
_WINDOW_PX = 7
_WINDOW_SIGMA_PX = 7 / 6
_TILE_PX = 32
_QUANTILES = (0.1, 0.5, 0.9)
_STRAIGHT = ((0, 1), (1, 0))
_DIAGONAL = ((1, 1), (1, -1))

_PREFIXES = ("scale_", "chroma_", "tone_", "repeats")

_half = (_WINDOW_PX - 1) // 2
_weights = [math.exp(-((place - _half) ** 2) / (2 * _WINDOW_SIGMA_PX**2)) for place in range(_WINDOW_PX)]
_WINDOW = [weight / sum(_weights) for weight in _weights]


def scene_statistics(planes: Planes) -> dict[str, float]:
    """Gives the scene statistics of a picture by name; every value is a finite float of the order of 1.

    A size of which a side would be under 32 px repeats the last one: the numbers are always as many.
    """
    found: dict[str, Tensor | float] = {}
    plane = planes.luma
    for scale in range(SCALES):
        found |= {f"scale_{scale}_{name}": value for name, value in _of_a_scale(plane, _TILE_PX >> scale)}
        if min(plane.shape) >= 64:
            plane = functional.avg_pool2d(plane[None, None], 2)[0, 0]
    blue, red = (dict(_of_chroma(chroma)) for chroma in (planes.chroma_blue, planes.chroma_red))
    for name in blue:
        pair = torch.stack([torch.as_tensor(blue[name]).cpu(), torch.as_tensor(red[name]).cpu()])
        found |= {f"chroma_{name}_lower": pair.min(), f"chroma_{name}_higher": pair.max()}
    found |= dict(_of_tones(planes.luma))
    values = torch.stack([torch.as_tensor(value, dtype=torch.float32).cpu() for value in found.values()])
    values = torch.nan_to_num(values, nan=0.0, posinf=20.0, neginf=-20.0)
    return dict(zip(found, values.tolist(), strict=True))


def is_statistic(name: str) -> bool:
    """Whether a number has the name of a scene statistic."""
    return name.startswith(_PREFIXES)


def normalised_contrast(plane: Tensor) -> tuple[Tensor, Tensor]:
    """Mean-subtracted, contrast-normalised coefficients of an (H, W) plane in levels, and the local contrast itself.

    Source: Ruderman (Network 5, 1994); window and constant of Mittal, Moorthy and Bovik (TIP 21, 2012): a Gaussian of
    7 px and sigma 7/6, and 1 level added to the contrast.
    """
    mean = _smoothed(plane)
    contrast = (_smoothed(plane * plane) - mean * mean).abs_().sqrt_()
    return (plane - mean) / (contrast + 1.0), contrast


def _of_a_scale(plane: Tensor, tile: int) -> Iterator[tuple[str, Tensor]]:
    grid = _grid(plane, tile)
    coefficients, contrast = normalised_contrast(plane)
    yield from _shape(coefficients)
    power = coefficients.square().mean().clamp(min=1e-6)
    for name, shifts in (("straight", _STRAIGHT), ("diagonal", _DIAGONAL)):
        pairs = [_shape_of_products(coefficients, shift, power) for shift in shifts]
        for number, (first, second) in enumerate(zip(*pairs, strict=True)):
            yield f"{name}_{number}_lower", torch.minimum(first, second)
            yield f"{name}_{number}_higher", torch.maximum(first, second)

    yield "contrast_mean", contrast.mean().log1p()
    yield from _quantiles("contrast", _tile_means(contrast, grid).log1p())
    yield "flat_share", (contrast < 1).float().mean()

    across, down = plane[:, 1:] - plane[:, :-1], plane[1:] - plane[:-1]
    laplacian = functional.pad(plane[None, None], (1, 1, 1, 1), mode="replicate")[0, 0]
    laplacian = laplacian[:-2, 1:-1] + laplacian[2:, 1:-1] + laplacian[1:-1, :-2] + laplacian[1:-1, 2:] - 4 * plane
    energies = across.square().mean(), down.square().mean()
    yield "step_energy_lower", torch.minimum(*energies).log1p()
    yield "step_energy_higher", torch.maximum(*energies).log1p()
    bends = laplacian.square()
    yield "bend_energy", bends.mean().log1p()
    yield "bend_to_step", torch.log((bends.mean() + 0.5) / (energies[0] + energies[1] + 0.5))
    yield "bend_kurtosis", torch.log1p(bends.square().mean() / bends.mean().square().clamp(min=1e-6))
    ratio = torch.log(
        (_tile_means(bends, grid) + 1) / (_tile_means(across.square(), grid) + _tile_means(down.square(), grid) + 4)
    )
    yield from _quantiles("bend_to_step", ratio)
    counts = histogram(across.abs()) + histogram(down.abs())
    for share in (0.5, 0.9, 0.99):
        yield f"step_p{100 * share:.0f}", torch.tensor(math.log1p(level_at(counts, share)))
    bent = plane[:-2] - 2 * plane[1:-1] + plane[2:]
    fine = (bent[:, :-2] - 2 * bent[:, 1:-1] + bent[:, 2:]).abs_()
    yield from _quantiles("fine", torch.log(_tile_means(fine, grid) * (math.sqrt(math.pi / 2) / 6) + 0.1))


def _of_chroma(chroma: Tensor) -> Iterator[tuple[str, Tensor | float]]:
    yield "mad", math.log(haar_mad_sigma(chroma) + 0.05)
    coefficients, contrast = normalised_contrast(chroma)
    yield from _shape(coefficients)
    yield from _quantiles("contrast", _tile_means(contrast, _grid(chroma, _TILE_PX)).log1p())


def _of_tones(luma: Tensor) -> Iterator[tuple[str, Tensor | float]]:
    counts = histogram(luma)
    shares = counts.double() / counts.sum()
    for share in (0.01, 0.05, 0.5, 0.95, 0.99):
        yield f"tone_p{100 * share:.0f}", level_at(counts, share) / 255
    yield "tone_spread", luma.std(correction=0) / 64
    yield "tone_roughness", (shares[1:] - shares[:-1]).abs().sum()
    low, high = level_at(counts, 0.005), level_at(counts, 0.995)
    yield "tone_density", (counts[low : high + 1] > 0).float().mean()
    same = [(luma[:, 1:] == luma[:, :-1]), (luma[1:] == luma[:-1])]
    twice = [same[0][:, 1:] & same[0][:, :-1], same[1][1:] & same[1][:-1]]
    yield "repeats", sum(equal.float().mean() for equal in same) / 2
    yield "repeats_twice", sum(equal.float().mean() for equal in twice) / 2


def _shape(coefficients: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Three moments that tell the shape of a symmetric distribution: its power, its tails and its peak."""
    squares = coefficients.square()
    power = squares.mean()
    yield "power", power
    yield "tails", torch.log1p(squares.square().mean() / power.square().clamp(min=1e-9))
    yield "peak", coefficients.abs().mean().square() / power.clamp(min=1e-9)


def _shape_of_products(coefficients: Tensor, shift: tuple[int, int], power: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Correlation, asymmetry and peak of the products of neighbours."""
    products = _leading(coefficients, shift) * _trailing(coefficients, shift)
    size = products.abs()
    mean, mean_size = products.mean(), size.mean()
    positive, negative = (mean_size + mean) / 2, (mean_size - mean) / 2
    return (
        mean / power,
        torch.log((positive + 1e-3) / (negative + 1e-3)),
        mean_size.square() / size.square_().mean().clamp(min=1e-9),
    )


def _quantiles(name: str, values: Tensor) -> Iterator[tuple[str, Tensor]]:
    found = torch.quantile(values, torch.tensor(_QUANTILES, device=values.device))
    yield from ((f"{name}_q{100 * share:.0f}", value) for share, value in zip(_QUANTILES, found, strict=True))


def _grid(plane: Tensor, size: int) -> tuple[int, int]:
    """How many about square tiles cover a plane from edge to edge, whatever its size: (rows, columns)."""
    rows, columns = (max(1, round(length / size)) for length in plane.shape)
    return rows, columns


def _tile_means(plane: Tensor, grid: tuple[int, int]) -> Tensor:
    """Means over the tiles of a grid; the same when the plane is flipped."""
    return functional.adaptive_avg_pool2d(plane[None, None], grid).flatten()


def _leading(plane: Tensor, shift: tuple[int, int]) -> Tensor:
    down, right = shift
    rows = plane[down:]
    return rows[:, right:] if right >= 0 else rows[:, :right]


def _trailing(plane: Tensor, shift: tuple[int, int]) -> Tensor:
    down, right = shift
    rows = plane[: plane.shape[0] - down]
    return rows[:, : rows.shape[1] - right] if right >= 0 else rows[:, -right:]


def _smoothed(plane: Tensor) -> Tensor:
    """Separable Gaussian by shifted sums: on a CPU several times faster than a convolution of one channel."""
    padded = functional.pad(plane[None, None], (_half, _half, _half, _half), mode="replicate")[0, 0]
    for axis in (1, 0):
        length = padded.shape[axis] - 2 * _half
        total = padded.narrow(axis, _half, length) * _WINDOW[_half]
        for place in range(_half):
            pair = padded.narrow(axis, place, length) + padded.narrow(axis, _WINDOW_PX - 1 - place, length)
            total = total.add_(pair, alpha=_WINDOW[place])
        padded = total
    return padded
