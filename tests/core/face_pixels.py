"""The pixels that the stored numbers of face_parity.json were measured on, and photographs for the detectors."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import torch
from PIL import Image

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"
FACES = {"astronaut.png": (176, 60, 270, 176), "grace_hopper.jpg": (178, 122, 362, 338)}
"""Where the face is in each photograph, from hairline to chin."""


@functools.cache
def photograph(name: str) -> torch.Tensor:
    """A photograph of data/demo as (1, H, W, 3), 0..1; not to be modified."""
    with Image.open(DEMO / name) as opened:
        return torch.from_numpy(np.array(opened.convert("RGB"), np.float32) / 255)[None]


def shown(picture: tuple[str, int, int, int, int, int]) -> torch.Tensor:
    """The part of a photograph that a network was shown, as (1, 3, H, W): file, top, left, height, width, step."""
    name, top, left, height, width, step = picture
    part = photograph(name)[:, top : top + height : step, left : left + width : step]
    return part.permute(0, 3, 1, 2).contiguous()
