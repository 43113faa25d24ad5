"""The candidates of a Quality Gate, best first."""

from __future__ import annotations

import json
import math

import pytest
import torch
from switchyard_pack.core.gate_candidates import MOST_CANDIDATES, list_candidates
from switchyard_pack.core.quality_gate import Attempt, GateSettings, Pick, Rule
from switchyard_pack.core.thumbnails import is_picture, thumbnail

HIGH = GateSettings(rules=(Rule("greater_or_equal", 0.8),))
LOW = GateSettings(rules=(Rule("less_than", 0.2),))


def seeds_of(attempts):
    return {attempt.number: {"sample": {"seed": 100 + attempt.number}} for attempt in attempts}


def listed(scores, settings=HIGH, kept=(), **details):
    attempts = [Attempt(number, parts, details=details if number else {}) for number, parts in enumerate(scores)]
    return list_candidates(attempts, seeds_of(attempts), settings, kept)


def test_the_best_comes_first_and_the_one_made_first_among_equals():
    scores = [[[0.5]], [[0.9]], [[math.nan]], [[0.9]]]
    assert [one["attempt"] for one in listed(scores)] == [1, 3, 0, 2]
    assert [one["attempt"] for one in listed(scores, LOW)] == [0, 1, 3, 2]


def test_a_candidate_says_what_makes_it_again():
    best, worse = listed([[[0.5]], [[0.9]]], kept=[Pick(1, None)])
    assert (best["kept"], best["passed"], best["score"], best["parts"]) == (True, True, 0.9, [0.9])
    assert best["literals"] == best["seeds"] == {"sample": {"seed": 101}}
    assert (best["replay"], worse["replay"]) == ("", "all"), "one that failed would only be the first of a search"


def test_a_batch_is_as_good_as_its_worst_picture():
    (one,) = listed([[[0.9, 5], [0.4, 6]]], GateSettings(rules=(Rule("greater_or_equal", 0.8),) * 2))
    assert (one["item"], one["score"], one["parts"]) == (None, 0.4, [0.4, 6])


@pytest.mark.parametrize("keep", ["each", "count"])
def test_items_that_are_kept_one_by_one_are_candidates_of_their_own(keep):
    settings = GateSettings(rules=HIGH.rules, keep=keep)
    found = listed([[[0.5], [0.9]], [[0.7], [0.95]]], settings, [Pick(0, 1)])
    assert [(one["attempt"], one["item"]) for one in found] == [(1, 1), (0, 1), (1, 0), (0, 0)]
    assert [one["kept"] for one in found] == [False, True, False, False]
    assert found[0]["replay"].startswith("item 1")


def test_gates_inside_an_attempt_are_told_too():
    inner = {"pictures": [{"seeds": {"deep": {"seed": 7}}, "replay": "all", "inner": {}}]}
    found = listed([[[0.5]], [[0.9]]], inner={"inside": inner})
    assert found[0]["literals"] == {"sample": {"seed": 101}, "deep": {"seed": 7}, "inside": {"replay": "all"}}
    several = {"pictures": inner["pictures"] * 2}
    assert listed([[[0.5]], [[0.9]]], inner={"inside": several})[0]["literals"] is None


def test_there_are_not_too_many_and_what_is_kept_is_among_them():
    worst = Pick(999, None)
    found = listed([[[1000 - number]] for number in range(1000)], kept=[worst])
    assert len(found) == MOST_CANDIDATES
    assert found[-1]["attempt"] == 999
    json.dumps(found, allow_nan=False)


def test_a_thumbnail_is_small_and_keeps_the_shape_and_the_mean():
    torch.manual_seed(0)
    picture = torch.rand(600, 300, 4)
    before = picture.clone()
    small = thumbnail(picture)
    assert small.shape == (320, 160, 3)
    assert small.dtype == torch.uint8
    assert small.float().mean() == pytest.approx(255 * picture[..., :3].mean().item(), abs=1)
    assert torch.equal(before, picture)
    assert thumbnail(torch.full((4, 5, 1), math.nan)).tolist() == [[[0]] * 5] * 4
    assert thumbnail(torch.full((1, 4000, 3), 2.0, dtype=torch.float16)).shape == (1, 320, 3)


def test_only_image_tensors_are_pictures():
    assert is_picture(torch.zeros(1, 8, 8, 3))
    for other in (torch.zeros(1, 8, 8), torch.zeros(1, 4, 8, 8), torch.zeros(0, 8, 8, 3), {}, None, "x", 1):
        assert not is_picture(other)
