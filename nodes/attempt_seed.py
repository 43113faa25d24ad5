"""Attempt Seed: marks the seeds that a Quality Gate varies."""

from __future__ import annotations

from typing import Any

from ..core.seeds import HIGHEST_SEED


class AttemptSeed:
    """Gives a seed. A Quality Gate downstream varies only the seeds that come from here, and leaves others alone."""

    DISPLAY_NAME = "Attempt Seed"
    CATEGORY = "Switchyard/Quality"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("seed", "vary seed", "retry seed", "noise seed")
    RETURN_TYPES = ("INT",)
    RETURN_NAMES = ("seed",)
    OUTPUT_TOOLTIPS = ("The seed; in a further attempt of a Quality Gate, that attempt's seed.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "seed": (
                    "INT",
                    {
                        "default": 0,
                        "min": 0,
                        "max": HIGHEST_SEED,
                        "control_after_generate": True,
                        "tooltip": "The seed of the first attempt, 0 to 18446744073709551615.",
                    },
                )
            }
        }

    def execute(self, seed: int) -> tuple[int]:
        return (seed,)
