"""The Pick Best node: batches stay batches, lists stay lists, best first, and the scores and places go along."""

from __future__ import annotations

import inspect
import json
import math

import pytest
import torch
from switchyard_pack.core.pick_best import IF_NONE_PASS, ORDERS
from switchyard_pack.nodes import pick_best
from switchyard_pack.nodes.pick_best import PickBest


@pytest.fixture
def blocker(monkeypatch):
    """Stands for ComfyUI's blocker."""
    marker = object()
    monkeypatch.setattr(pick_best, "block", lambda: marker)
    return marker


def _pick(value, scores, count=1, order="highest first", **options):
    """Runs the node as the engine does, every input a list; gives its four outputs and its payload."""
    given = {name: [option] for name, option in {"count": count, "order": order, **options}.items()}
    returned = PickBest().execute(value=value, scores=scores, **given)
    payload = json.loads(json.dumps(returned["ui"], allow_nan=False))["switchyard"]
    assert len(payload) == 1
    assert payload[0]["kind"] == "pick_best"
    value, scores, indexes, report = returned["result"]
    assert json.loads(report, parse_constant=pytest.fail)["summary"] == payload[0]["summary"]
    return value, scores, indexes, payload[0]


def _pictures(*levels):
    return torch.stack([torch.full((2, 2, 3), float(level)) for level in levels])


def test_a_batch_gives_one_batch_sorted_best_first():
    batch = _pictures(10, 11, 12, 13)
    before = batch.clone()
    value, scores, indexes, payload = _pick([batch], [0.2, 0.9, 0.1, 0.7], count=3)
    assert [tuple(one.shape) for one in value] == [(3, 2, 2, 3)]
    assert [float(one.mean()) for one in value[0]] == [11, 13, 10]
    assert scores == [0.9, 0.7, 0.2]
    assert indexes == [1, 3, 0]
    assert payload["data"] == {"indexes": [1, 3, 0], "scores": [0.9, 0.7, 0.2], "items": 4, "passing": 4}
    assert payload["summary"] == "3 of 4 items: item 1 (0.9), item 3 (0.7), item 0 (0.2)"
    assert torch.equal(batch, before)


def test_one_picked_picture_is_a_batch_of_one():
    value, _, _, _ = _pick([_pictures(10, 11)], [0.1, 0.2])
    assert [tuple(one.shape) for one in value] == [(1, 2, 2, 3)]


def test_a_list_gives_a_list_of_the_same_objects():
    values = [_pictures(1), "text", {"samples": torch.zeros(2, 4, 2, 2)}]
    value, scores, indexes, _ = _pick(values, [0.1, 0.2, 0.3], count=2)
    assert value[0] is values[2]
    assert value[1] is values[1]
    assert len(value) == 2
    assert (scores, indexes) == ([0.3, 0.2], [2, 1])


def test_masks_and_latents_are_batches_too():
    masks = torch.stack([torch.full((2, 2), float(level)) for level in range(3)])
    assert _pick([masks], [1, 3, 2], count=2)[0][0][:, 0, 0].tolist() == [1, 2]
    latent = {"samples": torch.arange(3.0).reshape(3, 1, 1, 1).repeat(1, 4, 2, 2), "noise_mask": masks[:, None]}
    (picked,) = _pick([latent], [1, 3, 2], count=2)[0]
    assert picked["samples"][:, 0, 0, 0].tolist() == picked["noise_mask"][:, 0, 0, 0].tolist() == [1, 2]
    assert latent["samples"].shape[0] == 3


def test_a_list_of_batches_is_picked_from_picture_by_picture_if_there_is_a_score_for_each():
    value, _, indexes, _ = _pick([_pictures(0, 1), _pictures(2, 3)], [[0.1, 0.4], [0.3, 0.2]], count=2)
    assert [float(one.mean()) for one in value] == [1, 2]
    assert indexes == [1, 2]


