"""Trains the demo model on the latents of the drawn pictures: flow matching, captions left out now and then.

`python training/demo_model/fit.py [--minutes 70]` after fit_autoencoder.py; writes .sandbox/demo_model/model.pt every
few minutes, and goes on from it with `--resume`; `--packed` begins with the model in data/demo. The loss is that of
Stable Diffusion 3: the network is shown a picture's latents mixed with noise and has to tell noise minus latents.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import time
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import CLIPTokenizerFast

from dataset import COUNTS, FOLDER
from engine.demo_text import LONGEST, START, STARTS, TOLD_APART
from mmdit import MMDiT
from packed import NETWORK, fill
from text import Encoder

DEPTH = 4
REPEATS = float(LONGEST - TOLD_APART)
WEIGHTS = FOLDER / "model.pt"
TOKENIZER = FOLDER.parent / "ComfyUI" / "comfy" / "sd1_tokenizer"
_BATCHES = {128: 96, 256: 24}
_LARGE_EVERY = 10  # steps: how often a batch of large pictures comes
_RATE, _WARM_UP = 1.5e-3, 150
_SAVE_EVERY_S = 240
_UNKNOWN_WORD = 0.05  # how many captions have a word put in that means nothing: it must not upset the model


class Captions:
    """The tokens of all captions of one size, and the style each is drawn in."""

    def __init__(self, size: int) -> None:
        tokenizer = CLIPTokenizerFast.from_pretrained(str(TOKENIZER))
        notes = [json.loads(line) for line in (FOLDER / f"captions_{size}.jsonl").read_text().splitlines()]
        self.tokens: list[list[int]] = tokenizer([note["caption"] for note in notes], add_special_tokens=False)[
            "input_ids"
        ]
        self.styles = [STARTS[note["style"]] for note in notes]

    def draw(self, numbers: np.ndarray, generator: np.random.Generator) -> tuple[list[list[int]], list[int]]:
        """The prompts of a batch: one in two begins with its style's start token."""
        prompts, styles = [], []
        for number in numbers:
            prompt = self.tokens[number]
            if prompt and generator.random() < _UNKNOWN_WORD:
                place = int(generator.integers(len(prompt) + 1))
                prompt = [*prompt[:place], int(generator.integers(START)), *prompt[place:]]
            prompts.append(prompt)
            styles.append(self.styles[number] if generator.random() < 0.5 else STARTS[""])
        return prompts, styles


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=70)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--packed", action="store_true")
    parser.add_argument("--rate", type=float, default=_RATE, help="the highest learning rate")
    parser.add_argument("--steps", type=int, default=10**9, help="stop after so many, for trying things out")
    parser.add_argument("--optimizer", choices=["muon", "adamw"], default="muon")
    options = parser.parse_args()
    torch.manual_seed(3)
    torch.set_num_threads(2)
    model = MMDiT(DEPTH)
    if options.packed:
        fill(model, NETWORK)
    optimizers = make_optimizers(model, options.optimizer)
    state: dict[str, Any] = {"step": 0, "elapsed": 0.0, "average": copy.deepcopy(model.state_dict())}
    if options.resume:
        state = torch.load(WEIGHTS)
        model.load_state_dict(state["model"])
        for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
    train(model, optimizers, state, 60 * options.minutes, options.rate, options.steps)


def make_optimizers(model: nn.Module, kind: str) -> list[torch.optim.Optimizer]:
    """Muon for the large matrices inside the blocks, AdamW for the rest."""
    inside = [p for name, p in model.named_parameters() if p.ndim == 2 and ("attn." in name or "mlp.fc" in name)]
    if kind == "adamw":
        inside = []
    chosen = {id(p) for p in inside}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(rest, _RATE, (0.9, 0.98), weight_decay=0.0, fused=True)
    ]
    if inside:
        optimizers.append(torch.optim.Muon(inside, _RATE, weight_decay=0.0, adjust_lr_fn="match_rms_adamw"))
    return optimizers


def train(
    model: MMDiT,
    optimizers: list[torch.optim.Optimizer],
    state: dict[str, Any],
    seconds: float,
    highest_rate: float,
    steps: int,
) -> None:
    """Trains until the time is over, at a rate that falls to nothing at its end."""
    latents = {size: np.load(FOLDER / f"latents_{size}.npy") for size in COUNTS}
    captions = {size: Captions(size) for size in COUNTS}
    encoder, generator = Encoder(), np.random.default_rng((4, state["step"]))
    start, saved, shown = time.monotonic() - state["elapsed"], time.monotonic(), float("nan")
    while (elapsed := time.monotonic() - start) < seconds and state["step"] < steps:
        fallen = 0.5 + 0.5 * math.cos(math.pi * elapsed / seconds)
        rate = highest_rate * min(1, (state["step"] + 1) / _WARM_UP) * fallen
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
        size = 256 if state["step"] % _LARGE_EVERY == _LARGE_EVERY - 1 else 128
        numbers = generator.integers(COUNTS[size], size=_BATCHES[size])
        text, pooled = encoder.encode(*captions[size].draw(numbers, generator))
        clean = torch.from_numpy(latents[size][numbers]).float()
        loss = flow_loss(model, clean, torch.from_numpy(text), torch.from_numpy(pooled), even=size == 256)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        state["step"] += 1
        update_average(state["average"], model, min(0.9995, 1 - 1 / (1 + state["step"] / 10)))
        if size == 128:
            shown = loss.item() if math.isnan(shown) else 0.98 * shown + 0.02 * loss.item()
        if state["step"] % 50 == 0:
            print(f"step {state['step']}  {elapsed:.0f} s  loss {shown:.4f}", flush=True)
        if time.monotonic() - saved > _SAVE_EVERY_S:
            save(model, optimizers, state, elapsed)
            saved = time.monotonic()
    save(model, optimizers, state, seconds)


def flow_loss(model: MMDiT, clean: Tensor, text: Tensor, pooled: Tensor, even: bool) -> Tensor:
    """The mean squared error of the velocity, at times drawn evenly or for the most part from the middle."""
    times = torch.rand(len(clean)) if even else torch.sigmoid(torch.randn(len(clean)) * 1.1)
    times = 2 * times / (1 + times)  # more noise, as the sampler's shift of 3 will have it
    noise = torch.randn_like(clean)
    share = times.view(-1, 1, 1, 1)
    with torch.autocast("cpu", torch.bfloat16):
        velocity = model((1 - share) * clean + share * noise, times, text.bfloat16(), pooled.bfloat16(), REPEATS)
    return (velocity.float() - (noise - clean)).square().mean()


@torch.no_grad()
def update_average(average: dict[str, Tensor], model: nn.Module, keep: float) -> None:
    now = model.state_dict()
    for name, mean in average.items():
        mean.lerp_(now[name], 1 - keep)


def save(model: nn.Module, optimizers: list[torch.optim.Optimizer], state: dict[str, Any], elapsed: float) -> None:
    """Writes all that is needed to go on; a run that is killed meanwhile leaves the file before whole."""
    state |= {"elapsed": elapsed, "model": model.state_dict(), "optimizers": [each.state_dict() for each in optimizers]}
    unfinished = WEIGHTS.with_suffix(".part")
    torch.save(state, unfinished)
    unfinished.replace(WEIGHTS)


if __name__ == "__main__":
    main()
