"""What the page may ask about a graph: anything else is refused in words."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from switchyard_pack.nodes.host.hint_routes import hints_for
from switchyard_pack.nodes.host.http_answers import RefusedError


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "graph is missing"),
        ({"graph": None}, "graph is missing"),
        ({"graph": []}, "has to be an object"),
        ({"graph": {"1": None}}, "Node '1' has to be an object with inputs"),
        ({"graph": {"1": {"class_type": "A"}}}, "Node '1' has to be an object with inputs"),
        ({"graph": {"1": {"class_type": "A", "inputs": []}}}, "Node '1' has to be an object with inputs"),
        ({"graph": {"1": {"inputs": {}}}}, "Node '1' has no class_type"),
        ({"graph": {"1" * 500: {"class_type": 3, "inputs": {}}}}, "has no class_type"),
    ],
)
def test_what_is_no_graph_is_refused(body, words):
    with pytest.raises(RefusedError, match=words) as refusal:
        hints_for(body)
    assert refusal.value.status == 400
    assert len(str(refusal.value)) < 300


def test_classes_that_are_not_there_or_fail_keep_nobody_from_getting_hints(monkeypatch):
    class Broken:
        OUTPUT_NODE = "yes"

        @classmethod
        def INPUT_TYPES(cls):
            raise RuntimeError

    installed = ModuleType("nodes")
    monkeypatch.setattr(installed, "NODE_CLASS_MAPPINGS", {"Broken": Broken}, raising=False)
    monkeypatch.setitem(sys.modules, "nodes", installed)
    link = {"value": ["1", 0], "score": ["2", 0]}
    graph = {
        "1": {"class_type": "Broken", "inputs": {"seed": 1, "odd": [["x"], {"y": 1}], "none": None}},
        "2": {"class_type": "Gone", "inputs": {"image": ["1", 0], "loose": ["99", 0]}},
        "3": {"class_type": "SwitchyardQualityGate", "inputs": link},
        "4": {
            "class_type": "SwitchyardQualityGate",
            "inputs": {**link, "value": ["2", 0], "seed_nodes": 3, "vary": []},
        },
        "5": {"class_type": "SwitchyardFirstAvailable", "inputs": {"input_x": ["1", 0], "input_1": ["1", 0]}},
    }
    assert [hint["rule"] for hint in hints_for({"graph": graph})["hints"]] == []
