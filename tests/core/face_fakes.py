"""Pictures, faces, samplers and detectors for the tests of the face nodes."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from switchyard_pack.core.face_crop import CropSizes
from switchyard_pack.core.face_detail import Settings
from switchyard_pack.core.face_plan import Shaping
from switchyard_pack.core.faces import Face
from switchyard_pack.core.segs import Found

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"
ASTRONAUT_FACE = (181.5, 58.2, 269.9, 177.8)


def photograph(name: str = "astronaut.png"):
    """A portrait as (1, H, W, 3), off the grid of 8-bit numbers, as a VAE gives pictures."""
    import numpy
    from PIL import Image

    with Image.open(DEMO / name) as image:
        picture = torch.from_numpy(numpy.array(image.convert("RGB"))).float() / 255
    generator = torch.Generator().manual_seed(1)
    return (picture + torch.rand(picture.shape, generator=generator) / 512).clamp(0, 1)[None]


def noise(*shape: int, seed: int = 0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def found(*box: float, score: float = 0.9, **more) -> Found:
    return Found(Face(tuple(map(float, box)), score, **more))


def settings(shaping: dict | None = None, sizes: dict | None = None, **more) -> Settings:
    """Settings that leave the guard off, unless told otherwise."""
    shaping = {"sizes": CropSizes(**{"guide_size": 128, "max_size": 256, **(sizes or {})}), **(shaping or {})}
    return Settings(shaping=Shaping(**shaping), **{"is_guarded": False, **more})


def unchanged(job, before, noise_mask):
    """A sampler that draws what was there."""
    return before.clone()


def shifted(job, before, noise_mask):
    """A sampler that shifts all colours."""
    return before + torch.tensor([15.0, 5.0, -5.0]) / 255


def blind(pictures, lowest):
    """A detector that sees no face."""
    return [[] for _ in pictures]


def psnr(a, b, where) -> float:
    error = ((a - b) ** 2)[where].mean().item()
    return 99.0 if error == 0 else -10 * math.log10(error)
