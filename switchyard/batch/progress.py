"""Shows how a batch gets on: a bar on a terminal, lines in a log, or JSON for programs."""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from ..graphs import Graph, describe_node

KINDS = ("auto", "bar", "plain", "json", "none")
_REDRAW_S = 0.2


class Tally:
    """What has been counted so far, and when it will be over."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.jobs = self.done = self.failed = self.cached = 0
        self.slots = 1
        self._clock = clock
        self._start = clock()
        self._seconds: list[float] = []

    def take(self, event: Mapping[str, Any]) -> None:
        kind = event["event"]
        if kind == "start":
            self.jobs, self.done, self.slots = event["jobs"], event["done"], max(1, event["slots"])
            self._start = self._clock()
        elif kind == "done":
            self.done += 1
            if event["cached"] >= event["nodes"] - 1:  # all but the node that saves: it says nothing of the others
                self.cached += 1
            elif event["seconds"] is not None:
                self._seconds.append(event["seconds"])
        elif kind == "failed":
            self.failed += 1

    @property
    def elapsed_s(self) -> float:
        return self._clock() - self._start

    @property
    def left_s(self) -> float | None:
        """How long it will take yet, by the median of the jobs that had to be worked out; None: not known yet."""
        left = self.jobs - self.done - self.failed
        if not left:
            return 0.0
        return statistics.median(self._seconds) * left / self.slots if self._seconds else None


class Progress:
    """Takes what a runner says; `kind` is one of KINDS, "auto" being a bar on a terminal and lines elsewhere."""

    def __init__(self, kind: str, graph: Graph, stream: TextIO | None = None) -> None:
        self._stream = stream or (sys.stdout if kind == "json" else sys.stderr)
        self.kind = ("bar" if self._stream.isatty() else "plain") if kind == "auto" else kind
        self.tally = Tally()
        self._graph = graph
        self._steps: dict[str, str] = {}
        self._drawn = 0.0

    def take(self, event: Mapping[str, Any]) -> None:
        """Takes one event; called by one thread at a time."""
        self.tally.take(event)
        if self.kind == "json":
            self._write(json.dumps(event) + "\n")
            return
        if event["event"] == "progress":
            self._steps[event["server"]] = self._step(event)
        line = "" if self.kind == "none" else self._line(event)
        if self.kind == "bar":
            if line and event["event"] not in ("submit", "done", "start"):
                self._write(f"\r\x1b[K{line}\n")
            self._draw(is_last=event["event"] == "end")
        elif line:
            self._write(line + "\n")

    def _step(self, event: Mapping[str, Any]) -> str:
        node = describe_node(self._graph, event["node"]) if event["node"] in self._graph else f"node {event['node']}"
        steps = f", step {event['value']:g} of {event['max']:g}" if event.get("max") else ""
        return f"job {event['index']}: {node}{steps}"

    def _line(self, event: Mapping[str, Any]) -> str:
        """One line for what a person wants to know of, or "" for what not."""
        kind, tally = event["event"], self.tally
        if kind == "start":
            before = f", {event['done']} of them done before" if event["done"] else ""
            return f"{event['jobs']} jobs{before}."
        if kind == "done":
            seconds = "" if event["seconds"] is None else f" in {event['seconds']:.1f} s"
            files = f": {', '.join(event['files'])}" if event["files"] else ", no files"
            return f"[{tally.done + tally.failed}/{tally.jobs}] job {event['index']} done{seconds}{files}{self._left()}"
        if kind in ("failed", "again"):
            words = "failed" if kind == "failed" else f"is tried again after attempt {event['attempt']}"
            return (
                f"[{tally.done + tally.failed}/{tally.jobs}] job {event['index']} {words}: {event['error']['message']}"
            )
        if kind == "server_down":
            return f"{event['server']} does not answer: {event['message']}"
        if kind == "stopping":
            return f"Stopping: {event['active']} jobs end first. Press Ctrl-C again to take them back."
        if kind == "cancelling":
            return f"Taking back {event['active']} jobs."
        if kind == "warning":
            return f"Job {event['index']}: {event['message']}"
        if kind == "end":
            pending = f", {event['pending']} not done" if event["pending"] else ""
            return f"{event['done']} jobs done, {event['failed']} failed{pending} in {duration(tally.elapsed_s)}."
        return ""

    def _left(self) -> str:
        left = self.tally.left_s
        return f" ({duration(left)} left)" if left else ""

    def _draw(self, *, is_last: bool) -> None:
        now = time.monotonic()
        if is_last or now - self._drawn < _REDRAW_S:
            return
        self._drawn = now
        tally, width = self.tally, shutil.get_terminal_size().columns
        ended = tally.done + tally.failed
        filled = 24 * ended // max(1, tally.jobs)
        failed = f", {tally.failed} failed" if tally.failed else ""
        cached = f", {tally.cached} cached" if tally.cached else ""
        step = next(reversed(self._steps.values()), "")
        text = f"[{'#' * filled}{'.' * (24 - filled)}] {ended}/{tally.jobs}{failed}{cached}{self._left()}  {step}"
        self._write(f"\r\x1b[K{text[: max(20, width - 1)]}")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
