"""Scores are a contract: a saved threshold means the same tomorrow. See quality_golden.py."""

from __future__ import annotations

import json

import pytest
import torch
from switchyard_pack.core import quality_score

from .quality_golden import GOLDEN, draw, measure
from .shipped_families import score_pictures

PICTURES = draw()
EXPECTED = json.loads(GOLDEN.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def found():
    return measure("switchyard_pack")


def test_the_file_is_of_this_version_of_the_model():
    assert EXPECTED["model_version"] == quality_score.MODEL_VERSION


@pytest.mark.parametrize("name", PICTURES)
def test_features_and_scores_are_those_of_the_file(found, name):
    assert found[name]["inputs"] == pytest.approx(EXPECTED[name]["inputs"], abs=1e-4, rel=1e-4)
    for preset in ("photo", "illustration"):
        assert found[name][preset] == pytest.approx(EXPECTED[name][preset], abs=1.01e-4)


@pytest.mark.parametrize("name", PICTURES)
def test_half_precision_scores_as_the_file_says(name):
    families = score_pictures(PICTURES[name].to(torch.float16)).report["images"][0]["families"]
    assert families == pytest.approx(EXPECTED[name]["photo"], abs=5e-3)


def test_the_pictures_of_the_file_tell_families_apart():
    scores = [min(EXPECTED[name]["photo"].values()) for name in PICTURES]
    assert max(scores) > min(scores) + 0.2
