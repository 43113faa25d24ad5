"""`switchyard batch`, `resume`, `status`, `retry`, `cancel` and `verify`, with their exit codes."""

from __future__ import annotations

import csv
import json
import os

import pytest
from client_graphs import text_to_image
from fake_batch_server import FakeClient, FakeServer
from switchyard import batch_commands
from switchyard.batch import Batch
from switchyard.batch.progress import Progress, Tally, duration
from switchyard.cli import main
from switchyard.template import Template


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Every address leads to this server; the current folder has the template "barn"; no disk is waited for."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    monkeypatch.chdir(tmp_path)
    Template.from_workflow(text_to_image(), name="barn").save("templates")
    server = FakeServer()

    def client(url, options):
        found = FakeClient(server)
        found.url = url.rpartition("@")[2]
        return found

    monkeypatch.setattr(batch_commands, "_client", client)
    return server


def batch(*arguments):
    return main(["batch", "barn", "--run-dir", "run", "--patience", "0.05", *arguments])


def test_a_grid_of_seeds_and_prompts(server, tmp_path, capsys):
    (tmp_path / "prompts.txt").write_text("a\nb\n")
    assert batch("--prompts", "prompts.txt", "--seeds", "42+3", "steps=5") == 0
    assert len(server.executed) == 6
    assert len(list((tmp_path / "run" / "outputs").iterdir())) == 6
    said = capsys.readouterr()
    assert "6 jobs done, 0 failed" in said.err
    assert main(["verify", "run"]) == 0
    with (tmp_path / "run" / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["param_prompt"], row["param_seed"]) for row in rows] == [
        (prompt, seed) for prompt in "ab" for seed in ("42", "43", "44")
    ]
    assert {row["param_steps"] for row in rows} == {"5"}


def test_a_graph_will_do_and_a_random_seed_is_drawn_for_each_job(server, tmp_path):
    (tmp_path / "graph.json").write_text(json.dumps(text_to_image()))
    assert main(["batch", "graph.json", "seed=random", "--repeat", "5", "--run-dir", "run"]) == 0
    assert len({row["seed"] for row in Batch.open("run").rows()}) == 5


def test_a_dry_run_queues_and_writes_nothing(server, tmp_path, capsys):
    assert batch("--seeds", "1+2", "--dry-run") == 0
    assert "2 jobs" in capsys.readouterr().out
    assert not (tmp_path / "run").exists()
    assert server.executed == []


def test_each_line_of_json_can_be_read(server, capsys):
    assert batch("--seeds", "1+2", "--json") == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [events[0]["event"], events[-1]["event"]] == ["start", "end"]
    assert sum(event["event"] == "done" for event in events) == 2


def test_exit_codes(server, tmp_path, capsys):
    assert batch("--grid", "prompt=a,fail") == 1
    assert main(["status", "run"]) == 1
    assert "too dark" in capsys.readouterr().out
    assert main(["retry", "run"]) == 1
    assert batch() == 2  # the folder is taken
    assert "switchyard resume run" in capsys.readouterr().err
    assert main(["batch", "barn", "--grid", "stpes=1"]) == 2
    assert main(["batch", "barn", "prompt=reject", "--run-dir", "rejected"]) == 3
    server.is_down = True
    assert main(["batch", "barn", "--run-dir", "down"]) == 4
    assert main(["resume", "down"]) == 4
    server.is_down = False
    assert main(["resume", "down"]) == 0
    assert main(["resume", "nowhere"]) == 2
    assert main(["cancel", "down"]) == 0


@pytest.fixture
def killed(server, tmp_path):
    """The run of a client that was killed: of its jobs 0 is done, 1 has ended, 2 runs, 3 waits, 4 was never sent."""
    assert batch("--seeds", "1+6") == 0
    journal = tmp_path / "run" / "journal.jsonl"
    records = [json.loads(line) for line in journal.read_text().splitlines()]
    kept = [record for record in records if record["event"] == "submit" and record["index"] < 5]
    kept += [record for record in records if record["event"] == "done" and record["index"] == 0]
    journal.write_text("".join(f"{json.dumps(record)}\n" for record in kept))
    ids = {record["index"]: record["prompt_id"] for record in records}
    for index in (2, 3):
        server.queue[ids[index]] = next(graph for graph in server.graphs if graph["6"]["inputs"]["seed"] == index + 1)
        del server.history[ids[index]]
    server.queue["another's"] = server.graphs[0]
    for index in (4, 5):
        del server.history[ids[index]]
    return ids


