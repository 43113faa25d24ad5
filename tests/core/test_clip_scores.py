"""Scores by texts: known vectors, the published formulas, the guard of the text projection, and what is refused."""

from __future__ import annotations

import math

import pytest
import torch
from switchyard_pack.core.clip_scores import (
    check_curve,
    check_pair,
    check_text_projection,
    read_others,
    read_pairs,
    read_prefix,
    read_prompt,
    score_opposites,
    score_preference,
    score_prompt,
    score_relative,
)
from switchyard_pack.core.embeddings import Embeddings

PROJECTION = torch.randn(64, 64, generator=torch.Generator().manual_seed(1)) * 0.036


def _at(*cosines):
    """Vectors with these cosines to (1, 0), of any lengths."""
    return torch.tensor([[cosine, math.sqrt(1 - cosine**2)] for cosine in cosines]) * 3.7


def _pictures(*cosines):
    return Embeddings([_at(cosine) for cosine in cosines], "crop")


PROMPT = torch.tensor([[0.25, 0.0]])


def test_clipscore_is_two_and_a_half_times_the_cosine():
    scored = score_prompt(_pictures(0.32, 0.2, 0.4, 0.9, 0.0, -0.5), PROMPT)
    assert [picture.score for picture in scored] == pytest.approx([0.8, 0.5, 1.0, 1.0, 0.0, 0.0], abs=1e-6)
    assert [picture.facts["cosine"] for picture in scored] == pytest.approx([0.32, 0.2, 0.4, 0.9, 0, -0.5], abs=1e-5)


def test_views_of_one_picture_are_averaged():
    (picture,) = score_prompt(Embeddings([_at(0.1, 0.3)], "both ends"), PROMPT)
    assert picture.score == pytest.approx(0.5, abs=1e-6)


def test_relative_is_a_softmax_over_the_prompts_and_not_over_the_batch():
    texts = _at(1.0, 0.98, 0.9)
    prompts = ["a cat", "a dog", "a tree"]
    cosines = torch.nn.functional.normalize(_at(0.99)) @ torch.nn.functional.normalize(texts).T
    expected = (100 * cosines).softmax(-1)[0].tolist()
    (alone,) = score_relative(_pictures(0.99), texts, prompts)
    assert list(alone.facts["shares"]) == prompts
    assert list(alone.facts["shares"].values()) == pytest.approx(expected, abs=1e-5)
    assert alone.score == pytest.approx(expected[0], abs=1e-6)
    assert '"a dog"' in alone.reason
    in_a_batch = score_relative(_pictures(0.99, 0.2, 0.5), texts, prompts)[0]
    assert in_a_batch.score == alone.score


def test_a_good_side_in_two_pairs_has_two_shares_in_the_report():
    pairs = [("Good.", "Bad."), ("Good.", "Ugly.")]
    (picture,) = score_opposites(_pictures(0.2), _at(0.30, 0.31, 0.30, 0.45), pairs)
    assert list(picture.facts["pairs"]) == ["Good. | Bad.", "Good. | Ugly."]
    assert sum(picture.facts["pairs"].values()) / 2 == pytest.approx(picture.score, abs=1e-5)


def test_clip_iqa_is_the_mean_over_pairs_of_the_share_of_the_good_side():
    texts = _at(0.30, 0.31, 0.5, 0.45)
    pairs = [("Good.", "Bad."), ("Sharp.", "Blurry.")]
    (picture,) = score_opposites(_pictures(0.2), texts, pairs)
    unit = torch.nn.functional.normalize(texts)
    cosines = (torch.nn.functional.normalize(_at(0.2)) @ unit.T)[0].tolist()
    shares = [1 / (1 + math.exp(-100 * (cosines[place] - cosines[place + 1]))) for place in (0, 2)]
    assert list(picture.facts["pairs"].values()) == pytest.approx(shares, abs=1e-4)
    assert list(picture.facts["pairs"]) == ["Good. | Bad.", "Sharp. | Blurry."]
    assert picture.score == pytest.approx(sum(shares) / 2, abs=1e-5)
    assert picture.reason.startswith(f'lowest is "{"Good." if shares[0] < shares[1] else "Sharp."}"')


def test_preference_is_raw_or_a_curve_of_it_with_the_same_ranking():
    cosines = (0.21, 0.19, 0.24)
    for model, factor, centre, width in (("PickScore v1", 100, 21.0, 1.0), ("HPS v2.1", 1, 0.21, 0.01)):
        raw = [one.score for one in score_preference(_pictures(*cosines), PROMPT, model, "raw", centre, width)]
        assert raw == pytest.approx([factor * cosine for cosine in cosines], rel=1e-5)
        bent = [one.score for one in score_preference(_pictures(*cosines), PROMPT, model, "0 to 1", centre, width)]
        assert bent[0] == pytest.approx(0.5, abs=1e-4)
        assert all(0 < score < 1 for score in bent)
        assert sorted(range(3), key=raw.__getitem__) == sorted(range(3), key=bent.__getitem__)
    extreme = [one.score for one in score_preference(_pictures(-1.0, 1.0), PROMPT, "PickScore v1", "0 to 1", 0, 0.001)]
    assert extreme == pytest.approx([0, 1])


