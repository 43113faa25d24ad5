"""The demo model: a checkpoint that draws, put together from the small file in data/demo.

ComfyUI takes it for Stable Diffusion 3 and loads it with Load Checkpoint. The file in data/demo has the diffusion model
as whole numbers of 8 bits, with a scale for each row, and the autoencoder; the text encoder is made from a seed. There
are three checkpoints of the same weights: one draws in the style that the prompt names, the others in theirs if it
names none. Runs inside ComfyUI's environment (numpy and safetensors), as `python -m engine.demo_model FOLDER`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from . import demo_text
from .layout import DEMO_CHECKPOINT, DEMO_STYLES, REPOSITORY
from .weights import Weight, write_sparse

SOURCE = REPOSITORY / "data" / "demo" / "demo_model.safetensors"
SCALE = ":scale"  # ends the name of what the rows of a weight are multiplied with
LEFT_OUT = ":shape"  # ends the name of the full shape of a weight whose last channels, or all, are zero
_TEXT = "text_encoders.clip_l.transformer.text_model."


def build(folder: Path) -> None:
    """Writes the three checkpoints.

    Raises:
        OSError: the file in data/demo is missing, or the disk is full.
    """
    from safetensors.numpy import load_file

    packed = load_file(SOURCE)
    network = [Weight(name, values.shape, lambda values=values: values) for name, values in unpacked(packed)]
    for style, file in {"": DEMO_CHECKPOINT, **DEMO_STYLES}.items():
        text = [
            Weight(_TEXT + name, shape, None if values is None else partial(np.asarray, values))
            for name, shape, values in demo_text.weights(style)
        ]
        metadata = {"title": f"Switchyard demo model{f', {style}' if style else ''}"}
        write_sparse(folder / file, [*network, *text], metadata)


def unpacked(packed: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The weights as ComfyUI names them, in single precision."""
    for name, values in packed.items():
        if name.endswith((SCALE, LEFT_OUT)):
            continue
        weight = values.astype(np.float32)
        if f"{name}{SCALE}" in packed:
            scale = packed[f"{name}{SCALE}"].astype(np.float32)
            weight *= scale.reshape(-1, *([1] * (weight.ndim - 1)))
        if f"{name}{LEFT_OUT}" in packed:
            whole = np.zeros(tuple(packed[f"{name}{LEFT_OUT}"]), np.float32)
            if weight.size:
                whole[:, : weight.shape[1]] = weight
            weight = whole
        yield name, weight


if __name__ == "__main__":
    build(Path(sys.argv[1]))
