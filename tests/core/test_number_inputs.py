"""Numbers from widgets and links: whole ones and fractions, or an error that names what came."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from switchyard_pack.core.number_inputs import read_fraction, read_whole_number

NO_NUMBERS = [None, True, "25", "", [25], {}, object(), math.nan, math.inf, -math.inf, 1j, torch.zeros(2), 10**400]


@pytest.mark.parametrize("value", [25, 25.0, np.int64(25), np.float32(25), torch.tensor(25), torch.tensor([25.0])])
def test_a_whole_number_is_taken_as_what_it_is(value):
    number = read_whole_number(value, "steps", 1, 100)
    assert (number, type(number)) == (25, int)


@pytest.mark.parametrize("value", [*NO_NUMBERS, 0, -1, 101, 25.5, np.float32("nan")])
def test_all_else_is_named_with_what_is_allowed(value):
    with pytest.raises(ValueError, match=r"^steps is .+; it must be a whole number from 1 to 100\.$"):
        read_whole_number(value, "steps", 1, 100)


@pytest.mark.parametrize("value", [0.45, np.float32(0.45), np.float64(0.45), torch.tensor(0.45), torch.tensor([0.45])])
def test_a_fraction_of_single_precision_is_what_was_meant(value):
    assert read_fraction(value, "strength") == 0.45


def test_the_ends_are_fractions():
    assert [read_fraction(end, "strength") for end in (0, 1, 0.0, 1.0)] == [0, 1, 0, 1]


@pytest.mark.parametrize("value", [*NO_NUMBERS, -0.01, 1.01, 2])
def test_what_is_no_fraction_is_named(value):
    with pytest.raises(ValueError, match=r"^strength is .+; it must be a number from 0 to 1"):
        read_fraction(value, "strength")
