"""Numbers as a widget or a link brings them: taken as they are meant, or refused with what is allowed."""

from __future__ import annotations

from typing import Any

from .values import show, unwrap


def read_whole_number(value: Any, name: str, low: int, high: int) -> int:
    """Takes a whole number within limits; 25.0 and the numbers of numpy and torch are whole numbers too.

    Raises:
        ValueError: it is something else, NaN, not whole, or outside the limits.
    """
    number = unwrap(value)
    is_whole = isinstance(number, int) or (isinstance(number, float) and number.is_integer())
    if isinstance(number, bool) or not is_whole or not low <= number <= high:
        raise ValueError(f"{name} is {show(value)}; it must be a whole number from {low} to {high}.")
    return int(number)


def read_fraction(value: Any, name: str) -> float:
    """Takes a number of 0..1, those of numpy and torch too.

    Raises:
        ValueError: it is something else, NaN, or outside 0..1.
    """
    number = unwrap(value)
    is_number = isinstance(number, (int, float)) and not isinstance(number, bool)
    if not is_number or not 0 <= number <= 1:  # NaN is not either
        raise ValueError(f"{name} is {show(value)}; it must be a number from 0 to 1, such as 0.45.")
    return float(number)
