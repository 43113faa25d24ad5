"""A batch of 1,000 jobs whose client is killed three times and whose server once; and how fast a batch is.

    PYTHONPATH=tools .sandbox/venv/bin/python benchmarks/batch_soak.py [jobs]

Two tables. First: after every kill, how many jobs were done; at the end, how many files there are, how many jobs were
done twice, and what `verify` finds. Second: jobs of 0.2 s by the tutorial's loop (queue one, wait for its end,
fetch its files), by a batch, by comfy-cli's `run --wait` (a process for each, so fewer of them), and by the server
alone with all of them queued beforehand: what no client can beat. With 0 jobs there is the second table only.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from websockets.sync.client import connect

from engine.layout import find_layout, python_of
from engine.server import Server

ROOT = Path(__file__).resolve().parent.parent
PROBES = ROOT / "tests" / "comfyui" / "probe_pack"
SPEED_JOBS, SPEED_S = 60, 0.2
COMFY_JOBS, TURNS = 15, 3


def graph(seed: int, seconds: float, prefix: str = "soak") -> dict[str, Any]:
    return {
        "6": {"class_type": "ProbeSample", "inputs": {"seed": seed, "size": 64, "seconds": seconds}},
        "8": {"class_type": "SaveImage", "inputs": {"images": ["6", 0], "filename_prefix": prefix}},
    }


def make_run(packages: Path, folder: Path, count: int, seconds: float) -> Any:
    if str(packages) not in sys.path:
        sys.path.insert(0, str(packages))
    from switchyard.batch import Batch
    from switchyard.template import Template

    document = Template.from_workflow(graph(1, seconds), name="soak").document()
    bind = {"node": "6", "input": "seed", "class_type": "ProbeSample"}
    document["parameters"] = [{"name": "seed", "type": "seed", "default": 1, "bind": [bind]}]
    return Batch.create(folder, Template.read(document), [{"seed": index} for index in range(count)])


def done(batch: Any) -> int:
    return sum(state.status == "done" for state in batch.states())


def soak(server: Server, packages: Path, folder: Path, count: int) -> None:
    chance = random.Random(8)
    batch = make_run(packages, folder, count, 0.01)
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    command = [sys.executable, "-m", "switchyard", "resume", str(folder), "--server", server.url, "--progress", "plain"]
    kills = sorted(chance.sample(range(count // 10, count * 9 // 10), 4))
    start, largest = time.monotonic(), 0
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    for number, at in enumerate(kills):
        while done(batch) < at and process.poll() is None:
            largest = max(largest, memory_kib(process.pid))
            time.sleep(0.1)
        victim = "server" if number == 2 else "client"
        if victim == "server":
            assert server._process is not None
            server._process.kill()
            server._process.wait()
            print(f"server killed and started anew at {done(batch)} of {count} jobs", flush=True)
            server.start()
        else:
            process.kill()
            process.wait()
            print(f"client killed and resumed at {done(batch)} of {count} jobs", flush=True)
            process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        largest = max(largest, memory_kib(process.pid))
        time.sleep(0.1)
    seconds = time.monotonic() - start
    rows = batch.rows()
    hashes = [output["sha256"] for row in rows for output in row["outputs"]]
    records = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    ended = [record["index"] for record in records if record["event"] == "done"]
    print(f"exit code {process.returncode}; {count} jobs in {seconds:.1f} s, with all kills")
    print(f"files {len(list(batch.folder.outputs.iterdir()))}, manifest rows {len(rows)}, done {done(batch)}, "
          f"done twice {len(ended) - len(set(ended))}, distinct prompt ids {len({row['prompt_id'] for row in rows})}, "
          f"files named {len(hashes)}, problems that verify finds {len(batch.verify())}")  # fmt: skip
    print(
        f"journal {(folder / 'journal.jsonl').stat().st_size / count:.0f} bytes a job; client {largest / 1024:.0f} MiB"
    )


def memory_kib(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)


def speed(server: Server, packages: Path, folder: Path, checkers: Path) -> None:
    each: dict[str, list[float]] = {"the server alone": [], "a batch": [], "the tutorial's loop": [], "comfy run": []}
    for turn in range(TURNS):
        each["the server alone"].append(alone(server, turn) / SPEED_JOBS)
        batch = make_run(packages, folder / f"speed_{turn}", SPEED_JOBS, SPEED_S + turn / 1e5)
        start = time.monotonic()
        assert batch.run([server.url]).exit_code == 0
        each["a batch"].append((time.monotonic() - start) / SPEED_JOBS)
        each["the tutorial's loop"].append(loop(server, turn) / SPEED_JOBS)
        each["comfy run"].append(comfy_run(server, turn, folder, checkers) / COMFY_JOBS)
    limit = min(each["the server alone"])
    print(f"\njobs of {SPEED_S} s, best of {TURNS} times {SPEED_JOBS} jobs (comfy run: {COMFY_JOBS}), load {load()}:")
    for name, seconds in each.items():
        best = min(seconds)
        print(
            f"{name:20}  {best:6.4f} s a job  {limit / best:5.3f} of the limit  {(best - limit) * 1000:+7.1f} ms a job"
        )


def load() -> str:
    return ", ".join(f"{number:.1f}" for number in os.getloadavg()) if hasattr(os, "getloadavg") else "not known"


def alone(server: Server, turn: int) -> float:
    """From the first job's start to the last one's end, by the wall, with all of them in the queue."""
    start = time.monotonic()
    for number in range(SPEED_JOBS):
        server.post("/prompt", {"prompt": graph(number, SPEED_S + turn / 1e5 + 1e-6, f"alone_{turn}/{number}")})
    while server.get("/prompt")["exec_info"]["queue_remaining"]:
        time.sleep(0.01)
    return time.monotonic() - start


def loop(server: Server, turn: int) -> float:
    client_id = str(uuid.uuid4())
    start = time.monotonic()
    with connect(f"ws{server.url[4:]}/ws?clientId={client_id}", max_size=None, proxy=None) as socket:
        for number in range(SPEED_JOBS):
            body = {
                "prompt": graph(number, SPEED_S + turn / 1e5 + 2e-6, f"loop_{turn}/{number}"),
                "client_id": client_id,
            }
            prompt_id = server.post("/prompt", body)[1]["prompt_id"]
            while not is_end(socket.recv(), prompt_id):
                pass
            for output in server.get(f"/history/{prompt_id}")[prompt_id]["outputs"].values():
                for image in output.get("images", ()):
                    server.get_bytes(f"/view?{urlencode(image)}")
    return time.monotonic() - start


def comfy_run(server: Server, turn: int, folder: Path, checkers: Path) -> float:
    """comfy-cli's way: a process for each job, which waits for its end. It fetches no files."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    environment = {**os.environ, "HOME": str(home), "USERPROFILE": str(home), "PYTHONPATH": "", "DO_NOT_TRACK": "1"}
    place = urlsplit(server.url)
    command = [str(checkers), "-m", "comfy_cli", "--skip-prompt", "--no-enable-telemetry", "run", "--wait"]
    command += ["--host", str(place.hostname), "--port", str(place.port), "--workflow"]
    files = [folder / f"comfy_{number}.json" for number in range(COMFY_JOBS)]
    for number, file in enumerate(files):
        file.write_text(json.dumps(graph(number, SPEED_S + turn / 1e5 + 3e-6, f"comfy_{turn}/{number}")))
    start = time.monotonic()
    for file in files:
        subprocess.run(
            [*command, str(file)], check=True, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
    return time.monotonic() - start


def is_end(message: str | bytes, prompt_id: str) -> bool:
    if isinstance(message, bytes):
        return False
    event = json.loads(message)
    data = event.get("data", {})
    return event["type"] == "executing" and data.get("node") is None and data.get("prompt_id") == prompt_id


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    layout = find_layout(os.environ.get("SWITCHYARD_COMFYUI"), os.environ.get("SWITCHYARD_PYTHON"))
    with tempfile.TemporaryDirectory() as place:
        base, packages = Path(place) / "server", Path(place) / "packages"
        packages.mkdir()
        (packages / "switchyard").symlink_to(ROOT / "switchyard", target_is_directory=True)
        shutil.copytree(PROBES, base / "custom_nodes" / "probe_pack")
        with Server(
            python_of(layout.environment), layout.comfyui, base, models=layout.models, arguments=("--cpu",)
        ) as server:
            if count:
                soak(server, packages, Path(place) / "run", count)
            speed(server, packages, Path(place), python_of(layout.checkers))


if __name__ == "__main__":
    main()
