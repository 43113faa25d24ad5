"""Select: one of up to ten branches, chosen by a value."""

from __future__ import annotations

from typing import Any

from ..core.select import MAX_BRANCHES, Case, CaseError, choose_case, read_cases
from ..core.values import show
from .host.graph import ANY, UNPLUGGED, branch_input, if_missing_input, missing_branch
from .host.page import verdict


class Select:
    """Passes the one input on whose case the value fits, else the default. Only the chosen input runs."""

    DISPLAY_NAME = "Select"
    CATEGORY = "Switchyard/Logic"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("switch case", "match", "choose", "multi switch", "select by name", "index switch", "route")
    RETURN_TYPES = (ANY, "INT", "STRING")
    RETURN_NAMES = ("value", "index", "label")
    OUTPUT_TOOLTIPS = (
        "The value of the chosen input, unchanged.",
        "The number of the chosen input, from 0; -1 when the default was taken.",
        'The label of the case that fitted (the text after "->", else its pattern); "default" when none did.',
    )
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "value": (ANY, {"tooltip": "Chooses the input: text, a number or true/false, held against each case."}),
                "cases": (
                    "STRING",
                    {
                        "default": "",
                        "multiline": True,
                        "tooltip": "One case a line; the first line chooses input_0, the next input_1, up to 10. A "
                        "case is an exact text or number, alternatives (cat | dog), a /regex/i, or a range (0.2..0.8, "
                        '>= 0.8); " -> label" names it; "# " begins a comment. Empty: the value itself is the '
                        "index, from 0.",
                    },
                ),
            },
            "optional": {
                **{
                    f"input_{index}": branch_input(f"Passed on when the value fits case {index}; runs only then.")
                    for index in range(MAX_BRANCHES)
                },
                "default": branch_input("Passed on when the value fits no case; runs only then."),
                "if_missing": if_missing_input(),
            },
        }

    @classmethod
    def VALIDATE_INPUTS(cls, cases: str | None = None) -> bool | str:
        try:
            return cases is None or read_cases(cases) is not None
        except CaseError as error:
            return str(error)

    def check_lazy_status(self, value: Any, cases: str, **branches: Any) -> list[str]:
        name, _, _ = _choose(value, read_cases(cases))
        return [name] if branches.get(name, UNPLUGGED) is None else []

    def execute(self, value: Any, cases: str, if_missing: str = "error", **branches: Any) -> dict[str, Any]:
        name, index, label = _choose(value, read_cases(cases))
        chosen = branches.get(name, UNPLUGGED)
        summary = f"{show(value)}: took {name} ({label})" if index >= 0 else f"{show(value)}: took the default"
        if chosen is UNPLUGGED:
            summary = f"{show(value)}: {name} is not plugged in"
            problem = f"Select chose {name} ({label}) for {show(value)}, but nothing is plugged in there."
            chosen = missing_branch(if_missing, problem)
        data = {"value": show(value), "branch": name, "index": index, "label": label}
        return {"ui": verdict("select", summary, **data), "result": (chosen, index, label)}


def _choose(value: Any, cases: list[Case]) -> tuple[str, int, str]:
    index = choose_case(value, cases)
    if index is None:
        return "default", -1, "default"
    return f"input_{index}", index, cases[index].label if cases else str(index)
