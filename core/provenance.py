"""What makes a gated picture again: the seeds and settings that a saved graph needs, out of the reports of its gates.

A graph is what ComfyUI executes: {node id: {"class_type": str, "inputs": {name: literal or [node id, output]}}}. A
report is what core/gate_report.py writes, as a dictionary. Nothing here changes what it is given, except for
link_reports. Whatever can't be told for certain is a ValueError whose text tells the user why.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .seed_graph import Seeds, affected, ancestors, is_link, is_seed_name
from .template_parameters import like_before, number_of

GATE = "SwitchyardQualityGate"
SAVE = "SwitchyardSaveImageWithSeeds"
ATTEMPTS_OUTPUT, REPORT_OUTPUT = 3, 5
LINK = "report_of_"

Graph = Mapping[str, Mapping[str, Any]]
Report = Mapping[str, Any]
IsLazy = Callable[[str, str], bool]
GetType = Callable[[str, int], str]
TakesLists = Callable[[str], bool]
_OF_SEVERAL = ("IMAGE", "LATENT", "MASK", "*", "COMFY_MATCHTYPE_V3")
_OUTPUTS = ("value", "score", "passed", "attempts", "seed", "report")
# Of the nodes that get all pictures at once, those that hand them on in their order; and others that choose some.
_KEEPS_ORDER = ("SwitchyardFirstAvailable", "RebatchImages", "RebatchLatents")
_CHOOSES = ("ImageFromBatch", "LatentFromBatch")


@dataclass
class Changes:
    """What a graph needs in order to make one picture again: literal inputs, and what gates replay."""

    seeds: Seeds = field(default_factory=dict)
    replays: dict[str, str] = field(default_factory=dict)

    def literals(self) -> dict[tuple[str, str], int | str]:
        """Every input that changes: {(node id, input): value}."""
        values: dict[tuple[str, str], int | str] = {
            (node, name): seed for node, named in self.seeds.items() for name, seed in named.items()
        }
        return values | {(gate, "replay"): text for gate, text in self.replays.items()}

    def add(self, other: Changes) -> None:
        for node, named in other.seeds.items():
            self.seeds.setdefault(node, {}).update(named)
        self.replays.update(other.replays)


def gates_upstream(graph: Graph, root: Any, is_lazy: IsLazy) -> tuple[list[str], list[str]]:
    """The gates that a link depends on: those that run for certain, and those only behind an input that is lazy.

    A gate asks for its own inputs, although they are lazy; only one that replays some items of a batch does not, and
    the gates before it replay what they did in that batch. Links that lead nowhere are left out.
    """
    certain = _gates(graph, root, is_lazy)
    behind = [gate for gate in _gates(graph, root, lambda _, __: False) if gate not in certain]
    return certain, behind


def _gates(graph: Graph, root: Any, is_lazy: IsLazy) -> list[str]:
    found: list[str] = []
    seen: set[str] = set()
    stack = [root[0]] if is_link(root) else []
    while stack:
        node_id = stack.pop()
        node = graph.get(node_id)
        if node_id in seen or not node:
            continue
        seen.add(node_id)
        is_gate = node.get("class_type") == GATE
        inputs = node.get("inputs") or {}
        if is_gate:
            found.append(node_id)
            if " of " in str(inputs.get("replay")):  # makes copies of what is before it, and asks for nothing
                continue
        for name, value in inputs.items():
            if is_link(value) and (is_gate or not is_lazy(node.get("class_type", ""), name)):
                stack.append(value[0])
    return found


def link_reports(graph: dict[str, dict[str, Any]], is_lazy: IsLazy) -> None:
    """Links, in place, every node that saves with seeds to the report of each gate that runs for certain before it.

    Linking one that might not run, behind a switch, would make it run.
    """
    for node in graph.values():
        if node.get("class_type") != SAVE:
            continue
        inputs = node["inputs"]
        for name in [name for name in inputs if name.startswith(LINK)]:
            del inputs[name]
        for gate in gates_upstream(graph, inputs.get("images"), is_lazy)[0]:
            inputs[LINK + gate] = [gate, REPORT_OUTPUT]


def without_report_links(graph: Graph) -> dict[str, Any]:
    """A deep copy of a graph without the links that link_reports adds."""
    copied = copy.deepcopy({node_id: dict(node) for node_id, node in graph.items()})
    for node in copied.values():
        if node.get("class_type") == SAVE:
            node["inputs"] = {name: value for name, value in node["inputs"].items() if not name.startswith(LINK)}
    return copied


def read_reports(texts: Iterable[Any]) -> dict[str, Report]:
    """Reads the reports of gates, by gate; a text may hold several, one after the other, or none if it is empty.

    Raises:
        ValueError: a text is something else.
    """
    reports: dict[str, Report] = {}
    for text in texts:
        rest = text.strip() if isinstance(text, str) else repr(text)
        while rest:
            try:
                report, end = json.JSONDecoder().raw_decode(rest)
                if report["kind"] != "quality_gate" or report["version"] != 1:
                    raise KeyError("kind")
                reports[report["gate"]] = report
            except (ValueError, KeyError, TypeError):
                raise ValueError(
                    f"what is plugged into report is not the report of a Quality Gate: {str(text)[:60]!r}"
                ) from None
            rest = rest[end:].lstrip(" \t\r\n,;")
    return reports


def changes_for_picture(
    graph: Graph,
    save: str,
    reports: Mapping[str, Report],
    index: int,
    count: int,
    get_type: GetType,
    takes_lists: TakesLists,
) -> Changes:
    """What makes one of the saved pictures again.

    Args:
        graph: the graph as it was queued.
        save: the node that saves.
        reports: the reports of the gates upstream, by gate.
        index: which of the saved pictures, from 0.
        count: how many pictures are saved.
        get_type: gives the type of a class's output.
        takes_lists: whether a class gets all values of a list at once, so that it may choose or reorder.

    Raises:
        ValueError: it can't be told, or literals alone can't make it again.
    """
    if save not in graph and (reports or any(node.get("class_type") == GATE for node in graph.values())):
        raise ValueError(
            "this node is not part of the graph that was queued but a copy, made while it ran: which gates are before "
            "it can't be told"
        )
    if not reports:
        return Changes()
    root = graph[save]["inputs"]["images"][0]
    entries = _entries(graph, root, reports, index, count)
    entries = _without_items_that_need_others(graph, root, reports, entries, get_type, takes_lists)
    changes = _compose(graph, root, entries, {})
    for node, named in changes.seeds.items():
        for name in named:
            holder = graph.get(node, {"class_type": "", "inputs": {}})
            value = holder["inputs"].get(name)
            is_number = isinstance(value, int) and not isinstance(value, bool)
            if not is_number and number_of(holder) is None:
                raise ValueError(f"node {node} has no number in its input {name} that could be replaced")
    return changes


def _entries(
    graph: Graph, root: str, reports: Mapping[str, Report], index: int, count: int
) -> dict[str, Mapping[str, Any]]:
    """What counts of the reports, by gate, upstream first: gates that a later one has copied are left out.

    A gate that made one attempt and whose facts are used is left out too: alone they would differ, together they don't.
    """
    entries = {}
    superseded: set[str] = set()
    upstream = ancestors(graph.__getitem__, [root])
    for gate in reversed(upstream):
        entry = _entry(reports[gate], index, count) if gate in reports and gate not in superseded else None
        problem = _why_facts_differ(graph, upstream, gate, reports[gate], entry) if entry else ""
        if problem and _searches(reports[gate]):
            raise ValueError(problem)
        if entry and not problem:
            entries[gate] = entry
            superseded.update(entry["supersedes"])
    return dict(reversed(entries.items()))


def _searches(report: Report) -> bool:
    """Whether the gate would look for other seeds if the graph ran again as it is: one that max_seconds has stopped."""
    is_content = report.get("passed", True) or report.get("max_attempts") == 1
    return len(report["attempts"]) > 1 or not is_content


def _entry(report: Report, index: int, count: int) -> Mapping[str, Any] | None:
    """What a report says about a picture; None if the graph makes all of them again as it is."""
    pictures = report["pictures"]
    if len(pictures) == count:
        return pictures[index]
    if len(pictures) == 1:
        return pictures[0]
    if not _searches(report):
        return None
    raise ValueError(
        f"gate {report['gate']} handed on {len(pictures)} pictures and {count} came out of them: which is which can't "
        "be told"
    )


def _why_facts_differ(
    graph: Graph, upstream: Iterable[str], gate: str, report: Report, entry: Mapping[str, Any]
) -> str:
    """Why what a gate tells of its search is used and would be told otherwise when it is replayed; empty if not.

    Score, seed and whether it passed stay what they are as long as the value is taken as a whole.
    """
    used = _facts_used(graph, upstream, gate)
    if entry["replay"].startswith("item"):
        differs = used
    elif _searches(report):
        differs = used.intersection((ATTEMPTS_OUTPUT, REPORT_OUTPUT))
    elif entry["replay"]:
        differs = used.intersection((REPORT_OUTPUT,))
    else:
        return ""
    names = ", ".join(_OUTPUTS[output] if output < len(_OUTPUTS) else str(output) for output in sorted(differs))
    return f"the picture also depends on the {names} of gate {gate}, which would differ next time" if names else ""


def _facts_used(graph: Graph, nodes: Iterable[str], gate: str) -> set[int]:
    """The outputs of a gate, other than its value, that are plugged into some of the nodes."""
    links = (value for node in nodes for value in graph[node]["inputs"].values() if is_link(value))
    return {int(output) for source, output in links if source == gate and int(output) != 0}


def _compose(graph: Graph, root: str, entries: Mapping[str, Mapping[str, Any]], base: Seeds) -> Changes:
    """The changes of all gates, each with those of the gates inside its attempt.

    Args:
        graph: the graph as it was queued.
        root: the node that everything leads to.
        entries: what counts, upstream first.
        base: the seeds that the graph already has instead of its literals: those of the attempt around it.
    """
    composed = Changes()
    for gate, entry in entries.items():
        own = Changes({node: dict(seeds) for node, seeds in entry["seeds"].items()})
        _check_that_inner_gates_are_known(graph, gate, entry)
        own.add(_compose(graph, gate, _entries(graph, gate, entry["inner"], 0, 1), own.seeds))
        if entry["replay"]:
            own.replays[gate] = entry["replay"]
        _check_that_seeds_are_not_shared(graph, root, gate, own.seeds, base)
        composed.add(own)
    return composed


def _check_that_inner_gates_are_known(graph: Graph, gate: str, entry: Mapping[str, Any]) -> None:
    """A gate that was copied inside an attempt has found its own seeds there: without its report they are lost."""
    if not entry["seeds"]:
        return
    known = {gate, *entry["supersedes"]}
    for node in affected(graph.__getitem__, [gate], entry["seeds"]):
        if graph[node]["class_type"] == GATE and node not in known:
            raise ValueError(f"gate {node} ran inside an attempt of gate {gate}, behind a switch, without a report")


def _check_that_seeds_are_not_shared(graph: Graph, root: str, gate: str, seeds: Seeds, base: Seeds) -> None:
    """New seeds in place are right only if everything that comes from their nodes comes through the gate."""
    changed = {
        node
        for node, named in seeds.items()
        for name, seed in named.items()
        if _seed_before(graph, node, name, base) not in (seed, str(seed))
    }
    closed = {**graph, gate: {"class_type": GATE, "inputs": {}}}
    shared = changed.intersection(ancestors(closed.__getitem__, [root]))
    if shared:
        raise ValueError(
            f"the seed of node {', '.join(sorted(shared))} also reaches the picture past gate {gate}, with the first "
            "attempt's seed"
        )


def _seed_before(graph: Graph, node: str, name: str, base: Seeds) -> Any:
    return base.get(node, {}).get(name, graph.get(node, {}).get("inputs", {}).get(name))


def _without_items_that_need_others(
    graph: Graph,
    root: str,
    reports: Mapping[str, Report],
    entries: Mapping[str, Mapping[str, Any]],
    get_type: GetType,
    takes_lists: TakesLists,
) -> dict[str, Mapping[str, Any]]:
    """The entries without those whose picture can't be made alone, but is among those of the graph as it is.

    Raises:
        ValueError: a picture can't be made alone, and a later attempt has made it.
    """
    kept = dict(entries)
    for gate in entries:
        is_one_of_several = len(reports[gate]["pictures"]) > 1
        problem = _why_not_alone(graph, root, gate, kept, get_type, takes_lists) if is_one_of_several else ""
        if problem and _searches(reports[gate]):
            raise ValueError(problem)
        if problem:
            del kept[gate]
    return kept


def _why_not_alone(
    graph: Graph,
    root: str,
    gate: str,
    entries: Mapping[str, Mapping[str, Any]],
    get_type: GetType,
    takes_lists: TakesLists,
) -> str:
    """Why one of a gate's pictures needs its place among the others after the gate; empty if it does not.

    Where pictures are chosen or sorted, nobody can tell which saved one is which. A sampler would give it the first
    one's noise, and a batch that does not come through the gate the wrong partner.
    """
    replayed = {name for name, entry in entries.items() if entry["replay"].startswith("item")}
    after = affected(graph.__getitem__, [root], [gate])
    for node in after if gate in replayed else ():
        inputs = {} if node == gate else graph[node]["inputs"]
        if node != gate and (node in replayed or any(is_seed_name(name) for name in inputs)):
            return f"the pictures of gate {gate} go through node {node} together, which would treat one alone otherwise"
        if graph[node]["class_type"] == GATE and _facts_used(graph, after, node):
            return f"what gate {node} tells of the pictures of gate {gate} is used, and it would differ for one alone"
        if node != gate and _may_reorder(graph[node], takes_lists):
            return f"node {node} may sort or choose among the pictures of gate {gate}: which is which can't be told"
        beside = [value for value in inputs.values() if is_link(value) and value[0] not in after]
        if any(get_type(graph[source]["class_type"], int(output)) in _OF_SEVERAL for source, output in beside):
            return (
                f"node {node} puts the pictures of gate {gate} together with others, and one alone might get another "
                "partner"
            )
    return ""


def _may_reorder(node: Mapping[str, Any], takes_lists: TakesLists) -> bool:
    """Whether a node may hand on some pictures only, or in another order."""
    class_type, inputs = node["class_type"], node["inputs"]
    if class_type == GATE:
        return inputs.get("keep", "whole") != "whole" or str(inputs.get("replay", "")).startswith("item")
    return class_type in _CHOOSES or (class_type not in _KEEPS_ORDER and takes_lists(class_type))


def rewrite_graph(graph: Graph, changes: Changes) -> dict[str, Any]:
    """A copy of the graph with the changes, without the links that link_reports adds."""
    copied = without_report_links(graph)
    for (node, name), value in changes.literals().items():
        inputs = copied[node]["inputs"]
        inputs[name] = like_before(inputs.get(name), value)
    return copied
