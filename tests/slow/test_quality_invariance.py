"""What must not matter: which way up, in which batch, in which type, on which scale; and inputs stay as they were."""

from __future__ import annotations

import json
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from switchyard_pack.core.quality_planes import bad_values
from switchyard_pack.core.quality_score import PRESETS
from switchyard_pack.core.scorer_report import AGGREGATES, report_text
from torch.nn import functional

from ..core.shipped_families import score_pictures
from ..core.test_quality_pictures import as_png, blurred, compressed, noisy, photograph, planes

TURNS = {
    "flipped left to right": lambda image: image.flip(2),
    "flipped upside down": lambda image: image.flip(1),
    "turned by 90 degrees": lambda image: image.rot90(1, (1, 2)),
    "turned by 180 degrees": lambda image: image.rot90(2, (1, 2)),
}
STATES = {
    "clean": lambda image: image,
    "blurred": lambda image: blurred(image, 1.2),
    "noisy": lambda image: noisy(image, 0.05),
    "compressed": lambda image: compressed(image, 25),
}


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("state", STATES)
def test_which_way_up_does_not_matter(turn, state):
    image = STATES[state](photograph("grace_hopper.jpg", 256))  # 300 px high: no whole number of JPEG's blocks
    assert score_pictures(TURNS[turn](image)).score == pytest.approx(score_pictures(image).score, abs=0.03)


def test_a_batch_scores_as_its_pictures_do_one_by_one():
    image = photograph("astronaut.png", 256)
    batch = torch.cat([state(image) for state in STATES.values()])
    assert score_pictures(batch).scores == pytest.approx([score_pictures(one[None]).score for one in batch], abs=1e-6)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 0), (torch.float16, 0.005), (torch.bfloat16, 0.02)])
def test_the_type_does_not_matter(state, dtype, tolerance):
    image = STATES[state](photograph("grace_hopper.jpg", 192))
    assert score_pictures(image.to(dtype)).score == pytest.approx(score_pictures(image).score, abs=tolerance)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int64])
def test_whole_numbers_are_levels_of_255(dtype):
    image = photograph("astronaut.png", 256)
    assert score_pictures((image * 255).round().to(dtype)).scores == score_pictures(image).scores


FLOAT8 = [torch.float8_e4m3fn, torch.float8_e4m3fnuz, torch.float8_e5m2, torch.float8_e5m2fnuz]


@pytest.mark.parametrize("dtype", FLOAT8)
def test_floats_of_8_bits_score_as_the_values_they_hold(dtype):
    image = photograph("astronaut.png", 160).to(dtype)
    assert score_pictures(image).scores == score_pictures(image.to(torch.float32)).scores


def test_large_pictures_of_8_bits_are_read_as_the_values_they_hold():
    """Over 1.6 megapixels a picture is reduced, strip by strip."""
    large = photograph("astronaut.png").repeat(1, 2, 4, 1).to(torch.float8_e4m3fn)
    assert torch.equal(planes(large).rgb, planes(large.to(torch.float32)).rgb)
    assert bad_values(large[0]) == (0, 0)


def test_true_is_white_and_false_is_black():
    image = photograph("astronaut.png", 256).mean(3, keepdim=True) > 0.5
    assert score_pictures(image, preset="illustration").score > 0
    assert score_pictures(image).report["images"] == score_pictures(image.float()).report["images"]


def test_memory_order_does_not_matter():
    image = photograph("astronaut.png", 256)
    planar = image.permute(0, 3, 1, 2).contiguous().permute(0, 2, 3, 1)
    wider = torch.cat([image, image], dim=2)[:, :, :256]
    assert not planar.is_contiguous()
    assert not wider.is_contiguous()
    expected = score_pictures(image).scores
    assert score_pictures(planar).scores == expected
    assert score_pictures(wider).scores == expected
    assert score_pictures(image.flip(0, 1).flip(1)).scores == expected


def test_alpha_is_dropped_and_one_channel_is_grey():
    image = photograph("astronaut.png", 256)
    grey = image[..., :1]
    expected = score_pictures(image).scores
    assert score_pictures(torch.cat([image, torch.rand(1, 256, 256, 1)], dim=3)).scores == expected
    assert score_pictures(grey).scores == score_pictures(grey.repeat(1, 1, 1, 3)).scores
    assert score_pictures(torch.cat([grey, torch.zeros_like(grey)], dim=3)).scores == score_pictures(grey).scores


@pytest.mark.parametrize(
    ("size", "dtype"),
    [(size, dtype) for size in ((1, 1), (90, 120)) for dtype in (torch.float32, torch.float16, torch.uint8)],
)
def test_the_pictures_are_not_changed(size, dtype):
    image = (
        torch.rand(1, *size, 3, generator=torch.Generator().manual_seed(0)) * 1.2 * 255 ** (dtype == torch.uint8)
    ).to(dtype)
    before = image.clone()
    score_pictures(image)
    assert torch.equal(image, before)


