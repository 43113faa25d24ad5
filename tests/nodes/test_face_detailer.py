import json

import pytest
import torch
from switchyard_pack.core.bbox_detector import BboxDetector
from switchyard_pack.core.face_choice import Limits
from switchyard_pack.core.faces import Face
from switchyard_pack.core.segs import SEG, Found, make_segs
from switchyard_pack.nodes.face_detailer import FaceDetailer
from switchyard_pack.nodes.face_detector import FaceDetector
from switchyard_pack.nodes.host.face_sampler import _open_places

from .face_node_fakes import FACE, ComfyUI, Model, Vae, sampled


@pytest.fixture
def comfyui(monkeypatch, tmp_path):
    return ComfyUI(monkeypatch, temp=tmp_path)


def picture(count=1, channels=3):
    return torch.rand(count, 200, 220, channels, generator=torch.Generator().manual_seed(3))


def run(image, **more):
    returned = FaceDetailer().execute(image, **sampled(**more))
    names = FaceDetailer.RETURN_NAMES
    outputs = dict(zip(names, returned["result"], strict=True))
    report = json.loads(outputs["report"])
    payload = returned["ui"]["switchyard"][0]
    assert payload["kind"] == "face_detailer"
    assert payload["summary"] == report["summary"]
    return outputs, report


def brighter(samples, seed):
    return samples * 0.5 + 0.5


def test_nothing_changes_where_the_sampler_changes_nothing(comfyui):
    image = picture()
    outputs, report = run(image)
    assert (outputs["image"] - image).abs().max() <= 1e-6
    assert report["summary"] == "1 face: 1 redrawn"
    assert outputs["face_mask"].shape == (1, 200, 220)


@pytest.mark.parametrize("vae", [Vae(8), Vae(16), Vae(32), Vae(14), Vae(8, is_video=True)])
def test_any_vae_gets_sizes_that_it_can_take_whole(comfyui, vae):
    image = picture()
    comfyui.change = brighter
    outputs, _ = run(image, vae=vae, match_color=0)
    assert not torch.equal(outputs["image"], image)
    outside = outputs["face_mask"] == 0
    assert torch.equal(outputs["image"][outside], image[outside])


def test_the_sampler_is_asked_as_the_inputs_say(comfyui):
    run(picture(), seed=5, denoise=0.6, noise_mask_feather=0)
    (call,) = comfyui.calls
    assert (call["seed"], call["steps"], call["cfg"], call["denoise"]) == (5, 15, 7.0, 0.6)
    assert (call["sampler"], call["scheduler"]) == ("euler", "karras")
    mask = call["latent"]["noise_mask"]
    assert mask.shape == (1, *(8 * side for side in call["latent"]["samples"].shape[2:]))
    assert 0 < mask.mean() < 1
    assert set(mask.unique().tolist()) == {0, 1}
    assert call["model"].model_options == {}


def test_the_soft_edge_of_the_noise_mask_comes_with_its_function_and_the_given_model_stays(comfyui):
    model = Model()
    run(picture(), model=model)
    assert comfyui.calls[0]["model"].model_options == {"denoise_mask_function": _open_places}
    assert model.model_options == {}
    mask = comfyui.calls[0]["latent"]["noise_mask"]
    assert ((mask > 0) & (mask < 1)).any()


def test_a_model_with_a_mask_function_of_its_own_keeps_it(comfyui):
    model = Model()
    model.model_options["denoise_mask_function"] = len
    run(picture(), model=model)
    assert comfyui.calls[0]["model"] is model


def test_without_a_noise_mask_the_whole_crop_is_sampled(comfyui):
    run(picture(), noise_mask=False)
    assert "noise_mask" not in comfyui.calls[0]["latent"]
    assert comfyui.calls[0]["model"].model_options == {}


def test_models_for_inpainting_are_told_what_is_missing(comfyui):
    run(picture(), inpaint_model=True)
    assert comfyui.calls[0]["positive"][0][1] == {"inpaint": True}
    assert "noise_mask" in comfyui.calls[0]["latent"]


def test_cycles_go_on_from_the_last_result(comfyui):
    comfyui.change = lambda samples, seed: samples + 1
    run(picture(), cycle=3, seed=7)
    assert [call["seed"] for call in comfyui.calls] == [7, 8, 9]
    means = [float(call["latent"]["samples"].mean()) for call in comfyui.calls]
    assert means[1] - means[0] == pytest.approx(1, abs=1e-3)
    assert means[2] - means[1] == pytest.approx(1, abs=1e-3)
    assert len(comfyui.calls[2]["latent"]["noise_mask"]) == 1


