"""What a node can tell about the run that it is part of: the seeds and the models upstream of it.

A graph is what ComfyUI executes: {node id: {"class_type": str, "inputs": {name: literal or [node id, output]}}}.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .provenance import GATE
from .seed_graph import GetNode, Seeds, ancestors, find_seeds, is_link, sources
from .template_parameters import PARAMETER_VALUE, parameter_type

_WIDE = 2**80  # no seed is left out for its range
_MODEL_INPUTS = ("ckpt_name", "unet_name", "lora_name")


def seeds_upstream(get_node: GetNode, roots: Iterable[str]) -> Seeds:
    """The literal seeds upstream, in running order: {node id: {input: seed}}.

    What is upstream of a Quality Gate is left out: the seed that a gate has found is not in the graph.
    """

    def closed(node_id: str) -> Mapping[str, object]:
        node = get_node(node_id)
        return {**node, "inputs": {}} if node["class_type"] == GATE else node

    try:
        found = find_seeds(closed, list(roots), lambda _, __: (-_WIDE, _WIDE), "all")
    except ValueError:  # there is none
        return {}
    seeds: Seeds = {}
    for seed in found:
        seeds.setdefault(seed.node, {})[seed.name] = seed.value
    return seeds


def models_upstream(get_node: GetNode, roots: Iterable[str]) -> list[str]:
    """The files of checkpoints, diffusion models and LoRAs that are named upstream, each once, in running order.

    They are named in the loaders, or in template parameters that are plugged into them.
    """
    names: dict[str, None] = {}
    for node_id in ancestors(get_node, roots):
        inputs = get_node(node_id)["inputs"]
        given = (_literal(get_node, inputs.get(name)) for name in _MODEL_INPUTS)
        names |= dict.fromkeys(name for name in given if isinstance(name, str))
    return list(names)


def _literal(get_node: GetNode, value: Any) -> Any:
    source = get_node(value[0]) if is_link(value) else None
    if source is None or not parameter_type(source["class_type"], source["inputs"]):
        return value
    return source["inputs"].get(PARAMETER_VALUE)


def linked_nodes(get_node: GetNode, node_id: str, inputs: Iterable[str]) -> list[str]:
    """The nodes that some inputs of a node are linked to."""
    plugged = get_node(node_id)["inputs"]
    return sources({"inputs": {name: plugged[name] for name in inputs if name in plugged}})
