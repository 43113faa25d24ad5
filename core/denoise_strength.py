"""Denoise Strength: the denoise that starts at a wanted noise level, whatever the scheduler and the model.

The yardstick is the scheduler `normal` on SD 1.5: it is what guides to denoise were written with.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from .noise_schedule import NoiseScale, check_schedule, sd15_noise, sd15_sigma, sd15_timestep
from .number_inputs import read_fraction
from .refiner_split import read_steps
from .scorer_report import check_choice
from .values import show_number

EFFECTS = {"sharpen": 0.25, "add detail": 0.45, "rework": 0.65, "redraw": 0.9}
OWN_STRENGTH = "own strength"
MEASURE = "measure"
CHOICES = (*EFFECTS, OWN_STRENGTH, MEASURE)
DEFAULT_EFFECT = "add detail"
# Up to where an equivalent belongs to a row: half-way to the next one.
_ROWS = ((0.0, "no change"), (0.15, "hardly any change"), (0.35, "sharpen"), (0.55, "add detail"), (0.75, "rework"))
_FULL = 0.9999  # KSampler takes more than this as 1.0
_MOST_STEPS = 20000  # of a whole schedule; beyond it would take seconds, for a denoise of nearly nothing
_NEIGHBOURS = 8  # looked at on both sides: schedules that round to timesteps do not fall evenly
_LONG = 1000  # steps of a schedule from which on one step more changes next to nothing, and each look is slow
_MOST_LOOKED_AT = 80_000  # steps in all schedules of a search: a few seconds for the slow ones
_SINGLE = 1e-5  # schedules are in single precision
_COUNTLESS = 1e15  # so that a denoise of next to nothing gives a whole number
_LOWEST_TIMESTEP = 0.01
_ROUNDED = 0.005
_FAR = 0.35  # as a logarithm of noise: about 100 timesteps in the middle of SD 1.5's table
_MANY = 100  # steps: with more of them fewer help


class Strength(NamedTuple):
    """A denoise and what it means.

    Args:
        denoise: for KSampler, 0..1.
        equivalent: the denoise that starts nearest to it with `normal` on SD 1.5 and as many steps. `normal` knows no
            start but two with 1 step: there it is the share of SD 1.5's timesteps, as with many steps.
        effect: the row of EFFECTS that the equivalent falls into, or "no change" or "hardly any change".
        total: the steps of the whole schedule, of which the sampler runs the last; 0 if it runs none.
        timestep: SD 1.5's training timestep with the noise that the sampler starts at, 0 to 999; None if it runs none.
        report: all this in a sentence or two.
    """

    denoise: float
    equivalent: float
    effect: str
    total: int
    timestep: int | None
    report: str


def choose_denoise(
    schedule: Callable[[int], list[float]],
    noise: NoiseScale,
    scheduler: str,
    steps: Any,
    effect: str = DEFAULT_EFFECT,
    strength: Any = 0.45,
) -> Strength:
    """Finds the denoise that starts where the middle of an effect's row starts with `normal` on SD 1.5.

    Args:
        schedule: gives the sigmas of a whole schedule of so many steps.
        noise: how the model counts noise.
        scheduler: the schedule's name, for texts.
        steps: the steps of the sampler, 1 to 10000.
        effect: one of CHOICES. "own strength": as strong as `strength` is with `normal` on SD 1.5. "measure": the
            denoise is `strength` itself, and only its meaning is wanted.
        strength: 0..1; for the last two.

    Raises:
        ValueError: one of them is not what it must be, or the schedule can't be sampled with.
    """
    steps = read_steps(steps)
    check_choice(effect, CHOICES, "effect")
    wanted = EFFECTS[effect] if effect in EFFECTS else read_fraction(strength, "strength")

    sigmas_of = cache(schedule)

    def level(total: int) -> float:
        return noise.noise_ratio(_part_that_runs(sigmas_of(total), steps)[0])

    total = total_steps(steps, wanted)
    if total == 0:
        return Strength(0.0, 0.0, effect_of(0.0), 0, None, "Denoise 0.0 hands the picture back as it is.")
    target = target_level(steps, wanted)
    if effect == MEASURE:
        _check_length(steps, total, wanted)
    elif wanted <= _FULL and (total > steps or steps == 1):
        is_there = total <= _longest(steps) and math.isclose(level(total), target, rel_tol=_SINGLE)
        total = total if is_there else find_total(level, steps, target)
    sigmas = sigmas_of(total)
    check_schedule(sigmas, scheduler, total)
    is_cut = len(sigmas) > steps + 1 and wanted <= _FULL
    denoise = wanted if effect == MEASURE else denoise_for(steps, total, wanted, is_cut)
    reached = noise.noise_ratio(_part_that_runs(sigmas, steps, denoise)[0])
    equivalent = _equivalent(steps, reached, None if effect == MEASURE else wanted)
    name = effect_of(equivalent)
    beginning = f"Denoise {show_number(denoise)} with {scheduler} at {_count(steps)}"
    if effect == MEASURE:
        report = f"{beginning} {_describe_measured(reached, equivalent)}"
    else:
        report = f"{beginning} {_describe_chosen(steps, total, denoise, wanted, target, reached, equivalent)}"
    return Strength(denoise, equivalent, name, total, _as_timestep(reached), report)


def total_steps(steps: int, denoise: float) -> int:
    """The steps of the whole schedule of which KSampler runs the last `steps`, by its set_steps; 0 for none."""
    if denoise > _FULL:
        return steps
    return int(min(steps / denoise, _COUNTLESS)) if denoise > 0 else 0


def denoise_for(steps: int, total: int, preferred: float | None = None, is_cut: bool = False) -> float:
    """A denoise that makes KSampler compute exactly `total` steps: the preferred one, or the roundest there is.

    Where `total` is no more than `steps` it is 1.0, with which KSampler runs all of the schedule; or with is_cut one
    below it, with which it runs the last `steps` even of a schedule that is longer than asked for (ddim_uniform).
    """
    middle = steps / (total + 0.5)
    if total == steps and not (is_cut and middle <= _FULL):
        return 1.0
    grids = (10, 20, 100, 200, 1000, 2000, 10**4, 10**5, 10**6, 10**7)
    for candidate in (preferred, *(round(middle * grid) / grid for grid in grids)):
        if candidate is not None and 0 < candidate <= _FULL and total_steps(steps, candidate) == total:
            return candidate
    return middle


def reference_level(steps: int, total: int) -> float:
    """The noise that `normal` on SD 1.5 starts at, of whose `total` steps the sampler runs the last `steps`."""
    highest = len(sd15_noise().table) - 1
    return sd15_sigma(highest if total <= 1 else highest * (steps - 1) / (total - 1))


def target_level(steps: int, wanted: float) -> float:
    """The noise that a denoise should start at, as `normal` on SD 1.5 has it with so many steps.

    `normal` knows no start but two with 1 step: there it is the share of SD 1.5's timesteps, as with many steps.
    """
    if steps == 1:
        return sd15_sigma(wanted * (len(sd15_noise().table) - 1))
    return reference_level(steps, total_steps(steps, wanted))


def effect_of(equivalent: float) -> str:
    """The row that a denoise with `normal` on SD 1.5 falls into."""
    return next((name for limit, name in _ROWS if equivalent <= limit), "redraw")


def find_total(level: Callable[[int], float], steps: int, target: float) -> int:
    """Finds the length of a schedule whose last `steps` start nearest to a noise level; the shortest of equals.

    Near is by the logarithm of noise. With 1 step most schedulers have but two starts, all and nothing: there it is by
    timesteps, so that what should be weak does not become all. Of long schedules only so many are looked at that it
    takes seconds: the one found may then be a little off.

    Args:
        level: the noise at which the last `steps` of a schedule of so many steps start. Longer schedules start lower,
            but for small unevennesses.
        steps: the steps of the sampler, and the shortest schedule there is.
        target: a noise ratio above 0.
    """
    levels: dict[int, float] = {}

    def at(total: int) -> float:
        if total not in levels:
            levels[total] = level(total)
        return levels[total]

    def distance(total: int) -> float:
        is_reachable = total == steps or steps / (total + 0.5) <= _FULL
        is_level = is_reachable and math.isfinite(at(total)) and at(total) > 0
        if not is_level:
            return math.inf
        if steps == 1:
            return abs(sd15_timestep(at(total)) - sd15_timestep(target))
        return abs(math.log(at(total) / target))

    def is_low(total: int) -> bool:
        return at(total) <= target * (1 + _SINGLE)

    def steps_looked_at() -> int:
        return sum(levels)

    longest = _longest(steps)
    low = high = steps
    while high < longest and not is_low(high):
        low, high = high, min((2 if high < _LONG else 4) * high, longest)
    aside = 0
    while is_low(high) and high - low > 1 and steps_looked_at() < _MOST_LOOKED_AT:
        if high < _LONG:
            guess = (low + high) // 2
        else:  # few looks: where a line has it, then aside of it, so that the other end comes near too
            guess = min(max(_between(low, high, at(low), at(high), target) + aside, low + 1), high - 1)
        low, high = (low, guess) if is_low(guess) else (guess, high)
        aside = (-1 if guess == high else 1) * max(1, 2 * abs(aside))
    if high - low <= 1:
        near = _NEIGHBOURS if high < _LONG else 1
        for total in range(max(steps, low - near), min(high + near, longest) + 1):
            at(total)
    return min(levels, key=lambda total: (distance(total), total))


def _between(low: int, high: int, level_at_low: float, level_at_high: float, target: float) -> int:
    """Where a straight line has the target, in logarithms of length and noise; between the two ends."""
    if not (math.isfinite(level_at_low) and 0 < level_at_high < target < level_at_low):
        return (low + high) // 2
    share = math.log(level_at_low / target) / math.log(level_at_low / level_at_high)
    return round(low * (high / low) ** share)


def _longest(steps: int) -> int:
    return max(_MOST_STEPS, 2 * steps)


def _part_that_runs(sigmas: list[float], steps: int, denoise: float = 0.0) -> list[float]:
    return sigmas if denoise > _FULL else sigmas[-(steps + 1) :]


def _check_length(steps: int, total: int, denoise: float) -> None:
    longest = _longest(steps)
    if total > longest:
        raise ValueError(
            f"strength is {show_number(denoise)}: ComfyUI would compute a schedule of {total} steps for it. It must be "
            f"0, or at least {steps / longest:.2g} with {_count(steps)}."
        )


def _equivalent(steps: int, level: float, preferred: float | None = None) -> float:
    if not level > 0:
        return 0.0
    if level == math.inf:
        return 1.0
    highest = len(sd15_noise().table) - 1
    timestep = sd15_timestep(level)
    if steps == 1:
        share = max(timestep, 1) / highest
        if preferred is not None and abs(share - preferred) < _ROUNDED:
            return preferred
        return round(share, 3 if share < 0.1 else 2)
    guess = int(1 + highest * (steps - 1) / max(timestep, _LOWEST_TIMESTEP))
    totals = range(max(steps, guess - 1), max(steps, guess) + 3)
    nearest = min(totals, key=lambda total: abs(math.log(reference_level(steps, total) / level)))
    return denoise_for(steps, nearest, preferred)


def _as_timestep(level: float) -> int:
    return sd15_noise().timestep_of(level)


def _describe_measured(reached: float, equivalent: float) -> str:
    return (
        f"starts at the noise of SD 1.5's timestep {_as_timestep(reached)} of 1000: as strong as "
        f"{_short(equivalent)} with normal on SD 1.5 ({effect_of(equivalent)})."
    )


def _describe_chosen(
    steps: int, total: int, denoise: float, wanted: float, target: float, reached: float, equivalent: float
) -> str:
    start, aim = _as_timestep(reached), _as_timestep(target)
    if wanted > _FULL:
        return f"runs all of the schedule, from the noise of SD 1.5's timestep {start} of 1000."
    closer = "no denoise comes closer" if total < _LONG else "hardly a denoise comes closer"
    aimed = "exactly there" if start == aim else f"it should be {aim}, and {closer}"
    is_other = effect_of(equivalent) != effect_of(wanted)
    meant = f" ({effect_of(equivalent)}), not {show_number(wanted)} ({effect_of(wanted)})" if is_other else ""
    text = (
        f"is as strong as {_short(equivalent)} with normal on SD 1.5{meant}: it starts at the noise of SD 1.5's "
        f"timestep {start} of 1000, {aimed}."
    )
    if denoise == 1:
        text += " That is all of the schedule."
    if is_other or not abs(math.log(reached / target)) < _FAR:
        number = "2 steps or more," if steps == 1 else "fewer steps" if steps > _MANY else "more steps"
        text += f" That is far off: use {number} or another scheduler."
    return text


def _short(equivalent: float) -> str:
    return show_number(float(f"{equivalent:.3g}"))


def _count(steps: int) -> str:
    return f"{steps} step{'' if steps == 1 else 's'}"
