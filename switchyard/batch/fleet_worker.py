"""The worker's side of a fleet: a Dask worker that has a ComfyUI server runs jobs there. Needs the extra `fleet`.

What a worker gets is an order and pictures, what it gives back are the files; nothing is kept, nothing written down.
The server's password is known to the worker alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from distributed import Worker, WorkerPlugin, get_worker
from distributed.threadpoolexecutor import ThreadPoolExecutor

from ..connection import Address
from ..errors import AuthRequired, JobInterrupted, OutOfMemory, OutputMissing, ServerUnavailable, SwitchyardError
from .bookkeeping import describe, problem_of
from .jobs import Order, again, is_known, run_order
from .servers import Server

NAME = "switchyard-server"
SERVER, TAG = "switchyard", "switchyard-tag-"  # Dask resources: that there is a server, and what it has
_ENOUGH = 1e9  # a tag is no limit: the worker's threads are
_PROBE_S = 2.0
_FETCH_PAUSE_S = 1.0
_SAY_S = 0.5  # a job tells of its steps no more often


class ServerPlugin(WorkerPlugin):
    """Gives a Dask worker its server.

    Attributes:
        server: its address, slots and tags.
        window: how many jobs may wait or run there at a time, for each slot: so many threads the worker gets.
        label: what the run's journal calls it: its address, but with the worker's host where that says "this computer".
        trouble: why it does not answer; None: it did when it was last asked.
    """

    name = NAME

    def __init__(self, server: Server, window: int, make_client: Callable[[str], Any]) -> None:
        self.server, self.window = server, window
        self._make_client = make_client
        self.trouble: SwitchyardError | None = None
        self._orders: dict[str, Any] = {}  # by id what is at work: None until the server has it
        self._cancelled: set[str] = set()
        self._uploads: dict[str, str] = {}
        self._upload_lock = threading.Lock()

    async def setup(self, worker: Worker) -> None:
        """Runs before the scheduler hears of the worker, so that it knows the threads and tags from the start."""
        self.client = self._make_client(self.server.url)
        self.worker = worker
        self.label = label_of(self.client.url, worker.address)
        self.threads = self.server.slots * self.window
        worker.state.nthreads = self.threads
        worker.executors["default"].shutdown(wait=False)
        worker.executors["default"] = ThreadPoolExecutor(self.threads, thread_name_prefix="Switchyard")
        resources = dict.fromkeys((SERVER, *(f"{TAG}{tag}" for tag in self.server.tags)), _ENOUGH)
        worker.state.total_resources.update(resources)
        worker.state.available_resources.update(resources)
        self._probing = asyncio.create_task(self._probe())

    async def teardown(self, worker: Worker) -> None:  # noqa: ARG002 - Dask gives it
        self._probing.cancel()

    async def _probe(self) -> None:
        """Asks a server that did not answer, until it does."""
        while True:
            await asyncio.sleep(_PROBE_S)
            if self.trouble is not None:
                await asyncio.to_thread(self.ask)

    def ask(self) -> None:
        """Asks the server whether it is there."""
        self.trouble = problem_of(self.client.queue_length)

    def about(self, ids: Sequence[str], *, is_asked: bool = False) -> dict[str, Any]:
        """What there is to say of the server; "known": which of these jobs it has, or is about to get.

        Args:
            ids: the jobs' ids.
            is_asked: whether to ask the server now; otherwise it is what it was when it was last needed.
        """
        known: list[str] = []
        if is_asked:
            self.ask()
        if ids and self.trouble is None:
            self.trouble = problem_of(lambda: known.extend(found for found in ids if is_known(self.client, found)))
        return {
            "url": self.label,
            "slots": self.server.slots,
            "threads": self.threads,
            "tags": list(self.server.tags),
            "trouble": None if self.trouble is None else describe(self.trouble),
            "known": sorted({*known, *(self._orders.keys() & set(ids))}),
        }

    def cancel(self, ids: Sequence[str]) -> list[str]:
        """Takes jobs back as far as they are here; says what could not be."""
        self._cancelled.update(ids)
        remotes = [self._orders[found] for found in ids if self._orders.get(found) is not None]
        return [str(problem) for remote in remotes if (problem := problem_of(remote.cancel)) is not None]

    def run(
        self, order: Order, files: Mapping[str, tuple[str, bytes]], topic: str, index: int, attempt: int, frees: bool
    ) -> dict[str, Any]:
        """Runs a job on the server; see `run_job`."""
        found: dict[str, Any] = {"server": self.label, "is_waited_for": False, "error": None, "is_here": True}
        if self.trouble is not None:  # it was not even asked: whoever has sent the job knows better by now
            return {**found, "error": describe(self.trouble), "is_here": False}
        facts = {"index": index, "attempt": attempt, "server": self.label}
        self._orders[order.prompt_id] = None
        if topic:
            self.worker.log_event(topic, {"event": "submit", **facts, "prompt_id": order.prompt_id})

        def on_submit(remote: Any) -> None:
            self._orders[order.prompt_id] = remote
            found["is_waited_for"] = True
            if order.prompt_id in self._cancelled:
                remote.cancel()

        try:
            order = self._with_uploads(order, files)
            if order.prompt_id in self._cancelled:
                raise JobInterrupted("The job was taken back before it was queued.")
            result = run_order(self.client, order, on_submit, self._teller(topic, facts) if topic else None)
            found |= {"seconds": result.seconds, "cached": sorted(result.cached), "warnings": list(result.warnings)}
            found["files"] = [self._fetch(file, order.patience_s) for file in result.kept]
        except SwitchyardError as problem:
            found["error"] = describe(problem)
            if isinstance(problem, (ServerUnavailable, AuthRequired)):
                self.trouble = problem
            if isinstance(problem, OutOfMemory) and frees:
                problem_of(self.client.free)  # if it can't, the next attempt tells
        except OSError as problem:
            found["error"] = describe(OutputMissing(f"The worker of {self.label} can't write a file: {problem}"))
        finally:
            self._orders.pop(order.prompt_id, None)
        return found

    def _with_uploads(self, order: Order, files: Mapping[str, tuple[str, bytes]]) -> Order:
        """The order with each file sent to the server, once, and named as it is there."""
        if not files:
            return order
        names = {}
        for mark, (name, data) in files.items():
            with self._upload_lock:
                if mark not in self._uploads:
                    with tempfile.TemporaryDirectory() as folder:
                        path = Path(folder) / name
                        path.write_bytes(data)
                        self._uploads[mark] = self.client.upload(str(path))
                names[mark] = self._uploads[mark]
        return Order(**{**vars(order), "graph": _put(order.graph, names), "workflow": _put(order.workflow, names)})

    def _fetch(self, file: Any, patience_s: float) -> dict[str, Any]:
        """One of a job's files; a server that is away is waited for."""
        data = again(lambda: self.client.view(file), time.monotonic() + patience_s, _FETCH_PAUSE_S)
        facts = {"name": file.filename, "node": file.node, "kind": file.kind}
        return {**facts, "sha256": hashlib.sha256(data).hexdigest(), "data": data}

    def _teller(self, topic: str, facts: Mapping[str, Any]) -> Callable[[Any], None]:
        last = 0.0

        def tell(event: Any) -> None:
            nonlocal last
            now = time.monotonic()
            if event.kind in ("node", "progress") and now - last >= _SAY_S:
                last = now
                step = {"value": event.value, "max": event.max} if event.kind == "progress" else {}
                self.worker.log_event(topic, {"event": "progress", **facts, "node": event.node, **step})

        return tell


