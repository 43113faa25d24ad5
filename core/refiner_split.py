"""Refiner Split: the step of a schedule at which a second model takes over from the first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from .noise_schedule import NoiseScale, check_schedule
from .number_inputs import read_fraction, read_whole_number
from .scorer_report import check_choice

NOISE_LEVEL = "noise level"
OWN_SHARE = "own share"
SHARES = {"base 60 %": 0.6, "base 70 %": 0.7, "base 80 %": 0.8, "base 90 %": 0.9}
SPLITS = (NOISE_LEVEL, *SHARES, OWN_SHARE)
REFINER_TIMESTEPS = 200  # SDXL's refiner was trained on the last 200 of 1000
MOST_STEPS = 10000
_ROUNDING = 1e-5  # of single precision; two training timesteps are 500 times as far apart


class Split(NamedTuple):
    """Where the refiner takes over.

    Args:
        step: the first model ends before this step and the second one begins with it; 0 if the first has nothing to do.
        made: the steps that the schedule really has, which are not always those asked for.
        sigma: the noise level at which the refiner begins; 0.0 if it has nothing to do.
        timestep: the training timestep of that level, 0 to 999; None if the refiner has nothing to do.
        report: all this in a sentence or two.
    """

    step: int
    made: int
    sigma: float
    timestep: int | None
    report: str


def split_steps(
    sigmas: Sequence[float],
    noise: NoiseScale,
    scheduler: str,
    steps: Any,
    split: str = NOISE_LEVEL,
    timestep: Any = REFINER_TIMESTEPS,
    base_share: Any = 0.8,
) -> Split:
    """Finds the step at which the refiner takes over.

    Args:
        sigmas: the schedule as the sampler will run it, the last one included.
        noise: how the model counts noise.
        scheduler: the schedule's name, for texts.
        steps: the steps that were asked for, 1 to 10000.
        split: one of SPLITS. "noise level": the first step that starts within the last `timestep` of 1000 training
            timesteps. A share: that share of `steps`, halves rounded up, and at least one step for each model if the
            share is neither 0 nor 1 and there are two steps.
        timestep: 0 to 1000, for "noise level".
        base_share: 0..1, for "own share".

    Raises:
        ValueError: one of them is not what it must be; or the schedule can't be sampled with.
    """
    steps = read_steps(steps)
    check_choice(split, SPLITS, "split")
    check_schedule(sigmas, scheduler, steps)
    made = len(sigmas) - 1
    by_noise = _first_step_within(sigmas, noise, REFINER_TIMESTEPS)
    if split == NOISE_LEVEL:
        timestep = read_whole_number(timestep, "timestep", 0, 1000)
        step = _first_step_within(sigmas, noise, timestep)
    else:
        share = SHARES[split] if split in SHARES else read_fraction(base_share, "base_share")
        step = _step_by_share(share, steps, made)
    sigma = float(sigmas[step]) if step < made else 0.0
    level = noise.timestep_of(sigma) if step < made else None
    report = _describe(step, made, level, sigma)
    if made != steps:
        report += f" {scheduler} makes {made} steps of {steps}."
    if split == NOISE_LEVEL:
        report += _idle_by_noise(step, made, timestep)
    elif step != by_noise:
        report += f" By noise level (timestep {REFINER_TIMESTEPS}) it would be step {by_noise}."
    return Split(step, made, sigma, level, report)


def read_steps(steps: Any) -> int:
    """Takes a number of steps, as a sampler does.

    Raises:
        ValueError: it is not a whole number from 1 to 10000.
    """
    return read_whole_number(steps, "steps", 1, MOST_STEPS)


def _first_step_within(sigmas: Sequence[float], noise: NoiseScale, timesteps: int) -> int:
    boundary = noise.sigma_of_last(timesteps) * (1 + _ROUNDING)
    made = len(sigmas) - 1
    return next((step for step in range(made) if sigmas[step] <= boundary), made)


def _step_by_share(share: float, steps: int, made: int) -> int:
    step = math.floor(round(share * steps, 6) + 0.5)
    if 0 < share < 1 and made > 1:
        return min(max(step, 1), made - 1)
    return min(step, made)


def _describe(step: int, made: int, timestep: int | None, sigma: float) -> str:
    if timestep is None:
        return f"The base model does all {made} steps; the refiner has nothing to do and hands the latent on."
    if step == 0:
        return (
            f"The refiner does all {made} steps, from timestep {timestep} of 1000 (sigma {sigma:.3g}); the base model "
            "has nothing to do and adds no noise, so switch add_noise on in the refiner's sampler."
        )
    return (
        f"The refiner takes over at step {step} of {made} (base {100 * step / made:.0f} %), at timestep {timestep} of "
        f"1000 (sigma {sigma:.3g})."
    )


def _idle_by_noise(step: int, made: int, timestep: int) -> str:
    if step == made and timestep > 0:
        return f" No step starts below timestep {timestep}: use more steps, or a split by share."
    return ""
