"""One job on a server, and waiting for its end.

Polling decides: ComfyUI's events are lost where nobody listens, its history is not. Events only wake the next poll.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .errors import JobLost, JobStalled, JobTimeout, ServerUnavailable
from .events import Event, EventStream
from .graphs import Graph
from .pictures import received, senders_of, why_missing
from .results import Result, graph_in, read_result

if TYPE_CHECKING:
    from .client import Client

_FIRST_POLL_S, _SLOWER, _LAST_POLL_S = 0.05, 1.3, 2.0
_FIRST_QUEUE_CHECK_S, _LAST_QUEUE_CHECK_S = 2.0, 6.0
_LAST_EVENTS_S = 2.0  # how long the last events of a job that has ended are waited for
_QUEUE_COST = 10  # a server with a thousand queued jobs takes seconds to list them: at most a tenth of its time

OnEvent = Callable[[Event], None]


class Job:
    """One job.

    Attributes:
        id: what the server knows it by.
        graph: what it runs, for words about its nodes; {} if that is not known.
        adopted: whether the server had it already when it was submitted.
        warnings: what the server found wrong with parts of the graph that were left out.
        stream: its events since before it was queued, where its graph sends pictures along with them; else None.
    """

    def __init__(
        self,
        client: Client,
        prompt_id: str,
        graph: Graph | None = None,
        adopted: bool = False,
        warnings: Iterable[str] = (),
    ) -> None:
        self.client = client
        self.id = prompt_id
        self.graph: Graph = graph or {}
        self.adopted = adopted
        self.warnings = tuple(warnings)
        self.stream: EventStream | None = None

    def __repr__(self) -> str:
        return f"Job({self.id!r} on {self.client.url})"

    def cancel(self) -> None:
        """Takes it out of the queue, or interrupts it if it runs; other jobs are left alone."""
        self.client.cancel(self.id)
        if self.stream is not None:
            self.stream.close()

    def wait(
        self,
        timeout_s: float | None = None,
        *,
        patience_s: float = 60.0,
        stall_s: float | None = None,
        on_event: OnEvent | None = None,
        stream: EventStream | None = None,
    ) -> Result:
        """What the job has made, when it has ended.

        Args:
            timeout_s: how long to wait; None: as long as it takes.
            patience_s: how long the server may be silent.
            stall_s: how long the job may run without any step or event before it is stopped; None: for ever. A server
                that sends no events looks like a job that does not get on.
            on_event: called with what happens meanwhile, as far as the server tells.
            stream: where events come from, if it was opened before the job was submitted (`Client.listen`), so that
                the first ones are not missed. It is closed in the end.

        Raises:
            NodeFailed, OutOfMemory, JobFailed, JobInterrupted: it ended badly.
            JobLost: the server does not know it: it was taken out of the queue, or the server was started anew.
            JobTimeout: it takes too long. It goes on.
            JobStalled: it did not get on; it was stopped.
            ServerUnavailable: the server is silent for longer than `patience_s`. The job may go on.
            PicturesMissed: it sent pictures (SaveImageWebsocket), and the socket was not open all the time.
        """
        return _Wait(self, timeout_s, patience_s, stall_s, on_event).result(stream)


class _Wait:
    def __init__(
        self, job: Job, timeout_s: float | None, patience_s: float, stall_s: float | None, on_event: OnEvent | None
    ) -> None:
        self._job = job
        self._client = job.client
        self._timeout_s, self._patience_s, self._stall_s = timeout_s, patience_s, stall_s
        self._on_event = on_event
        self._warnings = list(job.warnings)
        self._start = self._answered = self._moved = time.monotonic()
        self._pause_s = _FIRST_POLL_S
        self._queue_check_s = _FIRST_QUEUE_CHECK_S
        self._next_queue_check = self._start + (0.0 if on_event else _FIRST_QUEUE_CHECK_S)
        self._place: int | None = None

    def result(self, stream: EventStream | None) -> Result:
        own = self._job.stream
        stream = stream or own
        if stream is None and (self._on_event is not None or self._stall_s is not None):
            stream = self._client.listen(self._job.id)
        goes_on = False
        try:
            while True:
                result = self._look()
                if result is not None:
                    self._hear_the_last(stream)
                    files = (*result.files, *(received(own, self._job.id) if own is not None else ()))
                    return replace(result, files=files, warnings=tuple(self._warnings), client=self._client)
                self._give_up_if_late()
                self._sleep(stream)
        except (JobTimeout, ServerUnavailable):
            goes_on = True  # and whoever waits for it again must not have missed a picture
            raise
        finally:
            if stream is not None and not (goes_on and stream is own):
                stream.close()

    def _look(self) -> Result | None:
        """The result, or None if the job has not ended, or the server is silent and may be."""
        try:
            entry = self._client.history(self._job.id, timeout_s=self._ask_timeout())
            if entry is None and time.monotonic() >= self._next_queue_check:
                entry = self._check_queue()
        except ServerUnavailable as problem:
            if time.monotonic() - self._answered >= self._patience_s:
                raise ServerUnavailable(
                    f"{problem} It has been silent for {self._patience_s:g} s; job {self._job.id} may go on there."
                ) from problem
            self._next_queue_check = 0.0  # it may have been started anew, and know nothing
            return None
        self._answered = time.monotonic()
        if entry is None:
            return None
        result = read_result(entry, self._job.graph, self._job.id)
        senders = senders_of(self._job.graph or graph_in(entry))
        if senders and self._job.stream is None:
            self._warnings.append(why_missing(senders))
        return result

    def _check_queue(self) -> Mapping[str, Any] | None:
        start = time.monotonic()
        place = self._client.place_in_queue(self._job.id, timeout_s=self._ask_timeout())
        cost = time.monotonic() - start
        self._next_queue_check = time.monotonic() + max(self._queue_check_s, _QUEUE_COST * cost)
        self._queue_check_s = min(self._queue_check_s * 1.5, _LAST_QUEUE_CHECK_S)
        if place is None:  # it may have ended between the two questions: the history is asked after the queue
            entry = self._client.history(self._job.id, timeout_s=self._ask_timeout())
            if entry is None:
                raise JobLost(
                    f"Job {self._job.id} is gone: somebody took it out of the queue, or the server was started anew."
                )
            return entry
        if place != self._place or place > 0:
            self._moved = time.monotonic()
        if place != self._place and self._on_event is not None:
            self._on_event(Event("queue", value=place))
        self._place = place
        return None

    def _ask_timeout(self) -> float:
        """How long one answer may take: no longer than there is patience left."""
        left = [self._patience_s - (time.monotonic() - self._answered), self._client.timeout_s]
        if self._timeout_s is not None:
            left.append(self._timeout_s - (time.monotonic() - self._start))
        return max(1.0, min(left))

    def _give_up_if_late(self) -> None:
        now, job = time.monotonic(), self._job
        if self._timeout_s is not None and now - self._start >= self._timeout_s:
            raise JobTimeout(
                f"Job {job.id} has not ended after {self._timeout_s:g} s. It goes on; cancel it if need be."
            )
        if self._stall_s is not None and now - self._moved >= self._stall_s and now - self._answered < self._stall_s:
            job.cancel()
            raise JobStalled(f"Job {job.id} did not get on for {self._stall_s:g} s and was stopped.")

    def _sleep(self, stream: EventStream | None) -> None:
        until = time.monotonic() + self._pause_s
        if self._timeout_s is not None:
            until = min(until, self._start + self._timeout_s)
        self._pause_s = min(self._pause_s * _SLOWER, _LAST_POLL_S)
        while (left := until - time.monotonic()) > 0:
            if self._hear(stream, left):
                self._pause_s = _FIRST_POLL_S
                return

    def _hear_the_last(self, stream: EventStream | None) -> None:
        """Hears the job out: the history may have its end before the last events are here."""
        until = time.monotonic() + _LAST_EVENTS_S
        if stream is not None:
            while stream.has_heard_start and not stream.has_heard_all and stream.is_open and time.monotonic() < until:
                self._hear(stream, 0.1)
        self._hear(stream, 0.0)

    def _hear(self, stream: EventStream | None, timeout_s: float) -> bool:
        """Hands events on, waiting for the first; whether one of them says that the job has ended."""
        if stream is None:
            time.sleep(timeout_s)
            return False
        has_ended = False
        for event in stream.take(timeout_s):
            self._moved = event.at
            has_ended = has_ended or event.kind == "end"
            if event.kind == "blocked":
                self._warnings.append(f"Node {event.node} was left out: {event.text}")
            if self._on_event is not None:
                self._on_event(event)
        return has_ended
