"""Makes tests/core/face_parity.json: what the original networks give on fixed pictures, run by their own runtimes.

Usage: parity.py centerface.onnx face_detection_full_range.tflite face_detection_back.tflite, in the environment of
README.md. Values are stored, not the networks: the best cells and every so many others of each output.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent.parent
BEST, EVERY = 24, 997
# (file of data/demo, top, left, height, width, step): each network gets the pixels themselves, nothing is resized.
CENTERFACE_PICTURES = (("astronaut.png", 0, 0, 512, 512, 1), ("grace_hopper.jpg", 0, 0, 576, 512, 1))
FULL_PICTURES = (("astronaut.png", 0, 80, 384, 384, 2), ("grace_hopper.jpg", 64, 64, 384, 384, 2))
BACK_PICTURES = (("astronaut.png", 0, 0, 512, 512, 2), ("grace_hopper.jpg", 0, 0, 512, 512, 2))


def pixels(name: str, top: int, left: int, height: int, width: int, step: int) -> np.ndarray:
    with Image.open(ROOT / "data" / "demo" / name) as opened:
        return np.array(opened.convert("RGB"), np.float32)[top : top + height : step, left : left + width : step]


def kept(scores: np.ndarray, others: np.ndarray) -> dict[str, Any]:
    """Values at the best places and at every so many others; scores (N,), others (N, numbers)."""
    best = np.argsort(-scores, kind="stable")[:BEST]
    places = sorted({*best.tolist(), *range(0, len(scores), EVERY)})
    return {
        "places": places,
        "scores": [round(float(value), 6) for value in scores[places]],
        "others": [[round(float(value), 5) for value in row] for row in others[places]],
    }


def run_centerface(path: str) -> list[dict[str, Any]]:
    model = onnx.load(path)
    for value in (*model.graph.input, *model.graph.output):
        for axis, dimension in enumerate(value.type.tensor_type.shape.dim):
            if axis != 1:
                dimension.dim_param = f"axis{axis}"
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    rows = []
    for picture in CENTERFACE_PICTURES:
        given = pixels(*picture).transpose(2, 0, 1)[None]
        heat, *others = session.run(None, {session.get_inputs()[0].name: given})
        flat = np.concatenate([np.asarray(other)[0].reshape(len(np.asarray(other)[0]), -1) for other in others]).T
        rows.append({"picture": picture, **kept(np.asarray(heat).reshape(-1), flat)})
    return rows


def run_blazeface(path: str, pictures: tuple[tuple[str, int, int, int, int, int], ...]) -> list[dict[str, Any]]:
    interpreter = Interpreter(model_path=path)
    interpreter.allocate_tensors()
    rows = []
    for picture in pictures:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels(*picture)[None] / 127.5 - 1)
        interpreter.invoke()
        found = [interpreter.get_tensor(output["index"])[0] for output in interpreter.get_output_details()]
        boxes, scores = sorted(found, key=lambda output: -output.shape[-1])
        rows.append({"picture": picture, **kept(scores[:, 0], boxes)})
    return rows


def main() -> None:
    centerface, full, back = sys.argv[1:]
    found = {
        "centerface": run_centerface(centerface),
        "blazeface_full": run_blazeface(full, FULL_PICTURES),
        "blazeface_back": run_blazeface(back, BACK_PICTURES),
    }
    target = ROOT / "tests" / "core" / "face_parity.json"
    lines = ['"' + name + '": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]" for name, rows in found.items()]
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
