"""What a value on a wire is: unwrapped to plain Python, named for an error, shown to a person, taken as yes or no.

Nothing here imports torch or numpy: a value can only be a tensor or an array if somebody has imported them already.
"""

from __future__ import annotations

import math
import sys
from numbers import Number
from typing import Any

from .literals import read_literal

_NO_WORDS = frozenset({"", "no", "off"})
_PLAIN_KINDS = "biufcSU"  # numpy's letters for booleans, numbers and text


def is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def is_array(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)


def is_grid(value: Any) -> bool:
    """True for a tensor or an array, of whatever size."""
    return is_tensor(value) or is_array(value)


def unwrap(value: Any) -> Any:
    """Turns numpy scalars and one-element tensors or arrays into the Python value they hold; leaves the rest alone.

    A float of 16 or 32 bits becomes the shortest decimal that it stands for: 0.8, not 0.800000011920929.
    """
    try:
        return _unwrap(value)
    except Exception:  # noqa: BLE001 - on the meta device, sparse, nested: there is no one value to take out
        return value


def _unwrap(value: Any) -> Any:
    if is_tensor(value):
        return _shorten(value.detach().item(), _digits(value)) if value.numel() == 1 else value
    numpy: Any = sys.modules.get("numpy")
    if numpy is None or not isinstance(value, (numpy.ndarray, numpy.generic)) or value.dtype.kind not in _PLAIN_KINDS:
        return value
    if value.size != 1 or numpy.ma.is_masked(value):
        return value
    plain = value.item()
    if isinstance(plain, numpy.generic):  # extended precision gives itself back
        return complex(plain) if plain.dtype.kind == "c" else float(plain)
    return _shorten(plain, _digits(value))


def as_list(value: Any) -> Any:
    """Turns a tensor or array of one dimension into the list of the values in it; leaves the rest alone."""
    if not is_grid(value) or value.ndim != 1:
        return value
    try:
        digits = _digits(value)
        return [_shorten(unwrap(item), digits) for item in value.tolist()]
    except Exception:  # noqa: BLE001 - on the meta device, sparse: there are no values to take out
        return value


def _digits(grid: Any) -> int:
    """The binary digits of the numbers in a tensor, array or numpy scalar of floats of 16 or 32 bits; else 0."""
    if is_tensor(grid):
        is_short = grid.is_floating_point() and grid.element_size() in (2, 4)
    else:
        is_short = grid.dtype.kind == "f" and grid.itemsize in (2, 4)
    if not is_short:
        return 0
    limits = sys.modules["torch" if is_tensor(grid) else "numpy"].finfo(grid.dtype)
    return 1 - round(math.log2(limits.eps))


def _shorten(number: Any, digits: int) -> Any:
    """The shortest decimal that rounds to a number of so many binary digits; anything but such a fraction stays."""
    if not digits or not math.isfinite(number) or number.is_integer():
        return number
    if _rounded(number, digits // 3) == number:
        return number  # 0.375 or 2**-20: meant as it is
    kept = int((digits - 1) * math.log10(2))  # a decimal of so many digits comes back from the float unchanged
    shorter = (float(f"{number:.{length}g}") for length in range(kept, 10))
    return next((candidate for candidate in shorter if _rounded(candidate, digits) == number), number)


def _rounded(number: float, digits: int) -> float:
    mantissa, exponent = math.frexp(number)
    return math.ldexp(round(math.ldexp(mantissa, digits)), exponent - digits)


def is_nan(value: Any) -> bool:
    """True for a number that is not a number (unwrapped first by the caller)."""
    try:
        return isinstance(value, Number) and bool(value != value)
    except ArithmeticError:
        return True  # a signalling NaN of the decimal module


def kind_of(value: Any) -> str:
    """Names a value's kind in the words of a ComfyUI user, for error messages; never fails."""
    value = unwrap(value)
    try:
        return _kind_of(value)
    except Exception:  # noqa: BLE001 - foreign objects may fail at anything
        return object.__repr__(value).split(" object at ")[0].strip("<>").rsplit(".", 1)[-1]


def _kind_of(value: Any) -> str:
    if value is None:
        return "None"
    for kind, name in ((bool, "BOOLEAN"), (int, "INT"), (float, "FLOAT"), (str, "STRING")):
        if isinstance(value, kind):
            return name
    if is_grid(value):
        return f"{'tensor' if is_tensor(value) else 'array'} of shape {tuple(value.shape)}"
    if isinstance(value, dict) and "samples" in value:
        return "LATENT"
    return type(value).__name__


def show(value: Any, max_length: int = 40) -> str:
    """Shows a value to a person in one line of at most about max_length characters; never fails."""
    value = unwrap(value)
    try:
        return _show(value, max_length)
    except Exception:  # noqa: BLE001 - foreign objects may fail at anything
        return f"a {kind_of(value)}"


def _show(value: Any, max_length: int) -> str:
    if value is None:
        return "None"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return show_number(value)
    if isinstance(value, str):
        text = value if len(value) <= max_length else value[: max_length - 3] + "..."
        return '"' + "".join(c if c.isprintable() else repr(c)[1:-1] for c in text) + '"'
    if is_grid(value) or (isinstance(value, dict) and "samples" in value):
        return kind_of(value)
    if isinstance(value, (list, tuple, dict, set, frozenset)):
        return f"{type(value).__name__} of {len(value)}"
    return f"a {type(value).__name__}"


def show_number(value: float) -> str:
    """Integers whole; floats with six significant digits and recognisable as such: 7, 0.83, 1.0, NaN, infinity."""
    if isinstance(value, int):
        if abs(value) < 10**30:
            return str(value)
        return f"about {'-' if value < 0 else ''}10^{int(value.bit_length() * math.log10(2))}"
    if value != value:
        return "NaN"
    if math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    text = f"{value:.6g}"
    return text if any(mark in text for mark in ".en") else text + ".0"


def is_true(value: Any) -> bool:
    """Takes any value as a condition.

    As Python would, and besides: numpy and torch scalars count as the value they hold, NaN and None are false, and
    text that says no ("false", "no", "off", "0", "null", "") is false.

    Raises:
        ValueError: for a tensor or array that holds more than one value, or none.
    """
    value = unwrap(value)
    if value is None or is_nan(value):
        return False
    if isinstance(value, str):
        literal = read_literal(value)
        return value.strip().casefold() not in _NO_WORDS if isinstance(literal, str) else is_true(literal)
    if is_grid(value):
        raise ValueError(
            f"A condition must be one value, but this is a {kind_of(value)}. "
            "Turn it into one value first, for example with Compare or Quality Score."
        )
    try:
        return bool(value)
    except Exception as error:
        raise ValueError(f"A {kind_of(value)} can't be used as a condition. Use Compare first.") from error
