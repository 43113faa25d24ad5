import pytest
import torch
from hypothesis import given
from hypothesis import settings as fuzz
from hypothesis import strategies as st
from switchyard_pack.core.face_crop import CropSizes, cut, cut_mask, plan_crop, resize, upright_turns

from .face_fakes import noise


def test_a_small_face_is_enlarged_to_the_guide():
    crop = plan_crop((300, 300, 364, 380), 1024, 1024, CropSizes(guide_size=512, max_size=2048, crop_factor=2))
    assert crop.scale == pytest.approx(8, rel=0.03)
    assert (crop.width % 64, crop.height % 64) == (0, 0)
    x1, y1, x2, y2 = crop.region
    assert ((x1 + x2) / 2, (y1 + y2) / 2) == pytest.approx((332, 340), abs=1)
    assert x2 - x1 == pytest.approx(128, abs=5)


def test_the_guide_can_be_for_the_crop():
    crop = plan_crop((300, 300, 364, 364), 1024, 1024, CropSizes(256, guide_by_box=False, max_size=2048, crop_factor=2))
    assert crop.scale == pytest.approx(2, rel=0.02)


def test_a_face_larger_than_the_guide_keeps_its_size():
    crop = plan_crop((100, 100, 900, 900), 1000, 1000, CropSizes(guide_size=512, max_size=4096))
    assert crop.scale == pytest.approx(1, rel=0.03)


def test_surroundings_are_given_up_before_the_face_is_reduced():
    crop = plan_crop((400, 400, 1000, 1000), 3000, 3000, CropSizes(512, max_size=1024, crop_factor=3))
    assert crop.scale == pytest.approx(1, rel=0.01)
    assert max(crop.width, crop.height) <= 1024
    reduced = plan_crop((400, 400, 1600, 1600), 3000, 3000, CropSizes(512, max_size=1024, crop_factor=3))
    assert reduced.scale == pytest.approx(1024 / 1800, rel=0.03)


def test_pixels_beyond_the_picture_repeat_its_edge():
    picture = torch.zeros(10, 40, 3)
    picture[:, 0] = 1
    crop = plan_crop((0, 0, 10, 10), 40, 10, CropSizes(64, max_size=640, crop_factor=1, margin=30, multiple=64))
    assert crop.region[3] - crop.region[1] >= 10
    assert cut(picture, crop)[:, 0].min() == pytest.approx(1, abs=0.05)


@fuzz(max_examples=300, deadline=None)
@given(
    st.integers(1, 3000),
    st.integers(1, 3000),
    st.tuples(*[st.floats(0, 1)] * 4),
    st.floats(1, 2000),
    st.floats(64, 3000),
    st.floats(1, 8),
    st.floats(0, 200),
    st.sampled_from([1, 8, 16, 64, 128]),
    st.integers(0, 3),
)
def test_every_plan_holds_the_face_and_its_margin_and_fits(width, height, at, guide, most, factor, margin, step, turns):
    box = (min(at[0], at[2]) * width, min(at[1], at[3]) * height, max(at[0], at[2]) * width, max(at[1], at[3]) * height)
    if box[2] - box[0] < 0.01 or box[3] - box[1] < 0.01:
        return
    sizes = CropSizes(guide, True, most, factor, margin, step)
    crop = plan_crop(box, width, height, sizes, turns)
    x1, y1, x2, y2 = crop.region
    assert crop.width % step == 0
    assert crop.height % step == 0
    assert min(crop.width, crop.height) >= step
    assert x1 <= box[0] + 1
    assert y1 <= box[1] + 1
    assert x2 >= box[2] - 1
    assert y2 >= box[3] - 1
    # What is not in the crop of a margin is beyond the picture.
    assert x1 <= max(0, box[0] - margin + 1)
    assert x2 >= min(width, box[2] + margin - 1)
    across, down = (crop.height, crop.width) if turns % 2 else (crop.width, crop.height)
    # The same enlargement both ways, to half a pixel of the region.
    low, high = sorted((across / (x2 - x1), down / (y2 - y1)))
    if min(x2 - x1, y2 - y1) > 1:
        assert high / low <= (1 + 0.501 / (min(x2 - x1, y2 - y1) - 0.5)) ** 2
    assert max(across, down) <= max(most, step)


@pytest.mark.parametrize("turns", range(4))
def test_a_mask_is_cut_like_its_picture(turns):
    picture = torch.zeros(60, 80, 3)
    picture[20:30, 30:50] = 1
    crop = plan_crop((30, 20, 50, 30), 80, 60, CropSizes(64, max_size=256, crop_factor=2), turns)
    x1, y1, x2, y2 = crop.inside(80, 60)
    mask = cut_mask(picture[y1:y2, x1:x2, 0], crop, 80, 60)
    assert mask.shape == (crop.height, crop.width)
    assert ((mask > 0.5) == (cut(picture, crop)[..., 0] > 0.5)).float().mean() > 0.97


def test_turning_the_picture_turns_the_crop_back():
    """A face that lies on its side in a turned picture gives the crop that the upright one gives."""
    upright = ((30.0, 30.0), (50.0, 30.0), (40.0, 40.0), (32.0, 52.0), (48.0, 52.0))
    assert upright_turns(upright) == 0
    picture = noise(100, 120, 3)
    sizes = CropSizes(64, max_size=128, crop_factor=2, multiple=16)
    straight = cut(picture, plan_crop((20, 20, 60, 60), 120, 100, sizes))
    points, turned, size = upright, picture, (120, 100)
    box = (20, 20, 60, 60)
    for turns in (1, 2, 3):  # the picture is turned with the clock
        turned = torch.rot90(turned, -1, (0, 1))
        points = tuple((size[1] - y, x) for x, y in points)
        box = (size[1] - box[3], box[0], size[1] - box[1], box[2])
        size = size[::-1]
        assert upright_turns(points) == turns
        crop = plan_crop(box, *size, sizes, upright_turns(points))
        assert (cut(turned, crop) - straight).abs().max() < 1e-5


@pytest.mark.parametrize("landmarks", [(), ((1.0, 1.0),) * 5, ((float("nan"), 0.0),) * 5, ((0.0, 0.0),) * 3])
def test_landmarks_that_say_nothing_turn_nothing(landmarks):
    assert upright_turns(landmarks) == 0


def test_enlarging_and_reducing_keeps_the_place():
    ramp = torch.linspace(0, 1, 64)[None, :, None].expand(64, 64, 3)
    again = resize(resize(ramp, 640, 640), 64, 64)
    assert (again - ramp).abs().max() < 0.01


def test_a_mask_larger_than_its_face_is_in_the_crop_with_its_margin():
    sizes = CropSizes(64, max_size=512, crop_factor=2, margin=10, multiple=16)
    crop = plan_crop((100, 100, 140, 140), 400, 400, sizes, holds=(60, 90, 300, 160))
    x1, y1, x2, y2 = crop.region
    assert x1 <= 51
    assert x2 >= 309
    assert y1 <= 81
    assert y2 >= 169
    assert crop.scale == pytest.approx(64 / 40, rel=0.05)


def test_a_crop_knows_whether_its_face_is_large():
    sizes = CropSizes(512, max_size=1024, crop_factor=3)
    assert plan_crop((0, 0, 600, 600), 2000, 2000, sizes).is_large
    reduced = plan_crop((0, 0, 400, 530), 2000, 2000, sizes)
    assert reduced.scale == pytest.approx(1, abs=0.05)
    assert not reduced.is_large  # max_size keeps it small, not its own size
