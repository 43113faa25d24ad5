"""The values that comparisons are tested with: pictures, latents, plain objects, and objects that misbehave."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

NAN, INF = float("nan"), math.inf
HUGE = 10**400
A, T, Z = np.array, torch.tensor, torch.zeros
F16, BF16, F64 = torch.float16, torch.bfloat16, torch.float64


class Error:
    """Expected: an error whose message names each of these kinds, as often as it is listed."""

    def __init__(self, *kinds: str) -> None:
        self.kinds = kinds


class Model:
    """A plain object, as a MODEL, CLIP or VAE is one."""


class RaisesOnEqual:
    __hash__ = None

    def __eq__(self, other):
        raise RuntimeError("not comparable")


class EqualGives:
    """Its == answers with something that is no bool."""

    __hash__ = None

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def __eq__(self, other):
        return self.answer


class RaisesOnOrder:
    def __lt__(self, other):
        raise RuntimeError("not orderable")

    __gt__ = __le__ = __ge__ = __lt__


class RaisesOnLen:
    def __len__(self):
        raise RuntimeError("not countable")


class RaisesOnBool:
    def __bool__(self):
        raise RuntimeError("neither true nor false")


class UncountableList(list):
    def __len__(self):
        raise RuntimeError("not countable")


class UnsearchableDict(dict):
    def __contains__(self, key):
        raise RuntimeError("not searchable")


class _SilentError(Exception):
    def __str__(self):
        raise RuntimeError("not even a message")


class RaisesSilently:
    __hash__ = None

    def __eq__(self, other):
        raise _SilentError


def dead_reference():
    """A proxy whose target is gone: every question about it raises, even isinstance."""
    return weakref.proxy(Model())


MODEL = Model()
HOSTILE = RaisesOnEqual()
GREY = torch.full((1, 4, 4, 3), 0.5)
MASK = torch.full((1, 4, 4), 0.5)
SAMPLES = torch.arange(256.0).reshape(1, 4, 8, 8) / 256
LATENT = {"samples": SAMPLES}
MASKED = {"samples": SAMPLES, "noise_mask": Z(1, 1, 64, 64)}
HOLE = GREY.clone()
HOLE[0, 2, 2, 1] = NAN
SHAPE_2, SHAPE_3 = "tensor of shape (2,)", "tensor of shape (3,)"
IMAGE_SHAPE = "tensor of shape (1, 4, 4, 3)"


def odd_pairs(make: Callable[[], Any]) -> list[tuple[Any, Any]]:
    """An odd value on either side of a comparison, with itself, and in a list."""
    odd = make()
    return [(odd, 1), (1, odd), (odd, "a"), ("a", odd), (odd, make()), (odd, [odd]), ([odd], odd), (odd, None)]


def without_data() -> torch.Tensor:
    """A number of which torch knows only the shape."""
    return Z(1, device="meta")
