"""Batches on Dask and real servers: killed servers, workers and clients lose nothing and do nothing twice."""

from __future__ import annotations

import os
import re
import subprocess
import time

import pytest
from test_batch import ROOT, check_complete, make_batch, wait_until

from engine.layout import python_of

pytest.importorskip("distributed", reason="the extra `fleet` is not installed")


@pytest.fixture(scope="module")
def other(make_server):
    """A server to be killed; in the order of these tests it is started twice."""
    return make_server("fleet")


@pytest.fixture
def start(layout, tmp_path):
    """Starts Python modules as processes with the client installed; gives the process, whose log is `process.log`."""
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "switchyard").symlink_to(ROOT / "switchyard", target_is_directory=True)
    environment = {**os.environ, "PYTHONPATH": str(packages), "DASK_TEMPORARY_DIRECTORY": str(tmp_path)}
    started = []

    def start(*words):
        path = tmp_path / f"log_{len(started)}.txt"
        line = [str(python_of(layout.environment)), "-m", *map(str, words)]
        with path.open("wb") as log:
            process = subprocess.Popen(line, env=environment, stdout=log, stderr=log)
        process.log = path
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.fixture
def scheduler(start):
    """The address of a Dask scheduler, and a function that starts a worker for a server there."""
    process = start("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    address = wait_for(process, r"Scheduler at: +(tcp://\S+)")

    def worker(server, *settings):
        named = ",".join((server.url, *settings))
        options = ("--no-nanny", "--no-dashboard", "--preload", "switchyard.batch.fleet_preload", named)
        found = start("distributed.cli.dask_worker", address, "--host", "127.0.0.1", *options)
        wait_for(found, r"Registered to: +(tcp://\S+)")
        return found

    return address, worker


def wait_for(process, pattern, timeout_s=30):
    deadline = time.monotonic() + timeout_s
    while not (found := re.search(pattern, process.log.read_text())):
        assert process.poll() is None, process.log.read_text()
        assert time.monotonic() < deadline, process.log.read_text()
        time.sleep(0.05)
    return found[1]


def resume(start, batch, *words):
    return start("switchyard", "resume", batch.folder.path, *words)


def ended(process, code=0):
    assert process.wait(timeout=60) == code, process.log.read_text()


def test_on_dask_in_this_process_one_of_two_servers_is_killed(server, other, start, tmp_path):
    other.start()
    batch = make_batch(tmp_path / "run", 40, 0.1)
    process = resume(start, batch, "--engine", "dask", "--server", server.url, "--server", other.url)
    wait_until(batch, 20, process)
    other._process.kill()
    ended(process)
    check_complete(batch, 40)
    assert {state.server for state in batch.states()} == {server.url, other.url}


def test_on_a_scheduler_with_tags_one_of_two_servers_is_killed(server, other, start, scheduler, tmp_path):
    other._process.wait()  # of the test before
    other.start()
    address, worker = scheduler
    worker(server, "tags=red+old")
    worker(other, "tags=blue+old")
    worker(server, "tags=new")
    batch = make_batch(tmp_path / "run", 40, 0.1)
    ended(resume(start, batch, "--engine", address, "--require", "green"), 2)
    assert "blue+old; new; old+red" in (tmp_path / "log_4.txt").read_text()
    process = resume(start, batch, "--engine", address, "--require", "old")
    wait_until(batch, 20, process)
    other._process.kill()
    ended(process)
    check_complete(batch, 40)
    assert {state.server for state in batch.states()} == {server.url, other.url}


def test_one_run_on_all_engines_whose_clients_and_workers_are_killed(server, start, scheduler, tmp_path):
    """Jobs that are queued are adopted by whoever comes next: exactly so many files are on the server in the end."""
    address, worker = scheduler
    workers = [worker(server), worker(server)]
    batch = make_batch(tmp_path / "run", 60, 0.1)
    engines = (("local", "--server", server.url), ("dask", "--server", server.url), (address,))
    for at, engine in zip((10, 20, 30), engines, strict=True):
        process = resume(start, batch, "--engine", *engine)
        wait_until(batch, at, process)
        process.kill()
        process.wait()
    process = resume(start, batch, "--engine", address)
    wait_until(batch, 40, process)
    workers[0].kill()
    ended(process)
    check_complete(batch, 60)
    assert len(list((server.base / "output" / batch.folder.name).iterdir())) == 60
