"""A fleet: a run's jobs on the workers of a Dask scheduler, each of which has a server. Needs the extra `fleet`.

Dask chooses the workers, moves orders and files, and has jobs of lost workers done by others. The journal, the manifest
and the files are written here, by this process alone.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import os
import queue
import secrets
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import errors
from ..errors import JobLost, NodeFailed, OutputMissing, ServerUnavailable, SwitchyardError, TemplateError
from ..template.parameters import FILE_TYPES
from . import manifest
from .bookkeeping import Bookkeeping, Say
from .fleet_scheduler import EngineError, ask_workers, problems_of
from .fleet_worker import SERVER, TAG, cancel, look, run_job
from .jobs import Order, graph_of
from .journal import Journal
from .pool import Place, Task
from .run_folder import OUTPUTS, RunFolder
from .servers import Server, with_tags

_FIRST_WORKER_S, _FIRST_LOOK_S = 10.0, 120.0  # to come, if they start with the run; to ask their servers
_LOOK_S, _LOOK_COST = 2.0, 10  # how often workers are asked; in a large fleet for at most a tenth of the time
_WAIT_S = 0.1
_FILES = 64  # local files in workers' memory for jobs to come
_AT_ONCE = 4  # results that are fetched at a time; so many are in memory here


@dataclass
class FleetServer:
    """A server as this process sees it: through its worker.

    Attributes:
        url: what the journal calls it.
        worker: the worker's address.
    """

    url: str
    worker: str


@dataclass
class _Sent:
    """A job at Dask.

    Attributes:
        able: the servers that may get it; None: any.
        is_adopted: whether a server has had it already.
        fetch: its result on the way here.
    """

    task: Task
    future: Any
    able: list[Place] | None
    is_adopted: bool
    fetch: concurrent.futures.Future[Any] | None = None


class Fleet(Bookkeeping):
    """One pass over the jobs of a run that are not done.

    Args:
        run: what is asked for.
        journal: the open journal.
        dask: a client of the scheduler.
        say: called with what happens, as a dictionary with "event"; from any thread, one at a time.
    """

    def __init__(self, run: RunFolder, journal: Journal, dask: Any, say: Say | None = None) -> None:
        super().__init__(run, journal, [], say)
        self._dask = dask
        self._topic = f"switchyard-{run.run_id}" if say is not None else ""
        self._salt = secrets.token_hex(4)  # Dask may still know a job of a pass before by its id
        self._sent: dict[int, _Sent] = {}
        self._news: queue.SimpleQueue[_Sent] = queue.SimpleQueue()  # jobs that have ended, and results that are here
        self._ended: deque[_Sent] = deque()
        self._fetching: list[_Sent] = []
        self._files: dict[str, tuple[str, str, Any]] = {}
        self._next_look = 0.0
        self._thread = threading.Thread(target=self._work, name="switchyard fleet", daemon=True)

    def _look_at_servers(self) -> None:
        waiting = [task for task in self.tasks if task.state.status == "open"]
        ids = [task.state.prompt_id for task in waiting]
        deadline = time.monotonic() + min(_FIRST_WORKER_S, self.options.patience_s)
        try:
            while not (found := self._ask(ids, is_asked=True)) and time.monotonic() < deadline:
                time.sleep(_WAIT_S)
        except OSError as problem:  # a time-out too
            raise ServerUnavailable(f"{problem}") from problem
        if not found:
            raise ServerUnavailable(
                f"The Dask scheduler at {self._dask.scheduler.address} has no worker with a server. Start one: "
                f"dask worker {self._dask.scheduler.address} --preload switchyard.batch.fleet_preload http://127.0.0.1:8188"
            )
        with_tags([Server(said["url"], tags=said["tags"]) for said in found.values()], self.options.require)
        self._take_in(found)
        up = [place for place in self.pool.places if place.down_since is None]
        if not up:
            raise next(place.trouble for place in self.pool.places if place.trouble is not None)
        self._find_homes(waiting, [(place, set(found[place.client.worker]["known"])) for place in up])

    def _start(self) -> None:
        if self._topic:
            self._dask.subscribe_topic(self._topic, self._hear)
        self._thread.start()

    def _take_back_all(self) -> None:
        self._take_back(list(self._sent.values()))

    def _take_back(self, sent: Sequence[_Sent]) -> None:
        for one in sent:
            self._record("cancelled", one.task)  # before anybody is told: who resumes must not take it for a failure
        ids = [one.task.state.prompt_id for one in sent]
        self._dask.cancel([one.future for one in sent], force=True)
        for problem in problems_of(self._dask, cancel, ids):
            self._tell("warning", index=sent[0].task.job.index, message=f"It could not be taken back: {problem}")

    def _work(self) -> None:
        try:
            while not self.pool.wait(0) and self.pool.error is None:
                self._hand_out()
                self._take_results()
                if time.monotonic() >= self._next_look:
                    self._look_again()
        except (OSError, asyncio.CancelledError, concurrent.futures.CancelledError) as problem:
            self.pool.abort(
                ServerUnavailable(f"The Dask scheduler does not answer any more: {problem or 'it is gone'}")
            )
        except BaseException as problem:  # noqa: BLE001 - it is raised again in the thread that waits
            self.pool.abort(problem)
        else:
            if self.pool.error is not None:
                self.pool.abort(self.pool.error)  # what no server can end now is left open, for whoever resumes

    def _hand_out(self) -> None:
        room = sum(place.capacity for place in self.pool.places if place.down_since is None)
        while len(self._sent) < room and (found := self.pool.take_somewhere()) is not None:
            self._send(*found)

    def _send(self, task: Task, able: list[Place]) -> None:
        state, urls = task.state, {place.url for place in able}  # a server may have several workers
        server = urls.pop() if len(urls) == 1 else ""
        is_adopted = state.status == "open" and bool(server) and state.server == server
        try:
            files, job = self._files_of(task)
        except SwitchyardError as problem:
            self._begin(task, "", is_adopted=is_adopted)
            self._fail(task, problem)
            return
        self._begin(task, server, is_adopted=is_adopted)
        template = self.run_folder.template
        graph = graph_of(template, job, self.run_folder.name, state.attempt)
        order = Order.make(state.prompt_id, graph, template.page_workflow(job.values), self.options)
        is_free = len(able) == len(self.pool.places) and not is_adopted
        future = self._dask.submit(
            run_job, order.pack(), files, self._topic, job.index, state.attempt, not state.memory_failures,
            key=f"switchyard-{state.prompt_id}-{self._salt}-{time.monotonic_ns()}",
            resources={SERVER: 1, **{f"{TAG}{tag}": 1 for tag in self.options.require}},
            workers=None if is_free else [place.client.worker for place in able],
            allow_other_workers=False, pure=False, retries=0,
        )  # fmt: skip
        sent = self._sent[job.index] = _Sent(task, future, None if is_free else able, is_adopted)
        future.add_done_callback(lambda _: self._news.put(sent))
        if self._is_cancelled:  # meanwhile, and nobody has seen this one
            self._take_back([sent])

    def _files_of(self, task: Task) -> tuple[dict[str, Any], Any]:
        """The local files that a job needs, each under a mark, and the job with these marks in place of the paths."""
        files, values = {}, dict(task.job.values)
        for name, value in values.items():
            if self.run_folder.template.parameter(name).type not in FILE_TYPES or not Path(value).is_absolute():
                continue
            if value not in self._files:
                try:
                    data = Path(value).read_bytes()
                except OSError as problem:
                    raise TemplateError(f"{value} can't be read: {problem.strerror or problem}.") from problem
                up = [place.client.worker for place in self.pool.places if place.down_since is None]
                kept = self._dask.scatter([data], workers=up, hash=True)[0]
                if len(self._files) >= _FILES:
                    del self._files[next(iter(self._files))]  # a job that has it keeps it
                self._files[value] = (f"{kept.key}/{Path(value).name}", Path(value).name, kept)
            mark, file_name, kept = self._files[value]
            files[mark], values[name] = [file_name, kept], mark
        return files, replace(task.job, values=values)

    def _take_results(self) -> None:
        with contextlib.suppress(queue.Empty):
            sent = self._news.get(timeout=_WAIT_S)
            while True:
                if self._sent.get(sent.task.job.index) is sent:  # it was not given up
                    self._take_news(sent)
                sent = self._news.get_nowait()
        self._fetching = [sent for sent in self._fetching if self._sent.get(sent.task.job.index) is sent]
        # A result whose worker has died comes once the job was done again: the others don't wait for it.
        room = _AT_ONCE - sum(sent.future.status == "finished" for sent in self._fetching)
        while self._ended and room > 0:
            self._fetch(self._ended.popleft())
            room -= 1

    def _take_news(self, sent: _Sent) -> None:
        if self._is_cancelled or sent.future.status in ("error", "cancelled"):
            self._take_result(sent, None)
        elif sent.fetch is None:
            self._ended.append(sent)
        else:
            self._take_result(sent, sent.fetch.result())

    def _fetch(self, sent: _Sent) -> None:
        if self._sent.get(sent.task.job.index) is not sent:
            return
        coming = self._dask.gather(sent.future, asynchronous=True)
        sent.fetch = asyncio.run_coroutine_threadsafe(coming, self._dask.loop.asyncio_loop)
        self._fetching.append(sent)
        sent.fetch.add_done_callback(lambda _: self._news.put(sent))

    def _take_result(self, sent: _Sent, result: Mapping[str, Any] | None) -> None:
        task = sent.task
        if result is not None:
            self._settle(sent)
            self._take_in_result(sent, result)
        elif self._is_cancelled:
            self._settle(sent)
            self.pool.end(task)
        elif sent.future.cancelled():
            self._was_dropped(sent)
        else:
            error = sent.future.exception()
            self._settle(sent)
            if isinstance(error, ImportError) or "deserialization" in str(error):
                raise EngineError(
                    "Dask's scheduler or its workers can't load this version of Switchyard. Install the same on all of "
                    f"them, the scheduler too. Dask says: {error}"
                ) from error
            if error is not None and type(error).__name__ != "KilledWorker":
                raise error
            lost = JobLost(f"The workers that had the job died, one after another: {error}")
            self._went_wrong(self.pool.places[0], task, lost, sent.is_adopted)

    def _settle(self, sent: _Sent) -> None:
        """Gives a job's result up: its files are in memory as long as anybody knows of it."""
        self._sent.pop(sent.task.job.index, None)
        sent.future.release()

    def _take_in_result(self, sent: _Sent, result: Mapping[str, Any]) -> None:
        task = sent.task
        place = self._place(result["server"])
        task.is_waited_for = result["is_waited_for"]
        if not result["is_here"]:  # a server that was known to be away
            self._miss(place, rebuild(result["error"]))
            if not sent.is_adopted:  # any other may get it
                task.state.server, task.is_unplaced = "", True
            self.pool.give_back(task)
            return
        task.state.server = result["server"]
        try:
            if result["error"] is not None:
                raise rebuild(result["error"])
            outputs = self._save(task.job.label, result["files"])
        except SwitchyardError as problem:
            self._went_wrong(place, task, problem, sent.is_adopted)
            return
        self._done(task, result, outputs)

    def _was_dropped(self, sent: _Sent) -> None:
        """Dask has given a job up that nobody took back: the scheduler is gone, or a file for it with its worker."""
        self._settle(sent)
        if self._dask.status != "running":
            self.pool.stop(ServerUnavailable("The Dask scheduler does not answer any more."))
            self.pool.end(sent.task)  # a server may have it: it stays open, for whoever resumes
            return
        self._files.clear()
        sent.task.broken_off += 1
        lost = JobLost(f"Dask has dropped job {sent.task.job.index}.")
        self._went_wrong(self.pool.places[0], sent.task, lost, sent.is_adopted)

    def _save(self, label: str, files: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Saves a job's files, each whole or not at all; none stays if one can't be saved."""
        folder, found = self.run_folder.outputs, []
        names = manifest.local_names(label, [file["name"] for file in files])
        try:
            for file, name in zip(files, names, strict=True):
                _write(folder / name, file["data"])
                facts = {key: file[key] for key in ("name", "node", "kind")}
                path = f"{OUTPUTS}/{name}"
                found.append({**facts, "path": path, "sha256": file["sha256"], "bytes": len(file["data"])})
        except OSError as problem:
            for output in found:
                (self.run_folder.path / output["path"]).unlink(missing_ok=True)
            raise OutputMissing(f"{folder} can't be written: {problem.strerror or problem}.") from problem
        return found

    def _look_again(self) -> None:
        start = time.monotonic()
        try:
            found = self._ask([], is_asked=False)
        except (OSError, TimeoutError):
            if self._dask.status != "running":
                raise
            found = None
        if found is not None:
            self._take_in(found)
            self._miss_lost_workers(found)
        self._next_look = time.monotonic() + max(_LOOK_S, _LOOK_COST * (time.monotonic() - start))

    def _ask(self, ids: Sequence[str], *, is_asked: bool) -> dict[str, dict[str, Any]]:
        """What the workers say that have a server, by their addresses."""
        timeout_s = _FIRST_LOOK_S if is_asked else None
        answers = ask_workers(self._dask, look, list(ids), is_asked, on_error="ignore", timeout_s=timeout_s)
        return {worker: answer for worker, answer in answers.items() if answer is not None}

    def _take_in(self, found: Mapping[str, Mapping[str, Any]]) -> None:
        """Takes servers in that have come, gone, or come back."""
        places = {place.client.worker: place for place in self.pool.places}
        for worker, said in found.items():
            tags = frozenset(said["tags"])
            if not set(self.options.require) <= tags:
                continue
            capacity = min(said["threads"], said["slots"] * self.options.window)
            place = places.get(worker) or self._without_worker(said["url"], found)
            if place is None:
                place = Place(FleetServer(said["url"], worker), capacity, said["slots"], tags)
                self.pool.came(place)
            place.client.worker, place.capacity = worker, capacity
            if said["trouble"] is not None:
                self._miss(place, rebuild(said["trouble"]))
            elif place.down_since is not None:
                self.pool.came_up(place)
        for place in self.pool.places:
            if place.client.worker not in found:
                self._miss(place, ServerUnavailable(f"The worker {place.client.worker} of {place.url} is gone."))

    def _without_worker(self, url: str, found: Mapping[str, Any]) -> Place | None:
        """A server of that address whose worker is gone: a new worker takes it over."""
        gone = (place for place in self.pool.places if place.url == url and place.client.worker not in found)
        return next(gone, None)

    def _miss(self, place: Place, problem: SwitchyardError) -> None:
        if place.down_since is None:
            self._tell("server_down", server=place.url, message=str(problem))
        self.pool.went_down(place, problem, time.monotonic(), for_good=isinstance(problem, errors.AuthRequired))

    def _miss_lost_workers(self, found: Mapping[str, Any]) -> None:
        """Takes jobs back from Dask that are for workers which are gone: it would wait for them for ever."""
        for sent in list(self._sent.values()):
            if sent.able is not None and not any(place.client.worker in found for place in sent.able):
                self._settle(sent)
                sent.task.is_waited_for = False
                gone = ServerUnavailable(f"The worker of {sent.able[0].url} is gone.")
                self._went_wrong(sent.able[0], sent.task, gone, sent.is_adopted)

    def _hear(self, event: Any) -> None:
        """Tells on what a worker tells."""
        self._tell(**event[1])

    def _place(self, url: str) -> Place:
        """The server of that address. Its worker may have come, and got a job, since the workers were last asked."""
        if url not in (place.url for place in self.pool.places):
            self._look_again()
        found = next((place for place in self.pool.places if place.url == url), None)
        if found is None:  # and is gone again
            found = Place(FleetServer(url, ""), 0)
            self.pool.came(found)
            self._miss(found, ServerUnavailable(f"The worker of {url} is gone."))
        return found


def rebuild(described: Mapping[str, Any]) -> SwitchyardError:
    """The error that a description is of; see `bookkeeping.describe`."""
    kind = getattr(errors, described["code"], SwitchyardError)
    if issubclass(kind, NodeFailed):
        return kind(described["message"], described["node"], described["class_type"], "", "")
    return kind(described["message"])


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(f".{path.name[:60]}.{secrets.token_hex(4)}.part")  # the name may be as long as a name can be
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
