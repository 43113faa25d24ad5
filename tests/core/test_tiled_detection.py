"""Parts of pictures: which there are, and what is made of the faces in them."""

from __future__ import annotations

import pytest
import torch
from switchyard_pack.core.faces import Face
from switchyard_pack.core.tiled_detection import detect_in_parts, parts


@pytest.mark.parametrize(
    ("width", "height", "count"), [(1, 1, 0), (100, 127, 0), (128, 128, 4), (64, 512, 2), (1024, 1024, 4)]
)
def test_there_are_as_many_parts_as_the_size_asks_for(width, height, count):
    assert len(list(parts(width, height))) == count


@pytest.mark.parametrize(("width", "height"), [(128, 128), (129, 4001), (1920, 1080), (6000, 6000)])
def test_parts_cover_the_picture_overlap_and_have_one_size(width, height):
    found = list(parts(width, height))
    seen = torch.zeros(height, width)
    for left, top, right, bottom in found:
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        seen[top:bottom, left:right] += 1
    assert seen.min() == 1
    assert seen.max() >= 2
    assert len({(right - left, bottom - top) for left, top, right, bottom in found}) == 1
    assert len(found) <= 16


def _bright(pictures, _):
    """Finds the bright box of each picture, if it shows any."""
    found = []
    for picture in pictures:
        rows, columns = (picture[0] > 0.5).nonzero().T if bool((picture[0] > 0.5).any()) else ((), ())
        faces = []
        if len(rows):
            corner = float(columns.min()), float(rows.min())
            faces = [Face((*corner, float(columns.max()) + 1, float(rows.max()) + 1), 0.9, (corner,))]
        found.append(faces)
    return found


@pytest.mark.parametrize(
    "box", [(10, 20, 30, 50), (60, 60, 140, 150), (180, 5, 200, 30), (0, 0, 200, 200), (95, 0, 105, 200)]
)
def test_a_face_is_found_once_and_whole_wherever_it_is(box):
    x1, y1, x2, y2 = box
    picture = torch.zeros(2, 3, 200, 200)
    picture[0, :, y1:y2, x1:x2] = 1
    faces, none = detect_in_parts(_bright, picture, 0.5)
    assert faces == [Face(box, 0.9, ((x1, y1),))]
    assert none == []


def test_small_faces_that_only_a_part_shows_large_enough_are_found():
    def near(pictures, _):
        return _bright(pictures, _) if pictures.shape[-1] < 200 else [[] for _ in pictures]

    picture = torch.zeros(1, 3, 200, 200)
    picture[0, :, 150:160, 20:30] = 1
    assert detect_in_parts(near, picture, 0.5) == [[Face((20, 150, 30, 160), 0.9, ((20, 150),))]]
