"""The cases of Select: one a line, each a text, number, range, regular expression, or several of these."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from .equality import Tolerance, equal
from .literals import read_literal, read_number, read_range
from .regex import Regex, RegexError
from .values import is_grid, is_nan, kind_of, show, unwrap

MAX_BRANCHES = 10

Value = bool | int | float | str | None
Test = Callable[[Any], bool]

_CLOSE = Tolerance(relative=1e-6, absolute=0.0)  # a float32 0.8 fits the case 0.8
_END = r"\s*(?=\||\s->(?:\s|$)|$)"  # what a pattern is followed by: another one, a label, or nothing
_QUOTED = re.compile(rf'"(.*?)"{_END}')
_REGEX = re.compile(rf"/(.+?)/([a-z]*){_END}")
_COMMENT = re.compile(r"#+(?:\s|$)")  # "#ff0000" and "#1girl" are texts
_BARE = re.compile(r"(.*?)\s*(?=\||\s->(?:\s|$)|$)")
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}
_BOUND = re.compile(r"(>=|<=|>|<)\s*(\S+)\Z")
_NUMBER_MISTYPED = re.compile(
    r"\[?\s*[+-]?(?:[.,]?[0-9][0-9.,]*(?:e[+-]?[0-9]+)?|inf(?:inity)?)\s*%?\s*", re.IGNORECASE
)


class CaseError(ValueError):
    """A case that can't be read, or a value that cases can't be chosen by."""


class Case(NamedTuple):
    """One line of Select's cases: the tests of which one has to hold, and the label given out when it does."""

    tests: list[Test]
    label: str


def read_cases(text: str) -> list[Case]:
    """Reads cases, one a line: `pattern`, `pattern | pattern` or `pattern -> label`.

    A pattern is a text or number, a "text in quotes", a /regular expression/ with flags behind it, or a range of
    numbers: 0.2..0.8 (both bounds included), >= 0.8. Empty lines and comments, lines that start with # and a space,
    are skipped.

    Raises:
        CaseError: no text, more than MAX_BRANCHES cases, an empty pattern, a bound or range that is not written with
            numbers or has its bounds swapped, or a regular expression that is not valid.
    """
    if not isinstance(text, str):
        raise CaseError(f"The cases must be text, one case a line, not a {kind_of(text)}.")
    lines = [line.strip() for line in text.splitlines()]
    cases = [_read_case(line) for line in lines if line and not _COMMENT.match(line)]
    if len(cases) > MAX_BRANCHES:
        raise CaseError(f"There are {len(cases)} cases, but only {MAX_BRANCHES} inputs to choose from.")
    return cases


def _read_case(line: str) -> Case:
    tests: list[Test] = []
    rest = f" {line}" if line.startswith("->") else line
    while True:
        test, rest = _read_pattern(rest)
        if test is not None:
            tests.append(test)
        rest = rest.lstrip()
        if not rest.startswith("|"):
            break
        rest = rest[1:]
    if not tests:
        raise CaseError(f"The case {show(line)} has no pattern.")
    pattern = line[: len(line) - len(rest)].strip()
    return Case(tests, rest.removeprefix("->").strip() or pattern)


def _read_pattern(text: str) -> tuple[Test | None, str]:
    """Reads one pattern at the start of a text; gives its test (None if it is empty) and what follows it."""
    trimmed = text.lstrip()
    quoted = _QUOTED.match(trimmed)
    if quoted:
        return _exact_text(quoted[1]), trimmed[quoted.end() :]
    regex = _REGEX.match(trimmed)
    if regex:
        return _regex(regex[1], regex[2]), trimmed[regex.end() :]
    bare = _BARE.match(text)
    if bare is None:
        return None, ""
    pattern = bare[1].strip()
    return (_range(pattern) or _bare(pattern)) if pattern else None, text[bare.end() :]


