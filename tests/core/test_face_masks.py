import pytest
import torch
from hypothesis import given
from hypothesis import settings as fuzz
from hypothesis import strategies as st
from switchyard_pack.core.face_masks import draw_shape, place_mask, soften

WHOLE = (0, 0, 100, 80)


def test_a_box_is_drawn_to_the_pixel():
    mask = draw_shape("box", (20, 10, 50, 40), 0, WHOLE)
    assert mask.shape == (80, 100)
    assert mask.sum() == 900
    assert mask[10:40, 20:50].all()


def test_dilation_is_shared_by_both_sides():
    assert draw_shape("box", (20, 10, 50, 40), 10, WHOLE)[5:45, 15:55].all()
    assert draw_shape("box", (20, 10, 50, 40), 10, WHOLE).sum() == 1600
    assert draw_shape("box", (20, 10, 50, 40), -10, WHOLE).sum() == 400
    assert draw_shape("box", (20, 10, 50, 40), -1000, WHOLE).sum() <= 4


def test_a_face_is_an_oval_in_its_box():
    mask = draw_shape("face", (20, 10, 60, 70), 0, WHOLE)
    assert mask.sum() == pytest.approx(3.14159 * 20 * 30, rel=0.01)
    assert mask[10:70, 20:60].sum() == mask.sum()
    assert mask[11, 21] == 0


def test_a_region_is_cut_out_of_the_same_shape():
    whole = draw_shape("face", (20, 10, 60, 70), 10, WHOLE)
    assert torch.equal(draw_shape("face", (20, 10, 60, 70), 10, (30, 5, 90, 50)), whole[5:50, 30:90])


@pytest.mark.parametrize("reach", [1, 2, 5, 15, 60])
def test_softened_it_is_exactly_one_inside_and_exactly_zero_beyond_the_reach(reach):
    shape = draw_shape("face", (90, 90, 120, 130), 0, (0, 0, 220, 220))
    soft = soften(shape, reach)
    assert (soft[shape == 1] == 1).all()
    far = torch.nn.functional.max_pool2d(shape[None, None], 2 * reach + 1, 1, reach)[0, 0] == 0
    assert (soft[far] == 0).all()
    if reach >= 2:
        assert ((soft > 0) & (soft < 1)).any()
    steps = torch.maximum(soft.diff(dim=0).abs().max(), soft.diff(dim=1).abs().max())
    assert steps <= 1.6 / max(1, reach // 2) + 1e-4


def test_without_a_reach_it_stays():
    shape = draw_shape("box", (20, 10, 50, 40), 0, WHOLE)
    assert torch.equal(soften(shape, 0), shape)


def test_at_the_edge_of_the_picture_it_goes_on():
    soft = soften(draw_shape("box", (0, 0, 30, 80), 0, WHOLE), 20)
    assert (soft[:, :30] == 1).all()
    assert soft[0].equal(soft[40])


def test_a_mask_is_placed_where_it_belongs():
    mask = torch.ones(5, 4)
    placed = place_mask(mask, (10, 20), 0, (8, 15, 30, 40))
    assert placed.nonzero()[0].tolist() == [5, 2]
    assert placed.sum() == 20
    assert place_mask(mask, (10, 20), 4, (0, 0, 60, 60)).sum() == 9 * 8
    assert place_mask(mask, (10, 20), -2, (0, 0, 60, 60)).sum() == 3 * 2
    assert place_mask(mask, (-2, -3), 0, (0, 0, 60, 60)).sum() == 4
    assert place_mask(mask, (100, 20), 0, (0, 0, 60, 60)).sum() == 0


def test_a_mask_outside_of_the_region_grows_into_it():
    assert place_mask(torch.ones(5, 5), (-5, 0), 6, (0, 0, 20, 20)).sum() == 3 * 8


@fuzz(max_examples=100, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.floats(0, 30), st.floats(-30, 30))
def test_masks_stay_between_0_and_1_whatever_the_size(width, height, reach, dilation):
    region = (0, 0, width, height)
    for shape in ("face", "box"):
        soft = soften(draw_shape(shape, (1, 1, width * 0.7, height * 0.8), dilation, region), reach)
        assert soft.shape == (height, width)
        assert soft.min() >= 0
        assert soft.max() <= 1


@pytest.mark.parametrize("corner", [(-60, 10), (130, 10), (10, -60), (10, 130), (-60, -60), (130, 130)])
@pytest.mark.parametrize("dilation", [-20, 0, 20])
def test_a_mask_that_lies_beside_the_region_is_not_in_it(corner, dilation):
    assert place_mask(torch.ones(30, 30), corner, dilation, (0, 0, 100, 100)).sum() == 0


def test_a_mask_that_goes_on_beyond_the_region_shrinks_from_its_own_edge():
    mask = torch.ones(100, 100)
    assert place_mask(mask, (0, 0), -40, (0, 0, 100, 100)).sum() == 60 * 60
    assert place_mask(mask, (0, 0), -40, (50, 50, 150, 150)).sum() == 30 * 30
    assert place_mask(mask, (0, 0), -400, (20, 20, 80, 80)).sum() == 0


def test_the_soft_edge_is_round():
    """As far to the corners as to the sides: around a point it is a disc."""
    shape = torch.zeros(101, 101)
    shape[50, 50] = 1
    soft = soften(shape, 40)
    reached = (soft > 0).nonzero() - 50
    distances = reached.float().norm(dim=1)
    assert 36 <= distances.max() <= 40
    assert soft[50, 50 + 25] == pytest.approx(float(soft[50 + 18, 50 + 18]), abs=0.05)
