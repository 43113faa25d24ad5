"""The parameter nodes of a graph: nodes whose widgets say what a parameter is called and may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..errors import TemplateError
from ..graphs import Graph, consumers, describe_node, is_link, kind_of, title_of
from .groups import slug, unique_name
from .parameters import ABSENT, FILE_TYPES, NAME, Bind, Parameter, check_range, show, show_plain
from .server_nodes import limits, with_limits

# The classes of parameter nodes and the type of each; None where the node itself says it. A test holds the ids and the
# names of the inputs against the registry.
CLASSES = {
    "SwitchyardTextParameter": "text",
    "SwitchyardIntegerParameter": "integer",
    "SwitchyardNumberParameter": "number",
    "SwitchyardBooleanParameter": "boolean",
    "SwitchyardChoiceParameter": "choice",
    "SwitchyardSeedParameter": "seed",
    "SwitchyardImageParameter": "image",
    "SwitchyardTemplateParameter": None,
    "TemplateParam": None,
}
VALUE = "value"
_KINDS = tuple(kind for kind in CLASSES.values() if kind)
_NUMBERS = ("integer", "number", "seed")
_TAKEN_BY = {"min": _NUMBERS, "max": _NUMBERS, "step": ("integer", "number"), "choices": ("choice",)}
INPUTS = ("name", "type", VALUE, "label", "description", "group", "order", "default", "min", "max", "step", "choices")


def find_marks(graph: Graph, object_info: Mapping[str, Any]) -> tuple[list[Parameter], list[str]]:
    """The parameters that a graph's parameter nodes say, and remarks.

    A node without a name is called as its title, else as the input that it feeds.

    Raises:
        TemplateError: a node says what makes no sense, or two have one name; it names the parameter.
    """
    remarks: list[str] = []
    nodes = [node_id for node_id, node in graph.items() if node["class_type"] in CLASSES]
    names: dict[str, str] = {}
    for node_id in nodes:
        name = _literal(graph, node_id, "name", "")
        if not isinstance(name, str) or (name and not NAME.fullmatch(name)):
            raise TemplateError(
                f"{_capital(describe_node(graph, node_id))}: {show(name)} can't be a parameter's name: use lower-case "
                f'letters, digits and _, a letter first, at most 48, such as "{slug(name, "prompt")}".'
            )
        if name and name in names:
            advice = "Give each its own."
            if names[name].rpartition(":")[2] == node_id.rpartition(":")[2]:  # the id that the page shows
                advice += " If they are one node, in a subgraph that is there twice, take it out and plug it in."
            raise TemplateError(
                f"Parameter {name}: {describe_node(graph, names[name])} and {describe_node(graph, node_id)} both have "
                f"this name. {advice}"
            )
        if name:
            names[name] = node_id
    parameters = []
    for node_id in nodes:
        if is_link(graph[node_id]["inputs"].get(VALUE)):
            source = describe_node(graph, graph[node_id]["inputs"][VALUE][0])
            remarks.append(f"{_capital(describe_node(graph, node_id))} is no parameter: its value comes from {source}.")
            continue
        name = _literal(graph, node_id, "name", "")
        if not name:
            name = unique_name(_derived_name(graph, node_id), set(names))
            names[name] = node_id
            remarks.append(f'{_capital(describe_node(graph, node_id))} has no name; it is called "{name}".')
        parameters.append(_read(graph, node_id, name, object_info))
    return parameters, remarks


def _read(graph: Graph, node_id: str, name: str, object_info: Mapping[str, Any]) -> Parameter:
    node = graph[node_id]
    is_text = CLASSES[node["class_type"]] is None
    kind = CLASSES[node["class_type"]] or _literal(graph, node_id, "type", "text")
    if kind not in _KINDS:
        raise TemplateError(f"Parameter {name}: {show(kind)} is no type; it can be {', '.join(_KINDS)}.")
    if VALUE not in node["inputs"]:
        raise TemplateError(f"Parameter {name}: {describe_node(graph, node_id)} has no value.")
    for key, kinds in _TAKEN_BY.items():
        given = _literal(graph, node_id, key, "")
        if kind not in kinds and not _is_empty(given):
            raise TemplateError(f"Parameter {name}: its {key} is {show(given)}, but {kind} has no {key}: empty it.")
    label, description, group = (str(_literal(graph, node_id, key, "")) for key in ("label", "description", "group"))
    order = _literal(graph, node_id, "order", 0)
    if isinstance(order, bool) or not isinstance(order, int):
        raise TemplateError(f"Parameter {name}: its order is {show(order)}; it takes a whole number.")
    bind = Bind(node_id, VALUE, node["class_type"])
    parameter = Parameter(name, kind, (bind,), label, description, group, order)
    low, high, step = (_limit(graph, node_id, parameter, key) for key in ("min", "max", "step"))
    if step is not None and step <= 0:
        raise TemplateError(f"Parameter {name}: its step is {show(step)}; it must be above 0.")
    lines = [line.strip() for line in str(_literal(graph, node_id, "choices", "")).splitlines()]
    choices = tuple(dict.fromkeys(line for line in lines if line))
    parameter = replace(parameter, min=low, max=high, step=step, choices=choices)
    check_range(parameter)
    value = ABSENT if _names_nothing(kind, node["inputs"][VALUE]) else _typed(parameter, node["inputs"][VALUE], is_text)
    if kind in _NUMBERS:
        parameter = with_limits(parameter, value, limits(graph, feeds(graph, parameter.bind), object_info))
    default = _literal(graph, node_id, "default", "")
    return replace(parameter, default=value if _is_empty(default) else _field(parameter, "default", default))


def _names_nothing(kind: str, value: Any) -> bool:
    """Whether no file or choice has been chosen yet: then whoever runs the template has to."""
    return kind in ("choice", *FILE_TYPES) and isinstance(value, str) and not value.strip()


def _typed(parameter: Parameter, value: Any, is_text: bool) -> Any:
    """A widget's value as its type has it; as the nodes do, text is read as a number, and a number as text.

    `is_text`: whether "true" and "false" stand for what they say, as in the general node.
    """
    kind = parameter.type
    if isinstance(value, str) and kind != "boolean":
        return parameter.parse(value)
    if isinstance(value, str) and is_text and value.strip().casefold() in ("true", "false"):
        return value.strip().casefold() == "true"
    if isinstance(value, bool) and kind == "choice":
        raise TemplateError(f"Parameter {parameter.name}: {show(value)} is {kind_of(value)}; it takes text.")
    if isinstance(value, (int, float)) and not isinstance(value, bool) and kind not in (*_NUMBERS, "boolean"):
        return parameter.check(show_plain(value))
    return parameter.check(value)


def _field(parameter: Parameter, key: str, value: Any) -> Any:
    """A widget that holds a value of the parameter's own type, as text."""
    return _typed(replace(parameter, name=f"{parameter.name}, its {key}"), value, is_text=True)