def test_no_face_is_told_and_the_same_picture_comes_out(comfyui):
    comfyui.faces = []
    image = picture()
    outputs, report = run(image)
    assert outputs["image"] is image
    assert report["summary"] == "no face, the picture is unchanged"
    assert comfyui.calls == []
    assert type(outputs["faces_before"][0]).__name__ == "ExecutionBlocker"
    comfyui.faces = [Face(FACE, 0.31)]
    assert "its score is 0.31, below the threshold 0.5" in run(image)[1]["summary"]


def test_faces_before_and_after_are_parts_of_the_pictures(comfyui):
    comfyui.change = brighter
    image = picture(2)
    outputs, report = run(image, match_color=0)
    assert len(outputs["faces_before"]) == len(outputs["faces_after"]) == 2
    x1, y1, x2, y2 = report["faces"][0]["crop"]
    assert torch.equal(outputs["faces_before"][1], image[1:, y1:y2, x1:x2])
    assert torch.equal(outputs["faces_after"][1], outputs["image"][1:, y1:y2, x1:x2])


def test_the_detector_that_is_plugged_in_is_not_asked_twice(comfyui):
    image = picture(2)
    detector, *_ = FaceDetector().execute(image, 0.5)["result"]
    assert comfyui.searches == 1
    run(image, bbox_detector=detector)
    assert comfyui.searches == 1
    run(image, bbox_detector=detector, keep_if_worse=True)
    assert comfyui.searches > 1  # the guard looks at crops


def test_the_threshold_of_the_detector_counts_unless_there_is_another(comfyui):
    comfyui.faces = [Face(FACE, 0.6)]
    image = picture()
    strict = BboxDetector(comfyui.find, Limits(0.8), "built-in")
    assert run(image, bbox_detector=strict)[1]["faces"][0]["status"] == "skipped"
    assert run(image, bbox_detector=strict, bbox_threshold=0.5)[1]["faces"][0]["status"] == "redrawn"


class Impact:
    """A detector of another pack, by Impact Pack's contract."""

    def __init__(self, masks=False):
        self.words, self.calls, self.masks = [], [], masks

    def setAux(self, word):
        self.words.append(word)

    def detect(self, image, threshold, dilation, crop_factor, drop_size=1, detailer_hook=None):
        self.calls.append((tuple(image.shape), threshold, dilation, crop_factor, drop_size, detailer_hook))
        size, segs = make_segs([Found(Face(FACE, 0.8))], 220, 200, dilation, crop_factor, image)
        if self.masks:
            segs = [
                seg._replace(cropped_mask=seg.cropped_mask * (torch.arange(seg.cropped_mask.shape[1]) % 2).numpy())
                for seg in segs
            ]
        return size, segs


def test_a_detector_of_another_pack_is_asked_for_each_picture_as_impact_does(comfyui):
    detector, hook = Impact(), object()
    comfyui.change = brighter
    image = picture(2, channels=4)
    outputs, report = run(image, bbox_detector=detector, detailer_hook=hook, bbox_crop_factor=2.0, drop_size=7)
    assert detector.calls == [((1, 200, 220, 3), 0.5, 0, 2.0, 7, hook)] * 2
    assert detector.words == ["face", None] * 2
    assert report["summary"] == "2 faces in 2 pictures: 2 redrawn"
    assert torch.equal(outputs["image"][..., 3], image[..., 3])
    assert comfyui.searches == 0


def test_a_detector_that_fails_gets_its_word_back(comfyui):
    class Broken(Impact):
        def detect(self, *_, **__):
            raise RuntimeError("theirs")

    detector = Broken()
    with pytest.raises(RuntimeError, match="theirs"):
        run(picture(), bbox_detector=detector)
    assert detector.words == ["face", None]


def test_masks_of_another_packs_detector_are_what_is_pasted(comfyui):
    outputs, _ = run(picture(), bbox_detector=Impact(masks=True), feather=0, bbox_dilation=0)
    columns = outputs["face_mask"][0, 100] > 0
    assert 0.4 < columns[int(FACE[0]) : int(FACE[2])].float().mean() < 0.6


