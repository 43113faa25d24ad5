"""`switchyard doctor`: what it says of a server, and of a template on it."""

from __future__ import annotations

import json

import pytest
from client_graphs import OBJECT_INFO, text_to_image
from fake_server import serve
from switchyard import doctor_command
from switchyard.cli import main
from switchyard.template import Template

SYSTEM = {"comfyui_version": "0.3.75", "python_version": "3.11.7 (main)", "pytorch_version": "2.11.0"}
DEVICE = {"name": "cuda:0 Some Card", "type": "cuda", "vram_total": 24 * 2**30, "vram_free": 12 * 2**30}


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A server with one job in its queue, and the template "barn" in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor_command, "_OPEN_S", 0.2)
    Template.from_workflow(text_to_image(), name="barn").save("templates")
    with serve() as server:
        server.answers["/system_stats"] = (200, {"system": SYSTEM, "devices": [DEVICE]})
        server.answers["/prompt"] = (200, {"exec_info": {"queue_remaining": 1}})
        server.answers["/features"] = (200, {"supports_preview_metadata": True})
        server.answers["/object_info"] = (200, OBJECT_INFO)
        yield server


def test_it_says_what_the_server_is_and_can_do(fake, capsys):
    assert main(["doctor", "--server", fake.url]) == 0
    said = capsys.readouterr().out
    assert "0.3.75" in said
    assert "12.0 of 24.0 GiB free" in said
    assert "1 job" in said
    assert "waiting works" in said  # there is no WebSocket here
    assert "this pack is not there" in said


def test_as_json_it_is_the_same(fake, capsys):
    fake.answers["/switchyard/templates"] = (200, {"templates": []})
    assert main(["doctor", "--server", fake.url, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["version"] == "0.3.75"
    assert said["queue"] == 1
    assert said["abilities"] == {
        "job_list": False, "preview_metadata": True, "page_templates": True, "events": False,
    }  # fmt: skip


def test_a_template_that_can_run_there(fake, capsys):
    assert main(["doctor", "barn", "--server", fake.url]) == 0
    assert "barn can run there." in capsys.readouterr().out


def test_a_template_that_lacks_something_is_exit_code_1(fake, capsys):
    fake.answers["/object_info"] = (200, {key: value for key, value in OBJECT_INFO.items() if key != "VAEDecode"})
    assert main(["doctor", "barn", "--server", fake.url]) == 1
    said = capsys.readouterr().out
    assert "no node VAEDecode" in said
    assert "can run" not in said


def test_no_server_is_exit_code_4(fake, capsys):
    assert main(["doctor", "--server", "http://127.0.0.1:9"]) == 4
    assert "Is it running?" in capsys.readouterr().err
