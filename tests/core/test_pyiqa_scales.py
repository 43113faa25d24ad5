"""What the numbers of pyiqa's metrics become on the scale of 0 to 1."""

from __future__ import annotations

import math

import pytest
from switchyard_pack.core.pyiqa_scales import Scale, scale_of, scale_pictures, to_unit


@pytest.mark.parametrize(
    ("metric", "raw", "score"),
    [
        ("musiq", 75.0, 0.75),
        ("musiq-spaq", 20.0, 0.2),
        ("musiq-ava", 5.5, 0.5),
        ("topiq_nr", 0.83, 0.83),
        ("topiq_iaa", 10.0, 1.0),
        ("maniqa-pipal", 0.6, 0.6),
        ("clipiqa+", 0.4, 0.4),
        ("qalign", 4.2, 0.8),
        ("qalign_4bit", 1.0, 0.0),
        ("nima", 5.5, 0.5),
        ("nima-koniq", 0.7, 0.7),
        ("musiq", 130.0, 1.0),
        ("musiq", -5.0, 0.0),
    ],
)
def test_known_metrics_have_their_range(metric, raw, score):
    assert to_unit(raw, scale_of(metric, None, False, (0, 0))) == pytest.approx(score)


def test_low_is_good_where_the_metric_says_so_or_the_user():
    assert to_unit(20.0, scale_of("piqe", "0, 100", True, (0, 0))) == pytest.approx(0.8)
    assert scale_of("niqe", None, None, (0, 20)) == Scale(0, 20, True)
    assert scale_of("niqe", None, True, (0, 20), "no") == Scale(0, 20, False)
    assert scale_of("new", "0, 1", None, (0, 0), "yes") == Scale(0, 1, True)


def test_a_range_of_the_users_own_comes_first_and_an_exact_one_of_pyiqas_after():
    assert scale_of("musiq", None, False, (20, 80)) == Scale(20, 80, False)
    assert scale_of("compare2score", "0, 100", False, (0, 0)) == Scale(0, 100, False)


@pytest.mark.parametrize("stated", [None, "~0, ~100", "0, ~", "5, 5", "quality: 0, 1", 7])
def test_a_metric_of_unknown_range_needs_one(stated):
    with pytest.raises(ValueError, match=r'range of "niqe" is not known.*lowest and highest'):
        scale_of("niqe", stated, True, (0, 0))


@pytest.mark.parametrize("wanted", [(1, 0), (math.nan, 1), (0, math.inf), ("a", 1), (None, None)])
def test_a_range_that_is_none_is_refused(wanted):
    with pytest.raises(ValueError, match=r"lowest|highest"):
        scale_of("musiq", None, False, wanted)


def test_a_picture_that_a_metric_could_not_measure_scores_0():
    scale = scale_of("piqe", None, True, (0, 0))
    good, failed = scale_pictures("piqe", [(10.0, ""), (None, "failed: …")], scale)
    assert (good.score, good.facts) == (pytest.approx(0.9), {"raw": 10.0})
    assert "low is good" in good.reason
    assert (failed.score, failed.reason, failed.facts) == (0.0, "failed: …", {"raw": None})
