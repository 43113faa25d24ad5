"""Integer Parameter: a named whole number that callers set."""

from __future__ import annotations

from typing import Any

from ..core.parameter_prompt import run_parameter
from ..core.template_parameters import RANGES
from .host.parameter_inputs import described_inputs, hidden_inputs, name_input


class IntegerParameter:
    """A whole number of the workflow with a name of its own, such as steps, and limits."""

    DISPLAY_NAME = "Integer Parameter"
    CATEGORY = "Switchyard/Template"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("template", "int parameter", "integer input", "steps", "width", "api input", "variable")
    RETURN_TYPES = ("INT",)
    RETURN_NAMES = ("integer",)
    OUTPUT_TOOLTIPS = ("The number: plug it into as many inputs as you like.",)
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
                        "min": RANGES["integer"][0],
                        "max": RANGES["integer"][1],
                        "tooltip": "The number of this run, a whole one from min to max.",
                    },
                ),
            },
            "optional": described_inputs("min", "max", "step"),
            "hidden": hidden_inputs(),
        }

    @classmethod
    def VALIDATE_INPUTS(cls, problem: str = "") -> bool | str:
        return problem or True

    def execute(self, name: str, value: Any, prompt: Any = None, **described: Any) -> tuple[int]:
        return (run_parameter("integer", name, value, described, prompt),)
