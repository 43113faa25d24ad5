"""What the numbers of pyiqa's metrics mean: their range, and which end of it is good."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from .scorer_report import ScoredPicture
from .values import show, unwrap

LOWER_IS_BETTER = ("as the metric says", "yes", "no")
# Ranges that the metrics keep to by their construction. The others are only roughly known, so the user gives them.
_RANGES = (
    (r"musiq-ava|topiq_iaa.*|nima|nima-vgg16-ava|laion_aes", 1.0, 10.0),
    (r"musiq(-.*)?|paq2piq|piqe|tres.*", 0.0, 100.0),
    (r"topiq_nr.*|maniqa.*|clipiqa.*|hyperiqa|dbcnn|cnniqa|nima-.*|arniqa.*|qualiclip.*|qrealign.*", 0.0, 1.0),
    (r"qalign.*|liqe.*", 1.0, 5.0),
)
_LOWER = r"piqe|niqe.*|ilniqe|brisque.*|pi"


class Scale(NamedTuple):
    """The range of a metric's numbers, and whether low ones are good."""

    lowest: float
    highest: float
    is_lower_better: bool


def scale_of(
    metric: str,
    stated: Any,
    is_lower_better: bool | None,
    wanted: tuple[float, float],
    choice: str = "as the metric says",
) -> Scale:
    """Finds the range of a metric's numbers.

    Args:
        metric: Its name in pyiqa.
        stated: What pyiqa itself says about its range: "0, 1", or about: "~0, ~100".
        is_lower_better: What pyiqa itself says; None if it does not.
        wanted: The user's own range; two equal numbers for none.
        choice: One of LOWER_IS_BETTER: the user's own word on it.

    Raises:
        ValueError: the range is not known and the user gave none, or one from high to low.
    """
    low = bool(re.fullmatch(_LOWER, metric)) if is_lower_better is None else bool(is_lower_better)
    if choice != LOWER_IS_BETTER[0]:
        low = choice == "yes"
    lowest, highest = (unwrap(end) for end in wanted)
    for name, end in (("lowest", lowest), ("highest", highest)):
        if not (isinstance(end, (int, float)) and -1e9 <= end <= 1e9):
            raise ValueError(f"{name} is {show(end)}; it must be a number, an end of the metric's range.")
    if lowest > highest:
        raise ValueError(
            f"lowest is {lowest:g} and highest is {highest:g}. Write the smaller number into lowest; lower_is_better "
            "says which end is good."
        )
    if lowest < highest:
        return Scale(lowest, highest, low)
    known = next(((low_end, high_end) for names, low_end, high_end in _RANGES if re.fullmatch(names, metric)), None)
    known = known or _exact_range(stated)
    if known is None:
        about = f" (pyiqa says about {stated})" if stated else ""
        raise ValueError(
            f"The range of {show(metric)} is not known{about}, so its numbers can't be brought to 0..1. Write the "
            "range into lowest and highest: what is at the bad end becomes 0, what is at the good end becomes 1."
        )
    return Scale(*known, low)


def to_unit(raw: float, scale: Scale) -> float:
    """Brings a number into 0..1, higher is better; what lies outside the range is clamped."""
    share = (raw - scale.lowest) / (scale.highest - scale.lowest)
    return min(1.0, max(0.0, 1.0 - share if scale.is_lower_better else share))


def scale_pictures(metric: str, raws: Sequence[tuple[float | None, str]], scale: Scale) -> list[ScoredPicture]:
    """Scores pictures by a metric's raw numbers; None with its reason is a picture that it could not measure."""
    pictures = []
    for raw, problem in raws:
        if raw is None:
            pictures.append(ScoredPicture(0.0, problem, {"raw": None}))
            continue
        value = to_unit(raw, scale)
        good = "low is good" if scale.is_lower_better else "high is good"
        reason = f"{metric} {raw:.4g}: {value:.2f} on the range of {scale.lowest:g} to {scale.highest:g}, {good}."
        pictures.append(ScoredPicture(value, reason, {"raw": float(f"{raw:.6g}")}))
    return pictures


def _exact_range(stated: Any) -> tuple[float, float] | None:
    match = (
        re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*", stated) if isinstance(stated, str) else None
    )
    if match is None:
        return None
    lowest, highest = map(float, match.groups())
    return (lowest, highest) if lowest < highest else None
