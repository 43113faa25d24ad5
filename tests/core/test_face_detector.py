"""The built-in face detector: photographs, sizes, turns, and pictures that are hardly any."""

from __future__ import annotations

import functools
import itertools

import pytest
import torch
from switchyard_pack.core import face_detector
from switchyard_pack.core.blazeface import BlazeFace
from switchyard_pack.core.centerface import CenterFace
from switchyard_pack.core.face_detector import Networks, agreement, calibrated_score, find_faces
from switchyard_pack.core.face_views import SIZES_PX, TURNED_PX, prepare, views_of
from switchyard_pack.core.faces import overlap
from switchyard_pack.nodes.host.weights import load_data

from .face_pixels import FACES, photograph

CPU = torch.device("cpu")
POINTS = [(102, 51), (124, 50), (113, 62), (103, 72), (122, 71)]
"""Eyes, nose and mouth of the astronaut at half size."""


@functools.cache
def networks(apache_only=False):
    full = BlazeFace(load_data("blazeface_full"), CPU)
    return Networks(full, BlazeFace(load_data("blazeface_back"), CPU) if apache_only else centerface())


@functools.cache
def centerface():
    return CenterFace(load_data("centerface"), CPU)


@functools.cache
def small(name):
    """A photograph of half the size: a quarter of the work for whoever prepares it."""
    return photograph(name)[:, ::2, ::2]


@functools.cache
def found_at_any_score():
    [faces] = find_faces(small("astronaut.png"), 0.0, networks())
    return faces


@pytest.mark.parametrize("name", FACES)
def test_blazeface_alone_finds_the_face_of_a_photograph_once(name):
    [[face]] = find_faces(photograph(name), 0.5, networks(True))
    assert overlap(face.box, FACES[name]) > 0.6
    assert face.landmarks == ()
    assert 0.5 <= face.score <= 1


def test_the_points_of_an_upright_face_are_in_their_order():
    face, *_ = found_at_any_score()
    assert [pytest.approx(point, abs=3) for point in POINTS] == list(face.landmarks)


@pytest.mark.parametrize("turn", [2])  # the others are in tests/slow/test_face_sizes.py
def test_a_turned_face_has_the_same_box_and_points_turned(turn):
    """Its left eye stays its left eye: the points tell how it lies."""
    [[face]] = find_faces(small("astronaut.png").rot90(turn, (1, 2)), 0.5, networks())
    back = list(face.landmarks)
    corners = [face.box[:2], face.box[2:]]
    for _ in range(turn):
        back, corners = ([(256 - y, x) for x, y in points] for points in (back, corners))
    assert [pytest.approx(point, abs=3) for point in POINTS] == back
    xs, ys = (sorted(side) for side in zip(*corners, strict=True))
    assert overlap((xs[0], ys[0], xs[1], ys[1]), (89, 28, 135, 89)) > 0.8


def test_the_best_of_no_face_can_be_asked_for():
    [faces] = find_faces(small("astronaut.png")[:, 140:], 0.02, networks())
    scores = [face.score for face in faces]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score < 0.5 for score in scores)


def test_a_low_score_makes_no_duplicates():
    faces = found_at_any_score()
    assert [face.score >= 0.5 for face in faces[:2]] == [True, False]
    for number, face in enumerate(faces):
        assert all(overlap(face.box, other.box) <= 0.35 for other in faces[:number])
        assert 0 <= face.box[0] < face.box[2] <= 256
        assert 0 <= face.box[1] < face.box[3] <= 256


KINDS = {
    "with transparency": lambda image: torch.cat([image, torch.zeros_like(image[..., :1])], 3),
    "half": lambda image: image.half(),
    "bfloat16": lambda image: image.bfloat16(),
    "double": lambda image: image.double(),
    "not contiguous": lambda image: image.permute(0, 3, 1, 2).contiguous().permute(0, 2, 3, 1),
    "without gradients": lambda image: image.clone().requires_grad_(),
    "a hole of NaN": lambda image: image.index_fill(1, torch.arange(120, 128), float("nan")),
    "infinite": lambda image: image.index_fill(1, torch.arange(120, 128), float("inf")),
}


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_of_any_kind_are_prepared_alike(kind):
    image = small("astronaut.png")
    expected = image.clone()
    if kind in ("a hole of NaN", "infinite"):
        expected[:, 120:128] = 0.0 if kind == "a hole of NaN" else 1.0
    prepared = prepare(KINDS[kind](image), CPU)
    assert prepared.dtype == torch.float32
    assert torch.allclose(prepared, expected.permute(0, 3, 1, 2), atol=0.005)


