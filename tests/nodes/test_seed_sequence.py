"""The Seed Sequence node: the seeds that a Quality Gate would try, as a list and as text."""

from __future__ import annotations

import inspect
import json

import pytest
from switchyard_pack.core.seed_graph import SeedInput, plan_attempts
from switchyard_pack.core.seeds import HIGHEST_SEED, SEED_MODES, read_seeds
from switchyard_pack.nodes.attempt_seed import AttemptSeed
from switchyard_pack.nodes.quality_gate import QualityGate
from switchyard_pack.nodes.seed_sequence import SeedSequence


def _sequence(seed=5, count=4, seed_mode="increment", **options):
    returned = SeedSequence().execute(seed, count, seed_mode, **options)
    payload = json.loads(json.dumps(returned["ui"], allow_nan=False))["switchyard"]
    assert len(payload) == 1
    assert payload[0]["kind"] == "seed_sequence"
    seeds, text = returned["result"]
    assert payload[0]["data"] == {"seeds": text}
    assert read_seeds(text) == seeds
    return seeds, text, payload[0]["summary"]


def test_seeds_count_up_from_the_first():
    assert _sequence() == ([5, 6, 7, 8], "5, 6, 7, 8", "4 seeds, increment: 5, 6, 7, ... 8")
    assert _sequence(count=1) == ([5], "5", "1 seed, increment: 5")
    assert _sequence(seed=HIGHEST_SEED, count=2)[0] == [HIGHEST_SEED, 0]


def test_hashed_seeds_begin_with_the_first_and_have_no_pattern():
    seeds, _, summary = _sequence(seed=0, count=3, seed_mode="hashed")
    assert seeds == [0, 8008290772314498, 422010079223838]
    assert summary.startswith("3 seeds, hashed: 0, 8008290772314498")


def test_a_list_is_taken_as_it_is_without_the_seed():
    assert _sequence(seed_mode="list", seed_list="30, 10; 20")[0] == [30, 10, 20]
    assert _sequence(count=2, seed_mode="list", seed_list="30 10 20")[0] == [30, 10]
    assert _sequence(seed_mode="list", seed_list="30 30 10")[0] == [30, 10]
    assert _sequence(seed_list="30, 10")[0] == [5, 6, 7, 8]


def test_an_empty_list_is_a_red_node_that_says_what_to_do():
    with pytest.raises(ValueError, match="seed_list is empty"):
        _sequence(seed_mode="list", seed_list=" , ")


@pytest.mark.parametrize("mode", ["increment", "hashed"])
@pytest.mark.parametrize("seed", [0, 7, HIGHEST_SEED])
def test_the_seeds_are_those_of_a_quality_gate(mode, seed):
    tried = plan_attempts([SeedInput("sampler", "seed", seed)], 50, mode)
    assert _sequence(seed, 50, mode)[0] == [attempt["sampler"]["seed"] for attempt in tried]


def test_the_text_as_seed_list_of_a_gate_gives_the_same_seeds_as_the_sequence():
    seeds, text, _ = _sequence(7, 6, "hashed")
    tried = plan_attempts([SeedInput("sampler", "seed", 7)], 6, "list", read_seeds(text))
    assert [attempt["sampler"]["seed"] for attempt in tried] == seeds
    assert QualityGate.VALIDATE_INPUTS(seed_list=[text]) is True


def test_a_list_that_is_none_is_refused_before_anything_runs():
    assert "'x' in the list of seeds is not a seed" in SeedSequence.VALIDATE_INPUTS(seed_list="1, x")
    assert SeedSequence.VALIDATE_INPUTS(seed_list="1, 2") is True
    assert SeedSequence.VALIDATE_INPUTS() is True
    assert inspect.getfullargspec(SeedSequence.VALIDATE_INPUTS).args == ["cls", "seed_list"]


def test_the_seed_widget_is_that_of_a_sampler():
    inputs = SeedSequence.INPUT_TYPES()
    assert list(inputs["required"]) == ["seed", "count", "seed_mode"]
    assert list(inputs["optional"]) == ["seed_list"]
    assert inputs["required"]["seed_mode"][0] == list(SEED_MODES)
    theirs, ours = AttemptSeed.INPUT_TYPES()["required"]["seed"][1], inputs["required"]["seed"][1]
    assert {**theirs, "tooltip": ""} == {**ours, "tooltip": ""}
    assert SeedSequence.OUTPUT_IS_LIST == (True, False)


def test_ten_thousand_seeds_are_one_line():
    _, _, summary = _sequence(count=10000)
    assert summary == "10000 seeds, increment: 5, 6, 7, ... 10004"
