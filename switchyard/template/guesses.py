"""The parameters of a graph that marks none: what its samplers are set to, found by following their links.

Positive and negative prompts are told apart by where a sampler takes them in, never by a node's id or order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..graphs import Graph, describe_node, in_order, is_link, links
from .groups import unique_name
from .parameters import RANGES, Bind, Parameter
from .server_nodes import limits, part_of, with_limits

_SETTINGS = ("steps", "cfg", "denoise")
_HELPERS = ("guider", "noise", "sigmas")  # what newer samplers take from nodes of their own
_TEXTS = ("text", "prompt", "text_g", "text_l", "clip_l", "clip_g", "t5xxl", "llama", "tags", "lyrics")
_HOLDERS = ("value", "text", "string", "prompt", "int", "float", "seed", "noise_seed")  # of nodes that hold one value
# Where links do not lead to the words of a prompt.
_NOT_WORDS = ("clip", "model", "vae", "image", "images", "pixels", "latent", "samples", "mask", "control_net")
_STOCK_LIMITS = {"steps": (1, 10000, None), "cfg": (0.0, 100.0, 0.1), "denoise": (0.0, 1.0, 0.01)}
_TYPES = {"seed": "seed", "steps": "integer", "cfg": "number", "denoise": "number"}
_LABELS = {
    "prompt": "Prompt",
    "negative_prompt": "Negative prompt",
    "seed": "Seed",
    "steps": "Steps",
    "cfg": "CFG",
    "denoise": "Denoise",
}


@dataclass(frozen=True)
class _Found:
    """A literal that is worth a parameter, and by way of what it was found."""

    kind: str
    node: str
    input: str
    sampler: str


def guess_parameters(graph: Graph, object_info: Mapping[str, Any]) -> tuple[list[Parameter], list[str]]:
    """Prompts, seeds, steps, cfg and denoise of the graph's samplers, and a remark on each.

    Inputs that are set to the same value become one parameter that sets them all, such as the prompt of a base model
    and its refiner. Others are numbered in the order in which the graph runs.
    """
    found: dict[tuple[str, str], _Found] = {}
    outputs = _conditioning_outputs(graph, object_info)
    for sampler in in_order(graph):
        if _is_sampler(graph[sampler]["inputs"]):
            for item in _read_sampler(graph, sampler, outputs):
                found.setdefault((item.node, item.input), item)
    return _as_parameters(graph, list(found.values()), object_info)


def _is_sampler(inputs: Mapping[str, Any]) -> bool:
    """Whether a node samples: it takes in conditioning or a guider, and is set to a seed, steps or noise."""
    takes = any(is_link(inputs.get(name)) for name in ("positive", "guider"))
    return takes and any(name in inputs for name in ("seed", "noise_seed", "steps", "noise", "sigmas"))


def _conditioning_outputs(graph: Graph, object_info: Mapping[str, Any]) -> dict[str, list[int]]:
    """The outputs of each node that are conditionings, as the server says, else as they are used; in order."""
    used: dict[str, set[int]] = {}
    for node in graph.values():
        for name, source, output in links(node):
            if name in ("positive", "negative") or name.startswith("conditioning"):
                used.setdefault(source, set()).add(output)
    outputs = {node_id: sorted(found) for node_id, found in used.items()}
    for node_id in used:
        declared = part_of(object_info, graph[node_id]["class_type"]).get("output")
        if isinstance(declared, list) and "CONDITIONING" in declared:
            outputs[node_id] = [index for index, kind in enumerate(declared) if kind == "CONDITIONING"]
    return outputs


def _read_sampler(graph: Graph, sampler: str, outputs: Mapping[str, Sequence[int]]) -> Iterator[_Found]:
    inputs = graph[sampler]["inputs"]
    nodes = {sampler: None}  # in order
    for name in _HELPERS:
        node_id = _linked(inputs, name)
        while node_id is not None and node_id not in nodes:
            nodes[node_id] = None
            node_id = _linked(graph[node_id]["inputs"], "sigmas")
    for kind in ("positive", "conditioning", "negative"):
        for node_id in nodes:
            link = graph[node_id]["inputs"].get(kind)
            if is_link(link):
                prompt = "negative_prompt" if kind == "negative" else "prompt"
                for holder, name in _words(graph, link, outputs):
                    yield _Found(prompt, holder, name, sampler)
    for node_id in nodes:
        for name in ("seed", "noise_seed", *_SETTINGS):
            held = _literal_behind(graph, node_id, name)
            if held is not None:
                yield _Found("seed" if name.endswith("seed") else name, *held, sampler)


def _words(graph: Graph, link: Sequence[Any], outputs: Mapping[str, Sequence[int]]) -> Iterator[tuple[str, str]]:
    """The inputs that hold the words of a conditioning, as node and input."""
    stack, seen = [(str(link[0]), int(link[1]))], set()
    while stack:
        node_id, output = stack.pop()
        if (node_id, output) in seen:
            continue
        seen.add((node_id, output))
        inputs = graph[node_id]["inputs"]
        texts = [name for name in _TEXTS if name in inputs]
        if texts and ("clip" in inputs or "TextEncode" in graph[node_id]["class_type"]):
            for name in texts:
                held = _literal_behind(graph, node_id, name)
                if held is not None:
                    yield held
            continue
        names = [name for name, value in inputs.items() if is_link(value) and name not in _NOT_WORDS]
        if "positive" in inputs and "negative" in inputs:  # it hands on both, in this order, at times after a model
            known = outputs.get(node_id, ())
            place = known.index(output) if len(known) > 1 and output in known else output
            names = [name for name in ("positive", "negative")[place : place + 1] if name in names]
        stack += [(inputs[name][0], int(inputs[name][1])) for name in reversed(names)]


def _literal_behind(graph: Graph, node_id: str, name: str) -> tuple[str, str] | None:
    """The input that holds an input's literal: itself, or the one value of the node that is plugged into it."""
    seen = set()
    while node_id not in seen:
        seen.add(node_id)
        inputs = graph[node_id]["inputs"]
        source = _linked(inputs, name)
        if source is None:
            return (node_id, name) if isinstance(inputs.get(name), (str, int, float)) else None
        node_id = source
        held = [key for key in graph[node_id]["inputs"] if key in _HOLDERS]
        if len(held) != 1 or any(is_link(item) for key, item in graph[node_id]["inputs"].items() if key != held[0]):
            return None
        name = held[0]
    return None


