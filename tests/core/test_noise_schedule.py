"""Noise levels: SD 1.5's table, what timesteps stand for in tables of any length, and ratios between model families."""

from __future__ import annotations

import math

import numpy as np
import pytest
from switchyard_pack.core.noise_schedule import (
    NoiseScale,
    check_schedule,
    sd15_noise,
    sd15_sigma,
    sd15_timestep,
)

SD15 = sd15_noise()


def test_the_table_of_sd15_is_that_of_its_paper():
    betas = np.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=np.float64) ** 2
    kept = np.cumprod(1 - betas)
    assert SD15.table == pytest.approx(np.sqrt((1 - kept) / kept).tolist(), rel=1e-12)
    assert SD15.table[0] == pytest.approx(0.0292, abs=1e-4)
    assert SD15.table[-1] == pytest.approx(14.6146, abs=1e-4)


def test_the_last_200_timesteps_are_those_up_to_199_in_tables_of_any_length():
    assert SD15.sigma_of_last(200) == SD15.table[199]
    assert SD15.sigma_of_last(1000) == SD15.table[999]
    assert SD15.sigma_of_last(1) == SD15.table[0]
    assert SD15.sigma_of_last(0) == 0
    flux = NoiseScale([(place + 1) / 10000 for place in range(10000)], is_flow=True)
    assert flux.sigma_of_last(200) == pytest.approx(0.2)
    distilled = NoiseScale([SD15.table[20 * place + 19] for place in range(50)])
    assert distilled.sigma_of_last(200) == SD15.table[199]
    assert distilled.sigma_of_last(210) == pytest.approx(math.sqrt(SD15.table[199] * SD15.table[219]))
    assert 0 < distilled.sigma_of_last(10) < distilled.table[0]


@pytest.mark.parametrize("timestep", [0, 1, 199, 200, 437, 998, 999])
def test_a_timestep_is_found_again_by_its_sigma(timestep):
    assert SD15.timestep_of(SD15.table[timestep]) == timestep
    assert SD15.timestep_of(SD15.table[timestep] * 1.0001) == timestep
    assert sd15_sigma(timestep) == pytest.approx(SD15.table[timestep])
    assert sd15_timestep(sd15_sigma(timestep)) == pytest.approx(timestep, abs=1e-6)


def test_timesteps_between_two_whole_ones_follow_the_logarithm():
    assert sd15_sigma(400.5) == pytest.approx(math.sqrt(SD15.table[400] * SD15.table[401]))
    assert sd15_timestep(sd15_sigma(400.25)) == pytest.approx(400.25)


@pytest.mark.parametrize(("sigma", "timestep"), [(0.0001, 0), (0.0, 0), (1e6, 999), (math.inf, 999)])
def test_what_is_outside_the_table_is_its_end(sigma, timestep):
    assert SD15.timestep_of(sigma) == timestep
    assert sd15_timestep(sigma) == timestep


def test_noise_compares_between_families_by_its_ratio_to_the_picture():
    flow = NoiseScale([0.001, 0.5, 1.0], is_flow=True)
    assert flow.noise_ratio(0.5) == 1
    for sigma in (0.03, 0.5, 1.7, 14.6):
        assert flow.noise_ratio(sigma / (1 + sigma)) == pytest.approx(SD15.noise_ratio(sigma)) == pytest.approx(sigma)
    assert flow.noise_ratio(1.0) == math.inf
    assert NoiseScale([0.002, 80.0], data_std=0.5).noise_ratio(1.0) == 2


@pytest.mark.parametrize(
    "table", [[], [0.0, 1.0], [2.0, 1.0], [0.1, math.nan], [0.1, math.inf], [-1.0, 1.0], [0.0] * 1000]
)
def test_a_table_that_nothing_can_be_read_from_is_refused(table):
    with pytest.raises(ValueError, match="not a rising list"):
        NoiseScale(table)


def test_a_schedule_without_steps_or_numbers_is_refused():
    for sigmas in ([], [0.0]):
        with pytest.raises(ValueError, match="beta makes no step of 3"):
            check_schedule(sigmas, "beta", 3)
    with pytest.raises(ValueError, match="kl_optimal gives noise levels that are no numbers for a schedule of 1 step"):
        check_schedule([math.nan, 0.0], "kl_optimal", 1)
    check_schedule([14.6, 0.0], "karras", 1)
