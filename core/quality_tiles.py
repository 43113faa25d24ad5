"""Where the damage of one family is worst: for people to look at, not for the score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor

from .quality_bands import Bands
from .quality_families import NO_FAULT
from .quality_local import LocalDamage
from .quality_model import family_scores
from .quality_planes import planes_of
from .quality_readouts import look

TILE_PX = 256
_TILES_PER_SIDE = 4
_SHOWN_LOCALLY = ("noise", "compression", "structure")  # blur and tones may differ from place to place


class WorstTile(NamedTuple):
    """A part of a picture, in its pixels, the family that is worst there, and its score there."""

    x: int
    y: int
    width: int
    height: int
    family: str
    score: float


def find_worst_tile(
    picture: Tensor,
    family: str,
    score: float,
    local: LocalDamage | None,
    bars: Bands,
    weights: Mapping[str, Tensor],
    curve: str,
) -> WorstTile | None:
    """Finds the tile of a picture where a family scores lowest.

    A part found as local damage goes first; else up to 4 x 4 tiles of 256 px are scored, spread evenly.

    Args:
        picture: (H, W, C), finite.
        family: One of FAMILIES.
        score: Of that family for the whole picture: what a part of local damage is given.
        local: What quality_local found in the picture.
        bars: Those of a letterbox, where no tile is looked for.
        weights: The parameters of the trained families.
        curve: See quality_model.family_scores.

    Returns:
        None for families that are never judged locally, for a picture of one tile, and where no tile has a fault: a
        stripe or a speck can spoil the statistics of a whole picture and leave each tile clean.
    """
    parts = {"noise": local.noise_part, "structure": local.flat_part} if local else {}
    part = parts.get(family)
    if part is not None:
        return WorstTile(*part, family, score)
    picture = bars.removed_from(picture)
    height, width = picture.shape[:2]
    if family not in _SHOWN_LOCALLY or min(height, width) < TILE_PX or height * width < 2 * TILE_PX**2:
        return None
    places = [(top, left) for top in _starts(height) for left in _starts(width)]
    looks = [look(planes_of(picture[top : top + TILE_PX, left : left + TILE_PX])) for top, left in places]
    scores = [scored[family] for scored in family_scores(looks, weights, curve)]
    lowest = min(range(len(scores)), key=scores.__getitem__)
    if scores[lowest] >= NO_FAULT:
        return None
    top, left = places[lowest]
    return WorstTile(bars.left + left, bars.top + top, TILE_PX, TILE_PX, family, round(scores[lowest], 4))


def _starts(length: int) -> list[int]:
    count = min(_TILES_PER_SIDE, -(-length // TILE_PX))
    return [(length - TILE_PX) * step // max(1, count - 1) for step in range(count)]
