"""Drawings made here: line art, cartoons, shapes, text, stars and planets, of which the packages have too few."""

from __future__ import annotations

import colorsys
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

Picture = NDArray[np.floating[Any]]

KINDS = ("line art", "cartoon", "shapes", "text", "space", "flat")
_SMOOTH = 3


def draw(kind: str, side: int, rng: Generator) -> Picture:
    """Draws a picture of one of KINDS, (side, side, 3) in 0..1; two-tone or with soft edges."""
    if kind == "space":
        return _space(side, rng)
    scale = 1 if rng.random() < 0.3 else _SMOOTH
    paper = _colour(rng, light=True) if rng.random() < 0.6 else (255, 255, 255)
    image = Image.new("RGB", (side * scale, side * scale), paper)
    if kind == "shapes":
        image = _ground(side * scale, rng)
    pen = ImageDraw.Draw(image)
    kinds = {"line art": _lines, "cartoon": _cartoon, "shapes": _shapes, "text": _text, "flat": _flat}
    kinds[kind](pen, side * scale, scale, rng)
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


def _flat(pen: ImageDraw.ImageDraw, side: int, scale: int, rng: Generator) -> None:
    """A graphic of one to five colours: large shapes, some within others, with or without an outline."""
    palette = [_colour(rng, light=bool(rng.random() < 0.6)) for _ in range(int(rng.integers(1, 6)))]
    outline = (0, 0, 0) if rng.random() < 0.4 else None
    width = int(rng.integers(2, 9)) * scale
    for _ in range(int(rng.integers(2, 16))):
        _shape(pen, side, rng, palette[int(rng.integers(len(palette)))], outline, width)
    for _ in range(int(rng.integers(0, 6))):
        _arc(pen, side, width, palette[0] if outline is None else outline, rng)


def _text(pen: ImageDraw.ImageDraw, side: int, scale: int, rng: Generator) -> None:
    size = int(rng.integers(12, 40)) * scale
    font = ImageFont.load_default(size)
    ink = (0, 0, 0) if rng.random() < 0.6 else _colour(rng, light=False)
    letters = list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789,.")
    for top in range(size, side - size, round(1.5 * size)):
        words = ("".join(rng.choice(letters, int(rng.integers(2, 10)))) for _ in range(20))
        pen.text((size, top), " ".join(words), fill=ink, font=font)


def _space(side: int, rng: Generator) -> Picture:
    """Stars on black, and mostly a planet lit from one side, with rough or smooth ground and a hard or soft edge."""
    picture = np.zeros((side, side, 3), np.float32) + rng.uniform(0, 0.06, 3).astype(np.float32)
    stars = rng.random((side, side)) < rng.choice([0.0, 0.001, 0.004, 0.015])
    light = rng.uniform(0.1, 1, (side, side, 1)) * rng.uniform(0.7, 1, (side, side, 3))
    picture = np.where(stars[..., None], light, picture)
    if rng.random() < 0.5:
        picture = ndimage.gaussian_filter(picture, (0.6, 0.6, 0)) * 1.5
    if rng.random() < 0.85:
        rows, columns = np.mgrid[:side, :side] / side
        x, y = rng.uniform(0.3, 0.7, 2)
        radius = rng.uniform(0.15, 0.45)
        across, down = (columns - x) / radius, (rows - y) / radius
        height = np.sqrt(np.clip(1 - across**2 - down**2, 0, 1))
        sun = rng.normal(0, 1, 3)
        sun[2] = abs(sun[2])
        sun /= np.linalg.norm(sun)
        lit = np.clip(across * sun[0] + down * sun[1] + height * sun[2], 0, 1)[..., None]
        ground = sum(
            _smooth_noise(side, cell, rng) * weight for cell, weight in ((96, 1.0), (32, 0.5), (8, 0.25), (2, 0.12))
        )
        ground = np.asarray(ground) * rng.choice([0.3, 1.0])
        colours = [np.array(_colour(rng, light=bool(rng.random() < 0.6)), np.float32) / 255 for _ in range(2)]
        share = np.clip(0.5 + 0.5 * ground, 0, 1)[..., None]
        planet = (colours[0] * share + colours[1] * (1 - share)) * lit * rng.uniform(1, 1.4)
        inside = np.clip((1 - np.hypot(across, down)) * radius * side / rng.choice([0.01, 1.0]), 0, 1)[..., None]
        picture = picture * (1 - inside) + planet * inside
    return np.asarray(np.floor(np.clip(picture, 0, 1) * 255 + 0.5), np.float32) / 255


def _smooth_noise(side: int, cell: int, rng: Generator) -> Picture:
    coarse = rng.standard_normal((-(-side // cell) + 2, -(-side // cell) + 2)).astype(np.float32)
    return np.asarray(ndimage.zoom(coarse, cell, order=1), np.float32)[:side, :side]


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
