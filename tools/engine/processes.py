"""Programs that the sandbox runs as children, and the signals that end it: nothing is left running behind it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

# Ctrl-C, `kill`, a closed terminal, and Ctrl-Break on Windows.
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
_PATIENCE_S = 20.0  # a server is given 15 s to end


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """Makes each signal that ends a program a KeyboardInterrupt inside this block; use it in the main thread.

    Else `kill` would end us alone, and a ComfyUI that we have started would run on. Further signals are ignored, so
    that cleaning up is not cut short. A signal that is ignored, as under nohup, stays so.
    """
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    heeded = [number for number, handler in before.items() if handler not in (signal.SIG_IGN, None)]

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number in heeded:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    try:
        for number in heeded:
            signal.signal(number, interrupt)
        yield
    finally:
        for number in heeded:
            signal.signal(number, before[number])


def run_child(command: list[str], *, env: dict[str, str], cwd: Path | None = None) -> int:
    """Runs a program and gives its exit code; when we are interrupted, it is too, and may stop what it has started.

    subprocess.run would kill it after a quarter of a second, and what it had started would run on.
    """
    process = subprocess.Popen(command, env=env, cwd=cwd)
    try:
        return process.wait()
    except BaseException:
        if os.name != "nt":  # there Ctrl-C has reached it already, and nothing else can be sent
            process.send_signal(signal.SIGINT)
        try:
            process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise
