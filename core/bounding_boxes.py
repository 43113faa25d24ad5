"""ComfyUI's BOUNDING_BOX, made and read.

Convention: a list, for each picture of a batch, of lists of {"x", "y", "width", "height", "label", "score"} in pixels.
Nodes also hand on one such dict or a flat list of them, for one picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .faces import Face
from .values import kind_of, unwrap

BoundingBoxes = list[list[dict[str, Any]]]


def to_bounding_boxes(faces: Sequence[Sequence[Face]]) -> BoundingBoxes:
    """The faces of each picture as ComfyUI's boxes."""
    return [[_box(face) for face in found] for found in faces]


def _box(face: Face) -> dict[str, Any]:
    x1, y1, x2, y2 = face.box
    return {"x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1, "label": face.label, "score": face.score}


def read_bounding_boxes(boxes: Any) -> list[list[Face]]:
    """The faces of each picture; boxes without a score count as certain.

    Boxes that are turned inside out or reach beyond the picture come as they are.

    Raises:
        ValueError: these are no bounding boxes.
    """
    if boxes is None:
        return []
    if isinstance(boxes, Mapping):
        boxes = [boxes]
    if not isinstance(boxes, Sequence) or isinstance(boxes, (str, bytes)):
        raise ValueError(_wrong(boxes))
    if boxes and all(isinstance(box, Mapping) for box in boxes):
        boxes = [boxes]
    return [_read_picture(found) for found in boxes]


def _read_picture(found: Any) -> list[Face]:
    if isinstance(found, Mapping):
        found = [found]
    if not isinstance(found, Sequence) or isinstance(found, (str, bytes)):
        raise ValueError(_wrong(found))
    return [_read(box) for box in found]


def _read(box: Any) -> Face:
    try:
        x, y, width, height = (float(unwrap(box[side])) for side in ("x", "y", "width", "height"))
        score = box.get("score")
        score = 1.0 if score is None else float(unwrap(score))
        return Face((x, y, x + width, y + height), score, (), str(box.get("label") or "face"))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ValueError(
            f"A bounding box must have the numbers x, y, width and height, in pixels; this one is {str(box)[:200]}."
        ) from None


def _wrong(value: Any) -> str:
    return (
        f"bboxes holds a {kind_of(value)}: it must be BOUNDING_BOX, for each picture a list of boxes with x, y, width "
        "and height, as Face Detector or ComfyUI's own detectors give it."
    )
