"""What is worth knowing of a graph before it runs: gates without a seed, branches that run anyway, names used twice.

A graph is what ComfyUI executes: {node id: {"class_type": str, "inputs": {name: literal or [node id, output]}}}. It may
be half made: links may lead nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .parameter_prompt import find_parameters
from .provenance import GATE
from .seed_graph import GetRange, check_that_seeds_matter, find_seeds, is_link, read_names
from .template_parameters import check_name

IsOutput = Callable[[str], bool]
Graph = Mapping[str, Mapping[str, Any]]

# Of the nodes that run one of their inputs only, the inputs that may stay unasked.
_NUMBERED = re.compile(r"input_\d+")
_BRANCHES: Mapping[str, Callable[[str], bool]] = {
    "SwitchyardSwitch": lambda name: name in ("on_true", "on_false"),
    "Switch": lambda name: name in ("on_true", "on_false"),
    "ComfySwitchNode": lambda name: name in ("on_true", "on_false"),
    "SwitchyardSelect": lambda name: name == "default" or bool(_NUMBERED.fullmatch(name)),
    "SwitchyardFirstAvailable": lambda name: bool(_NUMBERED.fullmatch(name)),
    "SwitchyardGate": lambda name: name == "value",
}


def find_hints(graph: Graph, is_output: IsOutput, get_range: GetRange) -> list[dict[str, Any]]:
    """All hints about a graph, in the order of its nodes.

    Args:
        graph: the graph as it would be sent.
        is_output: whether a class is an output node, which runs whatever happens.
        get_range: gives the lowest and highest number that an input of a class takes.

    Returns:
        Each with its `rule` and the `node` that it is about. "no_seed" has a `text`; "runs_anyway" has the `input` that
        holds the branch and the output node in it (`output`); "same_name" has the `name`, the other nodes (`others`)
        and a name that is free (`free`; None for one node in a subgraph that is there several times).
    """
    whole = _without_loose_links(graph)
    order = {node: number for number, node in enumerate(graph)}
    hints = [*_gates_without_seed(whole, get_range), *_same_names(whole), *_running_anyway(whole, is_output)]
    return sorted(hints, key=lambda hint: order[hint["node"]])


def _without_loose_links(graph: Graph) -> dict[str, dict[str, Any]]:
    return {
        node_id: {
            **node,
            "inputs": {
                name: value for name, value in node["inputs"].items() if not is_link(value) or value[0] in graph
            },
        }
        for node_id, node in graph.items()
    }


def _gates_without_seed(graph: Graph, get_range: GetRange) -> Iterable[dict[str, Any]]:
    """Gates that would fail since further attempts could not differ. One that is not plugged in yet is left alone."""
    for node_id, node in graph.items():
        inputs = node["inputs"]
        if node["class_type"] != GATE or not (is_link(inputs.get("value")) and is_link(inputs.get("score"))):
            continue
        told = {name: inputs.get(name, default) for name, default in _GATE_DEFAULTS.items()}
        if any(is_link(value) for value in told.values()) or told["max_attempts"] == 1 or str(told["replay"]).strip():
            continue
        judged = (name for name in inputs if name == "value" or name.startswith("score"))
        links = {name: inputs[name] for name in judged if is_link(inputs[name])}
        try:
            roots, names = [link[0] for link in links.values()], read_names(str(told["seed_nodes"]))
            seeds = find_seeds(graph.__getitem__, roots, get_range, str(told["vary"]), names)
            check_that_seeds_matter(graph.__getitem__, links, dict.fromkeys(seed.node for seed in seeds))
        except ValueError as problem:
            yield {"rule": "no_seed", "node": node_id, "text": str(problem)}


_GATE_DEFAULTS = {"vary": "auto", "seed_nodes": "", "max_attempts": 8, "replay": ""}


def _same_names(graph: Graph) -> Iterable[dict[str, Any]]:
    named: dict[str, list[str]] = {}
    for node_id in find_parameters(graph):
        name = graph[node_id]["inputs"].get("name")
        if isinstance(name, str) and name:
            named.setdefault(name, []).append(node_id)
    for name, nodes in named.items():
        is_one_node = len({node.rpartition(":")[2] for node in nodes}) == 1
        for node_id in nodes[1:]:
            free = None if is_one_node else _free_name(name, named)
            others = [other for other in nodes if other != node_id]
            yield {"rule": "same_name", "node": node_id, "name": name, "others": others, "free": free}


def _free_name(name: str, taken: Iterable[str]) -> str | None:
    """The name with a number after it that nothing is called yet; None if such a name can't be one."""
    used = set(taken)
    stem = re.sub(r"_\d+$", "", name)
    numbers = (f"{stem}_{number}" for number in range(2, len(used) + 3))
    free = next(candidate for candidate in numbers if candidate not in used)
    try:
        check_name(free)
    except ValueError:
        return None
    return free


