"""What of a picture a model sees."""

from __future__ import annotations

import pytest
import torch
from switchyard_pack.core.framing import frame_picture

SIZE = 16


def _ramp(height, width, axis):
    """A picture whose brightness rises along one axis from 0 to 1."""
    steps = torch.linspace(0, 1, (height, width)[axis])
    plane = steps[:, None].expand(height, width) if axis == 0 else steps[None].expand(height, width)
    return plane[..., None].expand(-1, -1, 3)


@pytest.mark.parametrize(("height", "width", "axis"), [(32, 96, 1), (96, 32, 0), (200, 8, 0), (8, 200, 1), (7, 700, 1)])
def test_each_framing_sees_the_part_it_says(height, width, axis):
    picture = _ramp(height, width, axis)
    kept = picture.clone()
    means = {}
    for framing in ("crop", "pad", "both ends", "stretch"):
        views = frame_picture(picture, SIZE, framing)
        assert views.shape == (2 if framing == "both ends" else 1, SIZE, SIZE, 3)
        means[framing] = views.mean((1, 2, 3)).tolist()
    share = min(height, width) / max(height, width)
    assert means["crop"] == pytest.approx([0.5], abs=0.03)
    assert means["stretch"] == pytest.approx([0.5], abs=0.01)
    assert means["both ends"] == pytest.approx([share / 2, 1 - share / 2], abs=0.03)
    padded = frame_picture(picture, SIZE, "pad")[0]
    across = padded.amax((0 if axis == 1 else 1, 2))
    assert across.shape == (SIZE,)
    assert across[-1] == pytest.approx(1, abs=0.1)
    assert float((padded > 0).any(-1).float().mean()) <= share + 2 / SIZE
    assert torch.equal(picture, kept)


@pytest.mark.parametrize("framing", ["crop", "pad", "both ends", "stretch"])
def test_a_square_of_the_right_size_is_seen_as_it_is(framing):
    picture = torch.rand(SIZE, SIZE, 3)
    assert torch.equal(frame_picture(picture, SIZE, framing), picture[None])
    assert frame_picture(torch.rand(40, 40, 3), SIZE, framing).shape == (1, SIZE, SIZE, 3)
    assert frame_picture(torch.rand(1, 1, 3), SIZE, framing).shape == (1, SIZE, SIZE, 3)


def test_the_middle_is_that_of_comfyuis_own_preparation():
    picture = torch.rand(37, 61, 3)
    scale = SIZE / 37
    whole = torch.nn.functional.interpolate(
        picture.movedim(-1, 0)[None], size=(round(scale * 37), round(scale * 61)), mode="bicubic", antialias=True
    )
    left = (whole.shape[3] - SIZE) // 2
    assert torch.equal(frame_picture(picture, SIZE, "crop"), whole[:, :, :SIZE, left : left + SIZE].movedim(1, -1))


def test_channels_and_types_are_brought_to_rgb_in_0_to_1():
    grey = torch.rand(SIZE, SIZE, 1)
    assert torch.equal(frame_picture(grey, SIZE, "crop")[0], grey.expand(-1, -1, 3))
    rgba = torch.rand(SIZE, SIZE, 4)
    assert torch.equal(frame_picture(rgba, SIZE, "crop")[0], rgba[..., :3])
    whole = torch.full((SIZE, SIZE, 3), 51, dtype=torch.uint8)
    assert frame_picture(whole, SIZE, "crop").unique().tolist() == pytest.approx([0.2])
    wild = torch.tensor([-3.0, 0.5, 9.0]).expand(SIZE, SIZE, 3)
    assert frame_picture(wild, SIZE, "crop")[0, 0, 0].tolist() == [0, 0.5, 1]
    assert frame_picture(rgba.half(), SIZE, "crop").dtype == torch.float32
