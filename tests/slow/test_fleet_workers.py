"""Fleets whose workers come, stumble and die at bad moments."""

from __future__ import annotations

import threading
import time

import pytest
from fake_batch_server import FakeClient, FakeServer
from switchyard.batch import bookkeeping
from switchyard.errors import AuthRequired, PromptRejected, ServerUnavailable

pytest.importorskip("distributed", reason="the extra `fleet` is not installed")

from fleet_rig import check_complete, fleet_of, make, quick, records, run  # noqa: F401 - a fixture is used by all
from switchyard.batch import fleet, fleet_scheduler, fleet_worker


def queue_before(batch, server):
    """Leaves the batch's first job in a server's queue, as a killed client does; gives its id."""
    found = bookkeeping.prompt_id(batch.folder.run_id, batch.folder.jobs[0], 1)
    server.queue[found] = {"4": {"inputs": {"text": "a"}}, "8": {"inputs": {"filename_prefix": "x/00000"}}}
    with batch.folder.locked() as journal:
        journal.add("submit", 0, attempt=1, prompt_id=found, server=server.url)
    return found


@pytest.mark.parametrize("engine", ["local", "dask"])
def test_where_a_job_goes_that_no_server_knows_is_written_down_before(tmp_path, engine):
    """Or whoever resumes the run would look for it at the wrong server."""
    batch, server = make(tmp_path / "run", "a"), FakeServer("http://two")
    found = bookkeeping.prompt_id(batch.folder.run_id, batch.folder.jobs[0], 1)
    with batch.folder.locked() as journal:
        journal.add("submit", 0, attempt=1, prompt_id=found, server="")
    assert run(batch, server, engine=engine).exit_code == 0
    submits = [(record["attempt"], record["prompt_id"], record["server"]) for record in records(batch, "submit")]
    assert submits == [(1, found, ""), (1, found, "http://two")]
    check_complete(batch, 1)


def test_an_adopted_job_stays_where_it_is_while_its_server_is_away_for_a_moment(tmp_path, monkeypatch):
    batch, server, calls = make(tmp_path / "run", "a", patience_s=60), FakeServer(), []
    found = queue_before(batch, server)
    original = fleet_worker.ServerPlugin.run

    def stumble(self, *args):
        calls.append(1)
        if len(calls) == 1:
            self.trouble = ServerUnavailable("a moment")
        return original(self, *args)

    monkeypatch.setattr(fleet_worker.ServerPlugin, "run", stumble)
    assert run(batch, server).exit_code == 0
    assert server.executed == [found]
    assert len(calls) > 1
    check_complete(batch, 1)


@pytest.mark.parametrize("problem", [PromptRejected("it lacks a model"), AuthRequired("it wants a password")])
def test_what_a_server_does_whose_worker_has_just_come_is_not_held_against_others(tmp_path, monkeypatch, problem):
    """Dask gives it jobs at once, before the workers were asked again."""
    batch, one, two = make(tmp_path / "run", "a" * 12), FakeServer("http://one"), FakeServer("http://two")
    asked = []

    class Client(FakeClient):
        def submit(self, *args, **options):
            if self.server is two:
                asked.append(1)
                raise problem
            time.sleep(0.05)
            return super().submit(*args, **options)

    def say(event):
        if event["event"] == "done" and runner._next_look > 0 and len(known.dask.cluster.worker_spec) == 1:
            known.add(two.url)

    monkeypatch.setattr(fleet, "_LOOK_S", 60)
    with fleet_of(batch, one, two, client=Client, say=say) as (runner, known):
        assert runner.run().exit_code == 0
    assert asked
    check_complete(batch, 12)


def test_a_worker_that_dies_with_a_result_which_only_it_may_make_does_not_hold_up_the_run(tmp_path, monkeypatch):
    """The job was adopted at its server: Dask would wait for that worker for ever."""
    batch, one, two = make(tmp_path / "run", "a" * 12), FakeServer("http://one"), FakeServer("http://two")
    found, deadline = queue_before(batch, one), time.monotonic() + 20

    def tick():
        assert time.monotonic() < deadline, batch.states()

    with fleet_of(batch, one, two) as (runner, known):
        gather, killed = known.dask.gather, []

        def fetch(futures, **options):
            if not killed and found in str(futures):
                killed.append(1)
                known.kill_first()
            return gather(futures, **options)

        known.add(two.url)
        monkeypatch.setattr(known.dask, "gather", fetch)
        assert runner.run(tick).exit_code == 0
    assert killed
    check_complete(batch, 12)


def test_an_adopted_job_is_for_its_servers_worker_alone_also_if_no_other_is_there_yet(tmp_path, monkeypatch):
    batch, server, workers = make(tmp_path / "run", "aa"), FakeServer(), []
    queue_before(batch, server)
    with fleet_of(batch, server) as (runner, known):
        submit = known.dask.submit

        def watch(*args, **options):
            workers.append(options["workers"])
            return submit(*args, **options)

        monkeypatch.setattr(known.dask, "submit", watch)
        assert runner.run().exit_code == 0
    assert [found is None for found in workers] == [False, True]


def test_a_job_that_is_being_sent_when_all_are_taken_back_is_taken_back_too(tmp_path, monkeypatch):
    batch, server = make(tmp_path / "run", "a" * 10), FakeServer()
    server.hold.clear()
    with fleet_of(batch, server) as (runner, _):
        look_up = runner._files_of

        def files_of(task):
            if runner._sent and not runner._is_cancelled:
                runner.cancel()
            return look_up(task)

        monkeypatch.setattr(runner, "_files_of", files_of)
        assert runner.run().exit_code == 130
    assert server.queue == {}
    assert len(records(batch, "cancelled")) == len(records(batch, "submit")) == 2
    server.hold.set()
    assert run(batch, server).exit_code == 0
    check_complete(batch, 10)


def test_a_worker_that_answers_nothing_does_not_hold_up_the_run(tmp_path, monkeypatch):
    """As on a host that was cut off; Dask itself would wait for minutes."""
    batch, server, free = make(tmp_path / "run", "a" * 12), FakeServer(), threading.Event()
    about = fleet_worker.ServerPlugin.about

    def answer(self, ids, *, is_asked=False):
        if not is_asked:
            free.wait(20)
        return about(self, ids, is_asked=is_asked)

    monkeypatch.setattr(fleet_scheduler, "_ANSWER_S", 0.1)
    monkeypatch.setattr(fleet_worker.ServerPlugin, "about", answer)
    with fleet_of(batch, server) as (runner, _):
        start = time.monotonic()
        assert runner.run().exit_code == 0
        assert time.monotonic() - start < 15
        free.set()
    check_complete(batch, 12)


def test_a_worker_that_answers_nothing_does_not_hold_up_a_cancel(tmp_path, monkeypatch):
    batch, server, free, told = make(tmp_path / "run", "a" * 10), FakeServer(), threading.Event(), []
    server.hold.clear()
    monkeypatch.setattr(fleet_scheduler, "_ANSWER_S", 0.1)
    monkeypatch.setattr(fleet_worker.ServerPlugin, "cancel", lambda self, ids: free.wait(20) and [])

    def tick():
        if runner._sent and not runner._is_cancelled:
            runner.cancel()

    with fleet_of(batch, server, say=told.append) as (runner, _):
        start = time.monotonic()
        assert runner.run(tick).exit_code == 130
        assert time.monotonic() - start < 15
        free.set()
        server.hold.set()
    assert "has not answered" in next(event["message"] for event in told if event["event"] == "warning")
    assert records(batch, "cancelled")
