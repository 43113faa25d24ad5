"""The trained families as arithmetic: against torch's own layers, on numbers drawn at random, and what is refused."""

from __future__ import annotations

import math
import random

import pytest
import torch
from switchyard_pack.core import quality_model
from switchyard_pack.core.quality_families import FAMILIES
from switchyard_pack.core.quality_readouts import look
from switchyard_pack.core.quality_statistics import is_statistic
from torch import nn

from .shipped_families import PARAMETERS
from .test_quality_pictures import photograph, planes

STATISTICS = ("scale_0_power", "scale_1_tails", "chroma_mad_lower", "tone_p50", "repeats")
FEATURES = len(quality_model.READOUT_FEATURES) + len(STATISTICS)


def draw_networks(number=3, hidden=8):
    """Networks of torch's own layers, and the same numbers as the parameters of the families."""
    torch.manual_seed(2)
    networks = [
        nn.Sequential(nn.Linear(FEATURES, hidden), nn.GELU(), nn.Linear(hidden, len(FAMILIES)), nn.Sigmoid())
        for _ in range(number)
    ]
    line = torch.tensor([[0.0, 0.0], [1.0, 1.0]])
    weights = {
        "version": torch.tensor(quality_model.VERSION),
        "features.centre": torch.randn(FEATURES),
        "features.scale": torch.rand(FEATURES) + 0.1,
        "hidden.weight": torch.stack([network[0].weight.data for network in networks]),
        "hidden.bias": torch.stack([network[0].bias.data for network in networks]),
        "heads.weight": torch.stack([network[2].weight.data for network in networks]),
        "heads.bias": torch.stack([network[2].bias.data for network in networks]),
        "curves.photo": line.repeat(len(FAMILIES), 1, 1),
        "curves.illustration": line.repeat(len(FAMILIES), 1, 1),
    }
    return networks, weights


def draw_features(seed=0):
    values = random.Random(seed)
    return {name: values.uniform(0, 300) for name in quality_model.READOUT_FEATURES} | {
        name: values.uniform(-3, 3) for name in STATISTICS
    }


def test_the_networks_are_those_of_torch():
    networks, weights = draw_networks()
    inputs = 4 * torch.randn(20, FEATURES)
    deviations = ((inputs - weights["features.centre"]) / weights["features.scale"]).clamp(-5, 5)
    expected = sum(network(deviations) for network in networks) / len(networks)
    found = quality_model.raw_scores(inputs, weights)
    assert found.shape == (20, len(FAMILIES))
    assert torch.allclose(found, expected, atol=1e-6)


def test_parameters_stored_in_half_precision_are_computed_in_single():
    _, weights = draw_networks()
    half = {name: tensor if name == "version" else tensor.half() for name, tensor in weights.items()}
    widened = {name: tensor if name == "version" else tensor.float() for name, tensor in half.items()}
    inputs = torch.randn(3, FEATURES)
    assert torch.equal(quality_model.raw_scores(inputs, half), quality_model.raw_scores(inputs, widened))
    assert quality_model.family_scores([draw_features()], half, "photo") == quality_model.family_scores(
        [draw_features()], widened, "photo"
    )


def test_scores_come_by_family_through_the_curve_of_the_preset():
    _, weights = draw_networks()
    weights["curves.illustration"][2, :, 1] = 0.25
    features = [draw_features(seed) for seed in range(4)]
    raw = quality_model.raw_scores(torch.tensor([quality_model.feature_vector(one) for one in features]), weights)
    photo = quality_model.family_scores(features, weights, "photo")
    art = quality_model.family_scores(features, weights, "illustration")
    assert [list(scores) for scores in photo] == [list(FAMILIES)] * 4
    for row, one, other in zip(raw.tolist(), photo, art, strict=True):
        assert list(one.values()) == pytest.approx(row, abs=1e-6)
        assert other == one | {"compression": pytest.approx(0.25)}


def test_the_order_in_which_features_are_measured_does_not_matter():
    features = draw_features()
    shuffled = list(features.items())
    random.Random(1).shuffle(shuffled)
    assert list(dict(shuffled)) != list(features)
    assert quality_model.feature_vector(dict(shuffled)) == quality_model.feature_vector(features)