def test_scores_may_be_a_tensor_and_low_ones_the_best():
    _, scores, indexes, _ = _pick([_pictures(0, 1, 2)], [torch.tensor([0.7, 0.1, 0.2])], count=2, order="lowest first")
    assert (scores, indexes) == ([0.1, 0.2], [1, 2])


def test_a_threshold_counts_only_where_it_is_switched_on():
    batch = [_pictures(0, 1, 2)]
    assert _pick(batch, [0.5, 0.9, 0.8], count=3, threshold=0.8)[2] == [1, 2, 0]
    assert _pick(batch, [0.5, 0.9, 0.8], count=3, use_threshold=True)[2] == [1, 2]
    assert _pick(batch, [0.5, 0.9, 0.8], count=3, use_threshold=True, threshold=0.85)[2] == [1]
    assert _pick(batch, [0.5, 0.9, math.nan], count=3, use_threshold=True, threshold=-1e9)[2] == [1, 0]


def test_when_none_passes_the_best_one_goes_on_all_the_same():
    value, scores, indexes, payload = _pick([_pictures(0, 1, 2)], [0.1, 0.3, 0.2], count=3, use_threshold=True)
    assert float(value[0].mean()) == 1
    assert (scores, indexes) == ([0.3], [1])
    assert payload["data"]["passing"] == 0


def test_when_none_passes_it_may_be_none():
    value, scores, indexes, payload = _pick([_pictures(0, 1)], [0.1, 0.3], use_threshold=True, if_none_pass="none")
    assert value == [None]
    assert math.isnan(scores[0])
    assert indexes == [-1]
    assert payload["data"]["indexes"] == []


def test_when_none_passes_everything_after_it_may_be_skipped(blocker):
    value, scores, indexes, payload = _pick([_pictures(0, 1)], [0.1, 0.3], use_threshold=True, if_none_pass="block")
    assert value == scores == indexes == [blocker]
    assert "nothing is handed on" in payload["summary"]


def test_when_none_passes_it_may_be_a_red_node():
    with pytest.raises(ValueError, match="none of 2 items passes >= 0"):
        _pick([_pictures(0, 1)], [0.1, 0.3], use_threshold=True, if_none_pass="error")


def test_a_wrong_number_of_scores_is_a_red_node_that_names_both():
    with pytest.raises(ValueError, match="value has 3 items, but scores has 2 numbers"):
        _pick([_pictures(0, 1, 2)], [0.1, 0.2])


def test_a_long_choice_stays_one_line():
    _, _, _, payload = _pick([_pictures(*range(500))], [list(range(500))], count=500)
    assert payload["summary"].startswith("500 of 500 items: item 499")
    assert payload["summary"].endswith("and 496 more")


def test_api_json_may_leave_out_what_is_optional():
    inputs = PickBest.INPUT_TYPES()
    assert list(inputs["required"]) == ["value", "scores", "count", "order"]
    assert list(inputs["optional"]) == ["use_threshold", "threshold", "if_none_pass"]
    assert inputs["required"]["order"][0] == list(ORDERS)
    assert inputs["optional"]["if_none_pass"][0] == list(IF_NONE_PASS)
    parameters = inspect.signature(PickBest.execute).parameters
    for name, (_, options) in inputs["optional"].items():
        assert parameters[name].default == (options["default"],)


@pytest.mark.parametrize("name", ["count", "order", "use_threshold", "threshold", "if_none_pass"])
def test_an_empty_list_is_a_red_node_that_names_it(name):
    given = {"count": [1], "order": ["highest first"], "use_threshold": [True], "threshold": [0.5]}
    with pytest.raises(ValueError, match=f"{name} is an empty list"):
        PickBest().execute(value=["a"], scores=[1.0], **{**given, name: []})


def test_nothing_to_pick_from_is_a_red_node():
    with pytest.raises(ValueError, match="value has 0 items, but scores has 0 numbers"):
        _pick([], [])
