"""Profiles in the Chrome Trace Event Format, as a JSON object: ui.perfetto.dev and chrome://tracing open it.

Perfetto wants the spans of one thread ("tid") strictly inside of each other or apart. A span goes onto a lane where
it is inside of nothing but what it is a part of: an asynchronous node, and what ran while an expansion was under way
without being a part of it, get lanes of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .profile import Profile
    from .records import Call

_MEMORY_NAMES = {"device": "device memory, MiB", "ram": "RAM of ComfyUI, MiB"}


@dataclass
class _Piece:
    """A span of a call, in microseconds, as whole numbers: rounded ones still nest."""

    place: int
    start: int
    end: int
    number: int
    lane: int = 0


def trace_of(profiles: Sequence[Profile]) -> dict[str, Any]:
    """Profiles as one trace, each as a process of its own."""
    events = [event for pid, profile in enumerate(profiles, 1) for event in _events(profile, pid)]
    return {"traceEvents": events, "displayTimeUnit": "ms"}


def _events(profile: Profile, pid: int) -> Iterator[dict[str, Any]]:
    place = {"pid": pid, "tid": 0}
    run = f"run {pid}: {profile.prompt_id} ({profile.source})"
    yield {"ph": "M", "name": "process_name", **place, "args": {"name": run}}
    pieces = _on_lanes(profile.calls)
    for lane in range(max((piece.lane for piece in pieces), default=0) + 1):
        name = "nodes" if lane == 0 else f"nodes beside, {lane}"
        yield {"ph": "M", "name": "thread_name", "pid": pid, "tid": lane, "args": {"name": name}}
        yield {"ph": "M", "name": "thread_sort_index", "pid": pid, "tid": lane, "args": {"sort_index": lane}}
    for piece in pieces:
        yield _span(profile, profile.calls[piece.place], piece, pid)
    for node, count in profile.cached.items():
        what = {"name": f"cached: {node} {profile.name_of(node)}", "cat": "cache", "args": {"times": count}}
        yield {"ph": "i", "ts": 0, "s": "p", **place, **what}
    for kind, points in profile.memory.items():
        for at, value in points:
            args = {"MiB": round(value / 2**20, 1)}
            yield {"ph": "C", "name": _MEMORY_NAMES.get(kind, kind), "ts": _microseconds(at), **place, "args": args}


def _span(profile: Profile, call: Call, piece: _Piece, pid: int) -> dict[str, Any]:
    name = f"{call.node} {profile.name_of(call.node)}"
    if call.id != call.node:
        name = f"{name} [{call.class_type}]"
    args: dict[str, Any] = {"id": call.id, "class_type": call.class_type, "status": call.status}
    if piece.number < len(call.spans) - 1:
        name, args["asks for inputs"] = f"{name}: asks for inputs", True
    else:
        measured = {"self_s": call.self_s, "steps": call.steps, "seconds_per_step": call.seconds_per_step}
        peaks = {f"peak {kind} MiB": round(value / 2**20, 1) for kind, value in call.peak_bytes.items()}
        lists = {"loaded": list(call.loaded), "unloaded": list(call.unloaded)}
        args.update({key: value for key, value in {**measured, **peaks, **lists}.items() if value not in (None, [])})
    where = {"pid": pid, "tid": piece.lane, "ts": piece.start, "dur": piece.end - piece.start}
    return {"ph": "X", "name": name, "cat": "node", **where, "args": args}


def _on_lanes(calls: Sequence[Call]) -> list[_Piece]:
    """Every span with a lane, so that on each lane spans are apart, or one is inside of what it is a part of."""
    pieces = [
        _Piece(place, _microseconds(start), _microseconds(end), number)
        for place, call in enumerate(calls)
        for number, (start, end) in enumerate(call.spans)
    ]
    pieces.sort(key=lambda piece: (piece.start, -piece.end, piece.place))
    lanes: list[list[_Piece]] = []  # of each lane the spans that have begun and not ended, the innermost last
    for piece in pieces:
        for opened in lanes:
            while opened and opened[-1].end <= piece.start:
                opened.pop()
        fitting = (number for number, opened in enumerate(lanes) if not opened or _is_part_of(calls, piece, opened[-1]))
        piece.lane = next(fitting, len(lanes))
        if piece.lane == len(lanes):
            lanes.append([])
        lanes[piece.lane].append(piece)
    return pieces


def _is_part_of(calls: Sequence[Call], piece: _Piece, outer: _Piece) -> bool:
    if piece.start < outer.start or piece.end > outer.end:
        return False
    parent = calls[piece.place].parent
    while parent is not None and parent != outer.place:
        parent = calls[parent].parent
    return parent is not None


def _microseconds(seconds: float) -> int:
    return round(seconds * 1e6)
