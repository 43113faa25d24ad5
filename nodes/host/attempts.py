"""Further attempts of a Quality Gate in ComfyUI's engine: copies of the nodes that depend on a seed, run one by one.

The gate expands into prepared Attempt nodes and one Choice node that asks for them lazily, in order. An Attempt expands
into copies of the seeded nodes only when it is asked; every other link goes to the original nodes, which have run.
Attempts are prepared in groups that double, so that a high max_attempts costs nothing until it is needed.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...core.provenance import GATE, REPORT_OUTPUT
from ...core.seed_graph import COPY_OF, Seeds, affected, ancestors, is_link, signature
from .node_classes import declared_inputs

if TYPE_CHECKING:
    from .gate_run import GateRun

ATTEMPT = "SwitchyardQualityGateAttempt"
ITEMS = "SwitchyardQualityGateItems"
RESULT = "SwitchyardQualityGateResult"
CHOICE = "SwitchyardQualityGateChoice"
FIRST_GROUP = 4

Graph = dict[str, dict[str, Any]]


def seed_range(class_type: str, name: str) -> tuple[int, int]:
    """The lowest and highest number that an input takes; 0 to 2^32 - 1 where its node does not say."""
    options = _input_options(class_type, name)
    return int(options.get("min", 0)), int(options.get("max", 2**32 - 1))


def _input_options(class_type: str, name: str) -> Mapping[str, Any]:
    spec = declared_inputs(class_type).get(name, ())
    return spec[1] if len(spec) > 1 else {}


def cache_notes() -> list[str]:
    """What the user should know if ComfyUI was started without a cache."""
    from comfy.cli_args import args

    if not args.cache_none:
        return []
    note = "ComfyUI runs with --cache-none: every attempt runs all that is upstream again, loaders too."
    logging.warning("Switchyard: Quality Gate: %s", note)
    return [note]


def run_signature(dynprompt: Any, links: Mapping[str, Any]) -> str | None:
    """The signature of everything upstream and of what is plugged in where; None where a change mark is not known."""
    import nodes

    plugged = {name: link for name, link in links.items() if is_link(link)}
    roots = [link[0] for link in plugged.values()]
    for node_id in ancestors(dynprompt.get_node, roots):
        node = dynprompt.get_node(node_id)
        node_class = nodes.NODE_CLASS_MAPPINGS[node["class_type"]]
        has_mark = hasattr(node_class, "IS_CHANGED") or hasattr(node_class, "fingerprint_inputs")
        if has_mark and "is_changed" not in node and not _is_v3_without_mark(node_class):
            return None
    upstream = signature(dynprompt.get_node, roots)
    return None if upstream is None else f"{json.dumps(plugged)} {upstream}"


def _is_v3_without_mark(node_class: Any) -> bool:
    """V3 nodes inherit a fingerprint function that does nothing."""
    return not hasattr(node_class, "IS_CHANGED") and not any(
        "fingerprint_inputs" in vars(base) for base in node_class.__mro__ if "comfy_api" not in base.__module__
    )


def gates_for_certain(dynprompt: Any, roots: list[str]) -> list[str]:
    """The gates upstream that have run whenever the roots have: those not only reached through a lazy input."""
    if all(dynprompt.get_node(node_id)["class_type"] != GATE for node_id in ancestors(dynprompt.get_node, roots)):
        return []  # asking every class for its inputs takes longer than all else
    found: list[str] = []
    seen: set[str] = set()
    stack = list(roots)
    while stack:
        node_id = stack.pop()
        if node_id in seen:
            continue
        seen.add(node_id)
        node = dynprompt.get_node(node_id)
        is_gate = node["class_type"] == GATE
        if is_gate:
            found.append(node_id)
        for name, value in node["inputs"].items():
            if is_link(value) and (is_gate or not _input_options(node["class_type"], name).get("lazy")):
                stack.append(value[0])
    return found


def display_seeds(dynprompt: Any, seeds: Seeds) -> Seeds:
    """The seeds with the ids that the user knows: copies go by the id of their original."""
    return {dynprompt.get_display_node_id(node_id): dict(values) for node_id, values in seeds.items()}


def attempt_key(seeds: Seeds, items: list[int] | None) -> str:
    return json.dumps([seeds, items], sort_keys=True)


def expand_attempts(run: GateRun, parent: str, first: int, items: list[int] | None, group: int) -> dict[str, Any]:
    """The next group of attempts and the node that chooses among all of them, as what a node returns to expand.

    Args:
        run: the gate's run.
        parent: the id of the node that expands.
        first: the number of the group's first attempt.
        items: the items of the first attempt that the group makes again; None makes all.
        group: how many attempts to prepare.
    """
    last = min(first + group, len(run.plan)) - 1
    choice = f"{parent}.c"  # short: an id is the path of its parents, and every message holds it
    inputs: dict[str, Any] = {"run": run, "first": first, "last": last, "items": json.dumps(items), "group": group}
    graph: Graph = {choice: {"class_type": CHOICE, "inputs": inputs}}
    for number in range(first, last + 1):
        graph[f"{parent}.a{number}"] = {
            "class_type": ATTEMPT,
            "inputs": {
                **run.links,
                "gate": run.gate,
                "number": number,
                "total": run.total(),
                "seeds": json.dumps(run.plan[number], sort_keys=True),
                "items": json.dumps(items),
            },
        }
    inputs["value_0"] = run.links["value"]
    for attempt in run.attempts[1:]:
        inputs[f"value_{attempt.number}"] = [attempt.details["node"], 0]
    for number in range(first, last + 1):
        inputs[f"value_{number}"] = [f"{parent}.a{number}", 0]
        inputs[f"scores_{number}"] = [f"{parent}.a{number}", 1]
    return {"result": tuple([choice, output] for output in range(REPORT_OUTPUT + 1)), "expand": graph}


def copy_seeded_nodes(
    dynprompt: Any, parent: str, links: Mapping[str, Any], seeds: Seeds, items: list[int] | None, total: int
) -> tuple[Graph, dict[str, Any]]:
    """Copies of the nodes that depend on the seeds, with these seeds, and the links to the copies.

    Args:
        dynprompt: ComfyUI's live graph.
        parent: the id of the attempt; the copies' ids begin with it.
        links: what the gate judges, by input name.
        seeds: the seed of each varied input.
        items: the items that are made again, or None for all of them.
        total: how many items the first attempt had.
    """
    roots = [link[0] for link in links.values() if is_link(link)]
    copied = set(affected(dynprompt.get_node, roots, seeds))
    graph: Graph = {}
    is_cut = items is not None and total > 1

    def moved(link: Any) -> Any:
        return [f"{parent}.{link[0]}", link[1]] if is_link(link) and link[0] in copied else link

    def cut(link: Any) -> Any:
        """What comes from a node that is not copied, reduced to the items that are made again."""
        node_id = f"{parent}..items.{link[0]}.{link[1]}"  # two dots: no copy is called so
        inputs = {"value": link, "items": json.dumps(items), "total": total}
        graph[node_id] = {"class_type": ITEMS, "inputs": inputs, "override_display_id": link[0]}
        return [node_id, 0]

    for node_id in copied:
        node = dynprompt.get_node(node_id)
        inputs = dict(node["inputs"])
        for name, value in inputs.items():
            if name in seeds.get(node_id, {}):
                inputs[name] = seeds[node_id][name]
            elif is_link(value) and value[0] in copied:
                inputs[name] = moved(value)
            elif is_link(value) and is_cut and not _input_options(node["class_type"], name).get("rawLink"):
                inputs[name] = cut(value)
        graph[f"{parent}.{node_id}"] = {
            "class_type": node["class_type"],
            "inputs": inputs,
            "override_display_id": node_id,
            "_meta": {**node.get("_meta", {}), COPY_OF: dynprompt.get_display_node_id(node_id)},
        }
    return graph, {name: moved(link) for name, link in links.items()}


def copied_gates(dynprompt: Any, links: Mapping[str, Any], seeds: Seeds) -> list[str]:
    """The other gates among the nodes that an attempt copies, nearest first."""
    roots = [link[0] for link in links.values() if is_link(link)]
    copied = set(affected(dynprompt.get_node, roots, seeds))
    return [gate for gate in gates_for_certain(dynprompt, roots) if gate in copied]
