"""SEGS, the type by which detector nodes of many packs hand on what they found, made and read.

Convention: SEGS is ((height, width), [SEG, …]) for one picture. A SEG's crop_region and bbox are (x1, y1, x2, y2) in
whole pixels of the picture, half-open; its cropped_mask is (y2 - y1, x2 - x1), 0..1, for the crop_region. Names and
order of the fields are those of Impact Pack, whose nodes read them by name, by position and by `_replace`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .face_masks import Region, place_mask
from .faces import Box, Face, clamp_box
from .values import is_grid, kind_of

if TYPE_CHECKING:
    from torch import Tensor


class SEG(NamedTuple):
    """One thing that was found.

    Attributes:
        cropped_image: Its part of the picture, (1, h, w, C); None if it is to be cut when it is needed.
        cropped_mask: What of its region it covers, float32 (h, w).
        confidence: How sure the detector is, 0..1; some packs give an array of one number.
        crop_region: Its surroundings; in the picture.
        bbox: Where it is.
        label: What it is called.
        control_net_wrapper: An object of Impact Pack's, handed on.
    """

    cropped_image: Any
    cropped_mask: Any
    confidence: Any
    crop_region: Any
    bbox: Any
    label: str
    control_net_wrapper: Any = None


SEGS = tuple[tuple[int, int], list[SEG]]


class Found(NamedTuple):
    """What a detector found: a face, and what of the picture it covers where that is more than its box.

    Attributes:
        face: Box, score, landmarks and label.
        mask: (h, w) tensor of 0..1, or None if the box says it all.
        corner: Where the mask's top left pixel lies in the picture, (x, y).
        reason: Why it does not count, by its detector's own limits; empty if it does.
    """

    face: Face
    mask: Any = None
    corner: tuple[int, int] = (0, 0)
    reason: str = ""


def crop_region(box: Box, crop_factor: float, width: int, height: int) -> Region:
    """A box with its surroundings, so many times as wide and high, moved into the picture or else cut."""
    x1, x2 = _side(box[0], box[2], crop_factor, width)
    y1, y2 = _side(box[1], box[3], crop_factor, height)
    return x1, y1, x2, y2


def _side(low: float, high: float, factor: float, size: int) -> tuple[int, int]:
    length = min(size, max(1, round((high - low) * factor)))
    start = min(max(0, round((low + high - length) / 2)), size - length)
    return start, start + length


def make_segs(
    found: Sequence[Found],
    width: int,
    height: int,
    dilation: int = 0,
    crop_factor: float = 3.0,
    image: Any = None,
    change_region: Callable[[Region, Region], Region] | None = None,
) -> SEGS:
    """SEGS of what was found.

    Args:
        found: in one picture.
        width, height: of the picture.
        dilation: how much wider and higher than the box the mask is, in pixels, half of it on each side; may be
            negative.
        crop_factor: how many times the box the region is; 1 and more.
        image: the picture, (1, H, W, C), to cut the cropped images from; None leaves them out.
        change_region: given a box and its region, gives another region; it is cut to the picture.
    """
    segs = []
    for one in found:
        face, box = one.face, whole_box(one.face.box)
        region = crop_region(face.box, max(1.0, crop_factor), width, height)
        if change_region is not None:
            x1, y1, x2, y2 = change_region(box, region)
            region = max(0, int(x1)), max(0, int(y1)), min(width, int(x2)), min(height, int(y2))
        x1, y1, x2, y2 = region
        if one.mask is None:
            mask = boxes_mask([face], region, dilation)
        else:
            mask = place_mask(one.mask, one.corner, dilation, region)
        part = None if image is None else image[:, y1:y2, x1:x2]
        segs.append(SEG(part, mask.numpy(), face.score, region, box, face.label))
    return (height, width), segs


def whole_box(box: Box) -> Region:
    """A box in whole pixels, at least one wide and high."""
    x1, y1, x2, y2 = (round(side) for side in box)
    return x1, y1, max(x1 + 1, x2), max(y1 + 1, y2)


def boxes_mask(faces: Sequence[Face], region: Region, dilation: int = 0) -> Tensor:
    """The boxes of faces as one mask, 0 or 1, for a region of the picture, (y2 - y1, x2 - x1).

    Args:
        faces: of one picture.
        region: what of the picture to give.
        dilation: how much wider and higher than the box each is, in pixels, half of it on each side; may be negative.
    """
    import torch

    x1, y1, x2, y2 = region
    mask = torch.zeros(max(0, y2 - y1), max(0, x2 - x1))
    for face in faces:
        left, top, right, bottom = whole_box(face.box)
        grow = dilation / 2
        rows = slice(max(0, round(top - grow) - y1), max(0, round(bottom + grow) - y1))
        columns = slice(max(0, round(left - grow) - x1), max(0, round(right + grow) - x1))
        mask[rows, columns] = 1.0
    return mask


def boxes_masks(found: Sequence[Sequence[Face]], width: int, height: int, dilation: int = 0) -> Tensor:
    """The boxes of the faces of each picture of that size as a mask, (B, height, width); see boxes_mask."""
    import torch

    return torch.stack([boxes_mask(faces, (0, 0, width, height), dilation) for faces in found])


def read_segs(segs: Any, width: int, height: int) -> list[Found]:
    """What SEGS hold, for a picture of that size; those made for another size are scaled to it.

    A mask that is one full rectangle over its box is left out: it is what a detector of boxes makes. A mask of which
    nothing is left is a reason against its face. What lies outside the picture is left out.

    Raises:
        ValueError: these are no SEGS.
    """
    made_width, made_height = segs_size(segs)
    items = list(segs[1])
    found = [_read(seg, number, width / made_width, height / made_height) for number, seg in enumerate(items)]
    clamped = ((one, clamp_box(one.face.box, width, height)) for one in found)
    return [one._replace(face=one.face._replace(box=box)) for one, box in clamped if box is not None]


def segs_size(segs: Any) -> tuple[int, int]:
    """The width and height of the picture that SEGS are for.

    Raises:
        ValueError: these are no SEGS.
    """
    try:
        (height, width), items = segs
        height, width, _ = int(height), int(width), iter(items)
    except (TypeError, ValueError):
        raise ValueError(
            f"segs is a {kind_of(segs)}, not SEGS: ((height, width), [SEG, …]), as Face Detector or a detector of "
            "another pack gives it."
        ) from None
    if height < 1 or width < 1:
        raise ValueError(f"segs says that its picture is {width} x {height} px. Detect the faces again.")
    return width, height


def _read(seg: Any, number: int, scale_x: float, scale_y: float) -> Found:
    import numpy as np
    import torch

    try:
        box = tuple(float(side) for side in seg.bbox)
        region = tuple(round(float(side)) for side in seg.crop_region)
        score = 1.0 if seg.confidence is None else float(np.asarray(seg.confidence, dtype=float).flat[0])
        mask = seg.cropped_mask
        mask = torch.as_tensor(mask).detach().float().cpu() if is_grid(mask) else None
        x1, y1, x2, y2 = box
        left, top, right, bottom = region
    except (AttributeError, TypeError, ValueError, IndexError, RuntimeError, OverflowError):
        raise ValueError(f"SEG number {number + 1} of segs is not readable: {kind_of(seg)}.") from None
    face = Face((x1 * scale_x, y1 * scale_y, x2 * scale_x, y2 * scale_y), score, (), str(seg.label or "face"))
    corner = (round(left * scale_x), round(top * scale_y))
    size = (round(bottom * scale_y) - corner[1], round(right * scale_x) - corner[0])
    if mask is None or mask.numel() == 0 or min(size) < 1:
        return Found(face)
    mask = mask.reshape(-1, *mask.shape[-2:])[0]
    if tuple(mask.shape) != size:
        mask = torch.nn.functional.interpolate(mask[None, None], size, mode="bilinear")[0, 0]
    if not bool((mask >= 0.5).any()):
        return Found(face, reason="its mask is empty")
    return Found(face) if _is_box(mask, corner, face.box) else Found(face, mask, corner)


def _is_box(mask: Any, corner: tuple[int, int], box: Box) -> bool:
    """Whether a mask is one full rectangle that covers a box, to a pixel."""
    covered = mask >= 0.5
    rows, columns = covered.any(1).nonzero(), covered.any(0).nonzero()
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    if not bool(covered[top:bottom, left:right].all()):
        return False
    x, y = corner
    return left + x <= box[0] + 1 and top + y <= box[1] + 1 and right + x >= box[2] - 1 and bottom + y >= box[3] - 1
