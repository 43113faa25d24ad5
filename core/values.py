"""What a value on a wire is: unwrapped to plain Python, named for an error, shown to a person, taken as yes or no.

Nothing here imports torch or numpy: a value can only be a tensor or an array if somebody has imported them already.
"""

from __future__ import annotations

import math
import sys
from typing import Any

from .literals import read_literal

_NO_WORDS = frozenset({"", "no", "off"})


def is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def is_array(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)


def unwrap(value: Any) -> Any:
    """Turns numpy scalars and one-element tensors or arrays into the Python value they hold; leaves the rest alone."""
    numpy = sys.modules.get("numpy")
    if is_tensor(value):
        if value.numel() != 1:
            return value
        try:
            return value.detach().item()
        except (RuntimeError, NotImplementedError, TypeError, ValueError):
            return value  # on the meta device, sparse or quantized: there is no one number to take out
    if is_array(value):
        return value.reshape(-1)[0].item() if value.size == 1 and value.dtype.kind in "biufcSU" else value
    if numpy is not None and isinstance(value, numpy.generic):
        plain = value.item()
        return float(plain) if isinstance(plain, numpy.generic) else plain  # longdouble gives itself back
    return value


def is_nan(value: Any) -> bool:
    """True for a float or complex NaN (unwrapped first by the caller)."""
    return isinstance(value, (float, complex)) and value != value


def kind_of(value: Any) -> str:
    """Names a value's kind in the words of a ComfyUI user, for error messages."""
    value = unwrap(value)
    if value is None:
        return "None"
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int):
        return "INT"
    if isinstance(value, float):
        return "FLOAT"
    if isinstance(value, str):
        return "STRING"
    if is_tensor(value) or is_array(value):
        return f"{'tensor' if is_tensor(value) else 'array'} of shape {tuple(value.shape)}"
    if isinstance(value, dict) and "samples" in value:
        return "LATENT"
    return type(value).__name__


def show(value: Any, max_length: int = 40) -> str:
    """Shows a value to a person in at most about max_length characters: numbers short, text in quotes."""
    value = unwrap(value)
    if value is None:
        return "None"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return show_number(value)
    if isinstance(value, int):
        if abs(value) < 10**30:
            return str(value)
        return f"about {'-' if value < 0 else ''}10^{int(value.bit_length() * math.log10(2))}"
    if isinstance(value, str):
        text = value if len(value) <= max_length else value[: max_length - 3] + "..."
        return '"' + text.replace("\n", "\\n") + '"'
    if is_tensor(value) or is_array(value) or (isinstance(value, dict) and "samples" in value):
        return kind_of(value)
    if isinstance(value, (list, tuple, dict, set, frozenset)):
        return f"{type(value).__name__} of {len(value)}"
    return f"a {type(value).__name__}"


def show_number(value: float) -> str:
    """Six significant digits, always recognisable as a float: 0.83, 1.0, NaN, infinity."""
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
    if is_tensor(value) or is_array(value):
        raise ValueError(
            f"A condition must be one value, but this is a {kind_of(value)}. "
            "Turn it into one value first, for example with Compare or Quality Score."
        )
    try:
        return bool(value)
    except Exception as error:
        raise ValueError(f"A {kind_of(value)} can't be used as a condition ({error}). Use Compare first.") from error
