"""The scorers that benchmarks/quality_ladder.py compares: what each needs, and a process that scores with one of them.

References run in environments of their own, with exact pins, so that none can disturb another. The process reads frames
from its input (one line of JSON, then the bytes of an (N, H, W, 3) uint8 array) and answers each with a line of JSON.
Not meant to be run by hand.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
THIS_PYTHON = "this Python"
TIMED_RUNS = 3
PATIENCE_S = 30.0  # a scorer that needs longer than this for one call is timed once

Batch = NDArray[np.uint8]
Score = Callable[[Batch, str], list[float]]  # a batch and "photo" or "art" in, a number for each picture out

# What pip installs into each environment, without anything else. "torch" sees the packages of the Python that runs the
# benchmark as well: torch, torchvision, numpy, scipy.
_IMAGES = ("pillow==12.0.0", "imageio==2.37.2", "lazy-loader==0.4", "networkx==3.4.2", "packaging==25.0")
_SKIMAGE = ("scikit-image==0.25.2", "scipy==1.15.3", "tifffile==2025.5.10", *_IMAGES)
_REQUESTS = ("requests==2.32.5", "urllib3==2.5.0", "idna==3.11", "certifi==2025.10.5", "charset-normalizer==3.4.4")
_CV2 = "opencv-python-headless==4.10.0.84"
ENVIRONMENTS: dict[str, tuple[str, ...]] = {
    THIS_PYTHON: (),
    "torch": ("pyiqa==0.1.16", "piq==0.8.0", "timm==1.0.22", _CV2),
    "numpy": ("pypiqe==1.2", "PyWavelets==1.8.0", "numpy==2.2.6", _CV2, *_SKIMAGE),
    "brisque": ("brisque==0.2.0", "libsvm-official==3.36.0", "numpy==1.26.4", _CV2, *_SKIMAGE, *_REQUESTS),
}


class Scorer(NamedTuple):
    """A way to score: where it runs, whether its number grows (+1) or falls (-1) with quality, and how it is made."""

    environment: str
    sign: int
    make: Callable[[], Score]


def _pack() -> Any:
    """The pack, loaded by path as ComfyUI does."""
    spec = importlib.util.spec_from_file_location("switchyard_ladder", ROOT / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    pack = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pack)
    return pack


def _floats(batch: Batch) -> Any:
    import torch

    torch.set_num_threads(1)
    return torch.from_numpy(batch).float() / 255


def _quality_score(art_preset: str) -> Score:
    node = _pack().NODE_CLASS_MAPPINGS["SwitchyardQualityScore"]()

    def score(batch: Batch, domain: str) -> list[float]:
        return node.execute(_floats(batch), preset=art_preset if domain == "art" else "photo")["result"][2]

    return score


def _own_niqe() -> Score:
    _pack()
    niqe = importlib.import_module("switchyard_ladder.core.niqe")
    planes = importlib.import_module("switchyard_ladder.core.quality_planes")
    weights = importlib.import_module("switchyard_ladder.nodes.host.weights").load_data("niqe_parameters")

    def of_picture(picture: Any) -> float:
        found = niqe.niqe(niqe.measure_blocks(planes.whole_picture(picture).luma), weights)
        return float("nan") if found is None else found

    return lambda batch, _: [of_picture(picture) for picture in _floats(batch)]


def _pyiqa(name: str, **options: Any) -> Score:
    import pyiqa
    import torch

    metric = pyiqa.create_metric(name, device="cpu", **options)

    def score(batch: Batch, _: str) -> list[float]:
        with torch.no_grad():
            return metric(_floats(batch).permute(0, 3, 1, 2)).flatten().tolist()

    return score


def _pyiqa_niqe() -> Score:
    """With the authors' parameters, from our copy: pyiqa would fetch the same ones."""
    from safetensors.numpy import load_file
    from scipy.io import savemat

    numbers = load_file(ROOT / "data" / "niqe_parameters.safetensors")
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "parameters.mat")
        savemat(path, {"mu_prisparam": numbers["mean"], "cov_prisparam": numbers["covariance"]})
        return _pyiqa("niqe", pretrained_model_path=path)


def _piq_brisque() -> Score:
    import torch
    from piq import brisque

    brisque(torch.rand(1, 3, 96, 96))  # fetches what it needs
    return lambda batch, _: brisque(_floats(batch).permute(0, 3, 1, 2), reduction="none").tolist()


def _one_by_one(score: Callable[[Any], Any], grey: bool = False) -> Score:
    """Of a function of one picture: (H, W, 3) RGB uint8, or its luma as (H, W) float64 in 0..255."""
    luma = np.array([0.299, 0.587, 0.114])
    return lambda batch, _: [float(score(picture @ luma if grey else picture)) for picture in batch]