def run_job(
    packed: bytes, files: Mapping[str, tuple[str, bytes]], topic: str, index: int, attempt: int, frees: bool
) -> dict[str, Any]:
    """What Dask runs: a job on the worker's own server.

    Args:
        packed: what is asked for, as `Order.pack` gives it.
        files: pictures and the like that are sent to the server first: their name and content, by the mark that stands
            for them in the order.
        topic: where the job tells how it gets on; "": nowhere.
        index, attempt: which job it is.
        frees: whether the server's memory is to be freed if it runs out.

    Returns:
        "server" and "error", an error's description or None. Without one "seconds", "cached", "warnings" and "files",
        each with its content as "data". "is_waited_for": the server had it. "is_here": False if it was not even tried.
        Errors of jobs are returned and not raised: they are none of Dask's business.
    """
    return plugin_of(get_worker()).run(Order.unpack(packed), files, topic, index, attempt, frees)


async def look(ids: Sequence[str], is_asked: bool, dask_worker: Any = None) -> dict[str, Any] | None:
    """What a worker says of its server, see `ServerPlugin.about`; None if it has none."""
    plugin = dask_worker.plugins.get(NAME)
    return None if plugin is None else await asyncio.to_thread(plugin.about, ids, is_asked=is_asked)


async def cancel(ids: Sequence[str], dask_worker: Any = None) -> list[str]:
    """Has a worker take jobs back; gives what could not be taken back, in words."""
    plugin = dask_worker.plugins.get(NAME)
    return [] if plugin is None else await asyncio.to_thread(plugin.cancel, ids)


def plugin_of(worker: Any) -> ServerPlugin:
    return worker.plugins[NAME]


def label_of(url: str, worker: str) -> str:
    """A server's address as others see it: many hosts have one at 127.0.0.1."""
    host = urlsplit(worker).hostname or ""
    if worker.startswith("inproc") or not host or not Address.read(url).is_here:
        return url
    parts = urlsplit(url)
    host = f"[{host}]" if ":" in host else host
    return urlunsplit(parts._replace(netloc=host if parts.port is None else f"{host}:{parts.port}"))


def _put(value: Any, names: Mapping[str, str]) -> Any:
    """A copy of JSON's values with each text that is a mark replaced."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, Mapping):
        return {key: _put(item, names) for key, item in value.items()}
    return [_put(item, names) for item in value] if isinstance(value, list) else value
