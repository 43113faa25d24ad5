"""Which nodes of a graph depend on a seed, and which seeds vary: small graphs worked out by hand."""

from __future__ import annotations

import math
import re

import pytest
from switchyard_pack.core.seed_graph import (
    ATTEMPT_SEED,
    SeedInput,
    affected,
    ancestors,
    find_seeds,
    is_link,
    is_seed_name,
    plan_attempts,
    read_names,
    seeds_of_attempt,
    signature,
    sources,
)
from switchyard_pack.core.seeds import HIGHEST_SEED


def node(class_type, title=None, **inputs):
    meta = {"_meta": {"title": title}} if title else {}
    return {"class_type": class_type, "inputs": inputs, **meta}


# A loader and a text encoder without seeds; two samplers, the second on the first one's picture; a scorer.
TWO_STAGES = {
    "loader": node("Loader", name="a.safetensors"),
    "text": node("Encode", text="a cat", clip=["loader", 1]),
    "first": node("Sampler", "Base", seed=5, steps=20, model=["loader", 0], positive=["text", 0]),
    "second": node("Sampler", "Refine", seed=7, steps=10, model=["loader", 0], latent=["first", 0]),
    "decode": node("Decode", samples=["second", 0], vae=["loader", 2]),
    "score": node("Score", image=["decode", 0]),
    "preview": node("Preview", image=["first", 0]),
}
# One primitive feeds two samplers of different ranges; another number goes through arithmetic.
FED = {
    "seed": node("PrimitiveInt", value=42),
    "wide": node("Sampler", seed=["seed", 0]),
    "narrow": node("Narrow", noise_seed=["seed", 0], latent=["wide", 0]),
    "offset": node("PrimitiveInt", value=1000),
    "sum": node("Add", a=["offset", 0], b=3),
    "third": node("Sampler", seed=["sum", 0], latent=["narrow", 0]),
}
RANGES = {("Narrow", "noise_seed"): (1, 2**32 - 1), ("PrimitiveInt", "value"): (-(2**63), 2**63 - 1)}


def get_range(class_type, name):
    return RANGES.get((class_type, name), (0, HIGHEST_SEED))


def found(graph, roots, vary="auto", names=()):
    return {(seed.node, seed.name) for seed in find_seeds(graph.__getitem__, roots, get_range, vary, names)}


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        (["3", 0], True),
        (["3:7", 1.0], True),
        (["3", True], True),
        (["3", "0"], False),
        ([3, 0], False),
        (("3", 0), False),
        (["3"], False),
        (["3", 0, 0], False),
        ("3", False),
        (None, False),
        ([["3", 0], 0], False),
    ],
)
def test_a_link_is_what_comfyui_takes_for_one(value, answer):
    assert is_link(value) is answer


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("seed", True),
        ("noise_seed", True),
        ("variation_seed", True),
        ("Seed", True),
        ("sampling_mode.seed", True),
        ("seed.mode", False),
        ("seeds", False),
        ("seed_mode", False),
        ("noiseseed", False),
        ("reseed", False),
    ],
)
def test_a_seed_goes_by_its_name(name, answer):
    assert is_seed_name(name) is answer


def test_sources_come_in_the_order_of_the_inputs_and_as_often_as_they_are_linked():
    assert sources(node("Any", b=["2", 0], a=["1", 1], text="x", size=[1, 2], again=["2", 1])) == ["2", "1", "2"]


def test_ancestors_come_after_what_they_depend_on_and_once():
    order = ancestors(TWO_STAGES.__getitem__, ["score", "decode", "first"])
    assert sorted(order) == ["decode", "first", "loader", "score", "second", "text"]
    for position, node_id in enumerate(order):
        assert set(sources(TWO_STAGES[node_id])) <= set(order[:position])


