"""First Available: the first input that is plugged in and not None."""

from __future__ import annotations

from typing import Any

from .host.graph import ANY, branch_input, if_missing_input, is_evaluated, missing_branch
from .host.page import verdict

_MAX_INPUTS = 10


class FirstAvailable:
    """Passes the first input on that is plugged in and not None. Asked in order: later ones do not run in vain."""

    DISPLAY_NAME = "First Available"
    CATEGORY = "Switchyard/Logic"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("coalesce", "any switch", "fallback", "first not none", "merge", "default value", "or")
    INPUT_IS_LIST = True
    RETURN_TYPES = (ANY, "INT")
    RETURN_NAMES = ("value", "index")
    OUTPUT_TOOLTIPS = (
        "The value of the first input that is plugged in and not None, unchanged.",
        "The number of that input, from 0; -1 when there was none.",
    )
    OUTPUT_IS_LIST = (True, False)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {},
            "optional": {
                **{
                    f"input_{index}": branch_input(
                        "Passed on if it is not None and nothing before it was available; runs only if it is asked for."
                    )
                    for index in range(_MAX_INPUTS)
                },
                "if_missing": if_missing_input(),
            },
        }

    def check_lazy_status(self, **inputs: Any) -> list[str]:
        for name in _plugged(inputs):
            if not is_evaluated(inputs[name]):
                return [name]
            if _is_available(inputs[name]):
                break
        return []

    def execute(self, if_missing: tuple[str, ...] = ("error",), **inputs: Any) -> dict[str, Any]:
        names = _plugged(inputs)
        name = next((name for name in names if _is_available(inputs[name])), None)
        if name is None:
            summary, index = "no input has a value", -1
            value = [missing_branch(if_missing[0], "None of the inputs is plugged in and has a value.")]
        else:
            summary, index, value = f"took {name}", int(name.removeprefix("input_")), inputs[name]
        return {"ui": verdict("first_available", summary, index=index, plugged=names), "result": (value, index)}


def _plugged(inputs: dict[str, Any]) -> list[str]:
    return [f"input_{index}" for index in range(_MAX_INPUTS) if f"input_{index}" in inputs]


def _is_available(values: Any) -> bool:
    return is_evaluated(values) and any(value is not None for value in values)
