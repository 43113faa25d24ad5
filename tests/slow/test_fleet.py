"""Batches on a Dask scheduler in this process, with stand-ins for servers: the same promises as with threads."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil
import pytest
from client_graphs import text_to_image
from fake_batch_server import FakeClient, FakeServer
from switchyard.batch import Batch, Server, TagError, bookkeeping
from switchyard.errors import ServerUnavailable
from switchyard.template import Template

pytest.importorskip("distributed", reason="the extra `fleet` is not installed")

from fleet_rig import check_complete, fleet_of, make, quick, records, run  # noqa: F401 - a fixture is used by all
from switchyard.batch import fleet, fleet_scheduler, fleet_worker


def test_all_jobs_are_done_on_both_servers_and_it_is_told(tmp_path):
    batch, events = make(tmp_path / "run", ["a"] * 30), []
    one, two = FakeServer("http://one"), FakeServer("http://two")
    assert run(batch, one, two, say=events.append).exit_code == 0
    check_complete(batch, 30)
    assert len(set(one.executed + two.executed)) == 30
    assert min(len(one.executed), len(two.executed)) > 5
    assert max(one.most_queued, two.most_queued) <= 2
    assert [events[0]["event"], events[-1]["event"]] == ["start", "end"]
    assert {event["server"] for event in events if event["event"] == "done"} == {"http://one", "http://two"}


def test_no_port_is_open_to_a_network(tmp_path):
    """While a run is at work, whatever this process listens at is its own machine."""
    heard = []

    def say(event):
        if event["event"] == "done":
            heard.extend(c.laddr.ip for c in psutil.Process().net_connections("tcp") if c.status == "LISTEN")

    run(make(tmp_path / "run", "ab"), FakeServer(), say=say)
    assert set(heard) == {"127.0.0.1"}


def test_each_kind_of_failure_is_what_it_is_with_threads(tmp_path):
    batch = make(tmp_path / "run", ["fail", "memory", "memory always", "lost", "reject", "a"])
    server = FakeServer()
    outcome = run(batch, server)
    assert (outcome.done, outcome.failed, server.freed) == (3, 3, 2)
    found = [(row["attempt"], (row["error"] or {}).get("code")) for row in batch.rows()]
    assert found == [(1, "NodeFailed"), (2, None), (2, "OutOfMemory"), (2, None), (1, "PromptRejected"), (1, None)]
    assert batch.rows()[0]["error"]["node"] == "6"
    assert batch.retry() == 3


def test_a_job_that_one_server_rejects_goes_to_another(tmp_path):
    batch = make(tmp_path / "run", ["special"] * 6)
    one, two = FakeServer("http://one", rejects="special"), FakeServer("http://two")
    assert run(batch, one, two).exit_code == 0
    assert (len(one.executed), len(two.executed)) == (0, 6)
    check_complete(batch, 6)


def test_max_failures(tmp_path):
    outcome = run(make(tmp_path / "run", ["fail"] * 20, max_failures=3, window=1), FakeServer())
    assert 3 <= outcome.failed <= 5
    assert outcome.pending >= 15


def test_no_server_is_said_at_once_and_the_run_can_be_resumed(tmp_path):
    batch, server = make(tmp_path / "run", "abc", patience_s=60), FakeServer()
    server.is_down = True
    with pytest.raises(ServerUnavailable):
        run(batch, server)
    server.is_down = False
    assert run(batch, server).exit_code == 0
    check_complete(batch, 3)


def test_the_only_server_dies_for_good_and_the_run_goes_on_with_threads(tmp_path):
    batch, server = make(tmp_path / "run", "a" * 12), FakeServer()
    server.dies_after = 5
    outcome = run(batch, server)
    assert outcome.exit_code == 4
    assert outcome.pending >= 7
    server.restart()
    assert run(batch, server, engine="local").exit_code == 0
    check_complete(batch, 12)


def test_a_server_that_comes_back_gets_jobs_again(tmp_path):
    batch = make(tmp_path / "run", "a" * 60)
    one, two = FakeServer("http://one"), FakeServer("http://two")
    one.dies_after = 3

    def say(event):
        if event["event"] == "server_down":
            one.restart()
        if event["event"] == "done":
            time.sleep(0.02)

    assert run(batch, one, two, say=say).exit_code == 0
    assert len(one.executed) > 6
    check_complete(batch, 60)


@pytest.mark.parametrize("named", ["", "http://10.0.0.7:8188"])
@pytest.mark.parametrize("engine", ["local", "dask"])
def test_a_job_whose_server_the_journal_does_not_name_is_adopted_where_it_is(tmp_path, engine, named):
    """As a client leaves it that was killed after Dask had chosen a server, or knew it by another address."""
    batch = make(tmp_path / "run", ["a"] * 4)
    one, two = FakeServer("http://one"), FakeServer("http://two")
    one.hold.clear()
    two.hold.clear()
    with batch.folder.locked() as journal:
        for index, server in enumerate((one, two)):
            found = bookkeeping.prompt_id(batch.folder.run_id, batch.folder.jobs[index], 1)
            journal.add("submit", index, attempt=1, prompt_id=found, server=named)
            server.queue[found] = {
                "4": {"inputs": {"text": "a"}},
                "8": {"inputs": {"filename_prefix": f"x/0000{index}"}},
            }
    one.hold.set()
    two.hold.set()
    assert run(batch, one, two, engine=engine).exit_code == 0
    check_complete(batch, 4)
    assert len(one.executed + two.executed) == 4
    assert [row["attempt"] for row in batch.rows()] == [1, 1, 1, 1]


def interrupt(runner, times):
    """A tick that presses Ctrl-C so many times, once jobs are queued."""
    left = [times]

    def tick():
        if left[0] and runner._sent:
            left[0] -= 1
            raise KeyboardInterrupt

    return tick


@pytest.mark.parametrize("times", [1, 2, 3])
def test_ctrl_c(tmp_path, times):
    """Once: what is queued ends. Twice: it is taken back. Then the run goes on where it was."""
    batch, server = make(tmp_path / "run", "a" * 10), FakeServer()
    server.hold.clear()
    with (
        batch.folder.locked() as journal,
        fleet_scheduler.connected("dask", [Server(server.url)], 2, lambda _: FakeClient(server)) as dask,
    ):
        runner = fleet.Fleet(batch.folder, journal, dask)
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


def test_only_servers_with_the_required_tags_get_jobs(tmp_path):
    batch = make(tmp_path / "run", "a" * 6, require=["sdxl"])
    one, two = FakeServer("http://one"), FakeServer("http://two")
    by_url = {server.url: server for server in (one, two)}
    places = [Server("http://one", tags=["sd15"]), Server("http://two", tags=["sdxl", "24gb"])]
    for engine in ("dask", "local"):
        batch = make(tmp_path / engine, "a" * 6, require=["sdxl", "24gb"])
        outcome = batch.run(places, engine=engine, make_client=lambda url: FakeClient(by_url[url]))
        assert outcome.exit_code == 0
        assert one.executed == []
        with pytest.raises(TagError, match=r"sdxl, 24gb.*sd15"):
            batch.run(places[:1], engine=engine, make_client=lambda url: FakeClient(by_url[url]))


@pytest.mark.parametrize("letter", ["a", "\u8349"])
def test_a_file_is_saved_whose_name_is_as_long_as_a_name_can_be(tmp_path, letter):
    name = f"00001_{letter * (245 // len(letter.encode()))}.png"
    fleet._write(tmp_path / name, b"a picture")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def photo_template():
    """A template with a parameter for a local picture."""
    graph = text_to_image()
    graph["9"] = {"class_type": "LoadImage", "inputs": {"image": "example.png"}}
    document = Template.from_workflow(graph, name="barn").document()
    bind = {"node": "9", "input": "image", "class_type": "LoadImage"}
    document["parameters"] = [{"name": "photo", "type": "image", "default": "example.png", "bind": [bind]}]
    return Template.read(document)


def test_of_many_local_files_few_stay_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(fleet, "_FILES", 2)
    paths = [tmp_path / f"photo_{number}.png" for number in range(12)]
    for path in paths:
        path.write_text(path.name)
    batch, server, most = (
        Batch.create(tmp_path / "run", photo_template(), [{"photo": str(p)} for p in paths]),
        FakeServer(),
        [],
    )

    def say(event):
        if event["event"] == "done":
            most.append(len(known.dask.cluster.workers["0"].data))

    with fleet_of(batch, server, say=say) as (runner, known):
        assert runner.run().exit_code == 0
    assert len(server.uploaded) == 12
    assert max(most) <= 8  # two kept, two being used, and results


def test_local_files_are_sent_once_to_each_server(tmp_path):
    (tmp_path / "photo.png").write_bytes(b"a picture")
    rows = [{"photo": str(tmp_path / "photo.png")}, {"photo": "on_server.png"}, {"photo": str(tmp_path / "photo.png")}]
    batch, server = Batch.create(tmp_path / "run", photo_template(), rows), FakeServer()
    assert run(batch, server).exit_code == 0
    assert [path.rpartition("/")[2] for path in server.uploaded] == ["photo.png"]
    sent = sorted(graph["9"]["inputs"]["image"] for graph in server.graphs)
    assert sent == ["on_server.png", "uploaded_photo.png", "uploaded_photo.png"]
    (tmp_path / "photo.png").unlink()
    gone = Batch.create(tmp_path / "gone", photo_template(), rows)
    assert run(gone, server).failed == 2
    assert "photo.png can't be read" in gone.rows()[0]["error"]["message"]


def test_a_bug_is_not_hidden(tmp_path, monkeypatch):
    batch, server = make(tmp_path / "run", "abc"), FakeServer()
    monkeypatch.setattr(server, "end", lambda prompt_id: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(batch, server)


def test_an_address_where_no_scheduler_is(tmp_path):
    with pytest.raises(ServerUnavailable, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        make(tmp_path / "run", "abc").run(engine="tcp://127.0.0.1:9")


def test_dask_is_loaded_only_when_it_is_asked_for():
    code = "import sys, switchyard.cli, switchyard.batch; sys.exit('distributed' in sys.modules)"
    path = [str(fleet.__file__).rpartition("switchyard")[0]]
    assert subprocess.run([sys.executable, "-c", f"import sys; sys.path[:0] = {path}; {code}"]).returncode == 0


@pytest.mark.parametrize(
    ("url", "worker", "label"),
    [
        ("http://127.0.0.1:8188", "tcp://10.0.0.7:4000", "http://10.0.0.7:8188"),
        ("http://localhost:8188/base", "tls://gpu7:4000", "http://gpu7:8188/base"),
        ("http://localhost", "tls://[fe80::1]:4000", "http://[fe80::1]"),
        ("http://127.0.0.1:8188", "inproc://10.0.0.7/1/2", "http://127.0.0.1:8188"),
        ("https://comfy.example", "tcp://10.0.0.7:4000", "https://comfy.example"),
    ],
)
def test_servers_of_many_hosts_have_names_of_their_own(url, worker, label):
    assert fleet_worker.label_of(url, worker) == label
