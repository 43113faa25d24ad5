"""The parameters of a whole graph: what is wrong with each, and names that are there twice.

A graph is what a caller sends: {node id: {"class_type": str, "inputs": {name: literal or [node id, output]}}}. What is
checked here are the literals as they were sent: ComfyUI turns 4.7 into 4 and "false" into true for whole numbers and
booleans before any node sees them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .template_parameters import (
    DESCRIBED,
    ParameterError,
    called,
    is_general,
    parameter_type,
    read_parameter,
)

Graph = Mapping[str, Mapping[str, Any]]


def find_problems(graph: Graph, parameters: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with parameters, in words, by node id; those with nothing wrong are left out.

    Args:
        graph: the graph as it was sent.
        parameters: the type of each node that is a parameter, by id, in the graph's order.
    """
    problems = {node_id: _problem(graph[node_id], kind) for node_id, kind in parameters.items()}
    for node_id, kind in parameters.items():
        name = graph[node_id]["inputs"].get("name")
        problems[node_id] = problems[node_id] or twice(kind, name, graph, parameters)
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


def _problem(node: Mapping[str, Any], kind: str) -> str:
    inputs = node["inputs"]
    plugged = [field for field in ("name", "type", *DESCRIBED) if isinstance(inputs.get(field), list)]
    if plugged:
        name = "" if "name" in plugged else inputs.get("name")
        return (
            f"{called(kind, name)}: something is plugged into {', '.join(plugged)}. Write it into the node: whoever "
            "reads the workflow can't know what a link will bring."
        )
    try:
        is_text = is_general(node["class_type"])
        parameter = read_parameter(kind, literal(inputs.get("name", "")), inputs, is_text)
        value = literal(inputs["value"]) if "value" in inputs else []
        if not isinstance(value, list):
            parameter.read(value)
    except ParameterError as problem:
        return str(problem)
    return ""


def literal(value: Any) -> Any:
    """ComfyUI takes {"__value__": literal} for the literal."""
    return value["__value__"] if isinstance(value, dict) and "__value__" in value else value
