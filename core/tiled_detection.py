"""Small faces in large pictures: a detector is shown the whole picture, then parts of it.

Convention: pictures are (N, 3, H, W), 0..1 RGB; boxes as in faces.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil

from torch import Tensor

from .detected_faces import SAME_FACE_OVERLAP
from .faces import Box, Face, suppress

Detect = Callable[[Tensor, float], list[list[Face]]]

_SHARED = 0.25  # of a part's side is in the next part too: smaller faces are whole in one of them
_PART_PX = 640  # about what detectors are given
_MOST_PARTS = 4
_SMALLEST_PX = 64
_CUT_PX = 2.0  # nearer to where a part was cut off, a face is not whole


def detect_in_parts(detect: Detect, pictures: Tensor, min_score: float) -> list[list[Face]]:
    """The faces of whole pictures and of parts of them, best score first, no face twice.

    Faces that a part cuts off are left to the part, or the whole picture, that has them whole.
    """
    height, width = pictures.shape[-2:]
    found = detect(pictures, min_score)
    for left, top, right, bottom in parts(width, height):
        for faces, new in zip(found, detect(pictures[..., top:bottom, left:right], min_score), strict=True):
            for face in new:
                x1, y1, x2, y2 = face.box
                box = (x1 + left, y1 + top, x2 + left, y2 + top)
                if not _is_cut(box, (left, top, right, bottom), width, height):
                    points = tuple((x + left, y + top) for x, y in face.landmarks)
                    faces.append(face._replace(box=box, landmarks=points))
    return [suppress(faces, SAME_FACE_OVERLAP) for faces in found]


def parts(width: int, height: int) -> Iterator[tuple[int, int, int, int]]:
    """The parts of a picture, as whole boxes: 2 to 4 a side, of one size; none of a picture that is tiny."""
    if max(width, height) < 2 * _SMALLEST_PX:
        return
    for top, bottom in _spans(height):
        for left, right in _spans(width):
            yield left, top, right, bottom


def _spans(length: int) -> list[tuple[int, int]]:
    if length < 2 * _SMALLEST_PX:
        return [(0, length)]
    count = max(2, min(_MOST_PARTS, ceil(length / _PART_PX)))
    part = min(length, ceil(length / (count - (count - 1) * _SHARED)))
    starts = [(length - part) * step // (count - 1) for step in range(count)]
    return [(start, start + part) for start in starts]


def _is_cut(box: Box, part: tuple[int, int, int, int], width: int, height: int) -> bool:
    """Whether a box touches a side of its part that is no side of the picture."""
    left, top, right, bottom = part
    return (
        (left > 0 and box[0] - left < _CUT_PX)
        or (top > 0 and box[1] - top < _CUT_PX)
        or (right < width and right - box[2] < _CUT_PX)
        or (bottom < height and bottom - box[3] < _CUT_PX)
    )
