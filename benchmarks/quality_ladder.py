"""How well scores order damage, and how well they gate, beside the reference implementations that pip installs.

Claims: Quality Score orders each kind of damage and prefers the clean picture, and at one fixed cut, 0.8, it rejects
what is ruined while clean pictures pass. Pictures: the held-out list of training/quality, which
no parameter was fitted to; damage: its kinds at the levels 1, 2, 3 and 5.
Run: .sandbox/venv/bin/python benchmarks/quality_ladder.py (40 minutes on two cores; Debian and PyPI packages of 1 GB
into .sandbox; set it up first with `python3 tools/sandbox.py setup`). --photos and --art for fewer pictures, --only for
some scorers, --output for a file. A reference that can't be had or fails is named, and the others go on.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ladder_scorers import ENVIRONMENTS, OWN, ROOT, SCORERS, THIS_PYTHON, Batch

sys.path.insert(0, str(ROOT / "training" / "quality"))

from distortions import KINDS, damage
from pictures import DEFAULT_CACHE, Entry, fetch, open_picture, read_list
from samples import LADDER_LEVELS, ladder_picture, ladder_rng

REFERENCES = ROOT / ".sandbox" / "references"
CLEAN_SHARE = 0.93
FIXED_CUT = 0.8
NOT_GATED = ("colour cast", "seams")  # taste, and rare: given, and left out of the last column
SAME = ("NIQE, our read-out", "NIQE, pyiqa")
TIMED = ((512, 1), (512, 8), (1024, 1), (1024, 8))
WORST = -math.inf  # a picture that a scorer has no number for


class Sample(NamedTuple):
    """A clean picture (level 0, no kind) or a damaged one, and how good each scorer finds it, higher is better."""

    picture: str
    domain: str
    kind: str
    level: int
    goodness: dict[str, float]


class Worker:
    """A process that scores with one scorer, in that one's environment."""

    def __init__(self, name: str, python: Path) -> None:
        self.name, self.trouble, self.lost = name, "", 0
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - open as long as the process
        command = [str(python), str(Path(__file__).with_name("ladder_scorers.py")), name]
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self._log}
        self._process = subprocess.Popen(command, env=os.environ | threads, **pipes)
        self._read()

    def score(self, batch: Batch, domain: str) -> list[float]:
        """How good each picture is; WORST for all of them once the process has failed."""
        answer = self._ask(batch, domain, timed=False)
        found = answer.get("scores", [None] * len(batch))
        self.lost += found.count(None)
        self.trouble = self.trouble or answer.get("trouble", "")
        return [WORST if value is None else SCORERS[self.name].sign * value for value in found]

    def time(self, batch: Batch) -> float | None:
        """Milliseconds of processor time for each picture of a batch."""
        return self._ask(batch, "photo", timed=True).get("ms")

    @property
    def works(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        for stream in (self._process.stdin, self._process.stdout, self._log):
            if stream is not None:
                stream.close()
        self._process.kill()
        self._process.wait()

    def _ask(self, batch: Batch, domain: str, timed: bool) -> dict[str, Any]:
        try:
            assert self._process.stdin is not None
            frame = {"shape": batch.shape, "domain": domain, "timed": timed}
            self._process.stdin.write(json.dumps(frame).encode() + b"\n" + batch.tobytes())
            self._process.stdin.flush()
        except OSError:
            return {}
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": self._last_words()}
        if "error" in answer:
            self.trouble = self.trouble or answer["error"]
            self._process.poll()
        return answer

    def _last_words(self) -> str:
        self._process.wait(10)
        self._log.seek(0)
        return (self._log.read().strip().splitlines() or ["it ended without a word"])[-1]


def environment(name: str) -> Path:
    """The Python of an environment, which is made if it isn't there.

    Raises:
        RuntimeError: its packages can't be had.
    """
    if name == THIS_PYTHON:
        return Path(sys.executable)
    folder = REFERENCES / name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pins, stamp = "\n".join(ENVIRONMENTS[name]), folder / "pins.txt"
    if stamp.is_file() and stamp.read_text() == pins:
        return python
    print(f"installing {', '.join(ENVIRONMENTS[name][:3])} ... into {folder}", file=sys.stderr, flush=True)
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--no-deps", *ENVIRONMENTS[name]],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError((done.stderr.strip().splitlines() or ["pip failed"])[-1])
    if name == "torch":
        import torch

        site = next(path for path in folder.rglob("site-packages") if path.is_dir())
        (site / "this_python.pth").write_text(str(Path(torch.__file__).parents[1]))
    stamp.write_text(pins)
    return python


def start(names: list[str]) -> tuple[list[Worker], dict[str, str]]:
    """The scorers that could be started, and what went wrong with the others."""
    workers, failed, pythons = [], {}, {}
    for name in names:
        place = SCORERS[name].environment
        try:
            pythons[place] = pythons.get(place) or environment(place)
        except (RuntimeError, OSError) as error:
            failed[name] = f"could not be installed: {error}"
            continue
        worker = Worker(name, pythons[place])
        if worker.trouble:
            failed[name] = f"could not be started: {worker.trouble}"
            worker.stop()
        else:
            workers.append(worker)
    return workers, failed


def ladder(entry: Entry) -> Iterator[tuple[str, int, Batch]]:
    """Kind, level and picture, (H, W, 3) of 0..255: the clean one, then each kind at each level."""
    clean = ladder_picture(entry)
    yield "", 0, as_levels(clean)
    for kind in KINDS:
        for level in LADDER_LEVELS:
            yield kind, level, as_levels(damage(clean, kind, level, ladder_rng(entry, kind)))


def as_levels(picture: Any) -> Batch:
    return np.ascontiguousarray(np.round(picture * 255), np.uint8)


def score_ladders(entries: list[Entry], workers: list[Worker]) -> list[Sample]:
    samples = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, entry in enumerate(entries, start=1):
            print(f"picture {number} of {len(entries)}: {entry.name}", file=sys.stderr, flush=True)
            kinds, levels, pictures = zip(*ladder(entry), strict=True)
            batch = np.stack(pictures)
            found = dict(pool.map(lambda worker: (worker.name, worker.score(batch, entry.kind)), workers))  # noqa: B023
            for place, (kind, level) in enumerate(zip(kinds, levels, strict=True)):
                goodness = {name: scores[place] for name, scores in found.items()}
                samples.append(Sample(entry.name, entry.kind, kind, level, goodness))
    return samples


def correlation(levels: list[float], goodness: list[float]) -> float:
    """Spearman's: 1 if each level is worse than the one before, 0 if all are alike."""
    ranks = [_ranks([-level for level in levels]), _ranks(goodness)]
    if any(len(set(found)) == 1 for found in ranks):
        return 0.0
    return float(np.corrcoef(ranks).flat[1])


def _ranks(values: list[float]) -> list[float]:
    """Places in ascending order; equal values share the mean of theirs."""
    return [sum(other < value for other in values) + (values.count(value) - 1) / 2 for value in values]


def order_of(samples: list[Sample], name: str, kind: str) -> tuple[float, float]:
    """Mean correlation over the pictures, from clean to ruined, and the share of damaged below their clean pictures."""
    correlations, wins = [], []
    for picture in {sample.picture for sample in samples}:
        steps = [(s.level, s.goodness[name]) for s in samples if s.picture == picture and s.kind in ("", kind)]
        (_, clean), *damaged = sorted(steps)
        correlations.append(correlation(*map(list, zip(*steps, strict=True))))
        wins += [(worse < clean) + (worse == clean) / 2 for _, worse in damaged]
    return float(np.mean(correlations)), float(np.mean(wins))


def order_table(samples: list[Sample], names: list[str]) -> Iterator[str]:
    yield "| score | pictures | " + " | ".join(KINDS) + " | mean |"
    yield "|---" * (len(KINDS) + 3) + "|"
    for name in names:
        for domain in sorted({sample.domain for sample in samples}, reverse=True):
            of_domain = [sample for sample in samples if sample.domain == domain]
            found = [order_of(of_domain, name, kind) for kind in KINDS]
            found.append((float(np.mean([one for one, _ in found])), float(np.mean([two for _, two in found]))))
            yield f"| {name} | {domain} | " + " | ".join(f"{one:.2f}/{100 * two:.0f}" for one, two in found) + " |"


def cut_of(samples: list[Sample], name: str) -> float:
    """The highest cut that lets at least CLEAN_SHARE of the clean pictures pass."""
    clean = sorted(sample.goodness[name] for sample in samples if not sample.level)
    return clean[math.floor((1 - CLEAN_SHARE) * len(clean) + 1e-9)]


def gate_table(samples: list[Sample], names: list[str]) -> Iterator[str]:
    domains = sorted({sample.domain for sample in samples}, reverse=True)
    titles = ["score", "cut", *(f"clean {domain} passes" for domain in domains)]
    titles += [*(f"level {level} rejected" for level in LADDER_LEVELS), f"level 5 without {' and '.join(NOT_GATED)}"]
    yield f"| {' | '.join(titles)} |"
    yield "|---" * len(titles) + "|"
    cuts = [(name, cut_of(samples, name)) for name in names]
    cuts += [(name, FIXED_CUT) for name in names if name.startswith(OWN)]
    for name, cut in cuts:

        def passes(choose: Callable[[Sample], bool], name: str = name, cut: float = cut) -> float:
            return 100 * float(np.mean([sample.goodness[name] >= cut for sample in samples if choose(sample)]))

        shares = [passes(lambda s, domain=domain: not s.level and s.domain == domain) for domain in domains]
        shares += [100 - passes(lambda s, level=level: s.level == level) for level in LADDER_LEVELS]
        shares.append(100 - passes(lambda s: s.level == 5 and s.kind not in NOT_GATED))
        yield f"| {name} | {SCORERS[name].sign * cut:.4g} | " + " | ".join(f"{share:.0f} %" for share in shares) + " |"


def parity(samples: list[Sample]) -> str:
    """How near our NIQE is to the reference; target: a correlation of at least 0.995."""
    pairs = [[sample.goodness[name] for name in SAME] for sample in samples]
    known = [pair for pair in pairs if WORST not in pair]
    ours, theirs = map(list, zip(*known, strict=True))
    correlated = float(np.corrcoef(_ranks(ours), _ranks(theirs)).flat[1])
    apart = [abs(our / their - 1) for our, their in known]
    return (
        f"{' against '.join(SAME)}: Spearman's correlation {correlated:.4f}, "
        f"median relative difference {100 * float(np.median(apart)):.2f} %, over {len(known)} pictures."
    )


def cost_table(workers: list[Worker], entry: Entry) -> Iterator[str]:
    yield "| score | " + " | ".join(f"{side}² px, batch {count}" for side, count in TIMED) + " |"
    yield "|---" * (len(TIMED) + 1) + "|"
    picture = as_levels(open_picture(entry))
    for worker in workers:
        cells = []
        for side, count in TIMED:
            tiles = -(-side // min(picture.shape[:2]))
            square = np.tile(picture, (tiles, tiles, 1))[:side, :side]
            found = worker.time(np.stack([np.roll(square, 16 * turn, 1) for turn in range(count)]))
            cells.append("failed" if found is None else f"{found:.1f}")
        yield f"| {worker.name} | " + " | ".join(cells) + " |"


def choose(entries: list[Entry], photos: int, art: int) -> list[Entry]:
    """Some pictures of each kind, evenly spread over the list; only one of each group."""
    chosen = []
    for domain, count in (("photo", photos), ("art", art)):
        groups = {entry.group: entry for entry in entries if entry.kind == domain}
        some = list(groups.values())
        chosen += [some[place * len(some) // min(count, len(some))] for place in range(min(count, len(some)))]
    return chosen


def report(entries: list[Entry], names: list[str], with_times: bool) -> Iterator[str]:
    workers, failed = start(names)
    if not workers:
        raise SystemExit(f"No scorer could be started: {failed}")
    try:
        samples = score_ladders(entries, workers)
        domains = [entry.kind for entry in entries]
        yield (
            f"{domains.count('photo')} photographs and {domains.count('art')} drawings, 512 px, each clean and with "
            f"{len(KINDS)} kinds of damage at {len(LADDER_LEVELS)} levels: {len(samples)} pictures."
        )
        working = [worker.name for worker in workers]
        yield "\n## Order: Spearman's correlation with the level, and % of damaged pictures below their clean one\n"
        yield from order_table(samples, working)
        yield f"\n## Gate: at the cut that {100 * CLEAN_SHARE:.0f} % of the clean pictures pass\n"
        yield from gate_table(samples, working)
        if set(SAME) <= set(working):
            yield f"\n{parity(samples)}"
        if with_times:
            yield "\n## Cost: ms of processor time a picture, one thread, best of three\n"
            yield from cost_table(workers, entries[0])
        yield "\n## What has no number\n"
        for worker in workers:
            if worker.lost or not worker.works:
                lost = f"{worker.lost} of {len(samples)} pictures, counted as rejected"
                yield f"- {worker.name}: {lost} ({worker.trouble or 'no finite number'})"
        yield from (f"- {name}: {trouble}" for name, trouble in failed.items())
        if not failed and not any(worker.lost for worker in workers):
            yield "Nothing: each scorer gave a number for each picture."
    finally:
        for worker in workers:
            worker.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description="Quality scores on ladders of damage.")
    parser.add_argument("--photos", type=int, default=30, help="photographs (default 30)")
    parser.add_argument("--art", type=int, default=15, help="drawings (default 15)")
    parser.add_argument("--only", nargs="+", choices=list(SCORERS), default=list(SCORERS), metavar="SCORE")
    parser.add_argument("--no-times", action="store_true", help="leave out the cost")
    parser.add_argument("--output", type=Path, help="a markdown file to write as well")
    options = parser.parse_args()
    entries = choose(read_list("held_out"), options.photos, options.art)
    fetch(entries, DEFAULT_CACHE)
    lines = []
    for line in report(entries, options.only, not options.no_times):
        print(line, flush=True)
        lines.append(line)
    if options.output:
        options.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
