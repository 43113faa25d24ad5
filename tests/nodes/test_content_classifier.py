"""Content Classifier as ComfyUI calls it: the CLIP is asked for only when it is needed."""

import pytest
import torch
from switchyard_pack.nodes.content_classifier import ContentClassifier
from switchyard_pack.nodes.host.graph import UNPLUGGED

from .clip_fakes import FakeClip

node = ContentClassifier()


@pytest.mark.parametrize(
    ("prompt", "is_first", "label", "index"),
    [
        ("1girl, twintails, school uniform", True, "anime", 0),
        ("RAW photo of a baker, 85mm", False, "realistic", 1),
        ("a quiet pond", False, "realistic", 1),
    ],
)
def test_output_0_says_whether_it_is_the_first_class(prompt, is_first, label, index):
    result = node.execute(prompt)["result"]
    assert result[:3] == (is_first, label, index)
    assert isinstance(result[0], bool)
    assert 0.5 <= result[3] <= 1


def test_the_payload_says_what_decided():
    (payload,) = node.execute("1girl", min_confidence=0.6)["ui"]["switchyard"]
    assert payload["kind"] == "content_classifier"
    assert payload["summary"] == "anime, 0.92 sure"
    assert payload["data"]["scores"] == {"anime": 2.5, "realistic": 0.0}
    assert payload["data"]["explanation"] == 'anime, 0.92. anime: "1girl" +2.5.'


def test_the_fallback_is_said_to_be_one():
    (payload,) = node.execute("a quiet pond", fallback="landscape")["ui"]["switchyard"]
    assert payload["summary"] == "landscape (the fallback), 0.50 sure"
    assert payload["data"]["index"] == -1


@pytest.mark.parametrize(
    ("method", "clip", "asked"),
    [("vocabulary", None, []), ("vocabulary", UNPLUGGED, []), ("clip", None, ["clip"]), ("clip", UNPLUGGED, [])],
)
def test_the_clip_is_asked_for_only_by_its_method_and_only_if_it_is_plugged_in(method, clip, asked):
    plugged = {} if clip is UNPLUGGED else {"clip": clip}
    assert node.check_lazy_status("a fox", method=method, classes="a\nb", **plugged) == asked


def test_the_clip_compares_the_prompt_without_signs_with_the_descriptions():
    clip = FakeClip(l=8)
    result = node.execute("(abc:1.2), <lora:x:1>", "first: abc, x\nsecond: zzzzzz", "clip", clip=clip)["result"]
    assert sorted(clip.towers["l"].encoded) == ["abc, x", "zzzzzz"]
    assert result[:3] == (True, "first", 0)
    assert result[3] > 0.9


def test_the_widest_text_encoder_with_a_trained_projection_is_taken():
    clip = FakeClip(clip_l=8, clip_g=16)
    node.execute("abc", "first: abc\nsecond: zzz", "clip", clip=clip)
    assert clip.towers["clip_g"].encoded
    assert not clip.towers["clip_l"].encoded


def test_without_a_trained_projection_the_vector_before_it_is_compared():
    clip = FakeClip(clip_l=8)
    tower = clip.towers["clip_l"]
    tower.transformer.text_projection.weight.data = torch.full((8, 8), float("nan"))
    result = node.execute("abc", "first: abc\nsecond: zzz", "clip", min_confidence=0.0, clip=clip)
    assert result["result"][1] == "first"
    assert result["ui"]["switchyard"][0]["data"]["scores"]["first"] == 1.0


@pytest.mark.parametrize(
    ("clip", "message"),
    [(None, "needs a CLIP"), (3, "not a int"), (FakeClip(t5=-8), "only T5 or a language model")],
)
def test_what_can_not_read_texts_is_an_error(clip, message):
    with pytest.raises(ValueError, match=message):
        node.execute("abc", "first\nsecond", "clip", clip=clip)


@pytest.mark.parametrize(
    ("classes", "message"), [("", "0 classes"), ("a\na", "twice"), ("a: /(/", "not valid"), ("a: @b", "no class")]
)
def test_classes_that_can_not_be_read_are_refused_before_anything_runs(classes, message):
    assert message in ContentClassifier.VALIDATE_INPUTS(classes)
    with pytest.raises(ValueError, match=message):
        node.execute("abc", classes)


def test_classes_by_a_link_are_read_when_they_are_there():
    assert ContentClassifier.VALIDATE_INPUTS(None) is True
    assert ContentClassifier.VALIDATE_INPUTS("anime\nrealistic") is True


@pytest.mark.parametrize("prompt", [None, 7, ["a", "b"], b"photo"])
def test_what_is_no_text_is_an_error(prompt):
    with pytest.raises(ValueError, match="prompt must be text"):
        node.execute(prompt)
