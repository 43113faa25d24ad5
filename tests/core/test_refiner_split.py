"""Refiner Split: the step at which the refiner takes over, on schedules that can be worked out by hand."""

from __future__ import annotations

import math

import pytest
from switchyard_pack.core.noise_schedule import NoiseScale, sd15_noise
from switchyard_pack.core.refiner_split import OWN_SHARE, SHARES, SPLITS, split_steps

SD15 = sd15_noise()
HIGH, LOW = SD15.table[-1], SD15.table[0]


def karras(steps):
    ramp = [index / max(steps - 1, 1) for index in range(steps)]
    return [*((HIGH ** (1 / 7) + part * (LOW ** (1 / 7) - HIGH ** (1 / 7))) ** 7 for part in ramp), 0.0]


def exponential(steps):
    ramp = [index / max(steps - 1, 1) for index in range(steps)]
    return [*(math.exp((1 - part) * math.log(HIGH) + part * math.log(LOW)) for part in ramp), 0.0]


def uniform(steps):
    """Evenly over the timesteps, as ComfyUI's `simple`."""
    return [*(SD15.table[-(1 + index * 1000 // steps)] for index in range(steps)), 0.0]


def split(sigmas, steps=None, **settings):
    return split_steps(sigmas, SD15, "karras", len(sigmas) - 1 if steps is None else steps, **settings)


@pytest.mark.parametrize(
    ("schedule", "steps", "step"),
    [(karras, 25, 16), (karras, 30, 19), (karras, 40, 25), (exponential, 25, 13), (uniform, 25, 20), (uniform, 40, 32)],
)
def test_by_noise_level_the_refiner_gets_what_it_was_trained_on(schedule, steps, step):
    sigmas = schedule(steps)
    found = split(sigmas)
    assert found.step == step
    assert found.sigma == sigmas[step] <= SD15.table[199] * 1.00001
    assert sigmas[step - 1] > SD15.table[199]
    assert found.timestep < 200


def test_a_step_that_starts_exactly_at_the_boundary_is_the_refiners():
    found = split([14.0, 1.0, SD15.table[199], 0.1, 0.0])
    assert (found.step, found.timestep) == (2, 199)
    single = SD15.table[199] * (1 + 3e-7)  # what single precision makes of it
    assert split([14.0, 1.0, single, 0.1, 0.0]).step == 2


@pytest.mark.parametrize(
    ("steps", "name", "step"),
    [
        *((25, "base 60 %", 15), (25, "base 80 %", 20), (25, "base 90 %", 23), (25, "base 70 %", 18)),
        *((30, "base 60 %", 18), (30, "base 70 %", 21), (30, "base 80 %", 24), (30, "base 90 %", 27)),
        *((40, "base 60 %", 24), (40, "base 70 %", 28), (40, "base 80 %", 32), (40, "base 90 %", 36)),
        *((4, "base 90 %", 3), (2, "base 90 %", 1), (2, "base 60 %", 1), (1, "base 80 %", 1)),
    ],
)
def test_a_share_rounds_halves_up_and_leaves_both_models_a_step(steps, name, step):
    assert split(karras(steps), split=name).step == step


@pytest.mark.parametrize(
    ("share", "step"), [(0.0, 0), (0.001, 1), (0.5, 13), (0.58, 15), (0.8, 20), (0.999, 24), (1.0, 25), (1, 25)]
)
def test_an_own_share_is_anything_from_nothing_to_all(share, step):
    assert split(karras(25), split=OWN_SHARE, base_share=share).step == step


def test_the_chapters_split_is_named_with_the_step_that_noise_would_give():
    found = split(karras(25), split="base 80 %")
    assert found.report == (
        "The refiner takes over at step 20 of 25 (base 80 %), at timestep 18 of 1000 (sigma 0.13). By noise level "
        "(timestep 200) it would be step 16."
    )
    assert split(uniform(25), split="base 80 %").report.endswith("(sigma 0.569).")


def test_timestep_1000_gives_the_refiner_everything_and_says_what_to_do():
    found = split(karras(25), timestep=1000)
    assert (found.step, found.timestep) == (0, 999)
    assert "switch add_noise on in the refiner's sampler" in found.report


def test_timestep_0_gives_it_nothing():
    found = split(karras(25), timestep=0)
    assert (found.step, found.sigma, found.timestep) == (25, 0.0, None)
    assert found.report == "The base model does all 25 steps; the refiner has nothing to do and hands the latent on."


def test_where_no_step_is_low_enough_the_report_says_what_to_do():
    found = split([14.0, 1.0, 0.0])
    assert found.step == 2
    assert found.report.endswith("No step starts below timestep 200: use more steps, or a split by share.")
    assert split(karras(1)).step == 1


def test_a_schedule_of_another_length_than_asked_for_is_told():
    longer = [*karras(25)[:-1], 0.01, 0.0]
    assert split(longer, 25).report.endswith("karras makes 26 steps of 25.")
    assert split(longer, 25, split="base 80 %").step == 20
    assert split(karras(10), 25, split="base 80 %").step == 9
    assert split(karras(10), 25, timestep=0).step == 10


def test_a_flow_model_is_split_on_its_own_scale():
    flow = NoiseScale([(place + 1) / 1000 for place in range(1000)], is_flow=True)
    sigmas = [1 - index / 25 for index in range(25)] + [0.0]
    found = split_steps(sigmas, flow, "simple", 25)
    assert (found.step, found.timestep) == (20, 199)


@pytest.mark.parametrize("split_by", SPLITS)
def test_inputs_are_left_alone(split_by):
    sigmas = karras(25)
    kept = list(sigmas)
    split(sigmas, split=split_by)
    assert sigmas == kept


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, r"steps is 0; it must be a whole number from 1 to 10000"),
        ({"steps": math.nan}, "steps is NaN"),
        ({"steps": "many"}, 'steps is "many"'),
        ({"timestep": -1}, "timestep is -1; it must be a whole number from 0 to 1000"),
        ({"timestep": 1001}, "timestep is 1001"),
        ({"timestep": None}, "timestep is None"),
        ({"split": OWN_SHARE, "base_share": math.nan}, "base_share is NaN; it must be a number from 0 to 1"),
        ({"split": OWN_SHARE, "base_share": 1.5}, "base_share is 1.5"),
        ({"split": "80/20"}, 'There is no split "80/20". Use one of: noise level, base 60 %'),
        ({"split": None}, "There is no split None"),
    ],
)
def test_a_wrong_setting_is_named(settings, message):
    with pytest.raises(ValueError, match=message):
        split_steps(karras(25), SD15, "karras", **{"steps": 25, **settings})


def test_settings_that_a_split_does_not_read_do_not_matter():
    assert split(karras(25), base_share=math.nan).step == 16
    assert split(karras(25), split="base 80 %", timestep=-5, base_share=None).step == 20
    assert list(SHARES.values()) == [0.6, 0.7, 0.8, 0.9]
