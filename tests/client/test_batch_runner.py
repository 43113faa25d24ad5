"""A batch is done whatever happens: no job is lost, and none is done twice."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import threading

import pytest
from client_graphs import text_to_image
from fake_batch_server import FakeClient, FakeServer
from switchyard.batch import Batch, Options, RunInUseError, Server, bookkeeping
from switchyard.batch import pool as pool_module
from switchyard.batch import runner as runner_module
from switchyard.batch.journal import NAME
from switchyard.errors import ServerUnavailable
from switchyard.template import Template


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No pauses, and no waiting for the disk, which takes most of the time, and all of it where the disk is busy."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    monkeypatch.setattr(pool_module, "_PROBE_S", 0.005)
    monkeypatch.setattr(pool_module, "_WAIT_S", 0.02)
    monkeypatch.setattr(bookkeeping, "_TICK_S", 0.005)
    monkeypatch.setattr(bookkeeping, "_GRACE_S", 1.0)
    monkeypatch.setattr(runner_module, "_FETCH_PAUSE_S", 0.001)


def make(folder, prompts, **options):
    template = Template.from_workflow(text_to_image(), name="barn")
    rows = [{"prompt": prompt, "seed": 1} for prompt in prompts]
    return Batch.create(folder, template, rows, options=Options(**{"patience_s": 0.05, **options}))


def run(batch, *servers, say=None):
    by_url = {server.url: server for server in servers}
    return batch.run([*by_url], say=say, make_client=lambda url: FakeClient(by_url[url]))


def records(batch, event):
    lines = (batch.folder.path / NAME).read_text().splitlines()
    return [record for record in map(json.loads, lines) if record["event"] == event]


def check_complete(batch, count):
    """Every job done exactly once, each with its own file, and nothing else."""
    done = [record["index"] for record in records(batch, "done")]
    assert sorted(done) == list(range(count))
    assert len(list(batch.folder.outputs.iterdir())) == count
    manifest = [json.loads(line) for line in (batch.folder.path / "manifest.jsonl").read_text().splitlines()]
    assert [row["index"] for row in manifest] == list(range(count))
    assert {row["status"] for row in manifest} == {"done"}
    assert batch.verify() == []


def test_all_jobs_are_done_each_with_its_own_file_though_all_are_equal(tmp_path):
    batch, server = make(tmp_path / "run", ["a"] * 30), FakeServer()
    outcome = run(batch, server)
    assert (outcome.done, outcome.failed, outcome.exit_code) == (30, 0, 0)
    assert len(server.executed) == 30
    check_complete(batch, 30)


def test_a_second_run_does_nothing(tmp_path):
    batch, server = make(tmp_path / "run", "abc"), FakeServer()
    run(batch, server)
    assert run(Batch.open(tmp_path / "run"), server).exit_code == 0
    assert len(server.executed) == 3


@pytest.mark.parametrize(("window", "slots"), [(1, 1), (3, 1), (2, 2)])
def test_the_window_is_never_exceeded(tmp_path, window, slots):
    batch, server = make(tmp_path / "run", "a" * 20, window=window), FakeServer()
    server.hold.clear()

    def say(event):
        if event["event"] == "submit" and len(server.queue) >= window * slots - 1:
            server.hold.set()

    batch.run([Server(server.url, slots)], say=say, make_client=lambda _: FakeClient(server))
    assert server.most_queued <= window * slots
    check_complete(batch, 20)


def test_a_failed_job_is_named_and_the_others_are_done(tmp_path):
    batch, server = make(tmp_path / "run", ["a", "fail", "b"]), FakeServer()
    outcome = run(batch, server)
    assert (outcome.done, outcome.failed, outcome.exit_code) == (2, 1, 1)
    row = batch.rows()[1]
    assert (row["status"], row["attempt"]) == ("failed", 1)
    assert row["error"]["code"] == "NodeFailed"
    assert row["error"]["node"] == "6"
    assert "too dark" in row["error"]["message"]
    assert [problem.kind for problem in batch.verify()] == ["failed"]


def test_retry_runs_the_failed_ones_alone(tmp_path):
    batch, server = make(tmp_path / "run", ["a", "fail", "b"]), FakeServer()
    run(batch, server)
    assert batch.retry() == 1
    before = len(server.executed)
    assert run(batch, server).failed == 1
    assert len(server.executed) == before + 1
    assert batch.rows()[1]["attempt"] == 2


def test_on_error_stop_leaves_the_rest_for_later(tmp_path):
    batch, server = make(tmp_path / "run", ["fail", *"abcdefghij"], on_error="stop", window=1), FakeServer()
    outcome = run(batch, server)
    assert outcome.exit_code == 1
    assert outcome.failed == 1
    assert outcome.pending >= 8


def test_max_failures(tmp_path):
    batch, server = make(tmp_path / "run", ["fail"] * 20, max_failures=3, window=1), FakeServer()
    outcome = run(batch, server)
    assert 3 <= outcome.failed <= 5
    assert outcome.pending >= 15


def test_a_lost_job_is_queued_again(tmp_path):
    batch, server = make(tmp_path / "run", ["a", "lost", "b"]), FakeServer()
    assert run(batch, server).exit_code == 0
    assert batch.rows()[1]["attempt"] == 2
    check_complete(batch, 3)


def test_memory_is_freed_and_the_job_tried_once_more(tmp_path):
    batch, server = make(tmp_path / "run", ["memory", "memory always"], window=1), FakeServer()
    outcome = run(batch, server)
    assert (outcome.done, outcome.failed, server.freed) == (1, 1, 2)
    assert batch.rows()[1]["error"]["code"] == "OutOfMemory"
    assert len(server.executed) == 4


def test_rejected_jobs_have_an_exit_code_of_their_own(tmp_path):
    batch = make(tmp_path / "run", ["a", "reject"])
    assert run(batch, FakeServer()).exit_code == 3


def test_a_job_that_one_server_rejects_goes_to_another(tmp_path):
    batch = make(tmp_path / "run", ["special"] * 6)
    one, two = FakeServer("http://one", rejects="special"), FakeServer("http://two")
    assert run(batch, one, two).exit_code == 0
    assert (len(one.executed), len(two.executed)) == (0, 6)
    check_complete(batch, 6)


def test_no_server_is_said_at_once_and_the_run_can_be_resumed(tmp_path):
    batch, server = make(tmp_path / "run", "abc", patience_s=60), FakeServer()
    server.is_down = True
    with pytest.raises(ServerUnavailable):
        run(batch, server)
    server.is_down = False
    assert run(batch, server).exit_code == 0
    check_complete(batch, 3)


def test_the_only_server_dies_for_good_and_is_started_anew(tmp_path):
    batch, server = make(tmp_path / "run", "a" * 12), FakeServer()
    server.dies_after = 5
    outcome = run(batch, server)
    assert outcome.exit_code == 4
    assert outcome.pending >= 7
    server.restart()
    assert run(batch, server).exit_code == 0
    check_complete(batch, 12)


def test_one_of_two_servers_dies_half_way(tmp_path):
    batch = make(tmp_path / "run", "a" * 24)
    one, two = FakeServer("http://one"), FakeServer("http://two")
    one.dies_after = 5
    assert run(batch, one, two).exit_code == 0
    check_complete(batch, 24)
    assert {row["server"] for row in batch.rows()} <= {"http://one", "http://two"}


def test_local_files_are_sent_once_and_other_names_are_the_servers_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.png").write_bytes(b"a picture")
    graph = text_to_image()
    graph["9"] = {"class_type": "LoadImage", "inputs": {"image": "example.png"}}
    document = Template.from_workflow(graph, name="barn").document()
    bind = {"node": "9", "input": "image", "class_type": "LoadImage"}
    document["parameters"] = [{"name": "photo", "type": "image", "default": "example.png", "bind": [bind]}]
    rows = [{"photo": "photo.png"}, {"photo": "on_server.png"}, {"photo": "photo.png"}, {}]
    batch, server = Batch.create("run", Template.read(document), rows), FakeServer()
    monkeypatch.chdir(tmp_path.parent)
    batch = Batch.open(tmp_path / "run")
    assert run(batch, server).exit_code == 0
    assert server.uploaded == [str(tmp_path / "photo.png")]
    sent = sorted(graph["9"]["inputs"]["image"] for graph in server.graphs)
    assert sent == ["example.png", "on_server.png", "uploaded_photo.png", "uploaded_photo.png"]


def test_a_second_process_is_refused(tmp_path):
    batch = make(tmp_path / "run", "abc")
    with batch.folder.locked(), pytest.raises(RunInUseError, match="process"):
        run(Batch.open(tmp_path / "run"), FakeServer())


def interrupt(runner, times):
    """A tick that presses Ctrl-C so many times, once jobs are queued."""
    left = [times]

    def tick():
        if left[0] and runner.pool.active:
            left[0] -= 1
            raise KeyboardInterrupt

    return tick


@pytest.mark.parametrize("times", [1, 2, 3])
def test_ctrl_c(tmp_path, times):
    """Once: what is queued ends. Twice: it is taken back. Then the run goes on where it was."""
    batch, server = make(tmp_path / "run", "a" * 10), FakeServer()
    server.hold.clear()
    with batch.folder.locked() as journal:
        runner = runner_module.Runner(batch.folder, journal, [(FakeClient(server), 1)])
        if times == 1:
            runner._say = lambda event: server.hold.set() if event["event"] == "stopping" else None
        outcome = runner.run(tick=interrupt(runner, times))
    assert outcome.exit_code == 130
    assert server.queue == {}
    assert outcome.done <= 2
    assert (outcome.done == 0) == (times > 1)
    server.hold.set()
    assert run(Batch.open(tmp_path / "run"), server).exit_code == 0
    check_complete(batch, 10)


def test_cancel_is_asked_for_by_a_file(tmp_path):
    batch, server = make(tmp_path / "run", "a" * 10), FakeServer()
    server.hold.clear()

    def say(event):
        if event["event"] == "submit":
            (batch.folder.path / "cancel.request").touch()

    assert run(batch, server, say=say).exit_code == 130
    assert server.queue == {}


@pytest.mark.parametrize("survives", [True, False], ids=["the server lives on", "the server is started anew"])
def test_killed_after_any_byte_of_the_journal_each_job_is_done_exactly_once(tmp_path, survives):
    """A prefix of the journal is what a killed client leaves; files may be there that the journal does not know."""
    prompts = ["a", "lost", "memory", "b"]
    batch, server = make(tmp_path / "run", prompts, window=1), FakeServer()
    run(batch, server)
    whole = (tmp_path / "run" / NAME).read_bytes()
    ends = [place for place, byte in enumerate(whole) if byte == 10]
    cuts = sorted({0, *(end + shift for end in ends for shift in (-7, 0, 1))})
    for cut in cuts:
        folder = tmp_path / f"cut_{cut}"
        shutil.copytree(tmp_path / "run", folder)
        (folder / NAME).write_bytes(whole[:cut])
        (folder / "outputs" / ".00001_barn.png.ab12.part").write_bytes(b"half")
        after = FakeServer()
        after._counts = {"lost": 1, "memory": 1}
        if survives:
            after.history = dict(server.history)
            after.executed = list(server.executed)
        resumed = Batch.open(folder)
        assert run(resumed, after).exit_code == 0
        check_complete(resumed, len(prompts))
        if survives:
            assert sorted(after.executed) == sorted(set(after.executed))


def test_each_record_is_on_disk_before_anything_else_is_done(tmp_path, monkeypatch):
    """What the test before takes for granted: of a journal no power cut takes more than a step not yet begun."""
    synced = set()
    monkeypatch.setattr(os, "fsync", lambda handle: synced.add(os.fstat(handle).st_size))
    run(make(tmp_path / "run", "abc"), FakeServer())
    lines = (tmp_path / "run" / NAME).read_bytes().splitlines(keepends=True)
    assert len(lines) == 6
    assert set(itertools.accumulate(map(len, lines))) <= synced


def test_a_bug_is_not_hidden(tmp_path, monkeypatch):
    batch, server = make(tmp_path / "run", "abc"), FakeServer()
    monkeypatch.setattr(server, "end", lambda prompt_id: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(batch, server)
    assert threading.active_count() < 50
