from collections import namedtuple

import numpy
import pytest
import torch
from switchyard_pack.core.face_sources import (
    fit_mask,
    from_bounding_boxes,
    from_landmarks,
    from_mask,
    from_segs,
    join_sources,
    limit_to,
)
from switchyard_pack.core.faces import Face
from switchyard_pack.core.segs import SEG, Found, boxes_mask, crop_region, make_segs, read_segs, segs_size

from .face_fakes import found, noise

# What another pack hands on: a class of its own with the same fields.
Other = namedtuple("Other", "cropped_image cropped_mask confidence crop_region bbox label control_net_wrapper")


def test_the_fields_are_those_that_other_packs_read_by_name_and_by_place():
    assert SEG._fields == Other._fields
    seg = make_segs([found(10, 20, 30, 50)], 100, 80)[1][0]
    assert seg._replace(label="x").label == "x"
    assert seg.control_net_wrapper is None
    assert seg[4] == seg.bbox == (10, 20, 30, 50)


def test_segs_are_made_as_impact_pack_makes_them():
    image = noise(1, 80, 100, 3)
    size, (seg,) = make_segs([found(40, 30, 60, 50)], 100, 80, dilation=10, crop_factor=3.0, image=image)
    assert size == (80, 100)
    assert seg.crop_region == (20, 10, 80, 70)
    assert isinstance(seg.cropped_mask, numpy.ndarray)
    assert seg.cropped_mask.dtype == numpy.float32
    assert seg.cropped_mask.shape == (60, 60)
    assert seg.cropped_mask.sum() == 900
    assert torch.equal(seg.cropped_image, image[:, 10:70, 20:80])
    assert (seg.confidence, seg.label) == (0.9, "face")
    assert all(isinstance(side, int) for side in (*seg.bbox, *seg.crop_region))


@pytest.mark.parametrize(
    ("box", "region"),
    [
        ((0, 0, 20, 20), (0, 0, 60, 60)),  # moved into the picture
        ((90, 70, 100, 80), (70, 50, 100, 80)),
        ((10, 10, 90, 70), (0, 0, 100, 80)),  # larger than the picture
        ((50, 40, 50.2, 40.2), (50, 40, 51, 41)),
    ],
)
def test_a_region_is_moved_into_the_picture(box, region):
    assert crop_region(box, 3.0, 100, 80) == region


def test_segs_are_read_again():
    faces = [found(10.4, 20.2, 30, 50.7), found(0, 0, 100, 80, score=0.31, label="person")]
    read = read_segs(make_segs(faces, 100, 80, 10), 100, 80)
    assert [one.face.box for one in read] == [(10, 20, 30, 51), (0, 0, 100, 80)]
    assert [(one.face.score, one.face.label) for one in read] == [(0.9, "face"), (0.31, "person")]
    assert [one.mask for one in read] == [None, None]  # rectangles say no more than the box


def test_a_mask_of_another_pack_is_kept_with_its_place():
    oval = (torch.linspace(-1, 1, 40)[None] ** 2 + torch.linspace(-1, 1, 60)[:, None] ** 2 < 1).float()
    for mask in (oval, oval[None], oval.numpy(), oval.half()):
        seg = Other(
            None, mask, numpy.array([0.8], dtype=numpy.float32), [20, 10, 60, 70], (25, 15, 55, 65), "head", None
        )
        (one,) = read_segs(((80, 100), [seg]), 100, 80)
        assert torch.equal(one.mask, oval)
        assert one.corner == (20, 10)
        assert one.face == Face((25, 15, 55, 65), pytest.approx(0.8), (), "head")


def test_an_emptied_mask_counts_against_its_face_and_a_part_of_the_box_is_kept():
    (seg,) = make_segs([found(20, 20, 60, 60)], 100, 80)[1]
    for share in (0.0, 0.4):
        (one,) = read_segs(((80, 100), [seg._replace(cropped_mask=seg.cropped_mask * share)]), 100, 80)
        assert one.reason == "its mask is empty"
    half = seg.cropped_mask.copy()
    half[40:] = 0
    (one,) = read_segs(((80, 100), [seg._replace(cropped_mask=half)]), 100, 80)
    assert one.reason == ""
    assert one.mask.sum() == 40 * (40 - seg.crop_region[1] - 20 + 2 * seg.crop_region[1])


