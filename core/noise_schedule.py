"""Noise levels: the table that a model was trained on, the timesteps it stands for, and SD 1.5's own table.

Convention: a sigma is a noise level as ComfyUI's samplers count it. A table holds sigmas from the lowest to the
highest, spread over 1000 training timesteps, whatever its length (1000 for most models, 10000 for Flux, 50 for a
distilled one). Timesteps in texts are those of ComfyUI: 0 is the lowest noise, 999 the highest.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

TIMESTEPS = 1000


@dataclass(frozen=True)
class NoiseScale:
    """How a model counts noise.

    Args:
        table: the sigmas of the training timesteps, rising.
        is_flow: whether a sigma mixes, as in SD3 and Flux: (1 - sigma) of the picture and sigma of noise. Else the
            noise is added to the whole picture.
        data_std: the standard deviation that the model takes a latent to have; 1 but for EDM models.

    Raises:
        ValueError: the table is empty, falls, or has something else than finite numbers above 0.
    """

    table: Sequence[float]
    is_flow: bool = False
    data_std: float = 1.0

    def __post_init__(self) -> None:
        is_sound = all(math.isfinite(sigma) and sigma > 0 for sigma in self.table)
        if not self.table or not is_sound or any(a > b for a, b in zip(self.table, self.table[1:], strict=False)):
            raise ValueError(
                "The model's noise levels are not a rising list of numbers above 0. Check the settings of the node "
                "that changed its sampling (a ModelSampling node with a shift of 0, say)."
            )

    def sigma_of_last(self, timesteps: int) -> float:
        """The sigma at which so many of the 1000 training timesteps are left; 0 leaves none.

        200 gives the sigma of timestep 199, since timesteps count from 0. A table of another length is read at the same
        share of it, between two entries by their logarithms.
        """
        place = timesteps * len(self.table) / TIMESTEPS - 1
        if place < 0:
            return self.table[0] * (place + 1)
        low = int(place)
        share = place - low
        if share == 0:
            return self.table[low]
        return math.exp((1 - share) * math.log(self.table[low]) + share * math.log(self.table[low + 1]))

    def timestep_of(self, sigma: float) -> int:
        """The training timestep, 0 to 999, whose sigma is nearest, compared by logarithms as ComfyUI does."""
        above = bisect_left(self.table, sigma)
        nearest = min(above, len(self.table) - 1)
        if 0 < above < len(self.table) and sigma / self.table[above - 1] < self.table[above] / sigma:
            nearest = above - 1
        return round((nearest + 1) * TIMESTEPS / len(self.table)) - 1

    def noise_ratio(self, sigma: float) -> float:
        """How much noise there is for one part of picture: this can be compared between models of all kinds."""
        if self.is_flow:
            return sigma / (1 - sigma) if sigma < 1 else math.inf
        return sigma / self.data_std


@cache
def sd15_noise() -> NoiseScale:
    """SD 1.5's training noise, which SDXL has too: 1000 betas from 0.00085 to 0.012, linear in their square roots.

    Source: Rombach et al., High-Resolution Image Synthesis with Latent Diffusion Models, 2022 ("scaled linear").
    """
    first, last = math.sqrt(0.00085), math.sqrt(0.012)
    table, kept = [], 1.0
    for index in range(TIMESTEPS):
        kept *= 1 - (first + (last - first) * index / (TIMESTEPS - 1)) ** 2
        table.append(math.sqrt((1 - kept) / kept))
    return NoiseScale(tuple(table))


def sd15_sigma(timestep: float) -> float:
    """SD 1.5's sigma at a timestep of 0..999, between two whole ones by their logarithms, as ComfyUI reads it."""
    table = sd15_noise().table
    low = min(max(int(timestep), 0), TIMESTEPS - 1)
    high = min(low + 1, TIMESTEPS - 1)
    share = timestep - low
    return math.exp((1 - share) * math.log(table[low]) + share * math.log(table[high]))


def sd15_timestep(sigma: float) -> float:
    """The inverse of sd15_sigma: 0.0 and 999.0 for what is below or above the table."""
    table = sd15_noise().table
    above = bisect_left(table, sigma)
    if above == 0:
        return 0.0
    if above == TIMESTEPS:
        return TIMESTEPS - 1.0
    low, high = math.log(table[above - 1]), math.log(table[above])
    return above - 1 + (math.log(sigma) - low) / (high - low)


def check_schedule(sigmas: Sequence[float], scheduler: str, steps: int) -> None:
    """Refuses a schedule that nothing can be sampled with.

    Raises:
        ValueError: it has no step, or something else than finite numbers.
    """
    if len(sigmas) < 2:
        raise ValueError(f"The scheduler {scheduler} makes no step of {steps}. Use more steps or another scheduler.")
    if not all(math.isfinite(sigma) for sigma in sigmas):
        raise ValueError(
            f"The scheduler {scheduler} gives noise levels that are no numbers for a schedule of {steps} "
            f"step{'' if steps == 1 else 's'}. Use more steps or another scheduler."
        )
