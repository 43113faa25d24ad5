"""How noisy a picture is: noise in its calm tiles, stray pixels, colour blotches, and the signs of mere noise."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from .quality_planes import Planes, percentile, tile_means, tiles

_TILE_PX = 16
_PART_TILES = 8
_CALM_SHARE = 0.1  # the calmest tenth of the tiles shows the noise: texture hides it everywhere else
_STRAY_LEVELS = 48
# Standard deviation of Cb and Cr for independent noise of standard deviation 1 in R, G and B.
_CHROMA_BLUE_GAIN = 0.564 * math.hypot(1 - 0.114, 0.299, 0.587)
_CHROMA_RED_GAIN = 0.713 * math.hypot(1 - 0.299, 0.587, 0.114)
_BLOTCH_OCTAVES = (2, 3)  # structures of 4 to 8 px and of 8 to 16 px
_BLOTCH_TILE_PX = 32
_WHITE_CORRELATION = 0.2
_WHITE_MIN_SIGMA = 0.8  # levels; rounding alone gives 0.3 to 0.5
_BLOCKS_PER_SIDE = 8


def immerkaer_sigma(plane: Tensor) -> float:
    """Standard deviation of white noise after Immerkaer (CVIU 64, 1996), in the plane's unit; texture adds to it."""
    return float(_immerkaer_response(plane).mean())


def haar_mad_sigma(plane: Tensor) -> float:
    """Standard deviation of white noise after Donoho and Johnstone (Biometrika 81, 1994), in the plane's unit.

    The median size of the diagonal Haar coefficients over 0.6745: less sensitive to edges than Immerkaer's mean.
    """
    height, width = plane.shape[0] // 2 * 2, plane.shape[1] // 2 * 2
    even, odd = plane[:height:2], plane[1:height:2]
    diagonal = (even[:, 0:width:2] - even[:, 1:width:2] - odd[:, 0:width:2] + odd[:, 1:width:2]) / 2
    return float(diagonal.abs().median()) / 0.6745


def calm_luma_sigma(luma: Tensor) -> float:
    """Immerkaer's sigma of the luma noise in the calmest tenth of the tiles of 16 px, levels."""
    return percentile(tile_means(_immerkaer_response(luma), _TILE_PX), _CALM_SHARE)


def local_colour_sigma(planes: Planes) -> float:
    """Immerkaer's sigma of the colour noise in the noisiest part of 128 x 128 px, levels.

    Expressed as the standard deviation of independent noise in R, G and B that would make it. In each part the calmest
    tenth of the tiles of 16 px speaks. Real textures have little fine detail in chroma, so even one part of a meadow
    shows faint noise; grey noise has none of it.
    """
    response = _immerkaer_response(planes.chroma_blue).mul_(1 / _CHROMA_BLUE_GAIN)
    response.add_(_immerkaer_response(planes.chroma_red), alpha=1 / _CHROMA_RED_GAIN)
    by_tile = functional.avg_pool2d(response[None, None], _TILE_PX)[0, 0] / 2
    return max(
        percentile(by_tile[top : top + _PART_TILES, left : left + _PART_TILES].flatten(), _CALM_SHARE)
        for top in _part_starts(by_tile.shape[0])
        for left in _part_starts(by_tile.shape[1])
    )


def _part_starts(tiles_across: int) -> list[int]:
    """Where parts of _PART_TILES start that cover a row of tiles from end to end."""
    last = max(0, tiles_across - _PART_TILES)
    return sorted({*range(0, last, _PART_TILES), last})


def stray_pixels_percent(luma: Tensor) -> float:
    """Percentage of pixels that are brighter, or darker, than all eight neighbours by over 48 levels."""
    height, width = luma.shape
    centre = luma[1:-1, 1:-1]
    highest = torch.full_like(centre, -math.inf)
    lowest = torch.full_like(centre, math.inf)
    for row in range(3):
        for column in range(3):
            if (row, column) != (1, 1):
                neighbour = luma[row : height - 2 + row, column : width - 2 + column]
                highest, lowest = torch.maximum(highest, neighbour), torch.minimum(lowest, neighbour)
    stray = (centre - highest > _STRAY_LEVELS) | (lowest - centre > _STRAY_LEVELS)
    return 100.0 * int(stray.sum()) / luma.numel()


class Blotches(NamedTuple):
    """Colour blotches of 4 to 16 px: how strong they are where there are fewest, and how even they are.

    Attributes:
        rms: Root mean square in the calmest tenth of the tiles, levels.
        evenness: The calmest tenth over the strongest quarter, 0..1: above 0.45 for blotches that cover everything
            alike, below 0.4 for the colours of things.
    """

    rms: float
    evenness: float


def measure_blotches(planes: Planes) -> Blotches:
    """Measures colour blotches in the octaves of a Haar pyramid.

    Of the two chroma planes the weaker or less even one counts, as blotches come in all colours while a meadow or a
    dune varies along one; of the octaves the stronger or more even one.
    """
    octaves = list(zip(_octaves(planes.chroma_blue), _octaves(planes.chroma_red), strict=True))
    return Blotches(
        max(min(blue.rms, red.rms) for blue, red in octaves),
        max(min(blue.evenness, red.evenness) for blue, red in octaves),
    )


