"""A fleet for tests: a batch on a Dask scheduler in this process, with stand-ins for servers."""

from __future__ import annotations

import contextlib
import json
import time

import distributed
import pytest
from client_graphs import text_to_image
from fake_batch_server import FakeClient
from switchyard.batch import Batch, Options, Server, bookkeeping, fleet, fleet_scheduler, fleet_worker
from switchyard.template import Template


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(bookkeeping, "_TICK_S", 0.005)
    monkeypatch.setattr(bookkeeping, "_GRACE_S", 1.0)
    monkeypatch.setattr(fleet, "_LOOK_S", 0.05)
    monkeypatch.setattr(fleet, "_FIRST_WORKER_S", 0.1)
    monkeypatch.setattr(fleet_worker, "_PROBE_S", 0.02)
    monkeypatch.setattr(fleet_worker, "_FETCH_PAUSE_S", 0.001)
    monkeypatch.setattr(fleet_scheduler, "_CONNECT_S", 1.0)


def make(folder, prompts, **options):
    template = Template.from_workflow(text_to_image(), name="barn")
    rows = [{"prompt": prompt, "seed": 1} for prompt in prompts]
    return Batch.create(folder, template, rows, options=Options(**{"patience_s": 0.3, **options}))


def run(batch, *servers, engine="dask", say=None):
    by_url = {server.url: server for server in servers}
    return batch.run([*by_url], engine=engine, say=say, make_client=lambda url: FakeClient(by_url[url]))


def records(batch, event):
    lines = (batch.folder.path / "journal.jsonl").read_text().splitlines()
    return [record for record in map(json.loads, lines) if record["event"] == event]


def check_complete(batch, count):
    """Every job done exactly once, each with its own file, and nothing else."""
    assert sorted(record["index"] for record in records(batch, "done")) == list(range(count))
    assert len(list(batch.folder.outputs.iterdir())) == count
    assert {row["status"] for row in batch.rows()} == {"done"}
    assert batch.verify() == []


class Fleet:
    """A fleet on a scheduler of this process, to which workers come, and of which they die."""

    def __init__(self, dask, make_client):
        self.dask, self._make_client = dask, make_client

    def add(self, url):
        plugins = (fleet_worker.ServerPlugin(Server(url), 2, self._make_client),)
        options = {"plugins": plugins, "nthreads": 1, "memory_limit": 0, "dashboard": False}
        options["dashboard_address"] = "127.0.0.1:0"
        self.dask.cluster.worker_spec[url] = {"cls": distributed.Worker, "options": options}
        self.dask.cluster.loop.add_callback(self.dask.cluster._correct_state)
        while all(worker["name"] != url for worker in self.dask.scheduler_info(n_workers=-1)["workers"].values()):
            time.sleep(0.01)

    def kill_first(self):
        worker = self.dask.cluster.workers["0"]
        self.dask.cluster.sync(worker.close, nanny=False, executor_wait=False)


@contextlib.contextmanager
def fleet_of(batch, *servers, client=FakeClient, say=None):
    """A runner with a worker for the first server, and the fleet."""
    by_url = {server.url: server for server in servers}
    make_client = lambda url: client(by_url[url])  # noqa: E731
    with (
        batch.folder.locked() as journal,
        fleet_scheduler.connected("dask", [Server(servers[0].url)], 2, make_client) as dask,
    ):
        yield fleet.Fleet(batch.folder, journal, dask, say), Fleet(dask, make_client)
