"""YOLOv8: the same numbers as its authors' own program, pictures of all sizes, and a word for every other file."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from switchyard_pack.core.detected_faces import face_classes, faces_in_picture
from switchyard_pack.core.faces import overlap
from switchyard_pack.core.yolov8 import YoloV8, find_faces_yolov8, letterbox

from .tiny_yolov8 import picture, reference, weights

NAMES = {0: "person", 1: "face"}


@pytest.fixture(autouse=True)
def one_thread():
    """Tiny networks are slower on several threads, many times so while others use the processor."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@cache
def _network():
    return YoloV8(weights(), NAMES, input_px=96)


def test_boxes_and_scores_are_those_of_the_reference():
    with torch.no_grad():
        found = _network()(picture())
    wanted = reference()
    assert (found.boxes[0] - wanted[:, :4]).abs().max() < 1e-3
    assert (found.scores[0] - wanted[:, 4:]).abs().max() < 1e-5


@pytest.mark.parametrize("prefix", ["", "model.", "model.model.", "ema.model."])
def test_any_prefix_and_half_precision_will_do(prefix):
    halved = {name: tensor.half() for name, tensor in weights(prefix).items()}
    with torch.no_grad():
        found = YoloV8(halved, NAMES)(picture())
    assert (found.boxes[0] - reference()[:, :4]).abs().max() < 1


def test_batch_norms_may_have_been_folded_in():
    folded = weights()
    for name in [name.removesuffix(".bn.weight") for name in folded if name.endswith(".bn.weight")]:
        gain, bias, mean, variance = (
            folded.pop(f"{name}.bn.{part}") for part in ("weight", "bias", "running_mean", "running_var")
        )
        gain = gain / (variance + 1e-3).sqrt()
        folded[f"{name}.conv.weight"] = folded[f"{name}.conv.weight"] * gain[:, None, None, None]
        folded[f"{name}.conv.bias"] = bias - mean * gain
    with torch.no_grad():
        found = YoloV8(folded, NAMES)(picture())
    assert (found.boxes[0] - reference()[:, :4]).abs().max() < 1e-3


def test_faces_are_the_places_of_the_face_class():
    network = _network()
    wanted = reference()
    score = float(wanted[:, 5].quantile(0.8))
    (faces,) = find_faces_yolov8(network, picture(), score)
    best = wanted[wanted[:, 5].argmax()]
    assert faces[0].score == pytest.approx(float(best[5]), abs=1e-4)
    assert faces[0].label == "face"
    x1, y1, x2, y2 = best[:4].tolist()
    assert faces[0].box == pytest.approx((max(x1, 0), max(y1, 0), min(x2, 96), min(y2, 64)), abs=1e-2)
    assert all(face.score >= score for face in faces)
    assert [face.score for face in faces] == sorted((face.score for face in faces), reverse=True)
    assert find_faces_yolov8(network, picture(), 1.01) == [[]]


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (31, 2), (33, 65), (640, 640), (700, 900), (2000, 31)])
def test_boxes_lie_in_pictures_of_any_size(size):
    height, width = size
    network = _network()
    faces = find_faces_yolov8(network, picture(height, width).repeat(2, 1, 1, 1), 0.0)
    assert len(faces) == 2
    assert faces[0]
    for face in faces[0]:
        x1, y1, x2, y2 = face.box
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height


def test_a_larger_copy_has_the_same_faces():
    network = _network()
    small = find_faces_yolov8(network, picture(), 0.5)[0]
    large = picture().repeat_interleave(4, 2).repeat_interleave(4, 3)
    for face, other in zip(small[:3], find_faces_yolov8(network, large, 0.5)[0][:3], strict=True):
        assert overlap(face.box, tuple(side / 4 for side in other.box)) > 0.9


@pytest.mark.parametrize(
    ("height", "width", "side", "inner", "shape", "left", "top"),
    [
        (640, 640, 640, (640, 640), (640, 640), 0, 0),
        (720, 1280, 640, (360, 640), (384, 640), 0, 12),
        (1280, 720, 640, (640, 360), (640, 384), 12, 0),
        (320, 320, 640, (640, 640), (640, 640), 0, 0),
        (1, 1000, 640, (1, 640), (32, 640), 0, 15),
        (333, 500, 640, (426, 640), (448, 640), 0, 11),
    ],
)
def test_pictures_are_fitted_and_padded_in_the_middle(height, width, side, inner, shape, left, top):
    fitted, found_left, found_top, found_inner = letterbox(torch.ones(1, 3, height, width), side)
    assert (found_inner, found_left, found_top, tuple(fitted.shape[2:])) == (inner, left, top, shape)
    assert fitted[..., top : top + inner[0], left : left + inner[1]].min() == pytest.approx(1)
    assert fitted.sum() == pytest.approx(3 * (inner[0] * inner[1] * (1 - 114 / 255) + shape[0] * shape[1] * 114 / 255))


