import json

import pytest
import torch
from switchyard_pack.core.faces import Face
from switchyard_pack.nodes.boxes_to_segs import BoxesToSegs
from switchyard_pack.nodes.face_crop import FaceCrop
from switchyard_pack.nodes.face_detector import FaceDetector
from switchyard_pack.nodes.face_paste import FacePaste
from switchyard_pack.nodes.segs_to_boxes import SegsToBoxes

from .face_node_fakes import FACE, ComfyUI


@pytest.fixture
def comfyui(monkeypatch):
    return ComfyUI(monkeypatch, [FACE, (130.0, 20.0, 180.0, 60.0), (5.0, 5.0, 15.0, 15.0)])


def picture(count=1, channels=3):
    return torch.rand(count, 200, 220, channels, generator=torch.Generator().manual_seed(3))


def summary(returned):
    return returned["ui"]["switchyard"][0]["summary"]


def test_all_outputs_tell_the_same_faces(comfyui):
    image = picture(2)
    returned = FaceDetector().execute(image, 0.5, dilation=0)
    detector, segs, bboxes, mask, count, preview = returned["result"]
    assert count == 4
    assert summary(returned) == "4 faces in 2 pictures: 0.90, 0.80, 0.90, 0.80"
    assert segs[0] == (200, 220)
    assert [seg.bbox for seg in segs[1]] == [(60, 50, 120, 130), (130, 20, 180, 60)]
    assert [[box["x"] for box in boxes] for boxes in bboxes] == [[60, 130]] * 2
    assert mask.shape == (2, 200, 220)
    assert mask[0].sum() == 60 * 80 + 50 * 40
    assert preview.shape == image.shape
    assert detector.default_threshold == 0.5
    data = returned["ui"]["switchyard"][0]["data"]
    assert data["boxes"][0] == [[60, 50, 120, 130], [130, 20, 180, 60]]
    json.dumps(returned["ui"], allow_nan=False)


def test_limits_count_and_what_was_nearly_found_is_told(comfyui):
    assert FaceDetector().execute(picture(), 0.5, max_faces=1)["result"][4] == 1
    assert FaceDetector().execute(picture(), 0.5, min_size=0)["result"][4] == 3
    assert FaceDetector().execute(picture(), 0.5, order="left to right")["result"][1][1][0].bbox[0] == 60
    returned = FaceDetector().execute(picture(), 0.95)
    assert returned["result"][4] == 0
    assert summary(returned) == "no face; the best was left out: its score is 0.90, below the threshold 0.95"
    comfyui.faces = []
    assert summary(FaceDetector().execute(picture(), 0.5)) == "no face"
    assert FaceDetector().execute(picture(), 0.5)["result"][1] == ((200, 220), [])


def test_many_faces_are_told_in_one_line(comfyui):
    comfyui.faces = [Face((10.0 * x, 10.0, 10.0 * x + 20, 30.0), 0.8) for x in range(9)]
    assert summary(FaceDetector().execute(picture(), 0.5)) == "9 faces: 0.80, 0.80, 0.80, 0.80, 0.80 and 4 more"


@pytest.mark.parametrize("image", [None, 5, torch.zeros(8, 8, 3), torch.zeros(1, 0, 8, 3), torch.zeros(1, 8, 8, 9)])
def test_what_is_no_picture_is_refused(comfyui, image):
    for node in (FaceDetector(), BoxesToSegs()):
        more = {"threshold": 0.5} if isinstance(node, FaceDetector) else {"dilation": 0, "crop_factor": 3.0}
        with pytest.raises(ValueError, match=node.DISPLAY_NAME):
            node.execute(image, **more)


