"""One picture as the planes that quality is measured on: 8-bit RGB, luma and chroma; and statistics over tiles.

Every plane is float32 on the picture's own device, in levels of 0..255, rounded as a saved PNG would be: what a viewer
gets is what is scored, and float16, float32 and reloaded pictures agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

MIN_SIDE_PX = 64  # smaller pictures are continued by mirroring: the widest filter needs 4 tiles of 16 px
NATIVE_PIXELS = (
    1_600_000  # up to here (1024 x 1536) a picture is measured as it is, above on a reduced copy and patches
)
PATCH_PX = 512
PATCHES_PER_SIDE = 3
_STRIP_VALUES = 1_000_000  # larger pieces are read in strips of this many values, 4 MB


class Planes(NamedTuple):
    """The planes of one picture, float32: rgb (H, W, 3) and luma (H, W) in 0..255, Cb and Cr (H, W) in -128..128."""

    rgb: Tensor
    luma: Tensor
    chroma_blue: Tensor
    chroma_red: Tensor


def bad_values(picture: Tensor) -> tuple[float, float]:
    """Gives the percentages of values of an (H, W, C) picture that are NaN or infinite, and that lie far outside 0..1.

    A thousandth of overshoot is rounding and does not count. Integer pictures hold 0..255 and have no such values.
    """
    if not picture.is_floating_point():
        return 0.0, 0.0
    non_finite = outside = 0
    for strip in _strips(picture):
        finite = torch.isfinite(strip)
        non_finite += strip.numel() - int(finite.sum())
        outside += int(((strip < -1e-3) | (strip > 1 + 1e-3)).logical_and_(finite).sum())
    return 100.0 * non_finite / picture.numel(), 100.0 * outside / picture.numel()


def whole_picture(picture: Tensor) -> Planes:
    """The planes of a whole (H, W, C) picture; of a copy reduced by a whole factor if it has over NATIVE_PIXELS.

    The copy is the mean over squares of factor x factor pixels. It is built strip by strip, so that memory stays near
    that of a picture of NATIVE_PIXELS, whatever the size.
    """
    factor = reduction(picture)
    if factor == 1:
        return planes_of(picture)
    strips = [
        functional.avg_pool2d(unit_rgb(strip).permute(2, 0, 1)[None], factor)[0].permute(1, 2, 0)
        for strip in _strips(picture, factor)
        if strip.shape[0] >= factor
    ]
    return _planes(torch.cat(strips))


def planes_of(picture: Tensor) -> Planes:
    """The planes of an (H, W, C) picture as it is."""
    return _planes(unit_rgb(picture))


def reduction(picture: Tensor) -> int:
    """By which whole factor whole_picture reduces an (H, W, C) picture: 1 up to NATIVE_PIXELS."""
    height, width = picture.shape[:2]
    factor = 1
    while height * width > NATIVE_PIXELS * factor**2 and min(height, width) >= MIN_SIDE_PX * (factor + 1):
        factor += 1
    return factor


def native_patches(picture: Tensor) -> Iterator[Planes]:
    """The planes of patches of an (H, W, C) picture at its native size, if it has over NATIVE_PIXELS; else nothing.

    Noise and compression vanish when a picture is reduced, so they are measured on up to 3 x 3 patches of 512 px, as
    few as cover a side that is shorter, spread evenly and always at the same places.
    """
    height, width = picture.shape[:2]
    if height * width <= NATIVE_PIXELS:
        return
    for top in _spread(height):
        for left in _spread(width):
            yield planes_of(picture[top : top + PATCH_PX, left : left + PATCH_PX])


def tile_means(plane: Tensor, size: int) -> Tensor:
    """Means of a plane over the tiles of size x size px that fit into it, as one flat tensor."""
    return functional.avg_pool2d(plane[None, None], size).flatten()


def tiles(plane: Tensor, size: int) -> Tensor:
    """Cuts a plane into the tiles of size x size px that fit into it: (number, size, size)."""
    rows, columns = plane.shape[0] // size, plane.shape[1] // size
    cut = plane[: rows * size, : columns * size].reshape(rows, size, columns, size)
    return cut.permute(0, 2, 1, 3).reshape(rows * columns, size, size)


def percentile(values: Tensor, share: float) -> float:
    """The value below which a share (0..1) of the values lies, linearly interpolated; 0.0 if there are none.

    Meant for one value a tile: torch.quantile takes at most 16 million.
    """
    return float(torch.quantile(values, share)) if values.numel() else 0.0


def unit_rgb(picture: Tensor) -> Tensor:
    """Gives (H, W, 3) float32 in 0..1 of an (H, W, C) picture: alpha dropped, one channel expanded, the rest clamped.

    Integers are 0..255, booleans 0 and 1.
    """
    picture = picture.detach()  # gradients would keep every step in memory, and some steps work in place
    rgb = picture[..., :3] if picture.shape[-1] >= 3 else picture[..., :1].expand(*picture.shape[:2], 3)
    is_unit = rgb.is_floating_point() or rgb.dtype == torch.bool
    unit = rgb.to(torch.float32) if is_unit else rgb.to(torch.float32) / 255.0
    return unit.clamp(0.0, 1.0)


def is_readable(image: Tensor) -> bool:
    """Whether each value of a (B, H, W, C) tensor can be read as a real number: dense, of a plain type, with data."""
    if image.is_nested or image.layout != torch.strided or image.device.type == "meta" or image.is_complex():
        return False
    try:
        image[:1, :1, :1, :1].to(torch.float32)
    except (NotImplementedError, RuntimeError):  # quantised, packed or less than a byte each
        return False
    return True


def _strips(picture: Tensor, multiple: int = 1) -> Iterator[Tensor]:
    """Cuts a picture into strips of whole rows, a multiple of a number of them each, of a few megabytes."""
    rows = max(1, _STRIP_VALUES // (picture.shape[1] * picture.shape[2] * multiple)) * multiple
    # torch asks no float of 8 bits whether it is finite, so these are widened.
    is_narrow = picture.is_floating_point() and picture.element_size() < 2
    yield from (strip.to(torch.float32) if is_narrow else strip for strip in picture.split(rows))


def _spread(length: int) -> list[int]:
    count = min(PATCHES_PER_SIDE, -(-length // PATCH_PX))
    return [max(0, length - PATCH_PX) * step // max(1, count - 1) for step in range(count)]


def _planes(rgb: Tensor) -> Planes:
    rgb = _mirror_small((rgb * 255.0).round())
    red, green, blue = rgb.unbind(-1)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return Planes(rgb, luma, 0.564 * (blue - luma), 0.713 * (red - luma))


def _mirror_small(rgb: Tensor) -> Tensor:
    """Continues a picture by mirroring it to the right and downwards until each side has MIN_SIDE_PX."""
    for axis in (0, 1):
        length = rgb.shape[axis]
        if length < MIN_SIDE_PX:
            there_and_back = [*range(length), *range(length - 2, 0, -1)]
            places = [there_and_back[place % len(there_and_back)] for place in range(MIN_SIDE_PX)]
            rgb = rgb.index_select(axis, torch.tensor(places, device=rgb.device))
    return rgb
