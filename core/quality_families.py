"""The six families of damage, and the words for each: what a person sees, and what to try.

The families are scored by trained networks (quality_model). Words come from the read-outs: each fault maps one of them
to 0..1 by straight lines between the points of its curve, 1 where clean pictures lie, 0.8 where about the worst of
twenty clean photographs lies, 0.5 where anybody sees the damage, 0 where it is all one sees; the worst fault of a
family speaks for it. Faults of parts of a picture, which the networks do not see, are scored by their curves.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from itertools import pairwise
from typing import NamedTuple

FAMILIES: tuple[str, ...] = ("blur", "noise", "compression", "tone", "overcooked", "structure")

Curve = tuple[tuple[float, float], ...]


class Fault(NamedTuple):
    """One way to be damaged: the read-out that shows it, the curve that scores it, and what to tell a person.

    Attributes:
        family: One of FAMILIES.
        readout: A name that quality_readouts.measure gives.
        curve: Points (value of the read-out, score), by rising value; beyond the ends the score stays.
        words: What a person sees; {value} is the read-out.
        advice: What to try.
    """

    family: str
    readout: str
    curve: Curve
    words: str
    advice: str


NO_FAULT = 0.9  # a family from here up has none that is worth a word
_WORTH_A_WORD = 0.93
_MORE_STEPS = "Try more steps, a lower denoise in the upscaling pass, or a sharper upscaler or VAE"

FAULTS = (
    Fault(
        "blur",
        "edge_sharpness_ratio",  # Gaussian blur of sigma 0.8, 1.5 and 2.5 px: about 1.0, 0.6 and 0.4
        ((0.25, 0.0), (0.4, 0.2), (0.7, 0.5), (0.9, 0.8), (1.2, 0.95), (1.5, 1.0)),
        "no sharp edge anywhere (sharpness {value:.2f}, sharp from 1.2)",
        _MORE_STEPS,
    ),
    Fault(
        "blur",
        "direction_sharpness_ratio",  # motion blur of 15 px: about 0.67
        ((0.5, 0.3), (0.64, 0.6), (0.72, 0.8), (0.8, 0.93), (0.95, 1.0)),
        "smeared along one direction (sharpness there {value:.2f} of that across)",
        'Try "motion blur" in the negative prompt, or another seed',
    ),
    Fault(
        "blur",
        "crete_blur_effect",
        ((0.75, 1.0), (0.82, 0.8), (0.88, 0.5), (0.95, 0.1)),
        "blurring it again changes little (blur effect {value:.2f} of 1)",
        _MORE_STEPS,
    ),
    Fault(
        "noise",
        "noise_colour_sigma_levels",  # noise of sigma 0.02, 0.04 and 0.08 in R, G and B: about 5, 10 and 19 levels
        ((0.5, 1.0), (2.0, 0.95), (5.0, 0.8), (10.0, 0.5), (20.0, 0.15), (40.0, 0.0)),
        "colour noise (sigma {value:.1f} of 255)",
        "Try more steps, a lower CFG, less added noise, or a denoiser",
    ),
    Fault(
        "noise",
        "noise_luma_sigma_levels",  # dense foliage reaches 4 without any noise
        ((1.0, 1.0), (4.0, 0.93), (6.5, 0.8), (10.0, 0.5), (20.0, 0.15), (40.0, 0.0)),
        "visible grain (sigma {value:.1f} of 255)",
        "Try more steps, a lower CFG, less added noise, or a denoiser",
    ),
    Fault(
        "noise",
        "stray_pixels_percent",
        ((0.05, 1.0), (0.3, 0.8), (0.8, 0.4), (2.0, 0.1), (5.0, 0.0)),
        "stray black or white pixels ({value:.2g} % of the picture)",
        "Try a median filter, or check for a broken step that writes single pixels",
    ),
    Fault(
        "compression",
        "jpeg_block_step_ratio",  # JPEG quality 75, 50, 30, 18 and 5: about 1.2, 1.4, 1.7, 2.0 and 3.7
        ((1.05, 1.0), (1.2, 0.93), (1.4, 0.8), (1.8, 0.5), (3.0, 0.1), (4.0, 0.0)),
        "the 8-px blocks of strong JPEG compression (steps at their borders {value:.1f} times the others)",
        "Use PNG or a higher JPEG quality between steps, or start from a better source",
    ),
    Fault(
        "tone",
        "brightest_p99_levels",
        ((20.0, 0.0), (60.0, 0.5), (85.0, 0.8), (120.0, 0.95), (180.0, 1.0)),
        "almost nothing is bright (99 % of the picture is below {value:.0f} of 255)",
        "Raise the exposure or gamma, or ask for light in the prompt",
    ),
    Fault(
        "tone",
        "tonal_range_levels",
        ((10.0, 0.0), (40.0, 0.5), (60.0, 0.8), (90.0, 0.95), (150.0, 1.0)),
        "hardly any contrast (all tones within {value:.0f} of 255 levels)",
        "Raise the contrast; a washed-out picture often means that the VAE does not fit the model",
    ),
    Fault(
        "tone",
        "burnt_high_percent",
        ((2.0, 1.0), (12.0, 0.95), (25.0, 0.8), (40.0, 0.5), (80.0, 0.0)),
        "burnt-out highlights ({value:.0f} % of the values are lost at the top of the scale)",
        "Lower the exposure or the CFG",
    ),
    Fault(
        "tone",
        "black_percent",  # a black backdrop is no fault
        ((20.0, 1.0), (60.0, 0.8), (85.0, 0.5), (99.0, 0.0)),
        "almost all black ({value:.0f} % of the picture)",
        "Lift the shadows or lower the contrast",
    ),
    Fault(
        "overcooked",
        "clipped_both_ends_percent",
        ((2.0, 1.0), (15.0, 0.93), (24.0, 0.8), (40.0, 0.5), (90.0, 0.1)),
        "burnt colours and contrast ({value:.0f} % of the values are lost at both ends of the scale)",
        "Lower the CFG or the strength of the LoRA, or use CFG rescale",
    ),
    Fault(
        "overcooked",
        "garish_percent",
        ((0.5, 1.0), (5.0, 0.93), (12.0, 0.8), (25.0, 0.5), (60.0, 0.1)),
        "garish colours ({value:.0f} % of the pixels are at both ends of the scale at once)",
        "Lower the CFG, the strength of the LoRA or the saturation",
    ),
    Fault(
        "overcooked",
        "clipped_edges_percent",
        ((1.0, 1.0), (8.0, 0.92), (13.0, 0.8), (25.0, 0.5), (60.0, 0.1)),
        "edges driven into pure black and white ({value:.0f} % of them)",
        "Sharpen less or lower the CFG",
    ),
    Fault(
        "overcooked",
        "laplacian_p99_levels",
        ((150.0, 1.0), (260.0, 0.93), (320.0, 0.8), (450.0, 0.45), (650.0, 0.1)),
        "edges harder than any lens draws them (99th percentile of the Laplacian {value:.0f} levels)",
        "Sharpen less or lower the CFG",
    ),
    Fault(
        "structure",
        "repeated_lines_percent",
        ((5.0, 1.0), (20.0, 0.9), (35.0, 0.7), (50.0, 0.2), (60.0, 0.0)),
        "enlarged without smoothing ({value:.0f} % of the lines repeat their neighbour)",
        "Upscale with lanczos or a model instead of nearest",
    ),
    Fault(
        "structure",
        "tonal_levels_percent",  # 64 levels left of 256: 25 %; 32: 12 %; 2: 1 %
        ((2.0, 0.0), (6.0, 0.25), (12.0, 0.5), (25.0, 0.8), (50.0, 0.95), (80.0, 1.0)),
        "bands of too few tones ({value:.0f} % of the levels between dark and light are used)",
        "Avoid GIF, palettes and posterising; keep 8 bits until the end",
    ),
    Fault(
        "structure",
        "colour_blotches_levels",
        ((0.5, 1.0), (1.3, 0.9), (1.6, 0.8), (2.3, 0.5), (4.0, 0.2), (6.0, 0.0)),
        "colour blotches all over, as of latent noise that is not denoised (rms {value:.1f} of 255)",
        "Try more steps, a full denoise of 1.0, or a scheduler that ends at zero noise",
    ),
    Fault(
        "structure",
        "seam_share",
        ((0.4, 1.0), (0.5, 0.93), (0.58, 0.8), (0.8, 0.45), (1.0, 0.3)),
        "straight seams across the picture (along {value:.0%} of its length)",
        "Raise the overlap of tiled VAE or tiled upscaling, or decode without tiles",
    ),
)


LOCAL_FAULTS = (
    Fault(
        "noise",
        "noise_colour_sigma_levels",  # of the noisiest part; colour noise of sigma 0.08 in a tenth of a picture: 17
        ((14.0, 1.0), (16.0, 0.75), (20.0, 0.5), (40.0, 0.1)),
        "a part of the picture is full of colour noise (sigma {value:.0f} of 255)",
        "Check masks, tiles and regional prompts: one of them kept its noise",
    ),
    Fault(
        "noise",
        "local_noise_percent",  # a 64 px square of gravel can pass for noise
        ((2.5, 1.0), (3.5, 0.75), (4.5, 0.5), (6.0, 0.35), (25.0, 0.05)),
        "a part of the picture is mere noise ({value:.0f} % of it)",
        "Check masks, tiles and regional prompts: one of them was not denoised",
    ),
    Fault(
        "structure",
        "flat_band_percent",
        ((25.0, 1.0), (35.0, 0.75), (45.0, 0.3), (60.0, 0.0)),
        "the picture stops short: a band of one colour covers {value:.0f} % of it",
        "Check the decoding (VAE, tiles) and how pictures were put together",
    ),
)

# Read-outs of which one alone is enough where its curve is this low, since the networks have seen no such patterns. No
# clean photograph of the training and validation lists is near any of these.
_EXTREMES = (
    "edge_sharpness_ratio",
    "tonal_range_levels",
    "repeated_lines_percent",
    "tonal_levels_percent",
)
EXTREME = 0.3

# What to say where no single number is bad, but the picture as a whole looks like damaged ones.
_IN_GENERAL = {
    "blur": ("soft all over", _MORE_STEPS),
    "noise": ("grainy or speckled", "Try more steps, a lower CFG, less added noise, or a denoiser"),
    "compression": (
        "traces of strong compression",
        "Use PNG or a higher JPEG quality between steps, or start from a better source",
    ),
    "tone": ("tones as of a wrong exposure, washed out or lost", "Adjust exposure and contrast, or try another VAE"),
    "overcooked": ("harder and harsher than a natural picture", "Lower the CFG or sharpen less, or use CFG rescale"),
    "structure": (
        "blotches, bands, blocks or seams that do not belong there",
        "Try more steps, avoid palettes and nearest upscaling, and raise the overlap of tiles",
    ),
}


def local_scores(readouts: Mapping[str, float]) -> dict[str, float]:
    """Scores the families by what is wrong with parts of the picture alone: 1 for those without any such fault."""
    scores = dict.fromkeys(FAMILIES, 1.0)
    for fault in LOCAL_FAULTS:
        scores[fault.family] = min(scores[fault.family], _score(fault, readouts))
    return scores


def extreme_factors(readouts: Mapping[str, float], style: Set[str] = frozenset()) -> dict[str, float]:
    """Gives what each family is multiplied by for a read-out, none of those in `style`, as bad as in no clean picture.

    1 where there is none; from a curve of EXTREME down it falls quickly to EXTREME itself, where the curve is 0.
    """
    factors = dict.fromkeys(FAMILIES, 1.0)
    for fault in FAULTS:
        if fault.readout in _EXTREMES and fault.readout not in style:
            height = min(1.0, _score(fault, readouts) / EXTREME)
            factors[fault.family] = min(factors[fault.family], EXTREME + (1 - EXTREME) * height**3)
    return factors


def describe_fault(family: str, readouts: Mapping[str, float], style: Set[str] = frozenset()) -> str:
    """Says the worst fault of a family in words, and what to try: "visible grain (sigma 9.1 of 255). Try ...".

    Args:
        family: One of FAMILIES.
        readouts: What was measured (see quality_readouts.measure).
        style: Names of read-outs that show style and not damage: they give no words.
    """
    faults = [fault for fault in (*FAULTS, *LOCAL_FAULTS) if fault.family == family and fault.readout not in style]
    fault = min(faults, key=lambda fault: _score(fault, readouts))
    if _score(fault, readouts) > _WORTH_A_WORD:
        return "{}. {}.".format(*_IN_GENERAL[family])
    return f"{fault.words.format(value=readouts[fault.readout])}. {fault.advice}."


def interpolate(curve: Curve, value: float) -> float:
    """Gives the height of a curve at a value: straight between its points, level beyond both ends.

    NaN gives the lowest height: what could not be measured is not good.
    """
    if value != value:
        return min(height for _, height in curve)
    if value <= curve[0][0]:
        return curve[0][1]
    for (left, low), (right, high) in pairwise(curve):
        if value <= right:
            return low + (high - low) * (value - left) / (right - left)
    return curve[-1][1]


def _score(fault: Fault, readouts: Mapping[str, float]) -> float:
    return interpolate(fault.curve, readouts[fault.readout])
