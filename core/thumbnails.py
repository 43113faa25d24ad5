"""Pictures made small enough to look through many of them."""

from __future__ import annotations

from typing import Any

from .values import is_tensor

THUMBNAIL_PX = 320


def is_picture(value: Any) -> bool:
    """Whether a value is an IMAGE: (B, H, W, C) with 1 to 4 channels."""
    return is_tensor(value) and value.ndim == 4 and 1 <= value.shape[-1] <= 4 and value.numel() > 0


def thumbnail(picture: Any, longest_px: int = THUMBNAIL_PX) -> Any:
    """A small copy of a picture, as levels 0..255 on the CPU; a picture that is small already keeps its size.

    Args:
        picture: (H, W, C) of 1 to 4 channels, 0..1, on any device; alpha is left out, NaN is black.
        longest_px: the most pixels of the longer side.

    Returns:
        (h, w, 3) or (h, w, 1) uint8 tensor.
    """
    import torch

    channels = picture[..., :3] if picture.shape[-1] > 2 else picture[..., :1]
    height, width = channels.shape[:2]
    scale = min(1.0, longest_px / max(height, width))
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    planes = channels.movedim(-1, 0).float()
    if size != (height, width):
        planes = torch.nn.functional.interpolate(planes[None], size=size, mode="area")[0]
    levels = torch.nan_to_num(planes, nan=0.0).clamp(0, 1) * 255.0  # small by now
    return levels.movedim(0, -1).round().to(torch.uint8).cpu()
