"""What a node can tell about the run that it is part of: the seeds and the models upstream of it.

A graph is what ComfyUI executes: {node id: {"class_type": str, "inputs": {name: literal or [node id, output]}}}.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .provenance import GATE
from .seed_graph import GetNode, Seeds, ancestors, find_seeds, sources

_MODEL_INPUTS = ("ckpt_name", "unet_name", "lora_name")


def seeds_upstream(get_node: GetNode, roots: Iterable[str]) -> Seeds:
    """The literal seeds upstream, in running order: {node id: {input: seed}}.

    What is upstream of a Quality Gate is left out: the seed that a gate has found is not in the graph.
    """

    def closed(node_id: str) -> Mapping[str, object]:
        node = get_node(node_id)
        return {**node, "inputs": {}} if node["class_type"] == GATE else node

    try:
        found = find_seeds(closed, list(roots), lambda _, __: (0, 0), "all")
    except ValueError:  # there is none
        return {}
    seeds: Seeds = {}
    for seed in found:
        seeds.setdefault(seed.node, {})[seed.name] = seed.value
    return seeds


def models_upstream(get_node: GetNode, roots: Iterable[str]) -> list[str]:
    """The files of checkpoints, diffusion models and LoRAs that are named upstream, each once, in running order."""
    names: dict[str, None] = {}
    for node_id in ancestors(get_node, roots):
        inputs = get_node(node_id)["inputs"]
        names |= dict.fromkeys(inputs[name] for name in _MODEL_INPUTS if isinstance(inputs.get(name), str))
    return list(names)


def linked_nodes(get_node: GetNode, node_id: str, inputs: Iterable[str]) -> list[str]:
    """The nodes that some inputs of a node are linked to."""
    plugged = get_node(node_id)["inputs"]
    return sources({"inputs": {name: plugged[name] for name in inputs if name in plugged}})