def test_segs_and_boxes_turn_into_each_other(comfyui):
    image = picture()
    _, segs, bboxes, *_ = FaceDetector().execute(image, 0.5)["result"]
    returned = SegsToBoxes().execute(segs)
    assert returned["result"][1] == 2
    assert returned["result"][0] == bboxes
    (again, count) = BoxesToSegs().execute(image, 10, 3.0, bboxes=bboxes)["result"]
    assert count == 2
    assert [seg.bbox for seg in again[1]] == [seg.bbox for seg in segs[1]]
    assert (again[1][0].cropped_mask == segs[1][0].cropped_mask).all()
    with pytest.raises(ValueError, match="segs is a None"):
        SegsToBoxes().execute(None)


def test_boxes_to_segs_takes_masks_landmarks_and_one_picture_of_a_batch(comfyui):
    image = picture(2)
    mask = torch.zeros(2, 200, 220)
    mask[1, 50:90, 40:80] = torch.eye(40)
    _, count = BoxesToSegs().execute(image, 0, 3.0, mask=mask, picture_number=1)["result"]
    assert count == 0
    (_, (seg,)), _ = BoxesToSegs().execute(image, 0, 3.0, mask=mask, picture_number=2)["result"]
    assert seg.bbox == (40, 50, 80, 90)
    assert seg.cropped_mask.sum() == 40
    assert torch.equal(seg.cropped_image, image[1:, slice(*seg.crop_region[1::2]), slice(*seg.crop_region[::2])])
    with pytest.raises(ValueError, match="picture_number is 3"):
        BoxesToSegs().execute(image, 0, 3.0, mask=mask, picture_number=3)
    with pytest.raises(ValueError, match="Nothing is plugged in"):
        BoxesToSegs().execute(image, 0, 3.0)


SIZES = {"guide_size": 96, "max_size": 256, "crop_factor": 3.0, "dilation": 10, "feather": 5}


def test_crop_and_paste(comfyui):
    image = picture(2)
    returned = FaceCrop().execute(image, **SIZES)
    face_crops, crops, masks, count = returned["result"]
    assert (count, len(crops), len(masks)) == (6, 6, 6)
    assert summary(returned).startswith("6 faces in 2 pictures")
    pasted = FacePaste().execute([face_crops], crops, [0.8])
    assert summary(pasted) == "6 faces pasted"
    assert (pasted["result"][0][0] - image).abs().max() <= 1e-6
    broken = [crops[0] * float("nan"), *crops[1:]]
    assert summary(FacePaste().execute([face_crops], broken, [0.8])) == (
        "5 faces pasted, 1 kept: it came back with NaN or infinity"
    )


def test_crop_and_paste_without_a_face(comfyui):
    comfyui.faces = []
    image = picture()
    face_crops, crops, _, count = FaceCrop().execute(image, **SIZES)["result"]
    assert count == 0
    returned = FacePaste().execute([face_crops], crops, [0.8])
    assert returned["result"][0][0] is image
    assert summary(returned) == "no face, the picture is unchanged"


def test_crop_and_paste_of_a_list_of_pictures(comfyui):
    """Face Crop runs for each item of a list, and its lists come one after the other."""
    first, second = picture(), picture() * 0.5
    faces = comfyui.faces
    comfyui.faces = []
    nothing = FaceCrop().execute(first, **SIZES)["result"]
    comfyui.faces = faces
    three = FaceCrop().execute(second, **SIZES)["result"]
    crops = [*nothing[1], *three[1]]
    images, masks = FacePaste().execute([nothing[0], three[0]], crops, [0.8])["result"]
    assert images[0] is first
    assert (images[1] - second).abs().max() <= 1e-6
    assert [mask.max() for mask in masks] == [0, 1]
    with pytest.raises(ValueError, match="There are 4 crops to put back, and 3 pictures came"):
        FacePaste().execute([nothing[0], three[0]], crops[1:], [0.8])


def test_paste_wants_the_crops_of_face_crop():
    for wrong in ([], [None], [torch.zeros(1, 8, 8, 3)]):
        with pytest.raises(ValueError, match="Plug in the first output of Face Crop"):
            FacePaste().execute(wrong, [torch.zeros(1, 8, 8, 3)], [0.8])
