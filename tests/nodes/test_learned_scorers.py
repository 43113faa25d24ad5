"""The scorers that use a CLIP: one forward for all of them, outputs, verdicts, and what they refuse."""

from __future__ import annotations

import json
import math
import sys
import types

import pytest
import torch
from switchyard_pack.core.embeddings import FRAMINGS
from switchyard_pack.core.map_pooling import MATCH, PREFIX
from switchyard_pack.nodes.aesthetic_score import AestheticScore
from switchyard_pack.nodes.clip_iqa_score import ClipIqaScore
from switchyard_pack.nodes.host import picture_encoders, text_encoders
from switchyard_pack.nodes.preference_score import PreferenceScore
from switchyard_pack.nodes.prompt_score import PromptScore

from .clip_fakes import FakeClip, FakeVision, fake_folders

SCORERS = {
    "prompt_score": (PromptScore, {"prompt": "a cat"}),
    "clip_iqa_score": (ClipIqaScore, {}),
    "preference_score": (PreferenceScore, {"prompt": "a cat"}),
}


def _pictures(count=3):
    return torch.rand(count, 20, 30, 3, generator=torch.Generator().manual_seed(count))


def _run(name, image, vision, clip, **inputs):
    node, needed = SCORERS[name]
    returned = node().execute(image, vision, clip, **{**needed, **inputs})
    (payload,) = json.loads(json.dumps(returned["ui"], allow_nan=False))["switchyard"]
    assert payload["kind"] == name
    return returned["result"], payload


@pytest.mark.parametrize("name", SCORERS)
def test_the_outputs_come_in_the_agreed_order_and_types(name):
    node, _ = SCORERS[name]
    image = _pictures()
    (score, passed, scores, report, passed_on), payload = _run(name, image, FakeVision(), FakeClip(clip_l=8))
    assert node.RETURN_NAMES == ("score", "passed", "scores", "report", "image")
    assert node.OUTPUT_IS_LIST == (False, False, True, False, False)
    assert (type(score), type(passed), [type(one) for one in scores]) == (float, bool, [float] * 3)
    report = json.loads(report)
    assert (report["score"], report["passed"]) == (score, passed)
    assert [picture["score"] for picture in report["images"]] == scores == payload["data"]["scores"]
    assert payload["data"]["reasons"] == [picture["reason"] for picture in report["images"]]
    assert passed_on is image
    assert score == min(scores)


def test_the_same_pictures_are_shown_to_the_same_model_once_for_all_scorers():
    image, vision, clip = _pictures(), FakeVision(), FakeClip(clip_l=8)
    for name in SCORERS:
        _run(name, image, vision, clip)
        _run(name, image, vision, clip, framing="crop")
    assert vision.forwards == [3]
    assert len(clip.towers["clip_l"].encoded) == len(set(clip.towers["clip_l"].encoded)) == 8
    _run("prompt_score", image, vision, clip, framing="stretch")
    _run("prompt_score", image, FakeVision(), clip)
    assert vision.forwards == [3, 3]


def test_nothing_stale_is_given_for_pictures_that_changed_or_are_new_at_the_same_place():
    vision, clip = FakeVision(), FakeClip(clip_l=8)
    image = _pictures()
    before = _run("prompt_score", image, vision, clip)[0]
    image[0] = 0.0
    after = _run("prompt_score", image, vision, clip)[0]
    assert vision.forwards == [3, 3]
    assert before[2][1:] == after[2][1:]
    image[1] = image[1].flip(0)  # the same sum
    _run("prompt_score", image, vision, clip)
    assert vision.forwards == [3, 3, 3]


def test_a_model_that_is_patched_otherwise_is_asked_anew():
    image, vision, clip = _pictures(), FakeVision(), FakeClip(clip_l=8)
    for patches in ("a", "a", "b"):
        vision.patcher = clip.patcher = types.SimpleNamespace(patches_uuid=patches, load_device=None)
        _run("prompt_score", image, vision, clip)
    assert vision.forwards == [3, 3]
    assert len(clip.towers["clip_l"].encoded) == 2


def test_nothing_is_kept_alive():
    pictures, texts = len(picture_encoders._memo), len(text_encoders._memo)
    image, vision, clip = _pictures(), FakeVision(), FakeClip(clip_l=8)
    _run("prompt_score", image, vision, clip)
    assert (len(picture_encoders._memo), len(text_encoders._memo)) == (pictures + 1, texts + 1)
    del image
    assert len(picture_encoders._memo) == pictures
    del clip
    assert len(text_encoders._memo) == texts


