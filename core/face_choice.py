"""Which of the faces that were found count: limits on score, size and number, and the order they are taken in."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from .faces import Box, Face, area, clamp_box

AS_FOUND = "as found"
ORDERS: dict[str, Callable[[Face], tuple[float, ...]]] = {
    AS_FOUND: lambda _: (),
    "largest": lambda face: (-area(face.box),),
    "left to right": lambda face: (face.box[0] + face.box[2], face.box[1]),
    "confidence": lambda face: (-face.score,),
}


class Limits(NamedTuple):
    """What a face must be to count.

    Attributes:
        threshold: The lowest score, 0..1.
        drop_size: Faces are dropped that are no wider or no higher than this, in pixels.
        min_ratio: The least share of the picture's area that the box takes, 0..1.
        max_ratio: The largest share.
        max_faces: How many faces count at most, the first ones in order; 0 for all.
        order: One of ORDERS.
    """

    threshold: float = 0.5
    drop_size: int = 0
    min_ratio: float = 0.0
    max_ratio: float = 1.0
    max_faces: int = 0
    order: str = "largest"


class Choice(NamedTuple):
    """The indexes of the faces that count, in their order, and of all others with the reason why they don't."""

    chosen: list[int]
    reasons: dict[int, str]


def choose(faces: Sequence[Face], limits: Limits, width: int, height: int) -> Choice:
    """Applies limits to the faces of one picture of that size."""
    reasons = {index: reason for index, face in enumerate(faces) if (reason := _against(face, limits, width, height))}
    key = ORDERS[limits.order]
    chosen = sorted((index for index in range(len(faces)) if index not in reasons), key=lambda index: key(faces[index]))
    if limits.max_faces > 0:
        for index in chosen[limits.max_faces :]:
            reasons[index] = f"max_faces is {limits.max_faces}, and others come first ({limits.order})"
        chosen = chosen[: limits.max_faces]
    return Choice(chosen, reasons)


def clamp_faces(faces: Sequence[Face], width: int, height: int) -> list[Face]:
    """The faces as far as they lie in a picture of that size."""
    boxes = [(face, clamp_box(_right_way(face.box), width, height)) for face in faces]
    return [face._replace(box=box) for face, box in boxes if box is not None]


def _right_way(box: Box) -> Box:
    x1, y1, x2, y2 = box
    return (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))


def _against(face: Face, limits: Limits, width: int, height: int) -> str:
    """Why a face does not count; empty if it does."""
    across, down = face.box[2] - face.box[0], face.box[3] - face.box[1]
    if not face.score >= limits.threshold:  # NaN too
        return f"its score is {_digits(face.score, limits.threshold)}, below the threshold {limits.threshold:g}"
    if min(across, down) <= limits.drop_size:
        return f"it is {across:.0f} x {down:.0f} px, and faces up to {limits.drop_size} px are dropped"
    share = area(face.box) / (width * height)
    if share < limits.min_ratio:
        return f"it takes {share:.2%} of the picture, less than {limits.min_ratio:.2%}"
    if share > limits.max_ratio:
        return f"it takes {share:.2%} of the picture, more than {limits.max_ratio:.2%}"
    return ""


def _digits(score: float, threshold: float) -> str:
    """Two digits, and more where these would hide that the score is below the threshold."""
    for digits in (2, 3, 4):
        text = f"{score:.{digits}f}"
        if math.isnan(score) or float(text) < threshold:
            return text
    return str(score)
