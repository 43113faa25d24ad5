"""How sharp a picture is: the blur effect of Crété, and the sharpness of its sharpest edges in four directions."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from .quality_planes import percentile, tile_means

_TILE_PX = 16
_BLUR_WINDOW_PX = 11
_MIN_GRADIENT = 1.0  # mean square step of a tile, levels^2: below it a tile is flat and says nothing about sharpness
_MIN_TILES = 4
# Rounding to 8 bits is noise of variance 1/12 in each channel, 0.037 in luma: what it adds to the squares of first
# differences (twice that) and of second differences (six times that).
_ROUNDING_FIRST = 0.074
_ROUNDING_SECOND = 0.22
_SHARP_SHARE = 0.9  # the sharpest tenth of the tiles decides: a blurred background is no fault
_DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))


class Sharpness(NamedTuple):
    """Sharpness of the sharpest tenth of the tiles: in the worst direction, and that over the best direction (0..1)."""

    edge_sharpness: float
    direction_ratio: float


def measure_sharpness(luma: Tensor) -> Sharpness:
    """Measures how quickly the steps of an (H, W) luma plane change from one pixel to the next.

    In each tile with any contrast the rms second difference is divided by the rms first difference. The ratio is
    sqrt(3) = 1.73 for white noise, about 1.4 for ideal edges, and falls as 1/sigma once a Gaussian blur of sigma > 1 px
    has widened them; contrast cancels out. Taken along four directions it also sees motion blur, which leaves the
    edges across it sharp. A picture without contrast has sharpness 0 and direction ratio 1.
    """
    centre = luma[1:-1, 1:-1]
    firsts, seconds = [], []
    for row, column in _DIRECTIONS:
        ahead, behind = _shifted(luma, row, column), _shifted(luma, -row, -column)
        firsts.append(tile_means(((ahead - centre) ** 2 + (centre - behind) ** 2) / 2, _TILE_PX))
        seconds.append(tile_means((ahead - 2 * centre + behind) ** 2, _TILE_PX))
    has_contrast = firsts[0] + firsts[1] > _MIN_GRADIENT
    ratios = []
    for first, second in zip(firsts, seconds, strict=True):
        seen = has_contrast & (first > _MIN_GRADIENT / 4)
        if int(seen.sum()) < _MIN_TILES:
            continue  # stripes have no steps along themselves, a checkerboard none along its diagonals
        squares = (second[seen] - _ROUNDING_SECOND).clamp(min=0.0) / (first[seen] - _ROUNDING_FIRST)
        ratios.append(percentile(squares.sqrt(), _SHARP_SHARE))
    if not ratios:
        return Sharpness(0.0, 1.0)
    return Sharpness(min(ratios), min(ratios) / max(*ratios, 1e-6))


def blur_effect(luma: Tensor) -> float:
    """The no-reference blur metric of Crété, Dolmiere, Ladret and Nicolas (SPIE 6492, 2007), 0 (sharp) to 1 (blurred).

    The picture is blurred again by a box of 11 px; the fewer of its steps (Sobel, along each axis) vanish, the more
    blurred it was. The worse of both axes counts; a flat picture gives 1.
    """
    return max(_blur_effect_along(luma), _blur_effect_along(luma.T))


def _blur_effect_along(luma: Tensor) -> float:
    half = _BLUR_WINDOW_PX // 2
    # A running sum would lose float32 digits over a wide picture, so the window is summed shift by shift.
    padded = torch.cat([luma[:, :half].flip(1), luma, luma[:, -half:].flip(1)], dim=1)
    blurred = torch.zeros_like(luma)
    for shift in range(_BLUR_WINDOW_PX):
        blurred += padded[:, shift : shift + luma.shape[1]]
    blurred /= _BLUR_WINDOW_PX
    steps, steps_left = _sobel(luma)[1:, 1:], _sobel(blurred)[1:, 1:]
    total = float(steps.sum())
    lost = float((steps - steps_left).clamp_(min=0.0).sum())
    return (total - lost) / total if total > 0 else 1.0


def _sobel(luma: Tensor) -> Tensor:
    """Size of the step along the rows, smoothed across them; 1 px smaller than the plane on every side."""
    smooth = luma[:-2] + 2 * luma[1:-1] + luma[2:]
    return (smooth[:, 2:] - smooth[:, :-2]).abs_()


def _shifted(luma: Tensor, row: int, column: int) -> Tensor:
    height, width = luma.shape
    return luma[1 + row : height - 1 + row, 1 + column : width - 1 + column]
