"""The inputs of a graph that a widget of the page stands for.

A widget of a subgraph's instance stands for inputs inside it, one of a PrimitiveNode for those that it is linked to,
also through Reroutes. A node inside a subgraph goes by its bare id, and where the subgraph's own input is linked to its
widget, that input is what the page sets, with all that it is linked to. Newer pages name a widget as
"<id of the workflow>:<node>:<widget>"; graphs name a node inside as "<instance>:<node>".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..graphs import Graph
from .groups import holders, objects, subgraphs, widget_name

_OWN_INPUTS = -10  # the node id that links from a subgraph's own inputs come from
_VIRTUAL = ("PrimitiveNode", "Reroute")


class _Level(NamedTuple):
    """A workflow, or what an instance of a subgraph shows.

    Attributes:
        path: ids of the instances that lead to it.
        content: its nodes and links.
        outer: the level that the instance is on.
    """

    path: tuple[str, ...]
    content: Mapping[str, Any]
    outer: _Level | None = None

    def id_of(self, node: Mapping[str, Any]) -> str:
        return ":".join((*self.path, str(node.get("id"))))


class _Place(NamedTuple):
    level: _Level
    node: Mapping[str, Any]
    name: str


def widget_targets(graph: Graph, workflow: Mapping[str, Any], node_id: str, widget: str) -> list[tuple[str, str]]:
    """The inputs that a widget of the page stands for, as node and input; those that the graph lacks are left out."""
    prefix, suffix = f"{workflow.get('id')}:", f":{widget}"
    if node_id.startswith(prefix) and node_id.endswith(suffix):
        node_id = node_id[len(prefix) : -len(suffix)]
    page = _Page(graph, workflow)
    places = [page.climb(_Place(level, node, widget)) for level, node in page.find(node_id)]
    if not places:
        return [(node_id, widget)] if node_id in graph else []
    found: dict[tuple[str, str], None] = {}
    seen: set[tuple[str, str]] = set()
    while places:
        place = places.pop(0)
        key = (place.level.id_of(place.node), place.name)
        if key not in seen:
            seen.add(key)
            inner = page.behind(place)
            if inner is None:
                found[key] = None
            else:
                places = [*inner, *places]
    return [key for key in found if key[0] in graph and key[1] in graph[key[0]]["inputs"]]


class _Page:
    """A workflow as the page saves it; whatever in it is not as it should be is passed over."""

    def __init__(self, graph: Graph, workflow: Mapping[str, Any]) -> None:
        self.definitions = {definition["id"]: definition for definition in subgraphs(workflow)}
        held = {holder for node_id in graph for holder in holders(node_id)}
        self.levels = [_Level((), workflow)]
        for level in self.levels:  # it grows meanwhile, by what the graph has: a damaged subgraph may be inside itself
            for node in objects(level.content, "nodes"):
                if self._is_instance(node) and level.id_of(node) in held:
                    held.discard(level.id_of(node))  # a damaged file may have two of one id
                    path = (*level.path, str(node.get("id")))
                    self.levels.append(_Level(path, self.definitions[node["type"]], level))

    def _is_instance(self, node: Mapping[str, Any]) -> bool:
        return isinstance(node.get("type"), str) and node["type"] in self.definitions

    def find(self, node_id: str) -> list[tuple[_Level, dict[str, Any]]]:
        """The node of a path of ids, or of a bare id: of the workflow itself, else of a subgraph, in each instance."""
        nodes = [(level, node) for level in self.levels for node in objects(level.content, "nodes")]
        found = [(level, node) for level, node in nodes if level.id_of(node) == node_id]
        inside = [(level, node) for level, node in nodes if str(node.get("id")) == node_id]
        return found[:1] or [(level, node) for level, node in inside if level.content is inside[0][0].content]

    def climb(self, place: _Place) -> _Place:
        """The widget of the outermost instance that sets this one, else this one."""
        for given in objects(place.node, "inputs"):
            if place.level.outer is not None and widget_name(given) == place.name:
                for origin, slot, target, target_slot in _links(place.level):
                    is_ours = origin == str(_OWN_INPUTS) and target == str(place.node.get("id"))
                    own = _at(place.level.content.get("inputs"), slot)
                    if is_ours and own and _at(place.node.get("inputs"), target_slot) is given:
                        host = _node(place.level.outer, place.level.path[-1])
                        return self.climb(_Place(place.level.outer, host, str(own.get("name")))) if host else place
        return place

    def behind(self, place: _Place) -> list[_Place] | None:
        """What a widget stands for, one step further; None for one that the graph has itself."""
        level, node, _ = place
        if self._is_instance(node):
            return self._inside(place)
        if node.get("type") not in _VIRTUAL:
            return None
        return [
            target
            for origin, _, target_id, slot in _links(level)
            if origin == str(node.get("id"))
            for target in _linked(level, target_id, slot)
        ]

    def _inside(self, place: _Place) -> list[_Place]:
        path = (*place.level.path, str(place.node.get("id")))
        level = next((level for level in self.levels if level.path == path), None)
        if level is None:
            return []
        found = [
            target
            for origin, slot, target_id, target_slot in _links(level)
            if origin == str(_OWN_INPUTS) and (_at(level.content.get("inputs"), slot) or {}).get("name") == place.name
            for target in _linked(level, target_id, target_slot)
        ]
        properties = place.node.get("properties")
        proxies = properties.get("proxyWidgets") if isinstance(properties, Mapping) else None
        if found or not isinstance(proxies, list):
            return found
        pairs = [item for item in proxies if isinstance(item, list) and item[1:2] == [place.name]]
        nodes = [(_node(level, str(item[0])), item[1]) for item in pairs]
        return [_Place(level, node, name) for node, name in nodes if node is not None]


def _node(level: _Level, node_id: str) -> Mapping[str, Any] | None:
    return next((node for node in objects(level.content, "nodes") if str(node.get("id")) == node_id), None)


def _linked(level: _Level, node_id: str, slot: Any) -> list[_Place]:
    """The widget at the end of a link."""
    node = _node(level, node_id)
    given = _at(node.get("inputs"), slot) if node else None
    return [_Place(level, node, str(widget_name(given)))] if node and given else []


def _at(items: Any, index: Any) -> Mapping[str, Any] | None:
    is_there = isinstance(items, list) and isinstance(index, int) and 0 <= index < len(items)
    return items[index] if is_there and isinstance(items[index], Mapping) else None


def _links(level: _Level) -> Iterator[tuple[str, Any, str, Any]]:
    """The links of a level, as the node and output that each comes from, and the node and input that it goes to."""
    links = level.content.get("links")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, list) and len(link) >= 5:
            yield str(link[1]), link[2], str(link[3]), link[4]
        elif isinstance(link, Mapping):
            yield (
                str(link.get("origin_id")),
                link.get("origin_slot"),
                str(link.get("target_id")),
                link.get("target_slot"),
            )
