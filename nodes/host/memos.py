"""Results that several nodes share, kept only as long as what they were made of is alive."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any
from weakref import ref


class WeakMemo:
    """Remembers results by the objects that they were made of, and keeps none of these alive.

    An object that is gone takes its results along, so a new one at the same address is never taken for it. What may
    change inside an object goes into the stamp: another stamp makes the result anew.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._results: OrderedDict[Hashable, tuple[list[ref[Any]], Hashable, Any]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._results)

    def get(self, objects: tuple[Any, ...], key: Hashable, stamp: Hashable, make: Callable[[], Any]) -> Any:
        """The result for these objects, key and stamp; made and remembered if there is none yet."""
        place = (*map(id, objects), key)
        found = self._results.get(place)
        if (
            found is not None
            and found[1] == stamp
            and all(kept() is given for kept, given in zip(found[0], objects, strict=True))
        ):
            self._results.move_to_end(place)
            return found[2]
        result = make()
        try:
            kept = [ref(given, lambda _: self._results.pop(place, None)) for given in objects]
        except TypeError:  # an object that can't be held weakly is not remembered at all
            return result
        self._results[place] = (kept, stamp, result)
        self._results.move_to_end(place)
        while len(self._results) > self._limit:
            self._results.popitem(last=False)
        return result
