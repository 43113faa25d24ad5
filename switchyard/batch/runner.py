"""The runner: works off a run's jobs on one or more servers, in threads, so that none is lost and none done twice.

What holds that: a record of every step is on disk before the step; ids follow from the run, so that a job that a server
knows is adopted and not queued again; and a job whose result is in the journal is never touched again.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..errors import (
    AuthRequired,
    JobInterrupted,
    JobLost,
    JobStalled,
    JobTimeout,
    NodeFailed,
    OutOfMemory,
    OutputMissing,
    PromptRejected,
    ServerUnavailable,
    SwitchyardError,
)
from ..template.parameters import FILE_TYPES
from . import manifest
from .jobs import graph_of, prompt_id
from .journal import JobState, Journal, states
from .pool import Place, Pool, Task, every
from .run_folder import CANCEL_FILE, OUTPUTS, RunFolder

MOST_LOSSES = 20  # how often a server may lose a job before the job is to blame
_TICK_S = 0.2
_GRACE_S = 10.0  # how long a cancelled job may take to end
_FETCH_PAUSE_S = 1.0

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


class Runner:
    """One pass over the jobs of a run that are not done.

    Args:
        run: what is asked for.
        journal: the open journal.
        servers: each server's client, and how many jobs it runs at a time.
        say: called with what happens, as a dictionary with "event"; from any thread, one at a time.
    """

    def __init__(
        self, run: RunFolder, journal: Journal, servers: Sequence[tuple[Any, int]], say: Say | None = None
    ) -> None:
        self.run_folder, self.options, self.journal = run, run.options, journal
        self.states = states(journal.records, len(run.jobs))
        places = [Place(client, slots * self.options.window, slots) for client, slots in servers]
        tasks = [Task(job, state) for job, state in zip(run.jobs, self.states, strict=True) if _is_to_do(state)]
        tasks.sort(key=lambda task: task.state.status != "open")  # what servers may have already comes first
        self.pool = Pool(tasks, places, self.options.patience_s)
        self._say, self._say_lock = say, threading.Lock()
        self._record_lock, self._upload_lock = threading.Lock(), threading.Lock()
        self._uploads: dict[tuple[str, str], str] = {}
        self._jobs: dict[int, tuple[Any, Task]] = {}
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
        threads = [
            threading.Thread(target=self._work, args=(place,), name=f"{place.url} {number}", daemon=True)
            for place in self.pool.places
            for number in range(place.capacity + 2)  # two that fetch files while the queue is full
        ]
        for thread in threads:
            thread.start()
        self._watch(tick)
        return self._finish()

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
        for remote, task in list(self._jobs.values()):
            self._take_back(remote, task)

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

    def _look_at_servers(self) -> None:
        """Raises ServerUnavailable if no server answers: who has mistyped an address need not wait for patience."""
        errors = []
        for place in self.pool.places:
            problem = _problem_of(place.client.queue_length)
            if problem is not None:
                errors.append(problem)
                place.down_since, place.trouble = time.monotonic(), problem
                place.is_banned = isinstance(problem, AuthRequired)
                self._tell("server_down", server=place.url, message=str(problem))
        if len(errors) == len(self.pool.places):
            raise errors[0]

    def _work(self, place: Place) -> None:
        try:
            while (task := self.pool.take(place)) is not None:
                self._run_job(place, task)
        except BaseException as problem:  # noqa: BLE001 - it is raised again in the thread that waits
            self.pool.abort(problem)

    def _run_job(self, place: Place, task: Task) -> None:
        state, job, client = task.state, task.job, place.client
        is_adopted = state.status == "open" and state.server == place.url
        if not is_adopted:
            attempt = state.attempt + 1
            found = prompt_id(self.run_folder.run_id, job, attempt)
            self._record("submit", task, attempt=attempt, prompt_id=found, server=place.url)
        self._tell("submit", index=job.index, attempt=state.attempt, server=place.url, prompt_id=state.prompt_id)
        try:
            try:
                result = self._run_remote(client, task)
            finally:
                self._jobs.pop(job.index, None)
                self.pool.leave_queue(place)
            outputs = self._fetch(client, job.label, result)
        except SwitchyardError as problem:
            self._went_wrong(place, task, problem, is_adopted)
            return
        cached, warnings = sorted(result.cached), list(result.warnings)
        self._record("done", task, seconds=result.seconds, cached=cached, warnings=warnings, outputs=outputs)
        self._tell(
            "done", index=job.index, attempt=state.attempt, server=place.url, seconds=result.seconds,
            cached=len(cached), nodes=len(self.run_folder.template.graph),
            files=[output["path"] for output in outputs],
        )  # fmt: skip
        self.pool.end(task)

    def _run_remote(self, client: Any, task: Task) -> Any:
        """Queues a job, or adopts it where the server has it, and waits for its end."""
        options, template = self.options, self.run_folder.template
        task.is_waited_for = False
        job = replace(task.job, values=self._with_uploads(client, task.job.values))
        graph = graph_of(template, job, self.run_folder.name, task.state.attempt)
        workflow = template.page_workflow(job.values)
        remote = client.submit(
            graph,
            prompt_id=task.state.prompt_id,
            extra_pnginfo={"workflow": workflow} if workflow else None,
            allow_partial=options.allow_partial,
        )
        self._jobs[task.job.index] = (remote, task)
        task.is_waited_for = True
        if self._is_cancelled:
            self._take_back(remote, task)
        try:
            return remote.wait(
                options.timeout_s,
                patience_s=options.patience_s,
                stall_s=options.stall_s,
                on_event=lambda event: self._on_event(task, event),
            )
        except (JobTimeout, JobStalled):
            remote.cancel()
            raise

    def _with_uploads(self, client: Any, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values, with each local file sent to the server, once, and named as it is there."""
        sent = dict(values)
        for name, value in values.items():
            if self.run_folder.template.parameter(name).type in FILE_TYPES and Path(value).is_absolute():
                with self._upload_lock:
                    place = (client.url, value)
                    if place not in self._uploads:
                        self._uploads[place] = client.upload(value)
                    sent[name] = self._uploads[place]
        return sent

    def _on_event(self, task: Task, event: Any) -> None:
        if event.kind in ("node", "progress"):
            step = {"value": event.value, "max": event.max} if event.kind == "progress" else {}
            self._tell("progress", index=task.job.index, server=task.state.server, node=event.node, **step)

    def _take_back(self, remote: Any, task: Task) -> None:
        self._record("cancelled", task)  # before the server is told: whoever resumes must not take it for a failure
        try:
            remote.cancel()
        except SwitchyardError as problem:
            self._tell("warning", index=task.job.index, message=f"It could not be taken back: {problem}")

    def _fetch(self, client: Any, label: str, result: Any) -> list[dict[str, Any]]:
        """Saves a job's files; none stays if one can't be had. A server that is away is waited for."""
        folder = self.run_folder.outputs
        names = manifest.local_names(label, [file.filename for file in result.kept])
        deadline = time.monotonic() + self.options.patience_s
        found: list[dict[str, Any]] = []
        try:
            for file, name in zip(result.kept, names, strict=True):
                (folder / name).unlink(missing_ok=True)  # of a try before: nobody else has names like this
                saved = _again(lambda file=file, name=name: client.download(file, folder, name=name), deadline)
                facts = {"name": file.filename, "node": file.node, "kind": file.kind}
                path = f"{OUTPUTS}/{saved.path.name}"
                found.append({**facts, "path": path, "sha256": saved.sha256, "bytes": saved.bytes})
        except OSError as problem:
            raise OutputMissing(f"{folder} can't be written: {problem.strerror or problem}.") from problem
        except SwitchyardError:
            for output in found:
                (self.run_folder.path / output["path"]).unlink(missing_ok=True)
            raise
        return found

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
            _problem_of(place.client.free)  # if it can't, the next attempt tells
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
        self._record("again", task, error=_error(problem), counts=counts)
        self._tell("again", index=task.job.index, attempt=task.state.attempt, error=_error(problem))
        self.pool.give_back(task)

    def _fail(self, task: Task, problem: SwitchyardError) -> None:
        self._record("failed", task, error=_error(problem))
        self._tell("failed", index=task.job.index, attempt=task.state.attempt, error=_error(problem))
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


def _again(fetch: Callable[[], Any], deadline: float) -> Any:
    while time.monotonic() < deadline:
        with contextlib.suppress(ServerUnavailable):
            return fetch()
        time.sleep(_FETCH_PAUSE_S)
    return fetch()


def _problem_of(call: Callable[[], Any]) -> SwitchyardError | None:
    """What goes wrong when something is called, or None."""
    try:
        call()
    except SwitchyardError as problem:
        return problem
    return None


def _error(problem: SwitchyardError) -> dict[str, Any]:
    found: dict[str, Any] = {"code": type(problem).__name__, "message": str(problem)}
    if isinstance(problem, NodeFailed):
        found |= {"node": problem.node_id, "class_type": problem.class_type}
    return found
