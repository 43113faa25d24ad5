"""What a face network says about one picture, as tensors: many overlapping boxes, of which few are faces.

Convention: boxes are (x1, y1, x2, y2) and points are (x, y), in pixels of the picture that the network was shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

MOST = 256
"""Candidates that are kept of one look at a picture: the best ones. Crowds have fewer faces that can be told apart."""


class Candidates(NamedTuple):
    """Boxes (N, 4), scores (N,) 0..1, and points (N, P, 2) with P = 5 or 0; float32, on the CPU."""

    boxes: Tensor
    scores: Tensor
    points: Tensor

    def take(self, chosen: Tensor) -> Candidates:
        """The candidates of a mask, or of a list of indices in its order."""
        return Candidates(self.boxes[chosen], self.scores[chosen], self.points[chosen])

    def moved(self, scale_x: float, scale_y: float, left: float, top: float) -> Candidates:
        """The same candidates in another picture, of which this one shows a part: scaled first, then shifted."""
        scale = self.boxes.new_tensor([scale_x, scale_y])
        shift = self.boxes.new_tensor([left, top])
        boxes = self.boxes * scale.repeat(2) + shift.repeat(2)
        return Candidates(boxes, self.scores, self.points * scale + shift)

    def turned_back(self, turn: int, width: int, height: int) -> Candidates:
        """The same candidates before the picture, now of that size, was turned so many quarters by torch.rot90."""
        boxes, points = self.boxes.reshape(-1, 2, 2), self.points
        for _ in range(turn % 4):
            boxes, points = (torch.stack([height - xy[..., 1], xy[..., 0]], -1) for xy in (boxes, points))
            width, height = height, width
        return Candidates(torch.cat([boxes.amin(1), boxes.amax(1)], 1), self.scores, points)


def join(parts: Sequence[Candidates]) -> Candidates:
    """All candidates of several looks at one picture; at least one look."""
    return Candidates(*(torch.cat(column) for column in zip(*parts, strict=True)))


def overlaps(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """For all pairs of boxes: intersection over union, and intersection over the smaller one; both (len(a), len(b))."""
    corner1 = torch.maximum(a[:, None, :2], b[None, :, :2])
    corner2 = torch.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = (corner2 - corner1).clamp(min=0).prod(2)
    areas_a, areas_b = ((boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(1) for boxes in (a, b))
    tiny = torch.finfo(shared.dtype).tiny
    union = areas_a[:, None] + areas_b[None] - shared
    smaller = torch.minimum(areas_a[:, None], areas_b[None])
    return shared / union.clamp(min=tiny), shared / smaller.clamp(min=tiny)


def keep_best(found: Candidates, highest_overlap: float, highest_containment: float) -> Candidates:
    """One candidate for each face, best score first: greedy, each removes what it covers or what lies within it.

    Args:
        found: Any number of candidates.
        highest_overlap: Intersection over union that two faces may have.
        highest_containment: The part of the smaller box that may lie in the other one.
    """
    found = found.take(found.scores.argsort(descending=True, stable=True))
    kept: list[int] = []
    left = torch.ones(len(found.scores), dtype=torch.bool)
    while bool(left.any()):
        best = int(left.int().argmax())
        kept.append(best)
        union, smaller = overlaps(found.boxes[best : best + 1], found.boxes)
        left &= (union[0] <= highest_overlap) & (smaller[0] <= highest_containment)
        left[best] = False
    return found.take(torch.tensor(kept, dtype=torch.long))