def test_a_graph_longer_than_the_recursion_limit_is_walked():
    graph = {"0": node("Sampler", seed=1)}
    graph |= {str(number): node("Pass", value=[str(number - 1), 0]) for number in range(1, 5000)}
    assert len(ancestors(graph.__getitem__, ["4999"])) == 5000
    assert len(affected(graph.__getitem__, ["4999"], ["0"])) == 5000
    assert found(graph, ["4999"]) == {("0", "seed")}
    assert signature(graph.__getitem__, ["4999"]) is not None


def test_a_graph_of_many_ways_through_it_is_walked_once():
    graph = {"0": node("Sampler", seed=1)}
    graph |= {str(n): node("Mix", a=[str(n - 1), 0], b=[str(n - 1), 0], c=[str(n - 1), 1]) for n in range(1, 60)}
    assert len(ancestors(graph.__getitem__, ["59"])) == 60


@pytest.mark.parametrize(
    ("graph", "roots", "vary", "names", "expected"),
    [
        (TWO_STAGES, ["decode"], "auto", (), {("first", "seed"), ("second", "seed")}),
        (TWO_STAGES, ["decode"], "all", (), {("first", "seed"), ("second", "seed")}),
        (TWO_STAGES, ["preview"], "all", (), {("first", "seed")}),
        (TWO_STAGES, ["score"], "named", ("Refine",), {("second", "seed")}),
        (TWO_STAGES, ["score"], "named", ("first",), {("first", "seed")}),
        (TWO_STAGES, ["score"], "named", ("Sampler",), {("first", "seed"), ("second", "seed")}),
        (TWO_STAGES, ["score"], "named", ("Refine", "loader"), {("second", "seed")}),
        (FED, ["wide"], "all", (), {("seed", "value")}),
        (FED, ["narrow"], "all", (), {("seed", "value")}),
        (FED, ["third"], "all", (), {("seed", "value"), ("offset", "value")}),
        (FED, ["third"], "named", ("third",), {("offset", "value")}),
        (FED, ["third"], "named", ("narrow", "wide"), {("seed", "value")}),
    ],
)
def test_the_seeds_that_vary(graph, roots, vary, names, expected):
    assert found(graph, roots, vary, names) == expected


def marked_graph():
    return {
        **TWO_STAGES,
        "mark": node(ATTEMPT_SEED, seed=99),
        "second": node("Sampler", "Refine", seed=["mark", 0], latent=["first", 0]),
    }


def test_an_attempt_seed_upstream_leaves_the_other_seeds_alone():
    assert found(marked_graph(), ["score"]) == {("mark", "seed")}
    assert found(marked_graph(), ["score"], "attempt_seed") == {("mark", "seed")}
    assert found(marked_graph(), ["score"], "all") == {("mark", "seed"), ("first", "seed")}
    assert found(marked_graph(), ["preview"]) == {("first", "seed")}


def test_an_attempt_seed_that_is_fed_by_a_primitive_varies_the_primitive():
    graph = {**marked_graph(), "mark": node(ATTEMPT_SEED, seed=["number", 0]), "number": node("PrimitiveInt", value=1)}
    assert found(graph, ["score"]) == {("number", "value")}


@pytest.mark.parametrize(
    ("inputs", "is_primitive"),
    [
        ({"value": 5}, True),
        ({"value": 5, "control": "randomize", "is_fixed": True, "scale": 2.0}, True),
        ({"value": -5}, True),
        ({"value": 5.0}, False),
        ({"value": True}, False),
        ({"value": "5"}, False),
        ({"low": 1, "high": 9}, False),
        ({"value": 5, "more": ["first", 0]}, False),
    ],
)
def test_a_linked_seed_comes_from_the_one_whole_number_of_a_node_without_links(inputs, is_primitive):
    graph = {"first": node("Loader"), "number": node("Number", **inputs), "end": node("Sampler", seed=["number", 0])}
    if is_primitive:
        assert found(graph, ["end"]) == {("number", "value")}
    else:
        with pytest.raises(ValueError, match="Nothing upstream of the gate has a seed"):
            found(graph, ["end"])


