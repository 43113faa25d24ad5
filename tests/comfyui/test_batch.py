"""Batches on real servers: killed clients and killed servers lose nothing and do nothing twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from switchyard.batch import Batch, Options
from switchyard.template import Template

from engine.layout import python_of

ROOT = Path(__file__).resolve().parent.parent.parent


def picture_graph(seconds):
    return {
        "6": {"class_type": "ProbeSample", "inputs": {"seed": 1, "size": 8, "seconds": seconds}},
        "8": {"class_type": "SaveImage", "inputs": {"images": ["6", 0], "filename_prefix": "barn"}},
    }


def make_batch(folder, count, seconds):
    """Jobs whose seeds come in pairs: of every two equal jobs the second one is cached, but for its file."""
    document = Template.from_workflow(picture_graph(seconds), name="barn").document()
    bind = {"node": "6", "input": "seed", "class_type": "ProbeSample"}
    document["parameters"] = [{"name": "seed", "type": "seed", "default": 1, "bind": [bind]}]
    rows = [{"seed": index // 2} for index in range(count)]
    return Batch.create(folder, Template.read(document), rows, options=Options(patience_s=3))


@pytest.fixture
def command(layout, tmp_path):
    """Starts `switchyard resume` as a process of its own; every one is stopped at the end."""
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "switchyard").symlink_to(ROOT / "switchyard", target_is_directory=True)
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    started = []

    def start(run_dir, *servers):
        servers = [word for server in servers for word in ("--server", server.url)]
        line = [str(python_of(layout.environment)), "-m", "switchyard", "resume", str(run_dir)]
        with (tmp_path / f"log_{len(started)}.txt").open("wb") as log:
            process = subprocess.Popen([*line, *servers], env=environment, stdout=log, stderr=log)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


def done(batch):
    return sum(state.status == "done" for state in batch.states())


def wait_until(batch, count, process, timeout_s=60):
    deadline = time.monotonic() + timeout_s
    while done(batch) < count:
        assert process.poll() is None, "it ended too early"
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.05)


def check_complete(batch, count):
    assert batch.verify() == []
    files = list(batch.folder.outputs.iterdir())
    assert len(files) == count
    assert len({path.name.split("_")[0] for path in files}) == count
    rows = [json.loads(line) for line in (batch.folder.path / "manifest.jsonl").read_text().splitlines()]
    assert [row["index"] for row in rows] == list(range(count))
    records = [json.loads(line) for line in (batch.folder.path / "journal.jsonl").read_text().splitlines()]
    ended = [record["index"] for record in records if record["event"] == "done"]
    assert sorted(ended) == list(range(count))


def test_a_killed_client_goes_on_where_it_was(server, command, tmp_path):
    batch = make_batch(tmp_path / "run", 100, 0.05)
    first = command(tmp_path / "run", server)
    wait_until(batch, 30, first)
    first.kill()
    first.wait()
    assert 30 <= done(batch) < 100
    assert command(tmp_path / "run", server).wait(timeout=60) == 0
    check_complete(batch, 100)
    assert len(list((server.base / "output" / batch.folder.name).iterdir())) == 100  # none ran twice there


def test_of_two_servers_one_is_killed_half_way(make_server, server, command, tmp_path):
    other = make_server("other").start()
    batch = make_batch(tmp_path / "run", 60, 0.1)
    process = command(tmp_path / "run", server, other)
    wait_until(batch, 30, process)
    other._process.kill()
    assert process.wait(timeout=60) == 0
    check_complete(batch, 60)
    assert {state.server for state in batch.states()} == {server.url, other.url}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal that a test can send to one process")
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_leaves_nothing_queued_and_the_run_goes_on_later(server, command, tmp_path, times):
    batch = make_batch(tmp_path / "run", 20, 0.2)
    process = command(tmp_path / "run", server)
    wait_until(batch, 3, process)
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    assert process.wait(timeout=30) == 130
    assert server.get("/prompt")["exec_info"]["queue_remaining"] == 0
    assert 3 <= done(batch) < 20
    assert command(tmp_path / "run", server).wait(timeout=60) == 0
    check_complete(batch, 20)
