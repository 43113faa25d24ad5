"""Servers, tags and engines as people name them; none of it needs Dask."""

from __future__ import annotations

import json
import sys

import pytest
from client_graphs import text_to_image
from fake_batch_server import FakeClient, FakeServer
from switchyard import batch_commands
from switchyard.batch import Batch, EngineError, Options, RunFolderError, Server, TagError
from switchyard.batch.fleet_scheduler import check_engine
from switchyard.batch.jobs import prompt_id
from switchyard.batch.servers import with_tags
from switchyard.cli import main
from switchyard.errors import TemplateError
from switchyard.template import Template


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("http://a", Server("http://a")),
        ("http://a, slots=3 ,tags=sdxl+24gb", Server("http://a", 3, ("sdxl", "24gb"))),
        ("a:8188,tags=x", Server("a:8188", 1, ("x",))),
    ],
)
def test_a_server_is_read_and_written(text, server):
    assert Server.read(text) == server
    assert Server.read(str(server)) == server


@pytest.mark.parametrize(
    "text", ["http://a,slots=0", "http://a,slots=1.5", "http://a,8", "http://a,tags=", "a,tags=b c"]
)
def test_what_names_no_server_says_how_one_is_named(text):
    with pytest.raises((TemplateError, RunFolderError), match=r"write (URL|letters)"):
        Server.read(text)


def test_the_error_of_what_names_no_server_has_no_password():
    with pytest.raises(TemplateError, match=r'"a:1,slot=2" names no server') as told:
        Server.read("https://me:secret@a:1,slot=2")
    assert "secret" not in str(told.value)


def test_a_password_is_left_out_and_the_rest_stays():
    assert (
        str(Server.read("https://me:secret@a:1/b,slots=2,tags=x").without_password()) == "https://a:1/b,slots=2,tags=x"
    )


def test_tags_choose_servers_and_an_error_names_those_there_are():
    servers = [Server("a", tags=["sdxl", "24gb"]), Server("b", tags=["sdxl"]), Server("c")]
    assert [server.url for server in with_tags(servers, ["sdxl"])] == ["a", "b"]
    assert with_tags(servers, []) == servers
    with pytest.raises(TagError, match=r"requires \(flux\).*24gb\+sdxl; no tags; sdxl"):
        with_tags(servers, ["flux"])


@pytest.mark.parametrize("engine", ["local", "dask", "tcp://127.0.0.1:8786", "tcp://localhost:1", "tcp://[::1]:8786"])
def test_engines(engine):
    assert check_engine(engine) == engine


@pytest.mark.parametrize("engine", ["", "Dask", "tpc://a:1", "tcp://127.0.0.1", "tcp://:8786", "http://127.0.0.1:8786"])
def test_no_engine(engine):
    with pytest.raises(EngineError, match="it can be local, dask"):
        check_engine(engine)


@pytest.mark.parametrize("host", ["10.0.0.7", "gpu-host", "0.0.0.0", "[fe80::1]"])
def test_a_scheduler_elsewhere_needs_tls_and_the_error_says_how(host):
    with pytest.raises(EngineError, match=r"tls://.*:8786.*docs/fleet\.md"):
        check_engine(f"tcp://{host}:8786")
    assert check_engine(f"tls://{host}:8786")


def test_a_scheduler_brings_its_own_servers():
    with pytest.raises(EngineError, match="leave out --server"):
        check_engine("tls://a:8786", names_servers=True)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Every address leads to this server; the current folder has the template "barn"."""
    monkeypatch.chdir(tmp_path)
    Template.from_workflow(text_to_image(), name="barn").save("templates")
    server = FakeServer()

    def client(url, options):
        found = FakeClient(server)
        found.url = url
        return found

    monkeypatch.setattr(batch_commands, "_client", client)
    return server


def test_a_run_remembers_tags_and_slots_and_what_it_requires(server, tmp_path):
    words = ["--server", "http://a,slots=2,tags=sdxl", "--server", "http://b", "--require", "sdxl"]
    assert main(["batch", "barn", "--run-dir", "run", "--seeds", "1+4", *words]) == 0
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert run["servers"] == ["http://a,slots=2,tags=sdxl", "http://b"]
    assert run["options"]["require"] == ["sdxl"]
    assert {row["server"] for row in Batch.open("run").rows()} == {"http://a"}


def test_a_run_of_an_older_version_opens(server, tmp_path):
    assert main(["batch", "barn", "--run-dir", "run"]) == 0
    path = tmp_path / "run" / "run.json"
    run = json.loads(path.read_text())
    del run["options"]["require"]
    path.write_text(json.dumps(run))
    assert Batch.open("run").folder.options == Options()


def test_missing_tags_and_engines_are_said_before_there_is_a_run(server, tmp_path, capsys):
    assert main(["batch", "barn", "--run-dir", "run", "--require", "sdxl"]) == 2
    assert "No server has the tags" in capsys.readouterr().err
    assert main(["batch", "barn", "--run-dir", "run", "--engine", "ray"]) == 2
    assert main(["batch", "barn", "--run-dir", "run", "--engine", "tcp://10.0.0.7:8786"]) == 2
    assert main(["batch", "barn", "--run-dir", "run", "--require", "a b"]) == 2
    assert not (tmp_path / "run").exists()


def test_without_dask_the_error_says_how_to_install_it(server, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["batch", "barn", "--run-dir", "run", "--engine", "dask"]) == 2
    assert 'pip install "' in (said := capsys.readouterr().err)
    assert "fleet]" in said
    assert main(["resume", "run"]) == 0


def test_resume_and_retry_take_other_options_for_this_time(server, tmp_path):
    assert main(["batch", "barn", "--run-dir", "run", "--grid", "prompt=fail,fail,a,b", "--on-error", "stop"]) == 1
    kept = (tmp_path / "run" / "run.json").read_bytes()
    assert main(["resume", "run", "--on-error", "continue"]) == 1
    assert [row["status"] for row in Batch.open("run").rows()] == ["failed", "failed", "done", "done"]
    assert main(["retry", "run", "--window", "0"]) == 2
    assert [row["status"] for row in Batch.open("run").rows()].count("failed") == 2  # not reopened for an error
    assert main(["retry", "run", "--max-failures", "1", "--window", "1", "--patience", "1", "--timeout", "9"]) == 1
    assert (tmp_path / "run" / "run.json").read_bytes() == kept


def test_jobs_whose_servers_dask_had_chosen_are_taken_back_wherever_they_are(server, capsys):
    """The journal of a killed client has no server for them: the run's servers and those given are asked."""
    assert main(["batch", "barn", "--run-dir", "run", "--seeds", "1+2", "--server", "http://a"]) == 0
    (batch := Batch.open("run")).folder.path.joinpath("journal.jsonl").unlink()
    with batch.folder.locked() as journal:
        for job in batch.folder.jobs:
            found = prompt_id(batch.folder.run_id, job, 1)
            journal.add("submit", job.index, attempt=1, prompt_id=found, server="")
            server.queue[found] = {}
    assert main(["cancel", "run", "--server", "http://b"]) == 0
    assert "2 jobs taken back" in capsys.readouterr().out
    assert server.queue == {}
    assert [state.status for state in batch.states()] == ["pending", "pending"]
