"""Which inputs of a graph a workflow shows in App mode: read from the file alone, and apart from the client's own way.

`extra.linearData.inputs` names a node and one of its widgets. The node may lie inside a subgraph, and the widget may be
one that the page does away with when it makes the graph: of a subgraph's instance, or of a PrimitiveNode, which may
go through Reroutes.
"""

from __future__ import annotations

from typing import Any

INSIDE = -10  # what the links from a subgraph's own inputs come from


def shown_inputs(workflow, graph):
    """For each input shown, in order: node id and widget as the file has them, and the literals that it stands for."""
    for node_id, widget, *_ in workflow["extra"]["linearData"]["inputs"]:
        places = dict.fromkeys(_places(workflow, str(node_id), widget))
        there = [(node, name) for node, name in places if name in graph.get(node, {"inputs": ()})["inputs"]]
        yield (
            node_id,
            widget,
            [(node, name) for node, name in there if not isinstance(graph[node]["inputs"][name], list)],
        )


def _places(workflow, node_id, widget):
    if ":" in node_id:  # <id of the workflow>:<id of the node>:<widget>
        _, node_id, widget = node_id.split(":", 2)
    levels = list(_levels(workflow, "", workflow))
    first = next((level for _, level, _ in levels if _find(level, node_id)), None)
    for prefix, level, outer in levels:
        if level is first:
            place = _outermost(prefix, level, outer, _find(level, node_id), widget)
            yield from _behind(workflow, *place)


def _levels(workflow, prefix, level, *outer):
    """The workflow and what is inside its subgraphs, as (prefix of the ids, level, where its instance is)."""
    yield prefix, level, outer
    for node in level["nodes"]:
        definition = _definition(workflow, node)
        if definition:
            yield from _levels(workflow, f"{prefix}{node['id']}:", definition, prefix, level, outer, node)


def _outermost(prefix, level, outer, node, widget) -> Any:
    """A widget that a subgraph's own input is linked to is set where the subgraph is."""
    for origin, slot, target, target_slot in _links(level) if outer else ():
        if (origin, target) == (INSIDE, node["id"]) and node["inputs"][target_slot]["name"] == widget:
            outer_prefix, outer_level, further, instance = outer
            return _outermost(outer_prefix, outer_level, further, instance, level["inputs"][slot]["name"])
    return prefix, level, node, widget


def _find(level, node_id) -> Any:
    return next((node for node in level["nodes"] if str(node["id"]) == node_id), None)


def _behind(workflow, prefix, level, node, widget):
    """The inputs that get the value of a node's widget."""
    definition = _definition(workflow, node)
    if definition:
        inner = f"{prefix}{node['id']}:"
        names = [given["name"] for given in definition["inputs"]]
        slot = names.index(widget) if widget in names else None
        for origin, origin_slot, target, target_slot in _links(definition):
            if (origin, origin_slot) == (INSIDE, slot):
                yield from _target(workflow, inner, definition, target, target_slot)
    elif node["type"] in ("PrimitiveNode", "Reroute"):
        for origin, _, target, target_slot in _links(level):
            if origin == node["id"]:
                yield from _target(workflow, prefix, level, target, target_slot)
    else:
        yield f"{prefix}{node['id']}", widget


def _target(workflow, prefix, level, node_id, slot):
    node = _find(level, str(node_id))
    yield from _behind(workflow, prefix, level, node, node["inputs"][slot]["name"])


def _links(level):
    for link in level["links"]:
        keys = ("origin_id", "origin_slot", "target_id", "target_slot")
        yield tuple(link[1:5]) if isinstance(link, list) else tuple(link[key] for key in keys)


def _definition(workflow, node):
    definitions = workflow.get("definitions", {}).get("subgraphs", [])
    return next((definition for definition in definitions if definition["id"] == node["type"]), None)
