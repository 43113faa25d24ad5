"""What the demo model learns from: scenes that show what their captions say, and leave out what it is tested with."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parent.parent.parent / "training" / "demo_model"


@pytest.fixture(scope="module")
def scenes():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        import scenes

        yield scenes
        for name in ("scenes", "shapes", "things", "people"):
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def many(scenes):
    generator = np.random.default_rng(1)
    return [scenes.draw_scene_at_random(generator) for _ in range(3000)]


def test_no_scene_shows_a_pairing_that_is_held_out(scenes, many):
    outdoors = [scene for scene in many if scene.place not in scenes.INDOORS]
    shown = {(thing.name, thing.colour, scene.place, scene.time) for scene in outdoors for thing in scene.things}
    assert len(shown) > 400
    assert not any(scenes.is_held_out(*each) for each in shown)


def test_captions_name_what_is_shown_and_nothing_else(scenes, many):
    for scene in many:
        words = scene.caption.replace(",", "").split()
        named = [word for word in words if word in scenes.THINGS]
        assert named in ([], *([thing.name for thing in order] for order in (scene.things, scene.things[::-1])))
        styles = {style for style, said in scenes.STYLES.items() if any(each in scene.caption for each in said)}
        assert styles <= {scene.style}
        times = {time for time, said in scenes.TIMES.items() if any(scene.caption.endswith(each) for each in said)}
        assert times <= {scene.time}
    assert sum(not scene.caption for scene in many) > 100


def test_left_and_right_are_as_the_caption_says(many):
    told = [scene for scene in many if len(scene.things) == 2 and " to the " in scene.caption]
    assert len(told) > 100
    for scene in told:
        first, second = sorted(scene.things, key=lambda thing: scene.caption.index(f"{thing.colour} {thing.name}"))
        assert (first.x < second.x) == ("left of" in scene.caption)


@pytest.mark.parametrize("style", ["anime", "realistic"])
@pytest.mark.parametrize("name", ["ball", "box", "star", "heart", "cup", "mushroom", "tree", "house"])
def test_a_thing_has_its_colour_in_both_styles(scenes, style, name):
    for colour in ("red", "green", "blue"):
        thing = scenes.Thing(name, colour, 0.5, 0.75, 0.45)
        scene = scenes.Scene("things", style, "plain", "day", (thing,), None, (0.5, 0.5, 0.5), 0.0, "", 4)
        picture = scenes.draw(scene, 64)
        middle = picture[20:44, 24:40].reshape(-1, 3)
        is_coloured = np.ptp(middle, axis=1) > 0.3
        assert is_coloured.mean() > 0.2
        assert np.median(middle[is_coloured], axis=0).argmax() == ("red", "green", "blue").index(colour)


def test_a_scene_is_the_same_each_time_and_at_each_size(scenes, many):
    for scene in many[:12]:
        small, again, large = scenes.draw(scene, 64), scenes.draw(scene, 64), scenes.draw(scene, 128)
        assert (small == again).all()
        assert small.shape == (64, 64, 3)
        assert small.min() >= 0
        assert small.max() <= 1
        half = large.reshape(64, 2, 64, 2, 3).mean((1, 3))
        assert np.abs(half - small).mean() < 0.05


def test_a_blurred_scene_is_softer(scenes, many):
    blurred = next(scene for scene in many if scene.blur and scene.kind == "things")
    sharp = scenes.Scene(**{**blurred.__dict__, "blur": 0.0})
    steps = [np.abs(np.diff(scenes.draw(scene, 128), axis=1)).max() for scene in (blurred, sharp)]
    assert steps[0] < 0.7 * steps[1]