def test_segs_for_another_size_are_scaled_both_ways_by_their_own_factor():
    oval = (torch.linspace(-1, 1, 40)[None] ** 2 + torch.linspace(-1, 1, 60)[:, None] ** 2 < 1).float()
    seg = Other(None, oval, 0.5, (20, 10, 60, 70), (25, 15, 55, 65), "face", None)
    (one,) = read_segs(((80, 100), [seg]), 200, 240)
    assert one.face.box == (50, 45, 110, 195)
    assert one.corner == (40, 30)
    assert one.mask.shape == (180, 80)


@pytest.mark.parametrize(
    "segs", [None, 3, "segs", (), ((1, 2),), ((1, 2), None), (("a", 2), []), ((0, 10), []), torch.zeros(2)]
)
def test_what_is_no_segs_is_refused(segs):
    with pytest.raises(ValueError, match="segs"):
        read_segs(segs, 10, 10)


@pytest.mark.parametrize(
    "seg", [None, 5, SEG(None, None, 0.5, None, (1, 2, 3, 4), "x"), SEG(None, None, 0.5, (0, 0, 9, 9), (1, 2), "x")]
)
def test_a_seg_that_is_not_readable_is_named(seg):
    with pytest.raises(ValueError, match="number 2"):
        read_segs(((10, 10), [make_segs([found(1, 1, 5, 5)], 10, 10)[1][0], seg]), 10, 10)


def test_what_lies_outside_of_the_picture_is_left_out():
    segs = ((100, 100), [SEG(None, None, 0.5, (0, 0, 9, 9), (200, 200, 220, 220), "x")])
    assert read_segs(segs, 100, 100) == []
    assert segs_size(segs) == (100, 100)


def test_segs_are_for_one_picture_only():
    segs = make_segs([found(1, 1, 5, 5)], 10, 10)
    with pytest.raises(ValueError, match=r"one picture, and there are 2.*bbox_detector"):
        from_segs(segs, 2, 10, 10)


def test_bounding_boxes_of_one_picture_count_for_all():
    box = {"x": 1, "y": 2, "width": 3, "height": 4, "label": "face", "score": 0.7}
    for given in (box, [box], [[box]]):
        assert from_bounding_boxes(given, 2, 10, 10) == [[found(1, 2, 4, 6, score=0.7)]] * 2
    assert from_bounding_boxes([[box], []], 2, 10, 10) == [[found(1, 2, 4, 6, score=0.7)], []]
    assert from_bounding_boxes([], 2, 10, 10) == [[], []]
    assert from_bounding_boxes([[{"x": 1, "y": 2, "width": 3, "height": 4}]], 1, 10, 10)[0][0].face.score == 1


@pytest.mark.parametrize(
    ("boxes", "problem"),
    [
        ([[], [], []], "for 3 pictures, and there are 2"),
        ("boxes", "STRING"),
        ([["x"]], "x, y, width and height"),
        ([[{"x": 1, "y": 2, "width": "wide", "height": 4}]], "wide"),
        (5, "INT"),
    ],
)
def test_other_bounding_boxes_are_refused(boxes, problem):
    with pytest.raises(ValueError, match=problem):
        from_bounding_boxes(boxes, 2, 10, 10)


def test_boxes_that_are_turned_inside_out_or_not_numbers():
    def box(x, y, width, height):
        return {"x": x, "y": y, "width": width, "height": height}

    nan = float("nan")
    read = from_bounding_boxes([[box(8, 8, -4, -5), box(nan, 1, 2, 2), box(-5, -5, 8, 8), box(1, 1, 0, 0)]], 1, 10, 10)
    assert [one.face.box for one in read[0]] == [(4, 3, 8, 8), (0, 0, 3, 3)]


