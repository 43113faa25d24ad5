"""What became of a job, read from the server's own record of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .connection import short
from .errors import JobFailed, JobInterrupted, NodeFailed, OutOfMemory
from .graphs import Graph, describe_node

if TYPE_CHECKING:
    from .client import Client

_END = ("execution_success", "execution_error", "execution_interrupted")


@dataclass(frozen=True)
class OutputFile:
    """A file that a job has made, as the server names it.

    Attributes:
        node: the id of the node that made it.
        filename, subfolder: its place.
        type: the server's folder, such as "output" or "temp", or "websocket" for what it has sent and not kept.
        kind: what the node calls it, such as "images", "gifs" or "audio".
        data: the content of what was sent.
    """

    node: str
    filename: str
    subfolder: str
    type: str
    kind: str = ""
    data: bytes | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Result:
    """What a job that ended well has made.

    Attributes:
        cached: ids of the nodes that did not run, because the server still had what they give.
        seconds: from start to end by the server's clock; None if it does not say.
        warnings: what did not stop the job, in words.
        outputs: by node what it tells the page, as the server has it: files, texts, numbers.
    """

    prompt_id: str
    files: tuple[OutputFile, ...] = ()
    cached: frozenset[str] = frozenset()
    seconds: float | None = None
    warnings: tuple[str, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    client: Client | None = field(default=None, repr=False, compare=False)

    @property
    def kept(self) -> tuple[OutputFile, ...]:
        """The files that are meant to stay: not those in the server's temporary folder, unless there are no others."""
        return tuple(file for file in self.files if file.type in ("output", "websocket")) or self.files

    def download(self, folder: Path | str) -> list[Path]:
        """Saves the files that are meant to stay in a folder, none over another; gives their paths."""
        assert self.client is not None, "a result that no client gave has nowhere to fetch from"
        return [self.client.download(file, folder).path for file in self.kept]


def read_result(entry: Mapping[str, Any], graph: Graph, prompt_id: str) -> Result:
    """The result in a record of the server's history; without a graph the record's own names the nodes.

    Raises:
        NodeFailed, OutOfMemory: a node failed.
        JobInterrupted: somebody stopped it.
        JobFailed: it ended badly, and the server does not say why.
    """
    graph = graph or graph_in(entry)
    status = entry.get("status") or {}
    messages = [item for item in status.get("messages") or [] if isinstance(item, list) and len(item) == 2]
    end = next(((kind, data) for kind, data in reversed(messages) if kind in _END), None)
    if end is not None and end[0] != "execution_success":
        raise _failure(end[0], end[1], graph, prompt_id)
    if end is None and status.get("status_str") == "error":
        raise JobFailed(f"Job {prompt_id} failed, and the server does not say why.")
    outputs = entry.get("outputs") or {}
    return Result(
        prompt_id=prompt_id,
        files=tuple(_output_files(outputs)),
        cached=frozenset(
            str(node) for kind, data in messages if kind == "execution_cached" for node in data.get("nodes", ())
        ),
        seconds=_seconds(messages),
        outputs=outputs,
    )


def graph_in(entry: Mapping[str, Any]) -> Graph:
    """The graph in a record of the server's history; {} if it has none."""
    queued = entry.get("prompt")
    graph = queued[2] if isinstance(queued, list) and len(queued) > 2 else None
    return graph if isinstance(graph, dict) else {}


def _failure(kind: str, data: Mapping[str, Any], graph: Graph, prompt_id: str) -> Exception:
    # data also has current_inputs, which may hold secrets: never shown.
    node_id, class_type = str(data.get("node_id", "")), str(data.get("node_type", ""))
    node = describe_node(graph, node_id) if node_id in graph else f"node {node_id} ({class_type})"
    if kind == "execution_interrupted":
        return JobInterrupted(f"Job {prompt_id} was interrupted at {node}.")
    if node_id in graph:
        class_type = str(graph[node_id]["class_type"])
    exception_type, message = str(data.get("exception_type", "")), str(data.get("exception_message", "")).strip()
    name = exception_type.rpartition(".")[2]
    is_memory = name in ("OutOfMemoryError", "MemoryError") or "out of memory" in message.lower()
    error = OutOfMemory if is_memory else NodeFailed
    text = f"{node[:1].upper()}{node[1:]} failed: {exception_type}: {message}"
    return error(text, node_id, class_type, exception_type, message)


def _seconds(messages: list[list[Any]]) -> float | None:
    times = {kind: data.get("timestamp") for kind, data in messages if isinstance(data, Mapping)}
    start, end = times.get("execution_start"), times.get("execution_success")
    if isinstance(start, (int, float)) and isinstance(end, (int, float)):
        return max(0.0, (end - start) / 1000)
    return None


def _output_files(outputs: Mapping[str, Any]) -> Iterator[OutputFile]:
    for node, output in outputs.items():
        for kind, items in output.items() if isinstance(output, Mapping) else ():
            for item in items if isinstance(items, list) else ():
                if isinstance(item, Mapping) and isinstance(item.get("filename"), str):
                    place, subfolder = str(item.get("type") or "output"), str(item.get("subfolder") or "")
                    yield OutputFile(str(node), item["filename"], subfolder, place, str(kind))


def why_rejected(answer: Any, graph: Graph) -> str:
    """Why ComfyUI does not take a graph, node by node."""
    if not isinstance(answer, Mapping):
        return f"ComfyUI rejects the graph: {short(str(answer))}"
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
