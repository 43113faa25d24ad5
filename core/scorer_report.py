"""What every scorer makes of the scores of its pictures: one score, a verdict and a report of one shape."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple

from .values import is_tensor, kind_of, show, unwrap

if TYPE_CHECKING:
    from torch import Tensor

DEFAULT_THRESHOLD = 0.8

AGGREGATES: dict[str, Callable[[list[float]], float]] = {
    "min": min,
    "mean": lambda scores: math.fsum(scores) / len(scores),
    "max": max,
    "first": lambda scores: scores[0],
}

NON_FINITE = (
    "non-finite: at least one value is NaN or infinite, so there is no picture to judge. Try another VAE, full "
    "precision for it, or a lower CFG."
)
NO_VECTOR = (
    "no embedding: the model gave NaN, infinity or nothing but zeros for this picture. Load it in full precision, or "
    "another file of it."
)


class ScoredPicture(NamedTuple):
    """The score of one picture, a sentence about it, and what was measured (JSON values; None where it failed)."""

    score: float
    reason: str
    facts: Mapping[str, Any]


class Verdict(NamedTuple):
    """The result for a batch: its one score, whether that passes, the pictures' own scores and the report."""

    score: float
    passed: bool
    scores: list[float]
    report: dict[str, Any]


def check_pictures(image: Tensor | Any, node: str) -> None:
    """Refuses what is no batch of pictures, in the words of a person who looks at the node of that display name.

    Raises:
        ValueError: no picture, another shape than (B, H, W, 1 to 4), or numbers that can't be read (sparse, complex).
    """
    from .quality_planes import is_readable  # imports torch, which loading the pack must not

    if not is_tensor(image) or image.ndim != 4:
        hint = " A list without any picture arrives like this: branch around the score then." if image is None else ""
        raise ValueError(
            f"{node} needs pictures, a tensor of shape (batch, height, width, channels), not a {kind_of(image)}.{hint}"
        )
    if not is_readable(image):
        raise ValueError(
            f"{node} needs pictures of plain real numbers with data, not a {image.dtype} tensor of the layout "
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
            f"{node} needs pictures of 1 to 4 channels, a tensor of shape (batch, height, width, channels), not one of "
            f"shape {tuple(image.shape)}.{hint}"
        )


def check_choice(value: Any, choices: Sequence[str] | Mapping[str, Any], name: str) -> None:
    """Refuses what is not one of the choices.

    Raises:
        ValueError: it names the value and the choices.
    """
    if not (isinstance(value, str) and value in choices):
        raise ValueError(f"There is no {name} {show(value)}. Use one of: {', '.join(choices)}.")


def check_settings(threshold: float, aggregate: str) -> None:
    """Refuses a threshold or an aggregate that does not exist, before any model runs.

    Raises:
        ValueError: the threshold is not a number of 0..1, or the aggregate is not one of AGGREGATES.
    """
    threshold = unwrap(threshold)
    if not (isinstance(threshold, Real) and 0 <= threshold <= 1):
        raise ValueError(f"The threshold {show(threshold)} is not a number from 0 to 1. Use 0.8 to start with.")
    check_choice(aggregate, AGGREGATES, "aggregate")


def judge(
    pictures: Sequence[ScoredPicture], threshold: Any, aggregate: str, model_version: str, **settings: Any
) -> Verdict:
    """Makes one score, a verdict and a report of the scores of a batch.

    A score passes from the threshold up; 0.0, NaN and infinity never pass.

    Args:
        pictures: at least one; scores of 0..1, or any finite numbers if there is no threshold.
        threshold: 0..1. None: the scores are for ranking only, so nothing passes and nothing is clamped.
        aggregate: One of AGGREGATES.
        model_version: Changes when scores change.
        settings: What else decided about the scores, for the report.
    """
    least = None if threshold is None else float(unwrap(threshold))
    scores = [picture.score if least is None else _clamp(picture.score) for picture in pictures]
    score = float(AGGREGATES[aggregate](scores))
    score = score if least is None else _clamp(score)
    report = {
        "model_version": model_version,
        **settings,
        "aggregate": aggregate,
        "threshold": least,
        "score": score,
        "passed": _passes(score, least),
        "images": [
            {"score": one, "passed": _passes(one, least), "reason": picture.reason, **picture.facts}
            for one, picture in zip(scores, pictures, strict=True)
        ],
    }
    return Verdict(score, report["passed"], scores, report)


def report_text(report: Mapping[str, Any]) -> str:
    """Writes a report as JSON."""
    return json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)


def summarise(report: Mapping[str, Any]) -> str:
    """Says a report in one line: "0.31 fails 0.8: noise", "0.71 fails 0.8: aesthetics 6.1 of 10", or
    "21.4 (2 pictures, for ranking)".
    """
    pictures = report["images"]
    least = report["threshold"]
    if least is None:
        count = f"{len(pictures)} picture{'' if len(pictures) == 1 else 's'}"
        return f"{report['score']:.4g} ({count}, for ranking)"
    words = f"{report['score']:.4g} {'passes' if report['passed'] else 'fails'} {least:g}"
    if not report["passed"]:
        worst = min(pictures, key=lambda picture: picture["score"])
        words += f": {worst.get('worst') or worst['reason'].split(':')[0].rstrip('.')}"
    if len(pictures) > 1:
        words += f" ({sum(picture['passed'] for picture in pictures)} of {len(pictures)} pictures pass)"
    return words


def logistic(value: float, centre: float, width: float) -> float:
    """1 / (1 + exp(-(value - centre) / width)): 0.5 at the centre, 0.8 about 1.386 widths above it; NaN of NaN."""
    if math.isnan(value):
        return math.nan  # min and max would make the best score of it
    return 1.0 / (1.0 + math.exp(-max(-500.0, min(500.0, (value - centre) / width))))


def _clamp(score: float) -> float:
    """0.0 for NaN too: what can't be judged does not pass."""
    return min(1.0, max(0.0, score)) if math.isfinite(score) else 0.0


def _passes(score: float, least: float | None) -> bool:
    return least is not None and score > 0.0 and score >= least
