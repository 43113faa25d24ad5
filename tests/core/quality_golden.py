"""The golden file quality_golden.json: what three generated pictures measure and score.

`python tests/core/quality_golden.py --write` writes it anew, from the parameters as they are: look at the change, and
raise MODEL_VERSION in core/quality_score.py if scores moved after a release.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

GOLDEN = Path(__file__).resolve().parent / "quality_golden.json"
SIDE_PX = 192


def draw() -> dict[str, torch.Tensor]:
    """Three pictures, (1, H, W, 3) in whole levels of 0..1, made of numbers that every version of numpy draws alike."""
    random = np.random.RandomState(11)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(SIDE_PX), np.fft.fftfreq(SIDE_PX)))
    frequency[0, 0] = 1
    spectra = np.fft.fft2(random.standard_normal((3, SIDE_PX, SIDE_PX))) / frequency**1.2
    clouds = np.fft.ifft2(spectra).real
    clouds = np.moveaxis(0.5 + 0.18 * clouds / clouds.std((1, 2), keepdims=True), 0, 2)
    squares = random.uniform(0, 1, (12, 12, 3)).repeat(16, 0).repeat(16, 1)
    grain = 0.06 * random.standard_normal((SIDE_PX, SIDE_PX, 3))
    pictures = {"clouds": clouds, "squares": 0.7 * squares + 0.3 * clouds, "grain": clouds + grain}
    return {
        name: torch.from_numpy((np.clip(picture, 0, 1) * 255).round().astype(np.float32) / 255)[None]
        for name, picture in pictures.items()
    }


def measure(pack: str) -> dict[str, Any]:
    """Everything that the file holds, as the pack that is loaded under a name gives it now."""
    from importlib import import_module

    model, planes, readouts, scores, weights = (
        import_module(f"{pack}.{name}")
        for name in (
            "core.quality_model",
            "core.quality_planes",
            "core.quality_readouts",
            "core.quality_score",
            "nodes.host.weights",
        )
    )
    parameters = scores.Parameters(weights.load_data("quality_families"), weights.load_data("niqe_parameters"))
    found: dict[str, Any] = {"model_version": scores.MODEL_VERSION}
    for name, image in draw().items():
        features = readouts.look(planes.whole_picture(image[0]))
        found[name] = {"inputs": [round(value, 6) for value in model.feature_vector(features)]}
        for preset in model.PRESETS_WITH_CURVES:
            found[name][preset] = scores.score_pictures(image, parameters, preset=preset).report["images"][0][
                "families"
            ]
    return found


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(f"usage: python {sys.argv[0]} --write")
    sys.path.insert(0, str(GOLDEN.parents[1]))
    import conftest

    GOLDEN.write_text(json.dumps(measure(conftest.PACK), indent=1) + "\n", encoding="utf-8")
