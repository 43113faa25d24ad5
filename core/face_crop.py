"""The part of a picture around a face, cut out at the size that it is sampled at.

Convention: regions are (x1, y1, x2, y2) in whole pixels of the picture, half-open. A crop's region may reach beyond the
picture where the picture is too small; the pixels there repeat the picture's edge. A crop is enlarged by the same
factor both ways, to within half a pixel of its region, and then turned upright.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from .face_masks import Region
from .faces import Box, Point

if TYPE_CHECKING:
    from torch import Tensor

_TIGHTEST = 1.5  # how many times the face a crop is at least that gives up surroundings to stay within max_size


class CropSizes(NamedTuple):
    """How large crops are.

    Attributes:
        guide_size: The shorter side of the face (or of the crop, see guide_by_box) becomes this long, in pixels; a
            face that is larger keeps its size.
        guide_by_box: Whether guide_size is for the face; else for the crop.
        max_size: No side of a crop becomes longer, in pixels, but for a single multiple. First surroundings are given
            up, then the crop is reduced.
        crop_factor: How many times the face the crop is wide and high.
        margin: What must be around the face in any case, in pixels of the picture.
        multiple: Both sides of a crop are a multiple of this, in pixels.
    """

    guide_size: float = 512
    guide_by_box: bool = True
    max_size: float = 1024
    crop_factor: float = 2.0
    margin: float = 0
    multiple: int = 64


class Crop(NamedTuple):
    """Where a crop comes from, and its size.

    Attributes:
        region: What of the picture it shows.
        width, height: Its size when it is cut out, after the turn.
        scale: How many pixels of it one pixel of the picture becomes, on average.
        turns: The quarter turns against the clock that make the face upright, 0..3.
        is_large: Whether the face is as large as guide_size, so that it was not enlarged.
    """

    region: Region
    width: int
    height: int
    scale: float
    turns: int = 0
    is_large: bool = False

    def inside(self, width: int, height: int) -> Region:
        """The part of the region that lies in a picture of that size."""
        x1, y1, x2, y2 = self.region
        return max(0, x1), max(0, y1), min(width, x2), min(height, y2)


def plan_crop(box: Box, width: int, height: int, sizes: CropSizes, turns: int = 0, holds: Box | None = None) -> Crop:
    """Plans the crop of a face.

    Args:
        box: of the face; in the picture, and not empty.
        width, height: of the picture.
        sizes: how large crops are.
        turns: the quarter turns against the clock that make the face upright.
        holds: what must be in the crop with its margin if that is more than the box: the extent of the face's mask.
    """
    holds = box if holds is None else holds
    sizes = sizes._replace(max_size=max(1, sizes.max_size // sizes.multiple) * sizes.multiple)
    across, down = box[2] - box[0], box[3] - box[1]
    least = (
        min(width, holds[2] - holds[0] + 2 * sizes.margin),
        min(height, holds[3] - holds[1] + 2 * sizes.margin),
    )
    wanted = [
        min(size, max(length * max(1.0, sizes.crop_factor), need))
        for size, length, need in zip((width, height), (across, down), least, strict=True)
    ]
    guided = min(across, down) if sizes.guide_by_box else min(wanted)
    scale = min(max(1.0, sizes.guide_size / guided), sizes.max_size / max(wanted))
    if scale < 1:
        tight = [
            max(need, min(side, length * _TIGHTEST))
            for side, length, need in zip(wanted, (across, down), least, strict=True)
        ]
        wanted = [min(side, max(close, sizes.max_size)) for side, close in zip(wanted, tight, strict=True)]
        scale = min(1.0, sizes.max_size / max(wanted))
    x1, x2, work_width = _side(box[::2], holds[::2], width, wanted[0], least[0], scale, sizes)
    y1, y2, work_height = _side(box[1::2], holds[1::2], height, wanted[1], least[1], scale, sizes)
    scale = math.sqrt(work_width * work_height / ((x2 - x1) * (y2 - y1)))
    if turns % 2:
        work_width, work_height = work_height, work_width
    return Crop((x1, y1, x2, y2), work_width, work_height, scale, turns % 4, guided >= sizes.guide_size)


def _side(
    face: Sequence[float],
    holds: Sequence[float],
    size: int,
    wanted: float,
    least: float,
    scale: float,
    sizes: CropSizes,
) -> tuple[int, int, int]:
    """One side of a crop: where it starts and ends in the picture, and its length at the size that is sampled.

    The face is in the middle, unless what the crop has to hold, or the picture's edge, moves it.
    """
    step = sizes.multiple / scale  # what a multiple takes of the picture
    count = max(1, round(wanted / step))
    if count * step < least:
        count = math.ceil(least / step - 1e-6)  # no whole multiple for a rounding error
    if count * step > size and count > 1 and (count - 1) * step >= least:
        count -= 1  # a little less of the picture rather than pixels that are not there
    length = max(1, round(count * step))
    start = round((face[0] + face[1] - length) / 2)
    start = min(start, round(holds[0] - sizes.margin))
    start = max(start, round(holds[1] + sizes.margin) - length)
    start = min(max(0, start), size - length) if length <= size else -((length - size) // 2)
    return start, start + length, count * sizes.multiple


def upright_turns(landmarks: tuple[Point, ...]) -> int:
    """The quarter turns against the clock that bring the mouth below the eyes, 0..3; 0 without landmarks."""
    if len(landmarks) < 5:
        return 0
    (left_x, left_y), (right_x, right_y), _, (one_x, one_y), (other_x, other_y) = landmarks[:5]
    across = (one_x + other_x - left_x - right_x) / 2
    down = (one_y + other_y - left_y - right_y) / 2
    if not (math.isfinite(across) and math.isfinite(down)) or (across == 0 and down == 0):
        return 0
    return round(math.atan2(-across, down) / (math.pi / 2)) % 4


def colors_of(picture: Tensor) -> Tensor:
    """The three colours of pictures (…, C): a grey one's three times, without alpha."""
    if picture.shape[-1] < 3:
        return picture[..., :1].expand(*picture.shape[:-1], 3)
    return picture[..., :3]


