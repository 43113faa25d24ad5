"""Pyiqa Score: pictures in, what a metric of an installed pyiqa makes of them out."""

from __future__ import annotations

from typing import Any

from ..core.pyiqa_scales import LOWER_IS_BETTER, scale_of, scale_pictures
from ..core.scorer_report import DEFAULT_THRESHOLD, check_choice, check_pictures, check_settings, judge
from .host.pyiqa_metrics import PyiqaMetric, measure
from .host.scorers import (
    OUTPUT_IS_LIST,
    OUTPUT_NAMES,
    OUTPUT_TYPES,
    aggregate_input,
    hand_over,
    image_input,
    threshold_input,
)


class PyiqaScore:
    """Scores pictures from 0 to 1 by any metric of the Python package pyiqa, if you have installed that."""

    DISPLAY_NAME = "Pyiqa Score"
    CATEGORY = "Switchyard/Quality"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("iqa", "musiq", "topiq", "maniqa", "q-align", "qalign", "niqe", "brisque", "liqe")
    RETURN_TYPES = OUTPUT_TYPES
    RETURN_NAMES = OUTPUT_NAMES
    OUTPUT_TOOLTIPS = (
        "The score of the batch, 0 to 1 and higher is better, put together as aggregate says.",
        "True if the score reaches the threshold; always false for a score of 0.",
        "The score of each picture, 0 to 1, as a list: what is plugged in here runs once for each picture.",
        "The metric, its range and the raw number of each picture, as JSON.",
        "The pictures, unchanged.",
    )
    OUTPUT_IS_LIST = OUTPUT_IS_LIST
    FUNCTION = "execute"

    def __init__(self) -> None:
        self._metric = PyiqaMetric()

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        ends = {"default": 0.0, "min": -1e6, "max": 1e6, "step": 0.01}
        return {
            "required": {
                "image": image_input(),
                "metric": (
                    "STRING",
                    {
                        "default": "topiq_nr",
                        "tooltip": "Names the metric as pyiqa does: topiq_nr, musiq, maniqa, qalign, clipiqa+, liqe …; "
                        "it has to score single pictures.",
                    },
                ),
            },
            "optional": {
                "threshold": threshold_input("Decides what passes: scores from here up, 0 to 1, whatever the metric."),
                "aggregate": aggregate_input(),
                "lowest": (
                    "FLOAT",
                    {**ends, "tooltip": "Begins the range of the metric's own numbers; lowest = highest: as known."},
                ),
                "highest": (
                    "FLOAT",
                    {**ends, "tooltip": "Ends the range of the metric's own numbers; lowest = highest: as known."},
                ),
                "lower_is_better": (
                    list(LOWER_IS_BETTER),
                    {
                        "default": LOWER_IS_BETTER[0],
                        "tooltip": "Turns the scale around for metrics where low numbers are good, such as niqe.",
                    },
                ),
            },
        }

    def execute(
        self,
        image: Any = None,
        metric: str = "topiq_nr",
        threshold: float = DEFAULT_THRESHOLD,
        aggregate: str = "min",
        lowest: float = 0.0,
        highest: float = 0.0,
        lower_is_better: str = LOWER_IS_BETTER[0],
    ) -> dict[str, Any]:
        check_pictures(image, self.DISPLAY_NAME)
        check_settings(threshold, aggregate)
        check_choice(lower_is_better, LOWER_IS_BETTER, "lower_is_better")
        loaded = self._metric.load(metric)
        stated, is_lower = getattr(loaded, "score_range", None), getattr(loaded, "lower_better", None)
        scale = scale_of(metric, stated, is_lower, (lowest, highest), lower_is_better)
        pictures = scale_pictures(metric, measure(loaded, image), scale)
        settings = {"metric": metric, "range": [scale.lowest, scale.highest], "lower_is_better": scale.is_lower_better}
        return hand_over("pyiqa_score", judge(pictures, threshold, aggregate, f"pyiqa-{metric}-1", **settings), image)
