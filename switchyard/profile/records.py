"""The parts of a profile's document, read and checked: a file may have been written by anybody."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import TemplateError

Interval = tuple[float, float]
SOURCES = ("server", "websocket", "history")
STATES = ("success", "error", "interrupted", "running", "unknown")


@dataclass(frozen=True)
class Call:
    """One execution of a node. Times are in seconds; what was not measured is None.

    Attributes:
        id: ComfyUI's id of this very node, also if an expansion made it.
        node: the node of the graph that it is shown as.
        parent: the place, in the list of calls, of the one that expanded into it.
        spans: when it was under way, since the start: more than once if it asked for lazy inputs.
        total_s: how long it or its children were at work; self_s: it alone.
        status: "done", "failed", "interrupted", "unfinished" or "running".
        steps: of its progress bars; seconds_per_step: how long each took.
        peak_bytes: the most memory while it worked: "vram" as torch counts it, "device" by everything on the device,
            "ram" by the whole ComfyUI process.
        loaded, unloaded: models that came into the device's memory or left it.
    """

    id: str
    node: str
    class_type: str = ""
    parent: int | None = None
    spans: tuple[Interval, ...] = ()
    total_s: float | None = None
    self_s: float | None = None
    status: str = "done"
    steps: float | None = None
    seconds_per_step: float | None = None
    peak_bytes: Mapping[str, int] = field(default_factory=dict)
    loaded: tuple[str, ...] = ()
    unloaded: tuple[str, ...] = ()
    is_async: bool = False

    def document(self) -> dict[str, Any]:
        """The call as plain JSON; `read_call` reads it back."""
        found = {key: getattr(self, key) for key in self.__dataclass_fields__}
        lists = {key: list(found[key]) for key in ("loaded", "unloaded")}
        return {**found, **lists, "spans": [list(span) for span in self.spans], "peak_bytes": dict(self.peak_bytes)}


def read_call(document: Any, where: str, place: int) -> Call:
    """A call from its JSON.

    Args:
        document: what the file holds.
        where: a JSON pointer to it, for errors.
        place: its place in the list: its parent comes before it.

    Raises:
        TemplateError: it is no call; says where.
    """
    found = expect(document, dict, where)
    parent = optional(found, "parent", int, where)
    if parent is not None and not 0 <= parent < place:
        raise TemplateError(f"The parent of a call comes before it: 0 to {place - 1}, not {parent}.", f"{where}/parent")
    spans = [read_span(span, f"{where}/spans/{number}") for number, span in enumerate(items(found, "spans", where))]
    peaks = optional(found, "peak_bytes", dict, where) or {}
    return Call(
        id=required(found, "id", str, where),
        node=required(found, "node", str, where),
        class_type=optional(found, "class_type", str, where) or "",
        parent=parent,
        spans=tuple(spans),
        total_s=seconds(found, "total_s", where),
        self_s=seconds(found, "self_s", where),
        status=optional(found, "status", str, where) or "done",
        steps=seconds(found, "steps", where),
        seconds_per_step=seconds(found, "seconds_per_step", where),
        peak_bytes={str(kind): expect(value, int, f"{where}/peak_bytes/{kind}") for kind, value in peaks.items()},
        loaded=texts(found, "loaded", where),
        unloaded=texts(found, "unloaded", where),
        is_async=bool(optional(found, "is_async", bool, where)),
    )


def read_span(value: Any, where: str) -> Interval:
    """[start, end] in seconds."""
    pair = expect(value, list, where)
    if len(pair) != 2 or not all(_is_number(number) for number in pair) or pair[0] > pair[1]:
        raise TemplateError(f"A span is [start, end] in seconds, not {pair!r:.80}.", where)
    return float(pair[0]), float(pair[1])


def expect(value: Any, kind: type, where: str) -> Any:
    """The value, if it is of this kind. A whole number is no boolean.

    Raises:
        TemplateError: it is not; says where.
    """
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        names = {dict: "an object", list: "a list", str: "text", int: "a whole number", bool: "true or false"}
        raise TemplateError(f"This has to be {names[kind]}, not {value!r:.80}.", where)
    return value


def required(document: Mapping[str, Any], key: str, kind: type, where: str) -> Any:
    """The value of a key that has to be there."""
    if key not in document:
        raise TemplateError(f'"{key}" is missing: this is no profile, or it is damaged.', where)
    return expect(document[key], kind, f"{where}/{key}")


def optional(document: Mapping[str, Any], key: str, kind: type, where: str) -> Any:
    """The value of a key, or None if it is null or not there."""
    value = document.get(key)
    return None if value is None else expect(value, kind, f"{where}/{key}")


def items(document: Mapping[str, Any], key: str, where: str) -> list[Any]:
    """The list of a key; an empty one if it is not there."""
    return optional(document, key, list, where) or []


def texts(document: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    """The list of texts of a key."""
    return tuple(expect(text, str, f"{where}/{key}") for text in items(document, key, where))


def seconds(document: Mapping[str, Any], key: str, where: str) -> float | None:
    """A number that is not negative, or None if it is null or not there."""
    value = document.get(key)
    if value is None:
        return None
    if not _is_number(value) or value < 0:
        raise TemplateError(f"This has to be a number of at least 0, not {value!r:.80}.", f"{where}/{key}")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def covered(spans: Iterable[Interval]) -> float:
    """How long spans are together, where they overlap counted once."""
    total, reached = 0.0, -math.inf
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def total_of(values: Iterable[float | None]) -> float | None:
    """The sum of what is known; None if nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def grid(rows: list[tuple[str, ...]], is_number: Callable[[int], bool]) -> list[str]:
    """Rows as lines; columns of numbers are flush right. Nothing hangs over at the end."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if is_number(column) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