@pytest.mark.parametrize(
    "source",
    [
        {"segs": make_segs([Found(Face(FACE, 0.9))], 220, 200)},
        {"bboxes": [[{"x": 60, "y": 50, "width": 60, "height": 80, "label": "face", "score": 0.9}]]},
        {"bboxes": {"x": 60, "y": 50, "width": 60, "height": 80}},
        {"face_landmarks": {"frames": [[{"landmarks_xy": [[60, 50], [120, 50], [90, 130]], "score": 1.0}]]}},
        {"mask": torch.nn.functional.pad(torch.ones(1, 80, 60), (60, 100, 50, 70))},
    ],
)
def test_faces_come_from_whatever_is_plugged_in(comfyui, source):
    comfyui.change = brighter
    image = picture()
    outputs, report = run(image, **source, match_color=0)
    assert comfyui.searches == 0
    (face,) = report["faces"]
    assert face["box"] == [60, 50, 120, 130]
    assert not torch.equal(outputs["image"], image)
    assert len(outputs["segs"][1]) == 1


def test_a_mask_beside_a_detector_limits_what_changes(comfyui):
    allowed = torch.zeros(1, 200, 220)
    allowed[:, :, :92] = 1
    comfyui.change = brighter
    image = picture()
    outputs, _ = run(image, bbox_detector=Impact(), mask=allowed, match_color=0)
    assert torch.equal(outputs["image"][:, :, 92:], image[:, :, 92:])
    assert not torch.equal(outputs["image"], image)
    assert (
        run(image, mask=torch.zeros(1, 64, 64), bboxes=[[{"x": 1, "y": 1, "width": 50, "height": 50}]])[0]["image"]
        is image
    )


def test_a_shape_detector_cuts_the_mask(comfyui):
    outputs, _ = run(picture(), segm_detector_opt=Impact(masks=True), feather=0, bbox_dilation=0)
    assert 0.4 < (outputs["face_mask"][0, 100, 60:120] > 0).float().mean() < 0.6


def test_prompts_for_single_faces(comfyui):
    comfyui.faces = [Face((10, 10, 60, 60), 0.9), Face((100, 10, 160, 60), 0.8), Face((100, 100, 170, 170), 0.7)]
    _, report = run(picture(), wildcard="[CONCAT]a man[SEP][SKIP][SEP][PROMPT]")
    assert [face["status"] for face in report["faces"]] == ["redrawn", "skipped", "redrawn"]
    assert [len(call["positive"]) for call in comfyui.calls] == [2, 1]
    assert comfyui.calls[0]["positive"][1][0] == "a man"


def test_hooks_are_asked_at_each_stage(comfyui):
    asked = []

    class Hook:
        def post_upscale(self, pixels):
            asked.append(("upscale", pixels.ndim))
            return pixels

        def post_encode(self, latent):
            asked.append(("encode", latent["samples"].ndim))
            return latent

        def post_decode(self, pixels):
            asked.append(("decode", pixels.ndim))
            return pixels

    run(picture(), detailer_hook=Hook())
    assert asked == [("upscale", 4), ("encode", 4), ("decode", 4)]


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"image": None}, "Face Detailer needs pictures"),
        ({"image": torch.zeros(0, 8, 8, 3)}, "got no picture"),
        ({"image": torch.zeros(1, 3, 8, 8)}, "channels first"),
        ({"image": torch.zeros(1, 8, 8, 3, dtype=torch.uint8)}, "0 to 1"),
        ({"model": None}, "model is a None, not a MODEL"),
        ({"vae": None}, "vae is a None, not a VAE"),
        ({"positive": None}, "positive is None, not CONDITIONING"),
        ({"negative": torch.zeros(1)}, "negative is"),
        ({"sampler_name": "AYS"}, "no sampler_name"),
        ({"bbox_detector": 5}, "bbox_detector is a INT, .* no detector"),
        ({"segs": 5}, "segs is a INT"),
        ({"bboxes": "x"}, "bboxes holds a STRING"),
        ({"mask": 5}, "mask is a INT"),
        ({"face_landmarks": 5}, "face_landmarks is a INT"),
        ({"wildcard": "[LAB]a"}, r"\[LAB\]"),
    ],
)
def test_wrong_things_are_named(comfyui, wrong, problem):
    image = wrong.pop("image") if "image" in wrong else picture()
    with pytest.raises(ValueError, match=problem):
        run(image, **wrong)


