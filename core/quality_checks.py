"""The checks that come before any score: is this a picture at all, and not broken numbers, a blank or noise?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

NON_FINITE = "non-finite"
BLANK = "blank"
PURE_NOISE = "pure noise"

_BLANK_RANGE_LEVELS = 4.0
_BLANK_DETAIL_PERCENT = 1.0
_OUTSIDE_PERCENT = 10.0
_NO_LARGE_SCALE = 0.6
_EVEN_CONTRAST = 0.15  # noise of fine grain; a photograph with noise added has more
_EVEN_CONTRAST_COARSE = 0.35  # noise of coarse grain has clouds
_FINE_GRAIN_LEVELS = 6.0
_NOISE_KURTOSIS = (2.2, 3.8)  # Gaussian noise of any grain has 3, uniform and two-valued noise 2.4
_WHITE_TILES_PERCENT = 90.0
_WHITE_MAX_KURTOSIS = 6.0
_BLOTCHES_LEVELS = 1.0
_BLOTCHES_EVENNESS = 0.45
_BLOTCHES_MAX_KURTOSIS = 10.0


class Defect(NamedTuple):
    """Why a picture is none: the name of the check, and a sentence for a person with what to try."""

    name: str
    reason: str


def find_defect(readouts: Mapping[str, float]) -> Defect | None:
    """Gives the first check that the read-outs of a picture fail (see quality_readouts.measure), or None."""
    if readouts["non_finite_percent"] > 0:
        return Defect(
            NON_FINITE,
            f"non-finite: {_percent(readouts['non_finite_percent'])} of the values are NaN or infinite. Try "
            "another VAE or full precision for it (--fp32-vae), a lower CFG, or no half precision where it overflowed.",
        )
    if readouts["tonal_range_levels"] < _BLANK_RANGE_LEVELS:
        return Defect(
            BLANK,
            f"blank: all but 2 percent of the picture is one tone ({readouts['luma_median_levels']:.0f} of 255). Check "
            "that the sampler ran and that the VAE fits the model; black often means NaN or a safety filter.",
        )
    if readouts["detail_tiles_percent"] < _BLANK_DETAIL_PERCENT:
        return Defect(
            BLANK,
            "blank: no detail, only flat areas or smooth ramps. Check that the sampler ran all its steps and that the "
            "VAE fits the model.",
        )
    if _is_noise(readouts):
        return Defect(
            PURE_NOISE,
            "pure noise: no structure that noise would not have. Check that denoising finished (steps, end_at_step, "
            "leftover noise), and that model, scheduler and VAE belong together.",
        )
    return None


def _is_noise(readouts: Mapping[str, float]) -> bool:
    """No lights and shadows and equal contrast all over; and Gaussian steps, white tiles or blotches of all colours."""
    fine_grain = max(readouts["noise_luma_sigma_levels"], readouts["noise_colour_sigma_levels"])
    even_contrast = _EVEN_CONTRAST if fine_grain > _FINE_GRAIN_LEVELS else _EVEN_CONTRAST_COARSE
    if readouts["large_scale_share"] > _NO_LARGE_SCALE or readouts["contrast_variation_ratio"] > even_contrast:
        return False
    kurtosis = readouts["gradient_kurtosis"]
    is_gaussian = _NOISE_KURTOSIS[0] < kurtosis < _NOISE_KURTOSIS[1]
    is_white = readouts["white_noise_tiles_percent"] > _WHITE_TILES_PERCENT and kurtosis < _WHITE_MAX_KURTOSIS
    is_blotchy = (
        readouts["colour_blotches_levels"] > _BLOTCHES_LEVELS
        and readouts["colour_blotches_evenness_ratio"] > _BLOTCHES_EVENNESS
        and kurtosis < _BLOTCHES_MAX_KURTOSIS
    )
    return is_gaussian or is_white or is_blotchy


def range_hint(readouts: Mapping[str, float]) -> str:
    """What to add to any reason if much of the picture was outside 0..1; else nothing."""
    outside = readouts["out_of_range_percent"]
    if outside < _OUTSIDE_PERCENT:
        return ""
    return (
        f" {_percent(outside)} of the values were outside 0..1 and were clamped: divide a picture in 0..255 by 255; "
        "halve one in -1..1 and add 0.5."
    )


def _percent(value: float) -> str:
    return "under 0.01 %" if value < 0.01 else f"{value:.3g} %"
