import pytest
import torch
from switchyard_pack.core.face_choice import Limits, choose
from switchyard_pack.core.face_crop import CropSizes
from switchyard_pack.core.face_crops import crop_faces, paste_faces
from switchyard_pack.core.face_plan import Shaping
from switchyard_pack.core.face_preview import draw_faces

from .face_fakes import found, noise

SHAPING = Shaping(CropSizes(96, max_size=192), feather=5)


def smooth(*shape):
    """A picture without detail as fine as a pixel, which resizing would lose."""
    coarse = noise(shape[0], shape[3], shape[1] // 8, shape[2] // 8)
    return torch.nn.functional.interpolate(coarse, shape[1:3], mode="bicubic").clamp(0, 1).movedim(1, -1)


def crops_of(image, *faces, **limits):
    return crop_faces(image, [list(ones) for ones in faces], Limits(0, **limits), SHAPING)


def test_crops_put_back_as_they_are_give_the_same_picture():
    image = noise(2, 240, 260, 4)
    crops = crops_of(image, [found(20, 30, 80, 90), found(150, 60, 200, 110)], [found(100, 100, 190, 200)])
    pictures = crops.crops()
    assert len(pictures) == 3
    assert all(picture.shape[1] % 64 == picture.shape[2] % 64 == 0 for picture in pictures)
    assert [mask.shape for mask in crops.noise_masks()] == [picture.shape[:3] for picture in pictures]
    result, mask, words = paste_faces(crops, pictures, 0.8)
    assert (result - image).abs().max() <= 1e-6
    assert words == ["pasted"] * 3
    assert mask.amax(dim=(1, 2)).tolist() == [1, 1]


def test_changed_crops_change_their_faces_only():
    image = smooth(1, 240, 260, 3)
    crops = crops_of(image, [found(20, 30, 80, 90), found(30, 40, 100, 120)])
    result, mask, _ = paste_faces(crops, [picture * 0.5 for picture in crops.crops()], 0)
    assert torch.equal(result[mask == 0], image[mask == 0])
    inside = mask == 1
    # Both crops were cut from the same picture, so what both changed is changed once.
    assert (result[inside] - image[inside] * 0.5).abs().max() < 0.02


def test_a_crop_that_came_back_as_it_was_leaves_its_neighbour_alone():
    image = smooth(1, 240, 260, 3)
    crops = crops_of(image, [found(20, 30, 80, 90), found(40, 50, 110, 120)])
    first, second = crops.crops()
    both = paste_faces(crops, [first * 0.5, second], 0)[0]
    alone = paste_faces(crops._replace(plans=crops.plans[:1]), [first * 0.5], 0)[0]
    assert torch.equal(both, alone)


def test_they_may_come_back_as_a_batch_and_in_another_size():
    image = smooth(1, 240, 260, 3)
    crops = crops_of(image, [found(20, 30, 80, 90), found(150, 130, 210, 190)])
    first, second = crops.crops()
    assert first.shape == second.shape
    batch = torch.cat([first, second])
    assert (paste_faces(crops, [batch], 0.8)[0] - image).abs().max() <= 1e-6
    larger = torch.nn.functional.interpolate(batch.movedim(-1, 1), scale_factor=2, mode="bicubic").movedim(1, -1)
    assert (paste_faces(crops, [larger], 0)[0] - image).abs().max() < 0.02


def test_without_a_face_there_is_a_small_picture_that_changes_nothing():
    image = noise(1, 50, 60, 3)
    crops = crops_of(image, [])
    assert [picture.shape for picture in crops.crops()] == [(1, 64, 64, 3)]
    assert [mask.shape for mask in crops.noise_masks()] == [(1, 64, 64)]
    result, mask, words = paste_faces(crops, [torch.zeros(1, 64, 64, 3)], 0.8)
    assert result is image
    assert not mask.any()
    assert words == []


def test_nan_leaves_the_old_face():
    image = noise(1, 240, 260, 3)
    crops = crops_of(image, [found(20, 30, 80, 90)])
    result, mask, words = paste_faces(crops, [crops.crops()[0] * float("nan")], 0.8)
    assert torch.equal(result, image)
    assert not mask.any()
    assert "NaN" in words[0]


@pytest.mark.parametrize(
    ("pictures", "problem"),
    [
        ([], "1 crops to put back, and 0"),
        ([torch.zeros(2, 128, 128, 3)], "and 2 pictures came"),
        ([torch.zeros(1, 128, 256, 3)], "another shape"),
        ([None], "None"),
        ([{"samples": torch.zeros(1, 4, 8, 8)}], "not pictures"),
    ],
)
def test_other_pictures_are_refused(pictures, problem):
    crops = crops_of(noise(1, 240, 260, 3), [found(20, 30, 80, 90)])
    with pytest.raises(ValueError, match=problem):
        paste_faces(crops, pictures, 0.8)


def test_stopping():
    crops = crops_of(noise(1, 240, 260, 3), [found(20, 30, 80, 90)])

    def stop(number):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        paste_faces(crops, crops.crops(), 0.8, stop)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_the_preview_draws_on_a_copy(channels):
    image = noise(2, 200, 220, channels) * 0.2
    copy = image.clone()
    faces = [[found(50, 60, 120, 140).face, found(150, 20, 200, 60, score=0.3).face], []]
    choices = [choose(ones, Limits(), 220, 200) for ones in faces]
    drawn = draw_faces(image, faces, choices)
    assert torch.equal(image, copy)
    assert drawn.shape == (2, 200, 220, 3)
    gray = image[..., :1].expand(-1, -1, -1, 3) if channels < 3 else image[..., :3]
    assert torch.equal(drawn[1], gray[1])
    changed = (drawn[0] != gray[0]).any(-1)
    assert changed[60, 50:120].all()
    assert changed[20, 150:200].all()
    assert not changed[80:120, 70:100].any()


@pytest.mark.parametrize("size", [(1, 1), (3, 400), (12, 12)])
def test_the_preview_of_a_tiny_picture(size):
    height, width = size
    faces = [[found(0, 0, width, height).face]]
    drawn = draw_faces(noise(1, height, width, 3), faces, [choose(faces[0], Limits(), width, height)])
    assert drawn.shape == (1, height, width, 3)
