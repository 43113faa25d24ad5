"""What a server's GET /object_info says of an input: its type, its limits, its choices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..graphs import Graph
from .parameters import Parameter, same

_FILES = {"image_upload": "image", "video_upload": "video", "audio_upload": "audio"}
_PLAIN = {"STRING": "text", "INT": "integer", "FLOAT": "number", "BOOLEAN": "boolean", "COMBO": "choice"}


@dataclass(frozen=True)
class InputSpec:
    """An input of a class as a server declares it.

    Attributes:
        kind: its type in capitals, such as INT; COMBO for one of several choices.
        choices: those of a COMBO that are known.
        options: its other options, such as min and max.
    """

    kind: str
    choices: tuple[Any, ...]
    options: Mapping[str, Any]

    @property
    def type(self) -> str:
        """The type of a parameter that sets it; "" if none can."""
        for option, kind in _FILES.items():
            if self.options.get(option):
                return kind
        return _PLAIN.get(self.kind, "")

    def number(self, key: str) -> float | None:
        value = self.options.get(key)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        return value if math.isfinite(value) else None


def input_spec(object_info: Mapping[str, Any], class_type: str, name: str) -> InputSpec | None:
    """What a server says of an input; None if it does not know it, as with inputs that grow."""
    inputs = part_of(part_of(object_info, class_type), "input")
    for part in ("required", "optional"):
        spec = part_of(inputs, part).get(name)
        if isinstance(spec, (list, tuple)) and len(spec) > 0:
            declared_type = spec[0]
            options = spec[1] if len(spec) > 1 and isinstance(spec[1], Mapping) else {}
            is_list = isinstance(declared_type, (list, tuple))
            listed = declared_type if is_list else options.get("options", ())
            kind = "COMBO" if is_list else str(declared_type)
            is_listed = kind == "COMBO" and isinstance(listed, (list, tuple))
            return InputSpec(kind, tuple(listed) if is_listed else (), options)
    return None


def part_of(holder: Any, key: str) -> Mapping[str, Any]:
    """The object that an object has under a key; an empty one where either is something else."""
    found = holder.get(key) if isinstance(holder, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def limits(
    graph: Graph, inputs: Sequence[tuple[str, str]], object_info: Mapping[str, Any]
) -> tuple[float | None, float | None, float | None]:
    """The lowest and the highest number that all of the inputs take, and the step of the first; None: not said."""
    specs = [input_spec(object_info, graph[node]["class_type"], name) for node, name in inputs]
    lows = [spec.number("min") for spec in specs if spec]
    highs = [spec.number("max") for spec in specs if spec]
    steps = [spec.number("step") for spec in specs if spec]
    return (
        max((low for low in lows if low is not None), default=None),
        min((high for high in highs if high is not None), default=None),
        next((step for step in steps if step), None),
    )


def with_limits(parameter: Parameter, value: Any, found: tuple[float | None, float | None, float | None]) -> Parameter:
    """The parameter with the limits found where it has none; those that its value already exceeds are left out."""
    low, high, step = found
    if parameter.type in ("integer", "seed"):
        low, high, step = (None if number is None or number != int(number) else int(number) for number in found)
    return replace(
        parameter,
        min=low if parameter.min is None and low is not None and low <= value else parameter.min,
        max=high if parameter.max is None and high is not None and high >= value else parameter.max,
        step=step if parameter.step is None else parameter.step,
    )


def choices(graph: Graph, inputs: Sequence[tuple[str, str]], object_info: Mapping[str, Any]) -> tuple[Any, ...]:
    """The choices that all of the inputs have, of those whose choices are known; in the order of the first."""
    specs = [input_spec(object_info, graph[node]["class_type"], name) for node, name in inputs]
    lists = [spec.choices for spec in specs if spec and spec.choices]
    if not lists:
        return ()
    first, *others = lists
    return tuple(item for item in first if all(any(same(item, other) for other in listed) for listed in others))
