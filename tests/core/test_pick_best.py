"""Pick Best's choice: how scores and items come together, the order, the threshold, what is said about it."""

from __future__ import annotations

import json
import math
import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from switchyard_pack.core.pick_best import IF_NONE_PASS, ORDERS, choose_best, match_scores, rank, report_text

from .odd_values import INF, LATENT, MODEL, NAN

SETTINGS = settings(deadline=None, max_examples=300, derandomize=True, database=None)
HIGHEST, LOWEST = ORDERS


def pictures(*levels):
    return torch.stack([torch.full((2, 2, 3), float(level)) for level in levels])


@pytest.mark.parametrize(
    ("scores", "highest", "lowest"),
    [
        ([0.5], [0], [0]),
        ([0.1, 0.9, 0.5], [1, 2, 0], [0, 2, 1]),
        ([0.5, 0.5, 0.5], [0, 1, 2], [0, 1, 2]),
        ([NAN, 0.1, NAN, 0.9], [3, 1, 0, 2], [1, 3, 0, 2]),
        ([NAN, -INF, INF, 0.0], [2, 3, 1, 0], [1, 3, 2, 0]),
        ([NAN, NAN], [0, 1], [0, 1]),
        ([0.0, -0.0], [0, 1], [0, 1]),
        ([-3, -1, -2], [1, 2, 0], [0, 2, 1]),
    ],
)
def test_the_best_comes_first_then_nan_and_the_first_of_equals_first(scores, highest, lowest):
    assert rank(scores, HIGHEST) == highest
    assert rank(scores, LOWEST) == lowest


def test_an_unknown_order_or_way_out_is_an_error_that_lists_the_known_ones():
    with pytest.raises(ValueError, match="order is 'best'; it must be one of: highest first, lowest first"):
        rank([1], "best")
    with pytest.raises(ValueError, match="if_none_pass is 'last'; it must be one of: best, none, block, error"):
        choose_best([1], 1, HIGHEST, 0.5, "last")


@pytest.mark.parametrize(
    ("scores", "count", "order", "threshold", "indexes", "passing"),
    [
        ([0.1, 0.9, 0.5], 1, HIGHEST, None, [1], 3),
        ([0.1, 0.9, 0.5], 2, HIGHEST, None, [1, 2], 3),
        ([0.1, 0.9, 0.5], 9, HIGHEST, None, [1, 2, 0], 3),
        ([0.1, 0.9, 0.5], 2, LOWEST, None, [0, 2], 3),
        ([0.1, 0.9, 0.5], 9, HIGHEST, 0.5, [1, 2], 2),
        ([0.1, 0.9, 0.5], 1, HIGHEST, 0.5, [1], 2),
        ([0.1, 0.9, 0.5], 9, LOWEST, 0.5, [0, 2], 2),
        ([0.1, 0.9, 0.5], 9, LOWEST, 0.1, [0], 1),
        ([NAN, 0.9], 9, HIGHEST, None, [1, 0], 2),
        ([NAN, 0.9], 9, HIGHEST, 0.5, [1], 1),
        ([NAN, 0.9], 9, HIGHEST, -INF, [1], 1),
        ([NAN, 0.9], 9, LOWEST, INF, [1], 1),
        ([NAN], 1, HIGHEST, None, [0], 1),
        ([-5.0], 1, HIGHEST, 0.0, [0], 0),
        ([0.1, 0.4, 0.3], 9, HIGHEST, 0.5, [1], 0),
        ([0.9, 0.6, 0.7], 9, LOWEST, 0.5, [1], 0),
        ([NAN, NAN], 9, HIGHEST, 0.5, [0], 0),
        ([0.5], 1, HIGHEST, NAN, [0], 0),
    ],
)
def test_the_best_that_pass_are_picked_and_where_none_does_the_best_one(
    scores, count, order, threshold, indexes, passing
):
    choice = choose_best(scores, count, order, threshold)
    assert choice.indexes == indexes
    assert choice.passing == passing
    assert choice.scores == pytest.approx(scores, nan_ok=True)


