"""The pool: which jobs wait, which server takes which one, and when it is over. Shared by all threads of a runner."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ..errors import SwitchyardError
from .jobs import JobSpec
from .journal import JobState

_PROBE_S = 2.0
_WAIT_S = 0.5  # a thread looks again after this, whatever it has missed


@dataclass
class Place:
    """A server as the runner sees it.

    Attributes:
        capacity: how many own jobs may wait or run there at a time.
        tags: what the server is said to have, such as "sdxl".
        queued: how many do.
        down_since: since when it does not answer, by the monotonic clock; None: it does.
    """

    client: Any
    capacity: int
    slots: int = 1
    tags: frozenset[str] = frozenset()
    queued: int = 0
    down_since: float | None = None
    next_probe: float = 0.0
    trouble: SwitchyardError | None = None
    is_banned: bool = False

    @property
    def url(self) -> str:
        return self.client.url


@dataclass
class Task:
    """A job at work: what is planned, and what the journal says.

    Attributes:
        rejected: the servers that have rejected it, and why.
        is_waited_for: whether a server has taken it, so that its patience is used up if it stops answering.
        is_unplaced: whether it is open, and no server knows it: another one goes on with the same attempt.
        broken_off: how often a server did not answer it.
    """

    job: JobSpec
    state: JobState
    rejected: dict[str, SwitchyardError] = field(default_factory=dict)
    is_waited_for: bool = False
    is_unplaced: bool = False
    broken_off: int = 0


class Pool:
    """Hands out jobs; every method may be called from any thread."""

    def __init__(self, tasks: Iterable[Task], places: list[Place], patience_s: float) -> None:
        self.places = places
        self.patience_s = patience_s
        self.error: BaseException | None = None
        self.active: dict[int, Place] = {}
        self._pending = deque(tasks)
        self._changed = threading.Condition()
        self._is_stopped = False

    @property
    def is_stopped(self) -> bool:
        return self._is_stopped

    def take(self, place: Place) -> Task | None:
        """The next job for a server, when it may have one; None when there is none left, or the batch stops."""
        while True:
            with self._changed:
                if self._is_over():
                    self._changed.notify_all()
                    return None
                if place.down_since is None and place.queued < place.capacity:
                    task = self._choose(place)
                    if task is not None:
                        place.queued += 1
                        self.active[task.job.index] = place
                        return task
                if not self._is_due(place):
                    self._changed.wait(self._nap(place))
                    continue
                place.next_probe = time.monotonic() + _PROBE_S
            self._probe(place)

    def take_somewhere(self) -> tuple[Task, list[Place]] | None:
        """The next job that a server which answers may have, and all such servers; None: there is none now."""
        with self._changed:
            up = [place for place in self.places if place.down_since is None]
            for number, task in enumerate(() if self._is_stopped else self._pending):
                able = [place for place in up if place.url not in task.rejected and self._may_take(place, task)]
                if able:
                    del self._pending[number]
                    self.active[task.job.index] = able[0]
                    return task, able
        return None

    def came(self, place: Place) -> None:
        """There is a server that nobody has named beforehand."""
        with self._changed:
            self.places.append(place)
            self._changed.notify_all()

    def came_up(self, place: Place) -> None:
        """The server answers again."""
        with self._changed:
            place.down_since = place.trouble = None
            place.is_banned = False
            self._changed.notify_all()

    def leave_queue(self, place: Place) -> None:
        """The server has worked off a job: another one may be queued there while this one's files are fetched."""
        with self._changed:
            place.queued -= 1
            self._changed.notify_all()

    def end(self, task: Task) -> None:
        """The job is done, or has failed for good."""
        with self._changed:
            self.active.pop(task.job.index, None)
            self._changed.notify_all()

    def give_back(self, task: Task) -> None:
        """The job needs another attempt."""
        with self._changed:
            self.active.pop(task.job.index, None)
            self._pending.appendleft(task)
            self._changed.notify_all()

    def went_down(self, place: Place, error: SwitchyardError, since: float, *, for_good: bool = False) -> None:
        """The server does not answer. Once none has for as long as patience lasts, the batch stops."""
        with self._changed:
            place.trouble, place.is_banned = error, for_good
            if place.down_since is None or since < place.down_since:
                place.down_since = since
            self._check_any_is_up()
            self._changed.notify_all()

    def stop(self, error: BaseException | None = None) -> None:
        """Hands out nothing any more."""
        with self._changed:
            self._stop(error)

    def abort(self, error: BaseException) -> None:
        """Stops, and does not wait for what is at work."""
        with self._changed:
            self.active.clear()
            self._stop(error)

    def _stop(self, error: BaseException | None) -> None:
        self._is_stopped = True
        self.error = self.error or error
        self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Waits a while; tells whether all is over and nothing is at work any more."""
        with self._changed:
            if not (self._is_over() and not self.active):
                self._changed.wait(seconds)
            return self._is_over() and not self.active

    def take_hopeless(self) -> list[Task]:
        """Jobs that each server has rejected, but for those that are gone."""
        with self._changed:
            found = [task for task in self._pending if task.rejected and self._is_hopeless(task)]
            for task in found:
                self._pending.remove(task)
                self.active[task.job.index] = self.places[0]  # until its end is written down
            return found

    def _is_hopeless(self, task: Task) -> bool:
        return all(place.url in task.rejected or self._is_given_up(place) for place in self.places)

    def _is_over(self) -> bool:
        return self._is_stopped or not (self._pending or self.active)

    def _choose(self, place: Place) -> Task | None:
        for number, task in enumerate(self._pending):
            if place.url not in task.rejected and self._may_take(place, task):
                del self._pending[number]
                return task
        return None

    def _may_take(self, place: Place, task: Task) -> bool:
        """A job that a server may have in its queue is for that server, unless it is gone for too long."""
        if task.state.status != "open" or task.state.server == place.url:
            return True
        home = next((other for other in self.places if other.url == task.state.server), None)
        return home is None or self._is_given_up(home)

    def _is_given_up(self, place: Place) -> bool:
        is_late = place.down_since is not None and time.monotonic() - place.down_since >= self.patience_s
        return is_late or place.is_banned

    def _is_due(self, place: Place) -> bool:
        return place.down_since is not None and not place.is_banned and time.monotonic() >= place.next_probe

    def _nap(self, place: Place) -> float:
        if place.down_since is None or place.is_banned:
            return _WAIT_S
        return min(_WAIT_S, max(0.01, place.next_probe - time.monotonic()))

    def _probe(self, place: Place) -> None:
        try:
            place.client.queue_length()
        except SwitchyardError as problem:
            with self._changed:
                place.trouble = problem
                self._check_any_is_up()
        else:
            self.came_up(place)

    def _check_any_is_up(self) -> None:
        if all(self._is_given_up(place) for place in self.places):
            self._stop(next(place.trouble for place in self.places if place.trouble is not None))


def every(seconds: float, call: Callable[[], None]) -> Callable[[], None]:
    """A function that calls another one, but not more often than every so many seconds."""
    last = -seconds

    def maybe() -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            last = time.monotonic()
            call()

    return maybe
