"""What Quality Score costs: time and peak memory on the CPU and on CUDA, float32 and float16, 256 to 4096 px.

Claims: no picture of a batch waits for another's memory, so the peak of eight pictures is that of one; above 1.5
megapixels memory and time grow far slower than the picture does; float16 costs no more than float32.
Run: .sandbox/venv/bin/python benchmarks/quality_cost.py (10 minutes on two cores; Linux, as it reads /proc). --sides,
--batches, --dtypes and --devices for fewer cases, --threads for a number of threads, --output for a file.

Each case runs in two fresh processes, one for the time and one for the memory. Memory is the peak of the process over
what it had before, with torch, the pack and the pictures loaded and a small picture scored: what scoring itself takes.
That process gives freed memory back at once (glibc would keep some, and the peak would be noise). On CUDA it is what
torch allocated there.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch

ROOT = Path(__file__).resolve().parent.parent
SIDES = (256, 512, 1024, 2048, 4096)
BATCHES = (1, 8)
DTYPES = ("float32", "float16")
RUNS = 3
MB = 1_000_000
GIVES_BACK = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536", "MALLOC_ARENA_MAX": "1"}


class Case(NamedTuple):
    device: str
    dtype: str
    side: int
    batch: int


def pictures(case: Case) -> torch.Tensor:
    """A photograph, repeated up to the size of the case, and moved a little from picture to picture."""
    import numpy as np
    from PIL import Image

    with Image.open(ROOT / "data" / "demo" / "astronaut.png") as opened:
        photograph = torch.from_numpy(np.array(opened.convert("RGB"))).to(case.device)
    batch = torch.empty(case.batch, case.side, case.side, 3, dtype=getattr(torch, case.dtype), device=case.device)
    for number, picture in enumerate(batch):
        for top, left in itertools.product(range(0, case.side, photograph.shape[0]), repeat=2):
            part = picture[top : top + photograph.shape[0], left : left + photograph.shape[1]]
            moved = photograph.roll(16 * number, 1)[: part.shape[0], : part.shape[1]]
            part.copy_(moved).div_(255)
    return batch


def memory(word: str) -> int:
    """Bytes of this process: VmRSS now, VmHWM at the peak."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(word))


def loaded_node() -> Any:
    """A Quality Score of this checkout, loaded by path as ComfyUI does."""
    spec = importlib.util.spec_from_file_location("switchyard_cost", ROOT / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    pack = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pack)
    return pack.NODE_CLASS_MAPPINGS["SwitchyardQualityScore"]()


def measure(case: Case, part: str) -> dict[str, Any]:
    """Runs one case in this process: "time" gives milliseconds a picture, "memory" the bytes at the peak."""
    node = loaded_node()
    node.execute(pictures(case._replace(side=256, batch=1)))
    image = pictures(case)
    if part == "time":
        return {"ms": min(_run_ms(node, image) for _ in range(RUNS)) / case.batch}
    before = _start_of_peak(case.device)
    scores = node.execute(image)["result"][2]
    peak = torch.cuda.max_memory_allocated() if case.device == "cuda" else memory("VmHWM")
    return {"peak": max(0, peak - before), "pictures": image.numel() * image.element_size(), "scores": scores}


def _run_ms(node: Any, image: torch.Tensor) -> float:
    began = time.perf_counter()
    node.execute(image)  # ends with numbers in Python: a GPU has finished by then
    return 1000 * (time.perf_counter() - began)


def _start_of_peak(device: str) -> int:
    """Forgets the peak so far, and gives what is in use now."""
    if device == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()
    Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


def measure_apart(case: Case, threads: int) -> dict[str, Any]:
    """Runs both parts of a case in processes of their own; "trouble" if one failed."""
    found: dict[str, Any] = {}
    for part in ("time", "memory"):
        command = [sys.executable, __file__, "--threads", str(threads), "--case", part, *map(str, case)]
        environment = os.environ | (GIVES_BACK if part == "memory" else {})
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            words = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
            return {"trouble": f"{part}: {words[-1][:100]}"}
        found |= json.loads(done.stdout.splitlines()[-1])
    return found


def report(cases: list[Case], threads: int) -> Iterator[str]:
    cuda = f", {torch.cuda.get_device_name()}" if any(case.device == "cuda" for case in cases) else ""
    yield f"torch {torch.__version__}, {threads} threads{cuda}; best of {RUNS} runs; MB are millions of bytes.\n"
    yield "| device | type | side | batch | ms a picture | MB at the peak | MB of pictures |"
    yield "|---" * 7 + "|"
    found = {}
    for case in cases:
        one = found[case] = measure_apart(case, threads)
        if "trouble" in one:
            cells = ["", "", one["trouble"]]
        else:
            cells = [f"{one['ms']:.1f}", f"{one['peak'] / MB:.0f}", f"{one['pictures'] / MB:.0f}"]
        yield f"| {case.device} | {case.dtype} | {case.side} | {case.batch} | " + " | ".join(cells) + " |"
    yield from batches_beside_single_pictures({case: one for case, one in found.items() if "trouble" not in one})


def batches_beside_single_pictures(found: dict[Case, dict[str, Any]]) -> Iterator[str]:
    yield "\nPeak of a batch beside that of one picture, and how far the first picture's score is apart:\n"
    for case, one in found.items():
        alone = found.get(case._replace(batch=1))
        if alone is None or case.batch == 1:
            continue
        more = (one["peak"] - alone["peak"]) / MB
        share = 100 * (one["peak"] - alone["peak"]) / (one["pictures"] - alone["pictures"])
        yield (
            f"- {case.device} {case.dtype} {case.side} px, {case.batch} pictures: {more:+.0f} MB, {share:+.0f} % of "
            f"what the further pictures hold themselves; scores {abs(one['scores'][0] - alone['scores'][0]):.4f} apart"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Time and memory of Quality Score.")
    parser.add_argument("--sides", type=int, nargs="+", default=SIDES, help="px (default 256 to 4096)")
    parser.add_argument("--batches", type=int, nargs="+", default=BATCHES, help="pictures (default 1 and 8)")
    parser.add_argument("--dtypes", nargs="+", default=DTYPES, choices=DTYPES)
    parser.add_argument("--devices", nargs="+", choices=("cpu", "cuda"), help="default: all there are")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--output", type=Path, help="a markdown file to write as well")
    parser.add_argument("--case", nargs=5, help=argparse.SUPPRESS)  # how this script calls itself
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.case:
        part, device, dtype, side, batch = options.case
        print(json.dumps(measure(Case(device, dtype, int(side), int(batch)), part)))
        return
    devices = options.devices or (["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"])
    settings = itertools.product(options.dtypes, options.sides, options.batches)
    cases = [Case(device, *setting) for device, setting in itertools.product(devices, settings)]
    lines = []
    for line in report(cases, options.threads):
        print(line, flush=True)
        lines.append(line)
    if options.output:
        options.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