def test_an_unreadable_seg_of_another_pack_is_named(comfyui):
    segs = ((200, 220), [SEG(None, None, 0.5, "somewhere", (1, 2, 3, 4), "face")])
    with pytest.raises(ValueError, match="SEG number 1"):
        run(picture(), segs=segs)


def test_a_prompt_for_a_face_needs_a_clip(comfyui):
    with pytest.raises(ValueError, match="no clip"):
        run(picture(), clip=None, wildcard="a man")


def test_a_vae_of_another_kind_is_told(comfyui):
    class Larger(Vae):
        def decode(self, latent):
            return super().decode(latent).repeat(1, 2, 2, 1)

    with pytest.raises(ValueError, match="another kind of model"):
        run(picture(), vae=Larger())


def test_interrupting_stops_between_faces(comfyui, monkeypatch):
    import sys
    import types

    class StopError(Exception):
        pass

    def stop():
        if comfyui.calls:
            raise StopError

    management = types.SimpleNamespace(throw_exception_if_processing_interrupted=stop)
    monkeypatch.setitem(sys.modules, "comfy.model_management", management)
    comfyui.faces = [Face((10, 10, 60, 60), 0.9), Face((100, 10, 160, 60), 0.8)]
    with pytest.raises(StopError):
        run(picture())
    assert len(comfyui.calls) == 1


def test_the_soft_edge_opens_as_sampling_goes_on():
    """Differential diffusion: at the first step only where the mask is 1, at the last everywhere that it is not 0."""

    class Sampling:
        sigma_min = torch.tensor(0.1)

        def timestep(self, sigma):
            return sigma * 100

    model = type("M", (), {"inner_model": type("I", (), {"model_sampling": Sampling()})()})()
    options = {"model": model, "sigmas": torch.tensor([10.0, 5.0, 0.0])}
    mask = torch.tensor([0.0, 0.3, 0.5, 1.0])
    assert _open_places(torch.tensor([10.0]), mask, options).tolist() == [0, 0, 0, 1]
    assert _open_places(torch.tensor([5.0]), mask, options).tolist() == [0, 0, 1, 1]
    assert _open_places(torch.tensor([0.1]), mask, options).tolist() == [1, 1, 1, 1]
    assert _open_places(torch.tensor([0.1]), mask, {**options, "sigmas": torch.tensor([0.1, 0.0])}).tolist() == [1] * 4


def test_hooks_change_what_our_detector_found(comfyui):
    class Hook:
        def post_detection(self, segs):
            return segs[0], segs[1][1:]

    comfyui.faces = [Face((10, 10, 60, 60), 0.9), Face((100, 10, 160, 70), 0.8)]
    detector = BboxDetector(comfyui.find, Limits(), "built-in")
    _, report = run(picture(), bbox_detector=detector, detailer_hook=Hook())
    assert [face["box"] for face in report["faces"]] == [[10, 10, 60, 60]]


def test_a_box_of_the_user_counts_where_the_detector_left_the_face_out(comfyui):
    comfyui.faces = [Face(FACE, 0.3)]
    detector = BboxDetector(comfyui.find, Limits(), "built-in")
    boxes = [[{"x": 60, "y": 50, "width": 60, "height": 80}]]
    _, report = run(picture(), bbox_detector=detector, bboxes=boxes)
    assert [face["status"] for face in report["faces"]] == ["redrawn", "skipped"]


def test_a_hook_is_asked_with_nothing_plugged_in_too(comfyui):
    class Hook:
        def post_detection(self, segs):
            return segs[0], []

    assert run(picture(), detailer_hook=Hook())[1]["faces"] == []


def test_the_largest_seed_goes_round(comfyui):
    run(picture(), seed=2**64 - 1, cycle=2)
    assert [call["seed"] for call in comfyui.calls] == [2**64 - 1, 0]


def test_an_empty_mask_alone_is_told(comfyui):
    _, report = run(picture(), mask=torch.zeros(1, 64, 64))  # as Load Image gives it without alpha
    assert report["summary"] == "no face, the picture is unchanged"
    assert "it is empty" in report["notes"][0]


def test_a_shape_detector_of_another_kind_is_named(comfyui):
    with pytest.raises(ValueError, match="segm_detector_opt is a"):
        run(picture(), segm_detector_opt=object())
