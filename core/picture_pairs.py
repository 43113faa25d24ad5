"""Which pictures are looked at side by side: pairs of one before and one after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .values import is_tensor, kind_of

if TYPE_CHECKING:
    from torch import Tensor


class Pairs(NamedTuple):
    """What is shown.

    Attributes:
        pairs: (H, W, C) pictures, one before and one after each; their sizes may differ.
        note: what is left out and why, as a sentence; empty if nothing is.
    """

    pairs: list[tuple[Tensor, Tensor]]
    note: str


def pair_pictures(before: Sequence[Any], after: Sequence[Any], limit: int) -> Pairs:
    """Puts pictures together in their order; a single one on one side goes with each on the other.

    Args:
        before: (B, H, W, C) batches of 1 to 4 channels, of any sizes.
        after: the same.
        limit: the most pairs that are shown.

    Raises:
        ValueError: something is no batch of pictures.
    """
    befores, afters = _pictures(before, "before"), _pictures(after, "after")
    if not befores or not afters:
        return Pairs([], f"There is no picture in {'after' if befores else 'before'}.")
    note = ""
    count = max(len(befores), len(afters))
    if len(befores) == 1:
        befores *= count
    elif len(afters) == 1:
        afters *= count
    elif len(befores) != len(afters):
        count = min(len(befores), len(afters))
        note = f"{len(befores)} pictures before and {len(afters)} after: only the first {count} have a counterpart."
    shown = list(zip(befores, afters, strict=False))[:limit]
    return Pairs(shown, f"{note} {say_left_out(len(shown), count)}".strip())


def say_left_out(shown: int, count: int) -> str:
    """Says that not all pairs are shown; empty if they are."""
    return f"Shown are the first {shown} of {count}." if count > shown else ""


def say_pairs(pairs: Sequence[tuple[Any, Any]]) -> str:
    """One line about pairs: how many, and their sizes as width x height."""
    if not pairs:
        return "nothing to compare"
    count = "1 pair" if len(pairs) == 1 else f"{len(pairs)} pairs"
    sizes = [{f"{picture.shape[1]}x{picture.shape[0]}" for picture in side} for side in zip(*pairs, strict=True)]
    words = [side.pop() if len(side) == 1 else "several sizes" for side in sizes]
    return f"{count}, {words[0]}" if words[0] == words[1] else f"{count}, {words[0]} before, {words[1]} after"


def changed_pictures(before: Tensor, after: Tensor, limit: int) -> tuple[list[int], int]:
    """The places in a batch whose pictures differ, at most so many, and how many differ in all.

    Args:
        before: (B, H, W, C).
        after: the same shape; the very same object where nothing has changed.
    """
    if after is before:
        return [], 0
    changed = [index for index in range(len(before)) if not bool((before[index] == after[index]).all())]
    return changed[:limit], len(changed)


def _pictures(batches: Sequence[Any], name: str) -> list[Tensor]:
    for batch in batches:
        if not (is_tensor(batch) and batch.ndim == 4 and batch.shape[-1] <= 4 and batch.is_floating_point()):
            hint = ": turn it into a picture with Convert Mask to Image" if is_tensor(batch) and batch.ndim == 3 else ""
            raise ValueError(
                f"Before and After needs pictures in {name}, one or a batch, not {kind_of(batch)}{hint}. Look at what "
                "is plugged in there."
            )
    return [picture for batch in batches for picture in batch if picture.numel()]
