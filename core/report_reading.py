"""The reports that scorers write, read back: what is common to all of them, whatever they measure.

A report is a JSON object with `images`, a list of an object for each picture: its `score`, and as far as the scorer has
them `passed`, `reason`, `worst`, `families` and `worst_tile`. core/quality_score.py writes the fullest one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from .values import kind_of

Report = Mapping[str, Any]
_WHERE = "Plug in the report output of a scorer, such as Quality Score."


def read_report(text: Any) -> Report:
    """Reads a scorer's report; its images are one or more objects, each with a score that is a number or null.

    Raises:
        ValueError: it is something else; the text says what.
    """
    if not isinstance(text, str):
        raise ValueError(f"report is not text but a {kind_of(text)}. {_WHERE}")
    try:
        report = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"report is not JSON: {_shown(text)}. {_WHERE}") from None
    pictures = report.get("images") if isinstance(report, dict) else None
    if not (isinstance(pictures, list) and pictures and all(_is_scored(picture) for picture in pictures)):
        raise ValueError(
            f"report is not the report of a scorer, which lists its images with a score each: {_shown(text)}. {_WHERE}"
        )
    return report


def number_of(value: Any) -> float:
    """A report's number as a float; NaN for null, for anything that is no number, and for what is not finite."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return math.nan
    try:
        number = float(value)
    except OverflowError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def text_of(value: Any) -> str:
    """A report's text; empty for anything else. Characters that no file can hold become question marks."""
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""


def has_passed(picture: Mapping[str, Any], report: Report) -> bool | None:
    """Whether a picture of a report has passed; None if the report does not say and names no threshold."""
    if isinstance(picture.get("passed"), bool):
        return picture["passed"]
    score, threshold = number_of(picture.get("score")), number_of(report.get("threshold"))
    return None if math.isnan(threshold) else score >= threshold


def _is_scored(picture: Any) -> bool:
    if not isinstance(picture, dict) or "score" not in picture:
        return False
    score = picture["score"]
    return score is None or (isinstance(score, (int, float)) and not isinstance(score, bool))


def _shown(text: str) -> str:
    short = " ".join(text[:200].split())
    return repr(short if len(short) <= 60 else f"{short[:57]}...")
