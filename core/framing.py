"""What of a picture a vision model sees: models take squares of a fixed size.

The resizing is that of the models' own preparation: bicubic with antialiasing, in float32.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .quality_planes import unit_rgb

_MAX_ASPECT = 4  # of a longer picture only the part around the crop is enlarged or reduced


def frame_picture(picture: Tensor, size: int, framing: str) -> Tensor:
    """Makes the squares of one picture that a model is shown.

    Args:
        picture: (H, W, C) of 1 to 4 channels; floats in 0..1, integers in 0..255. Not changed.
        size: the side of a square in pixels.
        framing: "crop": the middle; "pad": the whole picture between black bars; "both ends": the left and the right
            end, or the top and the bottom; "stretch": the whole picture, made square.

    Returns:
        (V, size, size, 3) float32, about 0..1: two views of a picture that is not square with "both ends", else one.
    """
    image = unit_rgb(picture).movedim(-1, 0)[None]
    height, width = image.shape[2:]
    if framing == "stretch" or height == width:
        return _resize(image, size, size).movedim(1, -1)
    if framing == "pad":
        scale = size / max(height, width)
        # torch (2.11) gives a copy of one row where the result is a single column
        rows, columns = max(2, round(scale * height)), max(2, round(scale * width))
        top, left = (size - rows) // 2, (size - columns) // 2
        bars = (left, size - columns - left, top, size - rows - top)
        return functional.pad(_resize(image, rows, columns), bars).movedim(1, -1)
    places = ("start", "end") if framing == "both ends" else ("middle",)
    return torch.cat([_crop(image, size, place) for place in places]).movedim(1, -1)


def _crop(image: Tensor, size: int, place: str) -> Tensor:
    most = _MAX_ASPECT * min(image.shape[2:])
    image = _cut(image, min(most, image.shape[2]), min(most, image.shape[3]), place)
    scale = size / min(image.shape[2:])
    image = _resize(image, round(scale * image.shape[2]), round(scale * image.shape[3]))
    return _cut(image, size, size, place)


def _cut(image: Tensor, height: int, width: int, place: str) -> Tensor:
    spare = image.shape[2] - height, image.shape[3] - width
    top, left = {"start": (0, 0), "middle": (spare[0] // 2, spare[1] // 2), "end": spare}[place]
    return image[:, :, top : top + height, left : left + width]


def _resize(image: Tensor, height: int, width: int) -> Tensor:
    if image.shape[2:] == (height, width):
        return image
    return functional.interpolate(image, size=(height, width), mode="bicubic", antialias=True)
