"""Text Parameter: a named text that callers set."""

from __future__ import annotations

from typing import Any

from ..core.parameter_prompt import run_parameter
from .host.parameter_inputs import described_inputs, hidden_inputs, name_input


class TextParameter:
    """A text of the workflow with a name of its own, such as prompt, by which callers set it."""

    DISPLAY_NAME = "Text Parameter"
    CATEGORY = "Switchyard/Template"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("template", "prompt input", "string parameter", "text input", "api input", "variable")
    RETURN_TYPES = ("STRING",)
    RETURN_NAMES = ("text",)
    OUTPUT_TOOLTIPS = ("The text: plug it into as many inputs as you like.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                **name_input(),
                "value": (
                    "STRING",
                    {"default": "", "multiline": True, "tooltip": "The text of this run, any text, also an empty one."},
                ),
            },
            "optional": described_inputs(),
            "hidden": hidden_inputs(),
        }

    @classmethod
    def VALIDATE_INPUTS(cls, problem: str = "") -> bool | str:
        return problem or True

    def execute(self, name: str, value: Any, prompt: Any = None, **described: Any) -> tuple[str]:
        return (run_parameter("text", name, value, described, prompt),)
