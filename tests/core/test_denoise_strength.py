"""Denoise Strength: held against a search of every length of schedule, and against KSampler's own arithmetic."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from switchyard_pack.core.denoise_strength import (
    CHOICES,
    EFFECTS,
    MEASURE,
    OWN_STRENGTH,
    choose_denoise,
    denoise_for,
    effect_of,
    find_total,
    reference_level,
    target_level,
    total_steps,
)
from switchyard_pack.core.noise_schedule import NoiseScale, sd15_noise, sd15_sigma, sd15_timestep

SD15 = sd15_noise()
HIGH, LOW = SD15.table[-1], SD15.table[0]


def ramp(steps):
    return [index / max(steps - 1, 1) for index in range(steps)]


def normal(steps):
    return [*(sd15_sigma(999 * (1 - part)) for part in ramp(steps)), 0.0]


def karras(steps):
    return [*((HIGH ** (1 / 7) + part * (LOW ** (1 / 7) - HIGH ** (1 / 7))) ** 7 for part in ramp(steps)), 0.0]


def exponential(steps):
    return [*(math.exp((1 - part) * math.log(HIGH) + part * math.log(LOW)) for part in ramp(steps)), 0.0]


def in_steps_of_timesteps(steps):
    """Whole timesteps apart, and mostly more steps than asked for: as ComfyUI's ddim_uniform."""
    rising = [0.0, *SD15.table[1 :: max(1000 // steps, 1)]]
    return rising[::-1]


def uniform(steps):
    """Whole steps apart, and the last one above the lowest noise: as ComfyUI's sgm_uniform."""
    return [*(sd15_sigma(999 * (1 - index / steps)) for index in range(steps)), 0.0]


def at_most_1000_steps(steps):
    """As ComfyUI's beta, which takes no timestep twice."""
    return normal(min(steps, 1000))


def by_hand(sigma, steps=3):
    return [*[sigma] * steps, 0.0]


SCHEDULES = {"normal": normal, "karras": karras, "exponential": exponential, "ddim_uniform": in_steps_of_timesteps}


def choose(schedule=karras, steps=15, effect="add detail", noise=SD15, **options):
    return choose_denoise(schedule, noise, "karras", steps, effect, **options)


def ksampler(steps, denoise):
    """What comfy/samplers.py makes of it: the length of the whole schedule."""
    return steps if denoise > 0.9999 else int(steps / denoise)


@pytest.mark.parametrize("steps", [2, 3, 4, 10, 15, 20, 30, 40, 100])
@pytest.mark.parametrize("effect", EFFECTS)
def test_with_normal_on_sd15_a_row_is_its_own_middle(steps, effect):
    found = choose(normal, steps, effect)
    assert ksampler(steps, found.denoise) == ksampler(steps, EFFECTS[effect])
    assert found.denoise == (1.0 if found.total == steps else EFFECTS[effect])
    assert found.effect == effect


@pytest.mark.parametrize("steps", [1, 4, 15])
@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("name", SCHEDULES)
def test_no_length_of_schedule_comes_closer(name, effect, steps):
    schedule = SCHEDULES[name]
    target = target_level(steps, EFFECTS[effect])

    def distance(total):
        start = schedule(total)[-(steps + 1) :][0]
        return abs(math.log(start / target)) if steps > 1 else abs(sd15_timestep(start) - sd15_timestep(target))

    found = choose(schedule, steps, effect)
    assert distance(found.total) == pytest.approx(min(distance(total) for total in range(steps, 12 * steps)), abs=1e-9)
    assert ksampler(steps, found.denoise) == found.total
    assert 0 < found.denoise <= 1


def test_the_chapters_second_pass_is_weaker_than_its_table_says():
    found = choose(karras, 15, MEASURE, strength=0.45)
    assert (found.denoise, found.equivalent, found.effect, found.timestep) == (0.45, 0.33, "sharpen", 315)
    assert found.report == (
        "Denoise 0.45 with karras at 15 steps starts at the noise of SD 1.5's timestep 315 of 1000: as strong as 0.33 "
        "with normal on SD 1.5 (sharpen)."
    )
    assert choose(exponential, 15, MEASURE, strength=0.45).timestep == 144
    assert choose(normal, 15, MEASURE, strength=0.45).timestep == 437
    assert [choose(schedule, 15, MEASURE, strength=0.25).timestep for schedule in (normal, karras, exponential)] == [
        *(237, 50, 17)
    ]


def test_karras_needs_a_higher_denoise_for_the_same_effect():
    found = choose(karras, 15)
    assert (found.denoise, found.effect, found.total) == (0.51, "add detail", 29)
    assert found.report == (
        "Denoise 0.51 with karras at 15 steps is as strong as 0.43 with normal on SD 1.5: it starts at the noise of SD "
        "1.5's timestep 427 of 1000, it should be 437, and no denoise comes closer."
    )


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("strength", [0.1, 0.3, 0.45, 0.7, 0.9])
def test_measuring_what_was_chosen_gives_the_wanted_strength_back(name, strength):
    chosen = choose(SCHEDULES[name], 30, OWN_STRENGTH, strength=strength)
    measured = choose(SCHEDULES[name], 30, MEASURE, strength=chosen.denoise)
    assert measured.total == chosen.total
    assert measured.timestep == chosen.timestep
    assert measured.equivalent == pytest.approx(strength, abs=0.04)


def test_own_strength_is_the_row_that_has_it_as_its_middle():
    assert choose(effect=OWN_STRENGTH, strength=0.65)[:4] == choose(effect="rework")[:4]


@pytest.mark.parametrize("effect", [OWN_STRENGTH, MEASURE])
def test_strength_0_changes_nothing(effect):
    found = choose(effect=effect, strength=0)
    assert found == (0.0, 0.0, "no change", 0, None, "Denoise 0.0 hands the picture back as it is.")


@pytest.mark.parametrize("effect", [OWN_STRENGTH, MEASURE])
@pytest.mark.parametrize("strength", [1, 1.0, 0.99995])
def test_more_than_0_9999_is_all_of_the_schedule_as_for_ksampler(effect, strength):
    found = choose(effect=effect, strength=strength)
    assert (found.total, found.equivalent, found.effect, found.timestep) == (15, 1.0, "redraw", 999)
    assert found.denoise == (strength if effect == MEASURE else 1.0)


def test_where_all_of_the_schedule_is_closest_it_says_so():
    found = choose(lambda steps: by_hand(9.5, steps) if steps == 15 else karras(steps + 9), 15, "redraw")
    assert (found.denoise, found.total) == (1.0, 15)
    assert found.report.endswith("it should be 932, and no denoise comes closer. That is all of the schedule.")


def test_of_a_schedule_that_is_longer_than_asked_for_the_wanted_part_is_taken():
    """With 15 steps it has 16: KSampler runs all of it at 1.0, and the last 15 of it at 0.95."""
    found = choose(in_steps_of_timesteps, 15, "redraw")
    assert (found.denoise, found.total, found.timestep) == (0.95, 15, 925)
    full = choose(in_steps_of_timesteps, 15, OWN_STRENGTH, strength=1.0)
    assert (full.denoise, full.total, full.timestep) == (1.0, 15, 991)
    for strength, timestep in ((1.0, 991), (0.95, 925)):
        assert choose(in_steps_of_timesteps, 15, MEASURE, strength=strength).timestep == timestep


def test_a_strength_of_next_to_nothing_is_found_or_named():
    found = choose(effect=OWN_STRENGTH, strength=1e-9)
    assert 0 < found.denoise < 0.31
    assert found.total < 20001
    with pytest.raises(ValueError, match="strength is 1e-09: ComfyUI would compute a schedule of 15000000000 steps"):
        choose(effect=MEASURE, strength=1e-9)
    with pytest.raises(ValueError, match=r"It must be 0, or at least 0\.00075 with 15 steps"):
        choose(effect=MEASURE, strength=5e-324)


def test_one_step_says_the_strength_that_it_really_has():
    found = choose(normal, 1)
    assert (found.total, found.timestep, found.effect, found.equivalent) == (2, 0, "hardly any change", 0.001)
    assert found.report == (
        f"Denoise {found.denoise} with karras at 1 step is as strong as 0.001 with normal on SD 1.5 (hardly any "
        "change), not 0.45 (add detail): it starts at the noise of SD 1.5's timestep 0 of 1000, it should be 450, and "
        "no denoise comes closer. That is far off: use 2 steps or more, or another scheduler."
    )
    assert choose(normal, 1, "redraw").total == 1
    assert choose(normal, 1, MEASURE, strength=0.45).effect == "hardly any change"


def test_one_step_of_a_scheduler_that_can_is_as_strong_as_wanted():
    found = choose(uniform, 1, "sharpen")
    assert (found.total, found.timestep, found.effect, found.equivalent) == (4, 250, "sharpen", 0.25)
    assert "far off" not in found.report


def test_what_is_far_off_is_not_called_as_strong_as_wanted():
    found = choose(at_most_1000_steps, 10_000, "sharpen")
    assert (found.denoise, found.effect) == (1.0, "redraw")
    assert "is as strong as 1.0 with normal on SD 1.5 (redraw), not 0.25 (sharpen)" in found.report
    assert found.report.endswith("That is far off: use fewer steps or another scheduler.")


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.integers(1, 10000), st.integers(0, 30000))
def test_the_denoise_handed_out_makes_exactly_the_wanted_length(steps, more):
    total = steps + more
    denoise = denoise_for(steps, total)
    assert 0 < denoise <= 1
    if more == 0 or steps / (total + 0.5) <= 0.9999:
        assert ksampler(steps, denoise) == total


def test_the_denoise_handed_out_is_round():
    assert [denoise_for(15, total) for total in (15, 16, 23, 33, 45, 60)] == [1.0, 0.9, 0.65, 0.45, 0.33, 0.25]
    assert denoise_for(15, 33, 0.4525) == 0.4525
    assert denoise_for(15, 33, 0.46) == 0.45


@pytest.mark.parametrize(
    ("equivalent", "effect"),
    [
        *((0.0, "no change"), (0.01, "hardly any change"), (0.15, "hardly any change")),
        *((0.2, "sharpen"), (0.3, "sharpen"), (0.4, "add detail"), (0.5, "add detail")),
        *((0.6, "rework"), (0.7, "rework"), (0.8, "redraw"), (1.0, "redraw")),
    ],
)
def test_every_number_of_the_guide_falls_into_its_row(equivalent, effect):
    assert effect_of(equivalent) == effect


def test_a_flow_model_starts_at_the_same_share_of_noise():
    flow = NoiseScale([(place + 1) / 1000 for place in range(1000)], is_flow=True)

    def simple(steps):
        return [*(1 - index / steps for index in range(steps)), 0.0]

    for effect, middle in EFFECTS.items():
        found = choose(simple, 30, effect, flow)
        target = reference_level(30, total_steps(30, middle))
        sigma = simple(found.total)[found.total - 30]
        assert sigma / (1 - sigma) == pytest.approx(target, rel=0.15)
        assert found.effect == effect
    full = choose(simple, 30, OWN_STRENGTH, flow, strength=1.0)
    assert (full.denoise, full.timestep, full.equivalent) == (1.0, 999, 1.0)


def test_lengths_whose_levels_are_no_numbers_are_passed_over():
    found = choose(lambda steps: [math.nan, 0.0] if steps == 1 else karras(steps), 1)
    assert found.total > 1
    with pytest.raises(ValueError, match="no numbers for a schedule of 1 step"):
        choose(lambda steps: [math.nan, 0.0], 1, MEASURE, strength=1.0)


def test_a_schedule_that_never_gets_low_enough_ends_the_search():
    assert find_total(lambda total: 5.0, 15, 1.0) == 15
    found = choose(lambda total: by_hand(5.0), 15)
    assert found.denoise == 1.0
    assert found.report.endswith("That is all of the schedule. That is far off: use more steps or another scheduler.")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps is 0; it must be a whole number from 1 to 10000"),
        ({"steps": math.nan}, "steps is NaN"),
        ({"steps": None}, "steps is None"),
        (
            {"effect": "0.45"},
            'There is no effect "0.45". Use one of: sharpen, add detail, rework, redraw, own strength',
        ),
        ({"effect": MEASURE, "strength": math.nan}, "strength is NaN; it must be a number from 0 to 1"),
        ({"effect": OWN_STRENGTH, "strength": 1.01}, "strength is 1.01"),
        ({"effect": OWN_STRENGTH, "strength": "0.4"}, 'strength is "0.4"'),
    ],
)
def test_a_wrong_setting_is_named(settings, message):
    with pytest.raises(ValueError, match=message):
        choose(**settings)


