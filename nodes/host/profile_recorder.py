"""Records how long the nodes of a prompt take, if it asks for that: `extra_data: {"switchyard_profile": true}`.

ComfyUI tells its progress handlers when a node starts, gets on and finishes. It has no place where a pack could add a
handler for a prompt, so the first prompt that asks for a profile has us put a function around
`execution.add_progress_handler`, which ComfyUI calls once for each prompt, before its nodes run. That is the only thing
of ComfyUI that is replaced; a prompt that does not ask gets no handler. Where it can't be done, `why_not` says why.

The last profiles are kept in memory, and nothing is written to disk.
"""

from __future__ import annotations

import functools
import inspect
import logging
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from ...core.profile_spans import NodeFacts, PeakSeries, SpanStack
from .profile_meters import Meters

KEY = "switchyard_profile"
KEPT = 20
_SAMPLE_S = 0.02
_ENDS = {"execution_success": "success", "execution_error": "error", "execution_interrupted": "interrupted"}

_recordings: OrderedDict[str, Recording] = OrderedDict()
_told: set[str] = set()


def watch(request: Mapping[str, Any]) -> None:
    """Gets ready to record if a request's prompt asks for a profile; shown every prompt when it is queued."""
    extra = request.get("extra_data")
    if not isinstance(extra, Mapping) or KEY not in extra:
        return
    asked = extra[KEY]
    if asked is not None and not isinstance(asked, (bool, Mapping)):
        _tell_once(f'"{KEY}" has to be true or {{"accurate": true}}, but is {asked!r:.80}: nothing is recorded.')
    elif wants_profile(asked):
        reason = why_not() or _put_around()
        if reason:
            _tell_once(f"nothing is recorded: {reason}")


def wants_profile(asked: Any) -> bool:
    """Whether the value of the key asks for a profile."""
    return asked is True or isinstance(asked, Mapping)


def why_not() -> str | None:
    """Why nothing can be recorded on this core, in words; None if it can."""
    progress = sys.modules.get("comfy_execution.progress")
    execution = sys.modules.get("execution")
    if progress is None or not hasattr(progress, "ProgressHandler") or not hasattr(progress, "get_progress_state"):
        return "This ComfyUI has no progress handlers (comfy_execution.progress.ProgressHandler)."
    if not callable(getattr(execution, "add_progress_handler", None)):
        return "This ComfyUI adds its progress handlers elsewhere (there is no execution.add_progress_handler)."
    return None


def recorded_ids() -> list[str]:
    """The prompts that there is a profile of, oldest first."""
    return list(_recordings)


def profile_of(prompt_id: str) -> dict[str, Any] | None:
    """The profile of a prompt as plain JSON, of one that still runs too; None if there is none (any more)."""
    recording = _recordings.get(prompt_id)
    return None if recording is None else recording.document()