def _linked(inputs: Mapping[str, Any], name: str) -> str | None:
    value = inputs.get(name)
    return value[0] if is_link(value) else None


def _as_parameters(
    graph: Graph, found: Sequence[_Found], object_info: Mapping[str, Any]
) -> tuple[list[Parameter], list[str]]:
    parameters, remarks = [], []
    names: set[str] = set()
    for kind in _LABELS:
        shared: dict[tuple[type, Any], list[_Found]] = {}
        for item in found:
            value = graph[item.node]["inputs"][item.input]
            if item.kind == kind and _has_type(value, _TYPES.get(kind, "text")):
                shared.setdefault((type(value), value), []).append(item)
        for number, ((_, value), items) in enumerate(shared.items(), start=1):
            name = unique_name(kind, names)
            names.add(name)
            label = _LABELS[kind] if number == 1 else f"{_LABELS[kind]} {number}"
            binds = tuple(Bind(item.node, item.input, graph[item.node]["class_type"]) for item in items)
            parameter = Parameter(name, _TYPES.get(kind, "text"), binds, label=label, default=value)
            inputs = [(item.node, item.input) for item in items]
            known = limits(graph, inputs, object_info) if object_info else _STOCK_LIMITS.get(kind)
            parameters.append(with_limits(parameter, value, known) if known and kind in _TYPES else parameter)
            where = ", ".join(f"{item.input} of {describe_node(graph, item.node)}" for item in items)
            remarks.append(f"{name} is guessed: {where}, by way of {describe_node(graph, items[0].sampler)}.")
    return parameters, remarks


def _has_type(value: Any, kind: str) -> bool:
    if kind == "text":
        return isinstance(value, str)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    if kind == "number":
        return True
    low, high = RANGES[kind]
    return isinstance(value, int) and low <= value <= high