def test_a_strength_that_a_row_does_not_read_does_not_matter():
    assert choose(strength=math.nan) == choose()
    assert tuple(EFFECTS) == CHOICES[:4]


@pytest.mark.parametrize("schedule", [normal, uniform, karras, at_most_1000_steps], ids=lambda one: one.__name__)
@pytest.mark.parametrize(("steps", "strength"), [(1, 1e-4), (1, 0.25), (15, 0.001), (700, 0.25), (5_000, 0.45)])
def test_a_search_over_long_schedules_is_bounded(schedule, steps, strength):
    asked = []
    quick = lambda total: asked.append(total) or schedule(total)[-(steps + 2) :]  # noqa: E731
    found = choose(quick, steps, OWN_STRENGTH, strength=strength)
    assert sum(asked) <= 120_000
    assert len(set(asked)) == len(asked)
    target = target_level(steps, strength)
    reached = schedule(found.total)[-(steps + 1) :][0]
    assert "far off" in found.report or abs(math.log(reached / target)) < 0.05 or found.total < 300


def test_one_step_in_single_precision_is_found_without_a_search():
    asked = []
    single = lambda steps: [struct.unpack("f", struct.pack("f", sigma))[0] for sigma in normal(steps)]  # noqa: E731
    choose(lambda steps: asked.append(steps) or single(steps), steps=1, effect="sharpen")
    assert max(asked) <= 64