class Randomness(NamedTuple):
    """What tells noise from a picture.

    Attributes:
        white_tiles_percent: Share of the tiles of 16 px whose neighbouring pixels are unrelated once the tile's own
            slope is taken out, and that are not flat.
        gradient_kurtosis: Fourth over squared second moment of the steps between neighbours: 3 for any Gaussian
            noise, of whatever grain; far above 5 for pictures of things, which have few but strong edges.
        contrast_variation: Standard deviation over mean of the local contrast in 8 x 8 blocks: near 0 for noise.
        large_scale_share: Standard deviation of the means of 8 x 8 blocks over that of the pixels: near 0 for noise,
            near 1 for a picture with lights and shadows.
    """

    white_tiles_percent: float
    gradient_kurtosis: float
    contrast_variation: float
    large_scale_share: float


def measure_randomness(luma: Tensor) -> Randomness:
    """Measures how far an (H, W) luma plane looks like noise of any grain; see Randomness."""
    residual = tile_residuals(luma, _TILE_PX)
    variance = residual.square().mean((1, 2))
    along = (residual[:, :, 1:] * residual[:, :, :-1]).mean((1, 2))
    across = (residual[:, 1:] * residual[:, :-1]).mean((1, 2))
    correlation = (along + across) / 2 / variance.clamp(min=1e-3)
    white = (correlation.abs() < _WHITE_CORRELATION) & (variance > _WHITE_MIN_SIGMA**2)

    block = max(2, min(luma.shape) // _BLOCKS_PER_SIDE)
    blocks = tiles(luma, block).flatten(1)
    contrast = blocks.std(1)
    return Randomness(
        100.0 * float(white.float().mean()),
        (_kurtosis(luma[:, 1:] - luma[:, :-1]) + _kurtosis(luma[1:] - luma[:-1])) / 2,
        float(contrast.std() / contrast.mean().clamp(min=1e-3)),
        float(blocks.mean(1).std() / luma.std().clamp(min=1e-3)),
    )


def detail_tiles_percent(luma: Tensor) -> float:
    """Percentage of the tiles of 16 px that hold more than an even slope: over 1 level (rms) beside their own plane.

    Counted on two grids, half a tile apart, of which the larger count is given: the large squares of pixel art may
    coincide with the tiles of one grid, and then each of its tiles is flat.
    """
    half = _TILE_PX // 2
    return max(_detail_percent(luma), _detail_percent(luma[half:, half:]))


def _detail_percent(luma: Tensor) -> float:
    return 100.0 * float((tile_residuals(luma, _TILE_PX).square().mean((1, 2)) > 1.0).float().mean())


def tile_residuals(plane: Tensor, size: int) -> Tensor:
    """What is left of each tile when its mean and its slopes (least squares) are taken out: (number, size, size)."""
    cut = tiles(plane, size)
    ramp = torch.arange(size, dtype=plane.dtype, device=plane.device) - (size - 1) / 2
    norm = float((ramp * ramp).sum()) * size
    slope_x = (cut * ramp).sum((1, 2), keepdim=True) / norm
    slope_y = (cut * ramp[:, None]).sum((1, 2), keepdim=True) / norm
    return cut - cut.mean((1, 2), keepdim=True) - slope_x * ramp - slope_y * ramp[:, None]


def _immerkaer_response(plane: Tensor) -> Tensor:
    """Size of the difference of two Laplacians at each pixel, scaled so that its mean is sigma for white noise."""
    down = plane[:-2] - 2 * plane[1:-1] + plane[2:]
    both = down[:, :-2] - 2 * down[:, 1:-1] + down[:, 2:]
    return both.abs_().mul_(math.sqrt(math.pi / 2) / 6)


def _octaves(chroma: Tensor) -> list[Blotches]:
    """Strength and evenness of the Haar detail in tiles of 32 px, for each octave of _BLOTCH_OCTAVES."""
    found = []
    mean = chroma
    for octave in range(_BLOTCH_OCTAVES[-1] + 1):
        height, width = mean.shape[0] // 2 * 2, mean.shape[1] // 2 * 2
        even, odd = mean[:height:2, :width], mean[1:height:2, :width]
        left, right = even[:, ::2] + odd[:, ::2], even[:, 1::2] + odd[:, 1::2]
        left_step, right_step = even[:, ::2] - odd[:, ::2], even[:, 1::2] - odd[:, 1::2]
        if octave in _BLOTCH_OCTAVES:
            energy = ((left - right) ** 2 + (left_step + right_step) ** 2 + (left_step - right_step) ** 2) / 48
            by_tile = tile_means(energy, _BLOTCH_TILE_PX >> (octave + 1))
            calm, strong = (math.sqrt(percentile(by_tile, share)) for share in (_CALM_SHARE, 0.75))
            found.append(Blotches(calm, calm / max(strong, 0.1)))
        mean = (left + right) / 4
    return found


def _kurtosis(steps: Tensor) -> float:
    squares = (steps - steps.mean()).square_()
    mean_square = float(squares.mean())
    return float(squares.square_().mean()) / mean_square**2 if mean_square > 0 else 0.0
