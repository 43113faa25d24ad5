"""The memory of attempts: bounded, and empty as soon as it can't be told that the first attempt is the same."""

from __future__ import annotations

import sys

import pytest
import torch
from switchyard_pack.core.attempt_memory import MEMORY_BYTES, AttemptMemory


def picture(kilobytes=1):
    return torch.zeros(1, 16, 16, kilobytes)


FIRST = [picture()]


def begun(limit=MEMORY_BYTES, signature="graph", first=FIRST):
    memory = AttemptMemory(limit)
    memory.begin(signature, first)
    return memory


def known(memory, *keys):
    return [key for key in keys if memory.recall(key) is not None]


def test_an_attempt_is_remembered_with_the_same_objects():
    memory, values, details = begun(), [picture()], {"scores": [[0.5]]}
    memory.remember("a", values, details)
    assert memory.recall("a") == (values, details)
    assert memory.recall("a")[0][0] is values[0]
    assert memory.recall("b") is None


def test_the_next_run_of_the_same_graph_with_the_same_objects_remembers():
    memory = begun()
    memory.remember("a", [picture()], None)
    memory.begin("graph", list(FIRST))
    assert known(memory, "a") == ["a"]


def test_details_that_are_none_are_remembered_too():
    memory = begun()
    memory.remember("a", [], None)
    assert memory.recall("a") == ([], None)


@pytest.mark.parametrize(
    ("signature", "first"),
    [
        ("another graph", FIRST),
        (None, FIRST),
        ("graph", [picture()]),
        ("graph", [FIRST[0].clone()]),
        ("graph", [FIRST[0], FIRST[0]]),
        ("graph", []),
        ("graph", [None]),
    ],
)
def test_everything_is_forgotten_when_the_graph_or_an_object_is_another_one(signature, first):
    memory = begun()
    memory.remember("a", [picture()], None)
    memory.begin(signature, first)
    assert known(memory, "a") == []
    memory.begin("graph", FIRST)
    assert known(memory, "a") == []


@pytest.mark.parametrize("change", [0, 1, 2])
def test_one_other_object_of_several_is_enough_to_forget(change):
    first = [picture(), picture(), picture()]
    memory = begun(first=first)
    memory.remember("a", [picture()], None)
    memory.begin("graph", list(first))
    assert known(memory, "a") == ["a"]
    memory.begin("graph", [picture() if place == change else value for place, value in enumerate(first)])
    assert known(memory, "a") == []


@pytest.mark.parametrize("value", [True, 5, 0.5, 1j, "text", b"bytes", (1, 2), frozenset(), None])
def test_values_that_are_the_same_object_by_chance_prove_nothing(value):
    memory = begun(first=[value])
    memory.remember("a", [picture()], None)
    assert known(memory, "a") == []
    memory.begin("graph", [value])
    assert known(memory, "a") == []


class Model:
    """Stands for something large whose size can't be told."""


@pytest.mark.parametrize("value", [Model(), {"samples": torch.zeros(1), "model": Model()}])
def test_a_model_among_the_first_values_is_not_held_and_nothing_is_remembered(value):
    references = sys.getrefcount(value)
    first = [picture(), value]
    memory = begun(first=first)
    memory.remember("a", [picture()], None)
    assert known(memory, "a") == []
    del first
    assert sys.getrefcount(value) == references


def test_a_graph_whose_state_can_not_be_told_remembers_nothing():
    memory = begun(signature=None)
    memory.remember("a", [picture()], None)
    memory.begin(None, FIRST)
    assert known(memory, "a") == []


def test_before_the_first_run_nothing_is_remembered():
    memory = AttemptMemory()
    memory.remember("a", [picture()], None)
    assert known(memory, "a") == []


def test_the_first_value_is_held_so_that_no_other_object_can_take_its_place():
    """An object's id is free again once it is gone; comparing with one that is held can't be fooled."""
    memory = begun(first=[picture()])
    for _ in range(100):
        memory.remember("a", [picture()], None)
        memory.begin("graph", [picture()])
        assert known(memory, "a") == []


def test_the_least_recently_used_goes_first_when_it_is_full():
    memory = begun(limit=3 * 1024)
    for key in "abc":
        memory.remember(key, [picture(1)], None)
    assert known(memory, "b", "c", "a") == ["b", "c", "a"]
    memory.remember("d", [picture(1)], None)
    assert known(memory, "a", "b", "c", "d") == ["a", "c", "d"]
    memory.remember("e", [picture(2)], None)
    assert known(memory, "a", "c", "d", "e") == ["d", "e"]


def test_an_attempt_that_is_larger_than_all_there_is_displaces_nothing():
    memory = begun(limit=2 * 1024)
    memory.remember("a", [picture(1)], None)
    memory.remember("b", [picture(3)], None)
    assert known(memory, "a", "b") == ["a"]
    memory.remember("c", [picture(2)], None)
    assert known(memory, "a", "c") == ["c"]


def test_the_same_attempt_counts_once():
    memory = begun(limit=2 * 1024)
    memory.remember("a", [picture(1)], None)
    for _ in range(5):
        memory.remember("b", [picture(1)], None)
    assert known(memory, "a", "b") == ["a", "b"]


def test_what_is_forgotten_makes_room():
    memory = begun(limit=1024)
    memory.remember("a", [picture(1)], None)
    memory.begin("other", FIRST)
    memory.remember("b", [picture(1)], None)
    assert known(memory, "b") == ["b"]


def test_what_has_no_size_that_can_be_told_is_not_remembered():
    memory = begun()
    memory.remember("a", [object()], None)
    memory.remember("b", [[picture(), {"model": object()}]], None)
    assert known(memory, "a", "b") == []


def test_however_many_attempts_are_made_the_memory_holds_what_fits():
    memory = begun(limit=10 * 1024)
    for number in range(1000):
        memory.remember(str(number), [picture(1)], None)
    assert known(memory, *map(str, range(1000))) == [str(number) for number in range(990, 1000)]
