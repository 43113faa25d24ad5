"""Talks to one ComfyUI server: what it knows, one job at a time, and its files.

Polling decides: ComfyUI's events are lost where nobody listens, its history is not.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import JobFailed, JobTimeout, PromptRejected, ServerUnavailable
from .graphs import Graph, describe_node

DEFAULT_URL = "http://127.0.0.1:8188"
_POLLS_S = (0.1, 0.2, 0.4, 0.8, 1.0)
_QUEUE_CHECK_S = 4.0
_CHUNK = 2**20


@dataclass(frozen=True)
class OutputFile:
    """A file that a job has made, as the server names it; `type` is the server's folder, such as "output" or "temp"."""

    node: str
    filename: str
    subfolder: str
    type: str


class Client:
    """One server. `timeout_s` is how long one answer may take; everything raises ServerUnavailable if none comes."""

    def __init__(self, url: str = DEFAULT_URL, timeout_s: float = 30.0) -> None:
        parts = urllib.parse.urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ServerUnavailable(f"{url!r} is no server's address: it should look like {DEFAULT_URL}.")
        self.url = urllib.parse.urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
        self._timeout_s = timeout_s

    def object_info(self) -> dict[str, Any]:
        """What the server says of all its nodes."""
        return self._ask("/object_info")

    def template(self, name: str) -> dict[str, Any] | None:
        """The document of a template that was saved from the page; None if there is none of this name."""
        return self._ask(f"/switchyard/templates/{urllib.parse.quote(name, safe='')}", none_if=(404, 405))

    def templates(self) -> list[dict[str, Any]]:
        """The templates that were saved from the page; none where the server does not have this pack."""
        found = self._ask("/switchyard/templates", none_if=(404, 405)) or {}
        return list(found.get("templates", ()))

    def submit(
        self, graph: Graph, *, extra_pnginfo: Mapping[str, Any] | None = None, allow_partial: bool = False
    ) -> str:
        """Queues a graph; gives the job's id, which is chosen here.

        Args:
            graph: what to run.
            extra_pnginfo: what ComfyUI writes into the pictures beside the graph, such as the page's workflow.
            allow_partial: whether to run the valid part of a graph of which another part is invalid.

        Raises:
            PromptRejected: the graph, or a part of it, is invalid; says which node, input and why.
        """
        prompt_id = str(uuid.uuid4())
        body = {"prompt": graph, "prompt_id": prompt_id, "client_id": f"switchyard-{prompt_id}"}
        if extra_pnginfo:
            body["extra_data"] = {"extra_pnginfo": dict(extra_pnginfo)}
        answer = self._ask("/prompt", body, rejected=lambda reply: PromptRejected(_why_rejected(reply, graph)))
        if answer.get("node_errors") and not allow_partial:
            self.cancel(prompt_id)
            raise PromptRejected(_why_rejected(answer, graph))
        return str(answer.get("prompt_id", prompt_id))

    def cancel(self, prompt_id: str) -> None:
        """Takes a job out of the queue, or interrupts it if it runs; other jobs are left alone."""
        self._ask("/queue", {"delete": [prompt_id]})
        self._ask("/interrupt", {"prompt_id": prompt_id})

    def wait(
        self,
        prompt_id: str,
        graph: Graph,
        timeout_s: float | None = None,
        on_poll: Callable[[float], None] | None = None,
    ) -> list[OutputFile]:
        """The files of a job, when it has ended.

        Args:
            prompt_id: the job.
            graph: what it runs, for words about its nodes.
            timeout_s: how long to wait; None: as long as it takes.
            on_poll: called with the seconds waited, again and again.

        Raises:
            JobFailed: a node failed, the job was interrupted, or the server has forgotten it.
            JobTimeout: it took too long. It goes on running.
        """
        start = checked = time.monotonic()
        polls = 0
        while True:
            entry = self._history(prompt_id)
            now = time.monotonic()
            if entry is None and now - checked >= _QUEUE_CHECK_S:
                checked = now
                if not self._is_queued(prompt_id):
                    entry = self._history(prompt_id)
                    if entry is None:
                        raise JobFailed(
                            f"Job {prompt_id} is gone: somebody took it out of the queue, or the server was restarted."
                        )
            if entry is not None:
                _raise_unless_done(entry, graph, prompt_id)
                return list(_output_files(entry.get("outputs") or {}))
            if timeout_s is not None and now - start >= timeout_s:
                raise JobTimeout(
                    f"Job {prompt_id} has not ended after {timeout_s:g} s. It goes on; cancel it if need be."
                )
            if on_poll is not None:
                on_poll(now - start)
            time.sleep(_POLLS_S[min(polls, len(_POLLS_S) - 1)])
            polls += 1

    def download(self, file: OutputFile, folder: Path) -> Path:
        """Saves a file of the server in a folder, whole or not at all, and never over another one; gives its path."""
        name = Path(file.filename.replace("\\", "/")).name
        if name in ("", ".", ".."):
            raise JobFailed(f"The server names a file {file.filename!r}, which can't be saved.")
        query = {"filename": file.filename, "subfolder": file.subfolder, "type": file.type}
        request = urllib.request.Request(f"{self.url}/view?{urllib.parse.urlencode(query)}")
        part = folder / f".{name}.{secrets.token_hex(6)}.part"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with part.open("xb") as target:
                for chunk in self._chunks(request, name):
                    target.write(chunk)
                target.flush()
                os.fsync(target.fileno())
            return _move_to_free_name(part, folder, name)
        except OSError as problem:
            raise JobFailed(f"{name} can't be saved in {folder}: {problem.strerror or problem}.") from problem
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

    def _chunks(self, request: urllib.request.Request, name: str) -> Iterator[bytes]:
        try:
            with self._open(request) as reply:
                expected, received = reply.headers.get("Content-Length"), 0
                while chunk := reply.read(_CHUNK):
                    received += len(chunk)
                    yield chunk
        except urllib.error.HTTPError as problem:
            raise JobFailed(f"The server does not hand out {name}: {problem.code} {problem.reason}.") from problem
        except (OSError, http.client.HTTPException) as problem:
            raise ServerUnavailable(f"{self.url} broke off while it sent {name}: {problem}.") from problem
        if expected is not None and received != int(expected):
            raise ServerUnavailable(f"{self.url} sent {received} of {expected} bytes of {name}.")

    def _history(self, prompt_id: str) -> dict[str, Any] | None:
        entry = self._ask(f"/history/{prompt_id}").get(prompt_id)
        return entry if isinstance(entry, dict) else None

    def _is_queued(self, prompt_id: str) -> bool:
        queue = self._ask("/queue")
        jobs = [*queue.get("queue_running", ()), *queue.get("queue_pending", ())]
        return any(len(job) > 1 and job[1] == prompt_id for job in jobs)

    def _ask(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        none_if: tuple[int, ...] = (),
        rejected: Callable[[Any], Exception] | None = None,
    ) -> Any:
        """The answer to a request, as JSON; {} if it is empty, None if its status is one of `none_if`."""
        data = None if body is None else json.dumps(body, allow_nan=False).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, {"Content-Type": "application/json"})
        try:
            with self._open(request) as reply:
                text = reply.read()
        except urllib.error.HTTPError as problem:
            if problem.code in none_if:
                return None
            answer = problem.read()
            if rejected is not None and problem.code == 400:
                raise rejected(_json_or_text(answer)) from problem
            detail = f"{problem.code} {problem.reason}"
            raise ServerUnavailable(f"{self.url}{path} answers {detail}: {_short(answer)}") from problem
        except (OSError, http.client.HTTPException) as problem:
            reason = getattr(problem, "reason", problem)
            raise ServerUnavailable(f"No ComfyUI answers at {self.url}: {reason}. Is it running?") from problem
        try:
            return json.loads(text) if text.strip() else {}
        except ValueError as problem:
            raise ServerUnavailable(f"{self.url}{path} answers, but is no ComfyUI: {_short(text)}") from problem

    def _open(self, request: urllib.request.Request) -> Any:
        return urllib.request.urlopen(request, timeout=self._timeout_s)


