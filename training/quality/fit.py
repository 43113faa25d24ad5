"""Fits the quality families to the training samples, and writes data/quality_families.safetensors.

`python training/quality/fit.py` after `samples.py`, then `report.py`. Five folds of the training pictures, disjoint by
group, give the predictions on which the curves are fixed, so that a given share of clean pictures passes 0.8. The final
networks learn from all training pictures. The held-out pictures are not read here.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pack import ROOT, core
from pictures import DEFAULT_CACHE
from samples import CLEAN, COUNTED, FAMILIES, load

HIDDEN = 64
NETWORKS = 4
EPOCHS = 50
FOLDS = 5
BATCH = 128
DATA = ROOT / "data" / "quality_families.safetensors"

# The share of clean pictures of the folds that pass 0.8, all families together, and of which domain.
CALIBRATION = {"photo": ("photo", 0.99), "illustration": ("art", 0.97)}

Array = NDArray[Any]
model = core("quality_model")


def inputs_of(samples: dict[str, Array]) -> Array:
    """The networks' inputs of stored samples, (number, features)."""
    names = [str(name) for name in samples["names"]]
    return np.array(
        [model.feature_vector(dict(zip(names, row, strict=True))) for row in samples["features"].tolist()], np.float32
    )


def fit(inputs: Array, targets: Array, importance: Array, seeds: Sequence[int]) -> dict[str, Tensor]:
    """Fits one network for each seed: mean squared error, AdamW, dropout and noisy inputs."""
    centre = np.median(inputs, 0)
    scale = inputs.std(0) + 1e-3
    shown = torch.tensor(np.clip((inputs - centre) / scale, -5, 5), dtype=torch.float32)
    wanted, weight = (torch.tensor(array, dtype=torch.float32) for array in (targets, importance))
    networks = [_fit_one(shown, wanted, weight, seed) for seed in seeds]
    return {
        "version": torch.tensor(model.VERSION),
        "features.centre": torch.tensor(centre, dtype=torch.float32),
        "features.scale": torch.tensor(scale, dtype=torch.float32),
        "hidden.weight": torch.stack([network[0].weight.data for network in networks]),
        "hidden.bias": torch.stack([network[0].bias.data for network in networks]),
        "heads.weight": torch.stack([network[3].weight.data for network in networks]),
        "heads.bias": torch.stack([network[3].bias.data for network in networks]),
    }


