"""A canvas for shapes given by their signed distance, painted flat and outlined or shaded as if they were round.

Coordinates go from 0 to 1, x to the right and y down; a distance is negative inside a shape. Edges are as sharp as
pixels allow at every size, so the same scene can be drawn at 64 and at 512 pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import numpy as np

Array: TypeAlias = "np.ndarray"
Distance: TypeAlias = Callable[[Array, Array], Array]
Colour: TypeAlias = tuple[float, float, float]
Box: TypeAlias = tuple[float, float, float, float]
Style: TypeAlias = Literal["anime", "realistic"]

_LIGHT = np.array([-0.5, -0.62, 0.61], dtype=np.float32)  # from above, from the left, from the viewer
_OUTLINE = 0.011
_EVERYWHERE: Box = (0.0, 0.0, 1.0, 1.0)


class Canvas:
    """A square picture in one of two styles.

    Attributes:
        rgb: float32, height x width x 3, from 0 to 1 (not clipped before `finish`).
        tint: what the colour of each object is multiplied with, such as the blue of a night.
    """

    def __init__(self, size: int, style: Style, generator: np.random.Generator) -> None:
        self.size, self.style, self.generator = size, style, generator
        grid = (np.arange(size, dtype=np.float32) + 0.5) / size
        self.x, self.y = np.meshgrid(grid, grid)
        self.rgb = np.zeros((size, size, 3), np.float32)
        self.tint = np.ones(3, np.float32)

    def paint(
        self,
        distance: Distance,
        colour: Colour,
        box: Box = _EVERYWHERE,
        *,
        depth: float = 0.1,
        outline: float = 1.0,
        opacity: float = 1.0,
        gloss: float = 0.25,
    ) -> None:
        """Paints a solid shape in the canvas's style.

        Args:
            distance: gives the signed distance of each pixel.
            box: what part of the picture the shape lies in (left, top, right, bottom); nothing else is touched.
            depth: how far from its edge the shape stops being round; its radius makes a ball of a circle.
            outline: width of the outline of the flat style, as a multiple of the usual; 0 for none.
            gloss: strength of the highlight of the shaded style.
        """
        window = self._window(box)
        d = distance(self.x[window], self.y[window])
        base = np.asarray(colour, np.float32) * self.tint
        facing, normal_z = self._facing(d, depth)
        if self.style == "anime":
            shade = _cover((facing - 0.28) * 0.12, self.size)[..., None]  # one step of shade, not a gradient
            fill = base * (1 - 0.27 * shade * (depth > 0))
            if outline:
                width = _OUTLINE * outline
                ink = _cover(-(d + width), self.size)[..., None]
                fill = fill * (1 - ink) + base * 0.22 * ink
                d = d - width * 0.5
        else:
            light = 0.42 + 0.72 * np.clip(facing, 0, 1)
            shine = gloss * np.clip(2 * facing * normal_z - _LIGHT[2], 0, 1) ** 12
            fill = base * light[..., None] + shine[..., None]
        self._blend(window, fill, _cover(d, self.size) * opacity)

    def fill(
        self, distance: Distance, colour: Colour, box: Box = _EVERYWHERE, *, opacity: float = 1.0, soft: float = 0.0
    ) -> None:
        """Paints a shape in one colour, with an edge that is `soft` wide; for shadows, lights and features."""
        window = self._window(box)
        d = distance(self.x[window], self.y[window])
        cover = np.clip(0.5 - d / soft, 0, 1) if soft else _cover(d, self.size)
        self._blend(window, np.asarray(colour, np.float32) * self.tint, cover * opacity)

    def gradient(self, top: Colour, bottom: Colour, start: float, end: float) -> None:
        """Fills the rows from `start` to `end` with colours that go from one to the other."""
        rows = (self.y[:, :1] >= start) & (self.y[:, :1] < end)
        share = np.clip((self.y[:, :1] - start) / max(end - start, 1e-6), 0, 1)[..., None]
        if self.style == "anime":
            share = np.floor(share * 4) / 3.5
        colours = np.asarray(top, np.float32) * (1 - share) + np.asarray(bottom, np.float32) * share
        self.rgb = np.where(rows[..., None], colours, self.rgb)

    def texture(self, start: float, strength: float, cells: tuple[int, int]) -> None:
        """Makes the rows from `start` on uneven, by smooth noise of so many cells across and down."""
        window = self._window((0.0, start, 1.0, 1.0))
        noise = smooth_noise(self.generator, self.x[window] * cells[0], (self.y[window] - start) * cells[1])
        if self.style == "anime":
            noise = np.where(noise > 0.35, 1.0, 0.0)
        self.rgb[window] *= 1 + strength * noise[..., None]

    def finish(self) -> Array:
        """The picture, height x width x 3, float32, from 0 to 1."""
        if self.style == "realistic":
            self.rgb = self.rgb + self.generator.normal(0, 0.008, (self.size, self.size, 1)).astype(np.float32)
        return np.clip(self.rgb, 0, 1)

    def _window(self, box: Box) -> tuple[slice, slice]:
        margin = 2 * _OUTLINE
        left, top, right, bottom = (edge * self.size for edge in box)
        margin *= self.size
        return (
            slice(max(0, int(top - margin)), max(0, int(np.ceil(bottom + margin)))),
            slice(max(0, int(left - margin)), max(0, int(np.ceil(right + margin)))),
        )

    def _facing(self, d: Array, depth: float) -> tuple[Array, Array]:
        """How much each pixel faces the light, and how much the viewer."""
        if depth <= 0 or min(d.shape) < 2:
            return np.full_like(d, 0.75), np.ones_like(d)
        slope_y, slope_x = np.gradient(d * self.size)
        tilt = 1 - np.clip(-d / depth, 0, 1)
        length = np.maximum(np.sqrt(slope_x**2 + slope_y**2), 1e-3)
        x, y = slope_x / length * tilt, slope_y / length * tilt
        z = np.sqrt(np.clip(1 - x**2 - y**2, 0, 1))
        return x * _LIGHT[0] + y * _LIGHT[1] + z * _LIGHT[2], z

    def _blend(self, window: tuple[slice, slice], colour: Array, cover: Array) -> None:
        below = self.rgb[window]
        below += (colour - below) * cover[..., None]


def _cover(d: Array, size: int) -> Array:
    """How much of each pixel a shape covers."""
    return np.clip(0.5 - d * size, 0, 1)


def smooth_noise(generator: np.random.Generator, x: Array, y: Array) -> Array:
    """Noise about 0 that changes over one unit of x and y."""
    columns, rows = int(x.max()) + 2, int(max(y.max(), 0)) + 2
    grid = generator.normal(0, 0.5, (rows + 1, columns + 1)).astype(np.float32)
    left, top = x.astype(int), np.maximum(y, 0).astype(int)
    u, v = x - left, np.maximum(y, 0) - top
    u, v = u * u * (3 - 2 * u), v * v * (3 - 2 * v)
    upper = grid[top, left] * (1 - u) + grid[top, left + 1] * u
    lower = grid[top + 1, left] * (1 - u) + grid[top + 1, left + 1] * u
    return upper * (1 - v) + lower * v


def circle(cx: float, cy: float, radius: float) -> Distance:
    return lambda x, y: np.hypot(x - cx, y - cy) - radius


def ellipse(cx: float, cy: float, rx: float, ry: float) -> Distance:
    def distance(x: Array, y: Array) -> Array:
        u, v = (x - cx) / rx, (y - cy) / ry
        inner = np.sqrt(u * u + v * v)
        return inner * (inner - 1) / np.maximum(np.sqrt((u / rx) ** 2 + (v / ry) ** 2), 1e-4)

    return distance


def box(cx: float, cy: float, half_width: float, half_height: float, round_by: float = 0.0) -> Distance:
    def distance(x: Array, y: Array) -> Array:
        u, v = np.abs(x - cx) - half_width + round_by, np.abs(y - cy) - half_height + round_by
        return np.hypot(np.maximum(u, 0), np.maximum(v, 0)) + np.minimum(np.maximum(u, v), 0) - round_by

    return distance


def line(x0: float, y0: float, x1: float, y1: float, half_width: float) -> Distance:
    def distance(x: Array, y: Array) -> Array:
        along_x, along_y = x1 - x0, y1 - y0
        share = ((x - x0) * along_x + (y - y0) * along_y) / max(along_x**2 + along_y**2, 1e-9)
        share = np.clip(share, 0, 1)
        return np.hypot(x - x0 - share * along_x, y - y0 - share * along_y) - half_width

    return distance


def polygon(*corners: tuple[float, float]) -> Distance:
    """A closed shape with straight sides (its corners in either direction)."""

    def distance(x: Array, y: Array) -> Array:
        nearest, inside = np.full(x.shape, np.inf, np.float32), np.zeros(x.shape, bool)
        for (x0, y0), (x1, y1) in zip(corners, (*corners[1:], corners[0]), strict=True):
            along_x, along_y = x1 - x0, y1 - y0
            share = np.clip(((x - x0) * along_x + (y - y0) * along_y) / max(along_x**2 + along_y**2, 1e-9), 0, 1)
            nearest = np.minimum(nearest, np.hypot(x - x0 - share * along_x, y - y0 - share * along_y))
            if y0 != y1:
                inside ^= ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) * along_x / along_y)
        return np.where(inside, -nearest, nearest).astype(np.float32)

    return distance


def union(*shapes: Distance) -> Distance:
    return lambda x, y: np.minimum.reduce([shape(x, y) for shape in shapes])


def both(*shapes: Distance) -> Distance:
    return lambda x, y: np.maximum.reduce([shape(x, y) for shape in shapes])


def without(shape: Distance, hole: Distance) -> Distance:
    return lambda x, y: np.maximum(shape(x, y), -hole(x, y))
