"""Scores, verdicts and reports: thresholds, aggregates, presets, refused arguments and the shape of what comes out."""

from __future__ import annotations

import fractions
import json
import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from switchyard_pack.core import quality_score
from switchyard_pack.core.quality_families import FAULTS
from switchyard_pack.core.quality_model import PRESETS_WITH_CURVES
from switchyard_pack.core.quality_score import FAMILIES, PRESETS
from switchyard_pack.core.scorer_report import AGGREGATES, report_text, summarise

from .shipped_families import PARAMETERS, score_pictures
from .test_quality_pictures import blurred, noisy, photograph

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def batch():
    """A clean, a blurred and a noisy picture, small ones, since many tests score them: scores that differ."""
    clean = photograph("astronaut.png", 96)
    return torch.cat([blurred(clean, 1.2), clean, noisy(clean, 0.1)])


def test_the_report_has_the_agreed_shape():
    batch = photograph("astronaut.png", 192).repeat(3, 1, 1, 1)  # large enough for NIQE
    report = score_pictures(batch, 0.7, "mean", "illustration").report
    assert list(report) == ["model_version", "preset", "aggregate", "threshold", "score", "passed", "images"]
    assert report["model_version"] == "families-1"
    assert (report["preset"], report["aggregate"], report["threshold"]) == ("illustration", "mean", 0.7)
    assert len(report["images"]) == 3
    for scored in report["images"]:
        keys = ["score", "passed", "reason", "families", "worst", "readouts", "low_confidence", "worst_tile"]
        assert list(scored) == keys
        assert scored["worst_tile"] is None  # under two tiles of 256 px
        assert (
            tuple(scored["families"]) == FAMILIES == ("blur", "noise", "compression", "tone", "overcooked", "structure")
        )
        assert scored["worst"] in FAMILIES
        assert scored["score"] == scored["families"][scored["worst"]]
        assert scored["reason"].endswith(".")
        units = ("_px", "_percent", "_levels", "_ratio", "_share", "_bits")
        plain = {"colourfulness", "crete_blur_effect", "gradient_kurtosis", "wang_jpeg_quality", "niqe"}
        assert {name for name in scored["readouts"] if not name.endswith(units)} == plain
    assert json.loads(report_text(report)) == report


def test_the_aggregates(batch):
    scores = score_pictures(batch).scores
    assert len(set(scores)) == 3
    found = {name: score_pictures(batch, aggregate=name).score for name in AGGREGATES}
    assert found == {
        "min": min(scores),
        "mean": pytest.approx(sum(scores) / 3),
        "max": max(scores),
        "first": scores[0],
    }


def test_min_is_the_default_aggregate_and_photo_the_default_preset(batch):
    assert score_pictures(batch).report == score_pictures(batch, 0.8, "min", "photo").report


def test_a_score_passes_from_the_threshold_up(batch):
    score = score_pictures(batch, aggregate="max").score
    assert 0 < score < 1
    assert score_pictures(batch, score, "max").passed
    assert not score_pictures(batch, math.nextafter(score, 1), "max").passed


def test_a_score_of_zero_never_passes():
    assert not score_pictures(torch.zeros(1, 64, 64, 3), threshold=0).passed
    assert score_pictures(photograph("astronaut.png", 192), threshold=0).passed


@pytest.mark.parametrize("preset", PRESETS)
def test_the_score_is_the_lowest_family_that_the_preset_counts(batch, preset):
    ignored = PRESETS[preset]
    assert ignored.curve in PRESETS_WITH_CURVES
    assert ignored.families < set(FAMILIES)
    assert ignored.readouts < {fault.readout for fault in FAULTS}
    for scored in score_pictures(batch, preset=preset).report["images"]:
        assert list(scored["families"]) == list(FAMILIES)
        counted = {name: score for name, score in scored["families"].items() if name not in ignored.families}
        assert scored["score"] == min(counted.values()) == counted[scored["worst"]]


