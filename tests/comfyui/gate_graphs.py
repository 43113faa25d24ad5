"""Graphs with a Quality Gate around the probe pack's sampler, whose pictures have a brightness that can be foretold."""

from __future__ import annotations

import json
import zlib
from typing import Any

from graphs import catch, marked, node

MODEL = "a model"


def unit(*numbers: Any) -> float:
    """The same as in the probe pack: a number from 0 to 1."""
    return zlib.crc32(repr(numbers).encode()) / 2**32


def level(seed: int, place: int = 0, model: str = MODEL) -> float:
    """The brightness of the picture that ProbeSample gives for a seed, at a place in a batch."""
    return unit(seed, model, place)


def first_bright(threshold: float, start: int = 0) -> int:
    """The first seed from start on whose picture is bright enough."""
    return next(seed for seed in range(start, start + 10000) if level(seed) >= threshold)


def gate_node(value: str, score: str, threshold: float = 0.9, **inputs: Any) -> dict[str, Any]:
    """A gate on the first output of value and the lowest score."""
    return node(
        "SwitchyardQualityGate",
        **{
            "value": [value, 0],
            "score": [score, 1],
            "comparison": "greater_or_equal",
            "threshold": threshold,
            "max_attempts": 50,
            **inputs,
        },
    )


def gate_graph(seed: Any = 0, threshold: float = 0.9, sample: Any = None, **inputs: Any) -> dict[str, Any]:
    """A loader, a sampler, a node in between, a scorer, a gate and output nodes."""
    return {
        "loader": marked(MODEL),
        "sample": node("ProbeSample", seed=seed, model=["loader", 0], **(sample or {})),
        "pass": marked("pass", value=["sample", 0]),
        "score": node("ProbeBrightness", image=["pass", 0]),
        "gate": gate_node("pass", "score", threshold, **inputs),
        "end": node("ProbeBrightness", image=["gate", 0]),
        "shown": catch("end"),
        "facts": node("ProbeFacts", score=["gate", 1], passed=["gate", 2], attempts=["gate", 3], seed=["gate", 4]),
        "report": catch("gate", 5),
    }


def batch_graph(pictures: int, **inputs: Any) -> dict[str, Any]:
    """The same for a batch, with one score for each picture."""
    graph = gate_graph(sample={"latent": ["latent", 0]}, **inputs)
    graph["latent"] = node("EmptyLatentImage", width=64, height=64, batch_size=pictures)
    graph["gate"]["inputs"]["score"] = ["score", 0]
    return graph


def report_of(result: Any, name: str = "report") -> dict[str, Any]:
    """The report that the output node caught."""
    return json.loads(result.outputs[name]["texts"][0])


def levels_of(result: Any) -> list[float]:
    """The brightness of each picture that came out of the gate, batch after batch."""
    return [level for levels in result.outputs["end"]["levels"] for level in levels]
