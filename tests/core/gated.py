"""Graphs with a Quality Gate and the reports that it would make, as short as can be."""

from __future__ import annotations

from switchyard_pack.core.provenance import GATE, SAVE


def node(class_type, **inputs):
    return {"class_type": class_type, "inputs": inputs}


def is_lazy(class_type, name):
    return class_type in (GATE, "Switch")


def get_type(class_type, output):
    return {"Sampler": "IMAGE", "Loader": "MODEL"}.get(class_type, "*")


def takes_lists(class_type):
    return class_type in ("SwitchyardPickBest", "SwitchyardFirstAvailable", "Sort")


def simple(**more):
    """sample A -> gate 1 -> save, with what else is given."""
    return {
        "A": node("Sampler", seed=1),
        "1": node(GATE, value=["A", 0], score=["A", 1], replay=""),
        "save": node(SAVE, images=["1", 0]),
        **more,
    }


def chained():
    """sample A -> gate 1 -> sample B -> gate 2 -> save."""
    return simple(
        **{
            "B": node("Sampler", seed=10, image=["1", 0]),
            "2": node(GATE, value=["B", 0], score=["B", 1], replay=""),
            "save": node(SAVE, images=["2", 0]),
        }
    )


def entry(seeds=None, replay="", supersedes=(), **inner):
    seeds = {name: {"seed": seed} for name, seed in (seeds or {}).items()}
    inner = {name.lstrip("g"): made for name, made in inner.items()}
    return {"seeds": seeds, "replay": replay, "supersedes": list(supersedes), "inner": inner}


def report(gate, *pictures, attempts=2):
    return {
        "kind": "quality_gate",
        "version": 1,
        "gate": gate,
        "pictures": list(pictures),
        "attempts": [{}] * attempts,
    }
