"""Template parameters: the named values of a workflow, each of a type and within limits of its own.

What describes a parameter (min, max, step, default) is text, so that empty can mean "none". Whatever doesn't fit is a
ParameterError that names the parameter, what it got and what it takes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .literals import read_number
from .seeds import HIGHEST_EXACT, HIGHEST_SEED
from .values import show, unwrap

TYPES = ("text", "integer", "number", "boolean", "choice", "seed", "image")
# The classes of nodes that are parameters, with their type; None: the input called type says it.
CLASSES = {
    "SwitchyardTextParameter": "text",
    "SwitchyardIntegerParameter": "integer",
    "SwitchyardNumberParameter": "number",
    "SwitchyardBooleanParameter": "boolean",
    "SwitchyardChoiceParameter": "choice",
    "SwitchyardSeedParameter": "seed",
    "SwitchyardImageParameter": "image",
    "SwitchyardTemplateParameter": None,
    "TemplateParam": None,
}
PARAMETER_VALUE = "value"  # the input that holds it
DESCRIBED = ("label", "description", "group", "order", "default", "min", "max", "step", "choices")
RANGES = {"integer": (-HIGHEST_EXACT, HIGHEST_EXACT), "seed": (0, HIGHEST_SEED)}
_TAKES = {
    "integer": ("min", "max", "step"),
    "number": ("min", "max", "step"),
    "seed": ("min", "max"),
    "choice": ("choices",),
}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")
_SHOWN_CHOICES = 12


class ParameterError(ValueError):
    """A parameter is described in a way that can't be, or got a value that it doesn't take."""


@dataclass(frozen=True)
class Parameter:
    """A parameter that is described well.

    Attributes:
        kind: one of TYPES.
        name: what callers know it by; empty if the workflow's author has not named it.
        is_text: whether its value is written as text, as the general node has it: "30", "true".
        low: the lowest number that it takes; None: there is none.
        high: the highest one.
        choices: the texts that it takes; empty: any.
        step: how far a form moves a number at a time, above 0; None: unsaid. Values between are taken.
    """

    kind: str
    name: str
    is_text: bool = False
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    step: float | None = None

    def read(self, value: Any) -> Any:
        """Takes a value, as Python's own str, int, float or bool.

        Raises:
            ParameterError: it is of another type, or outside the limits.
        """
        try:
            return self._read(value, "value", self.is_text)
        except ValueError as problem:
            raise ParameterError(f"{called(self.kind, self.name)}: {problem}") from None

    def _read(self, value: Any, name: str, is_text: bool) -> Any:
        plain = unwrap(value)
        if self.kind in ("integer", "number", "seed"):
            return self._read_number(plain, name)
        if self.kind == "boolean":
            return _read_boolean(plain, name, is_text)
        if isinstance(plain, bool) or not isinstance(plain, (str, int, float)):
            raise ValueError(f"{name} is {show(plain)}; it must be text.")
        return str(plain) if self.kind == "text" else self._read_choice(str(plain), name)

    def _read_number(self, value: Any, name: str) -> float:
        number: Any = read_number(value) if isinstance(value, str) else value
        is_whole = self.kind != "number"
        if not _is_number(number, is_whole) or not _is_within(number, self.low, self.high):
            noun = "a whole number" if is_whole else "a number"
            raise ValueError(f"{name} is {_shown(value)}; it must be {noun}{_range_words(self.low, self.high)}.")
        return int(number) if is_whole else float(number)

    def _read_choice(self, text: str, name: str) -> str:
        if text in self.choices or (text.strip() and not self.choices):
            return text
        wanted = list_words(self.choices)
        if self.kind == "image":
            wanted = "the name of a file in ComfyUI's input folder"
        elif not self.choices:
            wanted = "one of the values that the input it is plugged into takes"
        raise ValueError(f"{name} is {show(text) if text.strip() else 'empty'}; it must be {wanted}.")


def read_parameter(kind: str, name: Any, described: Mapping[str, Any], is_text: bool = False) -> Parameter:
    """Reads what describes a parameter.

    Args:
        kind: one of TYPES.
        name: what callers know it by; may be empty.
        described: default, min, max, step and choices, as far as they are there.
        is_text: whether its value is written as text.

    Raises:
        ParameterError: the name can't be one; a limit is no number or is for other types; nothing is within the
            limits; the default isn't.
    """
    try:
        check_name(name)
        for field in ("min", "max", "step", "choices"):
            if field not in _TAKES.get(kind, ()) and not _is_empty(described.get(field)):
                raise ValueError(f"{field} is {show(described[field])}, but a parameter of type {kind} has no {field}.")
        widest = Parameter(kind, name, is_text, *RANGES.get(kind, (None, None)))
        low, high, step = (_read_limit(widest, described, field) for field in ("min", "max", "step"))
        if step is not None and step <= 0:
            raise ValueError(f"step is {_shown(step)}; it must be above 0, or empty.")
        if low is not None and high is not None and low > high:
            raise ValueError(f"min is {_shown(low)} and max is {_shown(high)}; min must not be above max.")
        parameter = Parameter(
            kind,
            name,
            is_text,
            widest.low if low is None else low,
            widest.high if high is None else high,
            read_choices(described.get("choices", "")),
            step,
        )
        if not _is_empty(described.get("default")):
            parameter._read(described["default"], "default", is_text=True)
    except ValueError as problem:
        raise ParameterError(f"{called(kind, name)}: {problem}") from None
    return parameter


def check_name(name: Any) -> None:
    """Refuses what is neither empty nor a name.

    Raises:
        ValueError: says what names look like, without the name itself.
    """
    if not isinstance(name, str):
        raise ValueError(f"name is {show(name)}; it must be text.")
    if name and not _NAME.fullmatch(name):
        better = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_").lstrip("0123456789_")[:48]
        raise ValueError(
            "a name is made of a to z, 0 to 9 and _, begins with a letter and has at most 48 characters, such as "
            f"{better or 'steps'}."
        )


def called(kind: str, name: Any) -> str:
    """How an error calls a parameter."""
    return f"Parameter {name[:60]!r}" if isinstance(name, str) and name else f"The {kind} parameter without a name"


def read_choices(text: Any) -> tuple[str, ...]:
    """The choices, one a line, each once; blanks around them and empty lines are dropped.

    Raises:
        ValueError: it is no text.
    """
    if _is_empty(text):
        return ()
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        text = str(text)
    if not isinstance(text, str):
        raise ValueError(f"choices is {show(text)}; it must be text, one choice a line.")
    lines = (line.strip() for line in text.splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))


def parameter_type(class_type: Any, inputs: Mapping[str, Any]) -> str:
    """The type of the parameter that a node of a graph is; empty if it is none, or if its type can't be told."""
    kind = CLASSES.get(class_type, "") if isinstance(class_type, str) else ""
    kind = inputs.get("type", TYPES[0]) if kind is None else kind
    return kind if isinstance(kind, str) and kind in TYPES else ""


