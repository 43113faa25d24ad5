"""App mode: the inputs that a workflow of the page shows to who only runs it, in its `extra.linearData`.

They are listed as [node id, widget name, how it is shown]; a widget of a subgraph's instance stands for inputs inside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..graphs import Graph, is_link, title_of
from .groups import objects, slug, subgraphs, unique_name, widget_name
from .guesses import guess_parameters
from .page_widgets import find_node, graph_inputs
from .parameters import FILE_TYPES, Bind, Parameter
from .server_nodes import input_spec, limits, with_limits

_SEEDS = ("seed", "noise_seed")
# Without a server and in a workflow without types, these are known to be chosen from lists and to be files.
_CHOICES = ("sampler_name", "scheduler", "ckpt_name", "unet_name", "vae_name", "clip_name", "lora_name", "model_name")
_FILES = {("LoadImage", "image"): "image", ("LoadImageMask", "image"): "mask", ("LoadAudio", "audio"): "audio"}


def app_parameters(
    graph: Graph, workflow: Mapping[str, Any] | None, object_info: Mapping[str, Any]
) -> tuple[list[Parameter], list[str]]:
    """The inputs that a workflow shows in App mode, in its order, and remarks on those that can't be parameters."""
    parameters: list[Parameter] = []
    remarks: list[str] = []
    prompts = _prompt_names(graph)
    bound: set[tuple[str, str]] = set()
    for node_id, widget, config in _shown(workflow):
        targets = [place for place in graph_inputs(workflow or {}, graph, node_id, widget) if place not in bound]
        targets = [(node, name) for node, name in targets if name in graph[node]["inputs"]]
        literals = [(node, name) for node, name in targets if not is_link(graph[node]["inputs"][name])]
        if not literals:
            reason = "another node is plugged in" if targets else "the graph has no such input"
            remarks.append(f"{widget} of node {node_id} is shown in App mode, but is no parameter: {reason}.")
            continue
        first, value = literals[0], graph[literals[0][0]]["inputs"][literals[0][1]]
        kind = literal_type(graph, workflow, first, object_info)
        if not kind:
            remarks.append(f"{widget} of node {node_id} is shown in App mode, but its value is no parameter's.")
            continue
        name = unique_name(prompts.get(first) or slug(widget, "value"), {parameter.name for parameter in parameters})
        label = str(config.get("label") or "") or title_of(graph[first[0]]) or widget
        parameters.append(make_parameter(graph, name, kind, literals, object_info, label, config.get("description")))
        bound.update(literals)
        if any(graph[node]["inputs"][key] != value for node, key in literals):
            remarks.append(f"{name} sets {len(literals)} inputs, which had different values.")
    return parameters, remarks


def make_parameter(
    graph: Graph,
    name: str,
    kind: str,
    places: Sequence[tuple[str, str]],
    object_info: Mapping[str, Any],
    label: str = "",
    description: Any = None,
) -> Parameter:
    """A parameter that sets literals of a graph, with the limits that the server says."""
    value = graph[places[0][0]]["inputs"][places[0][1]]
    binds = tuple(Bind(node, key, graph[node]["class_type"]) for node, key in places)
    parameter = Parameter(name, kind, binds, label, str(description or ""), default=value)
    is_number = kind in ("integer", "number", "seed")
    return with_limits(parameter, value, limits(graph, places, object_info)) if is_number else parameter


def literal_type(
    graph: Graph, workflow: Mapping[str, Any] | None, place: tuple[str, str], object_info: Mapping[str, Any]
) -> str:
    """The type of a parameter for a literal: as the server or the page says, else by its value; "" if none fits."""
    node_id, name = place
    class_type, value = graph[node_id]["class_type"], graph[node_id]["inputs"][name]
    spec = input_spec(object_info, class_type, name)
    kind = (class_type, name) in _FILES and _FILES[class_type, name]
    kind = kind or (spec.type if spec else _page_type(workflow, node_id, name)) or _plain_type(name, value)
    if kind == "integer" and name.rsplit(".", 1)[-1] in _SEEDS:
        kind = "seed"
    fits = {
        "text": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "choice": isinstance(value, (bool, int, float)) or (isinstance(value, str) and bool(value.strip())),
        "number": isinstance(value, (int, float)) and not isinstance(value, bool),
        "integer": isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53,
        "seed": isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**64,
    }
    return kind if fits.get(kind, kind in FILE_TYPES and isinstance(value, str) and bool(value.strip())) else ""


def _plain_type(name: str, value: Any) -> str:
    if isinstance(value, str):
        return "choice" if name in _CHOICES else "text"
    if isinstance(value, bool):
        return "boolean"
    return "integer" if isinstance(value, int) else "number" if isinstance(value, float) else ""


def _page_type(workflow: Mapping[str, Any] | None, node_id: str, name: str) -> str:
    """The type of a widget whose socket a newer page has saved; "" if it has not."""
    level, path = workflow, node_id.split(":")
    for depth, part in enumerate(path):
        node = find_node(level, part)
        if depth < len(path) - 1:
            kind = node.get("type") if node else None
            level = next((definition for definition in subgraphs(workflow or {}) if definition["id"] == kind), None)
            continue
        for given in objects(node, "inputs"):
            if isinstance(given.get("widget"), Mapping) and widget_name(given) == name:
                kinds = {"STRING": "text", "INT": "integer", "FLOAT": "number", "BOOLEAN": "boolean", "COMBO": "choice"}
                return kinds.get(str(given.get("type")), "")
    return ""


def _shown(workflow: Mapping[str, Any] | None) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    extra = workflow.get("extra") if workflow else None
    data = extra.get("linearData") if isinstance(extra, Mapping) else None
    inputs = data.get("inputs") if isinstance(data, Mapping) else None
    for item in inputs if isinstance(inputs, list) else []:
        if isinstance(item, list) and len(item) >= 2 and isinstance(item[1], str):
            yield str(item[0]), item[1], item[2] if len(item) > 2 and isinstance(item[2], Mapping) else {}


def _prompt_names(graph: Graph) -> dict[tuple[str, str], str]:
    """What the inputs that hold prompts are best called."""
    guessed, _ = guess_parameters(graph, {})
    texts = [parameter for parameter in guessed if parameter.type == "text"]
    return {(bind.node, bind.input): parameter.name for parameter in texts for bind in parameter.bind}
