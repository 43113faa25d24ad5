"""Takes a profile: from the server's own record where this pack is installed there, else from what the server tells."""

from __future__ import annotations

import itertools
import statistics
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..client import Client
from ..errors import JobFailed, JobInterrupted, SwitchyardError, TemplateError
from ..events import Event
from ..graphs import Graph, read_graph, title_of
from ..job import Job, OnEvent
from .profile import Profile
from .records import Call

_KEY = "switchyard_profile"
_OPEN_S = 5.0  # for a WebSocket
_LATE_S = 2.0  # for the last messages of a job that has ended
_ENDS = {"execution_success": "success", "execution_error": "error", "execution_interrupted": "interrupted"}


def take_profile(
    client: Client,
    graph: Graph,
    *,
    accurate: bool = False,
    timeout_s: float | None = None,
    extra_pnginfo: Mapping[str, Any] | None = None,
) -> Profile:
    """Runs a graph, waits for its end, and gives what its nodes took; also if a node failed or somebody stopped it.

    Args:
        client: the server.
        graph: what to run.
        accurate: whether the server waits for a CUDA device at each node's start and end. Otherwise a node's work may
            count for a later one, as the device works on while the node has ended.
        timeout_s: how long to wait; None: as long as it takes.
        extra_pnginfo: what ComfyUI writes into pictures beside the graph.

    Raises:
        JobLost, JobTimeout, ServerUnavailable, PromptRejected: as `Client.submit` and `Job.wait` do.
    """
    graph = read_graph(graph)
    profiling = client.profiling()
    if profiling is not None and profiling.get("can_record"):
        return _from_server(client, graph, accurate, timeout_s, extra_pnginfo)
    reason = str(profiling.get("reason")) if profiling is not None else "This server does not have this pack."
    profile = _from_events(client, graph, timeout_s, extra_pnginfo)
    also = ("accurate has no effect: only the server itself could wait for the device.",) if accurate else ()
    return replace(profile, remarks=(reason, *also, *profile.remarks))


def read_profile(client: Client, prompt_id: str) -> Profile:
    """What the nodes of a job took that has ended, by anybody: from the server's record, else from its history.

    Raises:
        TemplateError: the server knows nothing of the job.
    """
    document = client.profile(prompt_id)
    if document is not None:
        return Profile.read(document)
    entry = client.history(prompt_id)
    if entry is None:
        raise TemplateError(
            f"{client.url} knows no job {prompt_id}: it has not ended yet, or the server was started anew since."
        )
    return _from_history(entry, prompt_id)


def _from_server(
    client: Client, graph: Graph, accurate: bool, timeout_s: float | None, extra_pnginfo: Mapping[str, Any] | None
) -> Profile:
    asked: Any = {"accurate": True} if accurate else True
    job = client.submit(graph, extra_data={_KEY: asked}, extra_pnginfo=extra_pnginfo)
    problem = _bad_end(job, timeout_s)
    profile = read_profile(client, job.id)
    if profile.source != "server":
        lost = "The server has no record of this run, though it said that it can make one; its log may say why."
        profile = replace(profile, remarks=(lost, *profile.remarks))
    return profile if problem is None else replace(profile, remarks=(*profile.remarks, str(problem)))


def _from_events(
    client: Client, graph: Graph, timeout_s: float | None, extra_pnginfo: Mapping[str, Any] | None
) -> Profile:
    delay_s = _delay(client)
    prompt_id = str(uuid.uuid4())
    with _Listener(client, prompt_id) as listener:
        job = client.submit(graph, prompt_id=prompt_id, extra_pnginfo=extra_pnginfo)
        problem = _bad_end(job, timeout_s, listener.hear if job.stream is not None else None)  # one stream for both
        events = listener.wait_for_the_end()
    entry = client.history(prompt_id)
    profile = _from_history(entry or {}, prompt_id, graph)
    start, end = (next((event.at for event in events if event.kind == kind), None) for kind in ("start", "end"))
    if start is None or end is None:
        remark = "The server's messages did not all come, so there are no times of single nodes."
        profile = replace(profile, remarks=(remark, *profile.remarks))
    else:
        calls = _read_calls(events, start, end - start, graph, profile.state)
        remarks = (
            f"The clock is this computer's: a time is off by what messages take, about {delay_s * 1000:.1f} ms here.",
            "A node's time ends where the next one starts, so asynchronous nodes are cut short.",
        )
        profile = replace(profile, source="websocket", calls=calls, remarks=remarks)
    return profile if problem is None else replace(profile, remarks=(*profile.remarks, str(problem)))


def _bad_end(job: Job, timeout_s: float | None, on_event: OnEvent | None = None) -> SwitchyardError | None:
    """Waits for a job; gives what it failed of, if it did. Who presses Ctrl-C does not want it any more."""
    try:
        job.wait(timeout_s, on_event=on_event)
    except (JobFailed, JobInterrupted) as bad_end:
        return bad_end
    except KeyboardInterrupt:
        job.cancel()
        raise
    return None


