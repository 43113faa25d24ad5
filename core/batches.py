"""Items of a value: the pictures of a batch, the latents of a batch, or the values of a list; picked and put together.

A value is what ComfyUI hands to a node that takes lists: a list with one element, or with one for each run. A list of
one element that is a batch, IMAGE (B, H, W, C), MASK (B, H, W) or a LATENT dict, has B items; a list of several
elements has those as its items. Nothing here changes what it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .values import is_tensor

Values = list[Any]


def batch_size(value: Any) -> int:
    """The number of items in one value: B for pictures, masks and latents, else 1."""
    tensor: Any = value.get("samples") if isinstance(value, dict) else value
    return int(tensor.shape[0]) if is_tensor(tensor) and tensor.ndim >= 3 else 1


def count_items(values: Values) -> int:
    """The number of items of a value, 0 for an empty list."""
    return batch_size(values[0]) if len(values) == 1 else len(values)


def pick_items(values: Values, indexes: Sequence[int]) -> Values:
    """Picks items by index, in the order given; a batch gives a batch, a list gives a list."""
    if len(values) != 1:
        return [values[index] for index in indexes]
    value = values[0]
    if batch_size(value) == 1 and list(indexes) == [0]:
        return [value]
    if not isinstance(value, dict):
        return [value[list(indexes)]]
    return [_pick_latents(value, list(indexes))]


def _pick_latents(latent: dict[str, Any], indexes: list[int]) -> dict[str, Any]:
    picked = dict(latent)
    picked["samples"] = latent["samples"][indexes]
    if _has_noise_masks(latent) and latent["noise_mask"].shape[0] > 1:
        picked["noise_mask"] = _noise_masks(latent)[indexes]
    places = _batch_index(latent)
    picked["batch_index"] = [places[index] for index in indexes]
    return picked


def _batch_index(latent: dict[str, Any]) -> list[int]:
    """Which noise each item takes when it is sampled again: that of its place in the batch where it was made."""
    return latent.get("batch_index", list(range(batch_size(latent))))


def _has_noise_masks(latent: dict[str, Any]) -> bool:
    mask: Any = latent.get("noise_mask")
    return is_tensor(mask) and mask.ndim >= 3


def _noise_masks(latent: dict[str, Any]) -> Any:
    """The noise mask of each item: ComfyUI repeats masks in turn where there are fewer of them than items."""
    mask, size = latent["noise_mask"], batch_size(latent)
    return mask[[item % mask.shape[0] for item in range(size)]]


def join_items(parts: Sequence[Values]) -> Values:
    """Puts items together again: pictures, masks or latents of one size to one batch, anything else to a list."""
    flat = [value for part in parts for value in part]
    if len(flat) < 2:
        return flat
    if all(is_tensor(value) and value.ndim >= 3 for value in flat):
        joined = _join_tensors(flat)
        return flat if joined is None else [joined]
    if all(isinstance(value, dict) and is_tensor(value.get("samples")) for value in flat):
        joined = _join_latents(flat)
        return flat if joined is None else [joined]
    return flat


def _join_tensors(tensors: Sequence[Any]) -> Any:
    import torch

    first = tensors[0]
    fits = all(tensor.shape[1:] == first.shape[1:] for tensor in tensors)
    return torch.cat([tensor.to(first.device, first.dtype) for tensor in tensors]) if fits else None


def _join_latents(latents: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """One latent out of several, or None where they don't fit together."""
    joined: dict[str, Any] = {"samples": _join_tensors([latent["samples"] for latent in latents])}
    if any("batch_index" in latent for latent in latents):
        joined["batch_index"] = [place for latent in latents for place in _batch_index(latent)]
    if all(_has_noise_masks(latent) for latent in latents):
        joined["noise_mask"] = _join_tensors([_noise_masks(latent) for latent in latents])
    if any(value is None for value in joined.values()):
        return None
    others = [{key: value for key, value in latent.items() if key not in joined} for latent in latents]
    return {**others[0], **joined} if all(_is_same(other, others[0]) for other in others) else None


def _is_same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    """Whether two latents agree in all else: the same objects, or the same numbers and words."""
    plain = (bool, int, float, str)
    return a.keys() == b.keys() and all(
        value is b[key] or (isinstance(value, plain) and isinstance(b[key], plain) and value == b[key])
        for key, value in a.items()
    )


def size_in_bytes(value: Any) -> int | None:
    """The memory that a value's tensors take, or None if it holds something whose size can't be told."""
    if is_tensor(value):
        return value.numel() * value.element_size()
    if value is None or isinstance(value, (bool, int, float)):
        return 0
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return _sum(value.values())
    if isinstance(value, (list, tuple)):
        return _sum(value)
    return None


def _sum(values: Any) -> int | None:
    sizes = [size_in_bytes(value) for value in values]
    return None if None in sizes else sum(size for size in sizes if size is not None)
