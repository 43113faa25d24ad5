"""CenterFace: a fully convolutional face detector that tells for each cell whether a face has its centre there.

Xu, Yan, Sun, Yang, Luo: CenterFace: Joint Face Detection and Alignment Using Face as Point (2019). A MobileNetV2
encoder, a pyramid that adds its levels up to a quarter of the input's size, and four heads. Written from the graph of
the published network; the weights are in data/centerface.safetensors (training/faces/convert_centerface.py).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .face_candidates import MOST, Candidates

MULTIPLE_PX = 32
"""Sides of the input are multiples of that."""
CELL_PX = 4
_STRIDES = (1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1)
_LATERAL_FROM = (12, 5, 2)
"""The blocks whose results the pyramid adds, coarse to fine."""


class CenterFace:
    """The network on a device, in float32.

    Args:
        weights: The tensors of data/centerface.safetensors.
        device: Where it runs.
    """

    def __init__(self, weights: dict[str, Tensor], device: torch.device) -> None:
        self.device = device
        self._weights = {name: tensor.to(device, torch.float32) for name, tensor in weights.items()}

    @torch.inference_mode()
    def find(self, pictures: Tensor, lowest: float) -> list[Candidates]:
        """Gives candidates with their five points, of each picture (B, 3, H, W), 0..1, sides multiples of 32."""
        heat, sizes, offsets, points = self.maps(pictures)
        peaks = (heat == functional.max_pool2d(heat, 3, 1, 1)) & (heat >= lowest)
        return [self._decode(*one) for one in zip(heat[:, 0], peaks[:, 0], sizes, offsets, points, strict=True)]

    @torch.inference_mode()
    def maps(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What the network itself gives for each cell: score, log size (h, w), offset (y, x) and points (y, x)."""
        levels: dict[int, Tensor] = {}
        now = functional.relu(self._convolve("stem", pictures.to(self.device, torch.float32) * 255, stride=2))
        for block, stride in enumerate(_STRIDES):
            now = self._block(f"block{block}", now, stride)
            if block in _LATERAL_FROM:
                levels[block] = now
        now = functional.relu(self._convolve("top", now))
        for number, block in enumerate(_LATERAL_FROM):
            weight, bias = self._weights[f"up{number}.weight"], self._weights[f"up{number}.bias"]
            now = functional.relu(functional.conv_transpose2d(now, weight, bias, stride=2))
            now = now + functional.relu(self._convolve(f"lateral{number}", levels.pop(block)))
        now = functional.relu(self._convolve("shared", now))
        heat, *others = (self._convolve(head, now) for head in ("centre", "size", "offset", "landmarks"))
        return (heat.sigmoid(), *others)  # pyright: ignore[reportReturnType]

    def _block(self, name: str, given: Tensor, stride: int) -> Tensor:
        """An inverted residual: wider by a 1 x 1 convolution, 3 x 3 within each channel, and narrow again."""
        now = given
        if f"{name}.expand.weight" in self._weights:
            now = functional.relu_(self._convolve(f"{name}.expand", now))
        now = functional.relu_(self._convolve(f"{name}.depthwise", now, stride))
        now = self._convolve(f"{name}.project", now)
        return now + given if now.shape == given.shape else now

    def _convolve(self, name: str, given: Tensor, stride: int = 1) -> Tensor:
        weight = self._weights[f"{name}.weight"]
        groups = given.shape[1] // weight.shape[1]
        return functional.conv2d(
            given, weight, self._weights[f"{name}.bias"], stride, padding=weight.shape[-1] // 2, groups=groups
        )

    @staticmethod
    def _decode(heat: Tensor, peaks: Tensor, sizes: Tensor, offsets: Tensor, points: Tensor) -> Candidates:
        rows, columns = peaks.nonzero(as_tuple=True)
        scores, best = heat[rows, columns].topk(min(MOST, len(rows)))
        rows, columns = rows[best], columns[best]
        height, width = sizes[:, rows, columns].exp() * CELL_PX
        offset_y, offset_x = offsets[:, rows, columns]
        left = (columns + offset_x + 0.5) * CELL_PX - width / 2
        top = (rows + offset_y + 0.5) * CELL_PX - height / 2
        chosen = points[:, rows, columns]
        x, y = chosen[1::2] * width + left, chosen[0::2] * height + top
        boxes = torch.stack([left, top, left + width, top + height], 1)
        return Candidates(boxes.cpu(), scores.cpu(), torch.stack([x, y], 2).transpose(0, 1).cpu())
