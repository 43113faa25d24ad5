"""The quality score: checks, families and presets brought together, picture by picture, into one number and a report.

A score says how technically intact a picture is, 0..1. It knows nothing of taste, anatomy or text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .quality_checks import find_defect, range_hint
from .quality_families import FAMILIES, NO_FAULT, describe_fault, extreme_factors, local_scores
from .scorer_report import (
    DEFAULT_THRESHOLD,
    ScoredPicture,
    Verdict,
    check_choice,
    check_pictures,
    check_settings,
    judge,
)

if TYPE_CHECKING:
    from torch import Tensor

    from .quality_readouts import Measurement
    from .quality_tiles import WorstTile

MODEL_VERSION = "families-1"
LOW_CONFIDENCE_SIDE_PX = 96
_NATIVE_FAMILIES = ("noise", "compression", "structure")


class Preset(NamedTuple):
    """What a preset takes for clean, and what it ignores, because it is style there and not damage.

    Attributes:
        curve: The kind of clean pictures on which 0.8 was fixed: one of quality_model.PRESETS_WITH_CURVES.
        families: Families that do not count.
        readouts: Read-outs that give no words.
    """

    curve: str
    families: frozenset[str] = frozenset()
    readouts: frozenset[str] = frozenset()


# Drawings may be soft and glowing or hard and glaring, on white paper and in two tones: their curves know. Pixel art
# has hard edges, few colours and large squares, which look like three families of damage.
PRESETS: dict[str, Preset] = {
    "photo": Preset("photo"),
    "illustration": Preset("illustration", readouts=frozenset({"burnt_high_percent", "tonal_levels_percent"})),
    "pixel art": Preset("illustration", frozenset({"overcooked", "compression", "structure"})),
}


class Parameters(NamedTuple):
    """The numbers that scoring rests on, on the CPU.

    Attributes:
        families: Of the trained families (data/quality_families.safetensors; see quality_model).
        natural: Of natural pictures, for the read-out NIQE (data/niqe_parameters.safetensors; see niqe).
    """

    families: Mapping[str, Tensor]
    natural: Mapping[str, Tensor]


class PictureScore(NamedTuple):
    """The score of one picture.

    Attributes:
        score: 0..1, four digits: the worst family that counts, or 0.0 if the picture failed a check.
        families: The score of each family, those that the preset ignores included; all 0.0 for a non-finite picture.
        worst: The family that decided, or the check that failed: "non-finite", "blank" or "pure noise".
        reason: One sentence for a person: what is wrong, and what to try.
        readouts: What was measured, by name with unit (see quality_readouts.measure).
        low_confidence: Whether a side is under 96 px, where the statistics are thin.
        worst_tile: Where the damage of the worst family is worst, or None if it is no local one.
    """

    score: float
    families: dict[str, float]
    worst: str
    reason: str
    readouts: dict[str, float]
    low_confidence: bool
    worst_tile: WorstTile | None


def score_pictures(
    image: Tensor,
    parameters: Parameters,
    threshold: float = DEFAULT_THRESHOLD,
    aggregate: str = "min",
    preset: str = "photo",
    on_image: Callable[[int, int], object] | None = None,
) -> Verdict:
    """Scores each picture of a batch, and the batch by one of AGGREGATES.

    A score passes from the threshold up, but 0.0 never passes: a picture that failed a check stays out whatever the
    threshold is.

    Args:
        image: (B, H, W, C) tensor of any device; floats in 0..1, integers in 0..255, booleans 0 and 1. Not changed.
            Values outside are clamped and reported, alpha is dropped, one channel is expanded.
        parameters: What the pack ships in data/.
        threshold: 0..1.
        aggregate: One of AGGREGATES.
        preset: One of PRESETS: what does not count.
        on_image: Called with (pictures done, pictures in all) before each picture; may raise to stop.

    Raises:
        ValueError: no picture, another shape, numbers that can't be read (sparse, complex), or a threshold, aggregate
            or preset that does not exist.
    """
    check_pictures(image, "Quality Score")
    check_settings(threshold, aggregate)
    check_choice(preset, PRESETS, "preset")
    pictures = []
    for index in range(image.shape[0]):
        if on_image is not None:
            on_image(index, image.shape[0])
        scored = score_picture(image[index], parameters, preset)
        pictures.append(ScoredPicture(scored.score, scored.reason, _facts(scored)))
    return judge(pictures, threshold, aggregate, MODEL_VERSION, preset=preset)


def score_picture(picture: Tensor, parameters: Parameters, preset: str = "photo") -> PictureScore:
    """Scores one (H, W, C) picture; see score_pictures."""
    from .quality_readouts import measure  # imports torch, which loading the pack must not
    from .quality_tiles import find_worst_tile

    if picture.device.type == "mps":  # Apple's GPUs lack float64 and some ways of pooling
        picture = picture.cpu()
    measured = measure(picture, parameters.natural)
    readouts = measured.readouts
    low_confidence = min(picture.shape[:2]) < LOW_CONFIDENCE_SIDE_PX
    families = _family_scores(measured, parameters.families, PRESETS[preset])
    defect = find_defect(readouts)
    if defect is not None:
        reason = defect.reason + range_hint(readouts)
        return PictureScore(0.0, families, defect.name, reason, readouts, low_confidence, None)
    # Of families that are equally bad the last one decides: structure names a pattern that fails them all.
    counted = [family for family in reversed(FAMILIES) if family not in PRESETS[preset].families]
    worst = min(counted, key=families.__getitem__)
    reason = f"{worst} {families[worst]:.2f}: {describe_fault(worst, readouts, PRESETS[preset].readouts)}"
    tile = None
    if families[worst] >= NO_FAULT:
        reason = f"no fault worth a word; the lowest family is {worst}, {families[worst]:.2f}."
    else:
        curve = PRESETS[preset].curve
        found = measured.local, measured.bars
        tile = find_worst_tile(picture, worst, families[worst], *found, parameters.families, curve)
    reason += range_hint(readouts)
    return PictureScore(families[worst], families, worst, reason, readouts, low_confidence, tile)


def _family_scores(measured: Measurement, weights: Mapping[str, Tensor], preset: Preset) -> dict[str, float]:
    """Scores each family of FAMILIES, 4 digits: the networks' score, or that of a local fault if it is lower.

    A read-out that is extreme (see quality_families) takes its family down with it.
    Of a large picture the patches decide, by their median, on what vanishes in a reduced copy.
    """
    from statistics import median  # slow to import, like torch, and loading the pack is to be quick

    from .quality_model import family_scores

    if not measured.whole:
        return dict.fromkeys(FAMILIES, 0.0)
    whole, *patches = family_scores([measured.whole, *measured.native_patches], weights, preset.curve)
    for family in _NATIVE_FAMILIES if patches else ():
        native = median(patch[family] for patch in patches)
        whole[family] = min(whole[family], native) if family == "structure" else native
    factors = extreme_factors(measured.readouts, preset.readouts)
    local = local_scores(measured.readouts)
    return {family: round(min(whole[family] * factors[family], local[family]), 4) for family in FAMILIES}


def _facts(picture: PictureScore) -> dict[str, Any]:
    return {
        "families": picture.families,
        "worst": picture.worst,
        "readouts": {name: float(f"{value:.4g}") for name, value in picture.readouts.items()},
        "low_confidence": picture.low_confidence,
        "worst_tile": picture.worst_tile._asdict() if picture.worst_tile else None,
    }
