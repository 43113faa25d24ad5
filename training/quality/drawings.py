"""Drawings made here: line art, cartoons, flat shapes and pages of text, of which the packages have too few."""

from __future__ import annotations

import colorsys
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Picture = NDArray[np.floating[Any]]

KINDS = ("line art", "cartoon", "shapes", "text")
_SMOOTH = 3


def draw(kind: str, side: int, rng: Generator) -> Picture:
    """Draws a picture of one of KINDS, (side, side, 3) in 0..1; two-tone or with soft edges."""
    scale = 1 if rng.random() < 0.3 else _SMOOTH
    paper = _colour(rng, light=True) if rng.random() < 0.6 else (255, 255, 255)
    image = Image.new("RGB", (side * scale, side * scale), paper)
    if kind == "shapes":
        image = _ground(side * scale, rng)
    pen = ImageDraw.Draw(image)
    {"line art": _lines, "cartoon": _cartoon, "shapes": _shapes, "text": _text}[kind](pen, side * scale, scale, rng)
    if scale > 1:
        image = image.resize((side, side), Image.Resampling.LANCZOS)
    return np.asarray(image, np.float32) / 255


def _lines(pen: ImageDraw.ImageDraw, side: int, scale: int, rng: Generator) -> None:
    ink = (0, 0, 0) if rng.random() < 0.6 else _colour(rng, light=False)
    width = int(rng.integers(1, 5)) * scale
    for _ in range(int(rng.integers(8, 100))):
        _arc(pen, side, width, ink, rng)


def _cartoon(pen: ImageDraw.ImageDraw, side: int, scale: int, rng: Generator) -> None:
    width = int(rng.integers(2, 6)) * scale
    for _ in range(int(rng.integers(8, 40))):
        fill = _colour(rng, light=bool(rng.random() < 0.7))
        _shape(pen, side, rng, fill, (0, 0, 0), width)
        if rng.random() < 0.3:
            _arc(pen, side, width, (0, 0, 0), rng)


def _shapes(pen: ImageDraw.ImageDraw, side: int, scale: int, rng: Generator) -> None:
    hue = rng.random()
    for _ in range(int(rng.integers(10, 60))):
        _shape(pen, side, rng, _colour(rng, light=bool(rng.random() < 0.5), hue=hue), None, scale)


def _text(pen: ImageDraw.ImageDraw, side: int, scale: int, rng: Generator) -> None:
    size = int(rng.integers(12, 40)) * scale
    font = ImageFont.load_default(size)
    ink = (0, 0, 0) if rng.random() < 0.6 else _colour(rng, light=False)
    letters = list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789,.")
    for top in range(size, side - size, round(1.5 * size)):
        words = ("".join(rng.choice(letters, int(rng.integers(2, 10)))) for _ in range(20))
        pen.text((size, top), " ".join(words), fill=ink, font=font)


def _ground(side: int, rng: Generator) -> Image.Image:
    """A smooth ramp between two colours, downwards or across."""
    ends = [np.array(_colour(rng, light=bool(rng.random() < 0.5)), np.float32) for _ in range(2)]
    ramp = np.linspace(0, 1, side, dtype=np.float32)[:, None, None]
    picture = np.broadcast_to(ends[0] * (1 - ramp) + ends[1] * ramp, (side, side, 3))
    picture = picture.swapaxes(0, 1) if rng.random() < 0.3 else picture
    return Image.fromarray(np.ascontiguousarray(picture + rng.random(picture.shape)).clip(0, 255).astype(np.uint8))


def _arc(pen: ImageDraw.ImageDraw, side: int, width: int, ink: tuple[int, int, int], rng: Generator) -> None:
    x, y = rng.uniform(0, side, 2)
    radius = rng.uniform(0.03, 0.45) * side
    start, angle = rng.uniform(0, 360), rng.uniform(40, 280)
    pen.arc([x - radius, y - radius, x + radius, y + radius], start, start + angle, fill=ink, width=width)


def _shape(
    pen: ImageDraw.ImageDraw,
    side: int,
    rng: Generator,
    fill: tuple[int, int, int],
    outline: tuple[int, int, int] | None,
    width: int,
) -> None:
    x, y = rng.uniform(0, side, 2)
    across, down = rng.uniform(0.03, 0.3, 2) * side
    drawn = rng.random()
    if drawn < 0.5:
        pen.ellipse([x - across, y - down, x + across, y + down], fill=fill, outline=outline, width=width)
    elif drawn < 0.7:
        pen.rectangle([x - across, y - down, x + across, y + down], fill=fill, outline=outline, width=width)
    else:
        angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 8))))
        points = [(x + across * np.cos(angle), y + down * np.sin(angle)) for angle in angles]
        pen.polygon(points, fill=fill, outline=outline, width=width)


def _colour(rng: Generator, light: bool, hue: float | None = None) -> tuple[int, int, int]:
    hue = rng.random() if hue is None else (hue + rng.normal(0, 0.08)) % 1
    value = rng.uniform(0.7, 1) if light else rng.uniform(0.1, 0.6)
    red, green, blue = colorsys.hsv_to_rgb(hue, rng.uniform(0.05, 0.9), value)
    return round(255 * red), round(255 * green), round(255 * blue)
