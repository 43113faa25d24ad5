"""Scenes with captions: what the demo model learns from, drawn here and nowhere else.

A scene is drawn at random from things, colours, places, times of day, people and two styles; its caption says some of
it, in words that vary. `python training/demo_model/scenes.py FILE.png` draws a sheet of them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np

from people import HAIR, Person, draw_person
from shapes import Array, Canvas, Colour, Style, both, circle, polygon, union
from things import THINGS, shadow

COLOURS: dict[str, Colour] = {
    "red": (0.85, 0.13, 0.12),
    "orange": (0.95, 0.52, 0.10),
    "yellow": (0.97, 0.86, 0.18),
    "green": (0.18, 0.62, 0.24),
    "blue": (0.14, 0.34, 0.86),
    "purple": (0.52, 0.20, 0.70),
    "pink": (0.97, 0.55, 0.72),
    "white": (0.95, 0.95, 0.95),
}
PLACES: dict[str, tuple[str, ...]] = {
    "meadow": ("in a meadow", "on the grass", "in a green field"),
    "desert": ("in the desert", "on the sand"),
    "snow": ("in the snow", "in winter"),
    "sea": ("at sea", "on the water", "by the sea"),
    "table": ("on a table", "on a wooden table"),
    "plain": ("on a plain background", "in front of a wall"),
}
TIMES: dict[str, tuple[str, ...]] = {
    "day": ("by day", "on a sunny day", "at noon"),
    "dusk": ("at dusk", "at sunset", "in the evening"),
    "night": ("at night", "under the stars", "in the moonlight"),
}
STYLES: dict[str, tuple[str, ...]] = {
    "anime": ("anime", "anime style", "cartoon", "manga illustration", "cel shading"),
    "realistic": ("realistic", "photo", "photograph", "photorealistic", "realistic photo"),
}
INDOORS = ("table", "plain")
_PRAISE = ("masterpiece", "best quality", "highly detailed", "sharp", "beautiful", "high quality")
_BLUR = ("blurry", "blurred", "out of focus")
_GROUND: dict[str, Colour] = {
    "meadow": (0.38, 0.62, 0.22),
    "desert": (0.90, 0.75, 0.48),
    "snow": (0.92, 0.95, 0.99),
    "sea": (0.12, 0.42, 0.62),
    "table": (0.56, 0.36, 0.20),
}
_HELD_OUT = 0.1  # of the pairings of a thing, a colour, a place and a time
MAX_WORDS = 24


@dataclass(frozen=True)
class Thing:
    """One thing of a scene: what, which colour, where its foot is, and how tall it is."""

    name: str
    colour: str
    x: float
    foot: float
    height: float


@dataclass(frozen=True)
class Scene:
    """All that a picture shows.

    Attributes:
        kind: "things", "landscape", "portrait" (a face that fills the picture) or "person" (one far away).
        blur: how far out of focus the picture is, as a share of its width; 0 for sharp.
        caption: what a person would type for it; may be empty.
        seed: draws the rest: clouds, stars, skin, shades.
    """

    kind: str
    style: Style
    place: str
    time: str
    things: tuple[Thing, ...]
    person: Person | None
    face: tuple[float, float, float]
    blur: float
    caption: str
    seed: int
    mountains: bool = False
    said: frozenset[str] = field(default_factory=frozenset)


def is_held_out(thing: str, colour: str, place: str, time: str) -> bool:
    """Whether no training picture shows this outdoors: the model is tested with such captions."""
    digest = hashlib.sha256(f"{thing} {colour} {place} {time}".encode()).digest()
    return digest[0] < 256 * _HELD_OUT


def draw_scene_at_random(generator: np.random.Generator) -> Scene:
    """Makes up a scene and its caption."""
    style: Style = "anime" if generator.random() < 0.5 else "realistic"
    kind = str(generator.choice(["things", "landscape", "portrait", "person"], p=[0.56, 0.12, 0.2, 0.12]))
    time = str(generator.choice(list(TIMES), p=[0.46, 0.27, 0.27]))
    mountains = bool(generator.random() < (0.6 if kind == "landscape" else 0.15))
    things: tuple[Thing, ...] = ()
    person, face, relation = None, (0.5, 0.5, 0.5), ""
    if kind == "portrait":
        place = _choice(generator, ["plain", "meadow", "sea", "snow", "desert"], [0.5, 0.2, 0.1, 0.1, 0.1])
        face = (_near(generator, 0.5, 0.04), _near(generator, 0.46, 0.04), float(generator.uniform(0.42, 0.66)))
    elif kind == "person":
        place = _choice(generator, ["meadow", "sea", "snow", "desert"], [0.4, 0.2, 0.2, 0.2])
        face = (float(generator.uniform(0.3, 0.7)), _near(generator, 0.47, 0.05), float(generator.uniform(0.17, 0.28)))
    elif kind == "landscape":
        place = _choice(generator, ["meadow", "sea", "snow", "desert"], [0.34, 0.3, 0.18, 0.18])
    else:
        place = _choice(generator, list(PLACES), [0.26, 0.12, 0.12, 0.16, 0.16, 0.18])
        things, relation = _things(generator, place, time)
    if kind in ("portrait", "person"):
        person = _person(generator, style)
    if place in INDOORS:
        time, mountains = "day", False
    blur = float(generator.uniform(0.012, 0.025)) if generator.random() < 0.06 else 0.0
    scene = Scene(kind, style, place, time, things, person, face, blur, "", int(generator.integers(2**31)), mountains)
    return _with_caption(scene, relation, generator)


def _things(generator: np.random.Generator, place: str, time: str) -> tuple[tuple[Thing, ...], str]:
    names, colours = list(THINGS), list(COLOURS)
    while True:
        count = 2 if generator.random() < 0.38 else 1
        chosen = [(str(generator.choice(names)), str(generator.choice(colours))) for _ in range(count)]
        is_allowed = not any(is_held_out(name, colour, place, time) for name, colour in chosen)
        if is_allowed and (count == 1 or chosen[0] != chosen[1]):
            break
    foot = float(generator.uniform(0.76, 0.88)) if place != "plain" else float(generator.uniform(0.68, 0.8))
    if count == 1:
        where = _choice(generator, ["", "on the left", "on the right", "in the middle"], [0.55, 0.15, 0.15, 0.15])
        x = {"": _near(generator, 0.5, 0.09), "on the left": _near(generator, 0.26, 0.03)}.get(
            where, _near(generator, 0.5, 0.03)
        )
        if where == "on the right":
            x = _near(generator, 0.74, 0.03)
        size = _choice(generator, ["", "small", "big"], [0.6, 0.2, 0.2])
        base = {
            "": generator.uniform(0.34, 0.46),
            "small": generator.uniform(0.2, 0.25),
            "big": generator.uniform(0.5, 0.56),
        }[size]
        name, colour = chosen[0]
        base = min(base, 0.4) if where.endswith(("left", "right")) else base
        thing = Thing(name, colour, x, foot, min(float(base) * THINGS[name][1], 0.78))
        return (thing,), f"{size}|{where}"
    lefts = (_near(generator, 0.28, 0.03), _near(generator, 0.72, 0.03))
    base = float(generator.uniform(0.3, 0.38))
    things = tuple(
        Thing(name, colour, x, foot + _near(generator, 0, 0.015), min(base * THINGS[name][1], 0.7))
        for (name, colour), x in zip(chosen, lefts, strict=True)
    )
    return things, _choice(generator, ["and", "left of", "right of", "beside"], [0.4, 0.25, 0.25, 0.1])


def _person(generator: np.random.Generator, style: Style) -> Person:
    hair = list(HAIR) if style == "anime" else ["black", "brown", "blonde", "red", "white"]
    shirt = COLOURS[str(generator.choice(list(COLOURS)))]
    who = "woman" if generator.random() < 0.55 else "man"
    return Person(who, str(generator.choice(hair)), bool(generator.random() < 0.4), shirt)


def _with_caption(scene: Scene, relation: str, generator: np.random.Generator) -> Scene:
    """Puts into words what the scene shows; now and then it leaves something out, or all."""
    said: set[str] = set()
    parts: list[str] = []
    if scene.kind == "things":
        parts.append(_say_things(scene, relation))
    elif scene.kind == "landscape":
        words = (
            ["a landscape", "mountains", "a landscape with mountains"]
            if scene.mountains
            else ["a landscape", "scenery"]
        )
        parts.append(str(generator.choice(words)))
    elif scene.person is not None:
        parts.append(_say_person(scene, scene.person, generator))
    if generator.random() < 0.85 or scene.kind == "landscape":
        parts.append(str(generator.choice(PLACES[scene.place])))
        said.add("place")
    if scene.place not in INDOORS and generator.random() < (0.55 if scene.time == "day" else 0.92):
        parts.append(str(generator.choice(TIMES[scene.time])))
        said.add("time")
    if scene.kind != "landscape" and scene.mountains:
        parts.append("with mountains")
    text = " ".join(parts) if generator.random() < 0.7 else ", ".join(parts)
    before, after = [], []
    if generator.random() < 0.5:
        (before if generator.random() < 0.5 else after).append(str(generator.choice(STYLES[scene.style])))
        said.add("style")
    if generator.random() < 0.12:
        (before if generator.random() < 0.5 else after).append(str(generator.choice(_PRAISE)))
    if scene.blur:
        (before if generator.random() < 0.5 else after).append(str(generator.choice(_BLUR)))
    if generator.random() < 0.1:
        text, said = "", set()
        before = [word for word in before if word in _BLUR]
        after = [word for word in after if word in _BLUR]
    caption = ", ".join(part for part in (*before, text, *after) if part)
    return Scene(**{**scene.__dict__, "caption": caption, "said": frozenset(said)})


def _say_things(scene: Scene, relation: str) -> str:
    words = [f"{'an' if thing.colour == 'orange' else 'a'} {thing.colour} {thing.name}" for thing in scene.things]
    if len(words) == 1:
        size, where = relation.split("|")
        thing = scene.things[0]
        only = f"a {size} {thing.colour} {thing.name}" if size else words[0]
        return f"{only} {where}".rstrip()
    if relation == "right of":
        return f"{words[1]} to the right of {words[0]}"
    if relation == "left of":
        return f"{words[0]} to the left of {words[1]}"
    return f"{words[0]} {'and' if relation == 'and' else 'beside'} {words[1]}"


def _say_person(scene: Scene, person: Person, generator: np.random.Generator) -> str:
    who = person.who
    if scene.style == "anime" and generator.random() < 0.3:
        who = {"woman": "girl", "man": "boy"}[who]
    words = f"a {'smiling ' if person.smiles else ''}{who}"
    if generator.random() < 0.85:
        words += f" with {person.hair} hair"
    if scene.kind == "portrait":
        return str(
            generator.choice(
                [f"portrait of {words}", f"a portrait of {words}", f"face of {words}", f"close up of {words}"]
            )
        )
    return words


def draw(scene: Scene, size: int) -> Array:
    """Draws a scene: size x size x 3, float32, from 0 to 1."""
    generator = np.random.default_rng(scene.seed)
    canvas = Canvas(size, scene.style, generator)
    foot = max((thing.foot for thing in scene.things), default=0.8)
    _background(canvas, scene, min(float(generator.uniform(0.52, 0.66)), foot - 0.08))
    for thing in sorted(scene.things, key=lambda thing: thing.foot):
        paint, _ = THINGS[thing.name]
        if scene.place != "plain":
            shadow(
                canvas,
                thing.x,
                thing.foot,
                thing.height * (0.5 if thing.name in ("lighthouse", "flower", "tree") else 0.8),
            )
        paint(canvas, thing.x, thing.foot, thing.height, _shade_of(COLOURS[thing.colour], generator))
    if scene.person is not None:
        draw_person(canvas, *scene.face, scene.person)
    picture = canvas.finish()
    return _blurred(picture, scene.blur) if scene.blur else picture


def _background(canvas: Canvas, scene: Scene, horizon: float) -> None:
    generator = canvas.generator
    if scene.place == "plain":
        colour = np.asarray(
            ((0.82, 0.80, 0.76), (0.70, 0.76, 0.82), (0.80, 0.74, 0.66), (0.62, 0.64, 0.68))[int(generator.integers(4))]
        )
        canvas.gradient(_tuple(colour * 1.05), _tuple(colour * 0.85), 0.0, 1.0)
        return
    if scene.place == "table":
        wall = np.asarray(((0.78, 0.84, 0.82), (0.86, 0.80, 0.70), (0.66, 0.72, 0.80))[int(generator.integers(3))])
        canvas.gradient(_tuple(wall), _tuple(wall * 0.9), 0.0, horizon)
        canvas.gradient(
            _tuple(np.asarray(_GROUND["table"]) * 1.1), _tuple(np.asarray(_GROUND["table"]) * 0.85), horizon, 1.0
        )
        canvas.texture(horizon, 0.07, (3, 40))
        return
    _sky(canvas, scene.time, horizon)
    if scene.mountains:
        _mountains(canvas, scene.time, horizon)
    light = {"day": (1.0, 1.0, 1.0), "dusk": (0.86, 0.62, 0.56), "night": (0.30, 0.36, 0.55)}[scene.time]
    ground = np.asarray(_GROUND[scene.place]) * light
    canvas.gradient(_tuple(ground * 0.92), _tuple(ground * 1.04), horizon, 1.0)
    canvas.texture(horizon, 0.10 if scene.place != "snow" else 0.04, (6, 60) if scene.place == "sea" else (12, 16))
    if scene.kind == "landscape" and scene.place == "meadow":
        canvas.tint = np.asarray(light, np.float32)
        for _ in range(int(generator.integers(1, 4))):
            size = float(generator.uniform(0.16, 0.36))
            THINGS["tree"][0](canvas, float(generator.uniform(0.1, 0.9)), horizon + size * 0.35, size, (0.2, 0.5, 0.2))
    canvas.tint = np.asarray(
        {"day": (1.0, 1.0, 1.0), "dusk": (1.0, 0.86, 0.80), "night": (0.62, 0.66, 0.80)}[scene.time], np.float32
    )


def _sky(canvas: Canvas, time: str, horizon: float) -> None:
    generator = canvas.generator
    top, bottom = {
        "day": ((0.30, 0.58, 0.93), (0.74, 0.88, 0.98)),
        "dusk": ((0.36, 0.24, 0.52), (0.99, 0.62, 0.32)),
        "night": ((0.03, 0.04, 0.14), (0.12, 0.15, 0.34)),
    }[time]
    canvas.gradient(top, bottom, 0.0, horizon)
    x, y = float(generator.uniform(0.12, 0.88)), float(generator.uniform(0.1, 0.26))
    if time == "night":
        for _ in range(int(generator.integers(10, 22))):
            sx, sy, radius = (
                float(generator.random()),
                float(generator.uniform(0, horizon)),
                float(generator.uniform(0.003, 0.008)),
            )
            canvas.fill(circle(sx, sy, radius), (0.95, 0.95, 0.85), (sx - 0.02, sy - 0.02, sx + 0.02, sy + 0.02))
        moon = circle(x, y, 0.065)
        canvas.fill(moon, (0.97, 0.95, 0.82), (x - 0.1, y - 0.1, x + 0.1, y + 0.1))
        return
    sun = (1.0, 0.95, 0.62) if time == "day" else (1.0, 0.80, 0.42)
    y = y if time == "day" else horizon - float(generator.uniform(0.02, 0.12))
    if canvas.style == "realistic":
        canvas.fill(circle(x, y, 0.10), sun, (x - 0.3, y - 0.3, x + 0.3, min(y + 0.3, horizon)), opacity=0.6, soft=0.2)
    canvas.fill(circle(x, y, 0.06), sun, (x - 0.1, y - 0.1, x + 0.1, min(y + 0.1, horizon - 0.03)))
    if generator.random() < 0.6:
        cloud = (1.0, 1.0, 1.0) if time == "day" else (0.93, 0.62, 0.55)
        for _ in range(int(generator.integers(1, 4))):
            _cloud(
                canvas,
                float(generator.random()),
                float(generator.uniform(0.06, 0.34)),
                float(generator.uniform(0.08, 0.16)),
                cloud,
            )


def _cloud(canvas: Canvas, cx: float, cy: float, size: float, colour: Colour) -> None:
    puffs = union(
        circle(cx, cy, size * 0.42),
        circle(cx - size * 0.5, cy + size * 0.12, size * 0.3),
        circle(cx + size * 0.5, cy + size * 0.1, size * 0.33),
    )
    flat = both(puffs, lambda _, y: y - (cy + size * 0.3))
    soft = 0.0 if canvas.style == "anime" else size * 0.5
    canvas.fill(flat, colour, (cx - size, cy - size, cx + size, cy + size), opacity=0.9, soft=soft)


def _mountains(canvas: Canvas, time: str, horizon: float) -> None:
    generator = canvas.generator
    colour = {"day": (0.48, 0.54, 0.66), "dusk": (0.42, 0.30, 0.46), "night": (0.10, 0.11, 0.20)}[time]
    snow = {"day": (0.95, 0.97, 1.0), "dusk": (0.98, 0.80, 0.76), "night": (0.34, 0.38, 0.54)}[time]
    for centre in sorted(generator.uniform(0.05, 0.95, 3), key=lambda _: generator.random()):
        height, half = float(generator.uniform(0.2, 0.36)), float(generator.uniform(0.24, 0.34))
        peak = polygon((centre - half, horizon), (centre, horizon - height), (centre + half, horizon))
        area = (centre - half, horizon - height, centre + half, horizon - 0.022)
        canvas.paint(peak, colour, area, depth=0.0)
        side = polygon((centre, horizon - height), (centre + half, horizon), (centre + half * 0.15, horizon))
        canvas.fill(side, _tuple(np.asarray(colour) * 0.78), area)
        canvas.fill(both(peak, lambda _, y, line=horizon - height * 0.66: y - line), snow, area)


def _shade_of(colour: Colour, generator: np.random.Generator) -> Colour:
    """A colour of the same name: no two reds are the same."""
    return _tuple(np.clip(np.asarray(colour) * generator.uniform(0.9, 1.06) + generator.normal(0, 0.018, 3), 0, 1))


def _blurred(picture: Array, width: float) -> Array:
    from PIL import Image, ImageFilter

    whole = Image.fromarray((picture * 255 + 0.5).astype(np.uint8))
    blurred = whole.filter(ImageFilter.GaussianBlur(width * picture.shape[0]))
    return np.asarray(blurred, np.float32) / 255


def _choice(generator: np.random.Generator, names: list[str], shares: list[float]) -> str:
    return str(generator.choice(names, p=shares))


def _near(generator: np.random.Generator, value: float, spread: float) -> float:
    return float(value + np.clip(generator.normal(0, spread), -2 * spread, 2 * spread))


def _tuple(colour: Array) -> Colour:
    red, green, blue = (float(value) for value in colour)
    return (red, green, blue)