@pytest.mark.parametrize(
    ("names", "count", "found"),
    [
        ({0: "face"}, 1, (0,)),
        ({0: "person"}, 1, (0,)),
        ({}, 1, (0,)),
        ({0: "person", 1: "Human_Face", 2: "HEAD"}, 3, (1, 2)),
        ({0: "headphones", 1: "surface", 2: "anime face"}, 3, (2,)),
        ({5: "face"}, 6, (5,)),
    ],
)
def test_face_classes_are_known_by_name(names, count, found):
    assert face_classes(names, count) == found


def test_a_detector_without_faces_says_what_it_finds():
    with pytest.raises(ValueError, match=r"^it finds person, car, and no face or head\. Use a model of faces$"):
        face_classes({0: "person", 1: "car"}, 2)
    with pytest.raises(ValueError, match=r"^it finds c0, .*c11, …, and no face"):
        face_classes({number: f"c{number}" for number in range(80)}, 80)
    with pytest.raises(ValueError, match=r"^it tells 2 kinds of things apart, but not what they are called"):
        face_classes({}, 2)
    with pytest.raises(ValueError, match=r"^it finds person, dog, and no face"):
        YoloV8(weights(), {0: "person", 1: "dog"})


def test_a_score_that_is_no_number_is_no_face():
    boxes = torch.tensor([[0.0, 0, 5, 5], [10, 10, 15, 15], [float("nan"), 0, 9, 9], [20, 20, 30, 30]])
    scores = torch.tensor([float("nan"), 0.7, 0.9, 0.2])
    faces = faces_in_picture(boxes, scores, torch.zeros(4, dtype=torch.long), ["face"], (100, 100), 0.0)
    assert [face.score for face in faces] == pytest.approx([0.7, 0.2])


def test_two_heads_at_the_border_stay_two():
    boxes = torch.tensor([[-40.0, 0, 10, 50], [-2, 0, 10, 50]])
    faces = faces_in_picture(boxes, torch.tensor([0.9, 0.8]), torch.tensor([0, 0]), ["face"], (100, 100), 0.5)
    assert [face.box for face in faces] == [(0, 0, 10, 50), (0, 0, 10, 50)]


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["model.24.anchors"], "a YOLOv5"),
        (["model.24.m.0.weight"], "a YOLOv5"),
        (["model.2.cv2.0.cv1.conv.weight", "model.22.cv2.0.0.conv.weight"], "a YOLOv9"),
        (["model.23.cv2.0.0.conv.weight", "model.10.m.0.attn.qkv.conv.weight"], "a YOLO11 or later"),
        (["model.23.cv2.0.0.conv.weight", "model.23.one2one_cv2.0.0.conv.weight"], "a YOLOv10 or later"),
        (["model.28.cv2.0.0.conv.weight"], "a YOLO of another layout"),
        (["model.diffusion_model.input_blocks.0.0.weight"], "a model that makes pictures"),
    ],
)
def test_other_files_are_told_by_name(names, kind):
    with pytest.raises(ValueError, match=f"^it is {kind}.*, which is not supported$"):
        YoloV8({name: torch.ones(1) for name in names}, NAMES)


def test_what_is_no_yolo_is_told():
    for other in ({}, {"weight": torch.ones(1)}):
        with pytest.raises(ValueError, match=r"^it is no YOLOv8$"):
            YoloV8(other, NAMES)
    turned = {**weights(), "model.22.cv4.0.2.weight": torch.ones(1, 8, 1, 1)}
    with pytest.raises(ValueError, match="turned boxes"):
        YoloV8(turned, NAMES)


def test_a_model_for_outlines_or_poses_gives_its_boxes():
    more = {**weights(), "model.22.cv4.0.2.weight": torch.ones(15, 8, 1, 1)}
    with torch.no_grad():
        found = YoloV8(more, NAMES)(picture())
    assert (found.boxes[0] - reference()[:, :4]).abs().max() < 1e-3


WRONG = {
    "a number": torch.ones(()),
    "a row": torch.ones(3),
    "another kernel": torch.ones(8, 8, 2, 2),
    "other channels": torch.ones(5, 5, 3, 3),
    "nothing": torch.empty(0, 8, 1, 1),
}


@pytest.mark.parametrize("kind", list(WRONG))
@pytest.mark.parametrize("name", ["0.conv.weight", "9.cv2.bn.running_var", "15.m.0.cv1.conv.weight", "22.cv2.1.2.bias"])
def test_weights_of_another_shape_are_told(name, kind):
    with pytest.raises(ValueError, match="fit together as those of a YOLOv8 do"):
        YoloV8({**weights(), f"model.{name}": WRONG[kind]}, NAMES)


@pytest.mark.parametrize("name", ["0.conv.weight", "9.cv2.bn.running_var", "18.m.0.cv1.conv.weight", "22.cv3.2.2.bias"])
def test_weights_that_are_missing_are_told(name):
    with pytest.raises(ValueError, match=r"is missing among its weights|fit together"):
        YoloV8({known: tensor for known, tensor in weights().items() if known != f"model.{name}"}, NAMES)


def test_weights_are_not_changed():
    given, shown = weights(), picture()
    before = {name: tensor.clone() for name, tensor in given.items()}
    find_faces_yolov8(YoloV8(given, NAMES, input_px=96), shown, 0.1)
    assert all(torch.equal(given[name], tensor) for name, tensor in before.items())
    assert torch.equal(shown, picture())
