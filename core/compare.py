"""Compares two values of any kind; the answer is always one Python bool, or a CompareError that names both kinds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence, Set
from numbers import Number
from typing import Any, NamedTuple

from .equality import Tolerance, equal, is_list
from .literals import read_list, read_literal, read_number, read_range
from .regex import Regex, RegexError
from .values import as_list, is_grid, is_nan, is_tensor, kind_of, show, show_number, unwrap

DEFAULT_TOLERANCE = Tolerance()


class CompareError(ValueError):
    """Two values that can't be compared in the way asked for, or a comparison that does not exist."""


class _KindsDoNotFitError(Exception):
    """Raised inside a comparison when the kinds do not fit; carries what would fit."""


def _order(a: Any, b: Any) -> tuple[Any, Any]:
    """Brings two values to a common, orderable type: numbers, or text if neither side is a number."""
    if isinstance(a, str) and isinstance(b, str):
        numbers = read_number(a), read_number(b)
        return (a, b) if None in numbers else numbers
    a, b = (read_number(v) if isinstance(v, str) else v for v in (a, b))
    if not all(isinstance(v, Number) and not isinstance(v, complex) for v in (a, b)):
        raise _KindsDoNotFitError("two numbers or two texts")
    return a, b


def _greater(a: Any, b: Any, _: Tolerance) -> bool:
    a, b = _order(a, b)
    return a > b


def _greater_or_equal(a: Any, b: Any, _: Tolerance) -> bool:
    a, b = _order(a, b)
    return a >= b


def _less(a: Any, b: Any, _: Tolerance) -> bool:
    a, b = _order(a, b)
    return a < b


def _less_or_equal(a: Any, b: Any, _: Tolerance) -> bool:
    a, b = _order(a, b)
    return a <= b


def _approximately_equal(a: Any, b: Any, tolerance: Tolerance) -> bool:
    if not (_is_measurable(a) and _is_measurable(b)):
        raise _KindsDoNotFitError("two numbers, two pictures, masks or latents, or two lists or dicts of numbers")
    return equal(a, b, tolerance, close_numbers=True)


def _is_measurable(value: Any) -> bool:
    if isinstance(value, str):
        return read_number(value) is not None
    return is_grid(value) or isinstance(value, (Number, Mapping, Sequence))


def _between(a: Any, b: Any, tolerance: Tolerance) -> bool:
    bounds = read_range(b) if isinstance(b, str) else as_list(b)
    if not isinstance(bounds, Sequence) or isinstance(bounds, (str, bytes)) or len(bounds) != 2:
        raise _KindsDoNotFitError('a range such as "0.2..0.8", or a list of two bounds')
    low, high = (unwrap(bound) for bound in bounds)
    if _greater(low, high, tolerance):
        raise _KindsDoNotFitError(f"the lower bound first (got {show(low)} and {show(high)})")
    return _greater_or_equal(a, low, tolerance) and _less_or_equal(a, high, tolerance)


def _contains(a: Any, b: Any, tolerance: Tolerance) -> bool:
    if isinstance(a, str):
        return _as_text(b) in a
    if isinstance(a, (Mapping, Set, Sequence)) and not isinstance(a, (bytes, bytearray)):
        return any(equal(item, b, tolerance) for item in a)
    raise _KindsDoNotFitError("text, a list or a dict")


def _is_one_of(a: Any, b: Any, tolerance: Tolerance) -> bool:
    items: Any = read_list(b) if isinstance(b, str) else as_list(b)
    items = items.tolist() if is_grid(items) else items
    if isinstance(items, (bytes, bytearray)) or not isinstance(items, (Mapping, Set, Sequence)):
        raise _KindsDoNotFitError('a list, or text such as "cat, dog, bird"')
    return any(equal(a, item, tolerance) for item in items)


def _starts_with(a: Any, b: Any, _: Tolerance) -> bool:
    return _as_text(a).startswith(_as_text(b))


def _ends_with(a: Any, b: Any, _: Tolerance) -> bool:
    return _as_text(a).endswith(_as_text(b))


