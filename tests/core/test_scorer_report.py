"""The verdict and the report that scorers with a model share."""

from __future__ import annotations

import json
import math

import pytest
import torch
from switchyard_pack.core.scorer_report import ScoredPicture, check_pictures, check_settings, judge, logistic, summarise

GOOD, BAD = ScoredPicture(0.9, "fine.", {"raw": 7.0}), ScoredPicture(0.2, "aesthetics 3.1 of 10: 0.20.", {"raw": 3.1})


@pytest.mark.parametrize(("aggregate", "score"), [("min", 0.2), ("mean", 0.55), ("max", 0.9), ("first", 0.9)])
def test_a_batch_gets_one_score_and_a_report(aggregate, score):
    outcome = judge([GOOD, BAD], 0.5, aggregate, "test-1", head="h")
    assert outcome.score == pytest.approx(score)
    assert outcome.passed is (score >= 0.5)
    assert outcome.scores == [0.9, 0.2]
    json.dumps(outcome.report, allow_nan=False)
    assert [picture["passed"] for picture in outcome.report["images"]] == [True, False]
    assert outcome.report["images"][1] == {"score": 0.2, "passed": False, "reason": BAD.reason, "raw": 3.1}


def test_the_report_has_the_keys_of_quality_scores_report():
    report = judge([GOOD], 0.8, "min", "test-1", head="h").report
    assert list(report) == ["model_version", "head", "aggregate", "threshold", "score", "passed", "images"]
    assert list(report["images"][0])[:3] == ["score", "passed", "reason"]


@pytest.mark.parametrize("broken", [0.0, math.nan, math.inf, -math.inf])
def test_what_is_broken_never_passes_and_never_is_nan(broken):
    outcome = judge([ScoredPicture(broken, "non-finite: …", {})], 0.0, "max", "test-1")
    assert (outcome.score, outcome.passed, outcome.scores) == (0.0, False, [0.0])


def test_without_a_threshold_scores_stay_as_they_are_and_nothing_passes():
    outcome = judge([ScoredPicture(21.5, "", {}), ScoredPicture(-100.0, "", {})], None, "max", "test-1")
    assert (outcome.score, outcome.passed, outcome.scores) == (21.5, False, [21.5, -100.0])
    assert outcome.report["threshold"] is None
    assert summarise(outcome.report) == "21.5 (2 pictures, for ranking)"


def test_a_report_is_said_in_one_line():
    assert summarise(judge([GOOD], 0.8, "min", "v").report) == "0.9 passes 0.8"
    assert summarise(judge([BAD], 0.8, "min", "v").report) == "0.2 fails 0.8: aesthetics 3.1 of 10"
    line = summarise(judge([GOOD, BAD], 0.8, "min", "v").report)
    assert line == "0.2 fails 0.8: aesthetics 3.1 of 10 (1 of 2 pictures pass)"


def test_a_logistic_curve_has_its_known_points_and_no_overflow():
    assert logistic(5.0, 5.0, 1.08) == 0.5
    assert logistic(5.0 + 1.08 * math.log(4), 5.0, 1.08) == pytest.approx(0.8)
    assert 0 <= logistic(-1e300, 0, 1e-3) < 1e-100
    assert logistic(1e300, 0, 1e-3) == 1.0


def test_what_is_not_a_number_does_not_become_the_best_score():
    assert math.isnan(logistic(math.nan, 5.0, 1.08))
    assert not judge([ScoredPicture(logistic(math.nan, 5.0, 1.08), "", {})], 0.8, "min", "test-1").passed


@pytest.mark.parametrize(
    ("image", "problem"),
    [
        (None, "A list without any picture arrives like this"),
        ([1], "needs pictures"),
        (torch.zeros(8, 8, 3), "needs pictures"),
        (torch.zeros(0, 8, 8, 3), "no picture to score"),
        (torch.zeros(1, 0, 8, 3), "no picture to score"),
        (torch.zeros(1, 3, 8, 8), "channels first"),
        (torch.zeros(1, 8, 8, 3).to_sparse(), "plain real numbers"),
        (torch.zeros(1, 8, 8, 3, dtype=torch.complex64), "plain real numbers"),
    ],
)
def test_what_is_no_batch_of_pictures_is_refused(image, problem):
    with pytest.raises(ValueError, match=problem):
        check_pictures(image, "Some Score")


@pytest.mark.parametrize(
    ("threshold", "aggregate"), [(math.nan, "min"), (1.5, "min"), ("0.8", "min"), (0.8, "median"), (0.8, None)]
)
def test_settings_that_do_not_exist_are_refused(threshold, aggregate):
    with pytest.raises(ValueError, match=r"threshold|aggregate"):
        check_settings(threshold, aggregate)
