"""Masks for pasting a face: exactly 1 on the face, exactly 0 from a given distance on, and smooth between.

Convention: masks are float32 (h, w) tensors for a region (x1, y1, x2, y2) of whole pixels of the picture.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .faces import Box

if TYPE_CHECKING:
    from torch import Tensor

Region = tuple[int, int, int, int]


def _ellipse(x: Tensor, y: Tensor) -> Tensor:
    return x * x + y * y <= 1


def _rectangle(x: Tensor, y: Tensor) -> Tensor:
    return (x.abs() <= 1) & (y.abs() <= 1)


SHAPES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"face": _ellipse, "box": _rectangle}


def draw_shape(shape: str, box: Box, dilation: float, region: Region) -> Tensor:
    """A face's shape, 1 inside and 0 outside: an oval in its box, or the box.

    Args:
        shape: one of SHAPES.
        box: of the face.
        dilation: how much wider and higher than the box, in pixels; never smaller than about a pixel.
        region: what of the picture to draw.
    """
    import torch

    x1, y1, x2, y2 = region
    half_width = max(0.5, (box[2] - box[0] + dilation) / 2)
    half_height = max(0.5, (box[3] - box[1] + dilation) / 2)
    x = (torch.arange(x1, x2) + 0.5 - (box[0] + box[2]) / 2) / half_width
    y = (torch.arange(y1, y2) + 0.5 - (box[1] + box[3]) / 2) / half_height
    return SHAPES[shape](x[None, :], y[:, None]).float()


def place_mask(mask: Tensor, corner: tuple[int, int], dilation: float, region: Region) -> Tensor:
    """A mask that lies in a picture with its top left pixel at `corner`, as 0 or 1 for a region of the picture.

    Args:
        mask: (h, w), 0..1; 0.5 and more is inside.
        corner: (x, y) in the picture.
        dilation: how much wider and higher it gets, in pixels, half on each side; negative makes it smaller.
        region: what of the picture to give.
    """
    import torch

    x1, y1, x2, y2 = region
    grow = round(dilation / 2)
    room = abs(grow)  # what is outside may grow into the region, and what is inside may shrink from there
    placed = torch.zeros(y2 - y1 + 2 * room, x2 - x1 + 2 * room)
    left, top = corner[0] - x1 + room, corner[1] - y1 + room
    height, width = mask.shape
    rows = slice(max(0, top), max(0, min(placed.shape[0], top + height)))
    columns = slice(max(0, left), max(0, min(placed.shape[1], left + width)))
    if rows.stop > rows.start and columns.stop > columns.start:
        part = mask[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        placed[rows, columns] = (part >= 0.5).float().cpu()
    grown = _dilate(placed, grow) if grow > 0 else 1 - _dilate(1 - placed, -grow)
    return grown[room : room + y2 - y1, room : room + x2 - x1]


def soften(shape: Tensor, reach: float) -> Tensor:
    """Lets a mask of 0 and 1 fall off outside of its shape.

    Args:
        shape: (h, w) of 0 and 1.
        reach: where it becomes exactly 0, in pixels from the shape.

    Returns:
        (h, w): exactly 1 on the shape, falling smoothly to 0. At the region's edges it is as if the shape went on.
    """
    radius = max(0, int(reach / 2))
    if radius == 0:
        return shape.clone()
    import torch

    places = torch.arange(-radius, radius + 1, dtype=torch.float32)
    distance = torch.hypot(places[None, :], places[:, None])
    disc = (distance <= radius).to(shape)
    bell = (1 + torch.cos(distance.clamp(max=radius + 1) * torch.pi / (radius + 1))).to(shape) * disc
    grown = (_convolve(shape, disc) > 0.5).to(shape)
    blurred = _convolve(grown, bell / bell.sum())
    blurred[blurred > 1 - 1e-4] = 1.0  # what rounding leaves
    blurred[blurred < 1e-4] = 0.0
    return blurred


def _convolve(mask: Tensor, kernel: Tensor) -> Tensor:
    """A mask convolved with a kernel of odd size, as if its edge went on; by Fourier transforms, for any radius."""
    import torch
    from torch.nn import functional

    radius = kernel.shape[0] // 2
    padded = functional.pad(mask[None, None], (radius,) * 4, mode="replicate")[0, 0]
    size = padded.shape
    product = torch.fft.rfft2(padded) * torch.fft.rfft2(kernel, s=size)
    whole = torch.fft.irfft2(product, s=size)
    return whole[2 * radius :, 2 * radius :]


def _dilate(mask: Tensor, radius: int) -> Tensor:
    """The largest value within so many pixels to each side."""
    from torch.nn import functional

    if radius <= 0:
        return mask
    wide = functional.max_pool2d(mask[None, None], (1, 2 * radius + 1), 1, (0, radius))
    return functional.max_pool2d(wide, (2 * radius + 1, 1), 1, (radius, 0))[0, 0]
