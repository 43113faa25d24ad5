"""Number Parameter: a named number that callers set."""

from __future__ import annotations

from typing import Any

from ..core.parameter_prompt import run_parameter
from .host.parameter_inputs import described_inputs, hidden_inputs, name_input


class NumberParameter:
    """A number of the workflow with a name of its own, such as cfg, and limits."""

    DISPLAY_NAME = "Number Parameter"
    CATEGORY = "Switchyard/Template"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("template", "float parameter", "number input", "cfg", "denoise", "api input", "variable")
    RETURN_TYPES = ("FLOAT",)
    RETURN_NAMES = ("number",)
    OUTPUT_TOOLTIPS = ("The number: plug it into as many inputs as you like.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                **name_input(),
                "value": (
                    "FLOAT",
                    {
                        "default": 0.0,
                        "min": -1e15,
                        "max": 1e15,
                        "step": 0.001,
                        "tooltip": "The number of this run, from min to max.",
                    },
                ),
            },
            "optional": described_inputs("min", "max", "step"),
            "hidden": hidden_inputs(),
        }

    @classmethod
    def VALIDATE_INPUTS(cls, problem: str = "") -> bool | str:
        return problem or True

    def execute(self, name: str, value: Any, prompt: Any = None, **described: Any) -> tuple[float]:
        return (run_parameter("number", name, value, described, prompt),)
