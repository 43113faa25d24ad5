"""Changes values in a workflow as the page saves it, so that the page would send a given graph.

The page keeps a node's values by position (newer pages by name too). A value whose socket is plugged in lives
elsewhere: in a primitive, behind reroutes, or on the instance of the subgraph that the node is in. Node "7:12" of the
graph is node 12 in the subgraph whose instance is node 7. Every value that is replaced is compared with what the page
sent; what does not fit is a ValueError whose text says why, and nothing is guessed.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .seeds import HIGHEST_EXACT
from .template_parameters import like_before

INSIDE = -10  # what the links from a subgraph's own inputs come from
_WIDGETS = ("INT", "FLOAT", "STRING", "BOOLEAN", "COMBO")
_CONTROL = "control_after_generate"

Path = tuple[str, ...]
GetInputs = Callable[[str], Mapping[str, Any]]
Literals = Mapping[tuple[str, str], Any]


@dataclass(frozen=True)
class Place:
    """Where a value lives: a widget of a node or of a subgraph's instance, or the one value of a primitive."""

    path: Path
    name: str
    kind: str = "node"
    slot: int = 0


def rewrite_workflow(
    workflow: Mapping[str, Any], graph: Mapping[str, Any], literals: Literals, get_inputs: GetInputs
) -> dict[str, Any]:
    """A copy of the workflow with other values.

    Args:
        workflow: what the page saves.
        graph: what the page sent for it.
        literals: the new values, by node id and input.
        get_inputs: gives a class's inputs as INPUT_TYPES describes them, the required ones first.

    Raises:
        ValueError: the workflow does not fit the graph, or can't hold a value without changing another one.
    """
    copied = copy.deepcopy(dict(workflow))
    page = _Page(copied, get_inputs)
    written: set[Place] = set()
    for (node_id, name), value in literals.items():
        old = graph[node_id]["inputs"].get(name, "")
        value = like_before(old, value)
        if isinstance(value, int) and abs(value) > HIGHEST_EXACT:
            raise ValueError(f"the page can't hold the seed {value}: it rounds numbers above {HIGHEST_EXACT}")
        *followers, source = page.find(tuple(node_id.split(":")), name)
        for consumer in page.consumers(source):
            inputs = graph.get(consumer[0], {}).get("inputs", {})
            if consumer[1] in inputs and consumer not in literals:
                raise ValueError(f"{name} of node {node_id} shares its value with node {consumer[0]}, which keeps it")
            if like_before(old, literals.get(consumer, value)) != value:
                raise ValueError(f"nodes {node_id} and {consumer[0]} share a value, but need different ones")
        for place in (*followers, source):
            if place not in written:
                page.write(place, old, value, is_stale_allowed=place is not source)
                written.add(place)
    return copied


