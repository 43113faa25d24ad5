"""Pick Best: the best items of a batch or a list, by their scores."""

from __future__ import annotations

import math
from typing import Any

from ..core.batches import pick_items
from ..core.list_inputs import first_of
from ..core.pick_best import IF_NONE_PASS, ORDERS, choose_best, match_scores, report_text
from .host.graph import ANY, block
from .host.page import verdict


class PickBest:
    """Picks the best pictures of a batch or a list by their scores, best first; a threshold may leave out bad ones."""

    DISPLAY_NAME = "Pick Best"
    CATEGORY = "Switchyard/Quality"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("best of n", "top k", "sort by score", "rank", "filter images", "select best", "argmax", "cull")
    INPUT_IS_LIST = True
    RETURN_TYPES = (ANY, "FLOAT", "INT", "STRING")
    RETURN_NAMES = ("value", "scores", "indexes", "report")
    OUTPUT_TOOLTIPS = (
        "The picked items, best first: a batch if a batch was plugged in, a list if it was a list.",
        "The score of each picked item, best first, as a list: what is plugged in here runs once for each.",
        "The place of each picked item in what was plugged in, from 0, as a list; -1 where if_none_pass gave None.",
        "The choice as JSON: what was picked, why, and the scores of all items.",
    )
    OUTPUT_IS_LIST = (True, True, True, False)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "value": (ANY, {"tooltip": "What to pick from: a batch of pictures, masks or latents, or any list."}),
                "scores": (
                    ANY,
                    {"tooltip": "One number for each item, as a list or a tensor; None and NaN come last."},
                ),
                "count": (
                    "INT",
                    {
                        "default": 1,
                        "min": 1,
                        "max": 10000,
                        "tooltip": "Picks this many of the best items, or fewer where there are no more.",
                    },
                ),
                "order": (
                    list(ORDERS),
                    {
                        "default": ORDERS[0],
                        "tooltip": "Takes high scores for good, or low ones, such as a distance or an error.",
                    },
                ),
            },
            "optional": {
                "use_threshold": (
                    "BOOLEAN",
                    {
                        "default": False,
                        "tooltip": "Leaves out items that do not pass the threshold, though there be fewer than count.",
                    },
                ),
                "threshold": (
                    "FLOAT",
                    {
                        "default": 0.8,
                        "min": -1e9,
                        "max": 1e9,
                        "step": 0.01,
                        "round": False,
                        "tooltip": "Passes scores from here up, or from here down with lowest first; NaN never passes.",
                    },
                ),
                "if_none_pass": (
                    list(IF_NONE_PASS),
                    {
                        "default": IF_NONE_PASS[0],
                        "tooltip": "What is handed on when no item passes the threshold: the best one all the same, "
                        "the value None, nothing at all (what is downstream is skipped), or an error.",
                    },
                ),
            },
        }

    def execute(
        self,
        value: Any,
        scores: Any,
        count: Any,
        order: Any,
        use_threshold: Any = (False,),
        threshold: Any = (0.8,),
        if_none_pass: Any = ("best",),
    ) -> dict[str, Any]:
        wanted, direction = first_of(count, "count"), first_of(order, "order")
        least = first_of(threshold, "threshold") if first_of(use_threshold, "use_threshold") else None
        otherwise = first_of(if_none_pass, "if_none_pass")
        items, numbers = match_scores(value, scores)
        choice = choose_best(numbers, wanted, direction, least, otherwise)
        picked = [numbers[index] for index in choice.indexes]
        report = report_text(choice, count=wanted, order=direction, threshold=least)
        if choice.indexes:
            result = (pick_items(items, choice.indexes), picked, choice.indexes, report)
        elif otherwise == "none":
            result = ([None], [math.nan], [-1], report)
        else:
            result = ([block()], [block()], [block()], report)
        data = {"indexes": choice.indexes, "scores": picked, "items": len(numbers), "passing": choice.passing}
        return {"ui": verdict("pick_best", choice.summary, **data), "result": result}
