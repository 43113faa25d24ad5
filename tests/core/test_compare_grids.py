"""Compare and the numbers of numpy and torch: short floats are the decimals they stand for, short grids are lists."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from switchyard_pack.core.compare import compare


@pytest.mark.parametrize("wrap", [np.float16, np.float32, torch.tensor, lambda v: torch.tensor([v]).bfloat16()])
def test_a_number_of_single_precision_is_the_decimal_that_it_stands_for(wrap):
    assert compare(wrap(0.8), "equal", 0.8) is True
    assert compare("0.8", "equal", wrap(0.8)) is True
    assert compare(wrap(0.8), "less_or_equal", 0.8) is True
    assert compare(wrap(0.8), "between", "0.5..0.8") is True
    assert compare(wrap(0.7), "greater_or_equal", 0.7) is True
    assert compare(wrap(0.7), "is_one_of", "0.6, 0.7") is True


@pytest.mark.parametrize("make", [np.array, torch.tensor], ids=["array", "tensor"])
def test_a_grid_of_one_dimension_is_looked_into_as_a_list(make):
    for values in ([0.2, 0.8], [0.8]):
        assert compare(make(values), "contains", 0.8) is True
        assert compare(make(values), "not_contains", 0.8) is False
        assert compare(make(values), "contains", 0.3) is False
        assert compare(0.8, "is_one_of", make(values)) is True
        assert compare(0.3, "is_one_of", make(values)) is False
        assert compare(values, "approximately_equal", make(values)) is True
    assert compare(0.8, "between", make([0.2, 0.8])) is True
    assert compare(make([]), "contains", 1) is False