def test_pictures_are_shown_in_chunks_that_an_interruption_ends(monkeypatch):
    vision = FakeVision()
    _run("prompt_score", _pictures(20), vision, FakeClip(clip_l=8))
    assert vision.forwards == [8, 8, 4]
    _run("prompt_score", _pictures(5), vision, FakeClip(clip_l=8), framing="both ends")
    assert vision.forwards[3:] == [8, 2]

    class StoppedError(Exception):
        pass

    def check():
        if len(vision.forwards) > 5:
            raise StoppedError

    management = types.ModuleType("comfy.model_management")
    management.throw_exception_if_processing_interrupted = check
    monkeypatch.setitem(sys.modules, "comfy.model_management", management)
    with pytest.raises(StoppedError):
        _run("prompt_score", _pictures(30), vision, FakeClip(clip_l=8))
    assert len(vision.forwards) == 6


@pytest.mark.parametrize("name", SCORERS)
def test_a_picture_with_nan_is_never_shown_and_never_passes(name):
    image, vision = _pictures(), FakeVision()
    image[1, 3, 3, 0] = math.nan
    result, _ = _run(name, image, vision, FakeClip(clip_l=8), threshold=0.0)
    score, passed, scores, report, _ = result
    pictures = json.loads(report)["images"]
    assert vision.forwards == [2]
    assert scores[1] == (-100.0 if name == "preference_score" else 0.0) == score
    assert not passed
    assert not pictures[1]["passed"]
    assert pictures[1]["reason"].startswith("non-finite")
    alone = _run(name, image[[0, 2]], FakeVision(), FakeClip(clip_l=8))[0]
    assert [scores[0], scores[2]] == pytest.approx(alone[2])
    nothing = _run(name, torch.full((2, 8, 8, 3), math.nan), vision, FakeClip(clip_l=8), threshold=0.0)[0]
    assert not nothing[1]
    assert vision.forwards == [2]


@pytest.mark.parametrize("value", [0.0, math.nan, math.inf])
def test_a_model_that_gives_nothing_usable_never_passes(value):
    vision = FakeVision(embeds=lambda image: torch.full((len(image), 8), value))
    (score, passed, _, report, _), _ = _run("clip_iqa_score", _pictures(1), vision, FakeClip(clip_l=8), threshold=0.0)
    assert (score, passed) == (0.0, False)
    assert json.loads(report)["images"][0]["reason"].startswith("no embedding")


