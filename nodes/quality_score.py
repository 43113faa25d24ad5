"""Quality Score: pictures in, one number of 0..1 and a verdict out."""

from __future__ import annotations

from typing import Any

from ..core.quality_score import PRESETS, Parameters, score_pictures
from ..core.scorer_report import DEFAULT_THRESHOLD
from .host.progress import stop_if_interrupted
from .host.scorers import (
    OUTPUT_IS_LIST,
    OUTPUT_NAMES,
    OUTPUT_TYPES,
    aggregate_input,
    hand_over,
    image_input,
    threshold_input,
)
from .host.weights import load_data


class QualityScore:
    """Scores from 0 to 1 how technically intact pictures are, and says what is wrong. Needs no model of yours."""

    DISPLAY_NAME = "Quality Score"
    CATEGORY = "Switchyard/Quality"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("image quality", "quality check", "blur detection", "sharpness", "noise", "nan", "black image")
    RETURN_TYPES = OUTPUT_TYPES
    RETURN_NAMES = OUTPUT_NAMES
    OUTPUT_TOOLTIPS = (
        "The score of the batch, 0 (broken) to 1 (clean), put together as aggregate says.",
        "True if the score reaches the threshold; always false for a score of 0.",
        "The score of each picture, 0 to 1, as a list: what is plugged in here runs once for each picture.",
        "Everything measured, as JSON: each picture's score, its six families, the worst one, a reason and numbers.",
        "The pictures, unchanged.",
    )
    OUTPUT_IS_LIST = OUTPUT_IS_LIST
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "image": image_input(),
            },
            "optional": {
                "threshold": threshold_input(
                    "Decides what passes: scores from here up, 0 to 1; most clean pictures reach 0.8."
                ),
                "aggregate": aggregate_input(),
                "preset": (
                    list(PRESETS),
                    {
                        "default": "photo",
                        "tooltip": "Chooses what 0.8 was fixed on: clean photographs, or illustrations, which may be "
                        "softer, flatter or harder; pixel art also ignores overcooked, compression and structure.",
                    },
                ),
            },
        }

    def execute(
        self, image: Any = None, threshold: float = DEFAULT_THRESHOLD, aggregate: str = "min", preset: str = "photo"
    ) -> dict[str, Any]:
        outcome = score_pictures(image, _parameters(), threshold, aggregate, preset, stop_if_interrupted)
        worst, families = ([picture[name] for picture in outcome.report["images"]] for name in ("worst", "families"))
        return hand_over("quality_score", outcome, image, worst=worst, families=families)


def _parameters() -> Parameters:
    return Parameters(load_data("quality_families"), load_data("niqe_parameters"))
