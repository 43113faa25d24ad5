"""Puts values into the page's own format of a graph, so that the canvas shows what runs."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ..graphs import Graph, is_link
from .groups import objects, widget_name
from .parameters import HIGHEST_EXACT, same

Changes = Mapping[tuple[str, str], tuple[Any, Any]]


def with_values(workflow: Mapping[str, Any], graph: Graph, changes: Changes) -> dict[str, Any] | None:
    """A copy of a workflow with other values of widgets; None if one of them can't be told for sure.

    The page keeps a node's values by position, and the names of the positions only in newer versions. A value is
    changed only where the old one stands in exactly one place of its node, outside of subgraphs, with nothing plugged
    in.

    Args:
        workflow: what the page saves.
        graph: the graph with the old values; a node of which the page has other values is left alone.
        changes: by node and input, the old value and the new one.
    """
    copied = copy.deepcopy(dict(workflow))
    nodes = {str(node.get("id")): node for node in objects(copied, "nodes")}
    changed = copy.deepcopy(graph)
    for (node_id, name), (old, new) in changes.items():
        node = nodes.get(node_id)
        if node is None or not _holds(node, changed[node_id]) or not _set(node, name, old, new):
            return None
        changed[node_id]["inputs"][name] = new
    return copied


def _holds(node: Mapping[str, Any], held_node: Mapping[str, Any]) -> bool:
    """Whether the page has each of a node's values, in a place of its own."""
    values = node.get("widgets_values")
    left = list(values.values() if isinstance(values, dict) else values if isinstance(values, list) else ())
    for value in held_node["inputs"].values():
        place = next((index for index, held in enumerate(left) if same(held, value)), None)
        if place is not None:
            del left[place]
        elif not is_link(value):
            return False
    return True


def _set(node: dict[str, Any], name: str, old: Any, new: Any) -> bool:
    if isinstance(new, int) and abs(new) > HIGHEST_EXACT:  # the page would round it
        return False
    if any(widget_name(given) == name and given.get("link") is not None for given in objects(node, "inputs")):
        return False
    values, named = node.get("widgets_values"), node.get("widgets_values_named")
    if isinstance(values, dict):
        if name not in values or not same(values[name], old):
            return False
        values[name] = new
        return True
    if not isinstance(values, list):
        return False
    if isinstance(named, dict) and name in named and len(named) == len(values):
        places = [list(named).index(name)]
        named[name] = new
    else:
        places = [index for index, value in enumerate(values) if same(value, old)]
    if len(places) != 1 or not same(values[places[0]], old):
        return False
    values[places[0]] = new
    return True
