"""A Quality Gate's decisions: what passes, and how scores are read and put together."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from switchyard_pack.core.quality_gate import (
    COMPARISONS,
    Attempt,
    GateSettings,
    Pick,
    Rule,
    best_score,
    fallback_picks,
    gate_comparison,
    judge,
    judge_whole,
    read_rules,
    read_scores,
    read_weights,
)

from .odd_values import HUGE, INF, LATENT, MODEL, NAN

HIGH = Rule("greater_or_equal", 0.8)
LOW = Rule("less_or_equal", 0.2)


def gate(*rules, **options):
    return GateSettings(rules=rules or (HIGH,), **options)


def attempts(*scores, items=None):
    """One attempt for each list of scores; a number stands for the one score of an item."""
    made = []
    for number, listed in enumerate(scores):
        parts = [item if isinstance(item, list) else [item] for item in listed]
        made.append(Attempt(number, parts, (items or {}).get(number)))
    return made


# Rules


@pytest.mark.parametrize(
    ("comparison", "passing", "failing"),
    [
        ("greater_or_equal", [0.8, 0.81, INF], [0.79, -INF, NAN]),
        ("greater_than", [0.81, INF], [0.8, 0.79, -INF, NAN]),
        ("less_or_equal", [0.8, 0.79, -INF], [0.81, INF, NAN]),
        ("less_than", [0.79, -INF], [0.8, 0.81, INF, NAN]),
    ],
)
def test_a_rule_passes_what_its_comparison_says_and_never_nan(comparison, passing, failing):
    rule = Rule(comparison, 0.8)
    assert all(rule.passes(score) for score in passing)
    assert not any(rule.passes(score) for score in failing)
    assert rule.higher_is_better is comparison.startswith("greater")


@pytest.mark.parametrize("comparison", COMPARISONS)
def test_nothing_passes_a_threshold_that_is_nan(comparison):
    assert not any(Rule(comparison, NAN).passes(score) for score in (NAN, 0.0, INF, -INF))


@pytest.mark.parametrize(
    ("given", "name", "text"),
    [
        ("greater_or_equal", "greater_or_equal", ">= 0.8"),
        (" >= ", "greater_or_equal", ">= 0.8"),
        (">", "greater_than", "> 0.8"),
        ("<=", "less_or_equal", "<= 0.8"),
        ("less_than", "less_than", "< 0.8"),
    ],
)
def test_a_comparison_goes_by_its_name_or_its_symbol(given, name, text):
    assert gate_comparison(given) == name
    assert str(Rule(name, 0.8)) == text


@pytest.mark.parametrize("comparison", ["equal", "==", "", "Greater_than"])
def test_an_unknown_comparison_is_an_error_that_lists_the_four(comparison):
    with pytest.raises(ValueError, match="greater_or_equal, greater_than, less_or_equal, less_than"):
        gate_comparison(comparison)


@pytest.mark.parametrize(
    ("text", "count", "rules"),
    [
        ("", 1, [HIGH]),
        ("", 3, [HIGH, HIGH, HIGH]),
        (">= 6, < 0.2", 3, [HIGH, Rule("greater_or_equal", 6), Rule("less_than", 0.2)]),
        (">= 6, < 0.2", 2, [HIGH, Rule("greater_or_equal", 6)]),
        ("<.5", 4, [HIGH, Rule("less_than", 0.5), HIGH, HIGH]),
        ("6", 2, [HIGH, Rule("greater_or_equal", 6)]),
        (
            "> -1e-3; <=+2.\n>5E2",
            4,
            [HIGH, Rule(COMPARISONS[1], -0.001), Rule(COMPARISONS[2], 2), Rule(COMPARISONS[1], 500)],
        ),
    ],
)
def test_further_rules_are_read_out_of_text(text, count, rules):
    assert read_rules(text, HIGH, count) == tuple(rules)


@pytest.mark.parametrize("part", ["== 5", "> ", "nan", "5 >", "high", "> 5 6", ">> 5", "0x5", "1.2.3"])
def test_what_is_no_rule_is_an_error_that_names_it(part):
    with pytest.raises(ValueError, match="is not a rule") as error:
        read_rules(f"> 1, {part}", HIGH, 3)
    assert repr(part.strip()) in str(error.value)


@pytest.mark.parametrize(
    ("text", "count", "weights"),
    [
        ("", 2, [1, 1]),
        ("2", 3, [2, 1, 1]),
        ("1, 0.5; 0", 3, [1, 0.5, 0]),
        ("1 2 3 4", 2, [1, 2]),
    ],
)
def test_weights_are_read_out_of_text(text, count, weights):
    assert read_weights(text, count) == tuple(weights)


def test_a_weight_that_is_no_number_is_an_error():
    with pytest.raises(ValueError, match="weights is '1, much'"):
        read_weights("1, much", 2)


@pytest.mark.parametrize("weights", [(), (0.0, 0.0), (1.0, -0.5), (NAN, 1.0), (1.0, NAN), (INF, 1.0)])
def test_weights_that_give_no_mean_are_an_error(weights):
    with pytest.raises(ValueError, match="weights must be finite, 0 or more, and at least one above 0"):
        gate(HIGH, HIGH, combine="weighted", weights=weights)
    gate(HIGH, HIGH, combine="all", weights=weights)


@pytest.mark.parametrize(("name", "allowed"), [("combine", "all, any, weighted"), ("keep", "whole, each, count")])
def test_an_unknown_choice_is_an_error_that_lists_the_known_ones(name, allowed):
    with pytest.raises(ValueError, match=f"{name} is 'some'; it must be one of: {allowed}"):
        gate(**{name: "some"})


# Reading of scores


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        ([0.5], [0.5]),
        ([0.5, 1, True], [0.5, 1.0, 1.0]),
        ([None], [NAN]),
        ([NAN], [NAN]),
        ([-INF], [-INF]),
        ([HUGE, -HUGE], [INF, -INF]),
        ([[0.1, [0.2, (0.3, None)]], 0.4], [0.1, 0.2, 0.3, NAN, 0.4]),
        ([torch.tensor(0.7)], [0.7]),
        ([torch.tensor([0.7, 0.8])], [0.7, 0.8]),
        ([torch.tensor([[0.7], [0.8]], dtype=torch.float64)], [0.7, 0.8]),
        ([torch.tensor([[0.5, 1.0], [NAN, INF]]), 2], [0.5, 1.0, NAN, INF, 2.0]),
        ([torch.tensor([True, False])], [1.0, 0.0]),
        ([torch.tensor([0.7], dtype=torch.float16)], [0.7]),
        ([torch.tensor([0.25, 0.5], requires_grad=True)], [0.25, 0.5]),
        ([np.float32(0.7), np.int64(3), np.bool_(True)], [0.7, 3.0, 1.0]),
        ([np.array([[0.7, 0.8]], dtype=np.float32)], [0.7, 0.8]),
    ],
)
def test_scores_are_numbers_tensors_and_nested_lists(values, numbers):
    assert [repr(part) for (part,) in read_scores([values])] == [repr(number) for number in numbers]


def test_a_short_float_meets_the_threshold_that_it_stands_for_alone_and_in_a_batch():
    rule = Rule("greater_or_equal", 0.7)
    for tensor in (torch.tensor(0.7), torch.tensor([0.7]), torch.tensor([0.7, 0.7]), torch.tensor([[0.7], [0.7]])):
        assert all(rule.passes(part) for (part,) in read_scores([[tensor]]))


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("0.8", "STRING"),
        (LATENT, "LATENT"),
        (MODEL, "Model"),
        (1j, "complex"),
        ([0.5, ["x"]], "STRING"),
        (np.array(["0.8", "0.9"]), "STRING"),
        (torch.tensor([1j, 2j]), "complex"),
        ({"score": 0.5}, "dict"),
        (torch.zeros(3, device="meta"), "tensor"),
    ],
)
def test_a_score_of_another_kind_is_an_error_that_names_the_kind(value, kind):
    with pytest.raises(ValueError, match=f"A score is a {kind}.*must be a number or a list of numbers"):
        read_scores([[value]])


@pytest.mark.parametrize("empty", [[], [[]], [torch.zeros(0)], [[], ()]])
def test_an_empty_score_is_an_error_that_names_the_input(empty):
    with pytest.raises(ValueError, match=r"^score is an empty list"):
        read_scores([empty])
    with pytest.raises(ValueError, match=r"^score_3 is an empty list"):
        read_scores([[0.5], [0.5], empty])


def test_one_number_counts_for_every_item_and_other_numbers_of_scores_are_an_error():
    assert read_scores([[0.1, 0.2], [5]]) == [[0.1, 5.0], [0.2, 5.0]]
    assert read_scores([[5], torch.tensor([0.25, 0.5])]) == [[5.0, 0.25], [5.0, 0.5]]
    with pytest.raises(ValueError, match="score_2 has 2 numbers, but another score has 3"):
        read_scores([[1, 2, 3], [1, 2]])
    with pytest.raises(ValueError, match="score has 2 numbers, but another score has 3"):
        read_scores([[1, 2], [1, 2, 3]])


# Several scores of one item


@pytest.mark.parametrize(
    ("parts", "combine", "score", "passed"),
    [
        ([0.9, 0.1], "all", 0.9, True),
        ([0.9, 0.3], "all", 0.9, False),
        ([0.7, 0.1], "all", 0.7, False),
        ([NAN, 0.1], "all", NAN, False),
        ([0.9, NAN], "all", 0.9, False),
        ([0.9, 0.3], "any", 0.9, True),
        ([0.7, 0.1], "any", 0.7, True),
        ([0.7, 0.3], "any", 0.7, False),
        ([NAN, 0.1], "any", NAN, True),
        ([NAN, NAN], "any", NAN, False),
        ([0.9, 0.7], "weighted", 0.85, True),
        ([0.9, 0.3], "weighted", 0.75, False),
        ([0.9, NAN], "weighted", NAN, False),
        ([INF, -INF], "weighted", NAN, False),
        ([INF, 0.0], "weighted", INF, True),
    ],
)
def test_scores_are_combined(parts, combine, score, passed):
    verdict = judge(parts, gate(HIGH, LOW, combine=combine, weights=(3.0, 1.0)))
    assert verdict.score == pytest.approx(score, nan_ok=True)
    assert verdict.passed is passed


def test_a_weight_of_zero_leaves_a_score_out_even_nan():
    assert judge([0.9, NAN], gate(HIGH, HIGH, combine="weighted", weights=(1.0, 0.0))).passed is True


ORDERS = [
    (gate(HIGH), [[NAN], [-INF], [0.1], [0.7], [0.8], [0.9], [INF]]),
    (gate(LOW), [[NAN], [INF], [0.7], [0.3], [0.2], [0.1], [-INF]]),
    (gate(HIGH, LOW), [[NAN, NAN], [0.7, 0.9], [0.75, 0.9], [0.7, 0.1], [0.85, 0.9], [0.85, 0.1], [0.9, 0.1]]),
    (gate(HIGH, HIGH, combine="weighted", weights=(1.0, 1.0)), [[NAN, 1.0], [0.1, 0.2], [0.9, 0.1], [0.9, 0.8]]),
]


@pytest.mark.parametrize(("settings", "ascending"), ORDERS)
def test_what_passes_more_rules_is_better_then_the_first_score_decides_and_nan_is_the_worst(settings, ascending):
    ranks = [judge(parts, settings).rank for parts in ascending]
    assert ranks == sorted(ranks)
    made = [Attempt(number, [parts]) for number, parts in enumerate(ascending)]
    best = judge(ascending[-1], settings).score
    assert best_score(made, settings) == best
    assert fallback_picks(made[::-1], settings) == [Pick(made[-1].number, None)]


@pytest.mark.parametrize(
    ("rule", "scores", "score", "passed"),
    [
        (HIGH, [0.9, 0.8], 0.8, True),
        (HIGH, [0.9, 0.7], 0.7, False),
        (HIGH, [0.9, NAN], NAN, False),
        (LOW, [0.1, 0.2], 0.2, True),
        (LOW, [0.1, 0.3, 0.2], 0.3, False),
    ],
)
def test_a_value_as_a_whole_is_as_good_as_its_worst_item(rule, scores, score, passed):
    verdict = judge_whole(attempts(scores)[0], gate(rule))
    assert verdict.score == pytest.approx(score, nan_ok=True)
    assert verdict.passed is passed
