"""Lines and small pictures drawn onto tensors, in place.

Convention: a picture is (H, W, 3 or 4), 0..1; boxes are (x1, y1, x2, y2) in whole pixels of it, half-open; colours are
0..255 RGB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

Color = tuple[int, int, int]


def draw_outline(picture: Tensor, box: tuple[int, int, int, int], color: Color) -> None:
    """A coloured line between two dark ones: one of them shows on any ground."""
    line = max(1, round(min(picture.shape[:2]) / 170))
    thin = max(1, line // 2)
    draw_frame(picture, box, line + 2 * thin, (12, 12, 14))
    x1, y1, x2, y2 = box
    draw_frame(picture, (x1 + thin, y1 + thin, x2 - thin, y2 - thin), line, color)


def draw_frame(picture: Tensor, box: tuple[int, int, int, int], thick: int, color: Color) -> None:
    """A line of that thickness along the inside of a box."""
    x1, y1, x2, y2 = box
    thick = min(thick, (x2 - x1 + 1) // 2, (y2 - y1 + 1) // 2)
    if thick < 1:
        return
    ink = picture.new_tensor([*(level / 255 for level in color), 1.0][: picture.shape[-1]])
    for rows, columns in (
        (slice(y1, y1 + thick), slice(x1, x2)),
        (slice(y2 - thick, y2), slice(x1, x2)),
        (slice(y1, y2), slice(x1, x1 + thick)),
        (slice(y1, y2), slice(x2 - thick, x2)),
    ):
        picture[rows, columns] = ink


def draw_picture(picture: Tensor, drawn: Image, x: int, y: int) -> None:
    """Puts an RGBA picture on a tensor, in place."""
    import numpy as np
    import torch

    levels = torch.from_numpy(np.asarray(drawn, dtype=np.float32) / 255).to(picture.device)
    x1, y1 = max(0, x), max(0, y)
    part = picture[y1 : y + drawn.height, x1 : x + drawn.width]
    levels = levels[y1 - y :, x1 - x :][: part.shape[0], : part.shape[1]]
    alpha, ground = levels[..., 3:], part.float()
    ground[..., :3] = ground[..., :3].clamp(0, 1) * (1 - alpha) + levels[..., :3] * alpha
    if picture.shape[-1] == 4:
        ground[..., 3:] = torch.maximum(ground[..., 3:], alpha)
    part.copy_(ground)
