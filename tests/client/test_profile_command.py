"""`switchyard profile`, and taking a profile, against a server that says what each test wants."""

from __future__ import annotations

import json
import time

import pytest
import switchyard
from client_graphs import text_to_image
from fake_server import serve
from profile_records import call, record
from switchyard import job, profile_command
from switchyard.cli import main
from switchyard.client import Client
from switchyard.errors import JobLost, TemplateError
from switchyard.events import Event
from switchyard.profile import load_profiles, read_profile, take_profile

TIMES = [["execution_start", {"timestamp": 1000}], ["execution_cached", {"nodes": ["1"], "timestamp": 1000}]]
SUCCESS = [*TIMES, ["execution_success", {"timestamp": 3500}]]
TOLD = {"node_id": "6", "exception_type": "ValueError", "exception_message": "too dark", "timestamp": 3500}


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A server with this pack: each job ends at once, with sampler 6 at work for two seconds; graph.json is a graph."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(job, "_FIRST_POLL_S", 0.005)
    monkeypatch.setattr(profile_command, "_FREED_S", 0.0)
    (tmp_path / "graph.json").write_text(json.dumps(text_to_image()))

    def prompt(body):
        return 200, {"prompt_id": body.get("prompt_id"), "node_errors": {}, "exec_info": {"queue_remaining": 0}}

    def history(_):
        prompt_id = server.asked[-1][1].rsplit("/", 1)[1]
        if prompt_id != "x" and prompt_id not in [body["prompt_id"] for body in server.prompts()]:
            return 200, {}
        return 200, {prompt_id: {"prompt": [0, prompt_id, text_to_image()], "status": {"messages": server.messages}}}

    def one(_):
        prompt_id = server.asked[-1][1].rsplit("/", 1)[1]
        return 200, record(call("6", 0.1, 2.1), prompt_id=prompt_id, cached={"1": 1}, state=server.state)

    with serve() as server:
        server.messages, server.state = SUCCESS, "success"
        server.answers.update({"/prompt": prompt, "/history/*": history, "/free": (200, {}), "/queue": (200, {})})
        server.answers["/switchyard/profile"] = (200, {"can_record": True, "reason": None, "prompt_ids": []})
        server.answers["/switchyard/profile/*"] = one
        yield server


@pytest.fixture
def bare(fake):
    """The same without this pack."""
    del fake.answers["/switchyard/profile"], fake.answers["/switchyard/profile/*"]
    return fake


class Stream:
    """Stands for the events of a job, all there when they are first asked for."""

    def __init__(self, *events, opens=True):
        self.events, self.opens, self.is_open = list(events), opens, opens

    def wait_until_open(self, timeout_s):
        return self.opens

    def take(self, timeout_s):
        time.sleep(0.001)
        found, self.events = self.events, []
        return found

    def close(self):
        self.is_open = False


def taken(fake, stream=None, **options):
    with Client(fake.url) as client:
        if stream is not None:
            client.listen = lambda prompt_id: stream
        return take_profile(client, text_to_image(), **options)


def test_only_a_job_that_is_profiled_asks_the_server_to_record(fake):
    assert taken(fake).source == "server"
    assert taken(fake, accurate=True)["6"] == 2000.0
    switchyard.queue_prompt(text_to_image(), url=fake.url)
    assert [body.get("extra_data") for body in fake.prompts()] == [
        {"switchyard_profile": True}, {"switchyard_profile": {"accurate": True}}, None,
    ]  # fmt: skip


def test_a_run_that_fails_has_a_profile_too(fake):
    fake.messages, fake.state = [*TIMES, ["execution_error", TOLD]], "error"
    found = taken(fake)
    assert found.state == "error"
    assert found.remarks[-1] == "Node 6 (KSampler) failed: ValueError: too dark"


def test_a_record_that_is_gone_is_said(fake):
    fake.answers["/switchyard/profile/*"] = (404, {"error": "gone"})
    found = taken(fake)
    assert found.source == "history"
    assert "no record of this run" in found.remarks[0]