@pytest.mark.parametrize("name", SCORERS)
def test_what_is_no_picture_is_refused_before_any_model_runs(name):
    node, needed = SCORERS[name]
    vision = FakeVision()
    for image, problem in ((torch.zeros(0, 8, 8, 3), "no picture to score"), (None, "A list without any picture")):
        with pytest.raises(ValueError, match=problem):
            node().execute(image, vision, FakeClip(clip_l=8), **needed)
    for wrong in ({"threshold": 2.0}, {"aggregate": "median"}, {"framing": "left"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            node().execute(_pictures(), vision, FakeClip(clip_l=8), **{**needed, **wrong})
    assert vision.forwards == []


def test_the_text_encoder_of_the_pictures_width_is_used_and_it_alone():
    clip = FakeClip(clip_g=12, clip_l=8, t5xxl=-16)
    _run("prompt_score", _pictures(), FakeVision(8), clip)
    towers = clip.towers
    assert [len(tower.encoded) for tower in towers.values()] == [0, 1, 0]
    _run("prompt_score", _pictures(), FakeVision(12), clip)
    assert [len(tower.encoded) for tower in towers.values()] == [1, 1, 0]
    assert towers["clip_l"].options == {}
    # the projected vector, though the encoder of SD1.5 gives the other one unless it is told
    expected = clip.towers["clip_l"].project(torch.tensor([[float(ord("x") % 17)] * 8]))
    assert torch.allclose(text_encoders.embed_texts(clip, ["x"], 8), expected)


def test_models_that_do_not_belong_together_are_refused():
    with pytest.raises(ValueError, match=r"gives 12 numbers a picture, but the CLIP gives 8 \(clip_l\)"):
        _run("prompt_score", _pictures(), FakeVision(12), FakeClip(clip_l=8))
    with pytest.raises(ValueError, match="no text encoder of CLIP's kind"):
        _run("prompt_score", _pictures(), FakeVision(8), FakeClip(t5xxl=-8))
    for vision, problem in ((None, "not nothing"), (FakeClip(clip_l=8), "not a FakeClip")):
        with pytest.raises(ValueError, match=f"clip_vision needs what Load CLIP Vision gives, {problem}"):
            _run("prompt_score", _pictures(), vision, FakeClip(clip_l=8))
    with pytest.raises(ValueError, match="clip needs what Load CLIP or Load Checkpoint gives, not nothing"):
        _run("prompt_score", _pictures(), FakeVision(), None)


@pytest.mark.parametrize("fill", [0.0, 1e12, math.nan])
def test_a_clip_without_a_text_projection_is_refused(fill):
    clip = FakeClip(clip_l=8)
    clip.towers["clip_l"].get_parameter("transformer.text_projection.weight").data.fill_(fill)
    with pytest.raises(ValueError, match="no text projection"):
        _run("prompt_score", _pictures(), FakeVision(), clip)


@pytest.mark.parametrize(
    "embeds", [lambda image: torch.ones(len(image), 9, 8), lambda image: None, lambda image: torch.ones(1, 8)]
)
def test_a_vision_model_without_one_vector_a_picture_is_refused(embeds):
    with pytest.raises(ValueError, match="load a CLIP ViT-L"):
        _run("prompt_score", _pictures(), FakeVision(embeds=embeds), FakeClip(clip_l=8))
    vision = FakeVision()
    vision.image_size = -1
    with pytest.raises(ValueError, match="pictures of any size"):
        _run("prompt_score", _pictures(), vision, FakeClip(clip_l=8))


def test_relative_scores_the_prompt_against_the_others():
    image, vision, clip = _pictures(), FakeVision(), FakeClip(clip_l=8)
    result, _ = _run("prompt_score", image, vision, clip, method="relative", other_prompts="a dog\nno cat", prefix="")
    shares = json.loads(result[3])["images"][0]["shares"]
    assert list(shares) == ["a cat", "a dog", "no cat"]
    assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
    assert sorted(clip.towers["clip_l"].encoded) == ["a cat", "a dog", "no cat"]
    with pytest.raises(ValueError, match="other_prompts"):
        _run("prompt_score", image, vision, clip, method="relative")


def test_preference_passes_only_on_the_scale_of_0_to_1():
    image, vision, clip = _pictures(), FakeVision(), FakeClip(clip_l=8)
    raw, payload = _run("preference_score", image, vision, clip, threshold=0.0)
    assert not raw[1]
    assert payload["summary"].endswith("(3 pictures, for ranking)")
    bent, _ = _run("preference_score", image, vision, clip, scale="0 to 1", centre=raw[0], width=5.0, threshold=0.5)
    assert bent[0] == pytest.approx(0.5)
    order = sorted(range(3), key=raw[2].__getitem__)
    assert sorted(range(3), key=bent[2].__getitem__) == order
    report = json.loads(bent[3])
    assert (report["model"], report["scale"], report["framing"]) == ("PickScore v1", "0 to 1", "crop")
    hps, _ = _run("preference_score", image, vision, clip, model="HPS v2.1")
    assert json.loads(hps[3])["framing"] == "pad"
    assert all(-1 <= score <= 1 for score in hps[2])


@pytest.fixture
def folders(monkeypatch, tmp_path):
    fake_folders(monkeypatch, tmp_path)
    return tmp_path


def _linear(folder, raw=6.5):
    weights = {"weight": torch.zeros(1, 768), "bias": torch.tensor([raw])}
    torch.save(weights, folder / "aesthetic" / "sa_0_4_vit_l_14_linear.pth")
    return "sa_0_4_vit_l_14_linear.pth"


def test_aesthetic_scores_by_the_head_of_a_file(folders):
    image, vision = _pictures(), FakeVision(768)
    returned = AestheticScore().execute(image, vision, _linear(folders, 6.6))
    score, passed, scores, report, passed_on = returned["result"]
    assert score == pytest.approx(0.8147, abs=1e-3)
    assert (passed, len(scores), passed_on is image) == (True, 3, True)
    report = json.loads(report)
    assert report["head"] == "sa_0_4_vit_l_14_linear.pth"
    assert (report["framing"], report["raw_unit"], report["model_version"]) == (
        "crop",
        "about 1 to 10",
        "laion-v1-linear-1",
    )
    assert [picture["raw"] for picture in report["images"]] == pytest.approx([6.6] * 3)
    with pytest.raises(ValueError, match=r"takes 768 numbers a picture, but .* gives 1280"):
        AestheticScore().execute(image, FakeVision(1280), "sa_0_4_vit_l_14_linear.pth")


def test_the_inputs_list_the_files_there_are(folders):
    _linear(folders)
    (folders / "clip_vision" / "sig.safetensors").touch()
    inputs = AestheticScore.INPUT_TYPES()
    assert inputs["required"]["head"][0] == ["sa_0_4_vit_l_14_linear.pth"]
    assert inputs["optional"]["siglip_file"][0] == ["none", "sig.safetensors"]
    assert inputs["optional"]["framing"][0] == list(FRAMINGS)


def test_a_missing_head_is_told_before_anything_runs(folders):
    said = AestheticScore.VALIDATE_INPUTS(head="gone.pth")
    assert "no aesthetic head 'gone.pth' in models/aesthetic: there is no file." in said
    _linear(folders)
    assert "there is sa_0_4_vit_l_14_linear.pth." in AestheticScore.VALIDATE_INPUTS(head="gone.pth")
    assert AestheticScore.VALIDATE_INPUTS(head="sa_0_4_vit_l_14_linear.pth") is True
    assert "no SigLIP file 'x'" in AestheticScore.VALIDATE_INPUTS(head=None, siglip_file="x")
    assert AestheticScore.VALIDATE_INPUTS() is True  # a head that comes by link
    with pytest.raises(ValueError, match=r"no aesthetic head 'gone\.pth'"):
        AestheticScore().execute(_pictures(), FakeVision(768), "gone.pth")


def test_a_replaced_head_is_noticed(folders):
    head = _linear(folders)
    before = AestheticScore.IS_CHANGED(head=head, siglip_file="none", threshold=0.8)
    assert AestheticScore.IS_CHANGED(head=head, siglip_file="none") == before
    torch.save({"weight": torch.zeros(1, 768), "more": torch.ones(99)}, folders / "aesthetic" / head)
    assert AestheticScore.IS_CHANGED(head=head, siglip_file="none") != before


def _siglip(folders, name="sig.pt", width=1152, norm=1.0, has_head=True):
    """A head v2.5 and a file with SigLIP's pooling head, whose vector is always the bias of fc2."""
    zeros = torch.zeros(1).expand  # small files, whatever the shape
    shapes = [(1024, 1152), (128, 1024), (64, 128), (16, 64), (1, 16)]
    head = {}
    for place, shape in zip((0, 2, 4, 6, 8), shapes, strict=True):
        head[f"scoring_head.{place}.weight"] = zeros(*shape)
        head[f"scoring_head.{place}.bias"] = torch.full(shape[:1], 5.6)
    torch.save(head, folders / "aesthetic" / "aesthetic_predictor_v2_5.pth")
    inner = 4
    pooling = {
        "probe": torch.zeros(1, 1, width),
        "attention.in_proj_weight": zeros(3 * width, width),
        "attention.in_proj_bias": torch.zeros(3 * width),
        "attention.out_proj.weight": zeros(width, width),
        "attention.out_proj.bias": torch.zeros(width),
        "layernorm.weight": torch.ones(width),
        "layernorm.bias": torch.zeros(width),
        "mlp.fc1.weight": torch.zeros(inner, width),
        "mlp.fc1.bias": torch.zeros(inner),
        "mlp.fc2.weight": torch.zeros(width, inner),
        "mlp.fc2.bias": torch.ones(width),
    }
    weights = {PREFIX + key: value for key, value in pooling.items()} if has_head else {}
    torch.save({**weights, MATCH: torch.full((width,), norm), "other": torch.ones(3)}, folders / "clip_vision" / name)
    return name


def _siglip_vision(norm=1.0):
    vision = FakeVision(embeds=lambda image: torch.ones(len(image), 5, 1152))
    layer = types.SimpleNamespace(weight=torch.full((1152,), norm))
    vision.model = types.SimpleNamespace(vision_model=types.SimpleNamespace(post_layernorm=layer))
    return vision


def test_the_head_v2_5_pools_the_patches_with_the_head_of_the_siglip_file(folders):
    file, vision = _siglip(folders), _siglip_vision()
    returned = AestheticScore().execute(_pictures(), vision, "aesthetic_predictor_v2_5.pth", siglip_file=file)
    report = json.loads(returned["result"][3])
    assert [picture["raw"] for picture in report["images"]] == pytest.approx([5.6] * 3)
    assert report["framing"] == "stretch"
    assert vision.forwards == [2, 1]
    AestheticScore().execute(_pictures(), vision, "aesthetic_predictor_v2_5.pth", siglip_file=file)
    assert vision.forwards == [2, 1, 2, 1]  # other tensors


@pytest.mark.parametrize(
    ("changes", "norm", "problem"),
    [
        ({"has_head": False}, 1.0, r"sig\.pt has no pooling head"),
        ({"norm": 2.0}, 1.0, "was loaded from another file"),
        ({"width": 768}, 1.0, "was loaded from another file"),
    ],
)
def test_a_siglip_file_that_is_not_the_models_is_refused(folders, changes, norm, problem):
    file = _siglip(folders, **changes)
    with pytest.raises(ValueError, match=problem):
        AestheticScore().execute(_pictures(), _siglip_vision(norm), "aesthetic_predictor_v2_5.pth", siglip_file=file)


def test_the_head_v2_5_says_what_it_needs(folders):
    file = _siglip(folders)
    with pytest.raises(ValueError, match="choose in siglip_file the very file"):
        AestheticScore().execute(_pictures(), _siglip_vision(), "aesthetic_predictor_v2_5.pth")
    with pytest.raises(ValueError, match="This head is for SigLIP: load sigclip"):
        AestheticScore().execute(_pictures(), FakeVision(768), "aesthetic_predictor_v2_5.pth", siglip_file=file)
