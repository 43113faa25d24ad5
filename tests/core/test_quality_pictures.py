"""The pictures that the quality tests score: the two photographs of the pack, damaged copies, and patterns."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from switchyard_pack.core.quality_planes import Planes, whole_picture
from torch.nn import functional

DATA = Path(__file__).resolve().parents[2] / "data"
PHOTOGRAPHS = ("astronaut.png", "grace_hopper.jpg")


@functools.cache
def _opened(name: str) -> Image.Image:
    return Image.open(DATA / "demo" / name).convert("RGB")


def photograph(name: str, width: int | None = None) -> torch.Tensor:
    """A shipped photograph as (1, H, W, 3) in 0..1, reduced to a width with Lanczos if one is given."""
    picture = _opened(name)
    if width is not None:
        height = round(width * picture.height / picture.width)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.asarray(picture, np.float32) / 255)[None]


def planes(image: torch.Tensor) -> Planes:
    """The planes of the first picture of a batch, as the score measures them."""
    return whole_picture(image[0])


def as_png(image: torch.Tensor) -> torch.Tensor:
    """Clamps and rounds to 8 bits, as saving does."""
    return (image.clamp(0, 1) * 255).round() / 255


def blurred(image: torch.Tensor, sigma: float) -> torch.Tensor:
    """Gaussian blur, sigma in px; 0 gives the picture back."""
    if sigma == 0:
        return image
    radius = math.ceil(3 * sigma)
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float32)
    kernel = torch.exp(-(offsets**2) / (2 * sigma**2))
    kernel /= kernel.sum()
    planes = functional.pad(image.permute(3, 0, 1, 2), (radius,) * 4, mode="replicate")
    planes = functional.conv2d(functional.conv2d(planes, kernel[None, None, None]), kernel[None, None, :, None])
    return as_png(planes.permute(1, 2, 3, 0))


def noisy(image: torch.Tensor, sigma: float) -> torch.Tensor:
    """Adds Gaussian noise to each channel on its own, sigma as a share of the scale."""
    generator = torch.Generator().manual_seed(5)
    return as_png(image + sigma * torch.randn(image.shape, generator=generator))


def compressed(image: torch.Tensor, quality: int) -> torch.Tensor:
    """Through JPEG and back, with colour at half the resolution (4:2:0)."""
    buffer = io.BytesIO()
    Image.fromarray((image[0] * 255).round().to(torch.uint8).numpy()).save(
        buffer, "JPEG", quality=quality, subsampling=2
    )
    return torch.from_numpy(np.asarray(Image.open(buffer), np.float32) / 255)[None]


def pattern(name: str, side: int = 256) -> torch.Tensor:
    """A picture of nothing: flat, smooth, repeating or random, (1, side, side, 3) in 0..1."""
    return torch.from_numpy(_pattern(name, side).astype(np.float32).clip(0, 1))[None]


def _pattern(name: str, side: int) -> np.ndarray:
    random = np.random.default_rng(3)
    shape = (side, side, 3)
    rows, columns = np.mgrid[:side, :side]
    kind, _, number = name.partition(" ")
    if kind == "flat":
        return np.full(shape, 0.0) + [float(level) for level in number.split("/")]
    if kind == "pixel":
        picture = np.zeros(shape)
        picture[side // 2, side // 2] = 1
        return picture
    if kind == "half":
        return np.repeat((columns > side // 2)[..., None], 3, 2)
    if kind == "ramp":
        return np.repeat((columns / (side - 1))[..., None], 3, 2)
    if kind == "disc":
        return np.repeat((np.hypot(rows - side / 2, columns - side / 2) < side / 4)[..., None], 3, 2)
    if kind == "checkerboard":
        return np.repeat(((rows // int(number) + columns // int(number)) % 2)[..., None], 3, 2)
    if kind == "stripes":
        return np.repeat((rows // int(number) % 2)[..., None], 3, 2)
    if kind == "blob":
        coarse = torch.from_numpy(random.random((1, 3, 4, 4)))
        return functional.interpolate(coarse, (side, side), mode="bicubic")[0].permute(1, 2, 0).numpy()
    if kind == "uniform":
        return random.random(shape)
    if kind == "gaussian":
        return 0.5 + float(number) * random.standard_normal(shape)
    if kind == "grey":
        return np.repeat(random.random((side, side, 1)), 3, 2)
    if kind == "binary":
        return random.random(shape) > 0.5
    if kind == "dark":
        return float(number) * np.abs(random.standard_normal(shape))
    if kind == "latent":
        coarse = torch.from_numpy(random.standard_normal((1, 3, side // int(number) + 1, side // int(number) + 1)))
        smooth = functional.interpolate(coarse, scale_factor=int(number), mode="bilinear")
        return 0.5 + 0.25 * smooth[0, :, :side, :side].permute(1, 2, 0).numpy()
    raise ValueError(name)


MANIFEST = json.loads((DATA / "manifest.json").read_text())


@pytest.mark.parametrize("entry", MANIFEST, ids=lambda entry: entry["file"])
def test_a_shipped_file_is_the_one_its_manifest_names(entry):
    assert hashlib.sha256((DATA / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
    assert all(entry[key] for key in ("source", "author", "licence", "provenance"))
    assert set(entry["source"]) in ({"package", "version", "path"}, {"script", "pictures"})


def test_the_manifest_names_every_picture_and_the_demo_model():
    files = {f"demo/{path.name}" for path in (DATA / "demo").iterdir()}
    assert {entry["file"] for entry in MANIFEST if entry["file"].startswith("demo/")} == files
    assert files == {*(f"demo/{name}" for name in PHOTOGRAPHS), "demo/demo_model.safetensors"}
