"""What a server tells of a job while it runs, over a WebSocket. Needs websockets.

Events are hints: a server sends them once and to nobody in particular, and one stalled listener can stop them for
all. Whether a job has ended is asked over HTTP; see job.py.
"""

from __future__ import annotations

import contextlib
import json
import ssl
import struct
import threading
import time
import urllib.parse
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .connection import Connection, need
from .errors import SwitchyardError

_AGAIN_S = 1.0
_KEPT = 500  # events that nobody has taken yet; older ones are dropped
_PREVIEW, _TEXT, _PREVIEW_WITH_METADATA = 1, 3, 4
_ENDS = ("execution_success", "execution_error", "execution_interrupted")


@dataclass(frozen=True)
class Event:
    """One thing that happened to a job.

    Attributes:
        kind: "queue" (value: how many jobs are before it; 0: it runs), "start", "cached" (nodes), "node" (it starts),
            "progress" (value of max steps of a node), "preview" (data), "text" and "blocked" (text), "output" (what a
            node tells the page, in data), or "end".
        node: the node's id, "" where it is about none.
        shown_as: for "node" the node of the graph that it stands for, if that is another one: a copy's original.
        at: when it came, in seconds of time.monotonic().
    """

    kind: str
    node: str = ""
    value: float = 0
    max: float = 0
    text: str = ""
    nodes: tuple[str, ...] = ()
    data: Any = field(default=None, repr=False)
    shown_as: str = ""
    at: float = field(default_factory=time.monotonic, compare=False)


class EventStream:
    """Listens to one job's events, in a thread of its own: what does not read stops a server's events for everybody.

    It never raises: where the server has no WebSocket, there are no events.

    Attributes:
        is_open: whether the socket is open right now.
        is_closed: whether nobody listens any more: `close` was called, or the socket can't be opened.
        kept: the pictures of the nodes that `keep` named, each with its node's id.
        has_heard_start: whether the socket has been open since the job's start.
        has_heard_all: whether the socket was open from the job's start to its end.
    """

    def __init__(self, connection: Connection, client_id: str, prompt_id: str) -> None:
        self._connection = connection
        self._client_id = client_id
        self._prompt_id = prompt_id
        self._events: deque[Event] = deque(maxlen=_KEPT)
        self._changed = threading.Condition()
        self._socket: Any = None
        self.is_closed = self._has_started = self._was_tried = False
        self._keeps: frozenset[str] = frozenset()
        self._node = ""
        self.kept: list[tuple[str, bytes]] = []
        self.is_open = self.has_heard_all = self.has_heard_start = False

    def start(self) -> EventStream:
        """Opens the socket in the background."""
        threading.Thread(target=self._listen, name="switchyard events", daemon=True).start()
        return self

    def wait_until_open(self, timeout_s: float) -> bool:
        """Waits until it is known whether the server has a WebSocket; whether it has. For a job not yet submitted."""
        with self._changed:
            self._changed.wait_for(lambda: self._was_tried, timeout_s)
            return self.is_open

    def keep(self, nodes: frozenset[str]) -> None:
        """Has every picture that one of these nodes sends kept, besides being an event: those may be dropped."""
        self._keeps = nodes

    def take(self, timeout_s: float) -> list[Event]:
        """The events since the last time; waits for the first one, but no longer than this."""
        with self._changed:
            self._changed.wait_for(lambda: self._events, timeout_s)
            found = list(self._events)
            self._events.clear()
        return found

    def close(self) -> None:
        """Stops listening; returns at once."""
        self.is_closed = True
        socket = self._socket
        if socket is not None:
            threading.Thread(target=_close, args=(socket,), daemon=True).start()

    def _listen(self) -> None:
        while self._listen_once() and not self.is_closed:
            time.sleep(_AGAIN_S)  # it was open and broke off

    def _listen_once(self) -> bool:
        """Listens until the socket is closed or breaks off; whether it could be opened."""
        was_open = False
        errors = (OSError, ValueError, TypeError, struct.error, SwitchyardError, *_socket_errors())
        with contextlib.suppress(*errors), _connect(self._connection, self._client_id) as socket:
            self._socket = socket
            socket.send(json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}}))
            was_open = True
            self._set_open(True)
            for message in socket:
                if self.is_closed:
                    break
                found = self._read(message)
                if found is not None:
                    with self._changed:
                        self._events.append(found)
                        self._changed.notify()
        self.has_heard_start = False
        self.is_closed = self.is_closed or not was_open
        self._set_open(False)
        return was_open

    def _set_open(self, is_open: bool) -> None:
        with self._changed:
            self.is_open, self._was_tried = is_open, True
            self._changed.notify_all()

    def _read(self, message: str | bytes) -> Event | None:
        if isinstance(message, bytes):
            return self._read_binary(message)
        content = json.loads(message)
        data = content.get("data") if isinstance(content, Mapping) else None
        if not isinstance(data, Mapping) or data.get("prompt_id") != self._prompt_id:
            return None
        event = read_event(str(content.get("type")), data)
        if event is not None:
            self._has_started = True
            self._follow(event)
        return event

    def _follow(self, event: Event) -> None:
        if event.kind == "start":
            self.has_heard_start = True
            self.kept.clear()
        elif event.kind == "node":
            self._node = event.shown_as or event.node
        elif event.kind == "end":
            self.has_heard_all = self.has_heard_start

    def _read_binary(self, message: bytes) -> Event | None:
        kind, length = struct.unpack(">II", message[:8])
        if kind == _PREVIEW and self._has_started:  # whose picture it is, it does not say
            return self._preview(self._node, message[8:])
        if kind == _TEXT and self._has_started:
            end = 8 + length
            return Event(
                "text", message[8:end].decode("utf-8", "replace"), text=message[end:].decode("utf-8", "replace")
            )
        if kind == _PREVIEW_WITH_METADATA:
            about = json.loads(message[8 : 8 + length])
            if about.get("prompt_id") == self._prompt_id:
                return self._preview(str(about.get("display_node_id", "")), message[8 + length :])
        return None

    def _preview(self, node: str, data: bytes) -> Event:
        if node in self._keeps:
            self.kept.append((node, data))
        return Event("preview", node, data=data)


