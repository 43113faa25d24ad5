"""Seed Parameter: a named seed that callers set and a Quality Gate varies."""

from __future__ import annotations

from typing import Any

from ..core.parameter_prompt import run_parameter
from ..core.template_parameters import RANGES
from .host.parameter_inputs import described_inputs, hidden_inputs, name_input


class SeedParameter:
    """A seed of the workflow with a name of its own, which a Quality Gate varies within its limits."""

    DISPLAY_NAME = "Seed Parameter"
    CATEGORY = "Switchyard/Template"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("template", "seed input", "noise seed", "random seed", "api input", "variable")
    RETURN_TYPES = ("INT",)
    RETURN_NAMES = ("seed",)
    OUTPUT_TOOLTIPS = ("The seed; in a further attempt of a Quality Gate, that attempt's seed.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                **name_input(),
                "value": (
                    "INT",
                    {
                        "default": 0,
                        "min": RANGES["seed"][0],
                        "max": RANGES["seed"][1],
                        "control_after_generate": True,
                        "tooltip": "The seed of this run, a whole number from min to max.",
                    },
                ),
            },
            "optional": described_inputs("min", "max"),
            "hidden": hidden_inputs(),
        }

    @classmethod
    def VALIDATE_INPUTS(cls, problem: str = "") -> bool | str:
        return problem or True

    def execute(self, name: str, value: Any, prompt: Any = None, **described: Any) -> tuple[int]:
        return (run_parameter("seed", name, value, described, prompt),)
