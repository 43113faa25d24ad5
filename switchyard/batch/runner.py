"""The runner: works off a run's jobs on one or more servers, in threads of this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import AuthRequired, OutputMissing, SwitchyardError
from ..template.parameters import FILE_TYPES
from . import manifest
from .bookkeeping import Bookkeeping, Say, problem_of
from .jobs import Order, again, graph_of, is_known, run_order
from .journal import Journal
from .pool import Place, Task
from .run_folder import OUTPUTS, RunFolder

_FETCH_PAUSE_S = 1.0


class Runner(Bookkeeping):
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
        places = [Place(client, slots * run.options.window, slots) for client, slots in servers]
        super().__init__(run, journal, places, say)
        self._upload_lock = threading.Lock()
        self._uploads: dict[tuple[str, str], str] = {}
        self._jobs: dict[int, tuple[Any, Task]] = {}

    def _start(self) -> None:
        for place in self.pool.places:
            for number in range(place.capacity + 2):  # two that fetch files while the queue is full
                name = f"{place.url} {number}"
                threading.Thread(target=self._work, args=(place,), name=name, daemon=True).start()

    def _take_back_all(self) -> None:
        for remote, task in list(self._jobs.values()):
            self._take_back(remote, task)

    def _free(self, place: Place) -> None:
        problem_of(place.client.free)

    def _look_at_servers(self) -> None:
        """Raises ServerUnavailable if no server answers: who has mistyped an address need not wait for patience."""
        errors = []
        for place in self.pool.places:
            problem = problem_of(place.client.queue_length)
            if problem is not None:
                errors.append(problem)
                place.down_since, place.trouble = time.monotonic(), problem
                place.is_banned = isinstance(problem, AuthRequired)
                self._tell("server_down", server=place.url, message=str(problem))
        if len(errors) == len(self.pool.places):
            raise errors[0]

        urls = {place.url for place in self.pool.places}
        homeless = [task for task in self.tasks if task.state.status == "open" and task.state.server not in urls]
        if homeless:  # Dask had chosen their servers, or they had other addresses
            ids = [task.state.prompt_id for task in homeless]
            known = [(place, {found for found in ids if is_known(place.client, found)}) for place in self._up()]
            self._find_homes(homeless, known)

    def _up(self) -> list[Place]:
        return [place for place in self.pool.places if place.down_since is None]

    def _work(self, place: Place) -> None:
        try:
            while (task := self.pool.take(place)) is not None:
                self._run_job(place, task)
        except BaseException as problem:  # noqa: BLE001 - it is raised again in the thread that waits
            self.pool.abort(problem)

    def _run_job(self, place: Place, task: Task) -> None:
        state, job, client = task.state, task.job, place.client
        is_adopted = state.status == "open" and state.server == place.url
        self._begin(task, place.url, is_adopted=is_adopted)
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
        facts = {"seconds": result.seconds, "cached": sorted(result.cached), "warnings": list(result.warnings)}
        self._done(task, facts, outputs)

    def _run_remote(self, client: Any, task: Task) -> Any:
        """Queues a job, or adopts it where the server has it, and waits for its end."""
        template = self.run_folder.template
        task.is_waited_for = False
        job = replace(task.job, values=self._with_uploads(client, task.job.values))
        graph = graph_of(template, job, self.run_folder.name, task.state.attempt)
        order = Order.make(task.state.prompt_id, graph, template.page_workflow(job.values), self.options)

        def on_submit(remote: Any) -> None:
            self._jobs[task.job.index] = (remote, task)
            task.is_waited_for = True
            if self._is_cancelled:
                self._take_back(remote, task)

        return run_order(client, order, on_submit, lambda event: self._on_event(task, event))

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
                saved = again(
                    lambda file=file, name=name: client.download(file, folder, name=name), deadline, _FETCH_PAUSE_S
                )
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
