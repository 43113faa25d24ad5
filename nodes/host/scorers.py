"""What all scorers have in common: their outputs, some inputs, and how a verdict is handed over."""

from __future__ import annotations

from typing import Any

from ...core.embeddings import FRAMINGS
from ...core.scorer_report import AGGREGATES, DEFAULT_THRESHOLD, Verdict, report_text, summarise
from .page import verdict

OUTPUT_TYPES = ("FLOAT", "BOOLEAN", "FLOAT", "STRING", "IMAGE")
OUTPUT_NAMES = ("score", "passed", "scores", "report", "image")
OUTPUT_IS_LIST = (False, False, True, False, False)


def output_tooltips(report: str) -> tuple[str, ...]:
    """The tooltips of the five outputs; what the report holds differs from scorer to scorer."""
    return (
        "The score of the batch, 0 to 1, put together as aggregate says.",
        "True if the score reaches the threshold; always false for a score of 0.",
        "The score of each picture, 0 to 1, as a list: what is plugged in here runs once for each picture.",
        report,
        "The pictures, unchanged.",
    )


def image_input() -> tuple[str, dict[str, Any]]:
    return ("IMAGE", {"tooltip": "The pictures to score, one or a batch; they are not changed."})


def clip_vision_input(tooltip: str) -> tuple[str, dict[str, Any]]:
    return ("CLIP_VISION", {"tooltip": tooltip})


def clip_input() -> tuple[str, dict[str, Any]]:
    return (
        "CLIP",
        {"tooltip": "Turns texts into numbers: the CLIP of the same model as clip_vision, with its text projection."},
    )


def prompt_input(tooltip: str) -> tuple[str, dict[str, Any]]:
    return ("STRING", {"default": "", "multiline": True, "tooltip": tooltip})


def threshold_input(tooltip: str) -> tuple[str, dict[str, Any]]:
    options = {"default": DEFAULT_THRESHOLD, "min": 0.0, "max": 1.0, "step": 0.01, "tooltip": tooltip}
    return ("FLOAT", options)


def aggregate_input() -> tuple[list[str], dict[str, Any]]:
    return (
        list(AGGREGATES),
        {
            "default": "min",
            "tooltip": "Makes one score of a batch: min (all must be good), mean, max (one good is enough) or first.",
        },
    )


def framing_input() -> tuple[list[str], dict[str, Any]]:
    return (
        list(FRAMINGS),
        {
            "default": FRAMINGS[0],
            "tooltip": "Chooses what of a picture that is not square is seen: as trained (what the model was made "
            "with), the middle, all of it between black bars, the mean of both ends, or all of it made square.",
        },
    )


def hand_over(kind: str, outcome: Verdict, image: Any, **more: Any) -> dict[str, Any]:
    """What a scorer node returns: its five outputs, and the payload for the page, to which `more` is added."""
    score, passed, scores, report = outcome
    reasons = [picture["reason"] for picture in report["images"]]
    data = {"score": score, "passed": passed, "threshold": report["threshold"], "scores": scores, "reasons": reasons}
    return {
        "ui": verdict(kind, summarise(report), **data, **more),
        "result": (score, passed, scores, report_text(report), image),
    }
