"""What is worth knowing of a graph before it runs."""

from __future__ import annotations

import pytest
from switchyard_pack.core.graph_hints import find_hints
from switchyard_pack.core.provenance import GATE

from .gated import node

OUTPUTS = ("Save", "Preview")


def hints(graph):
    return find_hints(graph, lambda kind: kind in OUTPUTS, lambda kind, name: (0, 2**32 - 1))


def gated(**more):
    return {
        "load": node("Load"),
        "sample": node("Sampler", seed=1, model=["load", 0]),
        "score": node("Score", image=["sample", 0]),
        "gate": node(GATE, **{"value": ["sample", 0], "score": ["score", 0], "max_attempts": 8, **more}),
        "save": node("Save", images=["gate", 0]),
    }


def switched(**more):
    """Two pipelines from one loader, and a switch between them."""
    return {
        "load": node("Load"),
        "a": node("Sampler", seed=1, model=["load", 0]),
        "b": node("Sampler", seed=2, model=["load", 0]),
        "switch": node("SwitchyardSwitch", condition=True, on_true=["a", 0], on_false=["b", 0]),
        "save": node("Save", images=["switch", 0]),
        **more,
    }


def test_nothing_is_said_about_graphs_that_are_right():
    assert hints({}) == []
    assert hints(gated()) == []
    assert hints(switched()) == []


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"value": ["load", 0], "score": ["load", 0]}, "Nothing upstream of the gate has a seed"),
        ({"value": ["load", 0]}, "plugged into value does not depend on a seed"),
        ({"score": ["load", 0]}, "plugged into score does not depend on a seed"),
        ({"vary": "attempt_seed"}, "no Attempt Seed node upstream"),
        ({"vary": "named", "seed_nodes": "nobody"}, "No node upstream of the gate is called 'nobody'"),
    ],
)
def test_a_gate_without_a_seed_is_told_in_the_words_of_its_run(options, text):
    (hint,) = hints(gated(**options))
    assert (hint["rule"], hint["node"]) == ("no_seed", "gate")
    assert text in hint["text"]


@pytest.mark.parametrize(
    "options",
    [
        {"max_attempts": 1},
        {"replay": "all"},
        {"score": 3},
        {"score": ["gone", 0]},
        {"vary": ["load", 0]},
    ],
)
def test_a_gate_that_tries_once_or_is_not_plugged_in_yet_needs_no_seed(options):
    assert hints(gated(**{"value": ["load", 0], **options})) == []


def test_an_output_node_in_a_branch_is_told():
    graph = switched(look=node("Preview", images=["a", 0]))
    assert hints(graph) == [{"rule": "runs_anyway", "node": "switch", "input": "on_true", "output": "look"}]


def test_an_output_node_that_shows_something_made_of_the_branch_is_told():
    graph = switched(mask=node("Mask", image=["b", 0]), look=node("Preview", images=["mask", 0]))
    assert [(hint["input"], hint["output"]) for hint in hints(graph)] == [("on_false", "look")]


def test_an_output_node_that_hands_on_is_part_of_its_branch():
    graph = switched(kept=node("Save", images=["a", 0]))
    graph["switch"]["inputs"]["on_true"] = ["kept", 0]
    assert [hint["output"] for hint in hints(graph)] == ["kept"]


def test_another_pipeline_may_share_what_only_one_branch_uses():
    graph = switched(
        photo=node("Photo"),
        other=node("Sampler", seed=3, model=["load", 0], latent=["photo", 0]),
        saved=node("Save", images=["other", 0]),
    )
    graph["switch"]["inputs"]["on_false"] = ["photo", 0]
    assert hints(graph) == []


def test_what_both_branches_need_runs_anyway_and_is_not_told():
    assert hints(switched(look=node("Preview", images=["load", 0]))) == []


def test_what_tells_a_gate_in_a_branch_to_open_may_be_looked_at():
    graph = switched(
        words=node("Text"),
        judge=node("Score", image=["a", 0], prompt=["words", 0]),
        gate=node("SwitchyardGate", open=["judge", 1], value=["a", 0]),
        look=node("Preview", source=["judge", 2]),
    )
    graph["switch"]["inputs"]["on_true"] = ["gate", 0]
    assert hints(graph) == []
    graph["look"]["inputs"]["source"] = ["a", 0]
    assert [(hint["node"], hint["output"]) for hint in hints(graph)] == [("switch", "look")]


def test_the_first_input_of_first_available_is_always_asked():
    graph = {
        "a": node("Load"),
        "b": node("Load"),
        "first": node("SwitchyardFirstAvailable", input_1=["a", 0], input_2=["b", 0]),
        "look_a": node("Preview", images=["a", 0]),
        "look_b": node("Preview", images=["b", 0]),
    }
    assert [(hint["input"], hint["output"]) for hint in hints(graph)] == [("input_2", "look_b")]


def test_names_that_are_there_twice_get_a_free_one():
    graph = {
        name: node("SwitchyardIntegerParameter", name=text, value=1)
        for name, text in {"1": "steps", "2": "steps", "3": "steps_2", "4": "", "5": ""}.items()
    }
    assert hints(graph) == [
        {"rule": "same_name", "node": "2", "name": "steps", "others": ["1"], "free": "steps_3"},
    ]


def test_one_node_in_a_subgraph_that_is_there_twice_can_not_be_renamed():
    graph = {f"{outer}:5": node("SwitchyardIntegerParameter", name="steps", value=1) for outer in (1, 2)}
    assert [hint["free"] for hint in hints(graph)] == [None]


def test_a_name_at_the_limit_gets_none_that_would_be_too_long():
    graph = {name: node("SwitchyardIntegerParameter", name="a" * 48, value=1) for name in "12"}
    assert [hint["free"] for hint in hints(graph)] == [None]


def test_a_graph_that_leads_back_into_itself_ends():
    graph = switched(look=node("Preview", images=["a", 0]))
    graph["a"]["inputs"]["model"] = ["switch", 0]
    hints(graph)
    hints({**gated(), "load": node("Load", again=["gate", 0])})
