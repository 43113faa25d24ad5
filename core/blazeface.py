"""BlazeFace: the small face detectors of MediaPipe, as "full range" (192 px) and "back camera" (256 px).

Bazarevsky, Kartynnik, Vakunov, Raveendran, Grundmann: BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs
(2019). Written from the graphs of the published networks; the weights are in data/blazeface_full.safetensors and
data/blazeface_back.safetensors (training/faces/convert_blazeface.py).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .face_candidates import MOST, Candidates, overlaps

_FULL_STRIDES = (1, 1, 2, 1, 1, 2, 1, 1, 2, 1, 1, 2, 1, 1, 1)
_FULL_LATERAL_FROM = (11, 8, 5)
"""Blocks whose input, the last of its size, the pyramid adds, coarse to fine."""
_FULL_LEVELS = (2, 2, 1)
_BACK_STRIDES = (1,) * 7 + (2,) + (1,) * 7 + (2,) + (1,) * 7 + (2,) + (1,) * 7
_BACK_ANCHORS = (2, 6)
"""Anchors in each cell of the fine grid and of the coarse one."""
_FUSE_OVERLAP = 0.3


class BlazeFace:
    """One of the two networks on a device, in float32. The weights say which.

    Args:
        weights: The tensors of data/blazeface_full.safetensors or data/blazeface_back.safetensors.
        device: Where it runs.

    Attributes:
        side_px: The side of the square pictures that it is shown.
    """

    def __init__(self, weights: dict[str, Tensor], device: torch.device) -> None:
        self.device = device
        self._weights = {name: tensor.to(device, torch.float32) for name, tensor in weights.items()}
        self._is_full = "level0.0.widen.weight" in weights
        self.side_px = 192 if self._is_full else 256
        grids = ((48, 1),) if self._is_full else tuple(zip((16, 8), _BACK_ANCHORS, strict=True))
        self._anchors = torch.cat([_anchors(cells, times) for cells, times in grids]) * self.side_px

    @torch.inference_mode()
    def find(self, pictures: Tensor, lowest: float) -> list[Candidates]:
        """Gives candidates without points, of each picture (B, 3, side_px, side_px), 0..1, black around the picture."""
        logits, boxes = self.raw(pictures)
        found = []
        for scores, shapes in zip(logits.sigmoid().cpu(), boxes.cpu(), strict=True):
            best = scores.topk(min(MOST, int((scores >= lowest).sum()))).indices
            centre = shapes[best, :2] + self._anchors[best]
            half = shapes[best, 2:4] / 2
            corners = torch.cat([centre - half, centre + half], 1)
            found.append(Candidates(corners, scores[best], corners.new_zeros(len(best), 0, 2)))
        return found

    @torch.inference_mode()
    def raw(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """What the network itself gives: logits (B, anchors), and boxes with points around them (B, anchors, 16)."""
        now = pictures.to(self.device, torch.float32) * 2 - 1
        heads = self._full(now) if self._is_full else self._back(now)
        scores, boxes = (
            torch.cat([head.permute(0, 2, 3, 1).reshape(len(pictures), -1, numbers) for head in kind], 1)
            for kind, numbers in zip(heads, (1, 16), strict=True)
        )
        return scores[..., 0], boxes

    def _full(self, now: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        levels: dict[int, Tensor] = {}
        now = functional.relu(self._convolve("stem", now, 2))
        for block, stride in enumerate(_FULL_STRIDES):
            if block in _FULL_LATERAL_FROM:
                levels[block] = now
            now = self._double_block(f"block{block}", now, stride)
        for level, (block, blocks) in enumerate(zip(_FULL_LATERAL_FROM, _FULL_LEVELS, strict=True)):
            finer = functional.relu(self._convolve(f"lateral{level}", levels.pop(block)))
            now = functional.relu(self._convolve(f"reduce{level}", now))
            now = finer + functional.interpolate(now, finer.shape[2:], mode="bilinear", align_corners=False)
            for number in range(blocks):
                now = self._double_block(f"level{level}.{number}", now)
        return [self._convolve("score", now)], [self._convolve("box", now)]

    def _back(self, now: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        now = functional.relu(self._convolve("stem", now, 2))
        for block, stride in enumerate(_BACK_STRIDES):
            change = self._convolve(f"block{block}.pointwise", self._convolve(f"block{block}.depthwise", now, stride))
            now = _add_shortcut(change, now, stride)
        coarse = functional.relu(self._convolve("coarse.pointwise", self._convolve("coarse.depthwise", now, 2)))
        scores, boxes = (
            [self._convolve(f"{kind}{number}", grid) for number, grid in enumerate((now, coarse))]
            for kind in ("score", "box")
        )
        return scores, boxes

    def _double_block(self, name: str, given: Tensor, stride: int = 1) -> Tensor:
        now = self._convolve(f"{name}.narrow", self._convolve(f"{name}.depthwise0", given, stride))
        now = self._convolve(f"{name}.widen", self._convolve(f"{name}.depthwise1", functional.relu(now)))
        return _add_shortcut(now, given, stride)

    def _convolve(self, name: str, given: Tensor, stride: int = 1) -> Tensor:
        weight = self._weights[f"{name}.weight"]
        missing = weight.shape[-1] - stride  # all sides are multiples of the stride
        before = missing // 2  # the odd pixel goes to the right and to the bottom, as in TensorFlow
        if missing > 0:
            given = functional.pad(given, (before, missing - before) * 2)
        groups = given.shape[1] // weight.shape[1]
        return functional.conv2d(given, weight, self._weights[f"{name}.bias"], stride, groups=groups)


def fuse(found: Candidates) -> Candidates:
    """One candidate for each face, best score first, in the place where those that overlap it lie on average.

    MediaPipe's own non-maximum suppression: each box counts by its score.
    """
    found = found.take(found.scores.argsort(descending=True, stable=True))
    left = torch.ones(len(found.scores), dtype=torch.bool)
    boxes, scores = [], []
    while bool(left.any()):
        best = int(left.int().argmax())
        same = left & (overlaps(found.boxes[best : best + 1], found.boxes)[0][0] > _FUSE_OVERLAP)
        same[best] = True
        share = found.scores[same] / found.scores[same].sum()
        boxes.append((found.boxes[same] * share[:, None]).sum(0))
        scores.append(found.scores[best])
        left &= ~same
    if not boxes:
        return found
    return Candidates(torch.stack(boxes), torch.stack(scores), found.points[: len(boxes)])


def _add_shortcut(change: Tensor, given: Tensor, stride: int) -> Tensor:
    if stride > 1:
        given = functional.max_pool2d(given, stride)
    more = change.shape[1] - given.shape[1]
    return functional.relu(change + functional.pad(given, (0, 0, 0, 0, 0, more)))


def _anchors(cells: int, times: int) -> Tensor:
    """The centres (x, y) of a grid's cells, 0..1, row by row, each so many times."""
    middles = (torch.arange(cells) + 0.5) / cells
    rows, columns = torch.meshgrid(middles, middles, indexing="ij")
    return torch.stack([columns, rows], 2).reshape(-1, 1, 2).expand(-1, times, 2).reshape(-1, 2)
