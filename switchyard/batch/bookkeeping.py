"""What becomes of a run's jobs, whoever works them off: the records, the further attempts, the stops and the end.

What holds that no job is lost and none done twice: a record of every step is on disk before the step; ids follow from
the run, so that a job that a server knows is adopted and not queued again; and a job whose result is in the journal is
never touched again.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import (
    AuthRequired,
    JobInterrupted,
    JobLost,
    NodeFailed,
    OutOfMemory,
    PromptRejected,
    ServerUnavailable,
    SwitchyardError,
)
from . import manifest
from .jobs import prompt_id
from .journal import JobState, Journal, states
from .pool import Place, Pool, Task, every
from .run_folder import CANCEL_FILE, RunFolder

MOST_LOSSES = 20  # how often a server may lose a job before the job is to blame
_TICK_S = 0.2
_GRACE_S = 10.0  # how long a cancelled job may take to end

Say = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class Outcome:
    """How a run went.

    Attributes:
        done, failed, pending: how many jobs.
        is_interrupted: whether the user stopped it.
        error: what stopped it otherwise, such as no server that answers.
        codes: by the code of an error, how many jobs failed with it.
    """

    done: int
    failed: int
    pending: int
    is_interrupted: bool = False
    error: SwitchyardError | None = None
    codes: Mapping[str, int] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        if self.is_interrupted:
            return 130
        if self.error is not None:
            return self.error.exit_code
        if self.failed:
            kinds = {_EXIT_CODES.get(code, 1) for code in self.codes}
            return kinds.pop() if len(kinds) == 1 else 1
        return 0


_EXIT_CODES = {"PromptRejected": 3, "PartialPrompt": 3, "JobStalled": 5, "JobTimeout": 5}


class Bookkeeping(ABC):
    """One pass over the jobs of a run that are not done. Who inherits from it has servers run them.

    Args:
        run: what is asked for.
        journal: the open journal.
        places: the servers as far as they are known beforehand.
        say: called with what happens, as a dictionary with "event"; from any thread, one at a time.
    """

    def __init__(self, run: RunFolder, journal: Journal, places: list[Place], say: Say | None = None) -> None:
        self.run_folder, self.options, self.journal = run, run.options, journal
        self.states = states(journal.records, len(run.jobs))
        self.tasks = [Task(job, state) for job, state in zip(run.jobs, self.states, strict=True) if _is_to_do(state)]
        self.tasks.sort(key=lambda task: task.state.status != "open")  # what servers may have already comes first
        self.pool = Pool(self.tasks, places, self.options.patience_s)
        self._say, self._say_lock = say, threading.Lock()
        self._record_lock = threading.Lock()
        self._is_interrupted = self._is_cancelled = self._is_closed = False

    def run(self, tick: Callable[[], None] | None = None) -> Outcome:
        """Runs until every job is done or given up, or it is stopped.

        A first KeyboardInterrupt queues nothing new and lets running jobs end; a second one takes them back.

        Args:
            tick: called again and again in this thread.
        """
        manifest.sweep(self.run_folder, self.states)
        (self.run_folder.path / CANCEL_FILE).unlink(missing_ok=True)
        self._look_at_servers()
        self._tell("start", jobs=len(self.states), done=self._count("done"), slots=self._slots())
        self._start()
        self._watch(tick)
        return self._finish()

    @abstractmethod
    def _look_at_servers(self) -> None:
        """Marks servers that do not answer; raises ServerUnavailable if none does."""

    @abstractmethod
    def _start(self) -> None:
        """Has threads begin to work."""

    @abstractmethod
    def _take_back_all(self) -> None:
        """Writes down that what is queued is taken back, and takes it back."""

    def _free(self, place: Place) -> None:  # noqa: B027 - an engine whose workers do it need not
        """Has a server give up its models, if it can."""

    def stop(self) -> None:
        """Queues nothing new; what is queued goes on."""
        self._is_interrupted = True
        self._tell("stopping", active=len(self.pool.active))
        self.pool.stop()

    def cancel(self) -> None:
        """Takes back what is queued; other people's jobs are left alone. The run can be resumed."""
        self._is_interrupted = True
        self._is_cancelled = True
        self.pool.stop()
        self._tell("cancelling", active=len(self.pool.active))
        self._take_back_all()

    def _watch(self, tick: Callable[[], None] | None) -> None:
        asked = self.run_folder.path / CANCEL_FILE
        look = every(0.5, lambda: self.cancel() if asked.exists() and not self._is_cancelled else None)
        deadline = float("inf")
        while time.monotonic() < deadline:
            try:
                if self.pool.wait(_TICK_S):
                    return
                look()
                for task in self.pool.take_hopeless():
                    self._fail(task, next(reversed(task.rejected.values())))
                if tick is not None:
                    tick()
            except KeyboardInterrupt:
                if self._is_cancelled:
                    return
                (self.cancel if self._is_interrupted else self.stop)()
            if self._is_cancelled and deadline == float("inf"):
                deadline = time.monotonic() + _GRACE_S

    def _finish(self) -> Outcome:
        error = self.pool.error
        with self._record_lock:  # from here on no thread that is left behind changes anything
            self._is_closed = True
            manifest.write(self.run_folder, self.states)
        if error is not None and not isinstance(error, SwitchyardError):
            raise error
        codes: dict[str, int] = {}
        for state in self.states:
            if state.status == "failed":
                code = (state.error or {}).get("code", "")
                codes[code] = codes.get(code, 0) + 1
        done, failed = self._count("done"), self._count("failed")
        pending = len(self.states) - done - failed
        outcome = Outcome(done, failed, pending, self._is_interrupted and pending > 0, error, codes)
        self._tell("end", done=done, failed=failed, pending=pending, exit_code=outcome.exit_code)
        return outcome

    def _begin(self, task: Task, server: str, *, is_adopted: bool) -> None:
        """Writes down that an attempt begins, or goes on at another server, unless the server has it already."""
        if is_adopted:
            return
        attempt = task.state.attempt + (not task.is_unplaced)
        task.is_unplaced = False
        found = prompt_id(self.run_folder.run_id, task.job, attempt)
        self._record("submit", task, attempt=attempt, prompt_id=found, server=server)

    def _done(self, task: Task, result: Mapping[str, Any], outputs: list[dict[str, Any]]) -> None:
        """Writes down that a job is done; `result` has its seconds, cached nodes and warnings."""
        facts = {name: result[name] for name in ("seconds", "cached", "warnings")}
        self._record("done", task, **facts, outputs=outputs)
        self._tell(
            "done", index=task.job.index, attempt=task.state.attempt, server=task.state.server,
            seconds=facts["seconds"], cached=len(facts["cached"]), nodes=len(self.run_folder.template.graph),
            files=[output["path"] for output in outputs],
        )  # fmt: skip
        self.pool.end(task)

    def _find_homes(self, tasks: Iterable[Task], known: Sequence[tuple[Place, set[str]]]) -> None:
        """Finds out which server has the jobs that are open: that one goes on with them.

        Args:
            tasks: jobs that are open.
            known: each server that answers, with those of the jobs' ids that it knows.
        """
        away = [place.url for place in self.pool.places if place.down_since is not None]
        asked = {place.url for place, _ in known}
        for task in tasks:
            state = task.state
            home = next((place.url for place, ids in known if state.prompt_id in ids), None)
            if home is not None:
                state.server = home
            elif state.server in asked or (not state.server and not away):
                # It never got there, or is on its way by a worker of a killed process: another id could run it twice.
                state.server, task.is_unplaced = "", True
            elif not state.server:
                state.server = away[0]  # it may be there

    def _went_wrong(self, place: Place, task: Task, problem: SwitchyardError, is_adopted: bool) -> None:
        """What becomes of a job whose attempt has ended without a result."""
        state = task.state
        if self._is_cancelled:
            self.pool.end(task)  # the journal has it as cancelled
        elif isinstance(problem, (ServerUnavailable, AuthRequired)):
            task.broken_off += 1
            if task.broken_off > MOST_LOSSES:
                self._fail(task, problem)
                return
            since = time.monotonic() - (self.options.patience_s if task.is_waited_for else 0)
            if place.down_since is None:
                self._tell("server_down", server=place.url, message=str(problem))
            self.pool.went_down(place, problem, since, for_good=isinstance(problem, AuthRequired))
            self.pool.give_back(task)  # still open there: only if it stays away another server gets it
        elif isinstance(problem, PromptRejected):
            task.rejected[place.url] = problem
            if len(self.pool.places) == 1:
                self._fail(task, problem)
            else:
                self._again(task, problem, None)  # another server may have what it needs
        elif isinstance(problem, OutOfMemory) and not state.memory_failures:
            self._free(place)  # if it can't, the next attempt tells
            self._again(task, problem, "memory_failures")
        elif isinstance(problem, JobLost) or (is_adopted and isinstance(problem, JobInterrupted)):
            if state.losses < MOST_LOSSES:
                self._again(task, problem, "losses")
            else:
                self._fail(task, problem)
        elif problem.retryable and not isinstance(problem, OutOfMemory) and state.failures < self.options.retries:
            self._again(task, problem, "failures")
        else:
            self._fail(task, problem)

    def _again(self, task: Task, problem: SwitchyardError, counts: str | None) -> None:
        self._record("again", task, error=describe(problem), counts=counts)
        self._tell("again", index=task.job.index, attempt=task.state.attempt, error=describe(problem))
        self.pool.give_back(task)

    def _fail(self, task: Task, problem: SwitchyardError) -> None:
        self._record("failed", task, error=describe(problem))
        self._tell("failed", index=task.job.index, attempt=task.state.attempt, error=describe(problem))
        most = 1 if self.options.on_error == "stop" else self.options.max_failures
        if most is not None and self._count("failed") >= most:
            self.pool.stop()
        self.pool.end(task)

    def _record(self, event: str, task: Task, **facts: Any) -> None:
        """Writes down what happened to a job; what is not on disk has not happened."""
        with self._record_lock:
            if self._is_closed:
                raise JobInterrupted("The run has ended.")
            known = {"attempt": task.state.attempt, "prompt_id": task.state.prompt_id, "server": task.state.server}
            task.state.apply(self.journal.add(event, task.job.index, **{**known, **facts}))

    def _tell(self, event: str, **facts: Any) -> None:
        if self._say is not None:
            with self._say_lock:
                self._say({"event": event, **facts})

    def _count(self, status: str) -> int:
        return sum(state.status == status for state in self.states)

    def _slots(self) -> int:
        return sum(place.slots for place in self.pool.places)


def _is_to_do(state: JobState) -> bool:
    return state.status in ("pending", "open")


def problem_of(call: Callable[[], Any]) -> SwitchyardError | None:
    """What goes wrong when something is called, or None."""
    try:
        call()
    except SwitchyardError as problem:
        return problem
    return None


def describe(problem: SwitchyardError) -> dict[str, Any]:
    """An error as the journal has it."""
    found: dict[str, Any] = {"code": type(problem).__name__, "message": str(problem)}
    if isinstance(problem, NodeFailed):
        found |= {"node": problem.node_id, "class_type": problem.class_type}
    return found
