"""Before and After: two pictures with a line to drag between them."""

from __future__ import annotations

from typing import Any

from ..core.picture_pairs import pair_pictures, say_pairs
from .host.page import verdict
from .host.pictures import save_pairs

_MOST = 32


class BeforeAndAfter:
    """Shows two pictures in one frame, with a line to drag between them; sizes may differ, and batches are paired."""

    DISPLAY_NAME = "Before and After"
    CATEGORY = "Switchyard/Quality"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = (
        "compare images",
        "image comparer",
        "slider",
        "side by side",
        "preview",
        "hires fix",
        "difference",
    )
    INPUT_IS_LIST = True
    RETURN_TYPES = ()
    RETURN_NAMES = ()
    OUTPUT_TOOLTIPS = ()
    OUTPUT_NODE = True
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "before": (
                    "IMAGE",
                    {"tooltip": "Shown left of the line; a single one goes with each one in after."},
                ),
                "after": (
                    "IMAGE",
                    {"tooltip": "Shown right of the line, in the same frame if its size differs."},
                ),
            },
        }

    def execute(self, before: list[Any], after: list[Any]) -> dict[str, Any]:
        found = pair_pictures(before, after, _MOST)
        pairs, problem = save_pairs(found.pairs)
        return {"ui": verdict("before_after", say_pairs(found.pairs), pairs=pairs, note=problem or found.note)}
