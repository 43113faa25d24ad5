"""Which nodes of a graph depend on a seed, and copies of just those nodes with other seeds.

A graph is what ComfyUI executes: {node id: {"class_type": str, "inputs": {name: literal or [node id, output]}}}.
All walks are loops: a graph may be longer than Python's recursion limit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .seeds import HIGHEST_SEED, attempt_seed
from .template_parameters import PARAMETER_VALUE, number_of, parameter_type, range_of

VARY = ("auto", "all", "attempt_seed", "named")
ATTEMPT_SEED = "SwitchyardAttemptSeed"
COPY_OF = "copy_of"  # in a copy's _meta: the id that the user knows the node by

Node = Mapping[str, Any]
GetNode = Callable[[str], Node]
Seeds = dict[str, dict[str, int]]


@dataclass(frozen=True)
class SeedInput:
    """An input that holds a literal seed, with the range that it takes."""

    node: str
    name: str
    value: int
    low: int = 0
    high: int = HIGHEST_SEED


GetRange = Callable[[str, str], tuple[int, int]]


def is_link(value: Any) -> bool:
    """Whether an input's value is a link to another node's output, by ComfyUI's own rule."""
    return (
        isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], (int, float))
    )


def sources(node: Node) -> list[str]:
    """The nodes that a node's inputs are linked to, in the order of its inputs."""
    return [value[0] for value in node["inputs"].values() if is_link(value)]


def ancestors(get_node: GetNode, roots: Iterable[str]) -> list[str]:
    """All nodes that the roots depend on, the roots included; every node comes after those that it depends on.

    Links behind a switch count too: whether they are followed is only known when it runs.
    """
    order: list[str] = []
    seen: set[str] = set()
    for root in roots:
        stack = [(root, False)]
        while stack:
            node_id, is_done = stack.pop()
            if is_done:
                order.append(node_id)
            elif node_id not in seen:
                seen.add(node_id)
                stack.append((node_id, True))
                links = reversed(sources(get_node(node_id)))
                stack += [(source, False) for source in links if source not in seen]
    return order


def find_seeds(
    get_node: GetNode, roots: Iterable[str], get_range: GetRange, vary: str = "auto", names: Collection[str] = ()
) -> list[SeedInput]:
    """The seeds that further attempts change, upstream of the roots.

    A seed is a whole number in an input called seed or ending in _seed. Where such an input is linked, the seed is the
    literal it comes from: a seed upstream of the link or else the one whole number of a node without links (a
    primitive). The value of a template parameter of type seed is a seed too, and one of type integer a primitive.

    Args:
        get_node: gives a node by its id.
        roots: the nodes whose values are judged.
        get_range: gives the lowest and highest number that an input of a class takes.
        vary: all seeds; attempt_seed, those of Attempt Seed nodes; named, those of the nodes in names; auto, those of
            Attempt Seed nodes if there is one, else all.
        names: node ids, titles or class names, for vary "named".

    Raises:
        ValueError: there is no such seed, a name fits no node, or a seed feeds inputs without a number in common.
    """
    order = ancestors(get_node, roots)
    if vary == "named":
        nodes = _named(get_node, order, names)
    else:
        nodes = order
        marked = [node_id for node_id in order if get_node(node_id)["class_type"] == ATTEMPT_SEED]
        if vary == "attempt_seed" or (vary == "auto" and marked):
            nodes = marked
    found: dict[tuple[str, str], SeedInput] = {}
    for node_id in nodes:
        for holder, name in _seeds_behind(get_node, node_id):
            node = get_node(holder)
            found[holder, name] = _seed_input(holder, node, name, get_range)
    if not found:
        raise ValueError(_no_seed(vary, nodes))
    for node_id in order:
        for name, holders in _linked_seeds(get_node, node_id):
            low, high = _range(get_node(node_id), name, get_range)
            for holder in holders:
                if holder in found:
                    seed = found[holder]
                    found[holder] = replace(seed, low=max(low, seed.low), high=min(high, seed.high))
    for seed in found.values():
        if seed.low > seed.high:
            raise ValueError(
                f"The seed of node {seed.node} is plugged into inputs that have no number in common. Give each its own."
            )
    return list(found.values())


def _seed_input(node_id: str, node: Node, name: str, get_range: GetRange) -> SeedInput:
    value = number_of(node) if _is_parameter(node) else node["inputs"][name]
    return SeedInput(node_id, name, int(value or 0), *_range(node, name, get_range))


def _range(node: Node, name: str, get_range: GetRange) -> tuple[int, int]:
    return range_of(node) if _is_parameter(node) else get_range(node["class_type"], name)


def _is_parameter(node: Node) -> bool:
    return bool(parameter_type(node["class_type"], node["inputs"]))


def is_seed_name(name: str) -> bool:
    """Whether an input is a seed by its name: seed, noise_seed, anything_seed."""
    last = name.rsplit(".", 1)[-1].casefold()  # inputs of inputs are called "sampling_mode.seed"
    return last == "seed" or last.endswith("_seed")


def _is_whole_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _seeds_behind(get_node: GetNode, node_id: str) -> list[tuple[str, str]]:
    """The inputs that hold the literals of a node's seeds: its own, or those that its seed inputs are linked to."""
    own = [(node_id, name) for name in _literal_seeds(get_node(node_id))]
    return own + [holder for _, holders in _linked_seeds(get_node, node_id) for holder in holders]


def _literal_seeds(node: Node) -> list[str]:
    kind = parameter_type(node["class_type"], node["inputs"])
    if kind:
        return [PARAMETER_VALUE] if kind == "seed" and number_of(node) is not None else []
    return [name for name, value in node["inputs"].items() if is_seed_name(name) and _is_whole_number(value)]


