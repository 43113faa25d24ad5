"""Quality Gate as ComfyUI calls it, around a stand-in for the live graph."""

from __future__ import annotations

import json
import sys
import types

import pytest
import torch
from switchyard_pack.nodes.quality_gate import QualityGate

GRAPH = {
    "sample": {"class_type": "Sample", "inputs": {"seed": 4}},
    "score": {"class_type": "Score", "inputs": {"image": ["sample", 0]}},
    "gate": {"class_type": "SwitchyardQualityGate", "inputs": {"value": ["sample", 0], "score": ["score", 0]}},
}


class LiveGraph:
    def get_node(self, node_id):
        return GRAPH[node_id]

    def get_display_node_id(self, node_id):
        return node_id


@pytest.fixture(autouse=True)
def comfyui(monkeypatch):
    class Node:
        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {"seed": ("INT", {"min": 0, "max": 10})}}

    nodes = types.SimpleNamespace(NODE_CLASS_MAPPINGS=dict.fromkeys(("Sample", "Score", "SwitchyardQualityGate"), Node))
    monkeypatch.setitem(sys.modules, "nodes", nodes)
    monkeypatch.setitem(sys.modules, "comfy", types.ModuleType("comfy"))
    options = types.SimpleNamespace(args=types.SimpleNamespace(cache_none=False))
    monkeypatch.setitem(sys.modules, "comfy.cli_args", options)


def execute(gate, score, **options):
    value = torch.zeros(1, 8, 8, 3)
    given = {name: [option] for name, option in options.items()}
    return gate.execute([value], [score], [LiveGraph()], ["gate"], **given), value


def test_a_value_that_passes_is_handed_on_untouched():
    result, value = execute(QualityGate(), 0.9)
    assert result["result"][0][0] is value
    assert result["result"][1:5] == (0.9, True, 1, 4)
    assert json.loads(result["result"][5])["attempts"][0]["seeds"] == {"sample": {"seed": 4}}
    assert "expand" not in result


def test_a_value_that_fails_prepares_attempts_with_short_ids():
    result, _ = execute(QualityGate(), 0.1, max_attempts=1000)
    graph = result["expand"]
    assert sorted(graph) == ["gate.a1", "gate.a2", "gate.a3", "gate.a4", "gate.c"]
    assert [json.loads(graph[f"gate.a{n}"]["inputs"]["seeds"])["sample"]["seed"] for n in (1, 2, 3, 4)] == [5, 6, 7, 8]


def test_no_more_attempts_are_made_than_there_are_seeds():
    result, _ = execute(QualityGate(), 0.1, max_attempts=1000)
    run = result["expand"]["gate.c"]["inputs"]["run"]
    assert len(run.plan) == 11


def test_the_memory_goes_with_the_gate():
    """ComfyUI holds the last graph, also after the user has freed memory: the run in it must not hold the pictures."""
    gate = QualityGate()
    result, _ = execute(gate, 0.1)
    run = result["expand"]["gate.c"]["inputs"]["run"]
    assert run.memory() is not None
    del gate
    assert run.memory() is None


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"keep": "every"}, "keep is 'every'"),
        ({"if_none_pass": "best", "combine": "some"}, "combine is 'some'"),
        ({"comparison": "=="}, "is not known here"),
        ({"vary": "named", "seed_nodes": "nobody"}, "is called 'nobody'"),
        ({"seed_mode": "list", "seed_list": "11"}, "outside what the input takes"),
    ],
)
def test_what_it_can_not_do_is_an_error_in_words(given, complaint):
    with pytest.raises(ValueError, match=complaint):
        execute(QualityGate(), 0.1, **given)


def test_a_score_of_another_kind_is_an_error_that_names_it():
    with pytest.raises(ValueError, match="must be a number"):
        execute(QualityGate(), "good")
