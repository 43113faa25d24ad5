"""What the sandbox prints, on consoles that can show little."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.console import show_bytes, show_seconds

TOOLS = Path(__file__).resolve().parent.parent.parent / "tools"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "cp437", "utf-8"])
def test_a_path_in_any_script_can_be_said_on_any_console(encoding):
    code = "from engine.console import *; use_safe_encoding(); say('C:\\\\画像\\\\été – done')"
    environment = {"PYTHONIOENCODING": encoding, "PYTHONPATH": str(TOOLS), "PYTHONUTF8": "0"}
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.decode(encoding).rstrip().endswith("done")


def test_the_sandbox_itself_prints_nothing_that_cp1252_lacks():
    for path in (TOOLS / "sandbox.py", *sorted((TOOLS / "engine").glob("*.py"))):
        path.read_text(encoding="utf-8").encode("cp1252")


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 B"), (999, "999 B"), (1_500, "2 kB"), (30_000_000, "30 MB"), (1_910_000_000, "1.9 GB")]
)
def test_sizes_are_shown_in_the_unit_that_fits(count, shown):
    assert show_bytes(count) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(0.44, "0.4 s"), (12, "12 s"), (59.4, "59 s"), (185, "3 min 05 s")])
def test_durations_are_shown_in_the_unit_that_fits(seconds, shown):
    assert show_seconds(seconds) == shown