def test_without_the_pack_the_clock_is_this_computers(bare):
    events = [
        Event("start", at=100.0), Event("cached", nodes=("1",), at=100.0), Event("node", "6", at=100.5),
        Event("progress", "6", 1, 3, at=101.0), Event("progress", "6", 2, 3, at=101.2),
        Event("progress", "6", 3, 3, at=101.4), Event("node", "9.7", shown_as="7", at=101.5), Event("end", at=102.25),
    ]  # fmt: skip
    found = taken(bare, Stream(*events), accurate=True)
    assert found.source == "websocket"
    assert {row.node: row.self_s for row in found.rows if row.calls} == {"6": 1.0, "7": 0.75}
    assert found.rows[0].seconds_per_step == pytest.approx(0.2)
    assert found.rows[0].steps == 3
    assert found.seconds == 2.5
    said = " ".join(found.remarks)
    assert "does not have this pack" in said
    assert "accurate has no effect" in said
    assert "about" in said
    assert {row.node: row.note for row in found.rows}["1"] == "cached"


def test_a_core_on_which_nothing_can_be_recorded_says_why(fake):
    fake.answers["/switchyard/profile"] = (200, {"can_record": False, "reason": "No handlers here.", "prompt_ids": []})
    found = taken(fake, Stream(Event("start", at=1.0), Event("end", at=2.0)))
    assert found.source == "websocket"
    assert found.remarks[0] == "No handlers here."
    assert fake.prompts()[0].get("extra_data") is None


@pytest.mark.parametrize("events", [[], [Event("start", at=1.0), Event("node", "6", at=1.0)], [Event("end", at=1.0)]])
def test_events_that_did_not_all_come_are_not_taken_for_times(bare, monkeypatch, events):
    monkeypatch.setattr("switchyard.profile.taking._LATE_S", 0.01)
    for stream in (Stream(*events), Stream(*events, opens=False)):
        found = taken(bare, stream)
        assert found.source == "history"
        assert found["6"] is None
        assert "did not all come" in " ".join(found.remarks)


def test_the_node_that_failed_is_marked_by_the_clock_here_too(bare):
    bare.messages = [*TIMES, ["execution_error", TOLD]]
    found = taken(bare, Stream(Event("start", at=0.0), Event("node", "6", at=0.0), Event("end", at=1.0)))
    assert found.rows[0].note == "failed"
    assert found.remarks[-1] == "Node 6 (KSampler) failed: ValueError: too dark"


def test_the_tutorials_function_gives_milliseconds_or_says_that_they_are_not_known(fake):
    found = switchyard.profile_workflow("x", url=fake.url)
    assert dict(found) == {"6": 2000.0, "1": None}
    del fake.answers["/switchyard/profile/*"]
    found = switchyard.profile_workflow("x", url=fake.url)
    assert set(found.values()) == {None}
    assert set(found) == set(text_to_image())
    assert (found.source, found.seconds, found.cached) == ("history", 2.5, {"1": 1})
    assert "0.000" not in found.table()
    assert "not known" in found.table()
    fake.answers["/history/*"] = (200, {})
    with pytest.raises(TemplateError, match="knows no job x"):
        switchyard.profile_workflow("x", url=fake.url)


def test_a_record_that_is_no_profile_is_refused(fake):
    fake.answers["/switchyard/profile/*"] = (200, {"version": 1})
    with Client(fake.url) as client, pytest.raises(TemplateError, match="is missing"):
        read_profile(client, "x")


def test_one_run_is_a_table_and_cached_nodes_are_told(fake, capsys):
    assert main(["profile", "graph.json", "steps=5", "--server", fake.url]) == 0
    said = capsys.readouterr()
    assert "6 Class6" in said.out
    assert "1 node was cached and not measured: 1; --fresh has all nodes run." in said.err
    assert fake.prompts()[0]["prompt"]["6"]["inputs"]["steps"] == 5


