"""Pieces of graphs that several tests use."""

from __future__ import annotations

from typing import Any


def value(name: str) -> dict[str, Any]:
    """A node that gives a value which API JSON can't spell: see VALUES in the probe pack."""
    return {"class_type": "ProbeValue", "inputs": {"name": name}}


def values(names: str) -> dict[str, Any]:
    """A node that gives a list of such values."""
    return {"class_type": "ProbeList", "inputs": {"name": names}}


def marked(label: str, **inputs: Any) -> dict[str, Any]:
    """A node that gives its label, or hands its value on, and tells that it ran."""
    return {"class_type": "ProbePass", "inputs": {"label": label, **inputs}}


def catch(node: str, output: int = 0) -> dict[str, Any]:
    """An output node that tells what it was given."""
    return {"class_type": "ProbeCatch", "inputs": {"value": [node, output]}}


def node(class_type: str, **inputs: Any) -> dict[str, Any]:
    """Any node; an input that is None is left out."""
    return {"class_type": class_type, "inputs": {name: given for name, given in inputs.items() if given is not None}}


def caught(run: Any, name: str = "end") -> list[str]:
    """The repr of each value that an output node was given."""
    return [shown for _, shown in run.outputs[name]["caught"]]
