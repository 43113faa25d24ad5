"""The parameters of a whole graph: what is wrong with each, and names that are there twice.

A graph is what a caller sends: {node id: {"class_type": str, "inputs": {name: literal or [node id, output]}}}. What is
checked here are the literals as they were sent: ComfyUI turns 4.7 into 4 and "false" into true for whole numbers and
booleans before any node sees them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .template_parameters import (
    DESCRIBED,
    PARAMETER_VALUE,
    RANGES,
    Parameter,
    ParameterError,
    called,
    is_general,
    parameter_type,
    read_parameter,
)

Graph = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Judgement:
    """What is to be said of one parameter of a graph.

    Attributes:
        described: what is wrong with what describes it, in words; empty if nothing is.
        shared: which other parameter has its name; empty if none has.
        value: what is wrong with its value; empty if nothing is, or if a link brings it. While the description is
            wrong, any value of the type is right.
        parameter: the parameter; without limits while its description is wrong.
        taken: the value, as `Parameter.read` gives it; None if there is none, it is wrong or a link brings it.
    """

    described: str
    value: str
    parameter: Parameter
    taken: Any = None
    shared: str = ""


def judge(graph: Graph, parameters: Mapping[str, str]) -> dict[str, Judgement]:
    """Judges each parameter of a graph, by node id.

    Args:
        graph: the graph as it was sent.
        parameters: the type of each node that is a parameter, by id, in the graph's order.
    """
    found = {node_id: _judgement(graph[node_id], kind) for node_id, kind in parameters.items()}
    for node_id, kind in parameters.items():
        name = graph[node_id]["inputs"].get("name")
        found[node_id] = replace(found[node_id], shared=twice(kind, name, graph, parameters))
    return found


def find_problems(graph: Graph, parameters: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with parameters, in words, by node id; those with nothing wrong are left out.

    Args:
        graph: the graph as it was sent.
        parameters: the type of each node that is a parameter, by id, in the graph's order.
    """
    judged = judge(graph, parameters)
    problems = {node_id: one.described or one.value or one.shared for node_id, one in judged.items()}
    return {node_id: problem for node_id, problem in problems.items() if problem}


def find_parameters(graph: Graph) -> dict[str, str]:
    """The type of each node that is a parameter, by id."""
    kinds = {node_id: parameter_type(node.get("class_type"), node["inputs"]) for node_id, node in graph.items()}
    return {node_id: kind for node_id, kind in kinds.items() if kind}


def twice(kind: str, name: Any, graph: Graph, parameters: Mapping[str, str]) -> str:
    """Says which nodes share a name; empty if none do, or if there is no name."""
    if not isinstance(name, str) or not name:
        return ""
    nodes = [node_id for node_id in parameters if graph[node_id]["inputs"].get("name") == name]
    if len(nodes) < 2:
        return ""
    listed = f"{', '.join(nodes[:-1])} and {nodes[-1]}"
    advice = "Give each its own, or plug one of them in everywhere."
    if len({node_id.rpartition(":")[2] for node_id in nodes}) == 1:  # the id that the page shows
        advice = (
            "Give each its own. If they are one node, in a subgraph that is there twice, take it out and plug it in."
        )
    return f"{called(kind, name)}: nodes {listed} have this name. {advice}"


def run_parameter(
    kind: str, name: Any, value: Any, described: Mapping[str, Any], graph: Graph | None, is_text: bool = False
) -> Any:
    """The value of a parameter that runs, whatever links have brought.

    Args:
        kind: one of TYPES.
        name: what callers know it by; may be empty.
        value: what the widget holds, or what was plugged into it.
        described: what else describes it, as far as it is there.
        graph: the graph as it was sent, in which copies that a node makes while it runs are not; None if unknown.
        is_text: whether its value is written as text.

    Raises:
        ParameterError: the parameter can't be, its name is there twice, or it doesn't take the value.
    """
    parameter = read_parameter(kind, name, described, is_text)
    if graph:
        problem = twice(kind, name, graph, find_parameters(graph))
        if problem:
            raise ParameterError(problem)
    return parameter.read(value)


def _judgement(node: Mapping[str, Any], kind: str) -> Judgement:
    inputs, is_text = node["inputs"], is_general(node["class_type"])
    name = literal(inputs.get("name", ""))
    plain = Parameter(kind, name if isinstance(name, str) else "", is_text, *RANGES.get(kind, (None, None)))
    try:
        _refuse_links(kind, inputs)
        parameter, described = read_parameter(kind, name, inputs, is_text), ""
    except ParameterError as problem:
        parameter, described = plain, str(problem)
    value = literal(inputs[PARAMETER_VALUE]) if PARAMETER_VALUE in inputs else []
    if isinstance(value, list):
        return Judgement(described, "", parameter)
    try:
        return Judgement(described, "", parameter, parameter.read(value))
    except ParameterError as problem:
        return Judgement(described, str(problem), parameter)


def _refuse_links(kind: str, inputs: Mapping[str, Any]) -> None:
    plugged = [field for field in ("name", "type", *DESCRIBED) if isinstance(inputs.get(field), list)]
    if plugged:
        name = "" if "name" in plugged else inputs.get("name")
        raise ParameterError(
            f"{called(kind, name)}: something is plugged into {', '.join(plugged)}. Write it into the node: whoever "
            "reads the workflow can't know what a link will bring."
        )


def literal(value: Any) -> Any:
    """ComfyUI takes {"__value__": literal} for the literal."""
    return value["__value__"] if isinstance(value, dict) and "__value__" in value else value