class _Page:
    """A workflow that is being changed in place."""

    def __init__(self, workflow: dict[str, Any], get_inputs: GetInputs) -> None:
        self._workflow = workflow
        self._get_inputs = get_inputs
        self._definitions: list[dict[str, Any]] = workflow.get("definitions", {}).get("subgraphs", [])

    def _graph(self, path: Path) -> dict[str, Any]:
        """The graph that a path leads into: the workflow, or the definition of a subgraph's instance."""
        definition = self._definition(self._node(path)) if path else self._workflow
        if definition is None:
            raise ValueError(f"node {':'.join(path)} is no subgraph of the workflow")
        return definition

    def _definition(self, node: Mapping[str, Any]) -> dict[str, Any] | None:
        return next((graph for graph in self._definitions if graph["id"] == node["type"]), None)

    def _node(self, path: Path) -> dict[str, Any]:
        for node in self._graph(path[:-1])["nodes"]:
            if str(node["id"]) == path[-1]:
                return node
        raise ValueError(f"the workflow has no node {':'.join(path)}")

    def find(self, path: Path, name: str) -> list[Place]:
        """Where the value of an input lives that the page sends as a literal.

        The last place is where it comes from. Those before it follow, which some pages forget: 1.58 reads what is
        inside a subgraph although a primitive is plugged into its instance. An instance with the value and nothing
        plugged in is the only place.
        """
        node = self._node(path)
        places = [Place(path, name)]
        where, link = path[:-1], _plugged(node, name)
        while link is not None:
            origin, slot = self._origin(where, link)
            if origin == INSIDE:
                host, name = self._node(where), self._graph(where)["inputs"][slot]["name"]
                link = _plugged(host, name)
                if host.get("widgets_values"):
                    places = [*(places if link is not None else ()), Place(where, name, "instance", slot)]
                where = where[:-1]
                continue
            source = self._node((*where, str(origin)))
            if source["type"] == "PrimitiveNode":
                return [*places, Place((*where, str(origin)), "value", "primitive")]
            if source["type"] != "Reroute":
                raise ValueError(f"{name} of node {':'.join(path)} is plugged into node {origin} of the workflow")
            link = source["inputs"][0].get("link")
        return places

    def _origin(self, where: Path, link: Any) -> tuple[Any, Any]:
        for key, origin, slot, _, _ in _links(self._graph(where)):
            if key == link:
                return origin, slot
        raise ValueError(f"the workflow has no link {link}")

    def consumers(self, place: Place) -> Iterator[tuple[str, str]]:
        """The inputs of the graph that get their literal from a place."""
        if place.kind == "primitive":
            yield from self._targets(place.path[:-1], place.path[-1], None)
        elif place.kind == "instance":
            yield from self._targets(place.path, str(INSIDE), place.slot)
        else:
            yield ":".join(place.path), place.name

    def _targets(self, where: Path, origin: str, slot: int | None) -> Iterator[tuple[str, str]]:
        for _, origin_id, origin_slot, target, target_slot in _links(self._graph(where)):
            if str(origin_id) != origin or slot not in (None, origin_slot):
                continue
            path = (*where, str(target))
            node = self._node(path)
            name = _input_name(node["inputs"][target_slot])
            definition = self._definition(node)
            if node["type"] == "Reroute":
                yield from self._targets(where, str(target), None)
            elif definition:
                names = [given["name"] for given in definition["inputs"]]
                yield from self._targets(path, str(INSIDE), names.index(name))
            else:
                yield ":".join(path), name

    def write(self, place: Place, old: Any, new: Any, is_stale_allowed: bool) -> None:
        """Replaces a value.

        Args:
            place: where it lives.
            old: what it must be.
            new: what it becomes.
            is_stale_allowed: whether to leave it as it is if it is something else.

        Raises:
            ValueError: it is something else.
        """
        self._separate(place.path[:-1])
        try:
            self._write(place, old, new)
        except ValueError:
            if not is_stale_allowed:
                raise

    def _write(self, place: Place, old: Any, new: Any) -> None:
        node = self._node(place.path)
        values, named = node.get("widgets_values"), node.get("widgets_values_named")
        where = f"{place.name} of node {':'.join(place.path)}"
        if isinstance(values, dict):
            _replace(values, place.name, old, new, where)
        elif isinstance(values, list):
            _replace(values, self._position(node, place, values, old, where), old, new, where)
        else:
            raise ValueError(f"{where} has no value in the workflow")
        if isinstance(named, dict) and named:
            key = next(iter(named)) if place.kind == "primitive" else place.name
            _replace(named, key, old, new, where)

    def _position(self, node: Mapping[str, Any], place: Place, values: list[Any], old: Any, where: str) -> int:
        if place.kind == "primitive":
            return 0
        for names in self._orders(node):
            if place.name in names:
                position = names.index(place.name)
                if position < len(values) and _same(values[position], old):
                    return position
        matches = [position for position, value in enumerate(values) if _same(value, old)]
        if len(matches) != 1:
            raise ValueError(f"{where} has another value in the workflow than in the graph that was queued")
        return matches[0]

    def _orders(self, node: Mapping[str, Any]) -> Iterator[list[str]]:
        """What the values of a node may be called, in order: the likeliest way to tell first."""
        named, proxies = node.get("widgets_values_named"), node.get("properties", {}).get("proxyWidgets")
        if isinstance(named, dict) and len(named) == len(node["widgets_values"]):
            yield list(named)
        if self._definition(node) is None:
            yield widget_order(self._get_inputs(node["type"]))
        elif isinstance(proxies, list):
            yield [name if owner == "-1" else "" for owner, name in proxies]

    def _separate(self, path: Path) -> None:
        """Gives each subgraph instance on a path a definition of its own, so that no other instance changes."""
        for depth in range(1, len(path) + 1):
            node = self._node(path[:depth])
            graphs = [self._workflow, *self._definitions]
            if sum(other["type"] == node["type"] for graph in graphs for other in graph["nodes"]) < 2:
                continue
            definition = copy.deepcopy(self._graph(path[:depth]))
            definition["id"] = node["type"] = str(
                uuid.uuid5(uuid.NAMESPACE_OID, f"{definition['id']} of {':'.join(path[:depth])}")
            )
            self._definitions.append(definition)


def widget_order(inputs: Mapping[str, Any]) -> list[str]:
    """The values that the page keeps for a node, in order: its widgets, and what controls them after each run."""
    order = []
    for name, spec in inputs.items():
        options = spec[1] if len(spec) > 1 else {}
        kind = "COMBO" if isinstance(spec[0], list) else options.get("widgetType", spec[0])
        if options.get("forceInput") or kind not in _WIDGETS:
            continue
        order.append(name)
        if options.get(_CONTROL, kind == "INT" and name in ("seed", "noise_seed")):
            order += [_CONTROL, "control_filter_list"] if kind == "COMBO" else [_CONTROL]
    return order


def _input_name(given: Mapping[str, Any]) -> str:
    """What the graph calls an input of the page; older pages may show it under another name."""
    return (given.get("widget") or given)["name"]


def _plugged(node: Mapping[str, Any], name: str) -> Any:
    """The link that is plugged into an input, or None. The page leaves out sockets of widgets that are not plugged."""
    return next((given.get("link") for given in node.get("inputs") or [] if _input_name(given) == name), None)


def _links(graph: Mapping[str, Any]) -> Iterator[tuple[Any, Any, Any, Any, Any]]:
    """Each link's id, where it begins (node and output) and where it ends (node and input)."""
    for link in graph["links"]:
        if isinstance(link, dict):
            yield link["id"], link["origin_id"], link["origin_slot"], link["target_id"], link["target_slot"]
        elif link:
            yield link[0], link[1], link[2], link[3], link[4]


def _same(a: Any, b: Any) -> bool:
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def _replace(values: Any, key: Any, old: Any, new: Any, where: str) -> None:
    known = key in values if isinstance(values, dict) else 0 <= key < len(values)
    if not known or not _same(values[key], old):
        raise ValueError(f"{where} has another value in the workflow than in the graph that was queued")
    values[key] = new
