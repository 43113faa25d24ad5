"""Settings of nodes that take whole lists: ComfyUI hands each of them over as a list, of one element as a rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def first_of(values: Sequence[Any], name: str) -> Any:
    """The setting, which is the first element of its list.

    Raises:
        ValueError: the list is empty, as that of a node which has given out nothing.
    """
    if len(values) == 0:
        raise ValueError(f"{name} is an empty list: what is plugged in has given nothing. Plug in a value, or set it.")
    return values[0]
