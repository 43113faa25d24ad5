"""A person from the head to the chest, as a portrait or far away, in both styles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapes import Canvas, Colour, both, box, circle, ellipse, line, polygon, union, without

HAIR: dict[str, Colour] = {
    "black": (0.10, 0.09, 0.10),
    "brown": (0.36, 0.21, 0.12),
    "blonde": (0.90, 0.74, 0.38),
    "red": (0.70, 0.24, 0.10),
    "white": (0.90, 0.90, 0.92),
    "blue": (0.22, 0.42, 0.85),
    "pink": (0.95, 0.52, 0.70),
}
_SKIN: tuple[Colour, ...] = ((0.96, 0.79, 0.68), (0.89, 0.69, 0.56), (0.75, 0.54, 0.40), (0.55, 0.37, 0.26))
_EYES: tuple[Colour, ...] = ((0.30, 0.20, 0.12), (0.25, 0.45, 0.65), (0.28, 0.48, 0.30))


@dataclass(frozen=True)
class Person:
    """Who is drawn.

    Attributes:
        who: "woman" or "man"; a woman's hair falls to her shoulders.
        hair: a key of HAIR.
        smiles: the mouth's corners go up.
        shirt: the colour of the clothes.
    """

    who: str
    hair: str
    smiles: bool
    shirt: Colour


def draw_person(canvas: Canvas, cx: float, cy: float, height: float, person: Person) -> None:
    """Draws a person whose face, from chin to crown, is `height` tall with its middle at (cx, cy)."""
    generator = canvas.generator
    skin = _SKIN[int(generator.integers(len(_SKIN)))]
    hair = HAIR[person.hair]
    u = height / 2  # the unit: the face is two tall and about 1.5 wide
    area = (cx - 2.6 * u, cy - 1.6 * u, cx + 2.6 * u, 1.0)
    _body(canvas, cx, cy, u, skin, person, area)
    if person.who == "woman":
        back = union(ellipse(cx, cy - 0.12 * u, 1.02 * u, 1.22 * u), box(cx, cy + 0.6 * u, 0.95 * u, 0.85 * u, 0.4 * u))
        canvas.paint(back, _darker(hair, 0.8), area, depth=0.5 * u, gloss=0.1)
        _neck(canvas, cx, cy, u, skin, area)
    ears = union(
        ellipse(cx - 0.78 * u, cy + 0.1 * u, 0.13 * u, 0.24 * u),
        ellipse(cx + 0.78 * u, cy + 0.1 * u, 0.13 * u, 0.24 * u),
    )
    canvas.paint(ears, skin, area, depth=0.12 * u, gloss=0)
    chin = 0.62 if person.who == "man" else 0.5
    face = union(
        ellipse(cx, cy - 0.12 * u, 0.78 * u, 0.9 * u), ellipse(cx, cy + 0.3 * u, chin * u + 0.06 * u, 0.72 * u)
    )
    canvas.paint(face, skin, area, depth=0.75 * u, gloss=0.06)
    (_flat_features if canvas.style == "anime" else _shaded_features)(canvas, cx, cy, u, skin, hair, person, area)
    _hair_front(canvas, cx, cy, u, hair, person, area)


def _body(
    canvas: Canvas,
    cx: float,
    cy: float,
    u: float,
    skin: Colour,
    person: Person,
    area: tuple[float, float, float, float],
) -> None:
    shoulder = 1.75 if person.who == "man" else 1.4
    chest = union(
        box(cx, cy + 1.6 * u + 0.6, shoulder * u, 0.6, 0.75 * u),  # down to the edge of the picture, wherever that is
        polygon(
            (cx - 0.4 * u, cy + 1.2 * u), (cx + 0.4 * u, cy + 1.2 * u), (cx + u, cy + 1.9 * u), (cx - u, cy + 1.9 * u)
        ),
    )
    canvas.paint(chest, person.shirt, area, depth=0.8 * u, gloss=0.05)
    _neck(canvas, cx, cy, u, skin, area)


def _neck(
    canvas: Canvas, cx: float, cy: float, u: float, skin: Colour, area: tuple[float, float, float, float]
) -> None:
    wide = 0.3
    neck = union(
        box(cx, cy + 1.1 * u, wide * u, 0.5 * u, 0.1 * u), ellipse(cx, cy + 1.55 * u, (wide + 0.12) * u, 0.22 * u)
    )
    canvas.paint(neck, _darker(skin, 0.82), area, depth=0.3 * u, gloss=0, outline=0.6)


def _shaded_features(
    canvas: Canvas,
    cx: float,
    cy: float,
    u: float,
    skin: Colour,
    hair: Colour,
    person: Person,
    area: tuple[float, float, float, float],
) -> None:
    iris = _EYES[int(canvas.generator.integers(len(_EYES)))]
    look = float(canvas.generator.normal(0, 0.02))
    for side in (-1, 1):
        ex, ey = cx + side * 0.33 * u, cy + 0.0 * u
        canvas.fill(
            ellipse(ex, ey - 0.02 * u, 0.27 * u, 0.2 * u), _darker(skin, 0.66), area, opacity=0.55, soft=0.2 * u
        )
        white = both(circle(ex, ey + 0.12 * u, 0.23 * u), circle(ex, ey - 0.13 * u, 0.23 * u))
        canvas.fill(white, (0.95, 0.94, 0.92), area)
        canvas.fill(both(white, circle(ex + look * u, ey, 0.115 * u)), iris, area)
        canvas.fill(both(white, circle(ex + look * u, ey, 0.055 * u)), (0.03, 0.03, 0.04), area)
        canvas.fill(circle(ex + look * u - 0.03 * u, ey - 0.04 * u, 0.025 * u), (1.0, 1.0, 1.0), area)
        lid = without(circle(ex, ey + 0.10 * u, 0.245 * u), circle(ex, ey + 0.135 * u, 0.235 * u))
        canvas.fill(both(lid, lambda _, y, ey=ey: y - ey), (0.12, 0.08, 0.07), area, opacity=0.9)
        brow = line(
            ex - 0.2 * u, ey - 0.25 * u, ex + 0.2 * u, ey - 0.27 * u, (0.045 if person.who == "man" else 0.03) * u
        )
        canvas.fill(brow, _darker(hair, 0.6), area, opacity=0.85, soft=0.03 * u)
        canvas.fill(
            ellipse(cx + side * 0.42 * u, cy + 0.38 * u, 0.22 * u, 0.16 * u),
            (0.86, 0.40, 0.36),
            area,
            opacity=0.22,
            soft=0.2 * u,
        )
    canvas.fill(
        line(cx + 0.05 * u, cy + 0.0 * u, cx + 0.1 * u, cy + 0.32 * u, 0.05 * u),
        _darker(skin, 0.75),
        area,
        opacity=0.55,
        soft=0.12 * u,
    )
    canvas.fill(
        ellipse(cx - 0.01 * u, cy + 0.33 * u, 0.09 * u, 0.07 * u), _lighter(skin), area, opacity=0.5, soft=0.08 * u
    )
    for side in (-1, 1):
        canvas.fill(
            ellipse(cx + side * 0.09 * u, cy + 0.42 * u, 0.055 * u, 0.03 * u),
            _darker(skin, 0.42),
            area,
            opacity=0.85,
            soft=0.03 * u,
        )
    _mouth(canvas, cx, cy, u, person, area)
    canvas.fill(ellipse(cx, cy + 0.85 * u, 0.2 * u, 0.05 * u), _darker(skin, 0.72), area, opacity=0.4, soft=0.1 * u)


def _mouth(
    canvas: Canvas, cx: float, cy: float, u: float, person: Person, area: tuple[float, float, float, float]
) -> None:
    lips = (0.72, 0.30, 0.30) if person.who == "woman" else (0.64, 0.38, 0.33)
    lift = 0.1 if person.smiles else 0.0
    for side in (-1, 1):
        half = polygon(
            (cx, cy + 0.60 * u),
            (cx + side * 0.28 * u, cy + (0.65 - lift) * u),
            (cx + side * 0.12 * u, cy + 0.73 * u),
            (cx, cy + 0.74 * u),
        )
        canvas.fill(half, lips, area, soft=0.025 * u)
        parting = line(cx, cy + 0.655 * u, cx + side * 0.27 * u, cy + (0.65 - lift) * u, 0.014 * u)
        canvas.fill(parting, (0.30, 0.10, 0.10), area, soft=0.02 * u)
    if person.smiles:
        canvas.fill(ellipse(cx, cy + 0.645 * u, 0.15 * u, 0.03 * u), (0.97, 0.96, 0.93), area)


def _flat_features(
    canvas: Canvas,
    cx: float,
    cy: float,
    u: float,
    skin: Colour,
    hair: Colour,
    person: Person,
    area: tuple[float, float, float, float],
) -> None:
    iris = ((0.25, 0.45, 0.9), (0.25, 0.65, 0.4), (0.6, 0.3, 0.7), (0.6, 0.35, 0.15))[int(canvas.generator.integers(4))]
    ink: Colour = (0.12, 0.08, 0.10)
    for side in (-1, 1):
        ex, ey = cx + side * 0.36 * u, cy + 0.12 * u
        canvas.fill(ellipse(ex, ey, 0.23 * u, 0.29 * u), (1.0, 1.0, 1.0), area)
        canvas.fill(ellipse(ex, ey + 0.02 * u, 0.17 * u, 0.26 * u), iris, area)
        canvas.fill(ellipse(ex, ey + 0.04 * u, 0.09 * u, 0.14 * u), ink, area)
        canvas.fill(circle(ex - 0.06 * u, ey - 0.09 * u, 0.07 * u), (1.0, 1.0, 1.0), area)
        lash = without(ellipse(ex, ey, 0.26 * u, 0.33 * u), ellipse(ex, ey + 0.06 * u, 0.27 * u, 0.33 * u))
        canvas.fill(lash, ink, area)
        canvas.fill(
            line(ex - 0.19 * u, ey - 0.45 * u, ex + 0.19 * u, ey - 0.47 * u, 0.03 * u), _darker(hair, 0.6), area
        )
        if person.who == "woman":
            canvas.fill(
                ellipse(cx + side * 0.5 * u, cy + 0.5 * u, 0.14 * u, 0.07 * u), (0.98, 0.50, 0.50), area, opacity=0.6
            )
    canvas.fill(line(cx, cy + 0.45 * u, cx - 0.03 * u, cy + 0.52 * u, 0.022 * u), _darker(skin, 0.6), area)
    if person.smiles:
        smile = both(ellipse(cx, cy + 0.64 * u, 0.22 * u, 0.2 * u), lambda _, y: cy + 0.66 * u - y)
        canvas.fill(smile, (0.70, 0.20, 0.22), area)
    else:
        canvas.fill(
            line(cx - 0.13 * u, cy + 0.72 * u, cx + 0.13 * u, cy + 0.72 * u, 0.026 * u), (0.45, 0.15, 0.15), area
        )


def _hair_front(
    canvas: Canvas,
    cx: float,
    cy: float,
    u: float,
    hair: Colour,
    person: Person,
    area: tuple[float, float, float, float],
) -> None:
    cap = ellipse(cx, cy - 0.2 * u, 0.92 * u, 1.12 * u)
    parting = float(canvas.generator.uniform(-0.35, 0.35))
    brow = ellipse(cx + parting * 0.5 * u, cy + 0.28 * u, 0.74 * u, 0.84 * u)
    end = cy - (0.1 if person.who == "man" else -0.25) * u
    canvas.paint(both(without(cap, brow), lambda _, y: y - end), hair, area, depth=0.3 * u, gloss=0.25)
    if person.who == "woman":
        for side in (-1, 1):
            lock = without(
                ellipse(cx + side * 0.86 * u, cy + 0.45 * u, 0.2 * u, 0.95 * u),
                ellipse(cx, cy + 0.2 * u, 0.74 * u, 0.9 * u),
            )
            canvas.paint(lock, hair, area, depth=0.15 * u, gloss=0.15, outline=0.8)


def _darker(colour: Colour, by: float) -> Colour:
    red, green, blue = np.asarray(colour) * by
    return (float(red), float(green), float(blue))


def _lighter(colour: Colour) -> Colour:
    red, green, blue = np.asarray(colour) * 0.5 + 0.5
    return (float(red), float(green), float(blue))
