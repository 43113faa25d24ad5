"""Equality of any two values: exact for numbers and text, within a tolerance for pictures, masks and latents."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from numbers import Number
from typing import Any

from .literals import read_literal
from .values import is_array, is_tensor, unwrap


@dataclass(frozen=True)
class Tolerance:
    """Two numbers are close when |x - y| <= max(relative * max(|x|, |y|), absolute), as in math.isclose."""

    relative: float = 1e-5
    absolute: float = 1e-6


def equal(a: Any, b: Any, tolerance: Tolerance, *, close_numbers: bool = False) -> bool:
    """Answers whether a and b are the same value.

    Numbers are compared exactly, or within the tolerance if close_numbers is true. Tensors and arrays need the same
    shape and every element within the tolerance; integer ones are compared exactly. Lists, tuples and dicts are
    compared item by item. Text equals a number, boolean or None if it reads as one. NaN equals nothing, not even
    inside a list.

    Raises:
        Exception: whatever an object's own comparison raises.
    """
    a, b = unwrap(a), unwrap(b)
    if a is None or b is None:
        return a is b
    if _is_grid(a) or _is_grid(b):
        return _is_grid(a) and _is_grid(b) and _equal_grids(a, b, tolerance)
    if isinstance(a, str) or isinstance(b, str):
        return _equal_text(a, b, tolerance, close_numbers)
    if isinstance(a, Number) and isinstance(b, Number):
        return _close(a, b, tolerance) if close_numbers else bool(a == b)
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(equal(a[k], b[k], tolerance, close_numbers=close_numbers) for k in a)
    if _is_list(a) and _is_list(b):
        pairs = zip(a, b, strict=False)
        return len(a) == len(b) and all(equal(x, y, tolerance, close_numbers=close_numbers) for x, y in pairs)
    if isinstance(a, Set) and isinstance(b, Set):
        return bool(a == b)
    return a is b or bool(a == b)


def _is_grid(value: Any) -> bool:
    return is_tensor(value) or is_array(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray))


def _equal_text(a: Any, b: Any, tolerance: Tolerance, close_numbers: bool) -> bool:
    if isinstance(a, str) and isinstance(b, str):
        if not close_numbers:
            return a == b
        a, b = read_literal(a), read_literal(b)
        if isinstance(a, str) and isinstance(b, str):
            return a == b
    else:
        a, b = (read_literal(v) if isinstance(v, str) else v for v in (a, b))
    if isinstance(a, str) or isinstance(b, str):
        return False
    return equal(a, b, tolerance, close_numbers=close_numbers)


def _close(a: Any, b: Any, tolerance: Tolerance) -> bool:
    if isinstance(a, complex) or isinstance(b, complex):
        return bool(a == b) or abs(a - b) <= max(tolerance.relative * max(abs(a), abs(b)), tolerance.absolute)
    try:
        return math.isclose(a, b, rel_tol=tolerance.relative, abs_tol=tolerance.absolute)
    except OverflowError:  # integers too large for a float: no tolerance can be applied
        return bool(a == b)


def _equal_grids(a: Any, b: Any, tolerance: Tolerance) -> bool:
    """Compares two tensors or arrays: shapes first, then slice by slice, so that a long batch needs little memory."""
    if tuple(a.shape) != tuple(b.shape):
        return False
    if any(is_array(v) and v.dtype.kind not in "biufc" for v in (a, b)):  # text and objects have no tolerance
        return equal(a.tolist(), b.tolist(), tolerance)
    import torch

    a, b = (v if is_tensor(v) else torch.from_numpy(v.copy()) for v in (a, b))
    if a.ndim > 1:
        return all(_equal_tensors(x, y, tolerance) for x, y in zip(a, b, strict=True))
    return _equal_tensors(a, b, tolerance)


def _equal_tensors(a: Any, b: Any, tolerance: Tolerance) -> bool:
    import torch

    b = b.to(a.device)
    if not (a.is_floating_point() or b.is_floating_point() or a.is_complex() or b.is_complex()):
        return bool((a == b).all())
    if not (a.is_complex() or b.is_complex()):
        wide = torch.float64 if torch.float64 in (a.dtype, b.dtype) and a.device.type != "mps" else torch.float32
        a, b = a.to(wide), b.to(wide)
    allowed = torch.maximum(a.abs(), b.abs()).mul_(tolerance.relative).clamp_(min=tolerance.absolute)
    near = (a - b).abs() <= allowed
    return bool(((a == b) | (near & a.isfinite() & b.isfinite())).all())
