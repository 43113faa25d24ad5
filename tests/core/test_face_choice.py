import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from switchyard_pack.core.bbox_detector import LOWEST_SCORE, BboxDetector
from switchyard_pack.core.face_choice import ORDERS, Limits, choose, clamp_faces
from switchyard_pack.core.faces import Face, area, clamp_box, overlap, suppress

from .face_fakes import noise

FACES = [
    Face((10, 10, 30, 30), 0.6),
    Face((50, 10, 90, 60), 0.9),
    Face((0, 50, 30, 90), 0.8),
    Face((60, 60, 70, 70), 0.49),
]


@pytest.mark.parametrize(
    ("order", "chosen"),
    [("largest", [1, 2, 0]), ("left to right", [2, 0, 1]), ("confidence", [1, 2, 0]), ("as found", [0, 1, 2])],
)
def test_faces_are_taken_in_order(order, chosen):
    choice = choose(FACES, Limits(order=order), 100, 100)
    assert choice.chosen == chosen
    assert choice.reasons == {3: "its score is 0.49, below the threshold 0.5"}
    assert choose(FACES, Limits(order=order, max_faces=2), 100, 100).chosen == chosen[:2]


def test_limits():
    def chosen(**limits):
        return sorted(choose(FACES, Limits(**limits), 100, 100).chosen)

    assert chosen(threshold=0) == [0, 1, 2, 3]
    assert chosen(threshold=0.9) == [1]
    assert chosen(drop_size=20) == [1, 2]
    assert chosen(min_ratio=0.05) == [1, 2]
    assert chosen(max_ratio=0.15) == [0, 2]
    assert choose([], Limits(), 100, 100) == ([], {})


def test_a_score_that_would_read_like_the_threshold_is_shown_with_more_digits():
    faces = [Face((0, 0, 9, 9), 0.4999), Face((0, 0, 9, 9), float("nan"))]
    reasons = choose(faces, Limits(), 100, 100).reasons
    assert "0.4999, below" in reasons[0]
    assert "nan" in reasons[1]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.floats(-50, 150)] * 4), max_size=6), st.sampled_from(list(ORDERS)), st.integers(0, 4))
def test_every_face_is_either_chosen_or_has_a_reason(boxes, order, most):
    faces = clamp_faces([Face(box, 0.7) for box in boxes], 100, 100)
    choice = choose(faces, Limits(order=order, max_faces=most, drop_size=5), 100, 100)
    assert sorted([*choice.chosen, *choice.reasons]) == list(range(len(faces)))
    assert all(0 <= face.box[0] < face.box[2] <= 100 and 0 <= face.box[1] < face.box[3] <= 100 for face in faces)


def test_boxes():
    assert overlap((0, 0, 10, 10), (0, 0, 10, 10)) == 1
    assert overlap((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 10, 10), (20, 0, 30, 10)) == 0
    assert overlap((5, 5, 5, 5), (5, 5, 5, 5)) == 0
    assert area((5, 5, 2, 9)) == 0
    assert clamp_box((-5, -5, 200, 50), 100, 80) == (0, 0, 100, 50)
    assert clamp_box((100, 0, 120, 10), 100, 80) is None
    assert clamp_box((float("inf"), 0, 5, 5), 100, 80) is None


def test_faces_that_overlap_are_one():
    faces = [Face((0, 0, 10, 10), 0.6), Face((1, 0, 11, 10), 0.9), Face((30, 30, 40, 40), 0.1)]
    assert suppress(faces, 0.5) == [faces[1], faces[2]]
    assert suppress(faces, 0.9) == [faces[1], faces[0], faces[2]]


class Finder:
    """A detector that counts its searches."""

    def __init__(self, *faces):
        self.faces, self.searches = list(faces), 0

    def __call__(self, pictures, lowest):
        self.searches += 1
        assert lowest == LOWEST_SCORE
        return [list(self.faces) for _ in pictures]


def test_the_detector_object_does_what_other_packs_ask_of_one():
    finder = Finder(*FACES)
    detector = BboxDetector(finder, Limits(0.7), "built-in")
    image = noise(1, 100, 100, 3)
    detector.setAux("face")
    size, segs = detector.detect(image, 0.5, 10, 3.0, 20, detailer_hook=None)
    detector.setAux(None)
    assert size == (100, 100)
    assert [seg.confidence for seg in segs] == [0.9, 0.8]
    assert segs[0].cropped_image.shape[1:3] == segs[0].cropped_mask.shape
    assert [seg.confidence for seg in detector.detect(image)[1]] == [0.9, 0.8]  # its own threshold
    mask = detector.detect_combined(image, 0.7, 0)
    assert mask.shape == (100, 100)
    assert mask.sum() == 40 * 50 + 30 * 40
    assert finder.searches == 1


@pytest.mark.parametrize("is_inference", [True, False])  # ComfyUI runs nodes in inference mode
def test_it_searches_again_when_the_pictures_change(is_inference):
    finder = Finder()
    detector = BboxDetector(finder, Limits(), "x")
    with torch.inference_mode(is_inference):
        image = noise(1, 10, 10, 3)
        detector.find_faces(image)
        detector.find_faces(image)
        assert finder.searches == 1
        image[0, 0, 0, 0] = 0.5
        detector.find_faces(image)
        detector.find_faces(noise(1, 10, 10, 3))
        assert finder.searches == 3


def test_it_keeps_no_pictures_alive():
    import weakref

    detector = BboxDetector(Finder(), Limits(), "x")
    image = noise(1, 10, 10, 3)
    detector.find_faces(image)
    gone = weakref.ref(image)
    del image
    assert gone() is None


def test_hooks_may_change_regions_and_segs():
    class Hook:
        def post_crop_region(self, width, height, box, region):
            assert (width, height) == (100, 100)
            return (-20, 0, 100, 100)

        def post_detection(self, segs):
            return segs[0], segs[1][:1]

    detector = BboxDetector(Finder(*FACES), Limits(), "x")
    _, (seg,) = detector.detect(noise(1, 100, 100, 3), 0.5, 0, 3.0, detailer_hook=Hook())
    assert seg.crop_region == (0, 0, 100, 100)
    assert seg.cropped_mask.shape == (100, 100)
    assert seg.cropped_mask.sum() == 2000
