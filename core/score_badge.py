"""A badge that says a score in words: laid out for the size of its picture, and drawn with Pillow's own font."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from PIL.Image import Image

    Font = Any

PASS, FAIL, NEUTRAL = (34, 139, 78), (206, 52, 46), (84, 96, 112)
_PANEL, _RIM, _WORDS = (16, 18, 22, 214), (255, 255, 255, 56), (236, 238, 241, 255)
_SIZE, _SMALLEST_PX = 0.042, 10  # of the picture's shorter side
_WIDEST, _HIGHEST = 0.66, 0.45  # of the picture's sides
_MOST_LINES, _MOST_CHARACTERS = 3, 400
_LARGE_PX = 40  # text from which on edges need less smoothing
# What the font lacks and has a plain likeness of.
_LIKENESSES = str.maketrans(
    {"—": "-", "–": "-", "‐": "-", "−": "-", "•": "·", "×": "x", "≥": ">=", "≤": "<=", "→": "->", "≈": "~", "ß": "ss"}
)
_SENTENCE = re.compile(r"(?<=[.!?;。！？])\s+")


class Badge(NamedTuple):
    """What a badge says.

    Attributes:
        score: The number as text.
        verdict: A word or two beside it; may be empty.
        reasons: Texts to show below, the first one that can be drawn; may be empty.
        color: Of the score's ground, 0..255 RGB.
        passed: Whether a tick or a cross is drawn; None draws neither.
    """

    score: str
    verdict: str
    reasons: tuple[str, ...]
    color: tuple[int, int, int]
    passed: bool | None


class _Layout(NamedTuple):
    size: int
    small: int
    pad: int
    icon: int
    verdict: str
    lines: list[str]
    chip_width: int
    chip_height: int
    width: int
    height: int


def draw_badge(badge: Badge, width: int, height: int, scale: float = 1.0) -> Image | None:
    """Draws a badge for a picture of that size; None if the picture is too small for any.

    Args:
        badge: what it says.
        width, height: of the picture, in pixels.
        scale: of the text, 1.0 for one that fits the picture.

    Returns:
        an RGBA picture, smaller than the picture it is for.
    """
    layout = _lay_out(badge, width, height, scale)
    return None if layout is None else _draw(badge, layout)


def draw_tag(text: str, width: int, height: int, color: tuple[int, int, int], scale: float = 1.0) -> Image | None:
    """Draws a small label, for a picture of that size; None if the font has hardly any of its characters."""
    from PIL import Image, ImageDraw

    small = _sizes(width, height, scale)[1]
    text = _drawable(text, small)
    if not text:
        return None
    pad = max(2, small // 3)
    picture = Image.new("RGBA", (round(_length(text, small)) + 2 * pad, small + 2 * pad), (*color, 235))
    ImageDraw.Draw(picture).text((pad, pad + small / 2), text, (255, 255, 255, 255), _font(small), anchor="lm")
    return picture


def margin(width: int, height: int) -> int:
    """The distance of a badge from the edges of a picture of that size."""
    return max(2, round(min(width, height) * 0.02))


def _sizes(width: int, height: int, scale: float) -> tuple[int, int]:
    size = max(_SMALLEST_PX, round(min(width, height) * _SIZE * scale))
    return size, max(_SMALLEST_PX - 1, round(size * 0.74))


def _lay_out(badge: Badge, width: int, height: int, scale: float) -> _Layout | None:
    """The fullest layout that fits: score, verdict and reason, or only the first of them."""
    size, small = _sizes(width, height, scale)
    room = min(width, height) - 2 * margin(width, height)
    pad = max(2, round(size * 0.42))
    icon = 0 if badge.passed is None else round(size * 0.95)
    chip_width = round(_length(badge.score, size)) + 2 * pad + icon
    chip_height = round(size * 1.55)
    widest = width - 2 * margin(width, height)
    text_width = max(round(width * _WIDEST), min(widest, size * 12)) - 2 * pad
    reason = next((words for words in (_drawable(reason, small) for reason in badge.reasons) if words), "")
    options = [(badge.verdict, _fill(reason, text_width, small, count)) for count in range(_MOST_LINES, 0, -1)]
    for verdict, lines in (*options, (badge.verdict, []), ("", [])):
        beside = round(_length(verdict, small)) + pad if verdict else 0
        inner = max([chip_width + beside, *(round(_length(line, small)) + pad for line in lines)])
        rows = pad // 2 + round(len(lines) * small * 1.32) if lines else 0
        full = _Layout(
            *(size, small, pad, icon, verdict, lines, chip_width, chip_height),
            inner + pad + (pad // 2 if verdict else 0),
            chip_height + rows + pad,
        )
        is_low = full.height <= max(height * _HIGHEST, chip_height + pad) if lines else full.height <= room
        if full.width <= widest and is_low:
            return full
    return None


def _draw(badge: Badge, layout: _Layout) -> Image:
    from PIL import Image, ImageDraw

    half, chip = layout.pad / 2, (layout.chip_width, layout.chip_height)
    finer = 4 if layout.size < _LARGE_PX else 2  # shapes are drawn larger and reduced: Pillow's have jagged edges
    large = Image.new("RGBA", (layout.width * finer, layout.height * finer), (*_PANEL[:3], 0))
    _panel(ImageDraw.Draw(large), layout, badge.color, badge.passed, finer)
    picture = large.resize((layout.width, layout.height), Image.Resampling.BOX)
    draw = ImageDraw.Draw(picture)
    middle = half + chip[1] / 2
    left = half + layout.pad + layout.icon
    draw.text((left, middle), badge.score, (255, 255, 255, 255), _font(layout.size), anchor="lm")
    if layout.verdict:
        left = half + chip[0] + layout.pad * 0.8
        draw.text((left, middle), layout.verdict, _WORDS, _font(layout.small), anchor="lm")
    for number, line in enumerate(layout.lines):
        top = half + chip[1] + half + (number + 0.5) * layout.small * 1.32
        draw.text((layout.pad, top), line, _WORDS, _font(layout.small), anchor="lm")
    return picture


def _panel(draw: Any, layout: _Layout, color: tuple[int, int, int], passed: bool | None, n: int) -> None:
    """The ground, the coloured chip and its tick or cross, n times as large."""
    half = layout.pad / 2
    line, radius = max(1, layout.size // 14), layout.size * 0.42
    box = (0, 0, layout.width * n - 1, layout.height * n - 1)
    draw.rounded_rectangle(box, radius * n, fill=_PANEL, outline=_RIM, width=line * n)
    box = (half * n, half * n, (half + layout.chip_width) * n, (half + layout.chip_height) * n)
    draw.rounded_rectangle(box, radius * 0.72 * n, fill=(*color, 255))
    if passed is None:
        return
    x, y, r = half + layout.pad * 0.8 + layout.size * 0.3, half + layout.chip_height / 2, layout.size * 0.27
    tick = [[(-r, 0.0), (-r * 0.25, r * 0.75), (r, -r * 0.75)]]
    cross = [[(-r * 0.8, -r * 0.8), (r * 0.8, r * 0.8)], [(-r * 0.8, r * 0.8), (r * 0.8, -r * 0.8)]]
    thick = max(1.4, layout.size * 0.13) * n
    for stroke in tick if passed else cross:
        points = [((x + dx) * n, (y + dy) * n) for dx, dy in stroke]
        draw.line(points, (255, 255, 255, 255), round(thick), joint="curve")
        for px, py in (points[0], points[-1]):
            draw.ellipse((px - thick / 2, py - thick / 2, px + thick / 2, py + thick / 2), (255, 255, 255, 255))


def _fill(text: str, width: int, size: int, lines: int) -> list[str]:
    """Text in at most so many lines: whole sentences where the first one fits, or else as much as there is room for."""
    sentences = _SENTENCE.split(text)
    for count in range(len(sentences), 0, -1):
        wrapped = _wrap(" ".join(sentences[:count]), width, size)
        if len(wrapped) <= lines:
            return wrapped
    kept = _wrap(text, width, size)[:lines]
    if not kept:
        return []
    last = kept.pop()
    while last and _length(f"{last}…", size) > width:
        last = last[:-1]
    return [*kept, f"{last.rstrip(' ,;:')}…"] if last else []


def _wrap(text: str, width: int, size: int) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and _length(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
            continue
        if _length(word, size) <= width:
            lines.append(word)
            continue
        lines.append("")
        for letter in word:  # a word longer than the line, or a script without spaces
            if lines[-1] and _length(lines[-1] + letter, size) > width:
                lines.append("")
            lines[-1] += letter
    return lines


def _drawable(text: str, size: int) -> str:
    """Text of which the font has every character; empty if it has hardly any of it.

    The font has little more than ASCII: accents are left out, and other scripts become question marks.
    """
    text = " ".join(text[:_MOST_CHARACTERS].translate(_LIKENESSES).split())
    shown = "".join(_shown(character, size) for character in text)
    return "" if shown.count("?") - text.count("?") > len(text) / 3 else shown


def _shown(character: str, size: int) -> str:
    for form in (character, unicodedata.normalize("NFKD", character)[:1]):
        if _has(form, size):
            return form
    return "?"


@lru_cache(maxsize=1024)
def _has(character: str, size: int) -> bool:
    if " " <= character <= "~":
        return True
    if not character.isprintable() or not _is_scalable():
        return False
    return bytes(_font(size).getmask(character)) != bytes(_font(size).getmask("\U0010ffff"))  # what it lacks


@lru_cache(maxsize=32)
def _font(size: int) -> Font:
    """Pillow's own font; of one size only where Pillow was built without FreeType."""
    from PIL import ImageFont

    return ImageFont.load_default(size) if _is_scalable() else ImageFont.load_default()


@lru_cache(maxsize=1)
def _is_scalable() -> bool:
    from PIL import features

    return bool(features.check("freetype2"))


@lru_cache(maxsize=4096)
def _length(text: str, size: int) -> float:
    return _font(size).getlength(text)
