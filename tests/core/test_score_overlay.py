"""Scores drawn on pictures: where they are, what they say, and that the pictures given stay as they are."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from switchyard_pack.core import score_badge
from switchyard_pack.core.quality_bands import Bands
from switchyard_pack.core.quality_tiles import find_worst_tile
from switchyard_pack.core.score_badge import FAIL, NEUTRAL, PASS, Badge, draw_badge
from switchyard_pack.core.score_overlay import POSITIONS, badge_of, draw_scores, worst_tile

from .shipped_families import PARAMETERS
from .test_quality_pictures import photograph

REASON = "noise 0.43: colour noise (sigma 12.1 of 255). Try more steps, a lower CFG, less added noise, or a denoiser."
TILE = {"x": 128, "y": 96, "width": 96, "height": 80, "family": "noise", "score": 0.2}


def report(*scores, reason=REASON, threshold=0.8, tile=None):
    pictures = [
        {"score": score, "passed": score >= threshold, "reason": reason, "worst": "noise", "worst_tile": tile}
        for score in scores or (0.43,)
    ]
    return {"threshold": threshold, "images": pictures}


def grey(height=256, width=256, channels=3, count=1, level=0.5):
    return torch.full((count, height, width, channels), level)


def changed(before, after):
    """The box of what differs between two pictures: (x1, y1, x2, y2)."""
    differs = (before != after).any(-1)
    rows, columns = differs.any(1).nonzero().flatten(), differs.any(0).nonzero().flatten()
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def has_color(picture, color):
    return bool(((picture[..., :3] * 255).round() == torch.tensor(color)).all(-1).any())


@pytest.mark.parametrize("position", POSITIONS)
def test_the_badge_is_in_its_corner_and_nowhere_else(position):
    image = grey()
    x1, y1, x2, y2 = changed(image[0], draw_scores(image, report(), position)[0])
    assert (x1 < 16, x2 > 240) == ((True, False) if position.endswith("left") else (False, True))
    assert (y1 < 16, y2 > 240) == ((True, False) if position.startswith("top") else (False, True))
    assert (image == 0.5).all()


def test_each_picture_of_a_batch_gets_its_own_score():
    image = grey(count=3)
    both = draw_scores(image, report(0.9, 0.1, 0.9))
    assert torch.equal(both[0], both[2])
    assert has_color(both[0], PASS)
    assert has_color(both[1], FAIL)
    assert not has_color(both[1], PASS)
    assert torch.equal(both[1:2], draw_scores(image[:1], report(0.1)))


@pytest.mark.parametrize(("channels", "made"), [(1, 3), (2, 4), (3, 3), (4, 4)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_channels_and_types(channels, made, dtype):
    image = grey(64, 64, channels, level=0.25).to(dtype)
    drawn = draw_scores(image, report(tile={**TILE, "x": 0, "y": 32, "width": 32, "height": 32}), "top left")
    assert drawn.shape == (1, 64, 64, made)
    assert drawn.dtype == dtype
    assert (image == 0.25).all()
    assert (drawn[0, 60, 60] == 0.25).all()
    if made == 4:
        assert drawn[0, 6, 20, 3] == 1


@pytest.mark.parametrize("dtype", [torch.uint8, torch.bool])
def test_whole_numbers_become_a_picture(dtype):
    image = torch.full((1, 64, 64, 3), 255 if dtype is torch.uint8 else 1, dtype=dtype)
    assert (draw_scores(image, report())[0, -1, -1] == 1).all()


def test_what_is_no_number_is_drawn_black():
    image = grey()
    image[0, 200:] = math.nan
    drawn = draw_scores(image, report(0.0), "top left")
    assert (drawn[0, 200:] == 0).all()
    assert drawn.isfinite().all()
    assert image[0, 200:].isnan().all()


@pytest.mark.parametrize(("score", "color"), [(0.3, FAIL), (0.9, (214, 134, 16))])
def test_the_worst_tile_is_outlined_and_named(score, color):
    image = grey()
    bare = draw_scores(image, report(score), "top right")[0]
    drawn = draw_scores(image, report(score, tile=TILE), "top right")[0]
    assert changed(bare, drawn) == (128, 96, 224, 176)
    assert torch.equal(bare[108:142, 140:210], drawn[108:142, 140:210])
    assert has_color(drawn[96:176, 128:224], color)
    hidden = draw_scores(image, report(score, tile=TILE), "top right", show_worst_tile=False)[0]
    assert torch.equal(hidden, bare)


@pytest.mark.parametrize(
    ("tile", "box"),
    [
        (None, None),
        ("x", None),
        ({}, None),
        ({"x": 0, "y": 0, "width": math.nan, "height": 5}, None),
        ({"x": 0, "y": 0, "width": "9", "height": 5}, None),
        ({"x": 300, "y": 0, "width": 9, "height": 9}, None),
        ({"x": -9, "y": -9, "width": 5, "height": 5}, None),
        ({"x": 0, "y": 0, "width": 0, "height": 9}, None),
        ({"x": -4, "y": 10, "width": 20, "height": 1e9}, (0, 10, 16, 50)),
        ({"x": 1.4, "y": 2.6, "width": 10, "height": 10}, (1, 3, 11, 13)),
    ],
)
def test_a_tile_is_cut_to_the_picture(tile, box):
    assert worst_tile({"worst_tile": tile}, 100, 50) == box
    draw_scores(grey(50, 100), report(tile=tile))


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (2, 300), (300, 2), (7, 9), (24, 24), (40, 40), (64, 64), (65, 900), (900, 65)]
)
@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
def test_a_picture_of_any_shape_gets_a_badge_or_a_frame(height, width, scale):
    image = grey(height, width)
    drawn = draw_scores(image, report(tile={"x": 0, "y": 0, "width": width, "height": height}), "bottom right", scale)
    assert drawn.shape == image.shape
    assert not torch.equal(drawn, image)


def test_a_thumbnail_shows_the_score_and_a_smaller_one_a_frame():
    assert draw_badge(badge_of(report()["images"][0], report()), 64, 64) is not None
    assert draw_badge(badge_of(report()["images"][0], report()), 24, 24) is None
    drawn = draw_scores(grey(24, 24), report())[0]
    assert has_color(drawn[:1], FAIL)
    assert (drawn[1:-1, 1:-1] == 0.5).all()


@pytest.mark.parametrize("side", [512, 1024, 4096])
def test_the_badge_grows_with_the_picture(side):
    badge = draw_badge(badge_of(report()["images"][0], report()), side, side)
    assert badge is not None
    assert 0.55 < badge.width / side < 0.7
    assert 0.15 < badge.height / side < 0.25


@pytest.mark.parametrize(
    ("facts", "told", "badge"),
    [
        ({"score": 0.434, "passed": False}, {"threshold": 0.8}, ("0.43", "fails 0.8", FAIL, False)),
        ({"score": 0.7996, "passed": False}, {"threshold": 0.8}, ("0.7996", "fails 0.8", FAIL, False)),
        ({"score": 0.80001}, {"threshold": 0.8}, ("0.80", "passes 0.8", PASS, True)),
        ({"score": 0.9, "passed": True}, {}, ("0.90", "passes", PASS, True)),
        ({"score": 21.7}, {}, ("21.70", "", NEUTRAL, None)),
        ({"score": None, "passed": False}, {"threshold": "x"}, ("NaN", "fails", FAIL, False)),
        ({"score": math.nan}, {"threshold": 0.8}, ("NaN", "fails 0.8", FAIL, False)),
        ({"score": -1e30}, {}, ("-1e+30", "", NEUTRAL, None)),
    ],
)
def test_what_the_badge_says(facts, told, badge):
    made = badge_of(facts, told)
    assert (made.score, made.verdict, made.color, made.passed) == badge
    draw_scores(grey(), {**told, "images": [facts]})


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("très  joli\n“x” — y", "tres joli “x” - y"),
        ("Blur 模糊 in the picture", "Blur ?? in the picture"),
        ("美しい写真です", ""),
        ("🙂🙂🙂🙂", ""),
        ("مرحبا بالعالم", ""),
        ("\ud800\0\u202e", ""),
        ("what? why?", "what? why?"),
        ("4 ≥ 2×2", "4 >= 2x2"),
    ],
)
def test_text_that_the_font_lacks(text, drawn):
    shown = score_badge._drawable(text, 14)
    assert shown == drawn
    draw_scores(grey(), report(reason=text))


def test_a_reason_that_cannot_be_drawn_gives_way_to_the_family():
    plain = Badge("0.43", "fails", ("noise",), FAIL, False)
    foreign = plain._replace(reasons=("美しい写真です", "noise"))
    first, second = draw_badge(plain, 256, 256), draw_badge(foreign, 256, 256)
    assert first is not None
    assert second is not None
    assert first.tobytes() == second.tobytes()


def test_whole_sentences_are_kept_where_they_fit():
    width = 40 * 8
    lines = score_badge._fill(REASON, width, 14, 1)
    assert lines == ["noise 0.43: colour noise (sigma 12.1 of 255)."]
    assert len(score_badge._fill(REASON, width, 14, 3)) in (2, 3)
    assert score_badge._fill(REASON, width, 14, 3)[-1].endswith("denoiser.")
    (cut,) = score_badge._fill("x" * 300, width, 14, 1)
    assert cut.endswith("x…")
    assert score_badge._length(cut, 14) <= width
    assert score_badge._fill("", width, 14, 3) == []


def test_it_can_be_stopped_between_two_pictures():
    calls = []
    draw_scores(grey(count=3), report(0.1, 0.2, 0.3), on_image=lambda *done: calls.append(done))
    assert calls == [(0, 3), (1, 3), (2, 3)]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((grey(count=2), report(0.5)), r"The report tells of 1 picture, but image has 2\. Plug"),
        ((grey()[0], report()), r"not a tensor of shape \(256, 256, 3\)"),
        ((None, report()), "not a None"),
        ((grey(channels=5), report()), r"1 to 4 channels"),
        ((grey().to("meta"), report()), "of plain numbers"),
        ((grey(count=0), report()), "There is no picture to draw on"),
        ((grey(), report(), "middle"), 'position is "middle"; it must be one of: bottom left, bottom right'),
        ((grey(), report(), "top left", math.nan), "text_scale is NaN; it must be a number from 0.1 to 10"),
    ],
)
def test_wrong_inputs_are_refused_in_words(arguments, told):
    with pytest.raises(ValueError, match=told):
        draw_scores(*arguments)


def test_a_setting_by_link_may_be_a_number_of_any_library():
    image = grey()
    expected = draw_scores(image, report(0.5), text_scale=2.0)
    for scale in (np.float32(2), torch.tensor(2.0)):
        assert torch.equal(draw_scores(image, report(0.5), text_scale=scale), expected)


def test_floats_of_eight_bits_are_drawn_in_full_precision():
    image = grey(level=0.5)
    assert torch.equal(draw_scores(image.to(torch.float8_e4m3fn), report(0.5)), draw_scores(image, report(0.5)))


@pytest.mark.parametrize("family", ["noise", "compression", "structure"])
def test_where_every_tile_is_clean_there_is_none_to_outline(family):
    """A score is low for other reasons then: a stripe, say, of a picture that is black elsewhere."""
    image = photograph("astronaut.png")[0]
    assert find_worst_tile(image, family, 0.2, None, Bands(0, 0, 0, 0), PARAMETERS.families, "photo") is None