@pytest.mark.parametrize("value", [True, 5.0, "5", None, [5, 0]])
def test_a_seed_input_without_a_whole_number_is_no_seed(value):
    with pytest.raises(ValueError, match="Nothing upstream of the gate has a seed"):
        found({"end": node("Sampler", seed=value)}, ["end"])


@pytest.mark.parametrize(
    ("vary", "names", "message"),
    [
        ("auto", (), "Nothing upstream of the gate has a seed"),
        ("all", (), "Nothing upstream of the gate has a seed"),
        ("attempt_seed", (), "There is no Attempt Seed node upstream"),
        ("named", (), "no node is named"),
        ("named", ("first",), "No node upstream of the gate is called 'first'"),
        ("named", ("text", "loader"), r"The named nodes \(loader, text\) have no seed"),
    ],
)
def test_without_a_seed_the_error_says_what_to_do(vary, names, message):
    with pytest.raises(ValueError, match=message):
        found(TWO_STAGES, ["text"], vary, names)


def test_a_name_that_fits_only_one_of_two_is_an_error_that_names_the_other():
    with pytest.raises(ValueError, match="called 'Refin'"):
        found(TWO_STAGES, ["score"], "named", ("Base", "Refin"))


def test_a_seed_stays_inside_the_range_of_every_input_that_it_feeds():
    by_node = {seed.node: seed for seed in find_seeds(FED.__getitem__, ["third"], get_range)}
    assert by_node["seed"] == SeedInput("seed", "value", 42, 1, 2**32 - 1)
    assert by_node["offset"] == SeedInput("offset", "value", 1000, 0, 2**63 - 1)


def test_inputs_without_a_seed_in_common_are_an_error_that_names_the_node():
    graph = {
        "n": node("PrimitiveInt", value=5),
        "a": node("A", seed=["n", 0]),
        "b": node("B", seed=["n", 0], x=["a", 0]),
    }
    ranges = {"A": (0, 10), "B": (11, 20), "PrimitiveInt": (0, 100)}
    with pytest.raises(ValueError, match="node n"):
        find_seeds(graph.__getitem__, ["b"], lambda class_type, name: ranges[class_type])


@pytest.mark.parametrize(
    ("graph", "roots", "changed", "expected"),
    [
        (TWO_STAGES, ["decode", "score"], ["first"], ["first", "second", "decode", "score"]),
        (TWO_STAGES, ["decode", "score"], ["second"], ["second", "decode", "score"]),
        (TWO_STAGES, ["decode", "score"], ["first", "second"], ["first", "second", "decode", "score"]),
        (TWO_STAGES, ["decode"], [], []),
        (TWO_STAGES, ["text"], ["first"], []),
        (FED, ["third"], ["offset"], ["offset", "sum", "third"]),
        (FED, ["narrow"], ["offset"], []),
    ],
)
def test_what_a_changed_seed_reaches_comes_in_running_order(graph, roots, changed, expected):
    assert affected(graph.__getitem__, roots, changed) == expected


SEEDS = [SeedInput("a", "seed", 5), SeedInput("a", "noise_seed", 9, 0, 10), SeedInput("b", "seed", 0)]


def test_an_attempt_changes_every_seed_by_its_own_base_and_range():
    assert seeds_of_attempt(SEEDS, 0, "increment") == {"a": {"seed": 5, "noise_seed": 9}, "b": {"seed": 0}}
    assert seeds_of_attempt(SEEDS, 2, "increment") == {"a": {"seed": 7, "noise_seed": 0}, "b": {"seed": 2}}
    assert seeds_of_attempt(SEEDS, 1, "list", [8]) == {"a": {"seed": 8, "noise_seed": 8}, "b": {"seed": 8}}