def _matches_regex(a: Any, b: Any, _: Tolerance) -> bool:
    text, pattern = _as_text(a), _as_text(b)
    try:
        return Regex(pattern).is_found_in(text)
    except RegexError as error:
        raise CompareError(str(error)) from error


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    raise _KindsDoNotFitError("text")


def _is_empty(a: Any, _b: Any, _: Tolerance) -> bool:
    if a is None:
        return True
    if is_grid(a):
        return 0 in a.shape
    if isinstance(a, Mapping) and is_tensor(a.get("samples")):
        return 0 in a["samples"].shape
    try:
        return len(a) == 0
    except TypeError:
        return False


class Comparison(NamedTuple):
    """One comparison: how a sentence says it, what decides it, and other spellings that are accepted."""

    words: str
    decide: Callable[[Any, Any, Tolerance], bool]
    spellings: tuple[str, ...] = ()
    takes_b: bool = True


COMPARISONS: dict[str, Comparison] = {
    "equal": Comparison("==", equal, ("==", "=")),
    "not_equal": Comparison("!=", lambda a, b, tolerance: not equal(a, b, tolerance), ("!=", "<>")),
    "greater_than": Comparison(">", _greater, (">",)),
    "greater_or_equal": Comparison(">=", _greater_or_equal, (">=",)),
    "less_than": Comparison("<", _less, ("<",)),
    "less_or_equal": Comparison("<=", _less_or_equal, ("<=",)),
    "approximately_equal": Comparison("~=", _approximately_equal, ("~=",)),
    "between": Comparison("is between", _between),
    "contains": Comparison("contains", _contains),
    "not_contains": Comparison("does not contain", lambda a, b, tolerance: not _contains(a, b, tolerance)),
    "starts_with": Comparison("starts with", _starts_with),
    "ends_with": Comparison("ends with", _ends_with),
    "matches_regex": Comparison("matches", _matches_regex),
    "is_one_of": Comparison("is one of", _is_one_of),
    "is_none": Comparison("is None", lambda a, _b, _: a is None, takes_b=False),
    "is_empty": Comparison("is empty", _is_empty, takes_b=False),
}
_NAMES = {name: name for name in COMPARISONS}
for _name, _comparison in COMPARISONS.items():
    for _spelling in _comparison.spellings:
        _NAMES[_spelling] = _NAMES[f"a{_spelling}b"] = _name


def comparison_name(spelling: Any) -> str:
    """Gives the name of a comparison for any accepted spelling: "greater_than", ">" or "a > b".

    Raises:
        CompareError: for anything else; the message lists the names.
    """
    name = _NAMES.get("".join(spelling.split())) if isinstance(spelling, str) else None
    if name is None:
        raise CompareError(f"There is no comparison {show(spelling)}. Use one of: {', '.join(COMPARISONS)}.")
    return name


def read_operand(text: str, a: Any, comparison: str) -> Any:
    """Reads what was typed as the second value: a number, true/false, null, else text.

    It stays text where the comparison itself reads it (ranges, lists, patterns, what a text or list is searched for),
    and where it is the very text that it is compared with ("null" equals "null").

    Raises:
        CompareError: the comparison does not exist, or it looks for a text and none was typed: each text contains,
            starts and ends with an empty one.
    """
    if text == "" and comparison_name(comparison) in _LOOKS_FOR_TEXT:
        raise CompareError(
            f"There is nothing to look for: {comparison_name(comparison)} needs a text. Plug in b or type b_value."
        )
    is_same_text = isinstance(a, str) and a == text
    return text if is_same_text or comparison_name(comparison) in _READS_ITS_TEXT else read_literal(text)


_LOOKS_FOR_TEXT = frozenset({"contains", "not_contains", "starts_with", "ends_with", "matches_regex"})
_READS_ITS_TEXT = _LOOKS_FOR_TEXT | {"between", "is_one_of"}


