"""Choice Parameter: a named choice that callers set, for inputs with a list."""

from __future__ import annotations

from typing import Any

from ..core.parameter_prompt import run_parameter
from .host.parameter_inputs import described_inputs, hidden_inputs, name_input
from .host.sampling import COMBO


class ChoiceParameter:
    """One of several texts, with a name of its own, such as sampler; for lists of checkpoints, samplers and others."""

    DISPLAY_NAME = "Choice Parameter"
    CATEGORY = "Switchyard/Template"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = (
        "template",
        "combo parameter",
        "dropdown",
        "enum",
        "checkpoint",
        "sampler",
        "scheduler",
        "api input",
    )
    RETURN_TYPES = (COMBO,)
    RETURN_NAMES = ("choice",)
    OUTPUT_TOOLTIPS = ("The choice: plug it into lists such as ckpt_name, sampler_name and scheduler.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                **name_input(),
                "value": (
                    "STRING",
                    {"default": "", "tooltip": "The choice of this run: one of choices, or of what the input takes."},
                ),
            },
            "optional": described_inputs("choices"),
            "hidden": hidden_inputs(),
        }

    @classmethod
    def VALIDATE_INPUTS(cls, problem: str = "") -> bool | str:
        return problem or True

    def execute(self, name: str, value: Any, prompt: Any = None, **described: Any) -> tuple[str]:
        return (run_parameter("choice", name, value, described, prompt),)
