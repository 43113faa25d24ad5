"""The cases of Select: one line each, read as text, number, alternatives, regular expression or range."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from .equality import Tolerance, equal
from .literals import read_literal, read_number, read_range
from .values import is_array, is_tensor, kind_of, show, unwrap

MAX_BRANCHES = 10

_EXACT = Tolerance(relative=0.0, absolute=0.0)
_REGEX = re.compile(r"/(.*)/([a-z]*)\Z", re.DOTALL)
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}
_BOUND = re.compile(r"(>=|<=|>|<)\s*(\S+)\Z")


class CaseError(ValueError):
    """A case that can't be read, or a value that cases can't be chosen by."""


class Case(NamedTuple):
    """One line of Select's cases: the pattern that a value must fit, and the label given out when it does."""

    pattern: str
    label: str


def read_cases(text: str) -> list[Case]:
    """Reads cases, one a line: `pattern` or `pattern -> label`; empty lines and lines that start with # are skipped.

    Raises:
        CaseError: more than MAX_BRANCHES cases, an empty pattern, or a regular expression that is not valid.
    """
    cases: list[Case] = []
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        pattern, _, label = (part.strip() for part in _split_label(line))
        if not pattern:
            raise CaseError(f"The case {show(line)} has no pattern before its arrow.")
        _regex(pattern)
        cases.append(Case(pattern, label or pattern))
    if len(cases) > MAX_BRANCHES:
        raise CaseError(f"There are {len(cases)} cases, but only {MAX_BRANCHES} inputs to choose from.")
    return cases


def _split_label(line: str) -> tuple[str, str, str]:
    return f" {line}".rpartition(" -> ") if " -> " in f" {line}" else (line, "", "")


def choose_case(value: Any, cases: list[Case]) -> int | None:
    """Gives the index of the first case that the value fits, or None.

    Without any cases the value itself is the index: a whole number from 0 to MAX_BRANCHES - 1. A pattern is an exact
    text or number, alternatives ("cat | dog"), a regular expression ("/cat|dog/i"), or a range of numbers ("0.2..0.8",
    ">= 0.8"; both bounds belong to a range).

    Raises:
        CaseError: the value is a tensor of several values or another kind that has no text or number, or there are
            no cases and it is no whole number.
    """
    value = unwrap(value)
    if not cases:
        return _index(value)
    if not isinstance(value, (bool, int, float, str)) and value is not None:
        raise CaseError(f"Select can't choose by a {kind_of(value)}: plug in text, a number or true/false.")
    return next((index for index, case in enumerate(cases) if fits(value, case.pattern)), None)


def _index(value: Any) -> int | None:
    number = read_number(value) if isinstance(value, str) else value
    if is_tensor(number) or is_array(number) or not isinstance(number, (bool, int, float)):
        raise CaseError(f"There are no cases, so the value must be an index (0, 1, 2, ...), not {show(value)}.")
    if number != number or number in (float("inf"), float("-inf")) or number != int(number):
        raise CaseError(f"There are no cases, so the value must be a whole number, not {show(number)}.")
    return int(number) if 0 <= number < MAX_BRANCHES else None


def fits(value: bool | int | float | str | None, pattern: str) -> bool:
    """Answers whether a value fits one pattern (see choose_case). NaN fits nothing."""
    if len(pattern) > 1 and pattern[0] == pattern[-1] == '"':
        return _fits_text(value, pattern[1:-1])
    regex = _regex(pattern)
    if regex is not None:
        return regex.search(value if isinstance(value, str) else str(value).lower()) is not None
    if "|" in pattern:
        return any(fits(value, part.strip()) for part in pattern.split("|") if part.strip())
    is_inside = _range(pattern)
    if is_inside is not None:
        number = read_number(value) if isinstance(value, str) else value
        return number is not None and is_inside(number)
    return _fits_text(value, pattern)


def _fits_text(value: bool | int | float | str | None, text: str) -> bool:
    return value.strip() == text if isinstance(value, str) else equal(value, read_literal(text), _EXACT)


def _range(pattern: str) -> Callable[[int | float], bool] | None:
    bounds = read_range(pattern) if ".." in pattern else None
    if bounds is not None:
        return lambda number: bounds[0] <= number <= bounds[1]
    match = _BOUND.match(pattern)
    bound = read_number(match[2]) if match else None
    if match is None or bound is None:
        return None
    return {
        ">": lambda number: number > bound,
        ">=": lambda number: number >= bound,
        "<": lambda number: number < bound,
        "<=": lambda number: number <= bound,
    }[match[1]]


def _regex(pattern: str) -> re.Pattern[str] | None:
    match = _REGEX.match(pattern)
    if match is None:
        return None
    unknown = set(match[2]) - set(_FLAGS)
    if unknown:
        raise CaseError(f"The case {show(pattern)} has unknown flags {sorted(unknown)}; allowed are {sorted(_FLAGS)}.")
    try:
        return re.compile(match[1], sum(_FLAGS[flag] for flag in set(match[2])))
    except (re.error, OverflowError, RecursionError) as error:
        raise CaseError(f"The regular expression {show(pattern)} is not valid: {error}.") from error
