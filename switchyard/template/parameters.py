"""Parameters: named, typed values of a template, and the inputs of the graph that each one sets."""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import TemplateError
from ..graphs import Graph, is_link, kind_of

NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")
FILE_TYPES = ("image", "mask", "video", "audio")
TYPES = ("text", "integer", "number", "boolean", "choice", "seed", *FILE_TYPES)
HIGHEST_EXACT = 2**53 - 1  # whole numbers up to here come through JavaScript unchanged
RANGES = {"integer": (-HIGHEST_EXACT, HIGHEST_EXACT), "seed": (0, 2**64 - 1)}
FROM_SERVER = "object_info"
_WHOLE = ("integer", "seed")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_SPECIAL = {f"{sign}{word}" for sign in ("", "+", "-") for word in ("nan", "inf", "infinity")}
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


class _Absent:
    """Stands for a default that is not there."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Any = _Absent()


@dataclass(frozen=True)
class Bind:
    """An input that a parameter sets.

    Attributes:
        class_type: the class that the node must have, so that a graph whose ids have moved is an error.
    """

    node: str
    input: str
    class_type: str


@dataclass(frozen=True)
class Parameter:
    """One named value of a template.

    Attributes:
        default: the value where the caller gives none; ABSENT: the caller must give one.
        min, max: the limits, both allowed; those of `RANGES` hold in any case.
        step: by how much a control changes the value. A hint: other values are valid.
        choices: the values allowed. Empty: whatever the first bound input takes on the server.
        bind: the inputs that get the value, at least one.
    """

    name: str
    type: str
    bind: tuple[Bind, ...]
    label: str = ""
    description: str = ""
    group: str = ""
    order: int = 0
    default: Any = ABSENT
    min: float | None = None
    max: float | None = None
    step: float | None = None
    choices: tuple[Any, ...] = field(default=())

    @property
    def lowest(self) -> float | None:
        limits = [limit for limit in (self.min, RANGES.get(self.type, (None, None))[0]) if limit is not None]
        return max(limits, default=None)

    @property
    def highest(self) -> float | None:
        limits = [limit for limit in (self.max, RANGES.get(self.type, (None, None))[1]) if limit is not None]
        return min(limits, default=None)

    def check(self, value: Any) -> Any:
        """The value as it goes into the graph: whole numbers as int.

        Raises:
            TemplateError: the value is of another type, or not allowed.
        """
        problem = self._problem(value)
        if problem:
            raise TemplateError(f"Parameter {self.name}: {problem}.")
        return int(value) if self.type in _WHOLE else value

    def _problem(self, value: Any) -> str:
        shown = show(value)
        if self.type == "boolean":
            return "" if isinstance(value, bool) else f"{shown} is {kind_of(value)}; it takes true or false"
        if self.type == "choice":
            return self._choice_problem(value)
        if self.type in (*_WHOLE, "number"):
            return self._number_problem(value)
        if not isinstance(value, str):
            return f"{shown} is {kind_of(value)}; it takes {'text' if self.type == 'text' else 'the name of a file'}"
        return "it names no file" if self.type in FILE_TYPES and not value.strip() else ""

    def _choice_problem(self, value: Any) -> str:
        if self.choices:
            allowed = ", ".join(map(show, self.choices))
            return (
                "" if any(same(value, choice) for choice in self.choices) else f"{show(value)} is not one of {allowed}"
            )
        if isinstance(value, str) and not value.strip():
            return "it is empty; it takes one of the choices that the server has"
        if isinstance(value, (str, int, float)) and not (isinstance(value, float) and not math.isfinite(value)):
            return ""
        return f"{show(value)} is {kind_of(value)}; it takes one of the choices that the server has"

    def _number_problem(self, value: Any) -> str:
        what = "a whole number" if self.type in _WHOLE else "a number"
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return f"{show(value)} is {kind_of(value)}; it takes {what}"
        if isinstance(value, float) and (not math.isfinite(value) or (self.type in _WHOLE and value != int(value))):
            return f"{show(value)} is not {what}"
        low, high = self.lowest, self.highest
        if (low is not None and value < low) or (high is not None and value > high):
            return f"{show(value)} is out of range; it takes {describe_range(low, high)}"
        return ""

    def read(self, text: str) -> Any:
        """The value that text on a command line or in a table says; a seed may be "random": another one each time.

        Raises:
            TemplateError: the text says no such value.
        """
        if self.type == "seed" and text.strip().casefold() == "random":
            low, high = int(self.lowest or 0), min(int(self.highest or 0), HIGHEST_EXACT)
            return self.check(low + secrets.randbelow(max(high - low, 0) + 1))
        return self.parse(text)

    def parse(self, text: str) -> Any:
        """The value that text says; raises TemplateError if it says none."""
        word = text.strip()
        if self.type == "boolean" and word.casefold() in (*_TRUE, *_FALSE):
            return word.casefold() in _TRUE
        if self.type == "choice":
            return self.check(next((choice for choice in self.choices if show_plain(choice) == text), text))
        if self.type in (*_WHOLE, "number"):
            return self.check(read_number(word, text))
        return self.check(text)

    def schema(self, choices: Sequence[Any] = ()) -> dict[str, Any]:
        """A JSON Schema of the value; `choices` are those that a server has, where the template names none."""
        schema: dict[str, Any] = {}
        if self.label:
            schema["title"] = self.label
        if self.description:
            schema["description"] = self.description
        if self.type == "choice":
            known = list(self.choices or choices)
            schema.update({"enum": known} if known else {"type": ["string", "number", "boolean"], "pattern": "\\S"})
        elif self.type in (*_WHOLE, "number"):
            schema["type"] = "number" if self.type == "number" else "integer"
            if self.lowest is not None:
                schema["minimum"] = self.lowest
            if self.highest is not None:
                schema["maximum"] = self.highest
        elif self.type == "boolean":
            schema["type"] = "boolean"
        else:
            schema["type"] = "string"
            if self.type in FILE_TYPES:
                schema["pattern"] = "\\S"
        if self.default is not ABSENT:
            schema["default"] = self.default
        return schema

    def document(self) -> dict[str, Any]:
        """The parameter as it stands in a template's file."""
        document: dict[str, Any] = {"name": self.name, "type": self.type}
        for key in ("label", "description", "group", "order"):
            if getattr(self, key):
                document[key] = getattr(self, key)
        if self.default is not ABSENT:
            document["default"] = self.default
        for key in ("min", "max", "step"):
            if getattr(self, key) is not None:
                document[key] = getattr(self, key)
        if self.choices:
            document["choices"] = list(self.choices)
        elif self.type == "choice":
            document["choices_from"] = FROM_SERVER
        document["bind"] = [vars(bind).copy() for bind in self.bind]
        return document


