"""Graphs in ComfyUI's API format: {node id: {"class_type": str, "inputs": {name: literal or [node id, output]}}}.

All walks are loops: a graph may be longer than Python's recursion limit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeGuard

from .errors import TemplateError

Graph = dict[str, dict[str, Any]]
_DEEPEST = 100  # lists and objects in one another; real workflows stay far below


def is_link(value: Any) -> TypeGuard[list[Any]]:
    """Whether an input's value is a link to another node's output, by ComfyUI's own rule."""
    return (
        isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], (int, float))
    )


def links(node: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """Each linked input of a node: its name, the node that it is linked to, and that node's output."""
    for name, value in node["inputs"].items():
        if is_link(value):
            yield name, value[0], int(value[1])


def title_of(node: Mapping[str, Any]) -> str:
    """What the user called a node, or "" if nothing says so."""
    meta = node.get("_meta")
    title = meta.get("title") if isinstance(meta, Mapping) else None
    return title if isinstance(title, str) else ""


def describe_node(graph: Mapping[str, Any], node_id: str) -> str:
    """A node in words: its id, and its title or its class."""
    node = graph[node_id]
    return f"node {node_id} ({title_of(node) or node['class_type']})"


def read_source(source: Any) -> tuple[Graph, dict[str, Any] | None]:
    """The graph and the page's workflow that something holds.

    Args:
        source: a graph, the body of a request to /prompt, or what the page's graphToPrompt gives.

    Returns:
        A copy of the graph with nothing but classes, inputs and titles; the workflow, or None if there is none.

    Raises:
        TemplateError: it is something else, JSON can't hold its values, or a link leads nowhere or in a circle.
    """
    if not isinstance(source, Mapping):
        raise TemplateError(f"A graph is an object of nodes, but this is {kind_of(source)}.")
    if isinstance(source.get("nodes"), list):
        raise TemplateError(
            "This is a workflow as the page saves it, which only the page can turn into a graph. Load it there and use "
            '"Save as template", or export it with "Export (API)" and give that file.'
        )
    workflow = None
    for key in ("prompt", "output"):
        held = source.get(key)
        if isinstance(held, Mapping) and not isinstance(held.get("class_type"), str):
            extra = source.get("extra_data") if key == "prompt" else source
            extra = extra.get("extra_pnginfo", extra) if isinstance(extra, Mapping) else None
            workflow = extra.get("workflow") if isinstance(extra, Mapping) else None
            source = held
            break
    return read_graph(source), plain_json(workflow, "the workflow") if isinstance(workflow, Mapping) else None


def read_graph(source: Mapping[str, Any]) -> Graph:
    """A copy of a graph with nothing but classes, inputs and titles; see `read_source` for the errors."""
    if not source:
        raise TemplateError("The graph is empty: it has no nodes.")
    graph: Graph = {}
    for node_id, node in source.items():
        if not isinstance(node, Mapping) or not isinstance(node.get("class_type"), str) or not node["class_type"]:
            raise TemplateError(
                f'"{node_id}" is no node: each needs a "class_type" and "inputs", as "Export (API)" of the page writes '
                "them."
            )
        if not isinstance(node.get("inputs"), Mapping):
            raise TemplateError(f'Node {node_id} ({node["class_type"]}) has no "inputs".')
        graph[str(node_id)] = {"inputs": node["inputs"], "class_type": node["class_type"]}
        if isinstance(node.get("_meta"), Mapping):
            graph[str(node_id)]["_meta"] = node["_meta"]
    graph = plain_json(graph, "the graph")
    check_links(graph)
    return graph


def plain_json(value: Any, what: str) -> Any:
    """A deep copy of a value as JSON has it.

    Raises:
        TemplateError: JSON can't hold it: it has NaN, infinity, objects, or is nested too deeply.
    """
    try:
        copy = json.loads(json.dumps(value, allow_nan=False))
    except (ValueError, TypeError) as problem:
        raise TemplateError(f"JSON can't hold {what}: {problem}.") from problem
    except RecursionError as problem:
        raise TemplateError(f"JSON can't hold {what}: it is nested too deeply.") from problem
    level = [copy]
    for _ in range(_DEEPEST):
        level = [item for holder in level for item in _held(holder) if isinstance(item, (dict, list))]
    if level:
        raise TemplateError(f"{what[:1].upper()}{what[1:]} is nested too deeply: more than {_DEEPEST} levels.")
    return copy


def _held(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def check_links(graph: Graph) -> None:
    """Raises TemplateError unless every link leads to a node of the graph, and none in a circle."""
    broken = [
        f"{name} of {describe_node(graph, node_id)} is plugged into node {source}, which is not there"
        for node_id, node in graph.items()
        for name, source, _ in links(node)
        if source not in graph
    ]
    if broken:
        more = f", and {len(broken) - 4} more" if len(broken) > 4 else ""
        raise TemplateError(f"The graph is not complete: {'; '.join(broken[:4])}{more}.")
    done: set[str] = set()
    for root in graph:
        path = [(root, links(graph[root]))]
        on_path = {root}
        while path:
            node_id, rest = path[-1]
            source = next((found for _, found, _ in rest if found not in done), None)
            if source is None:
                done.add(node_id)
                on_path.discard(node_id)
                path.pop()
            elif source in on_path:
                raise TemplateError(f"The graph runs in a circle: {describe_node(graph, source)} needs its own result.")
            else:
                on_path.add(source)
                path.append((source, links(graph[source])))


def in_order(graph: Graph) -> list[str]:
    """All nodes, each after those that it depends on; otherwise in the graph's own order."""
    order: dict[str, None] = {}
    for root in graph:
        stack = [(root, False)]
        while stack:
            node_id, is_ready = stack.pop()
            if is_ready:
                order[node_id] = None
            elif node_id not in order:
                stack.append((node_id, True))
                stack += [(source, False) for _, source, _ in reversed(list(links(graph[node_id])))]
    return list(order)


def consumers(graph: Graph, node_id: str, output: int = 0) -> list[tuple[str, str]]:
    """The inputs that a node's output is plugged into, as node and input."""
    return [
        (consumer, name)
        for consumer, node in graph.items()
        for name, source, slot in links(node)
        if (source, slot) == (node_id, output)
    ]


def kind_of(value: Any) -> str:
    """What a JSON value is, in words."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, (list, tuple)) else type(value).__name__
