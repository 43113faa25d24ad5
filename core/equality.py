"""Equality of any two values: exact for numbers and text, within a tolerance for pictures, masks and latents."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from numbers import Number
from typing import Any, TypeGuard

from .literals import read_literal
from .values import as_list, is_array, is_grid, is_nan, unwrap

_CHUNK = 4_000_000  # elements compared at a time, which bounds the memory for a long batch


@dataclass(frozen=True)
class Tolerance:
    """Two numbers are close when |x - y| <= max(relative * max(|x|, |y|), absolute), as in math.isclose."""

    relative: float = 1e-5
    absolute: float = 1e-6


def equal(a: Any, b: Any, tolerance: Tolerance, *, close_numbers: bool = False) -> bool:
    """Answers whether a and b are the same value.

    Numbers are compared exactly, or within the tolerance if close_numbers is true. Tensors and arrays need the same
    shape and every element within the tolerance; integer ones are compared exactly. Lists, tuples and dicts are
    compared item by item, and so is a list with a tensor or array of one dimension. Text equals a number, boolean or
    None if it reads as one. NaN equals nothing, not even inside a list.

    Raises:
        Exception: whatever an object's own comparison raises.
    """
    if is_grid(a) and is_grid(b) and min(a.ndim, b.ndim) > 1:  # pictures of one pixel are pictures all the same
        return _equal_grids(a, b, tolerance, close_numbers)
    if _may_be_that_list(a, b):
        a = as_list(a)
    elif _may_be_that_list(b, a):
        b = as_list(b)
    a, b = unwrap(a), unwrap(b)
    if is_grid(a) or is_grid(b):
        return is_grid(a) and is_grid(b) and _equal_grids(a, b, tolerance, close_numbers)
    if isinstance(a, str) or isinstance(b, str):
        return _equal_text(a, b, tolerance, close_numbers)
    if a is None or b is None:
        return a is b
    if isinstance(a, Number) and isinstance(b, Number):
        return _close(a, b, tolerance) if close_numbers else bool(a == b)
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        same_keys = a.keys() == b.keys() and not any(is_nan(key) for key in a)
        return same_keys and all(equal(a[key], b[key], tolerance, close_numbers=close_numbers) for key in a)
    if is_list(a) and is_list(b):
        pairs = zip(a, b, strict=False)
        return len(a) == len(b) and all(equal(x, y, tolerance, close_numbers=close_numbers) for x, y in pairs)
    if isinstance(a, Set) and isinstance(b, Set):
        return bool(a == b) and not any(is_nan(item) for item in a)
    return a is b or bool(a == b)


def _may_be_that_list(grid: Any, values: Any) -> bool:
    return is_grid(grid) and grid.ndim == 1 and is_list(values) and len(grid) == len(values)


def is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray))


def _equal_text(a: Any, b: Any, tolerance: Tolerance, close_numbers: bool) -> bool:
    if isinstance(a, str) and isinstance(b, str) and not close_numbers:
        return a == b
    a, b = (read_literal(value) if isinstance(value, str) else value for value in (a, b))
    if isinstance(a, str) or isinstance(b, str):
        return isinstance(a, str) and isinstance(b, str) and a == b
    return equal(a, b, tolerance, close_numbers=close_numbers)


def _close(a: Any, b: Any, tolerance: Tolerance) -> bool:
    if isinstance(a, complex) or isinstance(b, complex):
        return bool(a == b) or abs(a - b) <= max(tolerance.relative * max(abs(a), abs(b)), tolerance.absolute)
    try:
        return math.isclose(a, b, rel_tol=tolerance.relative, abs_tol=tolerance.absolute)
    except OverflowError:  # an integer too large for a float
        return not any(isinstance(v, float) and not math.isfinite(v) for v in (a, b)) and _close_huge(a, b, tolerance)


def _close_huge(a: Any, b: Any, tolerance: Tolerance) -> bool:
    from fractions import Fraction

    a, b = Fraction(a), Fraction(b)
    return abs(a - b) <= max(Fraction(tolerance.relative) * max(abs(a), abs(b)), Fraction(tolerance.absolute))


def _equal_grids(a: Any, b: Any, tolerance: Tolerance, close_numbers: bool) -> bool:
    if tuple(a.shape) != tuple(b.shape):
        return False
    x, y = _as_tensor(a), _as_tensor(b)
    if x is None or y is None:  # text, objects and 64-bit unsigned numbers, which torch can't compare
        return equal(a.tolist(), b.tolist(), tolerance, close_numbers=close_numbers)
    if x.ndim == 0:
        x, y = x.reshape(1), y.reshape(1)
    rows = max(1, _CHUNK * len(x) // max(1, x.numel()))
    return all(_equal_tensors(p, q.to(p.device), tolerance) for p, q in zip(x.split(rows), y.split(rows), strict=True))


def _as_tensor(grid: Any) -> Any:
    """A tensor of a kind that torch can compare with any other: boolean, int64, a float or complex; or None."""
    import torch

    if is_array(grid):
        native = {"b": "bool", "i": "int64", "u": "int64", "f": "float64", "c": "complex128"}.get(grid.dtype.kind)
        if native is None or grid.dtype.str[1:] == "u8":
            return None
        return torch.from_numpy(grid.astype(native))
    if grid.dtype == getattr(torch, "uint64", None):
        return None
    is_number = grid.is_floating_point() or grid.is_complex() or grid.dtype == torch.bool
    return grid if is_number else grid.to(torch.int64)


def _equal_tensors(a: Any, b: Any, tolerance: Tolerance) -> bool:
    import torch

    if a.is_complex() or b.is_complex():
        a, b = a.to(torch.complex128), b.to(torch.complex128)
    elif a.is_floating_point() or b.is_floating_point():
        is_short = all(v.is_floating_point() and v.dtype != torch.float64 for v in (a, b))
        wide = torch.float32 if is_short or a.device.type == "mps" else torch.float64  # mps has no float64
        a, b = a.to(wide), b.to(wide)
    else:
        return bool((a == b).all())
    allowed = torch.maximum(a.abs(), b.abs()).mul_(tolerance.relative).clamp_(min=tolerance.absolute)
    near = (a - b).abs() <= allowed
    return bool(((a == b) | (near & a.isfinite() & b.isfinite())).all())
