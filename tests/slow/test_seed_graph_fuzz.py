"""Random graphs: what the walks say about seeds is what two evaluations of the graph show.

The oracle never walks links backwards. It evaluates the graph, symbolically, with and without a changed number, and
compares what came out of each node. Which classes hold seeds it knows by class, not by an input's name.
"""

from __future__ import annotations

import copy
import hashlib
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from switchyard_pack.core.seed_graph import ATTEMPT_SEED, affected, find_seeds, plan_attempts
from switchyard_pack.core.seeds import HIGHEST_SEED

SETTINGS = settings(
    deadline=None, max_examples=600, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
# Each class: its inputs that hold a number, its inputs that hold a link, and the seeds, which hold either.
CLASSES = {
    "Loader": ((), (), ()),
    "Options": (("width", "height"), (), ()),
    "Decoys": (("seed_count", "reseed"), (), ()),
    "Primitive": (("value",), (), ()),
    "Add": (("b",), ("a",), ()),
    "Pass": ((), ("value",), ()),
    "Mix": ((), ("a", "b"), ()),
    "Switch": ((), ("on_true", "on_false"), ()),
    "Sampler": (("steps",), ("model",), ("seed",)),
    "Twin": ((), (), ("noise_seed", "variation_seed")),
    ATTEMPT_SEED: ((), (), ("seed",)),
}
Graph = dict[str, dict[str, Any]]


def random_graph(number: int) -> tuple[Graph, list[str]]:
    """A graph whose ids and order say nothing about its links, and the nodes that are judged."""
    rng = random.Random(number)
    size = rng.randint(1, 12)
    ids = rng.sample([str(number) for number in range(size)], size)
    graph: Graph = {}
    for place, node_id in enumerate(ids):
        near = ids[max(0, place - 5) : place]
        is_leaf = not near or rng.random() < 0.3
        possible = [name for name, (_, links, _) in CLASSES.items() if not (links and is_leaf)]
        class_type = rng.choice([*possible, "Primitive" if is_leaf else "Sampler"])
        numbers, links, seeds = CLASSES[class_type]
        inputs: dict[str, Any] = {name: rng.randint(0, 3) for name in numbers}
        inputs |= {name: [rng.choice(near), rng.randint(0, 1)] for name in links}
        for name in seeds:
            inputs[name] = [rng.choice(near), 0] if not is_leaf and rng.random() < 0.6 else rng.randint(0, 3)
        if class_type == "Switch":
            inputs["condition"] = rng.random() < 0.5
        if class_type == "Loader":
            inputs["name"] = rng.choice("ab")
        graph[node_id] = {"class_type": class_type, "inputs": inputs}
    roots = rng.choices(ids[-3:], k=rng.randint(1, 3))
    return {node_id: graph[node_id] for node_id in sorted(graph)}, roots


graphs = st.integers(0, 2**32).map(random_graph)


class Evaluation:
    """What comes out of each node that ran: a text that says all that went into it.

    Args:
        graph: the graph.
        roots: the nodes that are asked for.
        takes_branches: whether a Switch asks only for the branch that it takes, as in a lazily wired graph.
        known: results of nodes that are not run again.
    """

    def __init__(
        self, graph: Graph, roots: list[str], takes_branches: bool = False, known: dict[str, str] | None = None
    ) -> None:
        self.graph = graph
        self.takes_branches = takes_branches
        self.results = dict(known or {})
        self.ran: list[str] = []
        for root in roots:
            self.result_of(root)

    def result_of(self, node_id: str) -> str:
        if node_id not in self.results:
            inputs = dict(self.graph[node_id]["inputs"])
            class_type = self.graph[node_id]["class_type"]
            if class_type == "Switch" and self.takes_branches:
                inputs.pop("on_false" if inputs["condition"] else "on_true")
            given = [class_type, *((name, self.value_of(value)) for name, value in sorted(inputs.items()))]
            self.results[node_id] = hashlib.sha256(repr(given).encode()).hexdigest()
            self.ran.append(node_id)
        return self.results[node_id]

    def value_of(self, value: Any) -> Any:
        return (self.result_of(value[0]), value[1]) if isinstance(value, list) else value


def with_numbers(graph: Graph, numbers: dict[str, dict[str, int]]) -> Graph:
    changed = copy.deepcopy(graph)
    for node_id, inputs in numbers.items():
        changed[node_id]["inputs"].update(inputs)
    return changed


def seeds_by_evaluation(graph: Graph, roots: list[str], nodes: list[str]) -> set[tuple[str, str]]:
    """The numbers that decide the seeds of some nodes: found by changing every number, one after the other."""
    ran = Evaluation(graph, roots).ran
    numbers = [(node_id, name) for node_id in ran for name in all_numbers(graph, node_id)]
    own = {(node_id, name) for node_id, name in numbers if name in CLASSES[graph[node_id]["class_type"]][2]}
    primitives = {(node_id, name) for node_id, name in numbers if graph[node_id]["class_type"] == "Primitive"}
    found = {seed for seed in own if seed[0] in nodes}
    for node_id in nodes:
        for name in CLASSES[graph[node_id]["class_type"]][2]:
            value = graph[node_id]["inputs"][name]
            if isinstance(value, list):
                deciding = {number for number in own | primitives if decides(graph, number, value[0])}
                found |= deciding & own or deciding
    return found


def all_numbers(graph: Graph, node_id: str) -> list[str]:
    return [name for name, value in graph[node_id]["inputs"].items() if type(value) is int]


def decides(graph: Graph, number: tuple[str, str], target: str) -> bool:
    changed = with_numbers(graph, {number[0]: {number[1]: 1000}})
    return Evaluation(graph, [target]).results[target] != Evaluation(changed, [target]).results[target]


def found_seeds(graph: Graph, roots: list[str], vary: str = "all", names: tuple[str, ...] = ()) -> Any:
    return find_seeds(graph.__getitem__, roots, lambda class_type, name: (0, HIGHEST_SEED), vary, names)


@SETTINGS
@given(graphs, st.sampled_from(["all", "auto", "attempt_seed", "named"]), st.data())
def test_the_seeds_that_vary_are_the_numbers_that_change_a_seed(case, vary, data):
    graph, roots = case
    ran = Evaluation(graph, roots).ran
    marked = [node_id for node_id in ran if graph[node_id]["class_type"] == ATTEMPT_SEED]
    named = tuple(data.draw(st.lists(st.sampled_from(ran), min_size=1, max_size=3), label="named"))
    nodes = {"all": ran, "auto": marked or ran, "attempt_seed": marked, "named": list(named)}[vary]
    expected = seeds_by_evaluation(graph, roots, nodes)
    if expected:
        assert {(seed.node, seed.name) for seed in found_seeds(graph, roots, vary, named)} == expected
    else:
        with pytest.raises(ValueError, match="seed"):
            found_seeds(graph, roots, vary, named)


def next_attempt(graph: Graph, roots: list[str], mode: str = "hashed") -> tuple[Graph, list[str]] | None:
    """The graph with the seeds of the next attempt, and what `affected` says has to run for it."""
    try:
        seeds = found_seeds(graph, roots)
    except ValueError:
        return None
    attempt = plan_attempts(seeds, 2, mode)[1]
    return with_numbers(graph, attempt), affected(graph.__getitem__, roots, attempt)


@SETTINGS
@given(graphs, st.sampled_from(["increment", "hashed"]))
def test_what_runs_again_is_exactly_what_gives_something_else(case, mode):
    graph, roots = case
    attempt = next_attempt(graph, roots, mode)
    if attempt:
        changed, again = attempt
        before, after = Evaluation(graph, roots), Evaluation(changed, roots)
        assert set(before.ran) == set(after.ran)
        assert sorted(again) == sorted(n for n in before.ran if before.results[n] != after.results[n])


@SETTINGS
@given(graphs)
def test_running_these_in_their_order_gives_what_running_everything_would(case):
    graph, roots = case
    attempt = next_attempt(graph, roots)
    if attempt:
        changed, again = attempt
        before = Evaluation(graph, roots)
        kept = {node_id: result for node_id, result in before.results.items() if node_id not in again}
        for place, node_id in enumerate(again):
            one = Evaluation(changed, [node_id], known=kept)
            assert one.ran == [node_id], f"{again[place:]} come before what they depend on"
            kept = one.results
        assert kept == Evaluation(changed, roots).results


@SETTINGS
@given(graphs)
def test_where_branches_are_lazy_nothing_outside_of_these_changes(case):
    graph, roots = case
    attempt = next_attempt(graph, roots)
    if attempt:
        changed, again = attempt
        before, after = Evaluation(graph, roots, True), Evaluation(changed, roots, True)
        assert before.ran == after.ran
        different = {n for n in before.ran if before.results[n] != after.results[n]}
        assert different <= set(again)
        kept = {node_id: result for node_id, result in before.results.items() if node_id not in again}
        assert Evaluation(changed, roots, True, kept).results == after.results


def test_the_random_graphs_have_all_that_matters():
    """The oracle would be worth nothing if the graphs had no seeds, no links to seeds, or no node left alone."""
    counts = dict.fromkeys(["with seeds", "without", "fed by a primitive", "part runs again", "marked", "lazy"], 0)

    @SETTINGS
    @given(graphs)
    def count(case):
        graph, roots = case
        ran = Evaluation(graph, roots).ran
        attempt = next_attempt(graph, roots)
        counts["with seeds" if attempt else "without"] += 1
        counts["lazy"] += Evaluation(graph, roots, True).ran != ran
        counts["marked"] += any(graph[node_id]["class_type"] == ATTEMPT_SEED for node_id in ran)
        if attempt:
            counts["part runs again"] += len(attempt[1]) < len(ran)
            primitives = {seed.node for seed in found_seeds(graph, roots)}
            counts["fed by a primitive"] += any(graph[n]["class_type"] == "Primitive" for n in primitives)

    count()
    assert min(counts.values()) >= 25, counts