def is_general(class_type: str) -> bool:
    """Whether a class of nodes has a chooser for the type, and its value as text."""
    return CLASSES.get(class_type, "") is None


def _read_limit(widest: Parameter, described: Mapping[str, Any], field: str) -> float | None:
    if _is_empty(described.get(field)):
        return None
    try:
        return widest._read_number(unwrap(described[field]), field)
    except ValueError as problem:
        raise ValueError(f"{str(problem).removesuffix('.')}, or empty.") from None


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _read_boolean(value: Any, name: str, is_text: bool) -> bool:
    if isinstance(value, bool):
        return value
    word = value.strip().casefold() if isinstance(value, str) else ""
    if is_text and word in ("true", "false"):
        return word == "true"
    quotes = "" if is_text else ", without quotes"
    raise ValueError(f"{name} is {show(value)}; it must be true or false{quotes}.")


def _is_number(value: Any, is_whole: bool) -> bool:
    """Whether it is a number that a float can hold; for whole ones, one that it holds exactly."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    if isinstance(value, int):
        return is_whole or abs(value) < 2**1023
    if not math.isfinite(value):
        return False
    return not is_whole or (value.is_integer() and abs(value) <= HIGHEST_EXACT)


def _is_within(number: Any, low: float | None, high: float | None) -> bool:
    return (low is None or number >= low) and (high is None or number <= high)


def _range_words(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" from {_shown(low)} to {_shown(high)}"
    if low is not None:
        return f" of at least {_shown(low)}"
    return "" if high is None else f" of at most {_shown(high)}"


def list_words(choices: Sequence[str]) -> str:
    """The first dozen of the choices, for an error."""
    more = len(choices) - _SHOWN_CHOICES
    return f"one of: {', '.join(choices[:_SHOWN_CHOICES])}" + (f", and {more} more" if more > 0 else "")


def _shown(value: Any) -> str:
    """A value in one line; of a number all digits, which show would round."""
    if isinstance(value, float) and math.isfinite(value):
        return repr(value).removesuffix(".0")
    is_whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**25
    return str(value) if is_whole else show(value)


def number_of(node: Mapping[str, Any]) -> int | None:
    """The whole number that a node of a graph, a parameter, holds; None if it is of another type, or is linked."""
    inputs = node["inputs"]
    kind, value = parameter_type(node["class_type"], inputs), inputs.get(PARAMETER_VALUE)
    if kind not in RANGES or isinstance(value, list):
        return None
    try:
        return Parameter(kind, "", True, *RANGES[kind]).read(value)
    except ParameterError:
        return None


def range_of(node: Mapping[str, Any]) -> tuple[int, int]:
    """The lowest and highest whole number that such a node takes; those of its type if its own can't be read."""
    inputs = node["inputs"]
    kind = parameter_type(node["class_type"], inputs)
    try:
        parameter = read_parameter(kind, "", inputs)
    except ParameterError:
        return RANGES[kind]
    return int(parameter.low or 0), int(parameter.high or 0)


def like_before(old: Any, new: Any) -> Any:
    """A new number for an input as the old one was written: as text where that was text."""
    return str(new) if isinstance(old, str) and isinstance(new, int) else new
