"""`switchyard cancel` on a real server, after the batch's process was killed."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from switchyard.batch import Batch
from switchyard.cli import main
from switchyard.client import Client
from switchyard.template import Template

from engine.layout import python_of

ROOT = Path(__file__).resolve().parent.parent.parent


def graph_of(seconds):
    return {
        "6": {"class_type": "ProbeSample", "inputs": {"seed": 1, "size": 8, "seconds": seconds}},
        "8": {"class_type": "SaveImage", "inputs": {"images": ["6", 0], "filename_prefix": "cancelled"}},
    }


def wait_until(is_so, timeout_s=20):
    end = time.monotonic() + timeout_s
    while not is_so() and time.monotonic() < end:
        time.sleep(0.05)
    assert is_so()


def test_what_runs_and_waits_is_taken_back_and_other_jobs_stay(server, layout, tmp_path, capsys):
    (tmp_path / "switchyard").symlink_to(ROOT / "switchyard", target_is_directory=True)
    batch = Batch.create(tmp_path / "run", Template.from_workflow(graph_of(2), name="barn"), [{} for _ in range(4)])
    command = [str(python_of(layout.environment)), "-m", "switchyard", "resume", str(tmp_path / "run")]
    process = subprocess.Popen(
        [*command, "--server", server.url],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with Client(server.url) as client:
        try:
            wait_until(lambda: client.queue_length() == 2)
        finally:
            process.kill()
            process.wait()
        other = client.submit(graph_of(0))
        assert main(["cancel", str(tmp_path / "run")]) == 0
        assert "2 jobs taken back" in capsys.readouterr().out
        assert other.wait(20).kept
        wait_until(lambda: client.queue_length() == 0)
    assert {state.status for state in batch.states()} == {"pending"}
    assert not (server.base / "output" / batch.folder.name).exists()
