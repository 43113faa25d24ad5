"""Checks a graph against what a server says of its nodes: what is missing, and what is out of range."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..graphs import Graph, describe_node, is_link, links
from .marks import CLASSES, feeds
from .parameters import ABSENT, Parameter, describe_range, same, show
from .server_nodes import InputSpec, choices, input_spec, limits, part_of

_SHOWN = 8


@dataclass(frozen=True)
class Finding:
    """Something that keeps a template from running ("error"), or may surprise ("warning").

    Attributes:
        where: the parameter or node that it is about, or "".
    """

    level: str
    where: str
    message: str


def check_graph(
    graph: Graph, parameters: Sequence[Parameter], object_info: Mapping[str, Any], requires: Mapping[str, Any]
) -> list[Finding]:
    """All findings, those that keep it from running first."""
    bound = {(bind.node, bind.input): parameter.name for parameter in parameters for bind in parameter.bind}
    findings = [*_missing_classes(graph, object_info, requires)]
    for node_id in graph:
        if graph[node_id]["class_type"] in object_info:
            findings += _node_findings(graph, node_id, object_info, bound, requires)
    for parameter in parameters:
        findings += _parameter_findings(graph, parameter, object_info)
    return sorted(findings, key=lambda finding: finding.level)


def _missing_classes(graph: Graph, object_info: Mapping[str, Any], requires: Mapping[str, Any]) -> Iterator[Finding]:
    missing: dict[str, list[str]] = {}
    for node_id, node in graph.items():
        if node["class_type"] not in object_info:
            missing.setdefault(node["class_type"], []).append(node_id)
    packs = {kind: pack["id"] for pack in requires.get("node_packs", ()) for kind in pack.get("class_types", ())}
    for class_type, nodes in missing.items():
        hint = f"install the pack {packs[class_type]}" if class_type in packs else "install the pack that has it"
        where = f"node {nodes[0]}" if len(nodes) == 1 else f"nodes {', '.join(nodes)}"
        yield Finding("error", where, f"The server has no node {class_type}: {hint}.")


def _node_findings(
    graph: Graph,
    node_id: str,
    object_info: Mapping[str, Any],
    bound: Mapping[tuple[str, str], str],
    requires: Mapping[str, Any],
) -> Iterator[Finding]:
    node = graph[node_id]
    class_type, where = node["class_type"], describe_node(graph, node_id)
    for name in part_of(part_of(part_of(object_info, class_type), "input"), "required"):
        spec = input_spec(object_info, class_type, name)
        grows = any(key.startswith(f"{name}.") for key in node["inputs"])
        if name not in node["inputs"] and not grows and spec is not None and not spec.kind.startswith("COMFY_"):
            yield Finding("error", where, f"It has no {name}, which it needs.")
    for name, source, output in links(node):
        outputs = part_of(object_info, graph[source]["class_type"]).get("output")
        if isinstance(outputs, list) and output >= len(outputs):
            kind = graph[source]["class_type"]
            yield Finding(
                "error", where, f"Its {name} is plugged into output {output} of {kind}, which has {len(outputs)}."
            )
    for name, value in node["inputs"].items():
        spec = input_spec(object_info, class_type, name)
        if spec is None or is_link(value) or class_type in CLASSES:
            continue
        problem = literal_problem(spec, value)
        if problem:
            parameter = bound.get((node_id, name))
            label = f"parameter {parameter}" if parameter else where
            yield Finding("error", label, f"{name} is {show(value)}, {problem}{_download(requires, value)}.")


def literal_problem(spec: InputSpec, value: Any) -> str:
    """What a server would say against a literal; "" if nothing."""
    if spec.kind == "COMBO":
        if spec.type != "choice" or spec.options.get("remote") or spec.options.get("multiselect") or not spec.choices:
            return ""
        if any(same(value, choice) for choice in spec.choices):
            return ""
        more = f" and {len(spec.choices) - _SHOWN} more" if len(spec.choices) > _SHOWN else ""
        return f"which the server does not have; it has {', '.join(map(show, spec.choices[:_SHOWN]))}{more}"
    if spec.kind in ("INT", "FLOAT"):
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            return "which is no number"
        low, high = spec.number("min"), spec.number("max")
        if (low is not None and number < low) or (high is not None and number > high):
            return f"but must be {describe_range(low, high)}"
    return ""


def _download(requires: Mapping[str, Any], value: Any) -> str:
    for model in requires.get("models", ()):
        if model["name"] == value and model.get("url"):
            return f" (folder {model['folder']}, from {model['url']})"
    return ""


def _parameter_findings(graph: Graph, parameter: Parameter, object_info: Mapping[str, Any]) -> Iterator[Finding]:
    where, fed = f"parameter {parameter.name}", feeds(graph, parameter.bind)
    for bind in parameter.bind:
        known = object_info.get(bind.class_type)
        if known is not None and bind.class_type not in CLASSES:
            spec = input_spec(object_info, bind.class_type, bind.input)
            if spec is not None and not _fits(parameter.type, spec):
                text = f"It is {parameter.type}, but {bind.input} of {describe_node(graph, bind.node)} is {spec.kind}."
                yield Finding("error", where, text)
    if parameter.type in ("integer", "number", "seed"):
        low, high, _ = limits(graph, fed, object_info)
        is_low = low is not None and parameter.lowest is not None and parameter.lowest < low
        is_high = high is not None and parameter.highest is not None and parameter.highest > high
        explicit = parameter.min is not None or parameter.max is not None
        if explicit and (is_low or is_high):
            own, allowed = describe_range(parameter.lowest, parameter.highest), describe_range(low, high)
            yield Finding("warning", where, f"It allows {own}, but what it sets takes {allowed}.")
    if parameter.type == "choice":
        available = choices(graph, fed, object_info)
        lacking = [item for item in parameter.choices if not any(same(item, known) for known in available)]
        if available and lacking:
            text = f"The server does not have {', '.join(map(show, lacking[:_SHOWN]))}, which it offers."
            yield Finding("warning", where, text)
        is_fed = any(bind.class_type in CLASSES for bind in parameter.bind)
        default = parameter.default
        if is_fed and available and default is not ABSENT and not any(same(default, item) for item in available):
            has = ", ".join(map(show, available[:_SHOWN]))
            text = f"Its value {show(default)} is not on the server, which has {has}."
            yield Finding("error", where, text)


def _fits(kind: str, spec: InputSpec) -> bool:
    allowed = {
        "INT": ("integer", "seed"),
        "FLOAT": ("number", "integer"),
        "STRING": ("text", "choice", "image", "mask", "video", "audio"),
        "BOOLEAN": ("boolean",),
        "COMBO": ("choice", "text", "integer", "number", "boolean", "image", "mask", "video", "audio"),
    }
    return kind in allowed.get(spec.kind, (kind,))