def _put_around() -> str | None:
    """Has ComfyUI ask us for each prompt that starts from now on; gives the reason if it can't be done."""
    import execution

    original = execution.add_progress_handler
    if getattr(original, "asks_switchyard", False):  # also by another copy of the pack
        return None

    @functools.wraps(original)
    def add_progress_handler(handler: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(handler, *args, **kwargs)
        _start_recording(original)
        return result

    add_progress_handler.asks_switchyard = True  # type: ignore[attr-defined]
    execution.add_progress_handler = add_progress_handler
    return None


def _start_recording(add_handler: Any) -> None:
    """Called when a prompt starts: adds a handler if it asked for one. Never raises."""
    try:
        from comfy_execution.progress import get_progress_state

        registry = get_progress_state()
        known = _recordings.get(registry.prompt_id)
        asked = _asked_by(registry.prompt_id)
        if not wants_profile(asked) or (known is not None and known.registry is registry):
            return
        accurate = isinstance(asked, Mapping) and asked.get("accurate") is True
        recording = Recording(registry, accurate)
        add_handler(_handler_of(recording))
        _recordings[registry.prompt_id] = recording
        _recordings.move_to_end(registry.prompt_id)
        while len(_recordings) > KEPT:
            _recordings.popitem(last=False)
        recording.start_sampling()
    except Exception as problem:  # noqa: BLE001 - a profile must never fail the run
        _tell_once(f"nothing is recorded: {type(problem).__name__}: {problem}")


def _queue() -> Any:
    return sys.modules["server"].PromptServer.instance.prompt_queue


def _asked_by(prompt_id: str) -> Any:
    """What the running prompt of this id says for our key."""
    for item in list(_queue().currently_running.values()):
        if item[1] == prompt_id:
            return item[3].get(KEY)
    return None


def _tell_once(text: str) -> None:
    if text not in _told and len(_told) < 100:
        _told.add(text)
        logging.warning("Switchyard: profile: %s", text)


class Recording:
    """What is recorded of one prompt.

    Attributes:
        registry: ComfyUI's own record of the prompt's progress.
        accurate: whether the device is waited for when a node starts and finishes.
    """

    def __init__(self, registry: Any, accurate: bool) -> None:
        self.registry: Any = registry
        self.prompt_id = str(registry.prompt_id)
        self.accurate = accurate
        self._graph: Any = registry.dynprompt
        self._lock = threading.Lock()
        self._stack = SpanStack()
        self._meters = Meters(accurate)
        self._series = {kind: PeakSeries() for kind in ("device", "ram")}
        self._nodes = {
            str(node_id): {"class_type": spec["class_type"], "title": str((spec.get("_meta") or {}).get("title", ""))}
            for node_id, spec in registry.dynprompt.get_original_prompt().items()
        }
        self._began, self._began_at = time.perf_counter(), time.time()
        self._last = 0.0
        self._end: dict[str, Any] | None = None

    def begin(self, node_id: str) -> None:
        """A node is started."""
        facts = self._facts(node_id)
        with self._lock:
            self._stack.begin(self._boundary(), facts)
            self._meters.restart()

    def finish(self, node_id: str) -> None:
        """A node is finished, or was found in the cache."""
        node = self._graph.get_display_node_id(node_id)
        with self._lock:
            self._stack.end(self._boundary(), node_id, node)
            self._meters.restart()

    def step(self, node_id: str, value: float, most: float) -> None:
        """A node tells how far it is."""
        with self._lock:
            self._stack.step(self._now(), node_id, value, most)

    def close(self) -> None:
        """Takes in how the run ended, if the server's history knows it; the graph and its values are let go."""
        if self._end is not None or _is_running(self):  # asked before the history, which then knows the end
            return
        entry = _queue().get_history(prompt_id=self.prompt_id).get(self.prompt_id)
        with self._lock:
            self._end = self._read_end(entry or {})
            failed = self._end.get("failed_node")
            self._stack.close(self._end["at"], self._end["state"], failed)
            self.registry = self._graph = None

    def document(self) -> dict[str, Any]:
        """The profile as it is now, as plain JSON."""
        self.close()
        with self._lock:
            end = self._end or {"state": "running", "seconds": None, "cached": []}
            cached = dict(self._stack.hits)
            for node in end["cached"]:
                cached.setdefault(node, 1)
            return {
                "version": 1,
                "prompt_id": self.prompt_id,
                "source": "server",
                "state": end["state"],
                "accurate": self.accurate,
                "began": self._began_at,
                "seconds": end["seconds"],
                "comfyui": getattr(sys.modules.get("comfyui_version"), "__version__", ""),
                "device": self._meters.device,
                "nodes": self._nodes,
                "cached": cached,
                "calls": self._stack.records(),
                "memory": {kind: series.points() for kind, series in self._series.items()},
                "remarks": self._remarks(end["state"]),
            }

    def start_sampling(self) -> None:
        """Measures memory every now and then, in a thread of its own, until the prompt has ended."""
        threading.Thread(target=self._sample, name="switchyard profile", daemon=True).start()

    def _now(self) -> float:
        self._last = time.perf_counter() - self._began
        return self._last

    def _boundary(self) -> float:
        """The moment at which the node that had the turn gave it away, once its measures are taken."""
        measured, loaded, unloaded = self._meters.take()
        for kind, value in measured.items():
            self._stack.observe(kind, value)
        self._stack.note_models(loaded, unloaded)
        return self._now()

    def _facts(self, node_id: str) -> NodeFacts:
        import nodes

        graph = self._graph
        class_type = graph.get_node(node_id)["class_type"]
        node_class = nodes.NODE_CLASS_MAPPINGS.get(class_type)
        method = getattr(node_class, str(getattr(node_class, "FUNCTION", "")), None)
        return NodeFacts(
            id=node_id,
            node=graph.get_display_node_id(node_id),
            parent=graph.get_parent_node_id(node_id),
            root=graph.get_real_node_id(node_id),
            class_type=class_type,
            is_async=inspect.iscoroutinefunction(method),
        )

    def _read_end(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        messages = (entry.get("status") or {}).get("messages") or []
        told = dict(messages)
        kind = next((kind for kind in _ENDS if kind in told), None)
        cached = [str(node) for node in (told.get("execution_cached") or {}).get("nodes", ())]
        if kind is None:  # somebody cleared the history
            return {"state": "unknown", "seconds": None, "cached": cached, "at": self._last}
        at = max(self._last, told[kind]["timestamp"] / 1000 - self._began_at)
        found = {"state": _ENDS[kind], "seconds": round(at, 6), "cached": cached, "at": at}
        return {**found, "failed_node": told[kind].get("node_id")}

    def _remarks(self, state: str) -> list[str]:
        remarks = list(self._meters.remarks)
        if self._stack.dropped:
            remarks.append(f"{self._stack.dropped} calls after the first {len(self._stack.calls)} are left out.")
        if state == "unknown":
            remarks.append("How and when the run ended is not known: ComfyUI's history has no record of it any more.")
        if state == "running":
            remarks.append("The run has not ended yet.")
        return remarks

    def _sample(self) -> None:
        try:
            while _is_running(self):
                with self._lock:
                    at = time.perf_counter() - self._began
                    for kind, value in self._meters.sample().items():
                        self._stack.observe(kind, value)
                        self._series[kind].add(at, value)
                time.sleep(_SAMPLE_S)
        except Exception as problem:  # noqa: BLE001 - memory is then not known; the run goes on
            _tell_once(f"memory is not sampled: {type(problem).__name__}: {problem}")


def _is_running(recording: Recording) -> bool:
    """Whether the prompt of a recording still runs, and not a later one of the same id."""
    from comfy_execution.progress import get_progress_state

    is_current = recording.registry is not None and get_progress_state() is recording.registry
    return is_current and any(item[1] == recording.prompt_id for item in list(_queue().currently_running.values()))


def _handler_of(recording: Recording) -> Any:
    """What ComfyUI calls for the nodes of one prompt. An error of ours ends the recording, never the run."""
    from comfy_execution.progress import ProgressHandler

    class Handler(ProgressHandler):
        def start_handler(self, node_id: str, state: Any, prompt_id: str) -> None:
            self._guarded(recording.begin, node_id)

        def update_handler(self, node_id: str, value: float, max_value: float, *_: Any, **__: Any) -> None:
            self._guarded(recording.step, node_id, value, max_value)

        def finish_handler(self, node_id: str, state: Any, prompt_id: str) -> None:
            self._guarded(recording.finish, node_id)

        def reset(self) -> None:
            self._guarded(recording.close)

        def _guarded(self, act: Any, *args: Any) -> None:
            try:
                act(*args)
            except Exception as problem:  # noqa: BLE001
                self.enabled = False
                _tell_once(f"recording stopped: {type(problem).__name__}: {problem}")

    return Handler(KEY)
