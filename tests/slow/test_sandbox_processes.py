"""Signals that end the sandbox: they reach what it has started, and are cleaned up after."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine import demo
from engine.console import SandboxError
from engine.processes import run_child, signals_interrupt

TOOLS = Path(demo.__file__).resolve().parent.parent
pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to send")

# The sandbox, its demo and a server: each a process of its own, as `demo` runs them; the innermost writes its number.
SERVER = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(60)"
DEMO = f"""
import subprocess, sys
from engine.processes import signals_interrupt
with signals_interrupt():
    server = subprocess.Popen([sys.executable, "-c", {SERVER!r}, sys.argv[1]], stderr=subprocess.DEVNULL)
    try:
        server.wait()
    except KeyboardInterrupt:
        server.terminate()
        server.wait()
        sys.exit(130)
"""
SANDBOX = f"""
import os, sys
import sandbox
sandbox.demo = sandbox.COMMANDS["demo"] = lambda layout, rest: sandbox.run_child(
    [sys.executable, "-c", {DEMO!r}, sys.argv[1]], env=dict(os.environ)
)
sys.exit(sandbox.main(["demo"]))
"""


def started(tmp_path, **options):
    """The sandbox at work, and the number of its server."""
    number = tmp_path / "number"
    environment = {**os.environ, "PYTHONPATH": str(TOOLS)}
    process = subprocess.Popen(
        [sys.executable, "-c", SANDBOX, str(number)],
        env=environment,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )
    deadline = time.monotonic() + 30
    while not (number.exists() and number.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return process, int(number.read_text())


def runs(number):
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("to_all", [False, True], ids=["to the sandbox alone", "to all of its group"])
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_the_server_too(tmp_path, name, to_all):
    process, server = started(tmp_path)
    try:
        (os.killpg if to_all else os.kill)(process.pid, getattr(signal, name))
        said, _ = process.communicate(timeout=30)
        assert not runs(server)
    finally:
        if runs(server):
            os.kill(server, signal.SIGKILL)
    assert process.returncode == 130
    assert "interrupted; run the same command again" in said
    assert "Traceback" not in said


def test_under_nohup_a_closed_terminal_ends_nothing(tmp_path):
    ignore = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)  # noqa: E731
    process, server = started(tmp_path, preexec_fn=ignore)
    try:
        os.kill(process.pid, signal.SIGHUP)
        time.sleep(0.5)
        assert process.poll() is None
        assert runs(server)
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.communicate(timeout=30)


def test_signals_are_as_before_afterwards():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(KeyboardInterrupt), signals_interrupt():
        signal.raise_signal(signal.SIGTERM)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_the_exit_code_of_a_child_is_given():
    assert run_child([sys.executable, "-c", "raise SystemExit(7)"], env=dict(os.environ)) == 7


@pytest.mark.parametrize(("ending", "code"), [(KeyboardInterrupt(), 130), (SandboxError("no"), 1), (None, 0)])
def test_the_demo_ends_with_an_exit_code_and_without_a_traceback(monkeypatch, ending, code):
    def show(layout, base):
        if ending:
            raise ending

    monkeypatch.setattr(demo, "show", show)
    assert demo.main() == code