def _running_anyway(graph: Graph, is_output: IsOutput) -> Iterable[dict[str, Any]]:
    """Output nodes in a branch that only one input of a switch asks for: they run, and have the branch run, anyway."""
    outputs = [node_id for node_id, node in graph.items() if is_output(node["class_type"])]
    for node_id, node in graph.items():
        is_branch = _BRANCHES.get(node["class_type"])
        if is_branch is None:
            continue
        linked = {name: value[0] for name, value in node["inputs"].items() if is_link(value)}
        branches = [name for name in linked if is_branch(name)]
        if node["class_type"] == "SwitchyardFirstAvailable":
            branches = sorted(branches, key=_number)[1:]  # the first one is always asked
        for name in branches:
            others = _upstream(graph, [source for other, source in linked.items() if other != name])
            branch = _upstream(graph, [linked[name]], _handed_on) - others
            found = next((one for one in outputs if one != node_id and _is_in(graph, one, branch)), None)
            if found is not None:
                yield {"rule": "runs_anyway", "node": node_id, "input": name, "output": found}


def _number(name: str) -> int:
    return int(name.rpartition("_")[2])


def _upstream(graph: Graph, roots: Iterable[str], sources: Callable[[Graph, str], list[str]] | None = None) -> set[str]:
    sources = sources or _sources
    seen: set[str] = set()
    stack = list(roots)
    while stack:
        node_id = stack.pop()
        if node_id not in seen:
            seen.add(node_id)
            stack += sources(graph, node_id)
    return seen


def _handed_on(graph: Graph, node_id: str) -> list[str]:
    """The sources of what a node hands on: not of what tells a gate or a switch what to do, often looked at."""
    node = graph[node_id]
    is_branch = _BRANCHES.get(node["class_type"])
    if node["class_type"] == GATE:
        return [value[0] for name, value in node["inputs"].items() if name == "value" and is_link(value)]
    if is_branch is None:
        return _sources(graph, node_id)
    return [value[0] for name, value in node["inputs"].items() if is_branch(name) and is_link(value)]


def _sources(graph: Graph, node_id: str) -> list[str]:
    return [value[0] for value in graph[node_id]["inputs"].values() if is_link(value)]


def _is_in(graph: Graph, output: str, branch: set[str]) -> bool:
    """Whether an output node belongs to a branch: it is part of it, or shows something that the branch alone makes.

    What is on the way from the branch to the output node may take from the branch only: else a loader that two
    pipelines share would make the other one's output node part of the branch.
    """
    return output in branch or any(_is_aside(graph, source, branch) for source in _sources(graph, output))


def _is_aside(graph: Graph, node_id: str, branch: set[str]) -> bool:
    seen: set[str] = set()
    stack = [node_id]
    while stack:
        current = stack.pop()
        if current in branch or current in seen:
            continue
        seen.add(current)
        sources = _sources(graph, current)
        if not sources:
            return False
        stack += sources
    return True