def _why_rejected(answer: Any, graph: Graph) -> str:
    """Why ComfyUI takes no graph, node by node."""
    if not isinstance(answer, Mapping):
        return f"ComfyUI rejects the graph: {_short(str(answer).encode())}"
    lines = []
    errors = answer.get("node_errors")
    for node_id, found in (errors if isinstance(errors, Mapping) else {}).items():
        node = describe_node(graph, node_id) if node_id in graph else f"node {node_id}"
        for error in found.get("errors", ()):
            name = (error.get("extra_info") or {}).get("input_name")
            where = f"{node}, {name}" if name else node
            reason = ": ".join(part for part in (error.get("message"), error.get("details")) if part)
            lines.append(f"{where}: {reason}")
    error = answer.get("error")
    if not lines and isinstance(error, Mapping):
        lines = [": ".join(str(part) for part in (error.get("message"), error.get("details")) if part)]
    return "ComfyUI rejects the graph:\n  " + "\n  ".join(lines or ["it does not say why"])


def _raise_unless_done(entry: Mapping[str, Any], graph: Graph, prompt_id: str) -> None:
    messages = (entry.get("status") or {}).get("messages") or []
    for kind, data in reversed([item for item in messages if isinstance(item, list) and len(item) == 2]):
        node_id = str(data.get("node_id", ""))
        node = describe_node(graph, node_id) if node_id in graph else f"node {node_id} ({data.get('node_type')})"
        if kind == "execution_error":
            message = str(data.get("exception_message", "")).strip()
            raise JobFailed(f"{node[:1].upper()}{node[1:]} failed: {data.get('exception_type')}: {message}")
        if kind == "execution_interrupted":
            raise JobFailed(f"Job {prompt_id} was interrupted at {node}.")
        if kind == "execution_success":
            return


def _output_files(outputs: Mapping[str, Any]) -> Iterator[OutputFile]:
    for node, output in outputs.items():
        for items in output.values() if isinstance(output, Mapping) else ():
            for item in items if isinstance(items, list) else ():
                if isinstance(item, Mapping) and isinstance(item.get("filename"), str):
                    kind, subfolder = str(item.get("type", "output")), str(item.get("subfolder") or "")
                    yield OutputFile(str(node), item["filename"], subfolder, kind)


def _move_to_free_name(part: Path, folder: Path, name: str) -> Path:
    stem, suffix = Path(name).stem, Path(name).suffix
    number = 1
    while True:
        target = folder / (name if number == 1 else f"{stem}_{number}{suffix}")
        try:
            target.open("xb").close()  # the name is ours from here on, also where two do this at once
        except FileExistsError:
            number += 1
            continue
        os.replace(part, target)
        return target


def _json_or_text(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode("utf-8", "replace")


def _short(data: bytes) -> str:
    text = " ".join(data.decode("utf-8", "replace").split())
    return text if len(text) <= 200 else f"{text[:197]}..."
