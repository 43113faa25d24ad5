"""The quality score: checks, families and presets brought together, picture by picture, into one number and a report.

A score says how technically intact a picture is, 0..1. It knows nothing of taste, anatomy or text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple

from .quality_checks import find_defect, range_hint
from .quality_families import FAMILIES, describe_fault, family_scores
from .values import is_tensor, kind_of, show, unwrap

if TYPE_CHECKING:
    from torch import Tensor

MODEL_VERSION = "formulas-1"
DEFAULT_THRESHOLD = 0.8
LOW_CONFIDENCE_SIDE_PX = 96
_NO_FAULT = 0.9

AGGREGATES: dict[str, Callable[[list[float]], float]] = {
    "min": min,
    "mean": lambda scores: math.fsum(scores) / len(scores),
    "max": max,
    "first": lambda scores: scores[0],
}


class Preset(NamedTuple):
    """What a preset ignores, because it is style there and not damage: families, and read-outs of other families."""

    families: frozenset[str] = frozenset()
    readouts: frozenset[str] = frozenset()


# Drawings may be soft and glowing or hard and glaring, on white paper and in two tones; pixel art has hard edges, few
# colours and large squares, but never soft edges.
PRESETS: dict[str, Preset] = {
    "photo": Preset(),
    "illustration": Preset(
        frozenset({"blur", "overcooked"}), frozenset({"burnt_high_percent", "tonal_levels_percent"})
    ),
    "pixel art": Preset(frozenset({"overcooked", "structure"})),
}


class PictureScore(NamedTuple):
    """The score of one picture.

    Attributes:
        score: 0..1, four digits: the worst family that counts, or 0.0 if the picture failed a check.
        families: The score of each family, those that the preset ignores included, but without the faults of the
            read-outs that it ignores; all 0.0 for a non-finite picture.
        worst: The family that decided, or the check that failed: "non-finite", "blank" or "pure noise".
        reason: One sentence for a person: what is wrong, and what to try.
        readouts: What was measured, by name with unit (see quality_readouts.measure).
        low_confidence: Whether a side is under 96 px, where the statistics are thin.
    """

    score: float
    families: dict[str, float]
    worst: str
    reason: str
    readouts: dict[str, float]
    low_confidence: bool


class Verdict(NamedTuple):
    """The result for a batch: its one score, whether that passes, the pictures' own scores and the report."""

    score: float
    passed: bool
    scores: list[float]
    report: dict[str, Any]


def score_pictures(
    image: Tensor,
    threshold: float = DEFAULT_THRESHOLD,
    aggregate: str = "min",
    preset: str = "photo",
    on_image: Callable[[int, int], object] | None = None,
) -> Verdict:
    """Scores each picture of a batch, and the batch by one of AGGREGATES.

    A score passes from the threshold up, but 0.0 never passes: a picture that failed a check stays out whatever the
    threshold is.

    Args:
        image: (B, H, W, C) tensor of any device; floats in 0..1, integers in 0..255, booleans 0 and 1. Not changed.
            Values outside are clamped and reported, alpha is dropped, one channel is expanded.
        threshold: 0..1.
        aggregate: One of AGGREGATES.
        preset: One of PRESETS: what does not count.
        on_image: Called with (pictures done, pictures in all) before each picture; may raise to stop.

    Raises:
        ValueError: no picture, another shape, numbers that can't be read (sparse, complex), or a threshold, aggregate
            or preset that does not exist.
    """
    threshold = unwrap(threshold)
    _check_arguments(image, threshold, aggregate, preset)
    pictures = []
    for index in range(image.shape[0]):
        if on_image is not None:
            on_image(index, image.shape[0])
        pictures.append(score_picture(image[index], preset))
    scores = [picture.score for picture in pictures]
    score = min(1.0, max(0.0, float(AGGREGATES[aggregate](scores))))
    passed = _passes(score, threshold)
    report = {
        "model_version": MODEL_VERSION,
        "preset": preset,
        "aggregate": aggregate,
        "threshold": float(threshold),
        "score": score,
        "passed": passed,
        "images": [_report_picture(picture, threshold) for picture in pictures],
    }
    return Verdict(score, passed, scores, report)


