"""The trained families: features of a picture in, one score of 0..1 for each family of damage out.

A few small networks (features -> hidden units -> one output a family) are averaged, and their output is mapped so that
a threshold of 0.8 means the same for each family. `training/quality/` makes the parameters, which come to core as
tensors (data/quality_families.safetensors), and tells how they do on pictures that they have never seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from .quality_families import FAMILIES
from .quality_statistics import is_statistic

VERSION = 1
PRESETS_WITH_CURVES = ("photo", "illustration")

# The read-outs that the networks look at, logarithmically, beside all scene statistics. What tells things from each
# other, not damage (colours, mean tones, size), is left out.
READOUT_FEATURES = (
    "brightest_p99_levels",
    "black_percent",
    "tonal_range_levels",
    "clipped_high_percent",
    "clipped_low_percent",
    "burnt_high_percent",
    "garish_percent",
    "clipped_both_ends_percent",
    "entropy_bits",
    "edge_sharpness_ratio",
    "direction_sharpness_ratio",
    "crete_blur_effect",
    "laplacian_p99_levels",
    "clipped_edges_percent",
    "colour_blotches_levels",
    "colour_blotches_evenness_ratio",
    "seam_share",
    "detail_tiles_percent",
    "white_noise_tiles_percent",
    "gradient_kurtosis",
    "contrast_variation_ratio",
    "large_scale_share",
    "noise_luma_sigma_levels",
    "noise_colour_sigma_levels",
    "immerkaer_sigma_levels",
    "haar_mad_sigma_levels",
    "stray_pixels_percent",
    "jpeg_block_step_ratio",
    "wang_jpeg_quality",
    "repeated_lines_percent",
    "tonal_levels_percent",
)
_LARGEST_DEVIATION = 5.0


def feature_vector(features: Mapping[str, float]) -> list[float]:
    """Puts the features of a picture in the order of the networks' inputs: read-outs as logarithms, then statistics."""
    readouts = [features[name] for name in READOUT_FEATURES]
    logarithms = torch.tensor(readouts, dtype=torch.float64).clamp(min=0.0).log1p().tolist()
    # Names sort in one way everywhere, so the order needs no list of its own.
    return logarithms + [features[name] for name in sorted(features) if is_statistic(name)]


def family_scores(
    features: Sequence[Mapping[str, float]], weights: Mapping[str, Tensor], preset: str
) -> list[dict[str, float]]:
    """Scores each family of FAMILIES from 0 (all damage) to 1 (clean), for each of some pictures or parts of one.

    Args:
        features: Of each picture, what quality_readouts.look gives.
        weights: What data/quality_families.safetensors holds.
        preset: One of PRESETS_WITH_CURVES: on which kind of clean pictures 0.8 was fixed.

    Raises:
        ValueError: the weights belong to another version of the pack.
    """
    inputs = torch.tensor([feature_vector(one) for one in features], dtype=torch.float32)
    check_weights(weights, inputs.shape[1])
    raw = raw_scores(inputs, weights)
    mapped = torch.stack([along(raw[:, place], curve) for place, curve in enumerate(weights[f"curves.{preset}"])], 1)
    return [dict(zip(FAMILIES, row, strict=True)) for row in mapped.clamp(0.0, 1.0).tolist()]


def raw_scores(inputs: Tensor, weights: Mapping[str, Tensor]) -> Tensor:
    """The mean output of the networks before any curve, (number, families), for inputs (number, features)."""
    deviations = (inputs - weights["features.centre"].float()) / weights["features.scale"].float()
    deviations = deviations.clamp(-_LARGEST_DEVIATION, _LARGEST_DEVIATION)
    outputs = []
    for hidden, hidden_bias, heads, heads_bias in zip(
        *(weights[name].float() for name in ("hidden.weight", "hidden.bias", "heads.weight", "heads.bias")),
        strict=True,
    ):
        units = functional.gelu(functional.linear(deviations, hidden, hidden_bias))
        outputs.append(torch.sigmoid(functional.linear(units, heads, heads_bias)))
    return torch.stack(outputs).mean(0)


def check_weights(weights: Mapping[str, Tensor], feature_count: int) -> None:
    """Refuses parameters that do not fit this version of the features.

    Raises:
        ValueError: a tensor is missing, or they were made for another version or other features.
    """
    wanted = ["version", "features.centre", "features.scale", "hidden.weight", "hidden.bias", "heads.weight"]
    wanted += ["heads.bias", *(f"curves.{preset}" for preset in PRESETS_WITH_CURVES)]
    missing = [name for name in wanted if name not in weights]
    if missing or int(weights["version"]) != VERSION or weights["features.centre"].shape != (feature_count,):
        what = f"lack {', '.join(missing)}" if missing else _describe(weights)
        raise ValueError(
            f"The parameters of the quality families do not fit this version of Switchyard: they {what}, and version "
            f"{VERSION} with {feature_count} features is needed. Install Switchyard again."
        )


def _describe(weights: Mapping[str, Tensor]) -> str:
    return f"are of version {int(weights['version'])} with {weights['features.centre'].numel()} features"


def along(values: Tensor, curve: Tensor) -> Tensor:
    """Maps values by straight lines between the points (x, y) of a curve, (points, 2), level beyond both ends."""
    places, heights = curve.float().unbind(1)
    right = torch.searchsorted(places.contiguous(), values.contiguous()).clamp(1, len(places) - 1)
    left = right - 1
    share = (values - places[left]) / (places[right] - places[left]).clamp(min=1e-6)
    return heights[left] + (heights[right] - heights[left]) * share.clamp(0.0, 1.0)