def read_parameter(document: Mapping[str, Any]) -> Parameter:
    """A parameter from a template's file that has the right form."""
    plain = {key: document[key] for key in ("label", "description", "group", "min", "max", "step") if key in document}
    return Parameter(
        name=document["name"],
        type=document["type"],
        bind=tuple(Bind(bind["node"], bind["input"], bind["class_type"]) for bind in document["bind"]),
        order=int(document.get("order", 0)),
        default=document.get("default", ABSENT),
        choices=tuple(document.get("choices", ())),
        **plain,
    )


def check_parameter(parameter: Parameter, graph: Graph) -> None:
    """Raises TemplateError unless the parameter's limits make sense, and it sets literals of a graph."""
    name = parameter.name
    if not parameter.bind:
        raise TemplateError(f"Parameter {name} sets no input.")
    limits = ("choices",) if parameter.type == "choice" else ("min", "max", "step") if _is_numeric(parameter) else ()
    for key in ("min", "max", "step", "choices"):
        if getattr(parameter, key) not in (None, ()) and key not in limits:
            raise TemplateError(f"Parameter {name} has {key}, which a parameter of type {parameter.type} can't have.")
    check_range(parameter)
    if parameter.default is not ABSENT:
        try:
            parameter.check(parameter.default)
        except TemplateError as problem:
            raise TemplateError(f"The default of {_lower_first(str(problem))}") from problem
    for bind in parameter.bind:
        node = graph.get(bind.node)
        if node is None:
            raise TemplateError(
                f"Parameter {name} sets {bind.input} of node {bind.node}, which the graph doesn't have."
            )
        if node["class_type"] != bind.class_type:
            raise TemplateError(
                f"Parameter {name} sets {bind.input} of node {bind.node}, which was {bind.class_type} and is "
                f"{node['class_type']} now. The graph's ids have moved: save the template anew."
            )
        if bind.input not in node["inputs"]:
            known = ", ".join(node["inputs"]) or "none"
            raise TemplateError(
                f"Parameter {name} sets {bind.input} of node {bind.node} ({bind.class_type}), which has no such input. "
                f"It has: {known}."
            )
        if is_link(node["inputs"][bind.input]):
            raise TemplateError(
                f"Parameter {name} sets {bind.input} of node {bind.node} ({bind.class_type}), into which node "
                f"{node['inputs'][bind.input][0]} is plugged: a value there would be lost."
            )


def _is_numeric(parameter: Parameter) -> bool:
    return parameter.type in (*_WHOLE, "number")


def check_range(parameter: Parameter) -> None:
    """Raises TemplateError if no number is within the limits."""
    low, high = parameter.lowest, parameter.highest
    if low is not None and high is not None and low > high:
        raise TemplateError(f"Parameter {parameter.name}: its minimum {show(low)} is above its maximum {show(high)}.")


def read_number(word: str, text: str) -> int | float | str:
    """A number as people write it, in ASCII digits; the text itself if it is none."""
    if not _NUMBER.fullmatch(word) and word.lower() not in _SPECIAL:
        return text
    try:
        return int(word) if _INTEGER.fullmatch(word) else float(word)
    except ValueError:  # more digits than Python reads
        return text


def same(a: Any, b: Any) -> bool:
    """Whether two JSON values are equal; true is not 1."""
    return isinstance(a, bool) == isinstance(b, bool) and a == b


def show(value: Any) -> str:
    """A value in an error: text in quotes, cut where it is long."""
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}..."'
    text = show_plain(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def show_plain(value: Any) -> str:
    """A value as people write it on a command line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return "null" if value is None else str(value)
    except ValueError:
        return "a number of too many digits to write"


def describe_range(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return f"{show(low)} or more" if low is not None else f"{show(high)} or less"
    return f"{show(low)} to {show(high)}"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