def test_only_what_tells_damage_becomes_an_input():
    """Read-outs as logarithms in the order of their list, then statistics by name; the mean colour of a picture not."""
    features = draw_features()
    vector = quality_model.feature_vector(features | {"colourfulness": 50.0, "luma_median_levels": 99.0})
    names = (*quality_model.READOUT_FEATURES, *sorted(STATISTICS))
    expected = [
        math.log1p(features[name]) if "_" in name and name not in STATISTICS else features[name] for name in names
    ]
    assert vector == pytest.approx(expected)
    assert quality_model.feature_vector(features | {"wang_jpeg_quality": -20.0})[
        quality_model.READOUT_FEATURES.index("wang_jpeg_quality")
    ] == pytest.approx(0)


def test_a_feature_far_from_all_training_counts_as_five_deviations():
    _, weights = draw_networks()
    at_five = weights["features.centre"] + 5 * weights["features.scale"]
    far = weights["features.centre"] + 1e6 * weights["features.scale"]
    assert torch.allclose(
        quality_model.raw_scores(at_five[None], weights), quality_model.raw_scores(far[None], weights), atol=1e-5
    )


@pytest.mark.parametrize("name", [name for name in draw_networks()[1] if name != "version"])
def test_a_missing_tensor_is_refused_by_its_name(name):
    _, weights = draw_networks()
    del weights[name]
    with pytest.raises(ValueError, match=rf"do not fit.*lack {name}, .*version 1 with {FEATURES} features.*Install"):
        quality_model.family_scores([draw_features()], weights, "photo")


def test_parameters_without_a_version_are_refused():
    with pytest.raises(ValueError, match=r"lack version, features\.centre"):
        quality_model.check_weights({}, FEATURES)


def test_parameters_of_another_version_are_refused():
    _, weights = draw_networks()
    weights["version"] += 1
    with pytest.raises(ValueError, match=rf"version 2 with {FEATURES} features, and version 1 .* is needed.*Install"):
        quality_model.family_scores([draw_features()], weights, "photo")


def test_parameters_for_other_features_are_refused():
    _, weights = draw_networks()
    with pytest.raises(ValueError, match=rf"version 1 with {FEATURES} features, .* {FEATURES + 1} features is needed"):
        quality_model.family_scores([draw_features() | {"scale_2_new": 1.0}], weights, "photo")


def test_along_a_curve_is_straight_between_its_points_and_level_beyond():
    curve = torch.tensor([[0.2, 0.0], [0.4, 0.8], [0.6, 0.9], [1.0, 1.0]])
    values = torch.tensor([-1.0, 0.2, 0.3, 0.4, 0.5, 0.8, 1.0, 2.0])
    expected = torch.tensor([0, 0, 0.4, 0.8, 0.85, 0.95, 1, 1])
    assert torch.allclose(quality_model.along(values, curve), expected, atol=1e-6)


def test_the_shipped_parameters_fit_the_features_that_are_measured():
    features = look(planes(photograph("astronaut.png", 64)))
    count = len(quality_model.feature_vector(features))
    assert count == len(quality_model.READOUT_FEATURES) + sum(map(is_statistic, features))
    quality_model.check_weights(PARAMETERS.families, count)
    networks, hidden = PARAMETERS.families["hidden.bias"].shape
    assert PARAMETERS.families["hidden.weight"].shape == (networks, hidden, count)
    assert PARAMETERS.families["heads.weight"].shape == (networks, len(FAMILIES), hidden)
    assert PARAMETERS.families["heads.bias"].shape == (networks, len(FAMILIES))


@pytest.mark.parametrize("preset", quality_model.PRESETS_WITH_CURVES)
def test_every_shipped_curve_rises_from_0_to_1_through_the_threshold(preset):
    curves = PARAMETERS.families[f"curves.{preset}"].float()
    assert curves.shape[0] == len(FAMILIES)
    raw = torch.linspace(0, 1, 101)
    for curve in curves:
        places, heights = curve.unbind(1)
        assert bool((places.diff() > 0).all())
        assert bool((heights.diff() >= 0).all())
        assert (float(heights[0]), float(heights[-1])) == (0.0, 1.0)
        assert float((heights - 0.8).abs().min()) < 1e-3
        assert bool((quality_model.along(raw, curve).diff() >= -1e-6).all())


def test_all_shipped_parameters_are_finite():
    assert all(bool(torch.isfinite(tensor).all()) for tensor in PARAMETERS.families.values())
    assert bool((PARAMETERS.families["features.scale"] > 0).all())
