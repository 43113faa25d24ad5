"""What nodes tell the page: one payload for each decision."""

from __future__ import annotations

import math
from typing import Any

from ...core.seeds import HIGHEST_EXACT


def verdict(kind: str, summary: str, **data: Any) -> dict[str, list[dict[str, Any]]]:
    """Packs a decision for a node's "ui": its kind, one line in words, and the values behind it.

    NaN and infinity become text: JSON has no such numbers, and the page would drop the whole message. So do whole
    numbers beyond 2^53, such as seeds, which the page would round.
    """
    return {"switchyard": [{"kind": kind, "summary": summary, "data": _as_json(data)}]}


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > HIGHEST_EXACT:
        return str(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def rewrite(payload: dict[str, Any], kind: str, summary: str, **data: Any) -> None:
    """Changes a payload in place after it was sent: the history and ComfyUI's cache hold the same object.

    A node that expands sends its payload before the expansion runs; this is how the final word gets there.
    """
    payload.update(kind=kind, summary=summary, data=_as_json(data))