def test_what_a_killed_process_has_left_in_queues_is_taken_back(server, killed, capsys):
    capsys.readouterr()
    assert main(["cancel", "run", "--json"]) == 0
    answer = {"at_work": False, "taken_back": {"http://127.0.0.1:8188": [2, 3]}, "problems": {}}
    assert json.loads(capsys.readouterr().out) == answer
    assert server.cancelled == [killed[2], killed[3]]
    assert list(server.queue) == ["another's"]
    assert main(["cancel", "run"]) == 0
    assert "0 jobs taken back" in capsys.readouterr().out
    ran = len(server.executed)
    assert main(["resume", "run"]) == 0
    assert main(["verify", "run"]) == 0
    assert len(server.executed) == ran + 4  # 2 and 3 anew, 4 and 5 for the first time; 1 is fetched from the history


def test_a_server_that_does_not_answer_keeps_its_jobs(server, killed, tmp_path, capsys):
    before = (tmp_path / "run" / "journal.jsonl").read_bytes()
    server.is_down = True
    assert main(["cancel", "run"]) == 4
    assert "goes on there: No ComfyUI answers" in capsys.readouterr().err
    assert (tmp_path / "run" / "journal.jsonl").read_bytes() == before


def test_a_run_that_is_at_work_is_asked_to_cancel_itself(server, killed, tmp_path, capsys):
    with Batch.open("run").folder.locked():
        assert main(["cancel", "run"]) == 0
    assert "takes its jobs back" in capsys.readouterr().out
    assert (tmp_path / "run" / "cancel.request").exists()
    assert server.cancelled == []


def test_verify_finds_what_is_changed_missing_and_extra(server, tmp_path, capsys):
    assert batch("--seeds", "1+3") == 0
    outputs = sorted((tmp_path / "run" / "outputs").iterdir())
    outputs[0].write_bytes(outputs[0].read_bytes()[::-1])  # as long as before
    outputs[1].unlink()
    (tmp_path / "run" / "outputs" / "other.png").write_bytes(b"")
    (tmp_path / "run" / "manifest.jsonl").write_text("")
    capsys.readouterr()
    assert main(["verify", "run", "--json"]) == 1
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert [problem["kind"] for problem in problems] == ["changed", "missing", "extra", "manifest"]


def test_the_manifest_is_made_again_from_the_journal(server, tmp_path):
    assert batch("--seeds", "1+3") == 0
    before = [(tmp_path / "run" / name).read_bytes() for name in ("manifest.jsonl", "manifest.csv")]
    for name in ("manifest.jsonl", "manifest.csv"):
        (tmp_path / "run" / name).unlink()
    assert main(["status", "run"]) == 0
    assert [(tmp_path / "run" / name).read_bytes() for name in ("manifest.jsonl", "manifest.csv")] == before


def test_a_broken_journal_says_which_line(server, tmp_path, capsys):
    assert batch("--seeds", "1+3") == 0
    path = tmp_path / "run" / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"\0\0\0\n", *lines[1:]]))
    assert main(["resume", "run"]) == 2
    assert "line 2, is broken" in capsys.readouterr().err


def test_passwords_are_written_nowhere(server, tmp_path, capsys):
    assert batch("--server", "http://me:secret@fake/base", "--seeds", "1+2") == 0
    said = capsys.readouterr()
    files = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert not any(b"secret" in path.read_bytes() for path in files)
    assert "secret" not in said.out + said.err
    assert json.loads((tmp_path / "run" / "run.json").read_text())["servers"] == ["http://fake/base"]


@pytest.mark.parametrize(
    "text", ["http://a,slots=0", "http://a,slots=x", "http://a,tags=", "http://a,tags=b c", "http://a,of=b"]
)
def test_a_bad_server(server, text):
    assert batch("--server", text) == 2


def test_the_time_left_is_told_by_jobs_that_were_worked_out():
    now = [0.0]
    tally = Tally(lambda: now[0])
    tally.take({"event": "start", "jobs": 10, "done": 0, "slots": 2})
    assert tally.left_s is None
    for seconds, cached in ((4.0, 0), (6.0, 1), (0.01, 6)):
        tally.take({"event": "done", "seconds": seconds, "cached": cached, "nodes": 7})
    assert tally.cached == 1
    assert tally.left_s == 5.0 * 7 / 2
    assert [duration(seconds) for seconds in (1.25, 59, 61, 7300)] == ["1.2 s", "59 s", "1 min 1 s", "2 h 1 min"]


def test_a_terminal_has_one_bar_and_errors_above_it(capsys):
    class Terminal:
        text = ""

        def isatty(self):
            return True

        def write(self, text):
            self.text += text

        def flush(self):
            pass

    terminal = Terminal()
    progress = Progress("auto", text_to_image(), terminal)
    progress.take({"event": "start", "jobs": 2, "done": 0, "slots": 1})
    progress.take({"event": "progress", "index": 0, "server": "a", "node": "6", "value": 3, "max": 12})
    progress.take({"event": "failed", "index": 0, "attempt": 1, "error": {"message": "too dark"}})
    progress.take({"event": "end", "done": 0, "failed": 1, "pending": 1})
    assert "too dark\n" in terminal.text
    assert terminal.text.endswith("\n")
    assert "0 jobs done, 1 failed, 1 not done" in terminal.text
