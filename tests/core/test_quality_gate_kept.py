"""What a Quality Gate keeps of its attempts: what passed, and the best or the last where not enough did."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from switchyard_pack.core.quality_gate import (
    COMPARISONS,
    IF_NONE_PASS,
    Attempt,
    GateSettings,
    Pick,
    Rule,
    best_score,
    fallback_picks,
    items_to_retry,
    passing_picks,
    picked_score,
)

from .odd_values import NAN

SETTINGS = settings(deadline=None, max_examples=200, derandomize=True, database=None)
HIGH = Rule("greater_or_equal", 0.8)
LOW = Rule("less_or_equal", 0.2)


def gate(rule=HIGH, **options):
    return GateSettings(rules=(rule,), **options)


def attempts(*scores, items=None):
    """One attempt for each list of scores, one score an item."""
    return [
        Attempt(number, [[score] for score in listed], (items or {}).get(number))
        for number, listed in enumerate(scores)
    ]


def test_the_first_attempt_that_passes_is_kept_as_a_whole():
    made = attempts([0.9, 0.1], [0.8, 0.9], [1.0, 1.0])
    assert passing_picks(made[:1], gate()) == [None]
    assert passing_picks(made, gate()) == [Pick(1, None)]
    assert items_to_retry([None], gate()) is None


def test_each_failing_item_is_made_again_and_lands_in_its_own_place():
    settings = gate(keep="each")
    made = attempts([0.9, 0.1, 0.85, 0.2], [0.1, 0.9], [0.95], items={1: [1, 3], 2: [1]})
    picks = passing_picks(made[:1], settings)
    assert picks == [Pick(0, 0), None, Pick(0, 2), None]
    assert items_to_retry(picks, settings) == [1, 3]
    picks = passing_picks(made[:2], settings)
    assert picks == [Pick(0, 0), None, Pick(0, 2), Pick(1, 1)]
    assert items_to_retry(picks, settings) == [1]
    picks = passing_picks(made, settings)
    assert picks == [Pick(0, 0), Pick(2, 0), Pick(0, 2), Pick(1, 1)]
    assert items_to_retry(picks, settings) == []


def test_an_attempt_that_could_not_be_cut_fills_places_by_position():
    settings = gate(keep="each")
    made = attempts([0.1, 0.9, 0.1], [0.9, 0.1, 0.1], items={1: [0, 2]})
    assert passing_picks(made, settings) == [Pick(1, 0), Pick(0, 1), None]


def test_an_item_that_passed_keeps_its_place_whatever_passes_there_later():
    settings = gate(keep="each")
    made = attempts([0.1, 0.9, 0.1], [0.8, 0.95, 0.1], [0.9, 0.99, 0.85], items={1: [0, 2]})
    assert passing_picks(made, settings) == [Pick(1, 0), Pick(0, 1), Pick(2, 2)]


def test_all_failing_items_are_a_full_run_and_not_a_cut():
    assert items_to_retry([None, None], gate(keep="each")) is None


def test_an_attempt_with_more_items_than_the_first_fills_only_places_that_there_are():
    assert passing_picks(attempts([0.1], [0.1, 0.9]), gate(keep="each")) == [None]


def test_a_count_collects_passing_items_in_the_order_they_were_made():
    settings = gate(keep="count", count=3)
    made = attempts([0.1, 0.9], [0.8, 0.2], [0.9, 0.95])
    assert passing_picks(made[:1], settings) == [Pick(0, 1), None, None]
    assert passing_picks(made, settings) == [Pick(0, 1), Pick(1, 0), Pick(2, 0)]
    assert items_to_retry([None, Pick(0, 1), None], settings) is None


@pytest.mark.parametrize(
    ("keep", "if_none_pass", "expected"),
    [
        ("whole", "best", [Pick(1, None)]),
        ("whole", "block", [Pick(1, None)]),
        ("whole", "error", [Pick(1, None)]),
        ("whole", "last", [Pick(2, None)]),
        ("each", "best", [Pick(0, 0), Pick(1, 1)]),
        ("each", "last", [Pick(0, 0), Pick(2, 1)]),
        ("count", "best", [Pick(0, 0), Pick(1, 1), Pick(1, 0), Pick(2, 1)]),
        ("count", "last", [Pick(0, 0), Pick(2, 1), Pick(2, 0), Pick(1, 1)]),
    ],
)
def test_when_not_enough_passed_the_best_or_the_last_fill_up(keep, if_none_pass, expected):
    made = attempts([0.9, 0.1], [0.5, 0.7], [0.2, 0.3])
    assert fallback_picks(made, gate(keep=keep, count=4, if_none_pass=if_none_pass)) == expected


def test_among_equals_the_first_attempt_is_the_best():
    made = attempts([0.5], [0.5], [0.5])
    for keep, item in (("whole", None), ("each", 0), ("count", 0)):
        assert fallback_picks(made, gate(keep=keep)) == [Pick(0, item)]


def test_nan_is_handed_on_only_if_there_is_nothing_else():
    assert fallback_picks(attempts([NAN], [-1e300]), gate()) == [Pick(1, None)]
    assert fallback_picks(attempts([NAN], [1e300]), gate(LOW)) == [Pick(1, None)]
    assert fallback_picks(attempts([NAN], [NAN]), gate()) == [Pick(0, None)]


def test_lower_may_be_better():
    made = attempts([0.9, 0.5], [0.3, 0.25])
    assert fallback_picks(made, gate(LOW)) == [Pick(1, None)]
    assert fallback_picks(made, gate(LOW, keep="count", count=2)) == [Pick(1, 1), Pick(1, 0)]
    assert best_score(made, gate(LOW)) == 0.3
    assert best_score(made, gate(LOW, keep="each")) == 0.25
    assert picked_score([Pick(0, 1), Pick(1, 0)], made, gate(LOW)) == 0.5


def test_a_count_of_more_than_there_is_gives_all_there_is():
    made = attempts([0.1, 0.9], [0.3, 0.2])
    picks = fallback_picks(made, gate(keep="count", count=9))
    assert picks == [Pick(0, 1), Pick(1, 0), Pick(1, 1), Pick(0, 0)]


def test_the_score_handed_on_is_the_worst_one_that_is_kept():
    made = attempts([0.9, 0.1], [0.5, 0.7])
    assert picked_score([Pick(0, 0), Pick(1, 1)], made, gate()) == 0.7
    assert picked_score([Pick(1, None)], made, gate()) == 0.5
    assert math.isnan(picked_score([Pick(0, 0)], attempts([NAN]), gate()))


SCORES = st.one_of(st.floats(allow_nan=True), st.floats(0, 1))


@SETTINGS
@given(
    made=st.lists(st.lists(SCORES, min_size=1, max_size=4), min_size=1, max_size=5),
    comparison=st.sampled_from(COMPARISONS),
    keep=st.sampled_from(["whole", "each", "count"]),
    if_none_pass=st.sampled_from(IF_NONE_PASS),
    count=st.integers(1, 6),
)
def test_whatever_the_scores_what_is_kept_was_made_and_all_that_passed_in_time_is_there(
    made, comparison, keep, if_none_pass, count
):
    rule = Rule(comparison, 0.5)
    settings = gate(rule, keep=keep, count=count, if_none_pass=if_none_pass)
    tried = attempts(*made)
    passing = passing_picks(tried, settings)
    kept = fallback_picks(tried, settings)
    assert len(set(kept)) == len(kept) >= 1
    assert [pick for pick in passing if pick] == [pick for pick in kept if pick in passing]
    for pick in kept:
        scores = made[pick.attempt] if pick.item is None else [made[pick.attempt][pick.item]]
        assert (pick in passing) <= all(rule.passes(score) for score in scores)
    expected = {"whole": 1, "each": len(made[0]), "count": min(count, sum(map(len, made)))}[keep]
    assert len(kept) == expected
    repr((picked_score(kept, tried, settings), best_score(tried, settings)))
