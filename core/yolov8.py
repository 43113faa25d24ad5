"""YOLOv8: the network, built from the names and shapes of its weights, and how boxes are read from what it gives.

Written from the published architecture (a CSP backbone, a path aggregation neck, three heads at strides 8, 16 and 32
that give class scores and, for each side of a box, a distribution of distances). All sizes (n, s, m, l, x) differ only
in widths and repeats, which the weights tell. Models for segmentation and pose have the same boxes, which are used.

Convention: pictures are (N, 3, H, W), 0..1 RGB; boxes as in faces.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from .detected_faces import face_classes, faces_in_picture
from .faces import Face

INPUT_PX = 640  # the side that nearly all were trained with
STRIDES = (8, 16, 32)

_HEAD = 22
_GREY = 114 / 255  # what the pictures were padded with in training
_NORM_EPS = 1e-3
_MOST_REPEATS = 32
_OTHERS = (
    (r"\.one2one_cv", "a YOLOv10 or later"),
    (r"\.(attn|m\.0\.m\.0)\.", "a YOLO11 or later"),
    (r"\.(2|4)\.cv2\.0\.cv\d\.", "a YOLOv9"),
    (r"\.24\.(anchors|anchor_grid|m\.0\.weight)\b", "a YOLOv5"),
    (r"\b(2[3-9]|3\d)\.cv2\.0\.0\.conv\.weight", "a YOLO of another layout (v5u, P2 or P6, or a later version)"),
    (r"\b(down_blocks|diffusion_model)\.", "a model that makes pictures"),
)


class Prediction(NamedTuple):
    """What the network gives for a batch: boxes (N, P, 4) in pixels of its input; scores (N, P, classes), 0..1."""

    boxes: Tensor
    scores: Tensor


class YoloV8(nn.Module):
    """The network, made of its weights.

    Attributes:
        faces: the numbers of its classes that are faces.
        labels: what these are called.
        input_px: the longer side of the pictures that it is given.
    """

    def __init__(self, weights: Mapping[str, Tensor], names: Mapping[int, str], input_px: int = 0) -> None:
        """Builds it.

        Args:
            weights: by the names of the published models, with any prefix; batch norms apart or already folded in.
            names: the classes by number, where known.
            input_px: the longer side that it was trained with; 0 for the usual one.

        Raises:
            ValueError: these are no weights of a YOLOv8, or it finds no faces. The text goes on after a file's name and
                "can't be used: ".
        """
        super().__init__()
        reader = _Reader(weights)
        conv, c2f = reader.conv, reader.c2f
        self.backbone = nn.ModuleList(
            [
                nn.Sequential(conv("0", 2), conv("1", 2), c2f("2", True), conv("3", 2), c2f("4", True)),
                nn.Sequential(conv("5", 2), c2f("6", True)),
                nn.Sequential(conv("7", 2), c2f("8", True), _Pooling(conv("9.cv1"), conv("9.cv2"))),
            ]
        )
        self.upwards = nn.ModuleList([c2f("12", False), c2f("15", False)])
        self.halvings = nn.ModuleList([conv("16", 2), conv("19", 2)])
        self.downwards = nn.ModuleList([c2f("18", False), c2f("21", False)])
        self.sides = nn.ModuleList([reader.head("cv2", level) for level in range(len(STRIDES))])
        self.classes = nn.ModuleList([reader.head("cv3", level) for level in range(len(STRIDES))])
        count = reader.class_count()
        self.faces = face_classes(names, count)
        self.labels = tuple(names.get(number, "face") for number in self.faces)
        self.input_px = max(STRIDES[-1], min(input_px or INPUT_PX, 2048))
        self.requires_grad_(False).eval()
        self._try(count)

    def forward(self, pictures: Tensor) -> Prediction:
        """Boxes and scores of pictures whose sides are multiples of 32."""
        fine, middle, coarse = self._features(pictures)
        boxes, scores = [], []
        for stride, features, sides, classes in zip(
            STRIDES, (fine, middle, coarse), self.sides, self.classes, strict=True
        ):
            boxes.append(_decode(sides(features), stride))
            scores.append(classes(features).flatten(2).transpose(1, 2).sigmoid())
        return Prediction(torch.cat(boxes, 1), torch.cat(scores, 1))

    def _features(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        fine = self.backbone[0](pictures)
        middle = self.backbone[1](fine)
        coarse = self.backbone[2](middle)
        joined = self.upwards[0](torch.cat([_double(coarse), middle], 1))
        fine = self.upwards[1](torch.cat([_double(joined), fine], 1))
        middle = self.downwards[0](torch.cat([self.halvings[0](fine), joined], 1))
        return fine, middle, self.downwards[1](torch.cat([self.halvings[1](middle), coarse], 1))

    def _try(self, count: int) -> None:
        """Finds out with a tiny picture whether the weights fit together."""
        try:
            with torch.no_grad():
                scores = self(torch.zeros(1, 3, 32, 32)).scores
        except (IndexError, RuntimeError) as error:
            raise ValueError("its weights do not fit together as those of a YOLOv8 do") from error
        if scores.shape[-1] != count:
            raise ValueError("its weights do not fit together as those of a YOLOv8 do")


def find_faces_yolov8(network: YoloV8, pictures: Tensor, min_score: float) -> list[list[Face]]:
    """The faces of pictures of one size (N, 3, H, W), on the network's device and in its dtype, best score first."""
    height, width = pictures.shape[-2:]
    inputs, left, top, (inner_height, inner_width) = letterbox(pictures, network.input_px)
    with torch.no_grad():
        prediction = network(inputs)
    scores, kinds = prediction.scores[..., list(network.faces)].float().max(-1)
    scale = torch.tensor([width / inner_width, height / inner_height] * 2)
    shift = torch.tensor([left, top] * 2)
    boxes = (prediction.boxes.float().cpu() - shift) * scale
    return [
        faces_in_picture(*of_one, network.labels, (width, height), min_score)
        for of_one in zip(boxes, scores.cpu(), kinds.cpu(), strict=True)
    ]