def score_picture(picture: Tensor, preset: str = "photo") -> PictureScore:
    """Scores one (H, W, C) picture; see score_pictures."""
    from .quality_readouts import measure  # imports torch, which loading the pack must not

    readouts = measure(picture)
    low_confidence = min(picture.shape[:2]) < LOW_CONFIDENCE_SIDE_PX
    defect = find_defect(readouts)
    measured = readouts["non_finite_percent"] == 0
    ignored, style = PRESETS[preset]
    families = family_scores(readouts, style) if measured else dict.fromkeys(FAMILIES, 0.0)
    if defect is not None:
        return PictureScore(0.0, families, defect.name, defect.reason + range_hint(readouts), readouts, low_confidence)
    # Of families that are equally bad the last one decides: structure names a pattern that fails them all.
    worst = min((family for family in reversed(FAMILIES) if family not in ignored), key=families.__getitem__)
    reason = f"{worst} {families[worst]:.2f}: {describe_fault(worst, readouts, style)}"
    if families[worst] >= _NO_FAULT:
        reason = f"no fault worth a word; the lowest family is {worst}, {families[worst]:.2f}."
    return PictureScore(families[worst], families, worst, reason + range_hint(readouts), readouts, low_confidence)


def report_text(report: Mapping[str, Any]) -> str:
    """Writes a report as JSON."""
    return json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)


def summarise(report: Mapping[str, Any]) -> str:
    """Says a report in one line: "0.91 passes 0.8", or "0.31 fails 0.8: noise"; for a batch, how many pictures pass."""
    pictures = report["images"]
    words = f"{report['score']:.4g} {'passes' if report['passed'] else 'fails'} {report['threshold']:g}"
    if not report["passed"]:
        words += f": {min(pictures, key=lambda picture: picture['score'])['worst']}"
    if len(pictures) > 1:
        words += f" ({sum(picture['passed'] for picture in pictures)} of {len(pictures)} pictures pass)"
    return words


def _passes(score: float, threshold: float) -> bool:
    return score > 0.0 and score >= threshold


def _report_picture(picture: PictureScore, threshold: float) -> dict[str, Any]:
    return {
        "score": picture.score,
        "passed": _passes(picture.score, threshold),
        "families": picture.families,
        "worst": picture.worst,
        "reason": picture.reason,
        "readouts": {name: float(f"{value:.4g}") for name, value in picture.readouts.items()},
        "low_confidence": picture.low_confidence,
    }


def _check_arguments(image: Tensor, threshold: float, aggregate: str, preset: str) -> None:
    from .quality_planes import is_readable  # imports torch, which loading the pack must not

    if not is_tensor(image) or image.ndim != 4:
        hint = " A list without any picture arrives like this: branch around the score then." if image is None else ""
        raise ValueError(
            "Quality Score needs pictures, a tensor of shape (batch, height, width, channels), not a "
            f"{kind_of(image)}.{hint}"
        )
    if not is_readable(image):
        raise ValueError(
            f"Quality Score needs pictures of plain real numbers with data, not a {image.dtype} tensor of the layout "
            f"{image.layout} on {image.device}. Decode or convert it to float32 first."
        )
    if 0 in image.shape:
        raise ValueError(
            f"There is no picture to score: the batch has the shape {tuple(image.shape)}. Check the node before, or "
            "branch around the score when nothing is left."
        )
    if image.shape[-1] not in (1, 2, 3, 4):
        hint = " These seem to have their channels first: use image.movedim(1, -1)." if image.shape[1] <= 4 else ""
        raise ValueError(
            "Quality Score needs pictures of 1 to 4 channels, a tensor of shape (batch, height, width, channels), not "
            f"one of shape {tuple(image.shape)}.{hint}"
        )
    if not (isinstance(threshold, Real) and 0 <= threshold <= 1):
        raise ValueError(f"The threshold {show(threshold)} is not a number from 0 to 1. Use 0.8 to start with.")
    if not (isinstance(aggregate, str) and aggregate in AGGREGATES):
        raise ValueError(f"There is no aggregate {show(aggregate)}. Use one of: {', '.join(AGGREGATES)}.")
    if not (isinstance(preset, str) and preset in PRESETS):
        raise ValueError(f"There is no preset {show(preset)}. Use one of: {', '.join(PRESETS)}.")
