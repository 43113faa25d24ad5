"""Compare, checked by hand: what each comparison of two values must answer, or that it must be an error.

The expected answers come from the issue and from plain Python, never from running the pack.
"""

from __future__ import annotations

from typing import Any

import pytest
from switchyard_pack.core.compare import COMPARISONS, CompareError, compare, describe

from .compare_rows_equality import ROWS as EQUALITY
from .compare_rows_order_and_text import ROWS as ORDER_AND_TEXT
from .odd_values import Error

TABLE: list[tuple[Any, str, Any, bool | Error]] = [*EQUALITY, *ORDER_AND_TEXT]


def _said(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 30 and text.isascii() and " at 0x" not in text else type(value).__name__


def _row_id(row: tuple[Any, str, Any, bool | Error]) -> str:
    return f"{_said(row[0])} {row[1]} {_said(row[2])}"


@pytest.mark.parametrize(("a", "comparison", "b", "expected"), TABLE, ids=map(_row_id, TABLE))
def test_the_answer_is_the_one_worked_out_by_hand(a, comparison, b, expected):
    if isinstance(expected, Error):
        with pytest.raises(CompareError) as caught:
            compare(a, comparison, b)
        message = str(caught.value)
        assert all(message.count(kind) >= expected.kinds.count(kind) for kind in expected.kinds), message
    else:
        result = compare(a, comparison, b)
        assert result is expected
        assert describe(a, comparison, b, result).endswith(f" is {str(expected).lower()}")


def test_the_table_has_at_least_240_rows_and_some_for_each_comparison():
    assert len(TABLE) >= 240
    assert {row[1] for row in TABLE} == set(COMPARISONS)
    assert all(type(row[3]) in (bool, Error) for row in TABLE)