def compare(a: Any, comparison: str, b: Any = None, tolerance: Tolerance = DEFAULT_TOLERANCE) -> bool:
    """Compares a with b.

    Numpy and torch scalars and one-element tensors count as the number they hold. `equal` and `not_equal` take any
    two values: two of different kinds are not equal, but text that reads as a number equals that number. NaN
    satisfies nothing but `not_equal`. Ordering two texts that both read as numbers orders the numbers.

    Raises:
        CompareError: the comparison does not exist, or these two kinds can't be compared this way.
    """
    name = comparison_name(comparison)
    is_equality = name in ("equal", "not_equal")
    try:
        if not is_equality:  # equality looks at shapes first
            a, b = _operand(a, name, "a", b), _operand(b, name, "b", a)
        if not is_equality and (is_nan(a) or (COMPARISONS[name].takes_b and is_nan(b))):
            return False
        return bool(COMPARISONS[name].decide(a, b, tolerance))
    except CompareError:
        raise
    except _KindsDoNotFitError as error:
        raise _no_way(a, name, b, f"It needs {error}.") from error
    except RecursionError as error:
        raise _no_way(a, name, b, "They are nested too deeply.") from error
    except Exception as error:  # a foreign object's own comparison may raise anything
        raise _no_way(a, name, b, f"Comparing them failed: {_reason(error)}.") from error


def _operand(value: Any, name: str, side: str, other: Any) -> Any:
    """Unwraps one side; but where a list is looked into, a tensor or array of one number is a list of one."""
    is_list_there = (name, side) in _LOOKED_INTO or (name == "approximately_equal" and is_list(other))
    plain, items = unwrap(value), as_list(value) if is_list_there else value
    return plain if items is value or isinstance(plain, str) else items


_LOOKED_INTO = {("contains", "a"), ("not_contains", "a"), ("is_one_of", "b")}


def _reason(error: Exception) -> str:
    try:
        return f"{type(error).__name__}: {error}".rstrip(".")
    except Exception:  # noqa: BLE001 - a foreign exception may fail to say what it is
        return type(error).__name__


def _no_way(a: Any, name: str, b: Any, why: str) -> CompareError:
    sides = [
        kind_of(v) + (f" ({show(v)})" if kind_of(v) in ("INT", "FLOAT", "BOOLEAN", "STRING") else "") for v in (a, b)
    ]
    shown = " with ".join(sides) if COMPARISONS[name].takes_b else sides[0]
    return CompareError(f"Can't compare {shown} by {name}. {why}")


def describe(a: Any, comparison: str, b: Any, result: bool) -> str:
    """Says a comparison and its answer in words: '0.83 > 0.8 is true', '"a cat" contains "dog" is false'.

    Numbers are rounded, but never so far that two different ones look the same.
    """
    name = comparison_name(comparison)
    a, b = unwrap(a), unwrap(b)
    items = _few_items(b)
    numbers = [v for v in (a, *(items if items is not None else [b])) if type(v) in (int, float)]
    shown_a = _show_apart(a, numbers)
    shown_b = _show_apart(b, numbers) if items is None else f"[{', '.join(_show_apart(v, numbers) for v in items)}]"
    words = f"{shown_a} {COMPARISONS[name].words}" + (f" {shown_b}" if COMPARISONS[name].takes_b else "")
    return f"{words} is {'true' if result else 'false'}"


def _few_items(value: Any) -> list[Any] | None:
    try:
        return list(value) if isinstance(value, (list, tuple)) and len(value) <= 5 else None
    except Exception:  # noqa: BLE001 - foreign lists may fail at anything
        return None


def _show_apart(value: Any, numbers: list[int | float]) -> str:
    if type(value) is not float or value != value:
        return show(value)
    short = show_number(value)
    looks_the_same = (other != value and other == other and _rounded(other) == float(short) for other in numbers)
    return repr(value) if math.isfinite(value) and any(looks_the_same) else short


def _rounded(number: int | float) -> float:
    try:
        return float(f"{number:.6g}")
    except OverflowError:
        return math.inf
