"""The statistics of a score log: what passes, and the threshold that keeps no more than the best."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from switchyard_pack.core.score_log import Entry
from switchyard_pack.core.score_statistics import Window, cut_for_best, describe_statistics, percent

NAN = math.nan
SETTINGS = settings(max_examples=120, deadline=None, derandomize=True, database=None)
numbers = st.one_of(
    st.sampled_from([0.0, 0.5, 0.8, 0.83, 0.9, 1.0]),
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(0, 1).map(lambda score: round(score, 4)),
)


def entry(score, worst="noise", scorer="v1", preset="photo"):
    return Entry(score, worst, scorer, preset)


def window(scores, size=0, **which):
    made = Window("v1", "photo", size)
    made.add(entry(score, **which) for score in scores)
    return made


@pytest.mark.parametrize(
    ("scores", "keep", "cut"),
    [
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0], 30, (0.8, 3)),
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0], 35, (0.8, 3)),
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0], 100, (0.1, 10)),
        ([0.5, 0.9, 0.9, 0.9, 0.1, 0.2, 0.3, 0.4, 0.6, 0.7], 20, (0.9, 3)),  # equals at the top stay together
        ([0.9, 0.8, 0.8, 0.8, 0.1, 0.2, 0.3, 0.4, 0.6, 0.7], 30, (0.9, 1)),  # equals below would be too many
        ([0.7, 0.7, 0.7], 30, (0.7, 3)),
        ([0.6, 0.9], 30, (0.9, 1)),  # there is always a best one
        ([0.6, 0.9], 0, (0.9, 1)),
        ([NAN, NAN, 0.9, 0.8], 50, (0.8, 2)),  # NaN counts among the four
        ([NAN, NAN, 0.9, 0.8], 30, (0.9, 1)),
        ([0.81234, 0.8], 50, (0.81, 1)),  # the shortest that keeps the same
        ([0.8149, 0.8142, 0.1], 50, (0.8149, 1)),
        ([21.7182, 18.2, 19.9], 34, (21.71, 1)),
        ([-0.2345, -0.9], 50, (-0.24, 1)),
        ([math.inf, 1e300], 100, (1e300, 2)),
        ([0.0, 0.0], 30, (0.0, 2)),
    ],
)
def test_the_threshold_that_keeps_the_best(scores, keep, cut):
    assert cut_for_best(scores, keep) == cut


@pytest.mark.parametrize("scores", [[], [NAN, NAN]])
def test_without_scores_there_is_no_threshold(scores):
    assert cut_for_best(scores, 30) is None


@SETTINGS
@given(st.lists(numbers, max_size=40), st.one_of(st.sampled_from([0, 30, 100]), st.floats(0, 100)))
def test_no_more_are_kept_than_wanted_unless_they_are_the_equals_of_the_best(scores, keep):
    cut = cut_for_best(scores, keep)
    real = [score for score in scores if not math.isnan(score)]
    if cut is None:
        assert not real
        return
    kept = [score for score in real if score >= cut.threshold]
    assert len(kept) == cut.kept > 0
    assert len(kept) * 100 <= keep * len(scores) or set(kept) == {max(real)}
    # No lower threshold would do: one more score, with its equals, would be too many.
    rest = [score for score in real if score < cut.threshold]
    assert not rest or (len(kept) + rest.count(max(rest))) * 100 > keep * len(scores)
    assert float(repr(cut.threshold)) == cut.threshold


def test_a_window_is_what_came_last():
    chance = random.Random(1)
    scores = [chance.random() for _ in range(500)]
    found = window(scores, 30).statistics(0.5, 30)
    last = sorted(scores[-30:])
    assert found.pictures == 30
    assert found.passing == sum(score >= 0.5 for score in last)
    assert found.pass_rate == found.passing / 30
    assert (found.lowest, found.highest) == (last[0], last[-1])
    assert found.median == (last[14] + last[15]) / 2
    assert found.cut is not None
    assert found.cut.kept == 9
    assert window(scores).statistics(0.5, 30).pictures == 500


def test_other_scorers_and_unreadable_rows_are_left_out_and_told():
    made = window([0.9, NAN])
    made.add([entry(0.1, scorer="v2"), entry(0.1, preset="pixel art"), None])
    found = made.statistics(0.8, 50)
    assert (found.pictures, found.passing, made.left_out, made.unreadable) == (2, 1, 2, 1)
    assert made.describe() == [
        "Counted: all 2 of v1, photo.",
        "Not counted: 2 of another scorer, version or preset.",
        "Not counted: 1 that can't be read.",
    ]


def test_the_faults_are_those_of_pictures_that_do_not_pass():
    made = window([0.9, 0.2], worst="blur")
    made.add([entry(0.1), entry(NAN), entry(0.8), entry(0.1, worst="")])
    assert made.statistics(0.8, 30).faults == {"noise": 2, "blur": 1}


def test_statistics_in_words():
    lines = describe_statistics(window([0.1, 0.7, 0.9123, 0.85]).statistics(0.8, 30), 0.8, 30.0)
    assert lines == [
        "Pass rate: 50 % reach 0.8 (2 of 4).",
        "The best 30 %: threshold 0.91 keeps 1 of 4 (25 %).",
        "Lowest 0.1, median 0.775, highest 0.9123.",
        "What fails most: noise 2.",
    ]
    lines = describe_statistics(window([0.9, 0.9]).statistics(0.8, 30), 0.8, 30.0)
    assert lines[1] == "The best 30 %: threshold 0.9 keeps 2 of 2 (100 %), the fewest that can be kept."
    lines = describe_statistics(window([NAN]).statistics(0.8, 30), 0.8, 30.0)
    assert lines == ["Pass rate: 0 % reach 0.8 (0 of 1).", "No picture has a score, so no threshold can be suggested."]


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (1, 3, "33.3 %"),
        (1, 2, "50 %"),
        (1, 5000, "under 0.1 %"),
        (4999, 5000, "over 99.9 %"),
        (0, 9, "0 %"),
        (0, 0, "0 %"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(part, whole, text):
    assert percent(part, whole) == text
