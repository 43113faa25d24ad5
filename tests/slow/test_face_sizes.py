"""Faces of all sizes and turns, in batches and in strange pictures: what takes longer than the fast tests may."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from PIL import Image
from switchyard_pack.core.faces import overlap
from switchyard_pack.nodes.host.built_in_faces import find_faces_built_in

from ..core.face_pixels import FACES, photograph

find_faces = find_faces_built_in(apache_only=False, tiled=False)


@functools.cache
def small(name):
    return photograph(name)[:, ::2, ::2]


def scene(width_px, side_px=1024, turn=0):
    """A grey square with the astronaut, whose face is so wide, and where the face is."""
    scale = width_px / (FACES["astronaut.png"][2] - FACES["astronaut.png"][0])
    pixels = (photograph("astronaut.png")[0].numpy() * 255).astype(np.uint8)
    length = round(512 * scale)
    person = np.asarray(Image.fromarray(pixels).resize((length, length), Image.Resampling.LANCZOS))
    picture = np.full((side_px, side_px, 3), 110, np.uint8)
    x1, y1, x2, y2 = (scale * side for side in FACES["astronaut.png"])
    left, top = (round(side_px / 2 - (one + other) / 2) for one, other in ((x1, x2), (y1, y2)))
    rows, columns = slice(max(0, top), min(side_px, top + length)), slice(max(0, left), min(side_px, left + length))
    picture[rows, columns] = person[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    image = torch.from_numpy(picture.astype(np.float32) / 255)[None].rot90(turn, (1, 2))
    corners = [(x1 + left, y1 + top), (x2 + left, y2 + top)]
    for _ in range(turn):
        corners = [(y, side_px - x) for x, y in corners]
    xs, ys = (sorted(side) for side in zip(*corners, strict=True))
    return image, (xs[0], ys[0], xs[1], ys[1])


@pytest.mark.parametrize("width_px", [24, 32, 48, 96, 200, 450, 800])
def test_a_face_of_any_size_is_found_in_1024_px(width_px):
    image, where = scene(width_px)
    [faces] = find_faces(image, 0.5)
    assert len(faces) == 1
    assert overlap(faces[0].box, where) > 0.5


@pytest.mark.parametrize("turn", [1, 2, 3])
@pytest.mark.parametrize("width_px", [64, 300])
def test_a_turned_face_is_found(width_px, turn):
    image, where = scene(width_px, turn=turn)
    [faces] = find_faces(image, 0.5)
    assert [overlap(face.box, where) > 0.5 for face in faces] == [True]


@pytest.mark.parametrize("width_px", [14, 400])
def test_tiles_find_smaller_faces_and_no_face_twice(width_px):
    image, where = scene(width_px)
    [faces] = find_faces_built_in(apache_only=False, tiled=True)(image, 0.5)
    assert overlap(faces[0].box, where) > 0.5
    assert all(overlap(face.box, where) < 0.1 for face in faces[1:])


def test_pictures_of_a_batch_have_their_own_faces_and_are_left_as_they_were():
    face = small("astronaut.png")
    image = torch.cat([torch.zeros_like(face), face, face.flip(2)])
    before = image.clone()
    none, one, mirrored = find_faces(image, 0.5)
    assert none == []
    assert len(one) == len(mirrored) == 1
    assert one[0].box[0] == pytest.approx(256 - mirrored[0].box[2], abs=3)
    assert torch.equal(image, before)


def test_a_face_in_a_slender_picture_is_found():
    image = torch.full((1, 160, 1600, 3), 0.4)
    image[:, :128, 1100:1228] = photograph("astronaut.png")[:, 20:276:2, 100:356:2]
    [faces] = find_faces(image, 0.5)
    assert len(faces) == 1
    assert overlap(faces[0].box, (1138, 20, 1185, 78)) > 0.5


def test_a_face_in_a_picture_of_8000_px_is_found():
    image = torch.full((1, 600, 8000, 3), 0.4)
    image[:, 44:556, 6000:6512] = photograph("astronaut.png")
    [faces] = find_faces(image, 0.5)
    assert len(faces) == 1
    assert overlap(faces[0].box, (6176, 104, 6270, 220)) > 0.5