def test_ignoring_families_never_lowers_a_score(batch):
    """Pixel art has the curves of illustrations, and ignores more."""
    assert PRESETS["pixel art"].curve == PRESETS["illustration"].curve
    assert PRESETS["pixel art"].families > PRESETS["illustration"].families
    pairs = zip(*(score_pictures(batch, preset=name).scores for name in ("pixel art", "illustration")), strict=True)
    assert all(lenient >= strict for lenient, strict in pairs)


def _constant(**raw):
    """Parameters whose networks give each family a raw output of its own, whatever the picture."""
    families = {name: torch.zeros_like(tensor) for name, tensor in PARAMETERS.families.items()}
    families["version"] = PARAMETERS.families["version"]
    families["features.scale"] += 1
    outputs = torch.tensor([raw.get(family, 0.9) for family in FAMILIES])
    families["heads.bias"] += torch.logit(outputs).to(families["heads.bias"].dtype)
    line = torch.tensor([[0.0, 0.0], [1.0, 1.0]]).repeat(len(FAMILIES), 1, 1)
    families |= {"curves.photo": line, "curves.illustration": line.square()}
    return quality_score.Parameters(families, PARAMETERS.natural)


def test_the_parameters_decide(batch):
    """The seam of the trained model: other parameters, other families, and everything else stays."""
    report = quality_score.score_pictures(batch, _constant(tone=0.3)).report
    assert [scored["score"] for scored in report["images"]] == pytest.approx([0.3] * 3, abs=1e-3)
    assert {scored["worst"] for scored in report["images"]} == {"tone"}
    assert {round(scored["families"]["blur"], 2) for scored in report["images"]} == {0.9}


def test_of_families_that_are_equally_bad_the_last_one_decides(batch):
    """Structure comes last: a pattern can fail them all."""
    scored = quality_score.score_pictures(batch[:1], _constant(noise=0.3, structure=0.3)).report["images"][0]
    assert scored["worst"] == "structure"


def test_a_score_without_fault_says_so_and_a_low_one_has_words(batch):
    good, bad = (
        quality_score.score_pictures(batch[1:2], _constant(compression=raw)).report["images"][0] for raw in (0.9, 0.85)
    )
    assert good["reason"] == f"no fault worth a word; the lowest family is {good['worst']}, 0.90."
    assert bad["reason"].startswith("compression 0.85: ")


def test_parameters_of_another_version_are_refused_in_words(batch):
    parameters = _constant()
    parameters.families["version"] = parameters.families["version"] + 1
    with pytest.raises(ValueError, match=r"do not fit this version of Switchyard.*Install Switchyard again"):
        quality_score.score_pictures(batch, parameters)


def test_a_score_does_not_change_the_parameters(batch):
    before = {name: tensor.clone() for name, tensor in PARAMETERS.families.items()}
    score_pictures(batch[:1])
    assert all(torch.equal(PARAMETERS.families[name], tensor) for name, tensor in before.items())


def test_each_picture_is_announced_and_the_announcement_may_stop_it(batch):
    seen = []
    score_pictures(batch, on_image=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 3), (1, 3), (2, 3)]

    def stop(done, total):
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_pictures(batch, on_image=stop)


@pytest.mark.parametrize("shape", [(0, 64, 64, 3), (1, 0, 64, 3), (1, 64, 0, 3), (1, 64, 64, 0)])
def test_an_empty_batch_is_an_error_that_says_so(shape):
    with pytest.raises(ValueError, match=r"no picture to score.*\(\d+, \d+, \d+, \d+\)"):
        score_pictures(torch.zeros(shape))


@pytest.mark.parametrize(
    "image", [None, "a picture", torch.zeros(64, 64, 3), torch.zeros(1, 1, 64, 64, 3), [torch.zeros(1, 8, 8, 3)]]
)
def test_what_is_no_batch_of_pictures_is_refused(image):
    with pytest.raises(ValueError, match="needs pictures"):
        score_pictures(image)


