"""Switch: one of two branches; the other one does not run."""

from __future__ import annotations

from typing import Any

from ..core.values import is_true, show
from .host.graph import ANY, UNPLUGGED, branch_input, condition_input, if_missing_input, missing_branch
from .host.page import verdict


class Switch:
    """Passes on_true or on_false on. The branch not taken does not run, and may be unplugged, muted or bypassed."""

    DISPLAY_NAME = "Switch"
    CATEGORY = "Switchyard/Logic"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("if else", "if", "branch", "conditional", "ternary", "lazy switch", "route")
    RETURN_TYPES = (ANY,)
    RETURN_NAMES = ("value",)
    OUTPUT_TOOLTIPS = ("The value of the branch that was taken, unchanged.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "condition": condition_input(
                    True,
                    "Takes on_true if this is true, else on_false; numbers, text and lists count as Python takes them, "
                    'and NaN, None and the texts "false", "no", "off" and "0" are false.',
                ),
            },
            "optional": {
                "on_true": branch_input("Passed on when the condition is true; runs only then. Any type."),
                "on_false": branch_input("Passed on when the condition is false; runs only then. Any type."),
                "if_missing": if_missing_input(),
            },
        }

    def check_lazy_status(self, condition: Any, **branches: Any) -> list[str]:
        name = _branch(condition)
        return [name] if branches.get(name, UNPLUGGED) is None else []

    def execute(self, condition: Any, if_missing: str = "error", **branches: Any) -> dict[str, Any]:
        name = _branch(condition)
        value = branches.get(name, UNPLUGGED)
        summary = f"{show(condition)}: took {name}"
        if value is UNPLUGGED:
            summary = f"{show(condition)}: {name} is not plugged in"
            problem = f"Switch chose {name} (the condition is {show(condition)}), but nothing is plugged in there."
            value = missing_branch(if_missing, problem)
        return {"ui": verdict("switch", summary, condition=show(condition), branch=name), "result": (value,)}


def _branch(condition: Any) -> str:
    return "on_true" if is_true(condition) else "on_false"