def cut(picture: Tensor, crop: Crop) -> Tensor:
    """Cuts a crop out of a picture.

    Args:
        picture: (H, W, C) of 1 to 4 channels, any float type and device; not changed.
        crop: planned for a picture of this size.

    Returns:
        (crop.height, crop.width, 3) float32 on the same device, 0..1; NaN becomes 0.
    """
    import torch

    height, width = picture.shape[:2]
    x1, y1, x2, y2 = crop.region
    rows = torch.arange(y1, y2, device=picture.device).clamp(0, height - 1)
    columns = torch.arange(x1, x2, device=picture.device).clamp(0, width - 1)
    part = colors_of(picture)[rows][:, columns].float().nan_to_num(0.0, 1.0, 0.0).clamp(0, 1)
    size = (crop.width, crop.height) if crop.turns % 2 else (crop.height, crop.width)
    return torch.rot90(resize(part, *size).clamp(0, 1), crop.turns, (0, 1))


def cut_mask(mask: Tensor, crop: Crop, width: int, height: int) -> Tensor:
    """A mask for the part of a crop's region that lies in the picture, at the size that is sampled.

    Args:
        mask: (h, w) for crop.inside(width, height).
        crop: where it belongs.
        width, height: of the picture.

    Returns:
        (crop.height, crop.width), 0..1.
    """
    import torch

    x1, y1, x2, y2 = crop.region
    left, top, right, bottom = crop.inside(width, height)
    rows = torch.arange(y1, y2, device=mask.device).clamp(top, bottom - 1) - top
    columns = torch.arange(x1, x2, device=mask.device).clamp(left, right - 1) - left
    size = (crop.width, crop.height) if crop.turns % 2 else (crop.height, crop.width)
    scaled = torch.nn.functional.interpolate(
        mask[rows][:, columns][None, None], size, mode="bilinear", antialias=crop.scale < 1
    )
    return torch.rot90(scaled[0, 0].clamp(0, 1), crop.turns, (0, 1))


def resize(picture: Tensor, height: int, width: int) -> Tensor:
    """A picture (H, W, C) in another size, bicubic; averaged where it gets smaller. May leave 0..1 a little."""
    from torch.nn import functional

    if picture.shape[:2] == (height, width):
        return picture
    planes = picture.movedim(-1, 0)[None]
    return functional.interpolate(planes, (height, width), mode="bicubic", align_corners=False, antialias=True)[
        0
    ].movedim(0, -1)