def _fit_one(shown: Tensor, wanted: Tensor, weight: Tensor, seed: int) -> Any:
    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Linear(shown.shape[1], HIDDEN), nn.GELU(), nn.Dropout(0.2), nn.Linear(HIDDEN, len(FAMILIES))
    )
    steps = EPOCHS * -(-len(shown) // BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=2e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 6e-3, total_steps=steps)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(shown)).split(BATCH):
            noisy = shown[batch] + 0.1 * torch.randn(len(batch), shown.shape[1])
            errors = (torch.sigmoid(network(noisy)) - wanted[batch]).square().sum(1)
            optimiser.zero_grad()
            (errors * weight[batch]).mean().backward()
            optimiser.step()
            schedule.step()
    return network.eval()


def cross_validated(inputs: Array, targets: Array, importance: Array, groups: Array, seeds: Sequence[int]) -> Array:
    """Raw scores of every sample by networks that have seen no picture of its group, (number, families)."""
    names = sorted(set(groups.tolist()))
    np.random.default_rng(7).shuffle(names)
    raw = np.zeros((len(inputs), len(FAMILIES)), np.float32)
    for fold in range(FOLDS):
        unseen = np.isin(groups, names[fold::FOLDS])
        weights = fit(inputs[~unseen], targets[~unseen], importance[~unseen], seeds)
        raw[unseen] = model.raw_scores(torch.from_numpy(inputs[unseen]), weights).numpy()
    return raw


def curves(raw: Array, is_clean: Array, is_damaged: Array, passing: float) -> Tensor:
    """One curve a family, (families, points, 2): the raw output that 0.8 stands for, and straight lines around it.

    Each family starts at 0.8 itself. While too few clean pictures pass, the family is made more lenient, a step at a
    time, where that saves the most clean pictures for each damaged one that then passes too.
    """
    cut = np.full(len(FAMILIES), 0.8)
    while (now := float((raw[is_clean] >= cut).all(1).mean())) < passing:
        rejected = float((raw[is_damaged] < cut).any(1).mean())
        best, best_worth = None, -1.0
        for family in range(len(FAMILIES)):
            for step in (0.02, 0.06, 0.15):
                tried = cut.copy()
                tried[family] = max(0.1, tried[family] - step)
                gained = float((raw[is_clean] >= tried).all(1).mean()) - now
                lost = rejected - float((raw[is_damaged] < tried).any(1).mean())
                worth = gained / (lost + 1e-4)
                if gained > 0 and worth > best_worth:
                    best, best_worth = tried, worth
        if best is None:
            break
        cut = best
    middle = np.quantile(raw[is_clean], 0.5, axis=0)
    return torch.tensor(
        [
            [[0.0, 0.0], [low, 0.8], [max(half, low + 0.01), 0.97], [max(1.0, half + 0.02), 1.0]]
            for low, half in zip(cut.tolist(), middle.tolist(), strict=True)
        ]
    )


def training_samples(cache: Path) -> dict[str, Array]:
    """The samples of all training pictures and drawings."""
    parts = [load(cache / f"{name}.npz") for name in ("training", "drawings", "ladder_training")]
    columns = [name for name in parts[0] if name != "names"]
    return {name: np.concatenate([part[name] for part in parts]) for name in columns} | {"names": parts[0]["names"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE)
    options = parser.parse_args()
    samples = training_samples(options.cache)
    inputs, targets = inputs_of(samples), samples["targets"]
    is_clean = samples["kind"] == CLEAN
    importance = np.where(is_clean | np.char.startswith(samples["kind"].astype(str), "benign"), 2.0, 1.0)

    print(f"{FOLDS} folds of {len(inputs)} samples", flush=True)
    raw = cross_validated(inputs, targets, importance, samples["group"], seeds=(0, 1))
    np.save(options.cache / "folds.npy", raw)
    is_damaged = np.isin(samples["kind"], COUNTED) & (samples["level"] >= 2.5)
    print("networks for all samples", flush=True)
    weights = fit(inputs, targets, importance, range(NETWORKS))
    for preset, (domain, passing) in CALIBRATION.items():
        of_domain = samples["domain"] == domain
        weights[f"curves.{preset}"] = curves(raw, is_clean & of_domain, is_damaged & of_domain, passing)
        print(preset, dict(zip(FAMILIES, weights[f"curves.{preset}"][:, 1, 0].tolist(), strict=True)))
    _save(weights)


def _save(weights: dict[str, Tensor]) -> None:
    from safetensors.torch import save_file

    stored = {name: (tensor if name == "version" else tensor.half()).contiguous() for name, tensor in weights.items()}
    save_file(stored, DATA, metadata={"model": f"families-{model.VERSION}", "made_by": "training/quality/fit.py"})
    DATA.chmod(0o644)
    manifest = DATA.parent / "manifest.json"
    entries = [entry for entry in json.loads(manifest.read_text("utf-8")) if entry["file"] != DATA.name]
    entries.append(
        {
            "file": DATA.name,
            "sha256": hashlib.sha256(DATA.read_bytes()).hexdigest(),
            "source": {"script": "training/quality/fit.py", "pictures": "training/quality/pictures_training.csv"},
            "author": "The authors of Switchyard",
            "licence": "MIT",
            "provenance": "Numbers fitted to statistics of pictures fetched from packages; no picture is contained.",
        }
    )
    entries.sort(key=lambda entry: entry["file"])
    manifest.write_text(json.dumps(entries, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
