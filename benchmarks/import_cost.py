"""What importing the pack costs at the start of ComfyUI, over an empty pack.

Claim: less than 50 ms over an empty pack, and no module loaded that torch and numpy have not loaded (besides our own).
Run: python benchmarks/import_cost.py (with torch and numpy installed, for example the sandbox's Python)
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNS = 10
PROBE = """
import importlib.util, json, sys, time
import numpy, torch
before = set(sys.modules)
began = time.perf_counter()
spec = importlib.util.spec_from_file_location("probed", sys.argv[1])
module = importlib.util.module_from_spec(spec)
sys.modules["probed"] = module
spec.loader.exec_module(module)
took = time.perf_counter() - began
new = [name for name in sys.modules if name not in before and name.split(".")[0] != "probed"]
print(json.dumps({"ms": took * 1000, "new": new}))
"""


def measure(init: Path) -> dict:
    answer = subprocess.run([sys.executable, "-c", PROBE, str(init)], capture_output=True, text=True, check=True)
    return json.loads(answer.stdout)


def spread(values: list[float]) -> str:
    return f"median {statistics.median(values):6.2f} ms   (min {min(values):.2f}, max {max(values):.2f})"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "__init__.py"
        empty.write_text("NODE_CLASS_MAPPINGS = " + "{}\n")
        packs = {"empty pack": empty, "Switchyard": ROOT / "__init__.py"}
        for init in packs.values():
            measure(init)  # compiles it once
        times: dict[str, list[float]] = {name: [] for name in packs}
        new: set[str] = set()
        for _ in range(RUNS):
            for name, init in packs.items():
                found = measure(init)
                times[name].append(found["ms"])
                new |= set(found["new"]) if name == "Switchyard" else set()
    for name, values in times.items():
        print(f"{name:12} {spread(values)}")
    extra = [ours - base for ours, base in zip(times["Switchyard"], times["empty pack"], strict=True)]
    print(f"{'difference':12} {spread(extra)}   over {RUNS} alternating runs")
    print(f"modules loaded that torch and numpy have not loaded: {sorted(new) or 'none'}")


if __name__ == "__main__":
    main()