class _Listener:
    """Takes a job's events in as they come, from before it is submitted to its end, in a thread of its own."""

    def __init__(self, client: Client, prompt_id: str) -> None:
        self._events: list[Event] = []
        self._has_ended, self._is_closed = threading.Event(), threading.Event()
        self._stream = client.listen(prompt_id)
        self._hears = self._stream.wait_until_open(_OPEN_S)
        self._thread = threading.Thread(target=self._listen, name="switchyard profile", daemon=True)

    def __enter__(self) -> _Listener:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_closed.set()
        self._thread.join()
        self._stream.close()

    def wait_for_the_end(self) -> list[Event]:
        """All events of a job that has ended: the last ones may still be on their way."""
        if self._hears:
            self._has_ended.wait(_LATE_S)
        return sorted(self._events, key=lambda event: event.at)

    def hear(self, event: Event) -> None:
        """Takes an event in."""
        self._events.append(event)
        if event.kind == "end":
            self._has_ended.set()

    def _listen(self) -> None:
        while not self._is_closed.is_set():
            for event in self._stream.take(0.1):
                self.hear(event)


def _read_calls(events: Sequence[Event], start: float, end: float, graph: Graph, state: str) -> tuple[Call, ...]:
    """From the message that a node starts to the one that the next does; a node that starts again is the same call."""
    spans: dict[str, list[tuple[float, float]]] = {}
    shown: dict[str, str] = {}
    steps: dict[str, list[tuple[float, float, float]]] = {}
    told = [event for event in events if event.kind == "node"]
    moments = [*(event.at - start for event in told[1:]), end]
    for event, until in zip(told, moments, strict=False):
        begin = max(0.0, event.at - start)
        spans.setdefault(event.node, []).append((begin, max(begin, until)))
        shown[event.node] = event.shown_as or event.node
    for event in events:
        if event.kind == "progress":
            steps.setdefault(event.node, []).append((event.at, event.value, event.max))
    words = {"error": "failed", "interrupted": "interrupted"}
    calls = []
    for node_id, own in spans.items():
        count, per_step = _read_steps(steps.get(node_id, []))
        is_last = told[-1].node == node_id
        calls.append(
            Call(
                id=node_id,
                node=shown[node_id],
                class_type=str(graph.get(node_id, {}).get("class_type", "")),
                spans=tuple(own),
                total_s=sum(until - begin for begin, until in own),
                self_s=sum(until - begin for begin, until in own),
                status=words.get(state, "done") if is_last else "done",
                steps=count,
                seconds_per_step=per_step,
            )
        )
    return tuple(calls)


def _read_steps(told: Sequence[tuple[float, float, float]]) -> tuple[float | None, float | None]:
    """How many steps there were, and how long one took; the first one's length is not known."""
    pairs = [
        (later[0] - earlier[0], later[1] - earlier[1])
        for earlier, later in itertools.pairwise(told)
        if later[2] == earlier[2] and later[1] > earlier[1]
    ]
    count = sum(steps for _, steps in pairs)
    total = sum(value for _, value, _ in told[:1]) + count if told else None
    return total, sum(took for took, _ in pairs) / count if count else None


def _from_history(entry: Mapping[str, Any], prompt_id: str, graph: Graph | None = None) -> Profile:
    """What a record of the history knows: the whole run's time, what was cached, and how it ended."""
    status = entry.get("status") or {}
    told = {item[0]: item[1] for item in status.get("messages") or [] if isinstance(item, list) and len(item) == 2}
    end = next((kind for kind in _ENDS if kind in told), None)
    started, ended = ((told.get(kind or "") or {}).get("timestamp") for kind in ("execution_start", end))
    queued = entry.get("prompt")
    graph = graph or (queued[2] if isinstance(queued, list) and len(queued) > 2 else {})
    whole = None
    if isinstance(started, (int, float)) and isinstance(ended, (int, float)):
        whole = max(0.0, (ended - started) / 1000)
    return Profile(
        prompt_id=prompt_id,
        source="history",
        state=_ENDS.get(end or "", "unknown"),
        seconds=whole,
        nodes={
            node: {"class_type": str(spec.get("class_type", "")), "title": title_of(spec)}
            for node, spec in graph.items()
            if isinstance(spec, Mapping)
        },
        cached={str(node): 1 for node in (told.get("execution_cached") or {}).get("nodes", ())},
        remarks=(
            "What each node took, how often it ran, and its memory are not known: the history has no such thing.",
            "Run the graph with `switchyard profile` to measure it.",
        ),
    )


def _delay(client: Client) -> float:
    """About how long a message travels: half of what a small question takes, the median of three, in seconds."""
    took = []
    for _ in range(3):
        start = time.perf_counter()
        try:
            client.queue_length()
        except SwitchyardError:
            break
        took.append(time.perf_counter() - start)
    return statistics.median(took) / 2 if took else 0.0