@pytest.mark.parametrize(
    ("if_none_pass", "indexes", "ending"),
    [
        ("best", [1], "the best one is handed on"),
        ("none", [], "None is handed on"),
        ("block", [], "nothing is handed on"),
    ],
)
def test_when_none_passes_the_choice_says_what_is_handed_on(if_none_pass, indexes, ending):
    choice = choose_best([0.1, 0.4], 2, HIGHEST, 0.5, if_none_pass)
    assert choice.indexes == indexes
    assert choice.summary == f"none of 2 items passes >= 0.5, best 0.4: {ending}"
    assert choose_best([0.1, 0.6], 2, HIGHEST, 0.5, if_none_pass).indexes == [1]


def test_when_none_passes_it_may_be_an_error_that_says_what_to_do():
    with pytest.raises(
        ValueError, match=r"Pick Best: none of 2 items passes <= 0\.5, best 0\.6\. Change the threshold"
    ):
        choose_best([0.9, 0.6], 2, LOWEST, 0.5, "error")
    with pytest.raises(ValueError, match="best NaN"):
        choose_best([NAN], 2, LOWEST, 0.5, "error")


@pytest.mark.parametrize(
    ("scores", "count", "threshold", "summary"),
    [
        ([0.5], 1, None, "1 of 1 item: item 0 (0.5)"),
        ([0.25, 0.9, 0.5], 2, None, "2 of 3 items: item 1 (0.9), item 2 (0.5)"),
        ([0.25, 0.9, 0.5], 1, 0.5, "1 of 3 items: item 1 (0.9); 2 passed >= 0.5"),
        (
            [6, 5, 4, 3, 2, 1],
            6,
            None,
            "6 of 6 items: item 0 (6.0), item 1 (5.0), item 2 (4.0), item 3 (3.0) and 2 more",
        ),
    ],
)
def test_the_choice_is_said_in_one_line(scores, count, threshold, summary):
    assert choose_best([float(score) for score in scores], count, HIGHEST, threshold).summary == summary


@pytest.mark.parametrize(
    ("values", "scores", "numbers"),
    [
        ([pictures(0, 1, 2)], [0.1, 0.2, 0.3], [0.1, 0.2, 0.3]),
        ([pictures(0, 1, 2)], [[0.1, 0.2], 0.3], [0.1, 0.2, 0.3]),
        ([pictures(0, 1)], [torch.tensor([0.7, 0.2])], [0.7, 0.2]),
        ([pictures(0, 1)], [torch.tensor([[0.25], [0.5]])], [0.25, 0.5]),
        ([pictures(0, 1)], [np.array([1, 2])], [1.0, 2.0]),
        ([pictures(0)], [True], [1.0]),
        (["a", "b"], [None, 0.5], [NAN, 0.5]),
        ([LATENT, MODEL], [1, 2], [1.0, 2.0]),
        ([pictures(0, 1), pictures(2, 3)], [0.1, 0.2], [0.1, 0.2]),
    ],
)
def test_there_is_one_score_for_each_item(values, scores, numbers):
    matched, read = match_scores(values, scores)
    assert matched is values
    assert read == pytest.approx(numbers, nan_ok=True)


def test_a_list_of_batches_with_one_score_for_each_picture_becomes_a_list_of_pictures():
    values = [pictures(0, 1), pictures(2), pictures(3, 4, 5)]
    matched, numbers = match_scores(values, [10, 11, 12, 13, 14, 15])
    assert [(tuple(one.shape), float(one.mean())) for one in matched] == [((1, 2, 2, 3), float(n)) for n in range(6)]
    assert numbers == [10, 11, 12, 13, 14, 15]
    two, one = {"samples": torch.arange(8.0).reshape(2, 4, 1, 1)}, {"samples": torch.zeros(1, 4, 1, 1)}
    latents, _ = match_scores([two, one], [1, 2, 3])
    assert [one["samples"].shape[0] for one in latents] == [1, 1, 1]
    assert latents[1]["samples"].flatten().tolist() == [4.0, 5.0, 6.0, 7.0]


