"""How well the demo model draws what it is told: 200 captions that no training picture has, judged by a small network.

`PYTHONPATH=tools python training/demo_model/check.py` after export.py. The judge learns from drawn pictures which thing
of which colour they show and at what time of day; how often it is right about drawn pictures that it has not seen is
printed beside. `--sheet FILE.png` only draws the contact sheet of the listed prompts.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from dataset import FOLDER, scene_of
from sampler import Sampler
from scenes import COLOURS, INDOORS, PLACES, TIMES, is_held_out
from things import THINGS

PROMPTS = Path(__file__).parent / "prompts.txt"
PAIRS = list(itertools.product(THINGS, COLOURS))
_SEEN, _UNSEEN = 10_000, 1_000
_SIDE = 64
_EPOCHS = 8


class Judge(nn.Module):
    """Tells the things with their colours (a score for each of 88 pairs) and the time of day from a small picture."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for size_in, size_out in itertools.pairwise((3, 32, 64, 128, 128)):
            layers += [nn.Conv2d(size_in, size_out, 3, 2, 1), nn.BatchNorm2d(size_out), nn.ReLU()]
        self.see = nn.Sequential(*layers, nn.Flatten(), nn.Linear(128 * 16, 256), nn.ReLU())
        self.pairs, self.times = nn.Linear(256, len(PAIRS)), nn.Linear(256, len(TIMES))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        seen = self.see(pictures - 0.5)
        return self.pairs(seen), self.times(seen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    torch.manual_seed(5)
    sampler = Sampler()
    if options.sheet:
        draw_sheet(sampler, options.sheet)
        return
    judge, right = train_judge()
    print(f"the judge on {_UNSEEN} drawn pictures: thing and colour {right[0]:.3f}, time of day {right[1]:.3f}")
    asked = held_out_captions(200)
    pictures = np.concatenate(
        [sampler.draw([a[4] for a in part], list(range(first, first + len(part)))) for first, part in _parts(asked)]
    )
    pairs, times = judged(judge, pictures)
    hits = np.array([(p[0] == a[0], p[1] == a[1], t == a[3]) for a, p, t in zip(asked, pairs, times, strict=True)])
    thing, colour, time = hits.mean(0)
    both = hits[:, :2].all(1).mean()
    print(f"{len(asked)} held-out captions: thing {thing:.3f}, colour {colour:.3f}, both {both:.3f}, time {time:.3f}")
    for name in THINGS:
        rows = hits[[a[0] == name for a in asked]]
        print(f"  {name:11} {len(rows):3}  thing {rows[:, 0].mean():.2f}  colour {rows[:, 1].mean():.2f}")


def held_out_captions(count: int) -> list[tuple[str, str, str, str, str]]:
    """Thing, colour, place, time and caption of pairings that training left out."""
    outdoors = [place for place in PLACES if place not in INDOORS]
    every = itertools.product(THINGS, COLOURS, outdoors, TIMES)
    left_out = [each for each in every if is_held_out(*each)]
    chosen = np.random.default_rng(6).choice(len(left_out), count, replace=len(left_out) < count)
    asked = []
    for number in chosen:
        thing, colour, place, time = left_out[number]
        article = "an" if colour == "orange" else "a"
        asked.append((thing, colour, place, time, f"{article} {colour} {thing} {PLACES[place][0]} {TIMES[time][0]}"))
    return asked


def train_judge() -> tuple[Judge, tuple[float, float]]:
    """Trains it on drawn pictures with things; also gives how often it is right about others."""
    pictures, pairs, times = _drawn(_SEEN + _UNSEEN)
    judge, generator = Judge(), torch.Generator().manual_seed(7)
    optimizer = torch.optim.AdamW(judge.parameters(), 1e-3)
    for epoch in range(_EPOCHS):
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * (1 - epoch / _EPOCHS)
        for part in torch.randperm(_SEEN, generator=generator).split(64):
            shown = _blurred(
                pictures[part].contiguous(memory_format=torch.channels_last), float(torch.rand((), generator=generator))
            )
            with torch.autocast("cpu", torch.bfloat16):
                guess, hour = (answer.float() for answer in judge(shown))
            loss = functional.binary_cross_entropy_with_logits(guess, pairs[part]) * 20
            loss = loss + functional.cross_entropy(hour, times[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    judge.eval()
    with torch.inference_mode():
        guess, hour = judge(pictures[_SEEN:])
    found = pairs[_SEEN:].gather(1, guess.argmax(1, keepdim=True))
    return judge, (float(found.mean()), float((hour.argmax(1) == times[_SEEN:]).float().mean()))


def _drawn(count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Drawn pictures with things in them: made small, with their pairs and their time of day."""
    stored = np.load(FOLDER / "pictures_128.npy", mmap_mode="r")
    pictures, pairs, times = [], torch.zeros(count, len(PAIRS)), []
    for number in itertools.count():
        scene = scene_of(128, number)
        if scene.kind != "things" or scene.blur:
            continue
        for thing in scene.things:
            pairs[len(pictures), PAIRS.index((thing.name, thing.colour))] = 1
        pictures.append(torch.from_numpy(stored[number].copy()))
        times.append(list(TIMES).index(scene.time))
        if len(pictures) == count:
            break
    return _small(torch.stack(pictures)), pairs, torch.tensor(times)


def _small(pictures: Tensor) -> Tensor:
    return functional.avg_pool2d(pictures.permute(0, 3, 1, 2).float() / 255, pictures.shape[1] // _SIDE)


def _blurred(pictures: Tensor, share: float) -> Tensor:
    """What a model draws is softer than what was drawn."""
    return pictures + share * (functional.avg_pool2d(pictures, 3, 1, 1, count_include_pad=False) - pictures)


@torch.inference_mode()
def judged(judge: Judge, pictures: np.ndarray) -> tuple[list[tuple[str, str]], list[str]]:
    """The surest pair of each picture, and the time of day."""
    guess, hour = judge(_small(torch.from_numpy(pictures * 255)))
    return [PAIRS[i] for i in guess.argmax(1).tolist()], [list(TIMES)[i] for i in hour.argmax(1).tolist()]


def draw_sheet(sampler: Sampler, path: Path) -> None:
    """The listed prompts, six to a row, each with its line number as seed."""
    prompts = PROMPTS.read_text(encoding="utf-8").splitlines()
    pictures = np.concatenate(
        [sampler.draw(part, list(range(first, first + len(part)))) for first, part in _parts(prompts)]
    )
    rows = [np.concatenate(list(pictures[first : first + 6]), 1) for first in range(0, len(pictures), 6)]
    Image.fromarray((np.concatenate(rows, 0) * 255 + 0.5).astype(np.uint8)).save(path)


def _parts(whole: Sequence, size: int = 25) -> list[tuple[int, Sequence]]:
    return [(first, whole[first : first + size]) for first in range(0, len(whole), size)]


if __name__ == "__main__":
    main()
