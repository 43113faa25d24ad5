"""Scores drawn on copies of the pictures they belong to: a badge in a corner, and an outline around the worst tile."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .drawing import draw_frame, draw_outline, draw_picture
from .report_reading import Report, has_passed, number_of, text_of
from .score_badge import FAIL, NEUTRAL, PASS, Badge, draw_badge, draw_tag, margin
from .values import is_tensor, kind_of, show, unwrap

if TYPE_CHECKING:
    from torch import Tensor

POSITIONS = ("bottom left", "bottom right", "top left", "top right")  # faces are mostly above
_LEAST_SCALE, _MOST_SCALE = 0.1, 10.0
_TILE_ON_PASS = (214, 134, 16)


def draw_scores(
    image: Tensor,
    report: Report,
    position: str = POSITIONS[0],
    text_scale: float = 1.0,
    show_worst_tile: bool = True,
    on_image: Callable[[int, int], object] | None = None,
) -> Tensor:
    """Copies of the pictures with their scores drawn on them.

    Args:
        image: (B, H, W, C) tensor of 1 to 4 channels; not changed.
        report: of a scorer, with one of its images for each picture; see report_reading.read_report.
        position: the badge's corner, one of POSITIONS.
        text_scale: 1.0 for text that fits the picture's size; a picture that is too small gets a frame instead.
        show_worst_tile: outlines the worst tile, where the report names one.
        on_image: called with (pictures done, pictures in all) before each picture; may raise to stop.

    Returns:
        (B, H, W, C') of the same device and, for floats of 16 bits and more, type: 3 channels, or 4 where there is
        alpha. NaN becomes 0.

    Raises:
        ValueError: no pictures of that shape, another number of them than the report has, or an unknown setting.
    """
    text_scale = unwrap(text_scale)
    _check(image, report, position, text_scale)
    count, height, width, channels = image.shape
    if not image.is_floating_point():
        image = image.float() / (1.0 if str(image.dtype) == "torch.bool" else 255.0)
    elif image.element_size() < 2:  # torch computes nothing in floats of 8 bits
        image = image.float()
    drawn = image.new_empty((count, height, width, 3 if channels in (1, 3) else 4))
    for index, picture in enumerate(report["images"]):
        if on_image is not None:
            on_image(index, count)
        colors = image[index] if channels > 2 else image[index][..., :1].expand(-1, -1, 3)
        drawn[index, ..., :3] = colors[..., :3].nan_to_num(0.0, 1.0, 0.0)
        if drawn.shape[-1] == 4:
            drawn[index, ..., 3] = image[index, ..., -1].nan_to_num(0.0, 1.0, 0.0)
        _draw(drawn[index], picture, report, position, text_scale, show_worst_tile)
    return drawn


def badge_of(picture: Mapping[str, Any], report: Report) -> Badge:
    """What the badge says of one picture of a report."""
    score, threshold = number_of(picture["score"]), number_of(report.get("threshold"))
    passed = has_passed(picture, report)
    verdict = "" if passed is None else "passes" if passed else "fails"
    if verdict and not math.isnan(threshold):
        verdict += f" {threshold:.4g}"
    color = NEUTRAL if passed is None else PASS if passed else FAIL
    reasons = tuple(words for words in (text_of(picture.get(key)) for key in ("reason", "worst")) if words)
    return Badge(_score_text(score, threshold), verdict, reasons, color, passed)


def worst_tile(picture: Mapping[str, Any], width: int, height: int) -> tuple[int, int, int, int] | None:
    """The box (x1, y1, x2, y2) of a picture's worst tile, cut to the picture; None if there is none in it."""
    tile = picture.get("worst_tile")
    if not isinstance(tile, Mapping):
        return None
    x, y, across, down = (number_of(tile.get(name)) for name in ("x", "y", "width", "height"))
    if any(math.isnan(number) for number in (x, y, across, down)):
        return None
    x1, y1 = round(max(0, min(x, width))), round(max(0, min(y, height)))
    x2, y2 = round(max(0, min(x + across, width))), round(max(0, min(y + down, height)))
    return (x1, y1, x2, y2) if x2 - x1 > 1 and y2 - y1 > 1 else None


def _score_text(score: float, threshold: float) -> str:
    """Two digits, and more where these would be the threshold's though the score is below it."""
    if math.isnan(score):
        return "NaN"
    if abs(score) >= 1e6:
        return f"{score:.3g}"
    for digits in (2, 3, 4):
        text = f"{score:.{digits}f}"
        if math.isnan(threshold) or (float(text) < threshold) == (score < threshold):
            return text
    return f"{score:.6g}"


def _draw(
    picture: Tensor, facts: Mapping[str, Any], report: Report, position: str, text_scale: float, show_worst_tile: bool
) -> None:
    """Draws on one (H, W, 3 or 4) picture, in place."""
    height, width = picture.shape[:2]
    edge, badge = margin(width, height), badge_of(facts, report)
    drawn = draw_badge(badge, width, height, text_scale)
    tile = worst_tile(facts, width, height) if show_worst_tile else None
    if tile is not None:
        color = FAIL if badge.passed is False else _TILE_ON_PASS
        draw_outline(picture, tile, color)
        _name_tile(picture, tile, facts["worst_tile"], color, is_low=position.startswith("top"), scale=text_scale)
    if drawn is None:
        draw_frame(picture, (0, 0, width, height), max(1, min(width, height) // 32), badge.color)
        return
    x = edge if position.endswith("left") else width - edge - drawn.width
    y = edge if position.startswith("top") else height - edge - drawn.height
    draw_picture(picture, drawn, x, y)


def _name_tile(
    picture: Tensor,
    box: tuple[int, int, int, int],
    tile: Mapping[str, Any],
    color: tuple[int, int, int],
    is_low: bool,
    scale: float,
) -> None:
    """The tile's family and score, inside a corner of its outline that is away from the badge, if there is room."""
    height, width = picture.shape[:2]
    score = number_of(tile.get("score"))
    text = f"{text_of(tile.get('family'))} {'' if math.isnan(score) else f'{score:.2f}'}".strip()
    tag = draw_tag(text, width, height, color, scale)
    x1, y1, x2, y2 = box
    if tag is not None and tag.width <= (x2 - x1) * 0.9 and tag.height <= (y2 - y1) / 3:
        line = max(1, round(min(height, width) / 170))
        inset = line // 2 + line
        draw_picture(picture, tag, x1 + inset, y2 - inset - tag.height if is_low else y1 + inset)


def _check(image: Tensor, report: Report, position: str, text_scale: float) -> None:
    from .quality_planes import is_readable  # imports torch, which loading the pack must not

    if not (is_tensor(image) and image.ndim == 4 and image.shape[-1] in (1, 2, 3, 4) and is_readable(image)):
        raise ValueError(
            "Score Overlay needs pictures, a tensor of shape (batch, height, width, 1 to 4 channels) of plain numbers, "
            f"not a {kind_of(image)}."
        )
    if 0 in image.shape:
        raise ValueError(f"There is no picture to draw on: the batch has the shape {tuple(image.shape)}.")
    pictures = len(report["images"])
    if pictures != image.shape[0]:
        raise ValueError(
            f"The report tells of {pictures} picture{'' if pictures == 1 else 's'}, but image has {image.shape[0]}. "
            "Plug in the very pictures that were scored, before any are picked, dropped or joined."
        )
    if position not in POSITIONS:
        raise ValueError(f"position is {show(position)}; it must be one of: {', '.join(POSITIONS)}.")
    if not (isinstance(text_scale, (int, float)) and _LEAST_SCALE <= text_scale <= _MOST_SCALE):
        raise ValueError(f"text_scale is {show(text_scale)}; it must be a number from {_LEAST_SCALE} to {_MOST_SCALE}.")
