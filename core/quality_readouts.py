"""The read-outs of one picture: every number that the quality score is made of, by name and with its unit."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import NamedTuple

import torch
from torch import Tensor

from .niqe import measure_blocks, niqe
from .quality_bands import Bands, find_letterbox
from .quality_blocks import block_step_ratio, repeated_lines_percent, seam_share, wang_blocking
from .quality_local import LocalDamage, find_local_damage
from .quality_noise import (
    calm_luma_sigma,
    detail_tiles_percent,
    haar_mad_sigma,
    immerkaer_sigma,
    local_colour_sigma,
    measure_blotches,
    measure_randomness,
    stray_pixels_percent,
)
from .quality_planes import Planes, bad_values, native_patches, reduction, whole_picture
from .quality_sharpness import blur_effect, measure_sharpness
from .quality_statistics import is_statistic, scene_statistics
from .quality_tones import (
    colourfulness,
    entropy_bits,
    garish_percent,
    histogram,
    level_at,
    measure_clipping,
    measure_edges,
    saturation_percent,
    tonal_levels_percent,
)

# Lines that repeat make a grid of their own; from here on a grid is no sign of JPEG.
_ENLARGED_PERCENT = 35.0
_BLACK_LEVELS = 2
# What vanishes when a picture is reduced, and is taken from patches of a large one.
_NATIVE = (
    "noise_luma_sigma_levels",
    "immerkaer_sigma_levels",
    "haar_mad_sigma_levels",
    "stray_pixels_percent",
    "jpeg_block_step_ratio",
    "wang_jpeg_quality",
    "repeated_lines_percent",
    "tonal_levels_percent",
)


class Measurement(NamedTuple):
    """What was measured of one picture.

    Attributes:
        readouts: Numbers for people, by name with unit; see measure.
        whole: The features of the whole picture (of a reduced copy, if it is large), empty for a non-finite picture.
        native_patches: The features of patches at native size, if the picture was reduced; else empty.
        local: Parts of the picture that are noise or flat, in its own pixels; None for a non-finite picture.
        bars: How thick the bars of a letterbox are that were left out, in its own pixels.
    """

    readouts: dict[str, float]
    whole: dict[str, float]
    native_patches: list[dict[str, float]]
    local: LocalDamage | None
    bars: Bands


def measure(picture: Tensor, natural: Mapping[str, Tensor]) -> Measurement:
    """Measures one (H, W, C) picture of any dtype and device, values 0..1 (integers 0..255), C = 1, 3 or more.

    `natural` are NIQE's parameters of natural pictures (see niqe.niqe); the read-out `niqe` is left out where it can't
    be told.

    The picture is not changed. Names of read-outs end in their unit: `_levels` are 8-bit levels (0..255), `_percent`
    and `_px` say it themselves, a `_ratio` or `_share` is a plain number. Every value is a finite float. A picture with
    NaN or infinity is not measured any further: it has only its size and the two percentages of bad values. The bars of
    a letterbox are left out.
    """
    non_finite, outside = bad_values(picture)
    readouts = {
        "height_px": float(picture.shape[0]),
        "width_px": float(picture.shape[1]),
        "non_finite_percent": non_finite,
        "out_of_range_percent": outside,
    }
    if non_finite:
        return Measurement(readouts, {}, [], None, Bands(0, 0, 0, 0))
    planes = whole_picture(picture)
    local = find_local_damage(planes, reduction(picture))
    factor = reduction(picture)
    bars = Bands(*(factor * thick for thick in find_letterbox(planes.rgb)))
    if any(bars):
        picture = bars.removed_from(picture)
        planes = whole_picture(picture)
    whole = look(planes)
    patches, blocks = [], []
    for patch in native_patches(picture):
        patches.append(look(patch))
        blocks.append(measure_blocks(patch.luma))
    distance = niqe(torch.cat(blocks) if blocks else measure_blocks(planes.luma), natural)
    readouts |= {name: value for name, value in whole.items() if not is_statistic(name)}
    if patches:
        readouts |= {name: median(patch[name] for patch in patches) for name in _NATIVE}
        readouts["noise_colour_sigma_levels"] = max(patch["noise_colour_sigma_levels"] for patch in patches)
    readouts |= {"local_noise_percent": local.noise_percent, "flat_band_percent": local.flat_band_percent}
    if distance is not None:
        readouts["niqe"] = distance
    return Measurement(readouts, whole, patches, local, bars)


def look(planes: Planes) -> dict[str, float]:
    """Everything that the families look at in one picture: read-outs and scene statistics, by name."""
    return _of_the_whole(planes) | _of_a_patch(planes) | scene_statistics(planes)


def _of_the_whole(planes: Planes) -> dict[str, float]:
    sharpness = measure_sharpness(planes.luma)
    randomness = measure_randomness(planes.luma)
    clipping = measure_clipping(planes.rgb)
    edges = measure_edges(planes.luma)
    blotches = measure_blotches(planes)
    counts = histogram(planes.luma)
    brightest = histogram(planes.rgb.amax(-1))
    channels = [histogram(channel) for channel in planes.rgb.unbind(-1)]
    return {
        "luma_p1_levels": float(level_at(counts, 0.01)),
        "luma_median_levels": float(level_at(counts, 0.5)),
        "luma_p99_levels": float(level_at(counts, 0.99)),
        "brightest_p99_levels": float(level_at(brightest, 0.99)),
        "black_percent": 100.0 * int(brightest[:_BLACK_LEVELS].sum()) / int(brightest.sum()),
        "tonal_range_levels": float(max(level_at(c, 0.99) - level_at(c, 0.01) for c in channels)),
        "clipped_high_percent": clipping.high_percent,
        "clipped_low_percent": clipping.low_percent,
        "burnt_high_percent": clipping.burnt_percent,
        "garish_percent": garish_percent(planes.rgb),
        "clipped_both_ends_percent": 2 * (clipping.burnt_percent * clipping.low_percent) ** 0.5,
        "entropy_bits": entropy_bits(counts),
        "colourfulness": colourfulness(planes.rgb),
        "saturation_percent": saturation_percent(planes.rgb),
        "edge_sharpness_ratio": sharpness.edge_sharpness,
        "direction_sharpness_ratio": sharpness.direction_ratio,
        "crete_blur_effect": blur_effect(planes.luma),
        "laplacian_p99_levels": edges.laplacian_p99,
        "clipped_edges_percent": edges.clipped_edges_percent,
        "colour_blotches_levels": blotches.rms,
        "colour_blotches_evenness_ratio": blotches.evenness,
        "seam_share": seam_share(planes.luma),
        "detail_tiles_percent": detail_tiles_percent(planes.luma),
        "white_noise_tiles_percent": randomness.white_tiles_percent,
        "gradient_kurtosis": randomness.gradient_kurtosis,
        "contrast_variation_ratio": randomness.contrast_variation,
        "large_scale_share": randomness.large_scale_share,
    }


def _of_a_patch(planes: Planes) -> dict[str, float]:
    repeated = repeated_lines_percent(planes.rgb)
    return {
        "noise_luma_sigma_levels": calm_luma_sigma(planes.luma),
        "noise_colour_sigma_levels": local_colour_sigma(planes),
        "immerkaer_sigma_levels": immerkaer_sigma(planes.luma),
        "haar_mad_sigma_levels": haar_mad_sigma(planes.luma),
        "stray_pixels_percent": stray_pixels_percent(planes.luma),
        "jpeg_block_step_ratio": 1.0 if repeated > _ENLARGED_PERCENT else block_step_ratio(planes.luma),
        "wang_jpeg_quality": wang_blocking(planes.luma).quality,
        "repeated_lines_percent": repeated,
        "tonal_levels_percent": tonal_levels_percent([histogram(channel) for channel in planes.rgb.unbind(-1)]),
    }
