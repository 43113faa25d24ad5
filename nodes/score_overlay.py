"""Score Overlay: draws scores on copies of the pictures they belong to."""

from __future__ import annotations

from typing import Any

from ..core.report_reading import read_report
from ..core.score_overlay import POSITIONS, badge_of, draw_scores
from .host.page import verdict
from .host.progress import stop_if_interrupted


class ScoreOverlay:
    """Draws each picture's score, verdict and reason on a copy of it, and outlines the worst tile, for a preview."""

    DISPLAY_NAME = "Score Overlay"
    CATEGORY = "Switchyard/Quality"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("badge", "annotate", "draw score", "label image", "heat map", "preview score", "caption")
    RETURN_TYPES = ("IMAGE",)
    RETURN_NAMES = ("image",)
    OUTPUT_TOOLTIPS = ("Copies of the pictures with their scores drawn on them, to look at; save the originals.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "image": ("IMAGE", {"tooltip": "The pictures that were scored, as many as the report has."}),
                "report": (
                    "STRING",
                    {
                        "forceInput": True,
                        "tooltip": "Tells what to draw: the report of a scorer, such as Quality Score.",
                    },
                ),
                "position": (
                    list(POSITIONS),
                    {"default": POSITIONS[0], "tooltip": "Puts the badge into this corner of each picture."},
                ),
                "text_scale": (
                    "FLOAT",
                    {
                        "default": 1.0,
                        "min": 0.1,
                        "max": 10.0,
                        "step": 0.1,
                        "tooltip": "Makes the text larger or smaller; at 1 it fits the size of the picture.",
                    },
                ),
                "show_worst_tile": (
                    "BOOLEAN",
                    {"default": True, "tooltip": "Outlines the part that is worst, where the scorer has found one."},
                ),
            },
        }

    def execute(
        self, image: Any, report: str, position: str, text_scale: float, show_worst_tile: bool
    ) -> dict[str, Any]:
        facts = read_report(report)
        drawn = draw_scores(image, facts, position, text_scale, show_worst_tile, stop_if_interrupted)
        badges = [badge_of(picture, facts) for picture in facts["images"]]
        said = [f"{badge.score} {badge.verdict}".strip() for badge in badges]
        more = f" and {len(said) - 3} more" if len(said) > 3 else ""
        return {"ui": verdict("score_overlay", f"drawn: {', '.join(said[:3])}{more}", said=said), "result": (drawn,)}