def read_event(kind: str, data: Mapping[str, Any]) -> Event | None:
    """One of the server's messages as an event; None if it tells nothing of use."""
    node = str(data.get("node") or data.get("node_id") or "")
    if kind == "execution_start":
        return Event("start")
    if kind == "execution_cached":
        return Event("cached", nodes=tuple(str(node) for node in data.get("nodes", ())))
    if kind == "executing":
        shown_as = str(data.get("display_node") or "")
        return Event("node", node, shown_as=shown_as if shown_as != node else "") if node else Event("end")
    if kind == "progress":
        return Event("progress", node, data.get("value", 0), data.get("max", 0))
    if kind == "executed":
        return Event("output", node, data=data.get("output"))
    if kind == "execution_error" and data.get("exception_type") == "ExecutionBlocked":  # the job goes on
        return Event("blocked", node, text=str(data.get("exception_message", "")).strip())
    return Event("end", node) if kind in _ENDS else None


def _connect(connection: Connection, client_id: str) -> Any:
    """The socket, as what `with` opens."""
    scheme, _, rest = connection.url.partition("://")
    url = f"{'wss' if scheme == 'https' else 'ws'}://{rest}/ws?{urllib.parse.urlencode({'clientId': client_id})}"
    options: dict[str, Any] = {"proxy": None} if connection.address.is_here else {}
    if scheme == "https" and connection.verify is not True:
        options["ssl"] = connection.verify or ssl._create_unverified_context()
    return need("websockets.sync.client").connect(
        url,
        additional_headers=connection.socket_headers(),
        open_timeout=min(10.0, connection.timeout_s),
        close_timeout=2,
        max_size=None,  # previews may be of any size
        **options,
    )


def _close(socket: Any) -> None:
    with contextlib.suppress(OSError, *_socket_errors()):
        socket.close()


def _socket_errors() -> tuple[type[Exception], ...]:
    try:
        return (need("websockets.exceptions").WebSocketException,)
    except SwitchyardError:
        return ()
