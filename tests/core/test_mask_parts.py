import numpy
import torch
from hypothesis import given
from hypothesis import settings as fuzz
from hypothesis import strategies as st
from switchyard_pack.core.mask_parts import split_mask


def test_a_ring_a_spiral_and_a_comb_are_one_part_each():
    ring = torch.zeros(9, 9)
    ring[1:8, 1:8] = 1
    ring[3:6, 3:6] = 0
    assert [part.box for part in split_mask(ring)] == [(1, 1, 8, 8)]
    comb = torch.zeros(6, 11)
    comb[:, ::2] = 1
    comb[5] = 1
    assert len(split_mask(comb)) == 1
    assert len(split_mask(comb.flip(0))) == 1
    comb[5] = 0
    assert len(split_mask(comb)) == 6


@fuzz(max_examples=200, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1), st.floats(0.1, 0.9))
def test_parts_are_those_that_a_flood_finds(width, height, seed, share):
    mask = torch.from_numpy((numpy.random.RandomState(seed).rand(height, width) < share).astype("float32"))
    parts = split_mask(mask)
    assert sum(part.mask.sum() for part in parts) == mask.sum()
    covered = set()
    for part in parts:
        left, top, right, bottom = part.box
        assert part.mask.shape == (bottom - top, right - left)
        pixels = {(int(y) + top, int(x) + left) for y, x in part.mask.nonzero()}
        assert pixels == flood(mask, min(pixels))
        assert not pixels & covered
        covered |= pixels


def flood(mask, start):
    reached, todo = {start}, [start]
    while todo:
        y, x = todo.pop()
        for place in [(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]:
            inside = 0 <= place[0] < mask.shape[0] and 0 <= place[1] < mask.shape[1]
            if inside and place not in reached and mask[place] >= 0.5:
                reached.add(place)
                todo.append(place)
    return reached


def test_a_large_mask_with_many_specks_is_split_in_reasonable_work():
    specks = torch.zeros(512, 512)
    specks[::4, ::4] = 1
    assert len(split_mask(specks)) == 16384
