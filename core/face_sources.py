"""Faces as other nodes hand them on: SEGS, bounding boxes, masks and landmarks, in one form for each picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .bounding_boxes import read_bounding_boxes
from .face_choice import clamp_faces
from .face_masks import place_mask
from .faces import Face, clamp_box, overlap
from .mask_parts import split_mask
from .segs import Found, boxes_mask, read_segs, whole_box
from .values import is_tensor, kind_of

if TYPE_CHECKING:
    from torch import Tensor

_ITS_SHAPE = 0.2  # the share of a face's box that a shape covers
_SAME = 0.5  # faces from two sources that overlap more than this are one


def from_segs(segs: Any, count: int, width: int, height: int) -> list[list[Found]]:
    """The faces of SEGS, which are for one picture.

    Raises:
        ValueError: these are no SEGS, or there is more than one picture.
    """
    if count > 1:
        raise ValueError(
            f"SEGS hold the faces of one picture, and there are {count}. Plug the detector (bbox_detector) or its "
            "bboxes in instead: they know each picture's faces."
        )
    return [read_segs(segs, width, height)]


def from_bounding_boxes(boxes: Any, count: int, width: int, height: int) -> list[list[Found]]:
    """The faces of BOUNDING_BOX for each of `count` pictures; boxes for one picture count for all.

    Raises:
        ValueError: these are no bounding boxes, or they are for another number of pictures.
    """
    faces = read_bounding_boxes(boxes)
    if len(faces) == 1:
        faces = faces * count
    if faces and len(faces) != count:
        raise ValueError(
            f"bboxes are for {len(faces)} pictures, and there are {count}. Detect the faces in the same pictures."
        )
    faces = faces or [[] for _ in range(count)]
    return [[Found(face) for face in clamp_faces(found, width, height)] for found in faces]


def from_mask(mask: Any, count: int, width: int, height: int) -> list[list[Found]]:
    """Takes each part of a mask that hangs together for a face.

    Raises:
        ValueError: this is no mask, or for another number of pictures.
    """
    masks = fit_mask(mask, count, width, height)
    parts = [split_mask(one) for one in (masks if len(masks) == count else masks[:1])]
    parts = parts if len(parts) == count else parts * count
    return [[Found(Face((*part.box,), 1.0, (), "mask"), part.mask, part.box[:2]) for part in found] for found in parts]


def from_landmarks(landmarks: Any, count: int, width: int, height: int) -> list[list[Found]]:
    """The faces of ComfyUI's FACE_LANDMARKS, each as the outline (convex hull) of its points.

    Raises:
        ValueError: these are no landmarks, or for another number of pictures.
    """
    frames = landmarks.get("frames") if isinstance(landmarks, Mapping) else None
    if not isinstance(frames, Sequence):
        raise ValueError(
            f"face_landmarks is a {kind_of(landmarks)}, not FACE_LANDMARKS as MediaPipe Face Landmarker gives it."
        )
    if len(frames) != count:
        raise ValueError(f"face_landmarks are for {len(frames)} pictures, and there are {count}.")
    return [[found for face in frame for found in _outlined(face, width, height)] for frame in frames]


def _outlined(face: Any, width: int, height: int) -> list[Found]:
    import numpy as np
    import torch
    from PIL import Image, ImageDraw

    try:
        points = np.asarray(face["landmarks_xy"], dtype=float)[:, :2]
        score = float(face.get("score", 1.0))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        raise ValueError(f"A face of face_landmarks is not readable: {kind_of(face)}.") from None
    points = points[np.isfinite(points).all(1)]
    if len(points) < 3:
        return []
    box = clamp_box((*points.min(0), *points.max(0)), width, height)
    if box is None:
        return []
    left, top, right, bottom = int(box[0]), int(box[1]), int(-(-box[2] // 1)), int(-(-box[3] // 1))
    drawn = Image.new("L", (right - left, bottom - top))
    outline = [(x - left, y - top) for x, y in _hull(points.tolist())]
    ImageDraw.Draw(drawn).polygon(outline, fill=1, outline=1)
    mask = torch.from_numpy(np.array(drawn, dtype=np.float32))
    return [Found(Face(box, score), mask, (left, top))]


def _hull(points: list[list[float]]) -> list[tuple[float, float]]:
    """The convex hull of points (Andrew's monotone chain)."""
    ordered = sorted({(x, y) for x, y in points})

    def chain(sequence: list[tuple[float, float]]) -> list[tuple[float, float]]:
        kept: list[tuple[float, float]] = []
        for x, y in sequence:
            while len(kept) > 1 and _turn(kept[-2], kept[-1], (x, y)) <= 0:
                kept.pop()
            kept.append((x, y))
        return kept[:-1]

    return chain(ordered) + chain(ordered[::-1])


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def fit_mask(mask: Any, count: int, width: int, height: int) -> Tensor:
    """A mask as (1 or count, height, width), 0..1, on the CPU; NaN becomes 0.

    Raises:
        ValueError: this is no mask, or for another number of pictures.
    """
    import torch

    if not is_tensor(mask) or mask.ndim not in (2, 3, 4) or mask.numel() == 0:
        raise ValueError(f"mask is a {kind_of(mask)}, not a MASK of shape (batch, height, width).")
    masks = mask.reshape(-1, *mask.shape[-2:]).detach().float().cpu().nan_to_num(0.0, 1.0, 0.0).clamp(0, 1)
    if len(masks) not in (1, count):
        raise ValueError(f"mask is for {len(masks)} pictures, and there are {count}.")
    if tuple(masks.shape[-2:]) != (height, width):
        masks = torch.nn.functional.interpolate(masks[:, None], (height, width), mode="bilinear", antialias=True)[:, 0]
    return masks


def join_sources(sources: Sequence[list[list[Found]]]) -> list[list[Found]]:
    """Puts the faces of several sources together; one that two of them found counts once, as the first found it.

    A face that its detector leaves out is not in the way of the same face from elsewhere.
    """
    joined: list[list[Found]] = [[] for _ in (sources[0] if sources else [])]
    for source in sources:
        for kept, found in zip(joined, source, strict=True):
            known = [one.face.box for one in kept if not one.reason]
            kept += [one for one in found if all(overlap(one.face.box, box) <= _SAME for box in known)]
    return joined


def limit_to(found: Sequence[Found], shapes: Sequence[Found]) -> list[Found]:
    """Takes away what of each face no shape covers; a face that no shape is for stays as it is.

    A shape is for a face whose middle it covers, or a fifth of whose box.

    Args:
        found: faces of one picture.
        shapes: of the same picture, from a detector that gives masks; one without a mask counts with its whole box.
    """
    return [_limited(one, shapes) for one in found]


def _limited(one: Found, shapes: Sequence[Found]) -> Found:
    import torch

    x1, y1, x2, y2 = whole_box(one.face.box)
    region = (x1, y1, x2, y2)
    covered = torch.zeros(y2 - y1, x2 - x1)
    for shape in shapes:
        part = (
            boxes_mask([shape.face], region) if shape.mask is None else place_mask(shape.mask, shape.corner, 0, region)
        )
        covered = torch.maximum(covered, part)
    middle = bool(covered[covered.shape[0] // 2, covered.shape[1] // 2])
    if not middle and float(covered.mean()) < _ITS_SHAPE:
        return one
    own = covered if one.mask is None else covered * place_mask(one.mask, one.corner, 0, region)
    return one._replace(mask=own, corner=(x1, y1)) if bool(own.any()) else one
