"""Which inputs of a graph a widget of the page stands for.

The page does away with some widgets when it makes the graph: those of a subgraph's instance, and of a PrimitiveNode,
which may go through Reroutes. Inputs of the graph get their values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..graphs import Graph
from .groups import holders, objects, subgraphs, widget_name

_INSIDE = "-10"  # what the links from a subgraph's own inputs come from
_VIRTUAL = ("PrimitiveNode", "Reroute")


@dataclass(frozen=True)
class _Level:
    """The workflow itself, or what is inside an instance of a subgraph.

    Attributes:
        path: the ids of the instances that lead there.
        outer: where the innermost of them is.
    """

    path: tuple[str, ...]
    content: Mapping[str, Any]
    outer: _Level | None = None

    def links(self) -> Iterator[tuple[str, Any, str, Any]]:
        """Where each link comes from and leads to: node and slot, node and slot."""
        keys = ("origin_id", "origin_slot", "target_id", "target_slot")
        found = self.content.get("links")
        for link in found if isinstance(found, list) else ():
            ends = link[1:5] if isinstance(link, list) else [link.get(key) for key in keys if isinstance(link, dict)]
            if len(ends) == 4:
                yield str(ends[0]), ends[1], str(ends[2]), ends[3]

    def name_at(self, node_id: str, slot: Any) -> Any:
        """The name of an input of a node; None if there is none."""
        inputs = objects(find_node(self.content, node_id), "inputs")
        return widget_name(inputs[slot]) if isinstance(slot, int) and 0 <= slot < len(inputs) else None

    def own_input(self, slot: Any) -> str | None:
        """The name of one of a subgraph's own inputs."""
        own = objects(self.content, "inputs")
        name = own[slot].get("name") if isinstance(slot, int) and 0 <= slot < len(own) else None
        return name if isinstance(name, str) else None


def graph_inputs(workflow: Mapping[str, Any], graph: Graph, node_id: str, widget: str) -> list[tuple[str, str]]:
    """The inputs of a graph that a widget of the page stands for, as node and input; none if it has none.

    Args:
        node_id: as App mode has it: of a node wherever it is, and then of all instances of the subgraph that it is in;
            or <id of the workflow>:<id of the node>:<widget>; or as in the graph.
    """
    own = f"{workflow.get('id')}:"
    if node_id.startswith(own):
        node_id, _, widget = node_id.removeprefix(own).partition(":")
    if node_id in graph:
        return [(node_id, widget)]
    levels = {level.path: level for level in _levels(workflow, graph)}
    *path, node_id = node_id.split(":")
    having = [level for level in levels.values() if find_node(level.content, node_id)]
    having = [level for level in having if level.path == tuple(path) or not path]
    stack = [_outermost(level, node_id, widget) for level in reversed(having) if level.content is having[0].content]
    found: list[tuple[str, str]] = []
    seen = set()
    while stack:
        level, node_id, name = stack.pop()
        if (level.path, node_id, name) in seen:
            continue
        seen.add((level.path, node_id, name))
        inner = levels.get((*level.path, node_id))
        if ":".join((*level.path, node_id)) in graph:
            found.append((":".join((*level.path, node_id)), name))
        elif inner is not None:
            stack += reversed(_inside(inner, node_id, name))
        else:
            stack += reversed(_plugged(level, node_id))
    return found


def _levels(workflow: Mapping[str, Any], graph: Graph) -> Iterator[_Level]:
    """The workflow, and what is inside each instance of a subgraph of which the graph has nodes."""
    held = {holder for node_id in graph for holder in holders(node_id)}
    definitions = {definition["id"]: definition for definition in subgraphs(workflow)}
    stack = [_Level((), workflow)]
    while stack:
        level = stack.pop()
        yield level
        for node in reversed(objects(level.content, "nodes")):
            path = (*level.path, str(node.get("id")))
            definition = definitions.get(str(node.get("type")))
            if definition is not None and ":".join(path) in held and ":".join(path) not in graph:
                stack.append(_Level(path, definition, level))


def _outermost(level: _Level, node_id: str, name: str) -> tuple[_Level, str, str]:
    """The widget that sets a widget: where its subgraph's own input is plugged into it, that of the instance."""
    while level.outer is not None:
        slots = [
            slot
            for origin, slot, target, target_slot in level.links()
            if (origin, target) == (_INSIDE, node_id) and level.name_at(node_id, target_slot) == name
        ]
        outside = level.own_input(slots[0]) if slots else None
        if outside is None:
            break
        level, node_id, name = level.outer, level.path[-1], outside
    return level, node_id, name


def _inside(inner: _Level, node_id: str, name: str) -> list[tuple[_Level, str, str]]:
    """The widgets inside a subgraph that a widget of its instance stands for."""
    found = [
        (target, inner.name_at(target, target_slot))
        for origin, slot, target, target_slot in inner.links()
        if origin == _INSIDE and inner.own_input(slot) == name
    ]
    instance = find_node(inner.outer.content, node_id) if inner.outer else None
    properties = (instance or {}).get("properties")
    proxies = properties.get("proxyWidgets") if isinstance(properties, Mapping) else None
    if not found and isinstance(proxies, list):
        found = [(str(item[0]), item[1]) for item in proxies if isinstance(item, list) and item[1:2] == [name]]
    return [(inner, target, key) for target, key in found if isinstance(key, str)]


def _plugged(level: _Level, node_id: str) -> list[tuple[_Level, str, str]]:
    """The widgets that a node which only the page has is plugged into."""
    node = find_node(level.content, node_id)
    if node is None or node.get("type") not in _VIRTUAL:
        return []
    found = [(target, level.name_at(target, slot)) for origin, _, target, slot in level.links() if origin == node_id]
    return [(level, target, name) for target, name in found if isinstance(name, str)]


def find_node(level: Mapping[str, Any] | None, node_id: str) -> dict[str, Any] | None:
    """A node of a level of the workflow; None if it is not there."""
    return next((node for node in objects(level, "nodes") if str(node.get("id")) == node_id), None)
