"""Regular structures that do not belong into a picture: the 8-px grid of JPEG, repeated lines, seams between tiles."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

_JPEG_BLOCK_PX = 8
_SEAM_LEVELS = (1.0, 64.0)  # a seam is a faint step; a stronger one is the edge of a thing, a frame or a panel
_CONSTANT_LEVELS = 8.0


class WangBlocking(NamedTuple):
    """The three measures of Wang, Sheikh and Bovik (ICIP 2002) over both axes, and the JPEG quality they fit to them.

    Attributes:
        boundary: Mean step across the block boundaries of a grid from either edge, the larger one, levels.
        activity: Mean step elsewhere, levels.
        crossings: Share of neighbouring steps that change sign, 0..1.
        quality: The paper's score: about 10 for a perfect picture, 1 for a poor one; can leave that range.
    """

    boundary: float
    activity: float
    crossings: float
    quality: float


def wang_blocking(luma: Tensor) -> WangBlocking:
    """Measures the JPEG quality of an (H, W) luma plane after Wang, Sheikh and Bovik; needs 16 px on each side."""
    found = [_wang_along(plane) for plane in (luma, luma.T)]
    boundary, activity, crossings = ((first + second) / 2 for first, second in zip(*found, strict=True))
    smallest = 1e-4  # the fit has negative powers, and a flat picture has no steps at all
    quality = -245.8909 + 261.9373 * (
        max(boundary, smallest) ** -0.02398886
        * max(activity, smallest) ** 0.01601664
        * max(crossings, smallest) ** 0.00642859
    )
    return WangBlocking(boundary, activity, crossings, quality)


def _wang_along(luma: Tensor) -> tuple[float, float, float]:
    steps = luma[:, 1:] - luma[:, :-1]
    blocks = luma.shape[1] // _JPEG_BLOCK_PX
    sizes = steps.abs()
    # From the far edge too: a flipped picture whose width is no multiple of 8 has its grid there.
    boundary = max(float(each[:, 7 : 8 * (blocks - 1) : 8].mean()) for each in (sizes, sizes.flip(1)))
    activity = (8 * float(sizes.mean()) - boundary) / 7
    crossings = float((steps[:, 1:] * steps[:, :-1] < 0).float().mean())
    return boundary, activity, crossings


def block_step_ratio(luma: Tensor) -> float:
    """How much larger the steps across an 8-px grid are than the others: 1 without a grid, visible from about 1.4.

    Wang's ratio of boundary to activity, made robust: the grid may start anywhere, as after a crop; each of its
    lines is one vote (median), so that single strong edges or seams do not count; and one level is added to both
    sides, so that steps too small to see do not count. Mean over both axes.
    """
    return sum(_block_step_ratio_along(plane) for plane in (luma, luma.T)) / 2


def _block_step_ratio_along(luma: Tensor) -> float:
    sizes = (luma[:, 1:] - luma[:, :-1]).abs_()
    means = sizes.mean(0)
    excess = means[1:-1] - (means[:-2] + means[2:]) / 2
    count = excess.numel() // _JPEG_BLOCK_PX * _JPEG_BLOCK_PX
    by_phase = torch.quantile(excess[:count].reshape(-1, _JPEG_BLOCK_PX), 0.5, dim=0)
    steps = torch.quantile(means[1:-1][:count].reshape(-1, _JPEG_BLOCK_PX), 0.5, dim=0)
    phase = int(by_phase.argmax())
    elsewhere = (float(steps.sum()) - float(steps[phase])) / (_JPEG_BLOCK_PX - 1)
    return (float(steps[phase]) + 1) / (elsewhere + 1)


def repeated_lines_percent(rgb: Tensor) -> float:
    """Percentage of the rows, or of the columns if fewer, that repeat the one before them, of an (H, W, 3) picture.

    Enlarging by nearest neighbour repeats them; no photograph does. Lines of one colour do not count.
    """
    return min(_repeated_rows_percent(rgb), _repeated_rows_percent(rgb.transpose(0, 1)))


def _repeated_rows_percent(rgb: Tensor) -> float:
    varied = (rgb.amax(1) - rgb.amin(1)).amax(-1) > _CONSTANT_LEVELS
    repeated = (rgb[1:] == rgb[:-1]).flatten(1).all(1)
    counted = varied[1:]
    return 100.0 * int((repeated & counted).sum()) / max(int(counted.sum()), 1)


def seam_share(luma: Tensor) -> float:
    """How much of the picture's length its second straightest faint step runs along, 0..1; the lesser of both axes.

    Along a line between two columns a pixel votes for a seam if its step is between 1 and 64 levels and larger than
    both neighbouring steps, which chance gives a third of them. Tiles leave such lines from edge to edge, several of
    them, and along both axes. So does JPEG, but at every 8th pixel: what half the lines of a grid have in common is
    taken off.
    """
    return min(_second_straightest_line(plane) for plane in (luma, luma.T))


def _second_straightest_line(luma: Tensor) -> float:
    sizes = (luma[:, 1:] - luma[:, :-1]).abs_()
    centre = sizes[:, 1:-1]
    weakest, strongest = _SEAM_LEVELS
    is_step = (centre > torch.maximum(sizes[:, :-2], sizes[:, 2:])) & (centre > weakest) & (centre <= strongest)
    count = centre.shape[1] // _JPEG_BLOCK_PX * _JPEG_BLOCK_PX
    lines = is_step[:, :count].float().mean(0).reshape(-1, _JPEG_BLOCK_PX)
    grid = torch.quantile(lines, 0.5, dim=0)
    above_grid = lines - (grid - grid.min())
    return float(above_grid.flatten().topk(2).values[1].clamp(min=0.0))