def _linked_seeds(get_node: GetNode, node_id: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """A node's linked seed inputs, each with the inputs that hold the literal it comes from."""
    node = get_node(node_id)
    is_seed = parameter_type(node["class_type"], node["inputs"]) == "seed"
    return [
        (name, _origins(get_node, value[0]))
        for name, value in node["inputs"].items()
        if is_link(value) and (is_seed_name(name) or (is_seed and name == PARAMETER_VALUE))
    ]


def _origins(get_node: GetNode, source: str) -> list[tuple[str, str]]:
    upstream = ancestors(get_node, [source])
    seeds = [(node_id, name) for node_id in upstream for name in _literal_seeds(get_node(node_id))]
    if seeds:
        return seeds
    primitives = []
    for node_id in upstream:
        node = get_node(node_id)
        if _is_parameter(node):
            primitives += [(node_id, PARAMETER_VALUE)] if number_of(node) is not None else []
            continue
        numbers = [name for name, value in node["inputs"].items() if _is_whole_number(value)]
        if len(numbers) == 1 and not sources(node):
            primitives.append((node_id, numbers[0]))
    return primitives


def _named(get_node: GetNode, order: Sequence[str], names: Collection[str]) -> list[str]:
    if not names:
        raise ValueError('vary is "named", but no node is named. Write node ids or titles into seed_nodes.')
    matches: dict[str, list[str]] = {name: [] for name in names}
    for node_id in order:
        node = get_node(node_id)
        meta = node.get("_meta", {})
        labels = (node_id, meta.get(COPY_OF), meta.get("title"), node["class_type"])
        for name in names:
            if name in labels:
                matches[name].append(node_id)
    for name, found in matches.items():
        if not found:
            raise ValueError(
                f"No node upstream of the gate is called {name!r}. Write a node's id, its title or its class name into "
                "seed_nodes."
            )
    return [node_id for node_id in order if any(node_id in found for found in matches.values())]


def _no_seed(vary: str, nodes: Sequence[str]) -> str:
    if vary == "attempt_seed":
        return "There is no Attempt Seed node upstream of the gate. Plug one into the seed that is to vary."
    if vary == "named":
        return f"The named nodes ({', '.join(nodes)}) have no seed input with a number in it."
    return (
        "Nothing upstream of the gate has a seed, so every further attempt would give the same. Plug the gate in after "
        "a sampler, or set max_attempts to 1 if it is only to check."
    )


def affected(get_node: GetNode, roots: Iterable[str], changed: Collection[str]) -> list[str]:
    """The nodes upstream of the roots that hold a changed seed or depend on a node that does, in running order."""
    reached = set(changed)
    order = []
    for node_id in ancestors(get_node, roots):
        if node_id in reached or any(source in reached for source in sources(get_node(node_id))):
            reached.add(node_id)
            order.append(node_id)
    return order


def check_that_seeds_matter(get_node: GetNode, links: Mapping[str, Any], changed: Collection[str]) -> None:
    """Refuses seeds that what a gate judges does not depend on.

    Args:
        get_node: gives a node by its id.
        links: what is plugged into the gate, by input: value, and scores.
        changed: the nodes whose seeds vary.

    Raises:
        ValueError: none of them is upstream of the value, or of a score.
    """
    scores = [link for name, link in links.items() if name != "value"]
    for what, plugged in (("value", [links["value"]]), ("score", scores)):
        roots = [link[0] for link in plugged if is_link(link)]
        if not affected(get_node, roots, changed):
            raise ValueError(
                f"What is plugged into {what} does not depend on a seed that varies (of node {', '.join(changed)}), "
                "so every further attempt would give the same. Check the links, vary and seed_nodes."
            )


def seeds_of_attempt(inputs: Sequence[SeedInput], attempt: int, mode: str, listed: Sequence[int] = ()) -> Seeds:
    """The seed of every varied input in an attempt: {node id: {input: seed}}."""
    seeds: Seeds = {}
    for seed in inputs:
        value = attempt_seed(seed.value, attempt, mode, seed.low, seed.high, listed)
        seeds.setdefault(seed.node, {})[seed.name] = value
    return seeds


def plan_attempts(inputs: Sequence[SeedInput], max_attempts: int, mode: str, listed: Sequence[int] = ()) -> list[Seeds]:
    """The seeds of each attempt from 0 on: at most max_attempts, and none whose seeds were used before.

    Raises:
        ValueError: mode is list and a seed of the list is outside what an input takes.
    """
    last = len(listed) + 1 if mode == "list" else max_attempts
    planned: list[Seeds] = []
    used: set[str] = set()
    for attempt in range(last):
        if len(planned) == max_attempts:
            break
        seeds = seeds_of_attempt(inputs, attempt, mode, listed)
        key = json.dumps(seeds, sort_keys=True)
        if key not in used:
            used.add(key)
            planned.append(seeds)
    return planned


def signature(get_node: GetNode, roots: Iterable[str]) -> str | None:
    """Everything that decides what the roots give, as text: classes, literals, links, and ComfyUI's change marks.

    None if something is not comparable: a raw object, or a node that wants to run each time (its mark is NaN).
    """
    described = []
    for node_id in ancestors(get_node, roots):
        node = get_node(node_id)
        described.append([node_id, node["class_type"], node["inputs"], node.get("is_changed")])
    try:
        return json.dumps(described, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError):
        return None


def read_names(text: str) -> list[str]:
    """Node ids, titles or class names out of text: one a line, or separated by commas."""
    return [name.strip() for name in re.split(r"[,\n]", text) if name.strip()]
