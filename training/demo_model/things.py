"""The things that can stand in a scene, each drawn from its foot point, its height and its colour."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from shapes import Array, Canvas, Colour, both, box, circle, ellipse, line, polygon, union, without

Draw: TypeAlias = Callable[[Canvas, float, float, float, Colour], None]

_WOOD: Colour = (0.45, 0.29, 0.16)
_CREAM: Colour = (0.93, 0.88, 0.78)
_LEAF: Colour = (0.25, 0.55, 0.22)
_DARK: Colour = (0.16, 0.17, 0.22)
_WINDOW: Colour = (0.98, 0.86, 0.45)


def _around(cx: float, foot: float, width: float, height: float) -> tuple[float, float, float, float]:
    return (cx - width / 2, foot - height, cx + width / 2, foot)


def shadow(canvas: Canvas, cx: float, foot: float, width: float) -> None:
    """What a thing throws on the ground it stands on."""
    soft = 0.05 if canvas.style == "realistic" else 0.0
    reach = width * 0.62
    area = (cx - reach - 0.05, foot - reach * 0.4, cx + reach + 0.1, foot + reach * 0.4)
    canvas.fill(ellipse(cx + 0.02, foot, reach, reach * 0.24), (0.05, 0.05, 0.1), area, opacity=0.45, soft=soft)


def draw_ball(canvas: Canvas, cx: float, foot: float, height: float, colour: Colour) -> None:
    radius = height / 2
    canvas.paint(circle(cx, foot - radius, radius), colour, _around(cx, foot, height, height), depth=radius, gloss=0.6)


def draw_box(canvas: Canvas, cx: float, foot: float, height: float, colour: Colour) -> None:
    """A cube seen from the right and from above."""
    front, deep = height * 0.74, height * 0.26
    left, right, top = cx - height / 2, cx - height / 2 + front, foot - front
    area = _around(cx, foot, height, height)
    lid = polygon((left, top), (right, top), (right + deep, top - deep), (left + deep, top - deep))
    side = polygon((right, top), (right + deep, top - deep), (right + deep, foot - deep), (right, foot))
    canvas.paint(box(left + front / 2, foot - front / 2, front / 2, front / 2), colour, area, depth=0)
    canvas.paint(lid, _mixed(colour, (1.0, 1.0, 1.0), 0.35), area, depth=0)
    canvas.paint(side, _mixed(colour, (0.0, 0.0, 0.0), 0.42), area, depth=0)


def draw_star(canvas: Canvas, cx: float, foot: float, height: float, colour: Colour) -> None:
    radius, corners = height * 0.55, []
    for number in range(10):
        reach = radius * (1.0 if number % 2 == 0 else 0.45)
        angle = math.pi * number / 5
        corners.append((cx + reach * math.sin(angle), foot - height * 0.45 - reach * math.cos(angle)))
    canvas.paint(polygon(*corners), colour, _around(cx, foot, height * 1.1, height), depth=radius * 0.35)


def draw_heart(canvas: Canvas, cx: float, foot: float, height: float, colour: Colour) -> None:
    lobe, top = height * 0.29, foot - height * 0.70
    shape = union(
        circle(cx - lobe * 0.93, top, lobe),
        circle(cx + lobe * 0.93, top, lobe),
        polygon(
            (cx - lobe * 1.78, top + lobe * 0.55),
            (cx, top - lobe * 0.4),
            (cx + lobe * 1.78, top + lobe * 0.55),
            (cx, foot),
        ),
    )
    canvas.paint(shape, colour, _around(cx, foot, height * 1.2, height), depth=height * 0.3, gloss=0.5)


def draw_cup(canvas: Canvas, cx: float, foot: float, height: float, colour: Colour) -> None:
    half, top = height * 0.36, foot - height * 0.92
    area = (cx - height * 0.7, foot - height, cx + height * 0.75, foot)
    handle = without(
        ellipse(cx + half, foot - height * 0.5, half * 0.75, height * 0.29),
        ellipse(cx + half, foot - height * 0.5, half * 0.42, height * 0.16),
    )
    body = polygon((cx - half, top), (cx + half, top), (cx + half * 0.78, foot), (cx - half * 0.78, foot))
    canvas.paint(handle, colour, area, depth=half * 0.2)
    canvas.paint(body, colour, area, depth=half)
    canvas.paint(ellipse(cx, top, half, height * 0.1), _mixed(colour, (0.0, 0.0, 0.0), 0.5), area, depth=0, outline=0.7)


def draw_flower(canvas: Canvas, cx: float, foot: float, height: float, colour: Colour) -> None:
    area = (cx - height * 0.45, foot - height * 1.05, cx + height * 0.45, foot)
    middle, reach = foot - height * 0.68, height * 0.19
    canvas.paint(line(cx, foot, cx, middle, height * 0.035), _LEAF, area, depth=height * 0.035, outline=0.6)
    for side in (-1, 1):
        leaf = ellipse(cx + side * height * 0.14, foot - height * 0.2, height * 0.14, height * 0.06)
        canvas.paint(leaf, _LEAF, area, depth=height * 0.06, outline=0.6)
    petals = []
    for number in range(6):
        angle = math.pi * (number / 3 + 1 / 6)
        petals.append(circle(cx + reach * math.sin(angle), middle - reach * math.cos(angle), reach * 0.68))
    canvas.paint(union(*petals), colour, area, depth=reach * 0.6)
    centre = (0.98, 0.82, 0.25) if colour[2] > 0.35 or colour[1] < 0.5 else (0.5, 0.3, 0.12)
    canvas.paint(circle(cx, middle, reach * 0.55), centre, area, depth=reach * 0.5, outline=0.7)


def draw_mushroom(canvas: Canvas, cx: float, foot: float, height: float, colour: Colour) -> None:
    area = (cx - height * 0.55, foot - height, cx + height * 0.55, foot)
    stalk = polygon(
        (cx - height * 0.12, foot - height * 0.5),
        (cx + height * 0.12, foot - height * 0.5),
        (cx + height * 0.18, foot),
        (cx - height * 0.18, foot),
    )
    canvas.paint(stalk, _CREAM, area, depth=height * 0.14)
    cap = both(ellipse(cx, foot - height * 0.42, height * 0.5, height * 0.56), lambda _, y: y - (foot - height * 0.4))
    canvas.paint(cap, colour, area, depth=height * 0.3)
    for dx, dy, size in ((-0.24, 0.58, 0.07), (0.02, 0.76, 0.09), (0.26, 0.55, 0.065)):
        canvas.fill(
            ellipse(cx + dx * height, foot - dy * height, size * height, size * height * 0.8), (0.98, 0.97, 0.92), area
        )


def draw_tree(canvas: Canvas, cx: float, foot: float, height: float, colour: Colour) -> None:
    area = (cx - height * 0.45, foot - height, cx + height * 0.45, foot)
    canvas.paint(
        polygon(
            (cx - height * 0.05, foot - height * 0.5),
            (cx + height * 0.05, foot - height * 0.5),
            (cx + height * 0.08, foot),
            (cx - height * 0.08, foot),
        ),
        _WOOD,
        area,
        depth=height * 0.06,
    )
    crown = union(
        circle(cx - height * 0.17, foot - height * 0.53, height * 0.19),
        circle(cx + height * 0.17, foot - height * 0.53, height * 0.19),
        circle(cx, foot - height * 0.72, height * 0.25),
    )
    canvas.paint(crown, colour, area, depth=height * 0.2, gloss=0.05)


def draw_house(canvas: Canvas, cx: float, foot: float, height: float, colour: Colour) -> None:
    half, wall = height * 0.46, height * 0.56
    area = (cx - height * 0.65, foot - height, cx + height * 0.65, foot)
    canvas.paint(box(cx, foot - wall / 2, half, wall / 2), colour, area, depth=0)
    roof = polygon((cx - half * 1.22, foot - wall), (cx + half * 1.22, foot - wall), (cx, foot - height))
    canvas.paint(roof, _mixed(colour, (0.12, 0.05, 0.05), 0.62), area, depth=0)
    canvas.paint(box(cx, foot - wall * 0.3, half * 0.2, wall * 0.3), _WOOD, area, depth=0, outline=0.6)
    for side in (-1, 1):
        canvas.paint(
            box(cx + side * half * 0.6, foot - wall * 0.58, half * 0.19, half * 0.19),
            _WINDOW,
            area,
            depth=0,
            outline=0.6,
        )


def draw_boat(canvas: Canvas, cx: float, foot: float, height: float, colour: Colour) -> None:
    """A sailing boat: the hull has the colour, the sails are white."""
    half, deck = height * 0.5, foot - height * 0.27
    area = (cx - half * 1.1, foot - height, cx + half * 1.1, foot)
    canvas.paint(line(cx, deck, cx, foot - height * 0.97, height * 0.016), _WOOD, area, depth=0.01, outline=0.5)
    for sail in (
        polygon(
            (cx + half * 0.08, deck - height * 0.05),
            (cx + half * 0.75, deck - height * 0.05),
            (cx + half * 0.08, foot - height * 0.95),
        ),
        polygon(
            (cx - half * 0.08, deck - height * 0.05),
            (cx - half * 0.6, deck - height * 0.05),
            (cx - half * 0.08, foot - height * 0.85),
        ),
    ):
        canvas.paint(sail, (0.96, 0.95, 0.9), area, depth=0, outline=0.8)
    hull = polygon((cx - half, deck), (cx + half, deck), (cx + half * 0.62, foot), (cx - half * 0.62, foot))
    canvas.paint(hull, colour, area, depth=height * 0.14)


def draw_lighthouse(canvas: Canvas, cx: float, foot: float, height: float, colour: Colour) -> None:
    """A tower in bands of white and the colour, with a lamp that is lit."""
    wide, narrow, top = height * 0.16, height * 0.105, foot - height * 0.78
    area = (cx - height * 0.25, foot - height, cx + height * 0.25, foot)
    tower = polygon((cx - narrow, top), (cx + narrow, top), (cx + wide, foot), (cx - wide, foot))
    canvas.paint(tower, (0.95, 0.94, 0.92), area, depth=wide)
    for number in (0, 2, 4):
        low, high = foot - height * 0.156 * number, foot - height * 0.156 * (number + 1)
        band = both(tower, lambda _, y, low=low, high=high: _between(y, high, low))
        canvas.paint(band, colour, area, depth=wide, outline=0.6)
    canvas.paint(box(cx, top, narrow * 1.35, height * 0.022), _DARK, area, depth=0, outline=0.6)
    canvas.paint(
        box(cx, top - height * 0.075, narrow * 0.75, height * 0.06), (1.0, 0.93, 0.55), area, depth=0, outline=0.7
    )
    canvas.paint(
        polygon((cx - narrow, top - height * 0.13), (cx + narrow, top - height * 0.13), (cx, foot - height)),
        colour,
        area,
        depth=0,
    )


def _between(y: Array, top: float, bottom: float) -> Array:
    return np.maximum(top - y, y - bottom)


def _mixed(colour: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (one * (1 - share) + two * share for one, two in zip(colour, other, strict=True))
    return (red, green, blue)


# Which heights a thing has, against that of a ball: towers are tall.
THINGS: dict[str, tuple[Draw, float]] = {
    "ball": (draw_ball, 1.0),
    "box": (draw_box, 1.0),
    "star": (draw_star, 1.15),
    "heart": (draw_heart, 1.05),
    "cup": (draw_cup, 1.0),
    "flower": (draw_flower, 1.25),
    "mushroom": (draw_mushroom, 1.1),
    "tree": (draw_tree, 1.4),
    "house": (draw_house, 1.2),
    "boat": (draw_boat, 1.3),
    "lighthouse": (draw_lighthouse, 1.6),
}