@pytest.mark.parametrize(
    ("values", "scores", "message"),
    [
        ([pictures(0, 1, 2)], [0.1, 0.2], "value has 3 items, but scores has 2 numbers"),
        ([pictures(0, 1, 2)], [0.1], "value has 3 items, but scores has 1 number"),
        ([pictures(0)], [0.1, 0.2], "value has 1 item, but scores has 2 numbers"),
        (["a", "b"], [], "value has 2 items, but scores has 0 numbers"),
        (
            [pictures(0, 1), pictures(2)],
            [1, 2, 3, 4],
            r"value has 2 items \(3 pictures in all\), but scores has 4 numbers",
        ),
        ([torch.zeros(0, 2, 2, 3)], [], "value has 0 items, but scores has 0 numbers"),
        ([], [], "value has 0 items, but scores has 0 numbers"),
        ([pictures(0)], ["good"], "A score is a STRING"),
        ([pictures(0)], [LATENT], "A score is a LATENT"),
    ],
)
def test_other_numbers_of_scores_are_an_error_that_names_both(values, scores, message):
    with pytest.raises(ValueError, match=message):
        match_scores(values, scores)


@SETTINGS
@given(
    scores=st.lists(st.floats(allow_nan=True), min_size=1, max_size=12),
    count=st.integers(1, 14),
    order=st.sampled_from(ORDERS),
    threshold=st.none() | st.floats(allow_nan=True),
    if_none_pass=st.sampled_from(IF_NONE_PASS),
)
def test_nothing_that_was_left_out_is_better_and_passes(scores, count, order, threshold, if_none_pass):
    def passes(score):
        return threshold is None or (score >= threshold if order == HIGHEST else score <= threshold)

    def is_better(a, b):
        return not math.isnan(a) and (math.isnan(b) or (a > b if order == HIGHEST else a < b))

    able = [score for score in scores if passes(score)]
    if not able and if_none_pass == "error":
        with pytest.raises(ValueError, match="none of"):
            choose_best(scores, count, order, threshold, if_none_pass)
        return
    choice = choose_best(scores, count, order, threshold, if_none_pass)
    picked = [scores[index] for index in choice.indexes]
    rest = [score for index, score in enumerate(scores) if index not in choice.indexes and (passes(score) or not able)]
    assert choice.passing == len(able)
    assert len(picked) == (min(count, len(able)) if able else int(if_none_pass == "best"))
    assert not any(is_better(b, a) for place, a in enumerate(picked) for b in picked[place + 1 :])
    assert not any(is_better(left, taken) for left in rest for taken in picked)
    report = json.loads(report_text(choice, threshold=threshold), parse_constant=pytest.fail)
    assert [one["index"] for one in report["picked"]] == choice.indexes
    assert len(report["scores"]) == len(scores)


def test_the_report_has_all_that_was_decided():
    choice = choose_best([0.5, NAN, INF], 2, HIGHEST, 0.5)
    assert json.loads(report_text(choice, count=2, order=HIGHEST, threshold=0.5)) == {
        "kind": "pick_best",
        "summary": "2 of 3 items: item 2 (infinity), item 0 (0.5); 2 passed >= 0.5",
        "count": 2,
        "order": "highest first",
        "threshold": 0.5,
        "passing": 2,
        "picked": [{"index": 2, "score": "inf"}, {"index": 0, "score": 0.5}],
        "scores": [0.5, None, "inf"],
    }


def test_many_items_are_ranked_as_a_stable_sort_would():
    scores = random.Random(4).choices([place / 20 for place in range(20)], k=1000)
    assert rank(scores, LOWEST) == [index for _, index in sorted((score, index) for index, score in enumerate(scores))]