def test_each_part_of_a_mask_is_a_face():
    mask = torch.zeros(1, 50, 60)
    mask[:, 5:15, 10:20] = 1
    mask[:, 15:25, 20:30] = 0.7  # touches the first at a corner
    mask[:, 40:45, 40:50] = 1
    parts = from_mask(mask, 1, 60, 50)[0]
    assert [part.face.box for part in parts] == [(10, 5, 30, 25), (40, 40, 50, 45)]
    assert parts[0].mask.sum() == 200
    assert parts[0].corner == (10, 5)
    assert [len(found) for found in from_mask(mask, 3, 60, 50)] == [2, 2, 2]
    assert from_mask(torch.zeros(1, 64, 64), 1, 60, 50) == [[]]


def test_a_mask_of_another_size_is_fitted_and_a_wrong_one_refused():
    assert fit_mask(torch.ones(32, 32), 1, 60, 50).shape == (1, 50, 60)
    assert fit_mask(torch.full((1, 4, 4), float("nan")), 1, 4, 4).sum() == 0
    with pytest.raises(ValueError, match="for 3 pictures, and there are 2"):
        fit_mask(torch.ones(3, 4, 4), 2, 4, 4)
    for wrong in (None, "mask", torch.ones(4), torch.ones(0, 4, 4)):
        with pytest.raises(ValueError, match="mask is a"):
            fit_mask(wrong, 1, 4, 4)


def test_landmarks_give_the_outline_of_their_points():
    turn = torch.linspace(0, 6.28, 40)
    points = torch.stack([50 + 20 * turn.cos(), 40 + 30 * turn.sin()], 1).numpy()
    landmarks = {"frames": [[{"landmarks_xy": points, "score": 0.8}], []]}
    first, second = from_landmarks(landmarks, 2, 100, 80)
    assert second == []
    assert first[0].face.box == pytest.approx((30, 10, 70, 70), abs=0.2)
    assert first[0].mask.sum() == pytest.approx(3.14 * 600, rel=0.06)
    for wrong, problem in (
        (None, "FACE_LANDMARKS"),
        ({"frames": []}, "for 0 pictures"),
        ({"frames": [[{}], []]}, "readable"),
    ):
        with pytest.raises(ValueError, match=problem):
            from_landmarks(wrong, 2, 100, 80)


def test_a_face_from_two_sources_counts_once():
    first = [[found(10, 10, 50, 50)], []]
    second = [[found(12, 11, 52, 50), found(60, 60, 90, 90)], [found(1, 1, 5, 5)]]
    joined = join_sources([first, second])
    assert [[one.face.box for one in found] for found in joined] == [
        [(10, 10, 50, 50), (60, 60, 90, 90)],
        [(1, 1, 5, 5)],
    ]
    assert len(first[0]) == 1


def test_a_shape_cuts_the_face_that_it_touches():
    shape = Found(Face((0.0, 0.0, 20.0, 20.0), 1.0), torch.eye(20), (10, 10))
    cut, far = limit_to([found(10, 10, 30, 30), found(50, 50, 60, 60)], [shape])
    assert cut.mask.sum() == 20
    assert far.mask is None


def test_the_shape_of_a_neighbour_is_not_taken_for_the_faces_own():
    neighbour = Found(Face((90.0, 90.0, 200.0, 200.0), 1.0), torch.ones(110, 110), (90, 90))
    (one,) = limit_to([found(0, 0, 100, 100)], [neighbour])
    assert one.mask is None
    assert limit_to(
        [found(0, 0, 100, 100)], [Found(Face((150.0, 0.0, 250.0, 150.0), 1.0), torch.ones(150, 100), (150, 0))]
    )


def test_boxes_as_a_mask():
    faces = [Face((2, 2, 4, 4), 1), Face((3, 3, 6, 5), 1)]
    assert boxes_mask(faces, (0, 0, 10, 10)).sum() == 4 + 6 - 1
    assert boxes_mask(faces[:1], (0, 0, 10, 10), 2).sum() == 16
    assert boxes_mask(faces[:1], (3, 3, 10, 10)).sum() == 1