def planned(seed, max_attempts, mode, listed=()):
    return [attempt["n"]["seed"] for attempt in plan_attempts([seed], max_attempts, mode, listed)]


@pytest.mark.parametrize(
    ("value", "low", "high", "max_attempts", "mode", "listed", "expected"),
    [
        (5, 0, HIGHEST_SEED, 4, "increment", (), [5, 6, 7, 8]),
        (5, 0, HIGHEST_SEED, 1, "increment", (), [5]),
        (1, 0, 2, 10, "increment", (), [1, 2, 0]),
        (3, 3, 3, 10, "increment", (), [3]),
        (5, 0, HIGHEST_SEED, 8, "list", (1, 2), [5, 1, 2]),
        (5, 0, HIGHEST_SEED, 2, "list", (1, 2), [5, 1]),
        (5, 0, HIGHEST_SEED, 1, "list", (1, 2), [5]),
        (5, 0, HIGHEST_SEED, 8, "list", (5, 1, 1, 2), [5, 1, 2]),
        (5, 0, HIGHEST_SEED, 3, "list", (5, 1, 1, 2), [5, 1, 2]),
        (5, 0, HIGHEST_SEED, 4, "list", (), [5]),
        (5, 0, 10, 2, "list", (1, 11), [5, 1]),
    ],
)
def test_no_seed_is_tried_twice_and_there_are_at_most_so_many(value, low, high, max_attempts, mode, listed, expected):
    assert planned(SeedInput("n", "seed", value, low, high), max_attempts, mode, listed) == expected


def test_hashed_attempts_are_all_different():
    assert len(set(planned(SeedInput("n", "seed", 5), 1000, "hashed"))) == 1000
    small = planned(SeedInput("n", "seed", 5, 0, 10), 1000, "hashed")
    assert len(small) == len(set(small)) <= 11


def test_a_listed_seed_outside_the_range_is_an_error_if_it_would_be_tried():
    with pytest.raises(ValueError, match="seed 11 of the list is outside"):
        planned(SeedInput("n", "seed", 5, 0, 10), 3, "list", (1, 11))


def changed(**nodes):
    graph = {**TWO_STAGES, **nodes}
    return signature(graph.__getitem__, ["score"])


def test_the_signature_shows_every_change_upstream():
    same = changed()
    assert same == changed() == changed(preview=node("Other", x=1))
    different = [
        changed(text=node("Encode", text="a dog", clip=["loader", 1])),
        changed(text=node("Encode", text="a cat", clip=["loader", 0])),
        changed(text=node("Encode2", text="a cat", clip=["loader", 1])),
        changed(loader={**TWO_STAGES["loader"], "is_changed": "abc"}),
        changed(loader={**TWO_STAGES["loader"], "is_changed": "abd"}),
        changed(first=node("Sampler", seed=6, steps=20, model=["loader", 0], positive=["text", 0])),
    ]
    assert len({same, *different}) == len(different) + 1


@pytest.mark.parametrize("mark", [math.nan, [math.nan], object(), {"a": {1, 2}}])
def test_what_is_not_comparable_has_no_signature(mark):
    assert changed(loader={**TWO_STAGES["loader"], "is_changed": mark}) is None
    assert changed(loader=node("Loader", name=mark)) is None


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        (" , \n", []),
        ("3", ["3"]),
        ("Base, Refine", ["Base", "Refine"]),
        ("My sampler\n 12:7 ,x", ["My sampler", "12:7", "x"]),
    ],
)
def test_names_are_read_out_of_text(text, names):
    assert read_names(text) == names


def test_walking_changes_nothing():
    before = repr(FED)
    found(FED, ["third"])
    affected(FED.__getitem__, ["third"], ["seed"])
    seeds = find_seeds(FED.__getitem__, ["third"], get_range)
    plan_attempts(seeds, 5, "increment")
    assert repr(FED) == before
    assert not re.search("1001|43", before)
