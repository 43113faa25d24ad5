"""How long each node of a run took, from the moments at which ComfyUI starts and finishes nodes.

Convention: moments are seconds since the recording began. ComfyUI runs nodes on one thread, so at any moment at most
one node has the turn: from its start until ComfyUI next starts or finishes a node, whichever one. Three kinds of nodes
are not done when they give the turn away:

- one that asks for lazy inputs is started again later; what runs in between is not its own,
- one that expands is finished after the nodes that it expanded into, its children,
- an asynchronous one goes on beside others until it is finished.

A node that ComfyUI finishes without having started it came from the cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

Interval = tuple[float, float]

MOST_CALLS = 20_000  # a loop of a hundred thousand expansions must not fill the server's memory


@dataclass(frozen=True)
class NodeFacts:
    """What a started node is.

    Attributes:
        id: ComfyUI's id of this very node, also if an expansion made it.
        node: the id of the node in the user's graph that it is shown as.
        parent: the id of the node that expanded into it; None for a node of the user's graph.
        root: the node of the user's graph that it comes from in the end; errors are told of that one.
        class_type: its class.
        is_async: whether it goes on beside other nodes.
    """

    id: str
    node: str
    parent: str | None = None
    root: str = ""
    class_type: str = ""
    is_async: bool = False


@dataclass(eq=False)
class Call:
    """One execution of a node, from its first start to its end.

    Attributes:
        turns: when it had the turn.
        pieces: when it was under way: one for each time that it was started; the last one lasts until its end.
        status: "running", "done", "failed", "interrupted", or "unfinished" where the run ended before.
        steps: how far its progress got, summed over its progress bars.
        timed_steps, step_seconds: those whose length is known, and that length. A bar's first report has none.
        peaks: the highest value of each kind that was observed while it had the turn.
    """

    facts: NodeFacts
    parent: Call | None
    turns: list[Interval] = field(default_factory=list)
    pieces: list[list[float]] = field(default_factory=list)
    status: str = "running"
    steps: float = 0
    timed_steps: float = 0
    step_seconds: float = 0.0
    peaks: dict[str, int] = field(default_factory=dict)
    loaded: list[str] = field(default_factory=list)
    unloaded: list[str] = field(default_factory=list)
    last_step: tuple[float, float, float] | None = None


class SpanStack:
    """Takes in what happens to nodes, in order, and gives a record for each call.

    Attributes:
        calls: all calls so far, in the order of their first start.
        hits: how often the cache stood in for a node, by the node of the user's graph.
        dropped: how many calls were not recorded, because there were too many.
    """

    def __init__(self, most_calls: int = MOST_CALLS) -> None:
        self.calls: list[Call] = []
        self.hits: dict[str, int] = {}
        self.dropped = 0
        self._most = most_calls
        self._open: dict[str, Call] = {}
        self._holder: Call | None = None
        self._since = 0.0

    def begin(self, at: float, facts: NodeFacts) -> None:
        """A node is started, or once more after it has asked for lazy inputs."""
        self.settle(at)
        call = self._open.get(facts.id)
        if call is None:
            if len(self.calls) >= self._most:
                self.dropped += 1
                return
            call = Call(facts, self._open.get(facts.parent) if facts.parent is not None else None)
            self.calls.append(call)
            self._open[facts.id] = call
        call.pieces.append([at, at])
        self._holder, self._since = call, at

    def end(self, at: float, node_id: str, node: str) -> None:
        """A node is finished; one that was not started is shown as `node` and came from the cache."""
        self.settle(at)
        call = self._open.pop(node_id, None)
        if call is not None:
            call.pieces[-1][1] = at
            call.status = "done"
        elif not self.dropped:
            self.hits[node] = self.hits.get(node, 0) + 1

    def step(self, at: float, node_id: str, value: float, most: float) -> None:
        """A node tells how far it is: value of most. A bar that starts again, or of another length, is another one."""
        call = self._open.get(node_id)
        if call is None:
            return
        is_same = call.last_step is not None and call.last_step[2] == most and value >= call.last_step[1]
        if is_same and call.last_step is not None:
            when, before, _ = call.last_step
            if value == before:
                return
            call.steps += value - before
            call.timed_steps += value - before
            call.step_seconds += at - when
        else:
            call.steps += value
        call.last_step = (at, value, most)

    def observe(self, kind: str, value: int) -> None:
        """Something was measured, such as memory in bytes: it counts for the node that has the turn."""
        call = self._holder
        if call is not None and value > call.peaks.get(kind, -1):
            call.peaks[kind] = value

    def note_models(self, loaded: Iterable[str], unloaded: Iterable[str]) -> None:
        """Models came into memory or left it while the node had the turn that has it now."""
        if self._holder is not None:
            self._holder.loaded += loaded
            self._holder.unloaded += unloaded

    def settle(self, at: float) -> None:
        """The node that has the turn gives it away."""
        call = self._holder
        if call is not None:
            call.turns.append((self._since, at))
            call.pieces[-1][1] = at
        self._holder = None

    def close(self, at: float, status: str, failed_node: str | None = None) -> None:
        """The run has ended.

        Args:
            at: when.
            status: "success", "error", "interrupted", or anything else if that is not known.
            failed_node: the node of the user's graph that the failure is told of.
        """
        holder = self._holder
        self.settle(at)
        failed = self._find_failed(holder, failed_node) if status in ("error", "interrupted") else None
        word = "failed" if status == "error" else "interrupted"
        blamed: list[Call] = []
        while failed is not None:
            blamed.append(failed)
            failed = failed.parent
        for call in self._open.values():
            call.status = word if call in blamed else "unfinished"
            if call in blamed or call.facts.is_async:
                call.pieces[-1][1] = at
        self._open.clear()

    def records(self) -> list[dict[str, Any]]:
        """A record for each call, as plain JSON; open calls are as they are now.

        "parent" is the place of the parent's record in the list, or null. "total_s" is the time in which the call or
        one of its children was under way, "self_s" that without its children; both leave out what other nodes did
        in between. "spans" are its pieces, to be drawn. What was not measured is null.
        """
        places = {id(call): place for place, call in enumerate(self.calls)}
        children: dict[int, list[Call]] = {}
        for call in self.calls:
            if call.parent is not None:
                children.setdefault(id(call.parent), []).append(call)
        busy: dict[int, list[Interval]] = {}
        peaks: dict[int, dict[str, int]] = {}
        found: list[dict[str, Any]] = []
        for call in reversed(self.calls):  # children come after their parents
            own = [(start, end) for start, end in call.pieces] if call.facts.is_async else call.turns
            inner = union(interval for child in children.get(id(call), ()) for interval in busy[id(child)])
            busy[id(call)] = union([*own, *inner])
            peaks[id(call)] = dict(call.peaks)
            for child in children.get(id(call), ()):
                for kind, value in peaks[id(child)].items():
                    peaks[id(call)][kind] = max(value, peaks[id(call)].get(kind, value))
            total = length(busy[id(call)])
            parent = None if call.parent is None else places[id(call.parent)]
            found.append(_record(call, parent, total, total - length(inner), peaks[id(call)]))
        return found[::-1]

    def _find_failed(self, holder: Call | None, failed_node: str | None) -> Call | None:
        """The open call that failed: the one that had the turn, unless the failure is told of another node."""
        told = [call for call in self._open.values() if failed_node is None or call.facts.root == failed_node]
        if holder is not None and (holder in told or not told):
            return holder
        waiting = [call for call in told if call.facts.is_async] or told
        return waiting[-1] if waiting else None


def _record(call: Call, parent: int | None, total: float, own: float, peaks: dict[str, int]) -> dict[str, Any]:
    facts = call.facts
    return {
        "id": facts.id,
        "node": facts.node,
        "parent": parent,
        "class_type": facts.class_type,
        "is_async": facts.is_async,
        "status": call.status,
        "starts": len(call.pieces),
        "total_s": round(total, 6),
        "self_s": round(own, 6),
        "spans": [[round(start, 6), round(end, 6)] for start, end in call.pieces],
        "steps": call.steps or None,
        "seconds_per_step": round(call.step_seconds / call.timed_steps, 6) if call.timed_steps else None,
        "peak_bytes": peaks,
        "loaded": call.loaded,
        "unloaded": call.unloaded,
    }


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """Intervals as few that do not overlap, in order."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def length(intervals: Sequence[Interval]) -> float:
    """The length of intervals that do not overlap, together."""
    return sum(end - start for start, end in intervals)


class PeakSeries:
    """The highest value in each slot of time, in a bounded number of slots: they get longer as a run goes on.

    Attributes:
        slot_s: how long a slot is now.
    """

    def __init__(self, slot_s: float = 0.02, most: int = 2000) -> None:
        self.slot_s = slot_s
        self._most = most
        self._slots: dict[int, int] = {}

    def add(self, at: float, value: int) -> None:
        """A value that was measured at a moment."""
        slot = int(at / self.slot_s)
        self._slots[slot] = max(value, self._slots.get(slot, value))
        if len(self._slots) > self._most:
            self.slot_s *= 2
            halved: dict[int, int] = {}
            for slot, highest in self._slots.items():
                halved[slot // 2] = max(highest, halved.get(slot // 2, highest))
            self._slots = halved

    def points(self) -> list[list[float]]:
        """[moment, highest value] for each slot in which something was measured, in order."""
        return [[round(slot * self.slot_s, 6), self._slots[slot]] for slot in sorted(self._slots)]
