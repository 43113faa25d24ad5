"""Boolean Parameter: a named true or false that callers set."""

from __future__ import annotations

from typing import Any

from ..core.parameter_prompt import run_parameter
from .host.parameter_inputs import described_inputs, hidden_inputs, name_input


class BooleanParameter:
    """A true or false of the workflow with a name of its own, such as upscale, by which callers set it."""

    DISPLAY_NAME = "Boolean Parameter"
    CATEGORY = "Switchyard/Template"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("template", "bool parameter", "toggle", "switch input", "api input", "variable")
    RETURN_TYPES = ("BOOLEAN",)
    RETURN_NAMES = ("boolean",)
    OUTPUT_TOOLTIPS = ("True or false: plug it into a Switch or a Gate, or into any toggle.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                **name_input(),
                "value": ("BOOLEAN", {"default": False, "tooltip": "True or false in this run."}),
            },
            "optional": described_inputs(),
            "hidden": hidden_inputs(),
        }

    @classmethod
    def VALIDATE_INPUTS(cls, problem: str = "") -> bool | str:
        return problem or True

    def execute(self, name: str, value: Any, prompt: Any = None, **described: Any) -> tuple[bool]:
        return (run_parameter("boolean", name, value, described, prompt),)
