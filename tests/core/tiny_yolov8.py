"""A YOLOv8 of 8 to 32 channels with two classes: its weights and a picture by formulas, so that none are stored.

tiny_yolov8.json holds what ultralytics 8.4.190 made of them (its DetectionModel of yolov8.yaml with these widths and
repeats, in float32, all values of the model in evaluation mode): for each of 126 places the box's corners in pixels,
then the scores.
"""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

CLASSES = 2
_WIDTHS = (8, 8, 16, 24, 32)  # of the stem and the four stages
_BINS = 16


def layers() -> Iterator[tuple[str, int, int, int]]:
    """Each convolution with a batch norm: name, channels out, channels in, kernel."""
    stem, one, two, three, four = _WIDTHS
    yield from [("0", stem, 3, 3), ("1", one, stem, 3)]
    yield from _c2f("2", one, one, 1)
    yield ("3", two, one, 3)
    yield from _c2f("4", two, two, 2)
    yield ("5", three, two, 3)
    yield from _c2f("6", three, three, 2)
    yield ("7", four, three, 3)
    yield from _c2f("8", four, four, 1)
    yield from [("9.cv1", four // 2, four, 1), ("9.cv2", four, four * 2, 1)]
    yield from _c2f("12", three, four + three, 1)
    yield from _c2f("15", two, three + two, 1)
    yield ("16", two, two, 3)
    yield from _c2f("18", three, two + three, 1)
    yield ("19", three, three, 3)
    yield from _c2f("21", four, three + four, 1)
    for level, width in enumerate((two, three, four)):
        for part, inner in (("cv2", 4 * _BINS), ("cv3", two)):
            yield (f"22.{part}.{level}.0", inner, width, 3)
            yield (f"22.{part}.{level}.1", inner, inner, 3)


def weights(prefix: str = "model.") -> dict[str, Tensor]:
    """All weights, by the names that the published models have; the same tensors each time."""
    return {prefix + name: tensor for name, tensor in _made().items()}


@cache
def _made() -> dict[str, Tensor]:
    made: dict[str, Tensor] = {}
    for name, out, into, kernel in layers():
        made[f"{name}.conv.weight"] = _wave(name, out, into, kernel, kernel) * (2 / (into * kernel**2)) ** 0.5 * 1.4
        made[f"{name}.bn.weight"] = 1 + 0.3 * _wave(f"{name} gain", out)
        made[f"{name}.bn.bias"] = 0.2 * _wave(f"{name} bias", out)
        made[f"{name}.bn.running_mean"] = 0.1 * _wave(f"{name} mean", out)
        made[f"{name}.bn.running_var"] = 1 + 0.5 * _wave(f"{name} variance", out)
    for level in range(3):
        for part, out, into in (("cv2", 4 * _BINS, 4 * _BINS), ("cv3", CLASSES, _WIDTHS[2])):
            name = f"22.{part}.{level}.2"
            made[f"{name}.weight"] = _wave(name, out, into, 1, 1) * ((4.0 if part == "cv2" else 12.0) / into**0.5)
            made[f"{name}.bias"] = _wave(f"{name} bias", out)
    made["22.dfl.conv.weight"] = torch.arange(_BINS, dtype=torch.float32).reshape(1, _BINS, 1, 1)
    return made


def picture(height: int = 64, width: int = 96) -> Tensor:
    """A picture (1, 3, H, W), 0..1."""
    return 0.5 + 0.5 * _wave("picture", 1, 3, height, width)


def reference() -> Tensor:
    """What ultralytics makes of the picture: (126, 4 + CLASSES)."""
    return torch.tensor(json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8")))


def checkpoint(names: dict[int, str] | None = None, **others: Any) -> dict[str, Any]:
    """What a .pt file of ultralytics holds, its model's classes made up; to be saved while `ultralytics_is_there`."""
    model = sys.modules["ultralytics.nn.tasks"].DetectionModel()
    model.names = {0: "person", 1: "face"} if names is None else names
    for name, tensor in weights().items():
        *inner, last = name.split(".")
        module = model
        for part in inner:
            if part not in module._modules:
                module.add_module(part, nn.Module())
            module = module._modules[part]
        is_statistic = last.startswith("running_")
        module.register_buffer(last, tensor.half()) if is_statistic else module.register_parameter(
            last, nn.Parameter(tensor.half(), False)
        )
    return {"epoch": -1, "model": model, "ema": None, "train_args": {"imgsz": 320, "task": "detect"}, **others}


@contextmanager
def ultralytics_is_there() -> Iterator[None]:
    """Lets classes be pickled by the names that ultralytics has; afterwards these can't be imported any more."""
    tasks = ModuleType("ultralytics.nn.tasks")
    tasks.DetectionModel = type("DetectionModel", (nn.Module,), {"__module__": tasks.__name__})
    made = {
        "ultralytics": ModuleType("ultralytics"),
        "ultralytics.nn": ModuleType("ultralytics.nn"),
        tasks.__name__: tasks,
    }
    sys.modules.update(made)
    try:
        yield
    finally:
        for name in made:
            del sys.modules[name]


def _c2f(name: str, out: int, into: int, repeats: int) -> Iterator[tuple[str, int, int, int]]:
    half = out // 2
    yield (f"{name}.cv1", out, into, 1)
    yield (f"{name}.cv2", out, half * (2 + repeats), 1)
    for number in range(repeats):
        for part in ("cv1", "cv2"):
            yield (f"{name}.m.{number}.{part}", half, half, 3)


def _wave(name: str, *shape: int) -> Tensor:
    """Numbers from -1 to 1 without a pattern that a convolution would see, other ones for each name."""
    count = int(torch.tensor(shape).prod())
    places = torch.arange(count, dtype=torch.float64)
    return (places * 12.9898 + places**2 * 0.618034 + zlib.crc32(name.encode()) % 1000).sin().float().reshape(shape)
