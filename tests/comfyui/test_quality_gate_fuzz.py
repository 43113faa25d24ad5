"""Random graphs with a Quality Gate in a real server: which nodes ran again equals what an evaluator of ours says."""

from __future__ import annotations

import random

import pytest
from gate_graphs import unit
from graphs import node

ATTEMPTS = 3


def random_graph(rng):
    """A graph of mixing nodes, some with a seed of their own or from a primitive, some behind a switch."""
    graph, index = {}, 0
    for index in range(rng.randint(3, 14)):
        earlier = list(graph)
        kind = rng.choice(["plain", "plain", "seeded", "primitive", "switch"] if earlier else ["seeded", "plain"])
        inputs = {name: [rng.choice(earlier), 0] for name in "ab" if earlier and rng.random() < 0.8}
        if kind == "switch":
            on_true, on_false = (rng.choice(earlier) for _ in range(2))
            graph[f"n{index}"] = node(
                "SwitchyardSwitch", condition=rng.random() < 0.5, on_true=[on_true, 0], on_false=[on_false, 0]
            )
            continue
        if kind == "seeded":
            inputs["seed"] = rng.randrange(1000)
        if kind == "primitive":
            graph[f"p{index}"] = node("PrimitiveInt", value=rng.randrange(1000))
            inputs["seed"] = [f"p{index}", 0]
        graph[f"n{index}"] = node("ProbeMix", label=f"n{index}", **inputs)
    last = f"n{index}"
    graph[last] = node("ProbeMix", label=last, a=[f"n{index - 1}", 0], seed=rng.randrange(1000))
    return graph, last


def upstream(graph, name):
    links = [link[0] for link in graph[name]["inputs"].values() if isinstance(link, list)]
    return {name}.union(*(upstream(graph, source) for source in links))


def varied_primitives(graph, last):
    """Only a primitive that is plugged into a seed upstream of the gate varies."""
    seeds = [graph[name]["inputs"].get("seed") for name in upstream(graph, last)]
    return {seed[0] for seed in seeds if isinstance(seed, list)}


def evaluate(graph, name, attempt, ran, varied):
    """What a node gives in an attempt, all seeds counted up; a node that runs is added to ran."""
    spec = graph[name]
    inputs = spec["inputs"]

    def given(key):
        link = inputs.get(key)
        return evaluate(graph, link[0], attempt, ran, varied) if isinstance(link, list) else link

    ran.add(name)
    if spec["class_type"] == "PrimitiveInt":
        return inputs["value"] + (attempt if name in varied else 0)
    if spec["class_type"] == "SwitchyardSwitch":
        return given("on_true" if inputs["condition"] else "on_false")
    seed = inputs.get("seed")
    seed = given("seed") if isinstance(seed, list) else None if seed is None else seed + attempt
    return unit(inputs["label"], given("a"), given("b"), seed)


@pytest.mark.parametrize("number", range(25))
def test_what_runs_again_is_what_depends_on_a_seed(run, number):
    graph, last = random_graph(random.Random(number))
    gate = node(
        "SwitchyardQualityGate",
        value=[last, 0],
        score=[last, 0],
        comparison=">",
        threshold=2.0,
        max_attempts=ATTEMPTS,
        if_none_pass="last",
    )
    # A text of its own for each graph: what ran is not to depend on what the server remembers.
    tagged = {
        name: {**spec, "inputs": {**spec["inputs"], "label": f"{number}.{name}"}}
        if spec["class_type"] == "ProbeMix"
        else spec
        for name, spec in graph.items()
    }
    result = run({**tagged, "gate": gate, "facts": node("ProbeFacts", more=["gate", 0])})
    assert result.status == "success", result.error
    ran: list[set[str]] = [set() for _ in range(ATTEMPTS)]
    varied = varied_primitives(tagged, last)
    values = [evaluate(tagged, last, attempt, ran[attempt], varied) for attempt in range(ATTEMPTS)]
    assert result.outputs["facts"]["facts"][0]["more"] == pytest.approx(values[-1])
    for name, spec in tagged.items():
        if spec["class_type"] == "SwitchyardSwitch":
            continue
        given = [evaluate(tagged, name, attempt, set(), varied) for attempt in range(ATTEMPTS)]
        expected = 0 if name not in ran[0] else ATTEMPTS if len(set(given)) > 1 else 1
        started = result.times_started(name)
        assert started == expected or (spec["class_type"] == "PrimitiveInt" and started <= expected), name