def letterbox(pictures: Tensor, side: int) -> tuple[Tensor, int, int, tuple[int, int]]:
    """Fits pictures into a square of that side and pads them, as little as needed, with grey.

    Plain bilinear without smoothing, as in training.

    Returns:
        The pictures, with sides that are multiples of 32; where the picture begins in them, from the left and from the
        top; its height and width in them.
    """
    height, width = pictures.shape[-2:]
    scale = min(side / height, side / width)
    inner = max(1, round(height * scale)), max(1, round(width * scale))
    if inner != (height, width):
        pictures = functional.interpolate(pictures, inner, mode="bilinear", align_corners=False)
    spare_height, spare_width = (-length % STRIDES[-1] for length in inner)
    top, left = spare_height // 2, spare_width // 2
    padding = (left, spare_width - left, top, spare_height - top)
    return functional.pad(pictures, padding, value=_GREY), left, top, inner


class _Conv(nn.Sequential):
    """A convolution and SiLU."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__(conv, nn.SiLU())


class _Bottleneck(nn.Module):
    def __init__(self, first: nn.Module, second: nn.Module, is_added: bool) -> None:
        super().__init__()
        self.first, self.second, self.is_added = first, second, is_added

    def forward(self, features: Tensor) -> Tensor:
        changed = self.second(self.first(features))
        return features + changed if self.is_added else changed


class _C2f(nn.Module):
    """Splits features in two, has bottlenecks work on one half after the other, and joins all their results."""

    def __init__(self, before: nn.Module, bottlenecks: Iterable[nn.Module], after: nn.Module) -> None:
        super().__init__()
        self.before, self.bottlenecks, self.after = before, nn.ModuleList(bottlenecks), after

    def forward(self, features: Tensor) -> Tensor:
        parts = list(self.before(features).chunk(2, 1))
        for bottleneck in self.bottlenecks:
            parts.append(bottleneck(parts[-1]))
        return self.after(torch.cat(parts, 1))


class _Pooling(nn.Module):
    """Joins features with their maxima over 5, 9 and 13 places."""

    def __init__(self, before: nn.Module, after: nn.Module) -> None:
        super().__init__()
        self.before, self.after = before, after

    def forward(self, features: Tensor) -> Tensor:
        parts = [self.before(features)]
        for _ in range(3):
            parts.append(functional.max_pool2d(parts[-1], 5, 1, 2))
        return self.after(torch.cat(parts, 1))


class _Reader:
    """Makes layers of the weights of a YOLOv8, by the names that these have."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self.weights = weights
        ending = f"{_HEAD}.cv2.0.0.conv.weight"
        self.prefix = next((name[: -len(ending)] for name in weights if name.endswith(ending)), None)
        if self.prefix is None or not self._has("2.m.0.cv1.conv.weight") or not self._has("15.m.0.cv1.conv.weight"):
            raise ValueError(_kind_of(weights))
        if self._has(f"{_HEAD}.cv4.0.2.weight") and self._get(f"{_HEAD}.cv4.0.2.weight").shape[0] == 1:
            raise ValueError("it is a YOLOv8 for turned boxes (OBB), which is not supported")

    def conv(self, name: str, stride: int = 1) -> _Conv:
        """A convolution with what its batch norm does folded into it, and SiLU."""
        weight = self._get(f"{name}.conv.weight")
        if self._has(f"{name}.bn.weight"):
            gain, bias, mean, variance = (
                self._get(f"{name}.bn.{part}") for part in ("weight", "bias", "running_mean", "running_var")
            )
            if any(part.shape != weight.shape[:1] for part in (gain, bias, mean, variance)):
                raise ValueError("its weights do not fit together as those of a YOLOv8 do")
            gain = gain / torch.sqrt(variance + _NORM_EPS)
            weight, bias = weight * gain.reshape(-1, *[1] * (weight.ndim - 1)), bias - mean * gain
        else:
            bias = self._get(f"{name}.conv.bias")
        return _Conv(_convolution(weight, bias, stride))

    def c2f(self, name: str, is_added: bool) -> _C2f:
        bottlenecks = []
        while self._has(f"{name}.m.{len(bottlenecks)}.cv1.conv.weight") and len(bottlenecks) < _MOST_REPEATS:
            inner = f"{name}.m.{len(bottlenecks)}"
            bottlenecks.append(_Bottleneck(self.conv(f"{inner}.cv1"), self.conv(f"{inner}.cv2"), is_added))
        return _C2f(self.conv(f"{name}.cv1"), bottlenecks, self.conv(f"{name}.cv2"))

    def class_count(self) -> int:
        return self._get(f"{_HEAD}.cv3.0.2.weight").shape[0]

    def head(self, part: str, level: int) -> nn.Sequential:
        name = f"{_HEAD}.{part}.{level}"
        last = _convolution(self._get(f"{name}.2.weight"), self._get(f"{name}.2.bias"), 1)
        return nn.Sequential(self.conv(f"{name}.0"), self.conv(f"{name}.1"), last)

    def _has(self, name: str) -> bool:
        return f"{self.prefix}{name}" in self.weights

    def _get(self, name: str) -> Tensor:
        found = self.weights.get(f"{self.prefix}{name}")
        if found is None:
            raise ValueError(f"{name} is missing among its weights: it is not a complete YOLOv8")
        return found.to(torch.float32)