@pytest.mark.parametrize("channels", [1, 2])
def test_a_grey_picture_is_grey_in_all_colours(channels):
    grey = photograph("astronaut.png")[:, ::8, ::8].mean(3, keepdim=True)
    prepared = prepare(torch.cat([grey, torch.zeros_like(grey)], 3)[..., :channels], CPU)
    assert torch.equal(prepared, grey.permute(0, 3, 1, 2).expand(1, 3, 64, 64))


@pytest.mark.parametrize("size", [(1, 1), (3, 20), (40, 2), (0, 5)])
def test_a_picture_that_is_hardly_one_has_no_face(size):
    assert find_faces(torch.rand(1, *size, 3), 0.5, networks(True)) == [[]]


def test_an_empty_batch_has_no_pictures():
    assert find_faces(torch.zeros(0, 64, 64, 3), 0.5, networks()) == []


def test_work_can_be_stopped_between_two_looks():
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_faces(small("astronaut.png"), 0.5, networks(), check=stop)


def test_small_pictures_go_in_chunks_too_since_they_are_enlarged(monkeypatch):
    monkeypatch.setattr(face_detector, "_PIXELS_AT_ONCE", SIZES_PX[-1] ** 2)  # one picture, enlarged
    looks = []
    find_faces(torch.zeros(2, 16, 16, 3), 0.5, networks(True), check=lambda: looks.append(1))
    assert len(looks) == 2 * len(views_of(16, 16, False))


@pytest.mark.parametrize(
    ("centerface", "blazeface", "least", "most"),
    [
        (0.0, 0.0, 0.0, 0.0),
        (0.4, 0.0, 0.5, 0.5),
        (0.39, 0.0, 0.4, 0.4999),
        (0.2, 0.4, 0.5, 0.5),
        (0.2, 0.39, 0.4, 0.4999),
        (0.19, 1.0, 0.4, 0.4999),
        (1.0, 0.0, 1.0, 1.0),
        (0.0, 1.0, 0.0, 0.0),
    ],
)
def test_half_is_the_rule(centerface, blazeface, least, most):
    found = float(calibrated_score(torch.tensor(centerface), torch.tensor(blazeface)))
    assert least - 1e-6 <= found <= most + 1e-6


def test_a_score_grows_with_what_is_seen():
    steps = torch.linspace(0, 1, 101)
    for other in (0.0, 0.2, 0.5, 1.0):
        assert bool((calibrated_score(steps, torch.full_like(steps, other)).diff() >= 0).all())
        assert bool((calibrated_score(torch.full_like(steps, other), steps).diff() >= 0).all())
    assert float(agreement(torch.tensor(1.0), torch.tensor(2.0))) == pytest.approx(0.5)


@pytest.mark.parametrize(("height", "width"), [(1024, 1024), (768, 1024), (1999, 1333), (3000, 4000), (1, 1)])
def test_tiles_cover_the_picture_and_overlap(height, width):
    tiles = [view for view in views_of(height, width, True)[1:] if not view.turn]
    assert tiles[0][:2] == (0, 0)
    assert (tiles[-1].right, tiles[-1].bottom) == (width, height)
    for before, after in itertools.pairwise(tiles):
        if after.top == before.top:
            assert before.left <= after.left <= before.right - 0.2 * (before.right - before.left)


def test_a_usual_picture_is_looked_at_whole_and_turned():
    upright, *turned = views_of(512, 640, False)
    assert upright.sizes_px == SIZES_PX
    assert [view.turn for view in turned] == [1, 2, 3]
    assert all(view.sizes_px == (TURNED_PX,) for view in turned)
    assert len(views_of(2000, 2600, False)) > 4
