"""Seeds of further attempts: inside the range, without repetition, the same every time; and lists of seeds in text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from switchyard_pack.core.seeds import HIGHEST_EXACT, HIGHEST_SEED, SEED_MODES, attempt_seed, read_seeds, seed_sequence

SETTINGS = settings(deadline=None, max_examples=200, derandomize=True, database=None)


@pytest.mark.parametrize("mode", SEED_MODES)
def test_the_first_attempt_keeps_the_seed_of_the_graph_even_one_outside_the_range(mode):
    assert attempt_seed(5, 0, mode) == 5
    assert attempt_seed(500, 0, mode, 0, 10, [7]) == 500


@pytest.mark.parametrize(
    ("base", "attempt", "low", "high", "seed"),
    [
        (5, 1, 0, HIGHEST_SEED, 6),
        (5, 10, 0, HIGHEST_SEED, 15),
        (HIGHEST_SEED, 1, 0, HIGHEST_SEED, 0),
        (HIGHEST_SEED - 1, 3, 0, HIGHEST_SEED, 1),
        (9, 1, 0, 10, 10),
        (10, 1, 0, 10, 0),
        (10, 12, 0, 10, 0),
        (8, 1, 5, 8, 5),
        (5, 4, 5, 8, 5),
        (-1, 1, -1, 1, 0),
        (1, 1, -1, 1, -1),
        (3, 1, 3, 3, 3),
        (20, 1, 0, 10, 10),
        (-5, 1, 0, 10, 7),
    ],
)
def test_increment_counts_up_and_wraps_around_at_the_end_of_the_range(base, attempt, low, high, seed):
    assert attempt_seed(base, attempt, "increment", low, high) == seed


def test_hashed_seeds_never_change_between_versions():
    """A saved workflow must make the same pictures again: these are fixed values, not computed ones."""
    assert seed_sequence(0, 4, "hashed") == [
        0,
        8008290772314498,
        422010079223838,
        7897262022945493,
    ]
    assert attempt_seed(7, 3, "hashed", 0, 2**32 - 1) == 3805849742


@SETTINGS
@given(
    base=st.integers(0, HIGHEST_SEED),
    attempt=st.integers(1, 2000),
    low=st.integers(-(2**63), 2**63),
    size=st.integers(0, 2**64),
    mode=st.sampled_from(["increment", "hashed"]),
)
def test_every_seed_is_inside_the_range_and_the_same_every_time(base, attempt, low, size, mode):
    seed = attempt_seed(base, attempt, mode, low, low + size)
    assert low <= seed <= low + size
    assert seed == attempt_seed(base, attempt, mode, low, low + size)


@pytest.mark.parametrize("mode", ["increment", "hashed"])
@pytest.mark.parametrize("base", [0, 1, 12345, 2**32, HIGHEST_SEED])
def test_a_thousand_seeds_are_a_thousand_different_ones_and_begin_with_the_base(mode, base):
    seeds = seed_sequence(base, 1000, mode)
    assert seeds[0] == base
    assert len(set(seeds)) == 1000
    assert seeds == [attempt_seed(base, attempt, mode) for attempt in range(1000)]


def test_hashed_seeds_of_neighbouring_bases_have_nothing_in_common():
    assert not set(seed_sequence(1, 500, "hashed")) & set(seed_sequence(2, 500, "hashed"))
    high = sum(seed > HIGHEST_EXACT // 2 for seed in seed_sequence(1, 1000, "hashed"))
    assert 400 < high < 600


def test_the_list_gives_the_seeds_of_the_second_and_further_attempts():
    assert [attempt_seed(5, attempt, "list", seeds=[30, 10, 20]) for attempt in range(4)] == [5, 30, 10, 20]


def test_a_list_that_is_too_short_is_an_error_with_both_numbers():
    with pytest.raises(ValueError, match=r"Attempt 3 needs a 3\. seed, but the list has 2"):
        attempt_seed(5, 3, "list", seeds=[1, 2])


@pytest.mark.parametrize("seed", [-1, 11])
def test_a_seed_of_the_list_outside_the_range_is_an_error_that_names_both(seed):
    with pytest.raises(ValueError, match=f"seed {seed} of the list is outside .*: 0 to 10"):
        attempt_seed(5, 1, "list", 0, 10, [seed])


@pytest.mark.parametrize("seed", [0, 10])
def test_the_ends_of_the_range_are_inside_it(seed):
    assert attempt_seed(5, 1, "list", 0, 10, [seed]) == seed


def test_an_unknown_mode_is_an_error_that_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"'random' is not known\. Use one of: increment, hashed, list"):
        attempt_seed(5, 1, "random")


@pytest.mark.parametrize("count", [1, 4])
def test_a_sequence_of_an_unknown_mode_is_an_error_however_short_it_is(count):
    with pytest.raises(ValueError, match="'random' is not known"):
        seed_sequence(5, count, "random")


@pytest.mark.parametrize(
    ("count", "listed", "seeds"),
    [
        (4, [30, 10, 20, 40, 50], [30, 10, 20, 40]),
        (8, [30, 10, 20], [30, 10, 20]),
        (1, [30, 10], [30]),
        (4, [1, 2, 1, 2, 3], [1, 2, 3]),
        (4, [5, 5], [5]),
    ],
)
def test_a_sequence_out_of_a_list_is_the_list_up_to_the_count_each_seed_once(count, listed, seeds):
    assert seed_sequence(5, count, "list", listed) == seeds


def test_a_sequence_out_of_an_empty_list_is_an_error_that_says_what_to_do():
    with pytest.raises(ValueError, match="seed_list is empty"):
        seed_sequence(5, 4, "list")


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("", []),
        ("  \n ", []),
        ("1", [1]),
        ("1, 2, 3", [1, 2, 3]),
        ("1,2;3 4\n5\t6", [1, 2, 3, 4, 5, 6]),
        (" ,; 7 ;, ", [7]),
        ("3, 1, 3", [3, 1, 3]),
        ("007", [7]),
        ("18446744073709551615", [HIGHEST_SEED]),
    ],
)
def test_seeds_are_read_out_of_text(text, seeds):
    assert read_seeds(text) == seeds


@pytest.mark.parametrize("part", ["-1", "1.0", "1e3", "0x10", "18446744073709551616", "9" * 400, "seed", "1_000", "+1"])
def test_what_is_no_seed_is_an_error_that_names_it(part):
    with pytest.raises(ValueError, match="is not a seed") as error:
        read_seeds(f"1, {part}, 2")
    assert repr(part) in str(error.value)


@SETTINGS
@given(st.lists(st.integers(0, HIGHEST_SEED), max_size=20))
def test_a_sequence_written_as_text_is_read_back_the_same(seeds):
    assert read_seeds(", ".join(map(str, seeds))) == seeds
