"""Compare: any two values, one BOOLEAN."""

from __future__ import annotations

from typing import Any

from ..core.compare import (
    COMPARISONS,
    DEFAULT_TOLERANCE,
    CompareError,
    compare,
    comparison_name,
    describe,
    read_operand,
)
from ..core.equality import Tolerance
from ..core.values import show
from .host.graph import ANY, UNPLUGGED
from .host.page import verdict


class Compare:
    """Compares two values of any kind and always gives true or false, never None and never a tensor."""

    DISPLAY_NAME = "Compare"
    CATEGORY = "Switchyard/Logic"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("condition", "greater than", "less than", "equal", "contains", "regex", "between", "is none")
    RETURN_TYPES = ("BOOLEAN", "STRING")
    RETURN_NAMES = ("result", "explanation")
    OUTPUT_TOOLTIPS = (
        "True or false: the answer, ready for Switch, Gate or any BOOLEAN input.",
        'The comparison in words, for example "0.83 > 0.8 is true".',
    )
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "a": (ANY, {"tooltip": "The value to test: a number, text, picture, mask, latent, list or anything."}),
                "comparison": (
                    list(COMPARISONS),
                    {"default": "greater_than", "tooltip": "How a is compared with b; is_none and is_empty need no b."},
                ),
            },
            "optional": {
                "b": (ANY, {"tooltip": "The value to compare with, of any type; used instead of b_value if plugged."}),
                "b_value": (
                    "STRING",
                    {
                        "default": "",
                        "tooltip": "The value to compare with when b is not plugged in: read as a number, true/false "
                        'or null, else as text; "0.2..0.8" for between, "cat, dog" for is_one_of.',
                    },
                ),
                "relative_tolerance": (
                    "FLOAT",
                    {
                        "default": DEFAULT_TOLERANCE.relative,
                        "min": 0.0,
                        "max": 1.0,
                        "step": 0.00001,
                        "round": False,
                        "advanced": True,
                        "tooltip": "How far apart close values may be, as a share of the larger one (0 to 1); used by "
                        "approximately_equal, and by equal for pictures, masks and latents.",
                    },
                ),
                "absolute_tolerance": (
                    "FLOAT",
                    {
                        "default": DEFAULT_TOLERANCE.absolute,
                        "min": 0.0,
                        "max": 1e9,
                        "step": 0.000001,
                        "round": False,
                        "advanced": True,
                        "tooltip": "How far apart close values may always be, in their own unit; 0.004 is one step of "
                        "an 8-bit picture.",
                    },
                ),
            },
        }

    @classmethod
    def VALIDATE_INPUTS(cls, comparison: str | None = None) -> bool | str:
        try:
            return comparison is None or bool(comparison_name(comparison))
        except CompareError as error:
            return str(error)

    def execute(
        self,
        a: Any,
        comparison: str,
        b: Any = UNPLUGGED,
        b_value: str = "",
        relative_tolerance: float = DEFAULT_TOLERANCE.relative,
        absolute_tolerance: float = DEFAULT_TOLERANCE.absolute,
    ) -> dict[str, Any]:
        if b is UNPLUGGED:
            b = read_operand(b_value, a, comparison) if isinstance(b_value, str) else b_value
        result = compare(a, comparison, b, Tolerance(relative_tolerance, absolute_tolerance))
        words = describe(a, comparison, b, result)
        data = {"a": show(a), "comparison": comparison_name(comparison), "b": show(b), "result": result}
        return {"ui": verdict("compare", words, **data), "result": (result, words)}
