"""Talks to one ComfyUI server: what it knows, one job at a time, and its files. Needs the extra `client` (httpx)."""

from __future__ import annotations

import time
import urllib.parse
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from . import downloads
from .connection import DEFAULT_URL, Connection, Reply, was_never_sent, was_too_slow
from .downloads import Saved
from .errors import OutputMissing, PartialPrompt, PromptRejected, ServerUnavailable, TemplateError
from .events import Event, EventStream
from .graphs import Graph, read_graph
from .job import Job
from .pictures import listen_for_pictures
from .results import OutputFile, Result, why_rejected

if TYPE_CHECKING:
    import ssl

    import httpx

__all__ = ["DEFAULT_URL", "Client", "Event", "Job", "OutputFile", "Result", "Saved", "ServerInfo"]

_LOOKS_S = (0.0, 0.2, 0.6)  # pauses before each look for a job whose submission got no clear answer
_SUBMISSIONS = 3


@dataclass(frozen=True)
class ServerInfo:
    """What a server says of itself; `devices` as it tells them: name, type, memory in bytes."""

    version: str
    python: str = ""
    pytorch: str = ""
    devices: tuple[Mapping[str, Any], ...] = ()
    system: Mapping[str, Any] = field(default_factory=dict)


class Client:
    """One server. Several threads may use one client.

    Attributes:
        url: the server's address, without a password.
        timeout_s: how long one answer may take.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        headers: Mapping[str, str] | None = None,
        verify: bool | ssl.SSLContext = True,
        timeout_s: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """A client for one server; nothing is asked yet.

        Args:
            url: http or https; a path is kept, and a name and password (http://NAME:PASSWORD@HOST) are sent along.
            headers: sent along with each request, such as {"Authorization": "Bearer ..."}.
            verify: whether the certificate of an https server must be good, or an SSLContext that decides it.
            timeout_s: how long one answer may take.
            transport: what stands for the network, in tests.

        Raises:
            ServerUnavailable: the address is none.
            SwitchyardError: httpx is not installed.
        """
        self._connection = Connection(url, headers, verify, timeout_s, transport)
        self.url = self._connection.url
        self.timeout_s = timeout_s
        self._streams: WeakValueDictionary[str, EventStream] = WeakValueDictionary()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Gives its connections up."""
        for stream in list(self._streams.values()):
            stream.close()
        self._connection.close()

    def object_info(self) -> dict[str, Any]:
        """What the server says of all its nodes."""
        return self._connection.get("/object_info")

    def server_info(self) -> ServerInfo:
        """The server's versions and devices."""
        stats = self._connection.get("/system_stats")
        system = stats.get("system") or {}
        return ServerInfo(
            version=str(system.get("comfyui_version", "")),
            python=str(system.get("python_version", "")).partition(" ")[0],
            pytorch=str(system.get("pytorch_version", "")),
            devices=tuple(stats.get("devices") or ()),
            system=system,
        )

    def abilities(self) -> dict[str, bool]:
        """What this server can do besides running jobs; none of it is needed for that.

        "job_list": it tells of single jobs at /api/jobs. "preview_metadata": previews say which node they are of.
        "page_templates": this pack is there, and hands out the templates that were saved from the page.
        """
        absent = (400, 404, 405)
        features = self._connection.get("/features", none_if=absent)
        return {
            "job_list": self._connection.get("/api/jobs?limit=1", none_if=absent) is not None,
            "preview_metadata": bool(isinstance(features, Mapping) and features.get("supports_preview_metadata")),
            "page_templates": self._connection.get("/switchyard/templates", none_if=absent) is not None,
        }

    def queue_length(self) -> int:
        """How many jobs run or wait, everybody's."""
        return int((self._connection.get("/prompt").get("exec_info") or {}).get("queue_remaining", 0))

    def place_in_queue(self, prompt_id: str, *, timeout_s: float | None = None) -> int | None:
        """How many jobs are before this one: 0 if it runs, None if it is not in the queue (any more)."""
        queue = self._connection.get("/queue", timeout_s=timeout_s)
        running, pending = queue.get("queue_running") or [], queue.get("queue_pending") or []
        if any(len(item) > 1 and item[1] == prompt_id for item in running):
            return 0
        own = next((item[0] for item in pending if len(item) > 1 and item[1] == prompt_id), None)
        if own is None:
            return None
        return max(1, len(running) + sum(1 for item in pending if item[0] < own))

    def templates(self) -> list[dict[str, Any]]:
        """The templates that were saved from the page; none where the server does not have this pack."""
        found = self._connection.get("/switchyard/templates", none_if=(404, 405)) or {}
        return list(found.get("templates", ()))

    def template(self, name: str) -> dict[str, Any] | None:
        """The document of a template that was saved from the page; None if there is none of this name."""
        return self._connection.get(f"/switchyard/templates/{urllib.parse.quote(name, safe='')}", none_if=(404, 405))

    def history(self, prompt_id: str, *, timeout_s: float | None = None) -> dict[str, Any] | None:
        """The server's record of a job that has ended; None if there is none (yet, or any more)."""
        path = f"/history/{urllib.parse.quote(prompt_id, safe='')}"
        entry = self._connection.get(path, timeout_s=timeout_s).get(prompt_id)
        return entry if isinstance(entry, dict) else None

    def profiling(self) -> dict[str, Any] | None:
        """Whether the server can record profiles ("can_record"), and why not ("reason"); None without this pack."""
        found = self._connection.get("/switchyard/profile", none_if=(404, 405))
        return found if isinstance(found, dict) else None

    def profile(self, prompt_id: str) -> dict[str, Any] | None:
        """The server's record of how long a job's nodes took; None if it was not asked for, or is gone."""
        path = f"/switchyard/profile/{urllib.parse.quote(prompt_id, safe='')}"
        found = self._connection.get(path, none_if=(404, 405))
        return found if isinstance(found, dict) else None

    def submit(
        self,
        graph: Graph,
        *,
        prompt_id: str | None = None,
        extra_pnginfo: Mapping[str, Any] | None = None,
        extra_data: Mapping[str, Any] | None = None,
        allow_partial: bool = False,
        front: bool = False,
    ) -> Job:
        """Queues a graph, unless the server has the job already: then that one is adopted.

        Where a node sends its pictures (SaveImageWebsocket), the job listens to them from before it is queued.

        Args:
            graph: what to run.
            prompt_id: the job's id, a lower-case UUID. The same id is never queued twice, also if an answer got lost;
                without one a new one is made.
            extra_pnginfo: what ComfyUI writes into the pictures beside the graph, such as the page's workflow.
            extra_data: more that goes along with the job, for the server's packs.
            allow_partial: whether to run the valid part of a graph of which another part is invalid.
            front: whether it runs before what waits already.

        Raises:
            TemplateError: this is no graph, or a link in it leads nowhere or in a circle.
            PromptRejected: the server finds the graph invalid; says which node, input and why.
            PartialPrompt: a part of it is invalid; nothing of it runs.
            PicturesMissed: a node would send its pictures, and the server opens no WebSocket; nothing of it runs.
            ServerUnavailable: no clear answer. Submitting it once more with the same `prompt_id` is safe.
        """
        graph = read_graph(graph)
        may_be_known = prompt_id is not None
        prompt_id = prompt_id or str(uuid.uuid4())
        stream = listen_for_pictures(self, graph, prompt_id)
        try:
            if may_be_known and self._is_known(prompt_id):
                job = Job(self, prompt_id, graph, adopted=True)
            else:
                job = self._queue(graph, prompt_id, extra_pnginfo, extra_data, allow_partial, front)
        except BaseException:
            if stream is not None:
                stream.close()
            raise
        job.stream = stream
        return job

    def _queue(
        self,
        graph: Graph,
        prompt_id: str,
        extra_pnginfo: Mapping[str, Any] | None,
        extra_data: Mapping[str, Any] | None,
        allow_partial: bool,
        front: bool,
    ) -> Job:
        body: dict[str, Any] = {"prompt": graph, "prompt_id": prompt_id, "client_id": _client_id(prompt_id)}
        extra = dict(extra_data or {})
        if extra_pnginfo:
            extra["extra_pnginfo"] = dict(extra_pnginfo)
        if extra:
            body["extra_data"] = extra
        if front:
            body["front"] = True
        reply = self._post_prompt(body, prompt_id)
        if reply is None:
            return Job(self, prompt_id, graph, adopted=True)
        if not isinstance(reply.content, Mapping):
            raise ServerUnavailable(f"{self.url} answers, but is no ComfyUI: {str(reply.content)[:200]}")
        prompt_id = str(reply.content.get("prompt_id", prompt_id))
        if not reply.content.get("node_errors"):
            return Job(self, prompt_id, graph)
        reason = why_rejected(reply.content, graph)
        if not allow_partial:
            self.cancel(prompt_id)
            raise PartialPrompt(reason)
        return Job(self, prompt_id, graph, warnings=[reason])

    def job(self, prompt_id: str, graph: Graph | None = None) -> Job:
        """A job that was submitted before, by anybody."""
        return Job(self, prompt_id, graph, adopted=True)

    def cancel(self, prompt_id: str) -> None:
        """Takes a job out of the queue, or interrupts it if it runs; other jobs are left alone."""
        self._connection.post("/queue", {"delete": [prompt_id]})
        self._connection.post("/interrupt", {"prompt_id": prompt_id})

    def listen(self, prompt_id: str) -> EventStream:
        """A job's events from now on; see events.py. The caller closes it.

        The server tells them to one socket for each job: while that is open, it is given again.
        """
        stream = self._streams.get(prompt_id)
        if stream is None or stream.is_closed:
            stream = self._streams[prompt_id] = EventStream(self._connection, _client_id(prompt_id), prompt_id).start()
        return stream

    def upload(self, path: Path | str, *, subfolder: str = "") -> str:
        """Sends a file to the server's input folder; gives the name that nodes know it by.

        A file of that name that is there already stays; the server picks another name unless the content is the same.

        Raises:
            TemplateError: the file can't be read.
        """
        path = Path(path)
        try:
            answer = self._connection.upload("/upload/image", {"type": "input", "subfolder": subfolder}, path)
        except OSError as problem:
            raise TemplateError(f"{path} can't be read: {problem.strerror or problem}.") from problem
        place, name = str(answer.get("subfolder") or ""), str(answer.get("name") or path.name)
        return f"{place}/{name}" if place else name

    def free(self) -> None:
        """Has the server give its models and caches up, as soon as no job runs."""
        self._connection.post("/free", {"unload_models": True, "free_memory": True})

    def download(self, file: OutputFile, folder: Path | str, name: str | None = None) -> Saved:
        """Saves a file of the server in a folder, whole or not at all, and never over another one.

        Args:
            file: one of a result's files.
            folder: it is made if it is missing.
            name: what it is called there; the server's name for it otherwise. A number is added if it is taken.

        Raises:
            OutputMissing: the server does not hand it out, or it can't be written.
        """
        return downloads.download(self._connection, file, Path(folder), name)

    def view(self, file: OutputFile) -> bytes:
        """A file of the server, or what it has sent."""
        if file.data is not None:
            return file.data
        with self._connection.stream(downloads.view_path(file)) as answer:
            if answer.status_code >= 400:
                raise OutputMissing(f"The server does not hand out {file.filename}: {answer.status_code}.")
            return answer.read()

    def _is_known(self, prompt_id: str) -> bool:
        # In this order: a job moves from the queue to the history, never back.
        return self.place_in_queue(prompt_id) is not None or self.history(prompt_id) is not None

    def _post_prompt(self, body: Mapping[str, Any], prompt_id: str) -> Reply | None:
        """The answer to a submission, or None if there was none, but the server has the job."""
        for attempt in range(1, _SUBMISSIONS + 1):
            try:
                reply = self._connection.post_once("/prompt", body)
                problem = self._connection.refusal("/prompt", reply) if reply.status >= 400 else None
            except ServerUnavailable as error:
                if was_never_sent(error):
                    raise
                reply, problem = None, error
            if reply is not None and (reply.status < 400):
                return reply
            if reply is not None and reply.status in (400, 413):
                raise PromptRejected(why_rejected(reply.content, dict(body["prompt"])))
            if reply is not None and reply.status < 500:
                assert problem is not None
                raise problem
            for pause in _LOOKS_S:  # the job may be queued all the same: then it must not be queued again
                time.sleep(pause)
                if self._is_known(prompt_id):
                    return None
            if problem is not None and (attempt == _SUBMISSIONS or was_too_slow(problem)):
                raise problem  # what is only slow may still be on its way
        raise AssertionError


def _client_id(prompt_id: str) -> str:
    """Who listens to a job: one name a job, so that jobs do not hear each other, and a later run hears it again."""
    return f"switchyard-{prompt_id}"