def test_repeats_count_the_seed_up_and_fresh_ones_do_not(fake, capsys):
    assert main(["profile", "graph.json", "seed=7", "--repeat", "3", "--server", fake.url]) == 0
    assert [body["prompt"]["6"]["inputs"]["seed"] for body in fake.prompts()] == [7, 8, 9]
    assert "2.000 ± 0.000" in capsys.readouterr().out
    assert not [path for _, path, _ in fake.asked if path == "/free"]
    fake.asked.clear()
    assert main(["profile", "graph.json", "--repeat", "2", "--fresh", "--server", fake.url]) == 0
    assert [body["prompt"]["6"]["inputs"]["seed"] for body in fake.prompts()] == [7, 7]
    assert [path for _, path, _ in fake.asked if path in ("/free", "/prompt")] == ["/free", "/prompt"] * 2


def test_seeds_at_their_limit_count_down(fake):
    top = 2**64 - 1
    assert main(["profile", "graph.json", f"seed={top}", "--repeat", "2", "--server", fake.url]) == 0
    assert [body["prompt"]["6"]["inputs"]["seed"] for body in fake.prompts()] == [top, top - 1]


def test_files_are_written_and_compared(fake, capsys, tmp_path):
    arguments = ["--repeat", "2", "--save", "a.json", "--csv", "a.csv", "--trace", "a.trace.json"]
    assert main(["profile", "graph.json", *arguments, "--server", fake.url]) == 0
    assert len(load_profiles(tmp_path / "a.json")) == 2
    assert (tmp_path / "a.csv").read_text().count("\n") == 5
    assert {event["pid"] for event in json.loads((tmp_path / "a.trace.json").read_text())["traceEvents"]} == {1, 2}
    capsys.readouterr()
    assert main(["profile", "--compare", "a.json", "a.json"]) == 0
    assert "beyond the spread" in capsys.readouterr().out
    assert main(["profile", "--compare", "a.json", "a.json", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["differences"][0]["seconds"] == 0


def test_as_json_it_is_profiles_and_rows(fake, capsys):
    assert main(["profile", "graph.json", "--json", "--server", fake.url]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["profiles"][0]["source"] == "server"
    assert [(row["node"], row["self_s"], row["cached"]) for row in said["rows"][0]] == [("6", 2.0, 0), ("1", None, 1)]


def test_a_failed_run_is_exit_code_1_and_its_profile_is_shown(fake, capsys):
    fake.messages, fake.state = [*TIMES, ["execution_error", TOLD]], "error"
    assert main(["profile", "graph.json", "--server", fake.url]) == 1
    said = capsys.readouterr()
    assert "too dark" in said.out
    assert "ended with error" in said.err


def test_what_was_measured_before_a_run_was_lost_is_kept(fake, monkeypatch, tmp_path):
    takes, real = [], profile_command.take_profile

    def take(*args, **options):
        takes.append(args)
        if len(takes) == 2:
            raise JobLost("gone")
        return real(*args, **options)

    monkeypatch.setattr(profile_command, "take_profile", take)
    assert main(["profile", "graph.json", "--repeat", "3", "--save", "a.json", "--server", fake.url]) == 1
    assert len(load_profiles(tmp_path / "a.json")) == 1


def test_ctrl_c_takes_the_job_back_and_keeps_what_was_measured(fake, monkeypatch, tmp_path):
    waits, real = [], job.Job.wait

    def wait(self, *args, **options):
        waits.append(self.id)
        if len(waits) == 2:
            raise KeyboardInterrupt
        return real(self, *args, **options)

    monkeypatch.setattr(job.Job, "wait", wait)
    fake.answers["/interrupt"] = (200, {})
    assert main(["profile", "graph.json", "--repeat", "3", "--save", "a.json", "--server", fake.url]) == 130
    assert [body for _, path, body in fake.asked if path == "/interrupt"] == [{"prompt_id": waits[1]}]
    assert len(load_profiles(tmp_path / "a.json")) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "What is to be profiled"),
        (["graph.json", "--repeat", "0"], "at least 1"),
        (["graph.json", "--compare", "a", "b"], "leave the template away"),
        (["--compare", "none.json", "none.json"], "none.json"),
        (["graph.json", "colour=3"], "colour"),
        (["graph.json", "--save", "no/such/folder.json"], "can't be written"),
    ],
)
def test_wrong_usage_is_said(fake, capsys, arguments, says):
    assert main(["profile", *arguments, "--server", fake.url]) == 2
    assert says in capsys.readouterr().err
