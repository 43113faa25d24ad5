"""Faces that a detector found: what they are, and the arithmetic of their boxes.

Convention: boxes are (x1, y1, x2, y2) in pixels of the picture, origin at its top left corner, x to the right and y
down, half-open: a box that covers the whole of a picture of width W is (0, 0, W, H). Landmarks are (x, y) in the same
pixels, in the order: the eye on the picture's left, the other eye, the tip of the nose, the corner of the mouth on the
picture's left, the other corner (of an upright face).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Box = tuple[float, float, float, float]
Point = tuple[float, float]


class Face(NamedTuple):
    """One face.

    Attributes:
        box: Where it is; inside its picture, and not empty.
        score: How sure the detector is, 0..1.
        landmarks: Five points, or none where the detector gives none.
        label: What the detector calls it.
    """

    box: Box
    score: float
    landmarks: tuple[Point, ...] = ()
    label: str = "face"


FindFaces = Callable[[Any, float], list[list[Face]]]
"""A detector: takes pictures (B, H, W, C), 0..1 RGB, of any dtype and device, and the lowest score to tell of; gives
the faces of each picture, best score first, no face twice."""


def area(box: Box) -> float:
    """The area of a box; 0 for one that is empty or turned inside out."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, 0..1; 0 if both are empty."""
    shared = area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))
    joined = area(a) + area(b) - shared
    return shared / joined if joined > 0 else 0.0


def clamp_box(box: Sequence[float], width: int, height: int) -> Box | None:
    """The part of a box that lies in a picture; None if there is none, or a coordinate is not a finite number."""
    x1, y1, x2, y2 = (float(side) for side in box)
    if not all(map(math.isfinite, (x1, y1, x2, y2))):
        return None
    x1, y1, x2, y2 = max(0.0, x1), max(0.0, y1), min(float(width), x2), min(float(height), y2)
    return (x1, y1, x2, y2) if x2 > x1 and y2 > y1 else None


def suppress(faces: Sequence[Face], highest_overlap: float) -> list[Face]:
    """Keeps the best of faces that overlap more than that: greedy non-maximum suppression, best score first."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(overlap(face.box, other.box) <= highest_overlap for other in kept):
            kept.append(face)
    return kept
