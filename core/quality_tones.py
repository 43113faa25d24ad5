"""The tones and colours of a picture: range, clipping, gaps, entropy, colourfulness, and edges driven into clipping."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

_LEVELS = 256
_CLIPPED_HIGH = 254  # one level of tolerance: resizing and colour conversion move a clipped value by one
_CLIPPED_LOW = 1
_BURNT_NEAR = 205  # three pixels outside a burnt-out highlight it is still this bright
_BURNT_LOOK_PX = 3
_BURNT_SHARES = (0.2, 0.5)
_STRONG_EDGE = 60.0  # levels of the Laplacian


def histogram(plane: Tensor) -> Tensor:
    """Counts of the 256 levels of a plane, on the CPU: int64."""
    levels = plane.round().clamp(0, _LEVELS - 1).flatten().to(torch.int64)
    return torch.bincount(levels, minlength=_LEVELS).cpu()


def level_at(counts: Tensor, share: float) -> int:
    """The lowest level that at least a share (0..1] of the counted pixels does not exceed."""
    total = counts.cumsum(0)
    return int((total < share * float(total[-1])).sum())


def entropy_bits(counts: Tensor) -> float:
    """Shannon entropy of a histogram in bits: 0 for one level, 8 for 256 equally frequent ones."""
    shares = counts.double() / counts.sum()
    shares = shares[shares > 0]
    return max(0.0, -float((shares * shares.log2()).sum()))


def colourfulness(rgb: Tensor) -> float:
    """Colourfulness after Hasler and Suesstrunk (SPIE 5007, 2003) of an (H, W, 3) picture: 0 grey, over 109 extreme."""
    red, green, blue = rgb.unbind(-1)
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    spread = math.hypot(float(red_green.std(correction=0)), float(yellow_blue.std(correction=0)))
    return spread + 0.3 * math.hypot(float(red_green.mean()), float(yellow_blue.mean()))


def saturation_percent(rgb: Tensor) -> float:
    """Mean saturation (HSV) of an (H, W, 3) picture in percent."""
    highest, lowest = rgb.amax(-1), rgb.amin(-1)
    return 100.0 * float(((highest - lowest) / highest.clamp(min=1.0)).mean())


class Clipping(NamedTuple):
    """What is lost at the ends of the scale, in percent of the values of all three channels.

    Attributes:
        high_percent: At the top.
        low_percent: At the bottom.
        burnt_percent: At the top, less what looks like a white backdrop: there the picture begins with a hard edge,
            while it reaches a burnt-out highlight by and by.
    """

    high_percent: float
    low_percent: float
    burnt_percent: float


def measure_clipping(rgb: Tensor) -> Clipping:
    """Measures the values of an (H, W, 3) picture at the ends of the scale that clipping can have put there."""
    high = 100.0 * int((rgb >= _CLIPPED_HIGH).sum()) / rgb.numel()
    low = 100.0 * int((rgb <= _CLIPPED_LOW).sum()) / rgb.numel()
    return Clipping(high, low, high * _burnt_share(rgb) if high > 0 else 0.0)


def _burnt_share(rgb: Tensor) -> float:
    """Tells burnt-out highlights (1) from a white backdrop (0) by how the picture falls off from its clipped areas."""
    outside = bright = 0
    for plane in (rgb, rgb.flip(1), rgb.transpose(0, 1), rgb.transpose(0, 1).flip(1)):
        clipped = plane >= _CLIPPED_HIGH
        leaves = clipped[:, :-_BURNT_LOOK_PX] & ~clipped[:, 1 : 1 - _BURNT_LOOK_PX]
        outside += int(leaves.sum())
        bright += int((leaves & (plane[:, _BURNT_LOOK_PX:] >= _BURNT_NEAR)).sum())
    none, all_of_it = _BURNT_SHARES
    return min(1.0, max(0.0, (bright / outside - none) / (all_of_it - none))) if outside else 1.0


def garish_percent(rgb: Tensor) -> float:
    """Percentage of the pixels of an (H, W, 3) picture with one channel at its top and another at its bottom."""
    garish = (rgb.amax(-1) >= _CLIPPED_HIGH) & (rgb.amin(-1) <= _CLIPPED_LOW)
    return 100.0 * float(garish.float().mean())


def tonal_levels_percent(channels: list[Tensor]) -> float:
    """Percentage of the levels in use between the 1st and 99th percentile, of three histograms the widest.

    A picture with fewer pixels than levels can't use them all: the share is taken of what as many
    pixels, spread at random, would use.
    """
    ends = [(level_at(counts, 0.01), level_at(counts, 0.99)) for counts in channels]
    widest = max(range(len(channels)), key=lambda index: ends[index][1] - ends[index][0])
    low, high = ends[widest]
    between = channels[widest][low : high + 1]
    span = high - low + 1
    expected = span * -math.expm1(-float(between.sum()) / span)
    return min(100.0, 100.0 * int((between > 0).sum()) / max(expected, 1.0))


class EdgeStrength(NamedTuple):
    """How hard the edges are.

    Attributes:
        laplacian_p99: 99th percentile of the size of the Laplacian (4 neighbours), levels.
        clipped_edges_percent: Share of the pixels with a Laplacian over 60 levels that are black or white.
    """

    laplacian_p99: float
    clipped_edges_percent: float


def measure_edges(luma: Tensor) -> EdgeStrength:
    """Measures the strength of the edges of an (H, W) luma plane, and how many of them end in pure black or white."""
    centre = luma[1:-1, 1:-1]
    laplacian = (luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4 * centre).abs_()
    counts = torch.bincount(laplacian.flatten().to(torch.int64), minlength=2).cpu()
    strong = laplacian > _STRONG_EDGE
    clipped = strong & ((centre >= 252) | (centre <= 3))
    few = 2e-4 * luma.numel()  # a handful of strong edges proves nothing
    return EdgeStrength(float(level_at(counts, 0.99)), 100.0 * int(clipped.sum()) / max(int(strong.sum()), few, 1.0))
