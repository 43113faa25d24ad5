"""Queues one graph on a server and tells which nodes ran. Runs inside ComfyUI's environment (aiohttp)."""

from __future__ import annotations

import asyncio
import json
import struct
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from .server import Server

Graph = dict[str, dict[str, Any]]
PROGRESS_TEXT = 3


@dataclass
class Run:
    """What became of one queued graph.

    Attributes:
        status: "success", "error", "interrupted", or "rejected" when validation refused the graph.
        started: ids of the nodes that the engine started, in order, each once. A node whose input is blocked is
            started too, but its function is not called.
        stages: for each time that a node was started the node of the graph that it stands for: itself, or what an
            expansion copied. A node that asks for lazy inputs is started once more for each time it asks.
        texts: what nodes said about their progress, as (node id, text), in order.
        received_bytes: the size of all messages.
        cached: ids of the nodes whose result came from the cache.
        outputs: the "ui" dictionaries of the nodes, by id.
        error: the message of the node that failed, or of the refusal; error_node is its id.
        notices: messages of execution blockers, which do not end a run.
    """

    prompt_id: str = ""
    status: str = ""
    started: list[str] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    received_bytes: int = 0
    cached: list[str] = field(default_factory=list)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    error: str = ""
    error_node: str = ""
    node_errors: dict[str, Any] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    def saved(self, node_id: str) -> list[str]:
        """The names of the files that an output node wrote."""
        return [image["filename"] for image in self.outputs.get(node_id, {}).get("images", [])]

    def times_started(self, node_id: str) -> int:
        """How often a node of the graph was started, its copies in expansions included."""
        return self.stages.count(node_id)

    def verdict(self, node_id: str) -> dict[str, Any]:
        """The payload that a node of ours sent to the page."""
        return self.outputs[node_id]["switchyard"][0]


def run_graph(server: Server, graph: Graph, *, timeout_s: float = 300, extra_data: dict[str, Any] | None = None) -> Run:
    """Queues a graph in API format and waits until it has ended.

    Raises:
        TimeoutError: it has not ended in time.
    """
    # In a thread of its own: the caller's may have an event loop already (playwright keeps one running).
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(_run_in_time(server, graph, extra_data or {}, timeout_s))).result()


async def _run_in_time(server: Server, graph: Graph, extra_data: dict[str, Any], timeout_s: float) -> Run:
    try:
        return await asyncio.wait_for(_run(server, graph, extra_data), timeout_s)
    except asyncio.TimeoutError as error:  # not the built-in one before Python 3.11
        raise TimeoutError(f"the run has not ended within {timeout_s:.0f} s") from error


async def _run(server: Server, graph: Graph, extra_data: dict[str, Any]) -> Run:
    import aiohttp

    run = Run(prompt_id=str(uuid.uuid4()))
    client_id = uuid.uuid4().hex
    # The socket opens first: events are never sent twice.
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{server.url}/ws?clientId={client_id}", max_msg_size=0) as socket,
    ):
        body = {"prompt": graph, "client_id": client_id, "prompt_id": run.prompt_id, "extra_data": extra_data}
        async with session.post(f"{server.url}/prompt", json=body) as reply:
            answer = await reply.json(content_type=None)
        run.node_errors = answer.get("node_errors") or {}
        if reply.status != 200:
            run.status = "rejected"
            run.error = f"{answer['error']['message']} {answer['error'].get('details', '')}".strip()
            return run
        async for message in socket:
            run.received_bytes += len(message.data)
            if message.type == aiohttp.WSMsgType.BINARY:
                _take_text(run, message.data)
            elif message.type == aiohttp.WSMsgType.TEXT and _take(run, json.loads(message.data)):
                break
        async with session.get(f"{server.url}/history/{run.prompt_id}") as reply:
            history = await reply.json()
    run.outputs = history.get(run.prompt_id, {}).get("outputs", {})
    return run


def _take_text(run: Run, message: bytes) -> None:
    """Takes a progress text in: its kind (3), the length of the node's id, the id, and the text."""
    kind, length = struct.unpack(">II", message[:8])
    if kind == PROGRESS_TEXT:
        run.texts.append((message[8 : 8 + length].decode(), message[8 + length :].decode()))


def _take(run: Run, event: dict[str, Any]) -> bool:
    """Takes one event of the run in; true once the run has ended and its history is complete."""
    kind, data = event["type"], event.get("data", {})
    if data.get("prompt_id") != run.prompt_id:
        return False
    if kind == "execution_cached":
        run.cached = list(data["nodes"])
    elif kind == "executing" and data["node"] is not None:
        run.stages.append(data.get("display_node", data["node"]))
        if data["node"] not in run.started:
            run.started.append(data["node"])
    elif kind == "execution_error" and data["exception_type"] == "ExecutionBlocked":
        run.notices.append(data["exception_message"])
    elif kind == "execution_error":
        run.status, run.error, run.error_node = "error", data["exception_message"].strip(), data["node_id"]
    elif kind == "execution_interrupted":
        run.status = "interrupted"
    elif kind == "execution_success":
        run.status = "success"
    return kind == "executing" and data["node"] is None
