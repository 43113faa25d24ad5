"""Template Parameter: a named value of any type, written as text; the one that shared graphs call TemplateParam."""

from __future__ import annotations

from typing import Any

from ..core.parameter_prompt import run_parameter
from ..core.template_parameters import TYPES, ParameterError, called
from .host.graph import ANY
from .host.parameter_inputs import described_inputs, hidden_inputs, name_input
from .host.pictures import load_picture, picture_mark, picture_missing


class TemplateParameter:
    """A value of the workflow with a name and a type of its own, written as text; the other parameters are easier."""

    DISPLAY_NAME = "Template Parameter"
    CATEGORY = "Switchyard/Template"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("template param", "parameter", "any parameter", "named value", "api input", "variable")
    RETURN_TYPES = (ANY,)
    RETURN_NAMES = ("value",)
    OUTPUT_TOOLTIPS = ("The value, as its type: text, a number, true or false, a seed, or a picture.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                **name_input(),
                "type": (
                    list(TYPES),
                    {
                        "default": TYPES[0],
                        "tooltip": "Reads the value as this; plug it only into inputs that take such a value.",
                    },
                ),
                "value": (
                    "STRING",
                    {
                        "default": "",
                        "tooltip": "The value of this run: 30, 4.5, true, a text, or a file in ComfyUI's input folder.",
                    },
                ),
            },
            "optional": described_inputs("min", "max", "step", "choices"),
            "hidden": hidden_inputs(),
        }

    @classmethod
    def VALIDATE_INPUTS(cls, problem: str = "") -> bool | str:
        return problem or True

    @classmethod
    def IS_CHANGED(cls, type: str = TYPES[0], value: Any = None, **others: Any) -> Any:  # noqa: ARG003
        return picture_mark(value) if type == "image" else ""

    def execute(self, name: str, type: str, value: Any, prompt: Any = None, **described: Any) -> tuple[Any]:
        found = run_parameter(type, name, value, described, prompt, is_text=True)
        if type != "image":
            return (found,)
        problem = picture_missing(found)
        if problem:
            raise ParameterError(f"{called(type, name)}: {problem}")
        return load_picture(found)[:1]
