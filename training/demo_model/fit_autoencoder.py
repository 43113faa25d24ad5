"""Trains the autoencoder on the drawn pictures, then turns all pictures into latents.

`python training/demo_model/fit_autoencoder.py [--minutes 20]` after dataset.py; writes .sandbox/demo_model/.
`--resume` goes on with what is there; `--packed` takes what is in data/demo in its place.
`--decoder-only` goes on with the decoder alone: the latents, and a model that was trained on them, stay valid.
"""

from __future__ import annotations

import argparse
import math
import time

import numpy as np
import torch

from autoencoder import Autoencoder
from dataset import COUNTS, FOLDER
from packed import AUTOENCODER, fill

_CROP, _BATCH = 64, 16
_RATE = 2e-3
WEIGHTS = FOLDER / "autoencoder.pt"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--packed", action="store_true")
    parser.add_argument("--decoder-only", action="store_true")
    options = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(2)
    model = Autoencoder().to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    if options.packed:
        fill(model, AUTOENCODER)
    elif options.resume or options.decoder_only:
        model.load_state_dict(torch.load(WEIGHTS))
    train(model, options.minutes, options.decoder_only)
    torch.save(model.state_dict(), WEIGHTS)
    print(f"{quality(model):.2f} dB", flush=True)
    if options.packed or not options.decoder_only:
        write_latents(model)


def train(model: Autoencoder, minutes: float, decoder_only: bool) -> None:
    """Trains for a while, at a rate that falls to nothing at its end."""
    pictures = {size: np.load(FOLDER / f"pictures_{size}.npy", mmap_mode="r") for size in COUNTS}
    generator = np.random.default_rng(2)
    parameters = (model.taesd_decoder if decoder_only else model).parameters()
    optimizer = torch.optim.Adam(parameters, _RATE, betas=(0.9, 0.99), fused=True)
    start, seconds = time.monotonic(), 60 * minutes
    model.train(not decoder_only)
    step, shown = 0, 0.0
    while (elapsed := time.monotonic() - start) < seconds:
        for group in optimizer.param_groups:
            group["lr"] = _RATE * min(1, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * elapsed / seconds))
        size = 128 if generator.random() < 0.7 else 256
        batch = torch.from_numpy(crops(pictures[size], generator)).permute(0, 3, 1, 2).float() / 255
        with torch.autocast("cpu", torch.bfloat16):
            loss = model.loss(batch.contiguous(memory_format=torch.channels_last))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        shown = loss.item() if not step else 0.98 * shown + 0.02 * loss.item()
        step += 1
        if step % 100 == 0:
            print(f"step {step}  {elapsed:.0f} s  loss {shown:.4f}", flush=True)


def crops(pictures: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Parts of pictures chosen at random; they begin at multiples of 8, as the latents do."""
    count, size = pictures.shape[:2]
    steps = (size - _CROP) // 8 + 1
    places = zip(*(generator.integers(n, size=_BATCH) for n in (count, steps, steps)), strict=True)
    return np.stack([pictures[i, 8 * y : 8 * y + _CROP, 8 * x : 8 * x + _CROP] for i, y, x in places])


@torch.inference_mode()
def quality(model: Autoencoder) -> float:
    """Peak signal to noise ratio in dB of 200 pictures that came back."""
    model.eval()
    pictures = np.load(FOLDER / "pictures_128.npy", mmap_mode="r")[-200:]
    batch = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
    back = torch.cat([model.decode(model.encode(part)) for part in batch.split(20)]).clamp(0, 1)
    return float((-10 * (back - batch).square().mean((1, 2, 3)).log10()).mean())


@torch.inference_mode()
def write_latents(model: Autoencoder) -> None:
    model.eval()
    for size, count in COUNTS.items():
        pictures = np.load(FOLDER / f"pictures_{size}.npy", mmap_mode="r")
        path = FOLDER / f"latents_{size}.npy"
        latents = np.lib.format.open_memmap(path, "w+", np.float16, (count, 16, size // 8, size // 8))
        for first in range(0, count, 50):
            batch = torch.from_numpy(pictures[first : first + 50]).permute(0, 3, 1, 2).float() / 255
            with torch.autocast("cpu", torch.bfloat16):
                latents[first : first + 50] = model.encode(batch.contiguous(memory_format=torch.channels_last)).half()
        latents.flush()


if __name__ == "__main__":
    main()