def _limit(graph: Graph, node_id: str, parameter: Parameter, key: str) -> float | None:
    value = _literal(graph, node_id, key, "")
    return None if _is_empty(value) else _field(parameter, key, value)


def _is_empty(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def _literal(graph: Graph, node_id: str, key: str, fallback: Any) -> Any:
    """A widget's value; raises TemplateError if another node is plugged in or it is no simple value."""
    value = graph[node_id]["inputs"].get(key, fallback)
    if is_link(value):
        source = describe_node(graph, value[0])
        raise TemplateError(
            f"{_capital(describe_node(graph, node_id))}: its {key} comes from {source}. A template needs to know it "
            "before anything runs: unplug it and write it down."
        )
    if isinstance(value, (list, dict)):
        raise TemplateError(f"{_capital(describe_node(graph, node_id))}: its {key} is {kind_of(value)}.")
    return fallback if value is None else value


def _derived_name(graph: Graph, node_id: str) -> str:
    """A name for a node that has none: its title if the user gave it one, else the first input that it feeds."""
    title = title_of(graph[node_id])
    stock = {kind.removeprefix("Switchyard") for kind in CLASSES}
    if title and title.replace(" ", "") not in stock:
        name = slug(title, "value")
        if name != "value":
            return name
    fed = consumers(graph, node_id)
    return slug(fed[0][1].rsplit(".", 1)[-1], "value") if fed else "value"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def feeds(graph: Graph, binds: Sequence[Bind]) -> list[tuple[str, str]]:
    """The inputs that get a parameter's value in the end, as node and input: behind a parameter node, what it feeds."""
    found: list[tuple[str, str]] = []
    for bind in binds:
        found += consumers(graph, bind.node) if bind.class_type in CLASSES else [(bind.node, bind.input)]
    return found
