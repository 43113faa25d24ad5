"""Pictures that a node sends instead of saving them: they come once, over the WebSocket, and are in no history.

So the socket must be open before the job is queued, and what was missed can only be made again.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .errors import PicturesMissed
from .events import EventStream
from .graphs import Graph
from .results import OutputFile

if TYPE_CHECKING:
    from .client import Client

SENDERS = ("SaveImageWebsocket",)  # ComfyUI's own
_OPEN_S = 10.0
_QUIET_S, _NOTHING_S = 60.0, 2.0  # how long the next event may take: a large picture on a slow line; none so far


def senders_of(graph: Graph) -> frozenset[str]:
    """The ids of the nodes that send their pictures."""
    return frozenset(node_id for node_id, node in graph.items() if node["class_type"] in SENDERS)


def listen_for_pictures(client: Client, graph: Graph, prompt_id: str) -> EventStream | None:
    """An open stream that keeps a job's pictures; None if its graph sends none.

    Raises:
        PicturesMissed: the server, or what stands before it, opens no WebSocket, so that they would be lost.
        ServerUnavailable: no server answers.
    """
    senders = senders_of(graph)
    if not senders:
        return None
    stream = client.listen(prompt_id)
    stream.keep(senders)
    if not stream.wait_until_open(_OPEN_S):
        stream.close()
        client.queue_length()
        raise PicturesMissed(
            f"{_names(senders)} of the graph sends its pictures over the WebSocket, which {client.url} does not open: "
            "they would be lost. Save them with SaveImage instead, let WebSockets through, or install websockets here."
        )
    return stream


def received(stream: EventStream, prompt_id: str) -> tuple[OutputFile, ...]:
    """The pictures that came, once all of them have; the job has ended.

    Raises:
        PicturesMissed: nobody listened for a while, so that some may have been lost.
    """
    last = time.monotonic()
    while not stream.has_heard_all and stream.is_open:
        if stream.take(0.2):
            last = time.monotonic()
        elif time.monotonic() - last > (_QUIET_S if stream.has_heard_start else _NOTHING_S):
            break
    if not stream.has_heard_all:
        raise PicturesMissed(
            f"Job {prompt_id} sends pictures over the WebSocket, and nobody listened all the time. They are not kept "
            "anywhere: run it again, or save them with SaveImage instead."
        )
    return tuple(
        OutputFile(node, f"websocket_{number:05d}_.{_suffix(data)}", "", "websocket", "images", data)
        for number, (node, data) in enumerate(stream.kept, 1)
    )


def why_missing(senders: frozenset[str]) -> str:
    """What to say of a job that somebody else has queued."""
    return f"{_names(senders)} sends its pictures to whoever has queued the job: they can't be had from the server."


def _names(senders: frozenset[str]) -> str:
    return f"Node {', '.join(sorted(senders))}"


def _suffix(data: bytes) -> str:
    return "png" if data.startswith(b"\x89PNG") else "jpg" if data.startswith(b"\xff\xd8") else "bin"
