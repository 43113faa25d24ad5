"""Gate: passes a value on, or keeps both what is before it and what is after it from running."""

from __future__ import annotations

from typing import Any

from ..core.values import is_true, show
from .host.graph import ANY, UNPLUGGED, block, branch_input, condition_input
from .host.page import verdict


class Gate:
    """Open: passes the value on. Closed: what is upstream does not run, and what is downstream stays silent."""

    DISPLAY_NAME = "Gate"
    CATEGORY = "Switchyard/Logic"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("block", "stop", "barrier", "valve", "blocker", "conditional save", "pass through", "skip")
    RETURN_TYPES = (ANY,)
    RETURN_NAMES = ("value",)
    OUTPUT_TOOLTIPS = ("The value, unchanged, while the gate is open; while it is closed nothing after it runs.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "open": condition_input(
                    True,
                    "True lets the value pass; false keeps the nodes before and after the gate from running. Takes any "
                    "type, as Switch does.",
                ),
            },
            "optional": {
                "value": branch_input("Passed on while the gate is open; runs only then. Any type."),
                "message": (
                    "STRING",
                    {
                        "default": "",
                        "tooltip": "Shown once in the page as a notice when the gate is closed; empty: silent.",
                    },
                ),
            },
        }

    def check_lazy_status(self, open: Any, value: Any = UNPLUGGED, **_: Any) -> list[str]:
        return ["value"] if value is None and is_true(open) else []

    def execute(self, open: Any, value: Any = UNPLUGGED, message: str = "") -> dict[str, Any]:
        is_open = is_true(open)
        if not is_open:
            value = block(message or None)
        elif value is UNPLUGGED:
            raise ValueError(
                "The gate is open, but nothing is plugged into value. Plug something in or close the gate."
            )
        summary = f"{show(open)}: {'open' if is_open else 'closed'}"
        return {"ui": verdict("gate", summary, open=is_open, message=message), "result": (value,)}
