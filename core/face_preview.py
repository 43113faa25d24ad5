"""Copies of pictures with the faces drawn on them that were found: those that count with numbers, the others grey."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .drawing import draw_frame, draw_outline, draw_picture
from .face_choice import Choice
from .face_crop import colors_of
from .faces import Face
from .score_badge import NEUTRAL, PASS, draw_tag
from .segs import whole_box

if TYPE_CHECKING:
    from torch import Tensor


def draw_faces(image: Tensor, faces: Sequence[Sequence[Face]], choices: Sequence[Choice]) -> Tensor:
    """Draws the faces of each picture.

    Args:
        image: (B, H, W, C) of 1, 3 or 4 channels, any float type; not changed.
        faces: of each picture, with boxes that lie in it.
        choices: which of them count, and their order, for each picture.

    Returns:
        (B, H, W, 3) of the same device and type.
    """
    drawn = colors_of(image).nan_to_num(0.0, 1.0, 0.0).clamp(0, 1).contiguous()
    for picture, found, choice in zip(drawn, faces, choices, strict=True):
        height, width = picture.shape[:2]
        for index in sorted(choice.reasons, key=lambda index: found[index].score):
            draw_frame(picture, whole_box(found[index].box), max(1, min(height, width) // 400), NEUTRAL)
            _tag(picture, found[index], f"{found[index].score:.2f}", NEUTRAL)
        for number, index in reversed(list(enumerate(choice.chosen))):  # the first one on top
            draw_outline(picture, whole_box(found[index].box), PASS)
            _tag(picture, found[index], f"{number + 1}  {found[index].score:.2f}", PASS)
    return drawn


def _tag(picture: Tensor, face: Face, text: str, color: tuple[int, int, int]) -> None:
    """A label above the box, or inside where there is no room above."""
    height, width = picture.shape[:2]
    tag = draw_tag(text, width, height, color)
    if tag is None or tag.width > width or tag.height > height:
        return
    x1, y1, _, _ = whole_box(face.box)
    y = y1 - tag.height if y1 >= tag.height else y1
    draw_picture(picture, tag, min(x1, width - tag.width), min(y, height - tag.height))