def test_a_picture_that_can_not_be_scored_ranks_below_all_others():
    embeddings = Embeddings([_at(-0.99), None, torch.zeros(1, 2)], "crop")
    for model in ("PickScore v1", "HPS v2.1"):
        worst, broken, empty = score_preference(embeddings, PROMPT, model, "raw", 0, 1)
        assert broken.score == empty.score < worst.score
        assert math.isfinite(broken.score)
        assert [one.score for one in score_preference(embeddings, PROMPT, model, "0 to 1", 0, 1)][1:] == [0, 0]


def test_texts_that_are_nothing_are_an_error():
    for texts in (torch.zeros(1, 2), torch.full((1, 2), torch.nan)):
        with pytest.raises(ValueError, match="text encoder gave NaN"):
            score_prompt(_pictures(0.3), texts)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_trained_text_projection_passes_the_guard(dtype):
    check_text_projection(PROJECTION.to(dtype), "clip_l")


@pytest.mark.parametrize(
    ("weight", "problem"),
    [
        (None, "the layer is missing"),
        (PROJECTION.to("meta"), "the layer is missing"),
        (torch.zeros(8, 8), "all of its values are 0"),
        (PROJECTION * 1e12, r"spread by 3\.\d+e\+10"),
        (PROJECTION * 1e-6, "spread by"),
        (torch.full((8, 8), 0.03), "spread by 0,"),
        (torch.full((8, 8), torch.nan), "not finite"),
        (torch.eye(768), "a unit matrix"),
        (torch.eye(768).half(), "a unit matrix"),
    ],
)
def test_a_text_projection_that_was_not_in_the_file_is_refused(weight, problem):
    with pytest.raises(ValueError, match=rf"no text projection \(clip_l: .*{problem}.*load the full CLIP file"):
        check_text_projection(weight, "clip_l")


def test_the_encoder_is_found_by_width_and_a_pair_that_does_not_belong_together_is_refused():
    assert check_pair(1280, {"clip_l": 768, "clip_g": 1280}) == "clip_g"
    assert check_pair(768, {"clip_g": 1280, "clip_l": 768}) == "clip_l"
    with pytest.raises(ValueError, match=r"gives 1280 numbers a picture, but the CLIP gives 768 \(clip_l\) a text"):
        check_pair(1280, {"clip_l": 768})
    with pytest.raises(ValueError, match="no text encoder of CLIP's kind"):
        check_pair(768, {})


def test_texts_are_read_as_they_are_meant():
    assert read_prompt("  a cat\n") == "a cat"
    assert read_others("a dog\n\n a tree \na dog\na cat", "a cat") == ["a dog", "a tree"]
    assert read_pairs("Good. | Bad.\n\n sharp|blurry ") == [("Good.", "Bad."), ("sharp", "blurry")]
    assert [read_prefix(prefix) for prefix in (" of ", "", None)] == ["of", "", ""]
    with pytest.raises(ValueError, match="prefix must be text"):
        read_prefix(5)


@pytest.mark.parametrize("prompt", ["", "  \n", None, 5])
def test_a_prompt_that_is_none_is_refused(prompt):
    with pytest.raises(ValueError, match=r"^prompt "):
        read_prompt(prompt)


@pytest.mark.parametrize("others", ["", "a cat", None, 5, "\n".join(map(str, range(65)))])
def test_others_that_are_none_or_too_many_are_refused(others):
    with pytest.raises(ValueError, match=r"other prompts|other_prompts"):
        read_others(others, "a cat")


@pytest.mark.parametrize("pairs", ["", None, "Good.", "Good. |", "| Bad.", "a | b | c", "a | a", "a|b\n" * 65])
def test_pairs_that_are_none_are_refused(pairs):
    with pytest.raises(ValueError, match="pair"):
        read_pairs(pairs)


@pytest.mark.parametrize(
    ("scale", "centre", "width", "name"),
    [("cubic", 0, 1, "scale"), ("raw", math.nan, 1, "centre"), ("raw", 0, 0, "width"), ("raw", "a", 1, "centre")],
)
def test_a_curve_that_is_none_is_refused(scale, centre, width, name):
    with pytest.raises(ValueError, match=name):
        check_curve(scale, centre, width)
