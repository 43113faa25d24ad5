"""The separate parts of a mask: what hangs together, also over corners."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor


class Part(NamedTuple):
    """One part of a mask: its box (x1, y1, x2, y2) in whole pixels, half-open, and the mask in it, 0 or 1, (h, w)."""

    box: tuple[int, int, int, int]
    mask: Tensor


def split_mask(mask: Tensor, level: float = 0.5) -> list[Part]:
    """Splits a mask (H, W) where it is at least that level; the parts in the order of their first rows.

    Each row's runs of pixels are joined with those that they touch in the row above (two-pass labelling with
    union-find; Rosenfeld and Pfaltz, 1966).
    """
    import torch

    covered = (mask >= level).cpu()
    edges = torch.nn.functional.pad(covered.to(torch.int8), (1, 1)).diff(dim=1)  # 1 where a run starts, -1 after it
    starts, ends = (edges == 1).nonzero().tolist(), (edges == -1).nonzero().tolist()
    runs = [(row, start, end) for (row, start), (_, end) in zip(starts, ends, strict=True)]
    labels = _label(runs)
    parts: dict[int, list[tuple[int, int, int]]] = {}
    for run, label in zip(runs, labels, strict=True):
        parts.setdefault(label, []).append(run)
    return [_part(members) for members in parts.values()]


def _label(runs: list[tuple[int, int, int]]) -> list[int]:
    """A label for each run (row, start, end): equal for runs that hang together."""
    parents = list(range(len(runs)))

    def root(run: int) -> int:
        while parents[run] != run:
            parents[run] = parents[parents[run]]
            run = parents[run]
        return run

    above, current, row_now = [], [], -1
    for number, (row, start, end) in enumerate(runs):
        if row != row_now:
            above, current = (current if row == row_now + 1 else []), []
            row_now = row
        # Runs of a row are in order, so those of the row above that end before this one starts are done with.
        while above and runs[above[0]][2] < start:
            above.pop(0)
        for other in above:
            if runs[other][1] > end:
                break
            parents[root(number)] = root(other)
        current.append(number)
    return [root(run) for run in range(len(runs))]


def _part(runs: list[tuple[int, int, int]]) -> Part:
    import torch

    top, bottom = runs[0][0], runs[-1][0] + 1
    left, right = min(start for _, start, _ in runs), max(end for _, _, end in runs)
    mask = torch.zeros(bottom - top, right - left)
    for row, start, end in runs:
        mask[row - top, start - left : end - left] = 1.0
    return Part((left, top, right, bottom), mask)