def _brisque_package() -> Score:
    from brisque import BRISQUE

    return _one_by_one(BRISQUE(url=False).score)


def _pypiqe() -> Score:
    from pypiqe import piqe

    return _one_by_one(lambda picture: piqe(picture)[0])


def _blur_effect() -> Score:
    from skimage.measure import blur_effect

    return _one_by_one(blur_effect, grey=True)


def _laplacian() -> Score:
    import cv2

    return _one_by_one(lambda plane: cv2.Laplacian(plane, cv2.CV_64F).var(), grey=True)


def _tenengrad() -> Score:
    import cv2

    def score(plane: Any) -> float:
        slopes = [cv2.Sobel(plane, cv2.CV_64F, *axes) for axes in ((1, 0), (0, 1))]
        return float(np.mean(slopes[0] ** 2 + slopes[1] ** 2))

    return _one_by_one(score, grey=True)


def _noise_sigma() -> Score:
    from skimage.restoration import estimate_sigma

    return _one_by_one(lambda picture: estimate_sigma(picture / 255.0, average_sigmas=True, channel_axis=-1))


def _entropy() -> Score:
    from skimage.measure import shannon_entropy

    return _one_by_one(lambda plane: shannon_entropy(plane.round()), grey=True)


OWN = "Quality Score"
SCORERS: dict[str, Scorer] = {
    OWN: Scorer(THIS_PYTHON, 1, lambda: _quality_score("illustration")),
    "Quality Score, preset photo": Scorer(THIS_PYTHON, 1, lambda: _quality_score("photo")),
    "NIQE, our read-out": Scorer(THIS_PYTHON, -1, _own_niqe),
    "NIQE, pyiqa": Scorer("torch", -1, _pyiqa_niqe),
    "PIQE, pyiqa": Scorer("torch", -1, lambda: _pyiqa("piqe")),
    "PIQE, pypiqe": Scorer("numpy", -1, _pypiqe),
    "BRISQUE, pyiqa": Scorer("torch", -1, lambda: _pyiqa("brisque")),
    "BRISQUE, piq": Scorer("torch", -1, _piq_brisque),
    "BRISQUE, brisque": Scorer("brisque", -1, _brisque_package),
    "blur effect, skimage": Scorer("numpy", -1, _blur_effect),
    "Laplacian variance, OpenCV": Scorer("numpy", 1, _laplacian),
    "Tenengrad, OpenCV": Scorer("numpy", 1, _tenengrad),
    "noise sigma, skimage": Scorer("numpy", -1, _noise_sigma),
    "entropy, skimage": Scorer("numpy", 1, _entropy),
}


def _score_each(score: Score, batch: Batch, domain: str) -> dict[str, Any]:
    """The number of each picture, scored alone; None where the scorer fails or gives no finite number."""
    found: list[float | None] = []
    trouble = ""
    for number in range(len(batch)):
        try:
            value = float(score(batch[number : number + 1], domain)[0])
        except Exception as error:  # noqa: BLE001 - whatever a reference raises is its answer
            value, trouble = float("nan"), repr(error)
        found.append(value if np.isfinite(value) else None)
    return {"scores": found, "trouble": trouble}


def _time(score: Score, batch: Batch, domain: str) -> dict[str, Any]:
    """Milliseconds of processor time for each picture of a batch that is handed over at once: the best of some runs."""
    times: list[float] = []
    while len(times) <= TIMED_RUNS and sum(times) < PATIENCE_S:
        began = time.process_time()
        score(batch, domain)
        times.append(time.process_time() - began)
    return {"ms": 1000 * min(times[1:] or times) / len(batch)}


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a reference prints is no answer

    def answer(found: dict[str, Any]) -> None:
        print(json.dumps(found), file=answers, flush=True)

    try:
        score = SCORERS[sys.argv[1]].make()
    except Exception as error:  # noqa: BLE001 - told to the user, and the others go on
        answer({"error": repr(error)})
        return
    answer({"ready": True})
    frames = sys.stdin.buffer
    while line := frames.readline():
        frame = json.loads(line)
        batch = np.frombuffer(frames.read(int(np.prod(frame["shape"]))), np.uint8).reshape(frame["shape"]).copy()
        try:
            answer((_time if frame["timed"] else _score_each)(score, batch, frame["domain"]))
        except Exception as error:  # noqa: BLE001 - told to the user, and the others go on
            answer({"error": repr(error)})


if __name__ == "__main__":
    main()
