"""Image Parameter: a picture of the workflow with a name of its own, which callers set by the name of a file."""

from __future__ import annotations

from typing import Any

from ..core.parameter_prompt import run_parameter
from ..core.template_parameters import ParameterError, called
from .host.parameter_inputs import described_inputs, hidden_inputs, name_input
from .host.pictures import load_picture, picture_input, picture_mark, picture_missing


class ImageParameter:
    """A picture of the workflow with a name of its own, which callers set by the name of a file."""

    DISPLAY_NAME = "Image Parameter"
    CATEGORY = "Switchyard/Template"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("template", "picture input", "load image", "upload image", "photo", "api input", "variable")
    RETURN_TYPES = ("IMAGE", "MASK")
    RETURN_NAMES = ("image", "mask")
    OUTPUT_TOOLTIPS = (
        "The picture, or all frames of an animated one.",
        "What is transparent in it, as ComfyUI's Load Image gives it.",
    )
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                **name_input(),
                "value": picture_input("The picture of this run: the name of a file in ComfyUI's input folder."),
            },
            "optional": described_inputs(),
            "hidden": hidden_inputs(),
        }

    @classmethod
    def VALIDATE_INPUTS(cls, value: Any = None, problem: str = "") -> bool | str:  # noqa: ARG003
        """Names value so that ComfyUI does not look for it in the list: files in subfolders are not there."""
        return problem or True

    @classmethod
    def IS_CHANGED(cls, value: Any = None, **others: Any) -> Any:  # noqa: ARG003
        return picture_mark(value)

    def execute(self, name: str, value: Any, prompt: Any = None, **described: Any) -> tuple[Any, Any]:
        file = run_parameter("image", name, value, described, prompt)
        problem = picture_missing(file)
        if problem:
            raise ParameterError(f"{called('image', name)}: {problem}")
        return load_picture(file)
