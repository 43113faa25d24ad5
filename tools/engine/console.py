"""What the sandbox says: plain lines that any console can show, and one way to stop with a clear sentence."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class SandboxError(Exception):
    """Something is missing or failed; the text is one sentence for the person at the console."""


def use_safe_encoding() -> None:
    """Keeps a console with a small character set (cp1252 on Windows, ASCII in a bare container) from failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace", line_buffering=True)  # pyright: ignore[reportAttributeAccessIssue]


def say(text: str = "", end_line: bool = True) -> None:
    print(text, end="\n" if end_line else "", flush=True)


@contextmanager
def step(number: int, total: int, what: str) -> Iterator[None]:
    """Announces a step, and says how long it took once it is done."""
    say(f"[{number}/{total}] {what} ...")
    started = time.monotonic()
    yield
    say(f"[{number}/{total}] done in {show_seconds(time.monotonic() - started)}")


def show_seconds(seconds: float) -> str:
    """Shows a duration: "0.4 s", "12 s", "3 min 05 s"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"


def show_bytes(count: float) -> str:
    """Shows a size in powers of 1000: "512 B", "1.9 GB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit in ("B", "kB", "MB") else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError("unreachable")
