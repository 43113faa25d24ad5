"""The built-in face detectors beside OpenCV's Haar cascade: time, peak memory, recall and false alarms, in one run.

Claims: the built-in detector finds more faces than the cascade with fewer false alarms, and its memory is bounded
(about 450 MB), whatever the batch. Run: .sandbox/venv/bin/python benchmarks/face_detection.py (20 minutes on one core;
Linux, as it reads /proc). OpenCV is used here alone: pip install "opencv-python-headless<5" (5 brings no cascades);
without it that row is left out. The pictures are those of training/faces/pictures.csv, fetched if they are not there;
--every 4 takes each fourth.

Time and memory are measured in fresh processes, on one photograph repeated to the size. On the CPU it is the time that
the processor worked for them, all threads together, which other load on the machine changes little. Memory is the peak
over what the process had with everything loaded and one small picture looked at.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "training" / "faces"))

import evaluate  # noqa: E402 - in a folder of its own

DETECTORS = ("built-in", "built-in, tiled", "Apache-2.0 only", "OpenCV Haar")
SIDES = (512, 1024, 2048)
BATCHES = (1, 4)
RUNS = 3
MB = 1_000_000
GIVES_BACK = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536", "MALLOC_ARENA_MAX": "1"}

Find = Callable[[torch.Tensor], list[list[Any]]]


def load(name: str, device: str) -> Find:
    """A detector of that name at its usual threshold.

    Raises:
        ImportError: it needs a package that is not installed.
    """
    if name == "OpenCV Haar":
        return haar()
    find = evaluate.detector(name == "Apache-2.0 only", "tiled" in name, device)
    return lambda image: find(image, 0.5)


def missing_package(name: str) -> str:
    """What to install for a detector; nothing if it is there."""
    try:
        if name == "OpenCV Haar":
            haar()
    except ImportError as error:
        return str(error)
    return ""


def haar() -> Find:
    """OpenCV's frontal cascade with the settings of its own tutorial."""
    try:
        import cv2
    except ImportError as error:
        raise ImportError('pip install "opencv-python-headless<5"') from error
    file = Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml"
    if not file.exists():
        raise ImportError('this OpenCV has no cascades: pip install "opencv-python-headless<5"')
    cv2.setNumThreads(torch.get_num_threads())
    cascade, face = cv2.CascadeClassifier(str(file)), evaluate.core("faces").Face

    def find(image: torch.Tensor) -> list[list[Any]]:
        found = []
        for picture in image:
            grey = cv2.cvtColor((picture * 255).byte().cpu().numpy(), cv2.COLOR_RGB2GRAY)
            boxes = cascade.detectMultiScale(grey, scaleFactor=1.1, minNeighbors=5)
            found.append([face((x, y, x + w, y + h), 1.0) for x, y, w, h in np.asarray(boxes).reshape(-1, 4).tolist()])
        return found

    return find


def pictures(side: int, batch: int, device: str) -> torch.Tensor:
    """The astronaut, repeated up to the size."""
    with Image.open(ROOT / "data" / "demo" / "astronaut.png") as opened:
        photograph = torch.from_numpy(np.array(opened.convert("RGB"), np.float32) / 255)
    times = -(-side // 512)
    return photograph.repeat(times, times, 1)[:side, :side].expand(batch, -1, -1, -1).contiguous().to(device)


def measure(name: str, part: str, side: int, batch: int, device: str) -> float:
    """Milliseconds a picture, or bytes at the peak."""
    find = load(name, device)
    find(pictures(256, 1, device))
    image = pictures(side, batch, device)
    if part == "time":
        return min(_run_s(find, image) for _ in range(RUNS)) * 1000 / batch
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        find(image)
        return torch.cuda.max_memory_allocated() - before
    Path("/proc/self/clear_refs").write_text("5")
    before = _memory("VmRSS")
    find(image)
    return max(0, _memory("VmHWM") - before)


def _run_s(find: Find, image: torch.Tensor) -> float:
    clock = time.process_time if image.device.type == "cpu" else time.perf_counter
    began = clock()
    find(image)  # ends with numbers in Python: a GPU has finished by then
    return clock() - began


def _memory(word: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(word))


def measure_apart(name: str, part: str, side: int, batch: int, options: argparse.Namespace) -> float:
    """The same in a process of its own."""
    case = ["--case", name, part, str(side), str(batch)]
    command = [sys.executable, __file__, "--threads", str(options.threads), "--device", options.device, *case]
    environment = os.environ | (GIVES_BACK if part == "memory" else {})
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr.strip()[-300:]}")
    return json.loads(done.stdout.splitlines()[-1])


def costs(names: list[str], options: argparse.Namespace) -> Iterator[str]:
    yield "| detector | side | batch | ms a picture | times OpenCV | MB at the peak |"
    yield "|---" * 6 + "|"
    for side in options.sides:
        for batch in options.batches:
            found = {name: measure_apart(name, "time", side, batch, options) for name in names}
            base = found.get("OpenCV Haar")
            for name, ms in found.items():
                ratio = f"{ms / base:.2f}" if base else "-"
                peak = measure_apart(name, "memory", side, batch, options) / MB
                yield f"| {name} | {side} | {batch} | {ms:.0f} | {ratio} | {peak:.0f} |"


def quality(names: list[str], options: argparse.Namespace) -> Iterator[str]:
    listed = evaluate.read_list()[:: options.every]
    yield f"\n{len(listed)} pictures, {sum(len(one.faces) for one in listed)} faces:\n"
    for name in names:
        find = load(name, options.device)
        yield f"{name}:"
        yield from evaluate.table(listed, lambda image, _, find=find: find(image), [0], 0.5, verbose=False)


def main() -> None:
    parser = argparse.ArgumentParser(description="The built-in face detectors beside OpenCV's cascade.")
    parser.add_argument("--sides", type=int, nargs="+", default=SIDES, help="px (default 512 1024 2048)")
    parser.add_argument("--batches", type=int, nargs="+", default=BATCHES, help="pictures (default 1 and 4)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--every", type=int, default=1, help="look at each so many pictures of the list")
    parser.add_argument("--detectors", nargs="+", default=DETECTORS, choices=DETECTORS)
    parser.add_argument("--case", nargs=4, help=argparse.SUPPRESS)  # how this script calls itself
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.case:
        name, part, side, batch = options.case
        print(json.dumps(measure(name, part, int(side), int(batch), options.device)))
        return
    missing = {name: missing_package(name) for name in options.detectors}
    names = [name for name, hint in missing.items() if not hint]
    for name, hint in missing.items():
        if hint:
            print(f"without {name}: {hint}\n")
    print(f"torch {torch.__version__}, {options.device}, {options.threads} threads; best of {RUNS} runs.\n")
    for lines in (costs(names, options), quality(names, options)):
        for line in lines:
            print(line, flush=True)


if __name__ == "__main__":
    main()
