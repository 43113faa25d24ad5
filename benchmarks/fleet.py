"""What a fleet costs: Dask's scheduler, the journal, the way back of files, memory; for docs/fleet.md.

    PYTHONPATH=tools .sandbox/venv/bin/python benchmarks/fleet.py

No ComfyUI runs: servers are stand-ins that end each job at once, so that what is measured is all but the pictures.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
GRAPH = {
    "6": {"class_type": "KSampler", "inputs": {"seed": 1}},
    "8": {"class_type": "SaveImage", "inputs": {"images": ["6", 0], "filename_prefix": "fleet"}},
}


class StandIn:
    """A server, its client and its jobs in one: a job ends at once with one file of so many bytes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.picture = os.urandom(int(os.environ.get("STAND_IN_BYTES", "1000")))

    def queue_length(self) -> int:
        return 0

    def submit(self, *_: Any, **__: Any) -> StandIn:
        return self

    def cancel(self) -> None: ...

    def wait(self, *_: Any, **__: Any) -> Any:
        from switchyard.results import OutputFile, Result

        return Result("", (OutputFile("8", "fleet_00001_.png", "", "output", "images"),), seconds=0.0)

    def view(self, _: Any) -> bytes:
        return bytes(self.picture)

    def download(self, _: Any, folder: Path, name: str) -> Any:
        from switchyard.downloads import Saved

        (folder / name).write_bytes(self.picture)
        return Saved(folder / name, "0" * 64, len(self.picture))


async def dask_setup(dask_worker: Any) -> None:
    """Makes this file a preload of `dask worker`: a worker with a stand-in."""
    from switchyard.batch.fleet_worker import ServerPlugin
    from switchyard.batch.servers import Server

    name = dask_worker.address.rpartition(":")[2]
    await dask_worker.plugin_add(ServerPlugin(Server(f"http://{name}"), 2, StandIn), catch_errors=False)


def run(folder: Path, engine: str, servers: int, jobs: int, size: int) -> tuple[float, float, int]:
    """Seconds by the clock and of this process's CPU, for so many jobs with a picture each; bytes of the journal.

    The CPU's seconds are about the same on a busy machine: one core does no more jobs than fit in them.
    """
    from switchyard.batch import Batch, Options
    from switchyard.template import Template

    os.environ["STAND_IN_BYTES"] = str(size)
    document = Template.from_workflow(GRAPH, name="fleet").document()
    bind = {"node": "6", "input": "seed", "class_type": "KSampler"}
    document["parameters"] = [{"name": "seed", "type": "seed", "default": 1, "bind": [bind]}]
    batch = Batch.create(
        folder, Template.read(document), [{"seed": index} for index in range(jobs)], options=Options(patience_s=60)
    )
    urls = [f"http://stand-in-{number}" for number in range(servers)] if "://" not in engine else []
    start, cpu = time.monotonic(), time.process_time()
    outcome = batch.run(urls, engine=engine, make_client=StandIn)
    seconds, cpu = time.monotonic() - start, time.process_time() - cpu
    assert outcome.done == jobs, outcome
    return seconds, cpu, (folder / "journal.jsonl").stat().st_size


def scheduler_alone(servers: int, tasks: int) -> tuple[float, float]:
    """Tasks that do nothing, through the same scheduler: so many a second, and milliseconds of CPU for each."""
    from switchyard.batch.fleet_scheduler import connected
    from switchyard.batch.servers import Server

    named = [Server(f"http://{number}") for number in range(servers)]
    with connected("dask", named, 2, StandIn) as client:
        start, cpu = time.monotonic(), time.process_time()
        futures = [client.submit(abs, number, pure=False, resources={"switchyard": 1}) for number in range(tasks)]
        client.gather(futures)
        return tasks / (time.monotonic() - start), (time.process_time() - cpu) / tasks * 1000


def memory_mib() -> float:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


class Peak:
    """The most memory that this process has had meanwhile."""

    def __enter__(self) -> Peak:
        self.before = self.mib = memory_mib()
        self._end = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def _watch(self) -> None:
        while not self._end.wait(0.02):
            self.mib = max(self.mib, memory_mib())

    def __exit__(self, *_: object) -> None:
        self._end.set()


def with_scheduler(place: Path, size: int, jobs: int, workers: int) -> tuple[float, float]:
    """The same with a scheduler and workers in processes of their own, over loopback."""
    environment = {**os.environ, "STAND_IN_BYTES": str(size)}
    python, address = sys.executable, "tcp://127.0.0.1:8799"
    options = ["--host", "127.0.0.1", "--no-dashboard"]
    started = [subprocess.Popen([python, "-m", "distributed.cli.dask_scheduler", *options, "--port", "8799"],
                                env=environment, stderr=subprocess.DEVNULL)]  # fmt: skip
    try:
        line = [python, "-m", "distributed.cli.dask_worker", address, *options, "--no-nanny", "--preload", __file__]
        started += [subprocess.Popen(line, env=environment, stderr=subprocess.DEVNULL) for _ in range(workers)]
        import distributed

        with distributed.Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)
        return run(place, address, 0, jobs, size)[:2]
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


def main() -> None:
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as text:
        place = Path(text)
        for servers in (2, 100):
            rate, cpu = scheduler_alone(servers, 1000)
            print(f"tasks that do nothing, {servers} workers: {rate:.0f} a second, {cpu:.2f} ms of CPU each")
        for engine, servers in (("local", 2), ("local", 20), ("dask", 2), ("dask", 20)):
            with Peak() as peak:
                seconds, cpu, journal = run(place / f"{engine}_{servers}", engine, servers, 1000, 1000)
            print(
                f"1,000 jobs, {engine}, {servers} servers: {1000 / seconds:.0f} a second, {cpu:.2f} ms of CPU each, "
                f"journal {journal / 1000:.0f} bytes a job, memory {peak.before:.0f} -> {peak.mib:.0f} MiB"
            )
        size = 3_000_000
        with Peak() as peak:
            seconds, cpu, _ = run(place / "large", "dask", 8, 200, size)
        print(
            f"200 files of 3 MB, dask, 8 servers: {200 * size / seconds / 1e6:.0f} MB a second, {cpu * 5:.1f} ms of "
            f"CPU each, memory {peak.before:.0f} -> {peak.mib:.0f} MiB"
        )
        seconds, cpu = with_scheduler(place / "small_tcp", 1000, 1000, 4)
        print(f"1,000 jobs, a scheduler, 4 worker processes: {1000 / seconds:.0f} a second, {cpu:.2f} ms of CPU here")
        with Peak() as peak:
            seconds, cpu = with_scheduler(place / "large_tcp", size, 200, 4)
        print(
            f"200 files of 3 MB, the same: {200 * size / seconds / 1e6:.0f} MB a second, {cpu * 5:.1f} ms of "
            f"CPU here each, memory {peak.before:.0f} -> {peak.mib:.0f} MiB"
        )


if __name__ == "__main__":
    if not any((Path(folder) / "switchyard").is_dir() for folder in sys.path[1:] if folder):
        with tempfile.TemporaryDirectory() as packages:
            (Path(packages) / "switchyard").symlink_to(ROOT / "switchyard", target_is_directory=True)
            path = os.pathsep.join([packages, os.environ.get("PYTHONPATH", "")])
            subprocess.run([sys.executable, __file__], env={**os.environ, "PYTHONPATH": path}, check=True)
            sys.exit()
    main()
