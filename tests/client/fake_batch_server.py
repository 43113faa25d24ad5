"""A server and its clients for tests of batches, without HTTP and without waiting: a job ends when it is waited for.

What a job does follows from its prompt: "fail" fails in node 6, "memory" runs out of memory once, "memory always" each
time, "lost" is lost once, "reject" is rejected; any other makes one picture.
"""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import Any

from switchyard.downloads import Saved
from switchyard.errors import (
    JobInterrupted,
    JobLost,
    NodeFailed,
    OutOfMemory,
    PromptRejected,
    ServerUnavailable,
)
from switchyard.results import OutputFile, Result


class FakeServer:
    """What survives a client: the queue, the history, and the files.

    Attributes:
        executed: the id of each job that ran, in order.
        uploaded, graphs: what was sent to it.
        cancelled: the ids of jobs that it was told to take back.
        hold: jobs end only while this is set.
        most_queued: how many jobs were queued or ran at a time, at most.
        dies_after: after so many jobs it answers nothing any more; None: never.
    """

    def __init__(self, url: str = "http://fake", *, rejects: str = "reject") -> None:
        self.url = url
        self.rejects = rejects
        self.queue: dict[str, Any] = {}
        self.history: dict[str, Any] = {}
        self.executed: list[str] = []
        self.freed = 0
        self.uploaded: list[str] = []
        self.graphs: list[Any] = []
        self.cancelled: list[str] = []
        self.most_queued = 0
        self.dies_after: int | None = None
        self.is_down = False
        self.hold = threading.Event()
        self.hold.set()
        self.lock = threading.RLock()
        self._counts: dict[str, int] = {}

    def ask(self) -> None:
        if self.is_down or (self.dies_after is not None and len(self.executed) >= self.dies_after):
            raise ServerUnavailable(f"No ComfyUI answers at {self.url}.")

    def restart(self) -> None:
        """As after a crash: nothing is known any more."""
        self.queue, self.history, self.is_down, self.dies_after = {}, {}, False, None

    def end(self, prompt_id: str) -> None:
        """Runs a queued job."""
        graph = self.queue[prompt_id]
        prompt = graph["4"]["inputs"]["text"]
        prefix = graph["8"]["inputs"]["filename_prefix"]
        seen = self._counts[prompt] = self._counts.get(prompt, 0) + 1
        del self.queue[prompt_id]
        if prompt == "lost" and seen == 1:
            return
        self.executed.append(prompt_id)
        if prompt == "fail":
            self.history[prompt_id] = NodeFailed("Node 6 failed: too dark", "6", "KSampler", "ValueError", "too dark")
        elif prompt == "memory always" or (prompt == "memory" and seen == 1):
            self.history[prompt_id] = OutOfMemory("Node 6 failed: no memory", "6", "KSampler", "MemoryError", "")
        else:
            folder, _, name = prefix.rpartition("/")
            self.history[prompt_id] = OutputFile("8", f"{name}_00001_.png", folder, "output", "images")


class FakeClient:
    """The part of Client that a runner uses."""

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.url = server.url

    def queue_length(self) -> int:
        self.server.ask()
        return len(self.server.queue)

    def upload(self, path: str) -> str:
        self.server.uploaded.append(path)
        return f"uploaded_{Path(path).name}"

    def place_in_queue(self, prompt_id: str) -> int | None:
        self.server.ask()
        queued = list(self.server.queue)
        return queued.index(prompt_id) if prompt_id in queued else None

    def history(self, prompt_id: str) -> Any:
        self.server.ask()
        return self.server.history.get(prompt_id)

    def view(self, file: OutputFile) -> bytes:
        self.server.ask()
        return f"{file.subfolder}/{file.filename}".encode()

    def cancel(self, prompt_id: str) -> None:
        self.server.cancelled.append(prompt_id)
        FakeJob(self, prompt_id).cancel()

    def free(self) -> None:
        self.server.freed += 1

    def submit(self, graph: Any, *, prompt_id: str, extra_pnginfo: Any = None, allow_partial: bool = False) -> FakeJob:
        server = self.server
        with server.lock:
            server.ask()
            if graph["4"]["inputs"]["text"] == server.rejects:
                raise PromptRejected("ComfyUI rejects the graph: node 4")
            if prompt_id not in server.queue and prompt_id not in server.history:
                server.queue[prompt_id] = graph
                server.graphs.append(graph)
                server.most_queued = max(server.most_queued, len(server.queue))
        return FakeJob(self, prompt_id)

    def download(self, file: OutputFile, folder: Any, name: str | None = None) -> Saved:
        self.server.ask()
        path = folder / (name or file.filename)
        data = f"{file.subfolder}/{file.filename}".encode()
        with path.open("xb") as target:
            target.write(data)
        return Saved(path, hashlib.sha256(data).hexdigest(), len(data))


class FakeJob:
    def __init__(self, client: FakeClient, prompt_id: str) -> None:
        self.server, self.id = client.server, prompt_id

    def cancel(self) -> None:
        with self.server.lock:
            if self.server.queue.pop(self.id, None) is not None:
                self.server.history[self.id] = JobInterrupted("It was interrupted.")

    def wait(self, timeout_s: float | None = None, **_: Any) -> Result:
        server = self.server
        while not server.hold.wait(0.005) and self.id not in server.history:
            pass
        with server.lock:
            server.ask()
            if self.id in server.queue:
                server.end(self.id)
            found = server.history.get(self.id)
            if found is None:
                raise JobLost("It is gone.")
            if isinstance(found, Exception):
                raise found
            return Result(self.id, (found,), seconds=0.1)
