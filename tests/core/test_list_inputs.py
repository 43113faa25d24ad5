"""Settings that come as lists."""

import pytest
from switchyard_pack.core.list_inputs import first_of


def test_the_first_of_a_list_counts():
    assert first_of([0.5], "threshold") == 0.5
    assert first_of([None, 1], "threshold") is None
    assert first_of(("",), "label") == ""


def test_an_empty_list_is_named():
    with pytest.raises(ValueError, match="threshold is an empty list: what is plugged in has given nothing"):
        first_of([], "threshold")
