"""Seed Sequence: several seeds out of one, the ones that a Quality Gate would try."""

from __future__ import annotations

from typing import Any

from ..core.seeds import HIGHEST_SEED, SEED_MODES, read_seeds, seed_sequence
from .host.page import verdict


class SeedSequence:
    """Gives several seeds as a list: what is plugged in runs once for each. The seeds are those of a Quality Gate."""

    DISPLAY_NAME = "Seed Sequence"
    CATEGORY = "Switchyard/Quality"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = (
        "seed list",
        "seeds",
        "multiple seeds",
        "batch seeds",
        "seed generator",
        "for each seed",
        "xy plot",
    )
    RETURN_TYPES = ("INT", "STRING")
    RETURN_NAMES = ("seeds", "text")
    OUTPUT_TOOLTIPS = (
        "The seeds as a list: what is plugged in here runs once for each, in this order.",
        "The seeds as text, separated by commas, as the seed_list of Quality Gate takes them.",
    )
    OUTPUT_IS_LIST = (True, False)
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
                        "tooltip": "The first seed, 0 to 18446744073709551615; not used when seed_mode is list.",
                    },
                ),
                "count": (
                    "INT",
                    {
                        "default": 8,
                        "min": 1,
                        "max": 10000,
                        "tooltip": "Gives this many seeds; a list that is shorter gives as many as it has.",
                    },
                ),
                "seed_mode": (
                    list(SEED_MODES),
                    {
                        "default": SEED_MODES[0],
                        "tooltip": "Counts up from the seed, hashes it (no pattern, always the same ones), or takes "
                        "the seeds of seed_list.",
                    },
                ),
            },
            "optional": {
                "seed_list": (
                    "STRING",
                    {
                        "default": "",
                        "tooltip": "The seeds, separated by commas, each used once; used when seed_mode is list.",
                    },
                ),
            },
        }

    @classmethod
    def VALIDATE_INPUTS(cls, seed_list: str | None = None) -> bool | str:
        try:
            read_seeds(seed_list or "")
        except ValueError as error:
            return str(error)
        return True

    def execute(self, seed: int, count: int, seed_mode: str, seed_list: str = "") -> dict[str, Any]:
        seeds = seed_sequence(seed, count, seed_mode, read_seeds(seed_list))
        text = ", ".join(str(one) for one in seeds)
        summary = f"{len(seeds)} seed{'' if len(seeds) == 1 else 's'}, {seed_mode}: {_in_short(seeds)}"
        # Text: numbers of JavaScript hold 53 bits.
        return {"ui": verdict("seed_sequence", summary, seeds=text), "result": (seeds, text)}


def _in_short(seeds: list[int]) -> str:
    shown = ", ".join(str(one) for one in seeds[:3])
    return shown if len(seeds) <= 3 else f"{shown}, ... {seeds[-1]}"