def _exact_text(text: str) -> Test:
    return lambda value: isinstance(value, str) and value == text


def _bare(text: str) -> Test:
    literal = read_literal(text)

    def fits(value: Value) -> bool:
        if isinstance(value, str):
            return value.strip() == text
        return not isinstance(literal, str) and equal(value, literal, _CLOSE, close_numbers=isinstance(value, float))

    return fits


def _regex(pattern: str, flags: str) -> Test:
    unknown = sorted(set(flags) - set(_FLAGS))
    if unknown:
        raise CaseError(
            f"The case {show(f'/{pattern}/{flags}')} has unknown flags {unknown}; allowed are {sorted(_FLAGS)}. "
            "Put it in quotes to mean this very text."
        )
    try:
        regex = Regex(pattern, sum(_FLAGS[flag] for flag in set(flags)))
    except RegexError as error:
        raise CaseError(str(error)) from error

    def fits(value: Value) -> bool:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        try:
            return value is not None and regex.is_found_in(text)
        except RegexError as error:
            raise CaseError(str(error)) from error

    return fits


def _range(pattern: str) -> Test | None:
    bounds = read_range(pattern) if ".." in pattern else None
    if bounds is not None:
        low, high = bounds
        if low > high:
            raise CaseError(f"The range {show(pattern)} has its lower bound behind its upper one.")
        return _numeric(lambda number: low <= number <= high)
    match = _BOUND.match(pattern)
    bound = read_number(match[2]) if match else None
    if match is None or bound is None:
        if pattern[0] in "<>" or _looks_like_a_range(pattern):
            raise CaseError(
                f"The case {show(pattern)} is not a number or a range of numbers such as >= 0.8 or 0.2..0.8 (with a "
                "decimal point, without %). Put it in quotes to mean this very text."
            )
        return None
    return _numeric(
        {
            ">": lambda number: number > bound,
            ">=": lambda number: number >= bound,
            "<": lambda number: number < bound,
            "<=": lambda number: number <= bound,
        }[match[1]]
    )


def _looks_like_a_range(pattern: str) -> bool:
    """Whether two dots have a number before them, or only behind them: "0.8..", "0,2..0.8", "..0.8"; not "v1..2"."""
    low, dots, high = pattern.partition("..")
    return bool(dots) and _NUMBER_MISTYPED.fullmatch(low if low.strip("[ ") else high.rstrip("] ")) is not None


def _numeric(holds: Callable[[int | float], bool]) -> Test:
    def fits(value: Value) -> bool:
        number = read_number(value) if isinstance(value, str) else value
        return number is not None and holds(number)

    return fits


def choose_case(value: Any, cases: list[Case]) -> int | None:
    """Gives the index of the first case that the value fits, or None. NaN fits none.

    Without any cases the value itself is the index: a whole number from 0 to MAX_BRANCHES - 1.

    Raises:
        CaseError: the value is a tensor of several values or another kind that has no text or number, there are no
            cases and it is no whole number, or a regular expression could take too long on it.
    """
    value = unwrap(value)
    if not cases:
        return _index(value)
    if is_grid(value) or not (value is None or isinstance(value, (bool, int, float, str))):
        raise CaseError(f"Select can't choose by a {kind_of(value)}: plug in text, a number or true/false.")
    if is_nan(value):
        return None
    return next((index for index, case in enumerate(cases) if any(fits(value) for fits in case.tests)), None)


def _index(value: Any) -> int | None:
    number = read_number(value) if isinstance(value, str) else value
    if is_grid(number) or not isinstance(number, (bool, int, float)):
        raise CaseError(f"There are no cases, so the value must be an index (0, 1, 2, ...), not {show(value)}.")
    if isinstance(number, float) and not (math.isfinite(number) and number.is_integer()):
        raise CaseError(f"There are no cases, so the value must be a whole number, not {show(number)}.")
    return int(number) if 0 <= number < MAX_BRANCHES else None
