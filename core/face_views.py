"""How a picture is shown to a face network: which part, how large, and turned how; and the way back.

Convention: boxes and points as in faces.py. A turn is a number of quarter turns counter-clockwise, as torch.rot90 makes
them, by which a part was turned before it was shown.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from .face_candidates import Candidates

SIZES_PX = (320, 480, 640)
"""The longer sides at which CenterFace looks; together they find faces of 1/30 of a picture and those that fill it."""
NATIVE_PX = 1024
"""The longer side of the fourth look, for the small faces of pictures that have so many pixels."""
TURNED_PX = 480
"""The longer side at which pictures are looked at lying on their sides and upside down."""
TILED_ABOVE_PX = 2048
"""Pictures with a longer side are looked at in tiles as well."""
LONGEST_PX = 2560
"""Larger pictures are reduced to that: three tiles of 1024 px that overlap by a quarter."""
_OVERLAP_OF_TILES = 0.25
_SLENDER = 2.5
_MOST_PIECES = 20
_EDGE = 0.01


class View(NamedTuple):
    """A part of a picture in its pixels, and how it is shown."""

    left: int
    top: int
    right: int
    bottom: int
    sizes_px: tuple[int, ...]
    turn: int = 0


def prepare(image: Tensor, device: torch.device) -> Tensor:
    """Makes pictures (B, H, W, C) of any type into new ones (B, 3, H, W), float32, 0..1, on a device, not too large.

    NaN is black. Of one channel or two, the first is grey; a fourth one, transparency, is left away.
    """
    colours = image[..., :3] if image.shape[-1] >= 3 else image[..., :1].expand(*image.shape[:3], 3)
    pictures = colours.to(device, torch.float32).permute(0, 3, 1, 2)
    pictures = pictures.nan_to_num(0.0, 1.0, 0.0).clamp(0, 1)
    height, width = pictures.shape[2:]
    return _resized(pictures, LONGEST_PX) if max(height, width) > LONGEST_PX else pictures


def views_of(height: int, width: int, tiled: bool) -> list[View]:
    """What to look at: the whole, pieces of a slender picture, tiles if asked for or if it is large; then turned."""
    longer, shorter = max(height, width), min(height, width)
    native = (NATIVE_PX,) if longer > 1.25 * SIZES_PX[-1] else ()
    views = [View(0, 0, width, height, SIZES_PX + native)]
    if longer > _SLENDER * shorter:
        count = min(_MOST_PIECES, math.ceil(longer / (1.5 * max(shorter, 32))))
        views += _tiles(height, width, count, SIZES_PX)
    elif tiled or longer > TILED_ABOVE_PX:
        count = 3 if longer > 1280 else 2
        views += _tiles(height, width, count, (SIZES_PX[-1], *native))
    return views + [View(0, 0, width, height, (TURNED_PX,), turn) for turn in (1, 2, 3)]


def pixels_at_most(height: int, width: int) -> int:
    """How many pixels the largest look at a picture of that size shows, small pictures enlarged."""
    return max(
        max(view.sizes_px) ** 2
        * min(view.right - view.left, view.bottom - view.top)
        // max(view.right - view.left, view.bottom - view.top)
        for view in views_of(height, width, False)
    )


def look(
    pictures: Tensor, view: View, size_px: int, find: Callable[[Tensor], list[Candidates]], square: bool, multiple: int
) -> list[Candidates]:
    """Shows one view of each picture to a network.

    Args:
        pictures: As prepare() gives them.
        view: The part to show.
        size_px: The longer side that it is shown at.
        find: The network.
        square: The network wants squares, with the picture in the middle; else black is added right and below.
        multiple: Of what the sides have to be a multiple.

    Returns:
        For each picture its candidates, in the picture's pixels. What a tile cuts off at an inner side is left out: it
        lies whole in another tile or in the whole picture.
    """
    part = pictures[:, :, view.top : view.bottom, view.left : view.right].rot90(view.turn, (2, 3))
    height, width = part.shape[2:]
    shown = _resized(part, size_px)
    shown_height, shown_width = shown.shape[2:]
    if square:
        right, below = size_px - shown_width, size_px - shown_height
        left, above = right // 2, below // 2
    else:
        right, below, left, above = -shown_width % multiple, -shown_height % multiple, 0, 0
    shown = functional.pad(shown, (left, right - left, above, below - above))
    scale_x, scale_y = width / shown_width, height / shown_height
    found = []
    for candidates in find(shown):
        candidates = candidates.moved(scale_x, scale_y, -left * scale_x, -above * scale_y)
        candidates = candidates.turned_back(view.turn, width, height).moved(1, 1, view.left, view.top)
        found.append(_whole_ones(candidates, view, pictures.shape[3], pictures.shape[2]))
    return found


def _resized(pictures: Tensor, longer_px: int) -> Tensor:
    height, width = pictures.shape[2:]
    scale = longer_px / max(height, width)
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    if size == (height, width):
        return pictures
    return functional.interpolate(pictures, size, mode="bilinear", align_corners=False, antialias=scale < 1)


def _tiles(height: int, width: int, longer_count: int, sizes_px: tuple[int, ...]) -> list[View]:
    """Nearly square tiles that overlap by a quarter, so many along the longer side."""
    longer = max(height, width)
    rows, columns = (max(1, round(longer_count * side / longer)) for side in (height, width))
    return [
        View(left, top, right, bottom, sizes_px)
        for top, bottom in _stretches(height, rows)
        for left, right in _stretches(width, columns)
    ]


def _stretches(length: int, count: int) -> list[tuple[int, int]]:
    step = length / (count + (1 - count) * _OVERLAP_OF_TILES)
    starts = [number * step * (1 - _OVERLAP_OF_TILES) for number in range(count)]
    return [(math.floor(start), min(length, math.ceil(start + step))) for start in starts]


def _whole_ones(found: Candidates, view: View, width: int, height: int) -> Candidates:
    """Those that do not touch an inner side of the view."""
    margin = _EDGE * max(view.right - view.left, view.bottom - view.top)
    left, top, right, bottom = found.boxes.unbind(1)
    whole = torch.ones_like(left, dtype=torch.bool)
    if view.left > 0:
        whole &= left > view.left + margin
    if view.top > 0:
        whole &= top > view.top + margin
    if view.right < width:
        whole &= right < view.right - margin
    if view.bottom < height:
        whole &= bottom < view.bottom - margin
    return found.take(whole)
