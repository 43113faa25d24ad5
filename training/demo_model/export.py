"""Packs the trained model and its autoencoder into data/demo/demo_model.safetensors.

`python training/demo_model/export.py` after fit.py. Matrices become whole numbers of 8 bits with a scale for each row;
everything else stays in half precision. Columns that read what CLIP-L alone never gives, and blocks that do nothing,
are left out; tools/engine/demo_model.py puts zeros in their place.
"""

from __future__ import annotations

import hashlib
import json

import numpy as np
import torch
from safetensors.numpy import save_file

from autoencoder import IDLE, Autoencoder
from engine.demo_model import LEFT_OUT, SCALE, SOURCE
from engine.demo_text import WIDTH
from fit import WEIGHTS
from fit_autoencoder import WEIGHTS as AUTOENCODER_WEIGHTS
from packed import AUTOENCODER, NETWORK

_READ_IN_PART = ("context_embedder.weight", "y_embedder.mlp.0.weight")
_VAE_SCALE, _VAE_SHIFT = 1.5305, 0.0609  # ComfyUI's for this family: the model gets the encoder's own numbers
_LEAST_QUANTIZED = 4096  # weights; smaller ones stay as they are


def main() -> None:
    packed: dict[str, np.ndarray] = {}
    for name, weight in torch.load(WEIGHTS)["average"].items():
        pack(packed, f"{NETWORK}{name}", weight, whole=not name.endswith(_READ_IN_PART))
    autoencoder = Autoencoder()
    autoencoder.load_state_dict(torch.load(AUTOENCODER_WEIGHTS))
    for name, weight in autoencoder.export().items():
        packed[f"{AUTOENCODER}{name}"] = weight.half().numpy()
    for block in IDLE:
        for layer in (0, 2, 4):
            name = f"{AUTOENCODER}{block}.conv.{layer}"
            packed[f"{name}.weight"], packed[f"{name}.weight{LEFT_OUT}"] = (
                np.zeros(0, np.float16),
                np.array([64, 64, 3, 3]),
            )
            packed[f"{name}.bias"] = np.zeros(64, np.float16)
    packed[f"{AUTOENCODER}vae_scale"] = np.array(_VAE_SCALE, np.float32)
    packed[f"{AUTOENCODER}vae_shift"] = np.array(_VAE_SHIFT, np.float32)
    SOURCE.parent.mkdir(parents=True, exist_ok=True)
    save_file(packed, SOURCE)
    note_in_manifest()
    print(f"{SOURCE.name}: {SOURCE.stat().st_size / 1e6:.1f} MB")


def note_in_manifest() -> None:
    """Says in data/manifest.json where the file comes from."""
    data = SOURCE.parent.parent
    name = SOURCE.relative_to(data).as_posix()
    entries = json.loads((data / "manifest.json").read_text(encoding="utf-8"))
    others = [entry for entry in entries if entry["file"] != name]
    entry = {
        "file": name,
        "sha256": hashlib.sha256(SOURCE.read_bytes()).hexdigest(),
        "source": {"script": "training/demo_model/fit.py", "pictures": "training/demo_model/scenes.py"},
        "author": "The authors of Switchyard",
        "licence": "MIT",
        "provenance": "Weights fitted to pictures that the scripts draw: no foreign picture, no foreign weight.",
    }
    whole = sorted([*others, entry], key=lambda each: each["file"])
    (data / "manifest.json").write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def pack(packed: dict[str, np.ndarray], name: str, weight: torch.Tensor, whole: bool) -> None:
    """Adds one weight, quantised if it is a large matrix."""
    values = weight.float().numpy()
    if not whole:
        packed[f"{name}{LEFT_OUT}"] = np.array(values.shape)
        values = values[:, :WIDTH]
    if values.ndim < 2 or values.size < _LEAST_QUANTIZED:
        packed[name] = values.astype(np.float16)
        return
    rows = values.reshape(len(values), -1)
    scale = np.maximum(np.abs(rows).max(1) / 127, 1e-8).astype(np.float16).astype(np.float32)
    scale = np.maximum(scale, 6e-8)
    packed[name] = np.clip(np.rint(rows / scale[:, None]), -127, 127).astype(np.int8).reshape(values.shape)
    packed[f"{name}{SCALE}"] = scale.astype(np.float16)


if __name__ == "__main__":
    main()
