"""Pairs of pictures: which go together, what is left out, and what is no picture."""

from __future__ import annotations

import pytest
import torch
from switchyard_pack.core.picture_pairs import changed_pictures, pair_pictures, say_pairs


def batch(*levels, size=4):
    return torch.stack([torch.full((size, size, 3), level) for level in levels]) if levels else torch.zeros(0, 4, 4, 3)


def levels(pairs):
    return [tuple(round(float(picture.mean()), 2) for picture in pair) for pair in pairs]


@pytest.mark.parametrize(
    ("before", "after", "expected", "note"),
    [
        ([batch(0.1, 0.2)], [batch(0.3, 0.4)], [(0.1, 0.3), (0.2, 0.4)], ""),
        ([batch(0.1), batch(0.2)], [batch(0.3, 0.4)], [(0.1, 0.3), (0.2, 0.4)], ""),
        ([batch(0.1)], [batch(0.3, 0.4)], [(0.1, 0.3), (0.1, 0.4)], ""),
        ([batch(0.1, 0.2)], [batch(0.3)], [(0.1, 0.3), (0.2, 0.3)], ""),
        ([batch(0.1, 0.2, 0.3)], [batch(0.4, 0.5)], [(0.1, 0.4), (0.2, 0.5)], "3 pictures before and 2 after"),
        ([batch(*[0.1] * 5)], [batch(*[0.2] * 5)], [(0.1, 0.2)] * 4, "Shown are the first 4 of 5."),
        ([batch()], [batch(0.1)], [], "There is no picture in before."),
        ([batch(0.1)], [batch()], [], "There is no picture in after."),
        ([], [], [], "There is no picture in before."),
    ],
)
def test_pictures_go_together_in_their_order(before, after, expected, note):
    found = pair_pictures(before, after, 4)
    assert levels(found.pairs) == expected
    assert found.note.startswith(note)
    assert bool(found.note) == bool(note)


@pytest.mark.parametrize(
    "value", [None, "a.png", torch.zeros(4, 4, 3), torch.zeros(1, 3, 8, 8), torch.zeros(1, 4, 4, 3).byte(), [1]]
)
def test_what_is_no_picture_is_refused_by_the_name_of_its_input(value):
    with pytest.raises(ValueError, match="needs pictures in after"):
        pair_pictures([batch(0.1)], [value], 4)


def test_a_mask_is_told_how_to_become_a_picture():
    with pytest.raises(ValueError, match="Convert Mask to Image"):
        pair_pictures([torch.zeros(1, 4, 4)], [batch(0.1)], 4)


def test_sizes_are_said():
    assert say_pairs([]) == "nothing to compare"
    assert say_pairs(pair_pictures([batch(0.1)], [batch(0.1)], 4).pairs) == "1 pair, 4x4"
    larger = pair_pictures([batch(0.1)], [batch(0.1, 0.2, size=8)], 4).pairs
    assert say_pairs(larger) == "2 pairs, 4x4 before, 8x8 after"
    mixed = pair_pictures([batch(0.1)], [batch(0.1), batch(0.1, size=6)], 4).pairs
    assert say_pairs(mixed) == "2 pairs, 4x4 before, several sizes after"


def test_changed_pictures_are_those_that_differ_anywhere():
    before = batch(0.1, 0.2, 0.3)
    after = before.clone()
    after[2, 3, 3, 2] += 0.01
    assert changed_pictures(before, after, 8) == ([2], 1)
    assert changed_pictures(before, before, 8) == ([], 0)
    assert changed_pictures(before, before + 0.1, 2) == ([0, 1], 3)
