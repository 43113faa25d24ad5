"""What is upstream of a node: seeds and models."""

from __future__ import annotations

from switchyard_pack.core.run_facts import linked_nodes, models_upstream, seeds_upstream

GRAPH = {
    "loader": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a.safetensors"}},
    "lora": {"class_type": "LoraLoader", "inputs": {"lora_name": "b.safetensors", "model": ["loader", 0]}},
    "unet": {"class_type": "UNETLoader", "inputs": {"unet_name": ["name", 0]}},
    "name": {"class_type": "PrimitiveString", "inputs": {"value": "c.safetensors"}},
    "number": {"class_type": "PrimitiveInt", "inputs": {"value": 9}},
    "sample": {"class_type": "KSampler", "inputs": {"seed": 5, "model": ["lora", 0], "more": ["unet", 0]}},
    "again": {"class_type": "SamplerCustom", "inputs": {"noise_seed": ["number", 0], "latent": ["sample", 0]}},
    "score": {"class_type": "QualityScore", "inputs": {"image": ["again", 0]}},
    "other": {"class_type": "KSampler", "inputs": {"seed": 77}},
    "log": {"class_type": "Log", "inputs": {"report": ["score", 3], "seeds": ["other", 0], "label": "x"}},
    "gate": {"class_type": "SwitchyardQualityGate", "inputs": {"value": ["again", 0], "score": ["score", 0]}},
    "late": {"class_type": "KSampler", "inputs": {"seed": 8, "latent": ["gate", 0]}},
}


def test_seeds_come_in_running_order_and_by_what_holds_them():
    assert seeds_upstream(GRAPH.__getitem__, ["score"]) == {"sample": {"seed": 5}, "number": {"value": 9}}
    assert list(seeds_upstream(GRAPH.__getitem__, ["score"])) == ["sample", "number"]


def test_without_a_seed_there_is_none():
    assert seeds_upstream(GRAPH.__getitem__, ["loader"]) == {}
    assert seeds_upstream(GRAPH.__getitem__, []) == {}


def test_what_a_gate_has_varied_is_not_in_the_graph():
    assert seeds_upstream(GRAPH.__getitem__, ["late"]) == {"late": {"seed": 8}}
    assert models_upstream(GRAPH.__getitem__, ["late"]) == ["a.safetensors", "b.safetensors"]


def test_models_that_are_named_in_the_graph_count_once():
    assert models_upstream(GRAPH.__getitem__, ["score", "sample"]) == ["a.safetensors", "b.safetensors"]


def test_only_some_inputs_count():
    assert linked_nodes(GRAPH.__getitem__, "log", ("report", "score", "label")) == ["score"]