def _convolution(weight: Tensor, bias: Tensor, stride: int) -> nn.Conv2d:
    if weight.ndim != 4 or weight.shape[2] not in (1, 3) or weight.shape[3] != weight.shape[2] or not weight.numel():
        raise ValueError("its weights do not fit together as those of a YOLOv8 do")
    if bias.shape != weight.shape[:1]:
        raise ValueError("its weights do not fit together as those of a YOLOv8 do")
    outputs, inputs, kernel, _ = weight.shape
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, device="meta")  # nothing is drawn at random
    conv.weight, conv.bias = nn.Parameter(weight, False), nn.Parameter(bias, False)
    return conv


def _double(features: Tensor) -> Tensor:
    return functional.interpolate(features, scale_factor=2, mode="nearest")


def _decode(sides: Tensor, stride: int) -> Tensor:
    """Boxes (N, P, 4) from distributions of the distances to the four sides: (N, 4 * bins, H, W), in strides."""
    count, channels, height, width = sides.shape
    chances = sides.reshape(count, 4, channels // 4, height * width).softmax(2)
    bins = torch.arange(channels // 4, device=sides.device, dtype=sides.dtype)
    left, top, right, bottom = (chances * bins[:, None]).sum(2).unbind(1)
    rows = torch.arange(height, device=sides.device, dtype=sides.dtype) + 0.5
    columns = torch.arange(width, device=sides.device, dtype=sides.dtype) + 0.5
    y, x = (grid.flatten() for grid in torch.meshgrid(rows, columns, indexing="ij"))
    return torch.stack([x - left, y - top, x + right, y + bottom], -1) * stride


def _kind_of(weights: Mapping[str, Tensor]) -> str:
    """Says what else a file is, by names that only that has."""
    names = " ".join(weights)
    for mark, kind in _OTHERS:
        if re.search(mark, names):
            return f"it is {kind}, which is not supported"
    return "it is no YOLOv8"
