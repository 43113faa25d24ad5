"""A bounded memory of finished attempts, so that a gate with another threshold pays for new attempts only.

ComfyUI's own cache remembers them as well, but the one that newer cores use by default drops what an earlier run
expanded before the next run asks for it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from .batches import Values, size_in_bytes

MEMORY_BYTES = 512 * 2**20
_COPIED = (bool, int, float, complex, str, bytes, tuple, frozenset, type(None))


class AttemptMemory:
    """Keeps what attempts gave, least recently used dropped first, as long as the first attempt stays the same.

    Args:
        limit: the most bytes of tensors that are kept; an attempt larger than that is not remembered.
    """

    def __init__(self, limit: int = MEMORY_BYTES) -> None:
        self.limit = limit
        self._signature: str | None = None
        self._first: Values = []
        self._attempts: OrderedDict[str, tuple[int, Any]] = OrderedDict()

    def begin(self, signature: str | None, first: Values) -> None:
        """Forgets everything unless a run begins with the same graph and the very same objects as the last one.

        Args:
            signature: all that decides what the first attempt gives; None if that can't be told.
            first: the value and the scores of the first attempt. ComfyUI hands over the same objects only if it did
                not make them again, which also covers what the signature does not show: a model that was loaded anew.
                They are held until the next run, unless their size can't be told (a model).
        """
        same_objects = len(first) == len(self._first) and all(a is b for a, b in zip(first, self._first, strict=True))
        is_telling = any(not isinstance(value, _COPIED) for value in first) and size_in_bytes(first) is not None
        if signature is None or signature != self._signature or not same_objects or not is_telling:
            self._attempts.clear()
        self._signature, self._first = signature, first if is_telling else []

    def remember(self, key: str, values: Values, details: Any) -> None:
        """Keeps an attempt, if its size can be told and fits."""
        size = size_in_bytes(values)
        if self._signature is None or not self._first or size is None or size > self.limit:
            return
        self._attempts[key] = (size, (values, details))
        self._attempts.move_to_end(key)
        while sum(kept for kept, _ in self._attempts.values()) > self.limit:
            self._attempts.popitem(last=False)

    def recall(self, key: str) -> tuple[Values, Any] | None:
        """What an attempt gave, or None."""
        if key not in self._attempts:
            return None
        self._attempts.move_to_end(key)
        return self._attempts[key][1]
