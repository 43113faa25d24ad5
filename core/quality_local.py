"""Local damage: a part of a picture that is mere noise or exactly flat, while the rest is fine.

Statistics of the whole picture dilute it: a quarter of noise hardly moves a mean. Blur and tones are never judged
locally, since a blurred background and a bright sky are no faults.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor
from torch.nn import functional

from .quality_bands import widest_lone_band
from .quality_noise import tile_residuals
from .quality_planes import Planes, tiles

# Size of a tile in px and tiles along a part, from some shortest side on: a sixteenth of the picture, wherever it lies,
# holds such a part on the grid of tiles. Small tiles tell noise from texture less well, so parts have more of them.
_GRIDS = ((320, 16, 4), (0, 8, 6))
_WHITE_SHARE = 0.9
_SIGMA_LEVELS = 8.0
_CORRELATION = 0.2
_EVENNESS = 0.35
_FLAT_MEANS = 0.2  # over sigma; the means of tiles of white noise vary by 1/16 of it, those of any texture by far more


class Part(NamedTuple):
    """A part of a picture, in pixels from the top left corner."""

    x: int
    y: int
    width: int
    height: int


class LocalDamage(NamedTuple):
    """What was found locally.

    Attributes:
        noise_percent: Share of the picture in parts of 64 x 64 px (48 x 48 of a small one) that hold noise and nothing
            else.
        noise_part: The rectangle around all such parts, or None.
        flat_band_percent: Share of the picture in a band of one colour along one edge, at which the picture is cut off
            straight, without its like along the opposite edge, as a letterbox has.
        flat_part: That band, or None.
    """

    noise_percent: float
    noise_part: Part | None
    flat_band_percent: float
    flat_part: Part | None


def find_local_damage(planes: Planes, factor: int = 1) -> LocalDamage:
    """Looks for parts of a picture that are noise, or a band of one colour from edge to edge.

    Args:
        planes: Of the picture, or of a copy of it.
        factor: By how much the copy was reduced; parts are given in pixels of the picture.
    """
    noise_percent, noise_part = _find_noise(planes.luma)
    flat_percent, flat_place = widest_lone_band(planes.rgb)
    flat_part = Part(*flat_place) if flat_percent > 0 else None
    return LocalDamage(noise_percent, _enlarged(noise_part, factor), flat_percent, _enlarged(flat_part, factor))


def _enlarged(part: Part | None, factor: int) -> Part | None:
    return None if part is None else Part(*(factor * number for number in part))


def _find_noise(luma: Tensor) -> tuple[float, Part | None]:
    """White noise of even strength on an even ground: neighbours unrelated, tiles alike in strength and in mean."""
    tile, across = next((tile, across) for side, tile, across in _GRIDS if min(luma.shape) >= side)
    rows, columns = luma.shape[0] // tile, luma.shape[1] // tile
    if min(rows, columns) < across:
        return 0.0, None
    residual = tile_residuals(luma, tile)
    variance = residual.square().mean((1, 2))
    beside = (residual[:, :, 1:] * residual[:, :, :-1]).mean((1, 2))
    below = (residual[:, 1:] * residual[:, :-1]).mean((1, 2))
    white = ((beside + below).abs() / 2 < _CORRELATION * variance) & (variance > _SIGMA_LEVELS**2)
    sigma, means = variance.sqrt(), tiles(luma, tile).mean((1, 2))
    share, mean_sigma, sigma_spread, mean_spread = (
        plane.reshape(1, 1, rows, columns)
        for plane in (white.float(), sigma, sigma - sigma.mean(), means - means.mean())
    )
    mean_sigma = _parts(mean_sigma, across)
    is_noise = (
        (_parts(share, across) > _WHITE_SHARE)
        & (_spread(sigma_spread, across) < _EVENNESS * mean_sigma)
        & (_spread(mean_spread, across) < _FLAT_MEANS * mean_sigma)
    )
    if not bool(is_noise.any()):
        return 0.0, None
    covered = functional.max_pool2d(functional.pad(is_noise.float(), [across - 1] * 4), across, 1)
    y, height = _extent(covered[0, 0].amax(1))
    x, width = _extent(covered[0, 0].amax(0))
    return 100.0 * float(covered.mean()), Part(x * tile, y * tile, width * tile, height * tile)


def _extent(covered: Tensor) -> tuple[int, int]:
    """Where the covered places of a row begin, and how many there are from the first to the last."""
    places = covered.nonzero().flatten()
    return int(places[0]), int(places[-1] - places[0]) + 1


def _parts(values: Tensor, across: int) -> Tensor:
    """Means over all parts of so many tiles each way."""
    return functional.avg_pool2d(values, across, 1)


def _spread(values: Tensor, across: int) -> Tensor:
    """Standard deviations over the parts; of values near 0, as squares lose digits otherwise."""
    return (_parts(values.square(), across) - _parts(values, across).square()).clamp(min=0.0).sqrt()
