"""Profiles for tests, as a server tells them."""

from __future__ import annotations

from typing import Any


def call(node: str, start: float, end: float, **more: Any) -> dict[str, Any]:
    """A call of a node that was under way from start to end, in seconds."""
    took = round(end - start, 6)
    return {
        "id": node, "node": node, "parent": None, "class_type": f"Class{node}", "is_async": False, "status": "done",
        "starts": 1, "total_s": took, "self_s": took, "spans": [[start, end]], "steps": None, "seconds_per_step": None,
        "peak_bytes": {"ram": 2**30}, "loaded": [], "unloaded": [], **more,
    }  # fmt: skip


def record(*calls: dict[str, Any], prompt_id: str = "a", **more: Any) -> dict[str, Any]:
    """A whole record; by default of a run that ended well when its last call did."""
    nodes = {one["node"]: {"class_type": f"Class{one['node']}", "title": ""} for one in calls}
    whole = max((end for one in calls for _, end in one["spans"]), default=0.0)
    return {
        "version": 1, "prompt_id": prompt_id, "source": "server", "state": "success", "accurate": False, "began": 1.0,
        "seconds": whole, "comfyui": "0.3.75", "device": "cpu", "nodes": nodes, "cached": {}, "calls": list(calls),
        "memory": {"device": [], "ram": [[0.0, 2**30], [0.02, 2**31]]}, "remarks": ["no card"], **more,
    }  # fmt: skip


def gate() -> dict[str, Any]:
    """An expansion: a gate whose attempt is shown as the gate, with a copy of a sampler in it."""
    return record(
        call("6", 0.0, 2.0, steps=4, seconds_per_step=0.5),
        call("gate", 2.0, 5.0, total_s=3.0, self_s=0.2),
        call("gate", 2.1, 4.9, id="gate.a1", parent=1, total_s=2.8, self_s=0.8),
        call("6", 2.5, 4.5, id="gate.a1.6", parent=2, steps=2, seconds_per_step=1.0),
    )


def assert_nested(trace: dict[str, Any]) -> None:
    """On each thread of each process spans are apart or strictly inside of each other, as Perfetto wants."""
    spans = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    assert all(isinstance(event["ts"], int) and event["dur"] >= 0 for event in spans)
    for place in {(event["pid"], event["tid"]) for event in spans}:
        opened: list[int] = []
        own = [event for event in spans if (event["pid"], event["tid"]) == place]
        for event in sorted(own, key=lambda event: (event["ts"], -event["dur"])):
            while opened and opened[-1] <= event["ts"]:
                opened.pop()
            assert not opened or event["ts"] + event["dur"] <= opened[-1], event
            opened.append(event["ts"] + event["dur"])
    named = {(e["pid"], e["tid"]) for e in trace["traceEvents"] if e["name"] == "thread_name"}
    assert named >= {(event["pid"], event["tid"]) for event in spans}