@pytest.mark.parametrize(("shape", "is_first"), [((1, 3, 64, 80), True), ((2, 1, 8, 8), True), ((1, 64, 64, 5), False)])
def test_pictures_with_their_channels_first_are_refused_with_what_to_do(shape, is_first):
    with pytest.raises(ValueError, match=re.escape("1 to 4 channels, a tensor of shape (batch, height, ")) as error:
        score_pictures(torch.rand(shape))
    assert str(shape) in str(error.value)
    assert ("channels first: use image.movedim(1, -1)" in str(error.value)) == is_first


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_pictures_of_one_to_four_channels_are_scored(channels):
    assert 0 <= score_pictures(torch.rand(1, 64, 64, channels)).score <= 1


@pytest.mark.filterwarnings("ignore")  # torch's own, about layouts that are new
@pytest.mark.parametrize(
    "make",
    [
        lambda image: image.to_sparse(),
        lambda image: torch.nested.nested_tensor([image[0], image[0, :4]], layout=torch.strided),
        lambda image: image.to("meta"),
        lambda image: image.to(torch.complex64),
        lambda image: torch.quantize_per_tensor(image, 0.01, 0, torch.quint8),
        lambda image: (image * 255).to(torch.uint8).view(torch.bits8),
    ],
    ids=["sparse", "nested", "meta", "complex", "quantised", "bits"],
)
def test_a_tensor_whose_numbers_cannot_be_read_is_refused_in_words(make):
    with pytest.raises(ValueError, match=r"needs pictures of plain real numbers.*float32"):
        score_pictures(make(torch.rand(1, 8, 8, 3)))


@pytest.mark.parametrize("threshold", [0.8, np.float32(0.8), torch.tensor(0.8), fractions.Fraction(4, 5)], ids=repr)
def test_a_threshold_of_any_kind_of_number_is_that_number(batch, threshold):
    assert score_pictures(batch[:1, :64], threshold).report == score_pictures(batch[:1, :64], 0.8).report


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"threshold": math.nan}, r"threshold NaN.*0 to 1"),
        ({"threshold": -0.1}, r"threshold -0.1.*0 to 1"),
        ({"threshold": 80}, r"threshold 80.*0 to 1"),
        ({"threshold": None}, r"threshold None.*0 to 1"),
        ({"threshold": "0.8"}, r'threshold "0.8".*0 to 1'),
        ({"threshold": [0.8]}, r"threshold list of 1.*0 to 1"),
        ({"threshold": 1j}, r"threshold a complex.*0 to 1"),
        ({"aggregate": ["min"]}, r"aggregate list of 1.*min, mean, max, first"),
        ({"aggregate": None}, r"aggregate None.*min, mean, max, first"),
        ({"preset": {}}, r"preset dict of 0.*photo, illustration, pixel art"),
        ({"aggregate": "median"}, r'aggregate "median".*min, mean, max, first'),
        ({"preset": "anime"}, r'preset "anime".*photo, illustration, pixel art'),
    ],
)
def test_a_wrong_argument_is_named_with_what_is_allowed(arguments, words):
    with pytest.raises(ValueError, match=words):
        score_pictures(torch.zeros(1, 8, 8, 3), **arguments)


def test_the_summary_says_score_verdict_and_fault(batch):
    clean = score_pictures(batch[1:2])
    assert summarise(clean.report) == f"{clean.score:.4g} passes 0.8"
    failed = score_pictures(batch[2:], 0.75)
    assert summarise(failed.report) == f"{failed.score:.4g} fails 0.75: noise"
    assert summarise(score_pictures(batch).report).endswith(" pictures pass)")


def test_loading_the_pack_loads_neither_torch_nor_numpy_nor_pillow():
    code = (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('pack', {str(ROOT / '__init__.py')!r})\n"
        "pack = sys.modules['pack'] = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(pack)\n"
        "import pack.core.quality_score, pack.nodes.quality_score\n"
        "print(sorted({'torch', 'numpy', 'PIL'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
