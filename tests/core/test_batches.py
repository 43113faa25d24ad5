"""Items of batches and lists: counted, picked, and put together, with what belongs to a latent; inputs unchanged."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from switchyard_pack.core.batches import batch_size, count_items, join_items, pick_items, size_in_bytes

SETTINGS = settings(deadline=None, max_examples=100, derandomize=True, database=None)


def pictures(*levels, size=2):
    return torch.stack([torch.full((size, size, 3), float(level)) for level in levels])


def masks(*levels):
    return torch.stack([torch.full((2, 2), float(level)) for level in levels])


def latent(*levels, **more):
    return {"samples": torch.stack([torch.full((4, 2, 2), float(level)) for level in levels]), **more}


def noise_masks(*levels):
    return masks(*levels)[:, None]


def levels_of(tensor):
    """The one number that each item of a tensor is filled with."""
    assert all(bool((item == item.flatten()[0]).all()) for item in tensor)
    return [float(item.flatten()[0]) for item in tensor]


MODEL = object()
VIDEO = {"samples": torch.zeros(2, 4, 5, 2, 2)}
AUDIO = {"waveform": torch.zeros(3, 2, 100), "sample_rate": 44100}
CONDITIONING = [[torch.zeros(1, 77, 8), {}]]


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (pictures(1, 2, 3), 3),
        (pictures(1), 1),
        (torch.zeros(0, 2, 2, 3), 0),
        (masks(1, 2), 2),
        (torch.zeros(2, 2), 1),
        (torch.tensor(5.0), 1),
        (latent(1, 2), 2),
        (VIDEO, 2),
        (AUDIO, 1),
        ({"samples": [1, 2, 3]}, 1),
        (CONDITIONING, 1),
        (np.zeros((3, 2, 2, 3)), 1),
        ("text", 1),
        (None, 1),
        (MODEL, 1),
    ],
)
def test_a_batch_has_as_many_items_as_pictures_and_anything_else_is_one(value, size):
    assert batch_size(value) == size
    assert count_items([value]) == size
    assert count_items([value, value]) == 2


def test_an_empty_list_has_no_items():
    assert count_items([]) == 0


@pytest.mark.parametrize("make", [pictures, masks])
def test_items_of_a_batch_are_picked_in_the_order_asked_for(make):
    batch = make(10, 11, 12)
    before = batch.clone()
    (picked,) = pick_items([batch], [2, 0])
    assert levels_of(picked) == [12, 10]
    picked += 100
    assert torch.equal(batch, before)


@pytest.mark.parametrize("value", [pictures(1), latent(1), AUDIO, CONDITIONING, "text", None, MODEL])
def test_the_one_item_of_a_value_is_the_value_itself(value):
    assert pick_items([value], [0])[0] is value


def test_no_items_of_a_batch_are_an_empty_batch_of_its_size():
    assert pick_items([pictures(1, 2)], [])[0].shape == (0, 2, 2, 3)


def test_items_of_a_list_are_the_same_objects_in_the_order_asked_for():
    values = [pictures(1), MODEL, "text", latent(1, 2)]
    picked = pick_items(values, (3, 1, 0))
    assert [any(one is value for value in values) for one in picked] == [True] * 3
    assert picked[1] is MODEL
    assert picked[0] is values[3]
    assert pick_items(values, []) == []


@pytest.mark.parametrize(
    ("mask", "picked"),
    [
        (noise_masks(0, 1, 2, 3), [3, 1]),
        (masks(0, 1, 2, 3), [3, 1]),
        (noise_masks(7), [7]),
        (noise_masks(0, 1), [1, 1]),
        (noise_masks(0, 1, 2, 3, 4, 5), [3, 1]),
    ],
)
def test_a_latent_takes_its_noise_mask_along(mask, picked):
    value = latent(10, 11, 12, 13, noise_mask=mask)
    before = copy.deepcopy(value)
    (one,) = pick_items([value], [3, 1])
    assert levels_of(one["samples"]) == [13, 11]
    assert levels_of(one["noise_mask"]) == picked
    one["samples"] += 1
    assert value.keys() == before.keys()
    assert all(torch.equal(value[key], before[key]) for key in value)


def test_a_noise_mask_that_is_no_batch_is_left_alone():
    mask = torch.zeros(8, 8)
    assert pick_items([latent(10, 11, noise_mask=mask)], [1])[0]["noise_mask"] is mask


def test_a_latent_keeps_the_noise_of_its_place_as_with_latent_from_batch():
    assert pick_items([latent(10, 11, 12)], [2, 0])[0]["batch_index"] == [2, 0]
    places = [5, 6, 7]
    value = latent(10, 11, 12, batch_index=places)
    assert pick_items([value], [2, 0])[0]["batch_index"] == [7, 5]
    assert places == [5, 6, 7]


def test_what_else_a_latent_holds_is_kept():
    assert pick_items([latent(10, 11, type="audio", downscale_ratio_spacial=8)], [1])[0]["type"] == "audio"


@pytest.mark.parametrize("make", [pictures, masks])
def test_items_of_one_size_become_one_batch(make):
    parts = [make(1), make(2, 3), make(4)]
    before = copy.deepcopy(parts)
    (joined,) = join_items([[part] for part in parts])
    assert levels_of(joined) == [1, 2, 3, 4]
    joined += 1
    assert all(torch.equal(part, old) for part, old in zip(parts, before, strict=True))


def test_items_of_other_kinds_of_number_become_the_first_one():
    (joined,) = join_items([[pictures(1).half()], [pictures(2)]])
    assert joined.dtype == torch.float16
    assert levels_of(joined) == [1, 2]


@pytest.mark.parametrize(
    "parts",
    [
        [pictures(1), pictures(2, size=3)],
        [pictures(1), masks(1)],
        [pictures(1), latent(1)],
        [latent(1), {"samples": torch.zeros(1, 4, 9, 9)}],
        [latent(1), latent(2, noise_mask=noise_masks(1))],
        [latent(1, type="a"), latent(2, type="b")],
        [latent(1, extra=torch.zeros(1)), latent(2, extra=torch.zeros(1))],
        [latent(1, noise_mask=noise_masks(1)), latent(2, noise_mask=torch.zeros(1, 1, 9, 9))],
        ["a", "b"],
        [None, None],
        [torch.zeros(2), torch.zeros(2)],
        [MODEL, pictures(1)],
    ],
)
def test_what_does_not_fit_together_stays_a_list_of_the_same_objects(parts):
    joined = join_items([[part] for part in parts])
    assert len(joined) == len(parts)
    assert all(one is part for one, part in zip(joined, parts, strict=True))


def test_lists_are_put_one_after_the_other():
    assert join_items([["a", "b"], [], ["c"]]) == ["a", "b", "c"]
    assert join_items([]) == []
    assert join_items([[MODEL]]) == [MODEL]


def test_latents_are_joined_with_all_that_belongs_to_them():
    parts = [
        latent(1, noise_mask=noise_masks(10), batch_index=[4], downscale_ratio_spacial=8),
        latent(2, 3, noise_mask=noise_masks(20), downscale_ratio_spacial=8),
    ]
    before = copy.deepcopy(parts)
    (joined,) = join_items([[part] for part in parts])
    assert levels_of(joined["samples"]) == [1, 2, 3]
    assert levels_of(joined["noise_mask"]) == [10, 20, 20]
    assert joined["batch_index"] == [4, 0, 1]
    assert joined["downscale_ratio_spacial"] == 8
    assert [part.keys() for part in parts] == [part.keys() for part in before]


def test_a_latent_without_a_batch_index_has_the_noise_of_its_places():
    (joined,) = join_items([[latent(1, 2)], [latent(3, batch_index=[7])]])
    assert joined["batch_index"] == [0, 1, 7]


def test_latents_without_extras_are_joined_without_extras():
    assert list(join_items([[latent(1)], [latent(2)]])[0]) == ["samples"]


@SETTINGS
@given(st.integers(1, 6), st.data())
def test_a_batch_taken_apart_and_put_together_again_is_the_same_batch(size, data):
    order = data.draw(st.permutations(range(size)))
    extras = {"noise_mask": noise_masks(*range(20, 20 + size)), "batch_index": list(range(50, 50 + size))}
    for value in (pictures(*range(size)), masks(*range(size)), latent(*range(size), **extras)):
        apart = [pick_items([value], [index]) for index in order]
        back = pick_items(join_items(apart), [list(order).index(index) for index in range(size)])[0]
        if isinstance(value, dict):
            assert back["batch_index"] == value["batch_index"]
            assert all(torch.equal(back[key], value[key]) for key in ("samples", "noise_mask"))
        else:
            assert torch.equal(back, value)


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (torch.zeros(1, 8, 8, 3), 768),
        (torch.zeros(1, 8, 8, 3).half(), 384),
        ({"samples": torch.zeros(1, 4, 2, 2), "batch_index": [0, 1], "type": "audio"}, 69),
        ([torch.zeros(2), (torch.zeros(3), "abc")], 23),
        (None, 0),
        (5, 0),
        ([], 0),
        (MODEL, None),
        ([torch.zeros(2), MODEL], None),
        ({"samples": torch.zeros(1), "model": [MODEL]}, None),
        (np.zeros(3), None),
    ],
)
def test_the_size_of_tensors_is_told_and_none_where_it_can_not_be(value, size):
    assert size_in_bytes(value) == size
