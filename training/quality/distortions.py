"""Damage in 19 kinds and any strength, done to a clean picture: what the quality families learn to see.

A strength is a level of 1 (barely visible) to 5 (ruined), fractions included; `LEVELS` gives each kind's parameter at
the five whole levels, in between it is interpolated on a logarithmic scale. All is deterministic for a generator.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import ndimage

Picture = NDArray[np.floating[Any]]

LUMA = np.array([0.299, 0.587, 0.114], np.float32)

# Five parameters a kind, with the unit of the function below that reads it.
LEVELS: dict[str, tuple[float, float, float, float, float]] = {
    "gaussian blur": (0.8, 1.5, 2.5, 4, 7),  # sigma, px
    "motion blur": (5, 9, 15, 25, 41),  # length, px
    "upscaled": (0.6, 0.4, 0.25, 0.15, 0.1),  # size it was reduced to
    "median filter": (3, 5, 9, 13, 19),  # window, px
    "white noise": (0.02, 0.04, 0.08, 0.15, 0.3),  # sigma
    "grain": (0.02, 0.04, 0.08, 0.15, 0.3),  # sigma, the same in R, G and B, 1 to 3 px wide
    "impulse noise": (0.001, 0.005, 0.02, 0.08, 0.25),  # share of the pixels
    "jpeg": (50, 30, 18, 10, 5),  # quality
    "banding": (32, 16, 8, 5, 3),  # levels a channel
    "pixelation": (0.6, 0.4, 0.25, 0.15, 0.1),  # size it was reduced to
    "overexposure": (1.25, 1.5, 2, 3, 5),  # gain
    "underexposure": (0.6, 0.4, 0.22, 0.1, 0.04),  # gain
    "low contrast": (0.7, 0.5, 0.3, 0.15, 0.05),  # share of the contrast left
    "colour cast": (0.1, 0.2, 0.35, 0.5, 0.8),  # share of a filter's colour
    "oversharpening": (1, 2, 4, 8, 16),  # amount of an unsharp mask of 1.5 px
    "ringing": (1, 2, 4, 8, 16),  # amount of an unsharp mask of 3 px
    "overcooked": (1.3, 1.6, 2.2, 3.5, 6),  # gain of contrast, as of a CFG far too high
    "latent noise": (0.03, 0.06, 0.12, 0.25, 0.5),  # share of noise in cells of 4 to 16 px, as of too few steps
    "seams": (0.03, 0.06, 0.12, 0.25, 0.5),  # change of gain from tile to tile
}
KINDS = tuple(LEVELS)

FAMILY_OF_KIND = {
    "gaussian blur": "blur",
    "motion blur": "blur",
    "upscaled": "blur",
    "median filter": "blur",
    "white noise": "noise",
    "grain": "noise",
    "impulse noise": "noise",
    "jpeg": "compression",
    "banding": "structure",
    "pixelation": "structure",
    "overexposure": "tone",
    "underexposure": "tone",
    "low contrast": "tone",
    "colour cast": "tone",
    "oversharpening": "overcooked",
    "ringing": "overcooked",
    "overcooked": "overcooked",
    "latent noise": "structure",
    "seams": "structure",
}


def damage(picture: Picture, kind: str, level: float, rng: Generator) -> Picture:
    """Damages an (H, W, 3) picture in 0..1, and rounds the result to 8 bits. The picture is not changed.

    Raises:
        ValueError: a kind not in KINDS, or a level outside 1..5.
    """
    if kind not in LEVELS or not 1 <= level <= 5:
        raise ValueError(f"There is no damage {kind!r} of level {level}: kinds are {KINDS}, levels 1 to 5.")
    return quantise(_DAMAGES[kind](picture, parameter(kind, level), rng))


def parameter(kind: str, level: float) -> float:
    """The parameter of a kind at a level of 1..5, interpolated between LEVELS on a logarithmic scale."""
    return float(np.exp(np.interp(level, range(1, 6), np.log(LEVELS[kind]))))


def quantise(picture: Picture) -> Picture:
    """Clips to 0..1 and rounds to 8 bits, as saving as PNG does."""
    return np.floor(np.clip(picture, 0, 1) * 255 + 0.5).astype(np.float32) / 255


def jpeg(picture: Picture, quality: float, subsampling: int = 2) -> Picture:
    """Saves as JPEG and reads back."""
    buffer = io.BytesIO()
    _image(picture).save(buffer, "JPEG", quality=round(quality), subsampling=subsampling)
    return _array(Image.open(buffer).convert("RGB"))


def resized(picture: Picture, size: tuple[int, int], resample: int = Image.Resampling.LANCZOS) -> Picture:
    """Resizes to (width, height)."""
    return _array(_image(picture).resize(size, resample))


def cell_noise(height: int, width: int, cell: int, rng: Generator) -> Picture:
    """Colour noise of standard deviation 1 in smooth cells of some pixels, (H, W, 3)."""
    rows, columns = -(-height // cell) + 2, -(-width // cell) + 2
    coarse = rng.standard_normal((rows, columns, 3)).astype(np.float32)
    fine = ndimage.zoom(coarse, (cell, cell, 1), order=1)[:height, :width]
    return (fine / fine.std()).astype(np.float32)


def gaussian_blur(picture: Picture, sigma: float) -> Picture:
    return ndimage.gaussian_filter(picture, (sigma, sigma, 0), mode="nearest")


def _gaussian_blur(picture: Picture, sigma: float, _: Generator) -> Picture:
    return gaussian_blur(picture, sigma)


def _motion_blur(picture: Picture, length: float, rng: Generator) -> Picture:
    angle = rng.uniform(0, np.pi)
    side = round(length) | 1
    kernel = np.zeros((side, side), np.float32)
    for step in np.linspace(-(side // 2), side // 2, 4 * side):
        kernel[round(side // 2 + step * np.sin(angle)), round(side // 2 + step * np.cos(angle))] = 1
    kernel /= kernel.sum()
    rows, columns = np.nonzero(kernel)
    half = side // 2
    padded = np.pad(picture, ((half, half), (half, half), (0, 0)), mode="edge")
    height, width = picture.shape[:2]
    total = np.zeros_like(picture)
    for row, column in zip(rows, columns, strict=True):
        total += kernel[row, column] * padded[row : row + height, column : column + width]
    return total


def _reduced_and_enlarged(picture: Picture, share: float, resample: int) -> Picture:
    height, width = picture.shape[:2]
    small = resized(picture, (max(2, round(width * share)), max(2, round(height * share))), Image.Resampling.BICUBIC)
    return resized(small, (width, height), resample)


def _upscaled(picture: Picture, share: float, rng: Generator) -> Picture:
    resample = (Image.Resampling.BICUBIC, Image.Resampling.BILINEAR, Image.Resampling.LANCZOS)[rng.integers(3)]
    return _reduced_and_enlarged(picture, share, resample)


def _pixelation(picture: Picture, share: float, _: Generator) -> Picture:
    return _reduced_and_enlarged(picture, share, Image.Resampling.NEAREST)


def _median_filter(picture: Picture, window: float, _: Generator) -> Picture:
    return _array(_image(picture).filter(ImageFilter.MedianFilter(round(window) // 2 * 2 + 1)))


def _white_noise(picture: Picture, sigma: float, rng: Generator) -> Picture:
    return picture + sigma * rng.standard_normal(picture.shape).astype(np.float32)


def _grain(picture: Picture, sigma: float, rng: Generator) -> Picture:
    noise = rng.standard_normal(picture.shape[:2]).astype(np.float32)
    noise = ndimage.gaussian_filter(noise, rng.choice([0.0, 0.5, 0.8]))
    return picture + sigma * (noise / noise.std())[..., None]


def _impulse_noise(picture: Picture, share: float, rng: Generator) -> Picture:
    drawn = rng.random(picture.shape[:2])
    result = picture.copy()
    result[drawn < share / 2] = 0
    result[drawn > 1 - share / 2] = 1
    return result


def _jpeg(picture: Picture, quality: float, rng: Generator) -> Picture:
    return jpeg(picture, quality, subsampling=2 if rng.random() < 0.7 else 0)


def _banding(picture: Picture, levels: float, _: Generator) -> Picture:
    return np.round(picture * (levels - 1)) / (levels - 1)


def _gain(picture: Picture, gain: float, _: Generator) -> Picture:
    return picture * gain


def _low_contrast(picture: Picture, share: float, rng: Generator) -> Picture:
    centre = picture.mean() if rng.random() < 0.6 else rng.uniform(0.2, 0.8)
    return (picture - picture.mean()) * share + centre * (1 - share) + picture.mean() * share


def _colour_cast(picture: Picture, share: float, rng: Generator) -> Picture:
    colour = rng.uniform(0, 1, 3)
    return picture * ((1 - share) + share * colour / colour.max())


def _unsharp(sigma: float) -> Callable[[Picture, float, Generator], Picture]:
    return lambda picture, amount, _: picture + amount * (picture - gaussian_blur(picture, sigma))


def _overcooked(picture: Picture, gain: float, _: Generator) -> Picture:
    contrast = (picture - 0.5) * gain + 0.5
    grey = (contrast @ LUMA)[..., None]
    return grey + (contrast - grey) * (1 + (gain - 1) * 0.6)


def _latent_noise(picture: Picture, share: float, rng: Generator) -> Picture:
    cell = int(rng.choice([4, 8, 8, 8, 16]))
    return (1 - share) * picture + share * 0.5 + share * 0.45 * cell_noise(*picture.shape[:2], cell, rng)


def _seams(picture: Picture, change: float, rng: Generator) -> Picture:
    side = int(rng.choice([64, 128, 128, 192]))
    gain = np.ones_like(picture)
    for top in range(0, picture.shape[0], side):
        for left in range(0, picture.shape[1], side):
            colour = 0.5 * rng.uniform(-change, change, 3)
            gain[top : top + side, left : left + side] += colour + rng.uniform(-change, change)
    return picture * gain


def _image(picture: Picture) -> Image.Image:
    return Image.fromarray((quantise(picture) * 255 + 0.5).astype(np.uint8))


def _array(image: Image.Image) -> Picture:
    return np.asarray(image, np.float32) / 255


_DAMAGES: dict[str, Callable[[Picture, float, Generator], Picture]] = {
    "gaussian blur": _gaussian_blur,
    "motion blur": _motion_blur,
    "upscaled": _upscaled,
    "median filter": _median_filter,
    "white noise": _white_noise,
    "grain": _grain,
    "impulse noise": _impulse_noise,
    "jpeg": _jpeg,
    "banding": _banding,
    "pixelation": _pixelation,
    "overexposure": _gain,
    "underexposure": _gain,
    "low contrast": _low_contrast,
    "colour cast": _colour_cast,
    "oversharpening": _unsharp(1.5),
    "ringing": _unsharp(3.0),
    "overcooked": _overcooked,
    "latent noise": _latent_noise,
    "seams": _seams,
}
