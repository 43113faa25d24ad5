"""Bands of one colour along the edges of a picture: the bars of a letterbox, or a picture that stops short.

Convention: sizes in pixels, counted from the edge inwards.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

_BAR_TOLERANCE_LEVELS = 4.0  # bars that went through JPEG are not quite flat
_CUT_LEVELS = 8.0
_CUT_SHARE = 0.7
_BLEEDING_PX = 16  # so far the colours of a picture run into a bar when JPEG stores them at half size


class Bands(NamedTuple):
    """How thick the band of one colour along each edge is, 0 where there is none."""

    top: int
    bottom: int
    left: int
    right: int

    def removed_from(self, picture: Tensor) -> Tensor:
        """A view of an (H, W, C) picture without the bands; of at least one pixel."""
        height, width = picture.shape[:2]
        rows = picture[self.top : max(self.top + 1, height - self.bottom)]
        return rows[:, self.left : max(self.left + 1, width - self.right)]


def find_bands(rgb: Tensor, tolerance: float = 0.0) -> Bands:
    """Finds the bands of one colour at which an (H, W, 3) picture in levels of 0..255 is cut off straight.

    A thing on an even ground touches the ground's band at some pixels only, and that is no band: where bars begin or
    decoding stopped, nearly all of the line differs. Of two bands alike it is enough that one is cut off so, as beside
    the other the picture may be as dark as the bar.
    """
    turned = rgb.transpose(0, 1)
    pairs = ((rgb, rgb.flip(0)), (turned, turned.flip(0)))
    return Bands(*(length for pair in pairs for length in _pair_of_bands(*pair, tolerance)))


def find_letterbox(rgb: Tensor) -> Bands:
    """Finds the bars of a letterbox: bands of one colour along two opposite edges, one at most twice the other."""
    top, bottom, left, right = find_bands(rgb, _BAR_TOLERANCE_LEVELS)
    height, width = rgb.shape[:2]
    has_one_colour = _has_one_colour(rgb)
    if not (has_one_colour and _are_alike(top, bottom)) or top + bottom >= height:
        top = bottom = 0
    if not (has_one_colour and _are_alike(left, right)) or left + right >= width:
        left = right = 0
    return Bands(top, bottom, left, right)


def widest_lone_band(rgb: Tensor) -> tuple[float, tuple[int, int, int, int]]:
    """Finds the band of exactly one colour without its like along the opposite edge that takes most of the picture.

    Returns:
        Its share of the picture in percent, and its place as (x, y, width, height); 0 and an empty place if none.
    """
    height, width = rgb.shape[:2]
    top, bottom, left, right = find_bands(rgb)
    places = [
        (top, bottom, height, (0, 0, width, top)),
        (bottom, top, height, (0, height - bottom, width, bottom)),
        (left, right, width, (0, 0, left, height)),
        (right, left, width, (width - right, 0, right, height)),
    ]
    has_one_colour = _has_one_colour(rgb)
    shares = [
        (0.0 if has_one_colour and _are_alike(band, opposite) else 100.0 * band / length, place)
        for band, opposite, length, place in places
    ]
    return max(shares, key=lambda found: found[0])


def _has_one_colour(rgb: Tensor) -> bool:
    """Whether bands along opposite edges, where there are any, have one colour: two corners are in all four of them."""
    return bool((rgb[0, 0] - rgb[-1, -1]).abs().amax() <= _CUT_LEVELS)


def _are_alike(band: int, opposite: int) -> bool:
    return 2 * min(band, opposite) >= max(band, opposite) > 0


def _pair_of_bands(plane: Tensor, opposite: Tensor, tolerance: float) -> tuple[int, int]:
    (first, first_is_cut), (second, second_is_cut) = _band(plane, tolerance), _band(opposite, tolerance)
    if _are_alike(first, second) and (first_is_cut or second_is_cut):
        return first, second
    return first if first_is_cut else 0, second if second_is_cut else 0


def _band(rgb: Tensor, tolerance: float) -> tuple[int, bool]:
    """Gives the number of even lines at the start of a picture, and whether they end straight across it."""
    colour = rgb[0, 0]
    differs = ((rgb.amax(1) > colour + tolerance) | (rgb.amin(1) < colour - tolerance)).any(1)
    if not bool(differs.any()):
        return rgb.shape[0], True
    rows = int(differs.to(torch.uint8).argmax())
    if rows == 0:
        return 0, False
    # The first line of the picture may be a blend of both, so each line is compared with the one before the last.
    lines = rgb[rows : rows + (_BLEEDING_PX if tolerance else 2)]
    steps = lines - torch.cat([colour.expand(2, *lines.shape[1:]), lines])[: len(lines)]
    shares = (steps.abs().amax(-1) > max(_CUT_LEVELS, 2 * tolerance)).float().mean(1)
    is_cut = shares > _CUT_SHARE
    if tolerance and bool(is_cut.any()):
        rows += int(is_cut.to(torch.uint8).argmax())
    return rows, bool(is_cut.any())
