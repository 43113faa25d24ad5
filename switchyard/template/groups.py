"""Groups: parts of the graph that the user has framed on the canvas, or named in parameter nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..graphs import Graph
from .parameters import Parameter

_TITLE_HEIGHT = 30  # of a node on the canvas: its position is below its title
_COLLAPSED_WIDTH = 80  # where the page has not saved how wide a collapsed node is
_DEEPEST = 32  # subgraphs in one another


@dataclass(frozen=True)
class Group:
    """A named part of the graph.

    Attributes:
        label: what the user called it.
        color: as the page has it, such as "#3f789e"; "" if it has none.
        nodes: ids in the graph.
    """

    name: str
    label: str = ""
    color: str = ""
    nodes: tuple[str, ...] = ()

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Group:
        """A group from a template's file that has the right form."""
        texts = {key: document[key] for key in ("label", "color") if key in document}
        return cls(name=document["name"], nodes=tuple(document.get("nodes", ())), **texts)

    def document(self) -> dict[str, Any]:
        """The group as it stands in a template's file."""
        document: dict[str, Any] = {"name": self.name}
        if self.label:
            document["label"] = self.label
        if self.color:
            document["color"] = self.color
        return {**document, "nodes": list(self.nodes)}


def read_groups(workflow: Mapping[str, Any] | None, graph: Graph) -> list[Group]:
    """The groups of the canvas with the nodes in them, the smallest group first.

    As on the canvas a node belongs to a group if its middle is in it. Nodes of a subgraph belong to the groups in which
    its instance is, and to those inside it. Groups without nodes of the graph are left out.
    """
    around = {node_id: holders(node_id) for node_id in graph}
    sized = [] if workflow is None else list(_groups_of(workflow, workflow, around, ()))
    sized.sort(key=lambda found: found[0])
    groups: list[Group] = []
    for _, title, color, nodes in sized:
        name = unique_name(slug(title, "group"), {group.name for group in groups})
        groups.append(Group(name, title, color, nodes))
    return groups


def _groups_of(
    level: Mapping[str, Any], workflow: Mapping[str, Any], around: Mapping[str, list[str]], path: tuple[str, ...]
) -> Iterator[tuple[float, str, str, tuple[str, ...]]]:
    """Area, title, color and nodes of the groups of a level of the workflow and of the subgraphs in it.

    `around` has the holders of each node of the graph.
    """
    nodes = [node for node in objects(level, "nodes") if "id" in node]
    middles = [(":".join((*path, str(node["id"]))), _middle(node)) for node in nodes]
    for group in objects(level, "groups"):
        box = _numbers(group.get("bounding"), 4)
        if box is None:
            continue
        inside = {node_id for node_id, middle in middles if _is_inside(middle, box)}
        members = [node_id for node_id, held_by in around.items() if not inside.isdisjoint(held_by)]
        if members:
            yield box[2] * box[3], str(group.get("title") or ""), str(group.get("color") or ""), tuple(members)
    definitions = {definition["id"]: definition for definition in subgraphs(workflow)}
    for node in nodes if len(path) < _DEEPEST else ():
        definition = definitions.get(str(node.get("type")))
        inner = (*path, str(node["id"]))
        if definition is not None and any(":".join(inner) in held_by for held_by in around.values()):
            yield from _groups_of(definition, workflow, around, inner)


def subgraphs(workflow: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The definitions of a workflow's subgraphs."""
    found = objects(workflow.get("definitions"), "subgraphs")
    return [item for item in found if isinstance(item.get("id"), str)]


def objects(holder: Any, key: str) -> list[dict[str, Any]]:
    """The objects in the list that an object has under a key; none where anything of this is something else."""
    found = holder.get(key) if isinstance(holder, Mapping) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def widget_name(given: Mapping[str, Any]) -> Any:
    """The name of the widget that an input of a node on the canvas stands for, else its own."""
    widget = given.get("widget")
    return (widget if isinstance(widget, Mapping) else given).get("name")


def holders(node_id: str) -> list[str]:
    """A node of the graph and the subgraphs' instances that it is in, as ids: 7:12:3 is in 7:12, which is in 7."""
    parts = node_id.split(":")
    return [":".join(parts[:count]) for count in range(1, min(len(parts), _DEEPEST + 1))] + [node_id]


def _middle(node: Mapping[str, Any]) -> tuple[float, float] | None:
    pos, size = _numbers(node.get("pos"), 2), _numbers(node.get("size"), 2)
    if pos is None or size is None:
        return None
    flags = node.get("flags")
    if isinstance(flags, Mapping) and flags.get("collapsed"):
        size = [min(size[0], _COLLAPSED_WIDTH), 0]
    return pos[0] + size[0] / 2, pos[1] - _TITLE_HEIGHT + (size[1] + _TITLE_HEIGHT) / 2


def _is_inside(point: tuple[float, float] | None, box: Sequence[float]) -> bool:
    return point is not None and box[0] <= point[0] < box[0] + box[2] and box[1] <= point[1] < box[1] + box[3]


def _numbers(value: Any, count: int) -> list[float] | None:
    """Numbers of a position or a size, which older pages saved as {"0": x, "1": y}."""
    if isinstance(value, Mapping):
        value = [value.get(str(index)) for index in range(count)]
    if not isinstance(value, list) or len(value) < count:
        return None
    if any(isinstance(item, bool) or not isinstance(item, (int, float)) for item in value[:count]):
        return None
    try:
        return [float(item) for item in value[:count]]
    except OverflowError:
        return None


def group_parameters(
    parameters: Sequence[Parameter], groups: Sequence[Group]
) -> tuple[tuple[Parameter, ...], tuple[Group, ...]]:
    """Puts each parameter into the group that it names, by label or name, else into the smallest around its first node.

    A group that is named and not there is made. The parameters come in their order.
    """
    known = list(groups)
    placed = []
    for parameter in parameters:
        if parameter.group:
            found = next((group for group in known if parameter.group in (group.label, group.name)), None)
            if found is None:
                name = unique_name(slug(parameter.group, "group"), {group.name for group in known})
                found = Group(name, parameter.group)
                known.append(found)
        else:
            found = next((group for group in known if parameter.bind[0].node in group.nodes), None)
        placed.append(replace(parameter, group=found.name if found else ""))
    placed.sort(key=lambda parameter: parameter.order)
    return tuple(placed), tuple(known)


def slug(text: Any, fallback: str) -> str:
    """A text as a valid name of a parameter, group or output."""
    name = re.sub(r"[^a-z0-9]+", "_", str(text).casefold()).strip("_")
    if not name:
        return fallback
    return (name if name[0].isalpha() else f"{fallback}_{name}")[:48].rstrip("_")


def unique_name(name: str, taken: set[str]) -> str:
    """The name, or the name with the first number that makes it one of its own."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name[: 47 - len(str(number))]}_{number}"
    return found