def test_scoring_twice_gives_the_same():
    image = noisy(photograph("astronaut.png", 256), 0.03)
    assert score_pictures(image).report == score_pictures(image).report


@pytest.fixture(scope="module", params=[(1024, 2048), (512, 4096)], ids=str)
def large(request):
    """Mirrored copies of a photograph: too large to be measured as they are."""
    height, width = request.param
    image = photograph("astronaut.png")
    row = torch.cat([image, image.flip(2)], dim=2).repeat(1, 1, width // 1024, 1)
    return torch.cat([row, row.flip(1)], dim=1)[:, :height]


def test_a_large_picture_agrees_with_its_reduced_copy(large):
    copy = functional.avg_pool2d(large.movedim(3, 1), 2).movedim(1, 3)
    before = large.clone()
    whole, reduced = (score_pictures(image).report["images"][0] for image in (large, copy))
    assert torch.equal(large, before)
    assert whole["passed"]
    assert reduced["passed"]
    assert whole["score"] == pytest.approx(reduced["score"], abs=0.05)
    for family in ("blur", "tone", "overcooked"):
        assert whole["families"][family] == pytest.approx(reduced["families"][family], abs=1e-4)


def test_what_vanishes_when_a_picture_is_reduced_is_looked_for_in_patches():
    image = photograph("astronaut.png")
    large = torch.cat([image, image.flip(2)], dim=2).repeat(1, 1, 4, 1)[:, :, :3200]
    for damaged, family in ((noisy(large, 0.08), "noise"), (compressed(large, 5), "compression")):
        scored = score_pictures(damaged).report["images"][0]
        assert scored["score"] < 0.6
        assert scored["worst"] == family
        tile = scored["worst_tile"]
        assert 0 <= tile["x"] <= large.shape[2] - tile["width"]
        assert 0 <= tile["y"] <= large.shape[1] - tile["height"]


@pytest.mark.parametrize(("size", "low"), [((95, 400), True), ((96, 96), False), ((400, 95), True), ((1, 1), True)])
def test_small_pictures_are_scored_and_marked(size, low):
    scored = score_pictures(torch.rand(1, *size, 3)).report["images"][0]
    assert scored["low_confidence"] is low


@pytest.mark.parametrize(
    "size", [(1, 1), (1, 7), (7, 1), (2, 3), (15, 16), (17, 31), (63, 64), (65, 33), (1, 3000), (20, 4000)]
)
def test_any_size_gets_a_score(size):
    image = torch.rand(2, *size, 3, generator=torch.Generator().manual_seed(1))
    scores = score_pictures(image).scores
    assert len(scores) == 2
    assert all(0 <= score <= 1 for score in scores)


def _refuse(constant):
    raise AssertionError(f"{constant} is not JSON")


@st.composite
def _images(draw):
    """Random pictures: any small shape, any dtype, and values from flat to broken."""
    shape = (
        draw(st.integers(1, 3)),
        draw(st.integers(1, 70)),
        draw(st.integers(1, 70)),
        draw(st.sampled_from([1, 2, 3, 4])),
    )
    dtype = draw(
        st.sampled_from([torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.uint8, torch.bool])
    )
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    image = torch.rand(shape, generator=generator)
    image = image * draw(st.sampled_from([0.0, 1e-3, 1.0, 1.0, 3.0, 255.0])) + draw(
        st.sampled_from([0.0, 0.0, -0.5, 0.5])
    )
    if draw(st.booleans()):
        image = as_png(image)
    if dtype.is_floating_point:
        image = image.to(dtype)
        for value in draw(st.lists(st.sampled_from([math.nan, math.inf, -math.inf, 6e4, -6e4]), max_size=2)):
            image.view(-1)[draw(st.integers(0, image.numel() - 1))] = value
        return image
    return (image.clamp(0, 1) * 255).to(dtype)


@settings(max_examples=25, deadline=None)
@given(_images(), st.sampled_from(list(AGGREGATES)), st.sampled_from(list(PRESETS)), st.floats(0, 1))
def test_a_score_is_always_a_finite_number_and_the_report_always_json(image, aggregate, preset, threshold):
    verdict = score_pictures(image, threshold, aggregate, preset)
    for score in (verdict.score, *verdict.scores):
        assert type(score) is float
        assert math.isfinite(score)
        assert 0 <= score <= 1
    assert type(verdict.passed) is bool
    assert len(verdict.scores) == image.shape[0]
    text = report_text(verdict.report)
    assert json.loads(text, parse_constant=_refuse) == verdict.report
    for one, scored in zip(image, verdict.report["images"], strict=True):
        broken = image.is_floating_point() and not bool(torch.isfinite(one).all())
        assert (scored["worst"] == "non-finite") == broken
        assert not (broken and scored["passed"])
