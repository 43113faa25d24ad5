"""Starts a real ComfyUI as a process of its own, in folders of its own, and stops it again."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from .console import SandboxError

FOLDERS = ("custom_nodes", "input", "models", "output", "temp", "user")
# A local server is never reached through a proxy, whatever the environment says.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Server:
    """One ComfyUI process.

    Attributes:
        base: the folder with its custom_nodes, input, output, models and user folders.
        url: where it listens, on the loopback interface only.
        environment: the environment variables that it is started with.
    """

    def __init__(
        self,
        python: Path,
        comfyui: Path,
        base: Path,
        *,
        models: Path | None = None,
        arguments: tuple[str, ...] = (),
        port: int = 0,
    ) -> None:
        self.python = python
        self.comfyui = comfyui
        self.base = base
        self.models = models
        self.arguments = arguments
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = base / "server.log"
        # Our own PYTHONPATH would shadow ComfyUI's modules.
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self.environment = {**inherited, "PYTHONUNBUFFERED": "1", "HF_HUB_OFFLINE": "1"}
        self._process: subprocess.Popen[bytes] | None = None
        for folder in FOLDERS:
            (base / folder).mkdir(parents=True, exist_ok=True)

    def command(self) -> list[str]:
        command = [str(self.python), "main.py", "--port", str(self.port), "--base-directory", str(self.base)]
        command += ["--database-url", "sqlite:///:memory:", "--disable-auto-launch"]
        if self.models is not None:
            config = self.base / "extra_model_paths.yaml"
            # As it is, not escaped: JSON writes an emoji as two halves, which YAML does not put together.
            folder = json.dumps(str(self.models), ensure_ascii=False)
            lines = f"sandbox:\n  base_path: {folder}\n  checkpoints: checkpoints\n"
            config.write_text(lines, encoding="utf-8")
            command += ["--extra-model-paths-config", str(config)]
        return command + list(self.arguments)

    def start(self, timeout_s: float = 180) -> Server:
        """Starts the process and waits until it answers.

        Raises:
            SandboxError: the port is taken, or it ended by itself or did not answer in time; then the text carries
                the end of its log.
        """
        check_port(self.port)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self.command(), cwd=self.comfyui, stdout=log, stderr=subprocess.STDOUT, env=self.environment
            )
        try:
            self._wait_for_answer(self._process, timeout_s)
        except BaseException:  # an interruption too: __exit__ is only called once the server is up
            self.stop()
            raise
        return self

    def _wait_for_answer(self, process: subprocess.Popen[bytes], timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise SandboxError(
                    f"ComfyUI ended with exit code {process.returncode} while starting. The end of its log "
                    f"({self.log}):\n{self.log_tail()}"
                )
            try:
                self.get("/system_stats", timeout_s=2)
            except (OSError, ValueError):
                time.sleep(0.2)
            else:
                return
        raise SandboxError(f"ComfyUI did not answer within {timeout_s:.0f} s. Its log ends:\n{self.log_tail()}")

    def stop(self) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None

    def wait(self) -> None:
        """Waits until the process ends by itself (used by `serve`).

        Raises:
            SandboxError: it ended with an error; the text carries the end of its log.
        """
        code = self._process.wait() if self._process is not None else 0
        if code:
            raise SandboxError(
                f"ComfyUI ended with exit code {code}. The end of its log ({self.log}):\n{self.log_tail()}"
            )

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def log_text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def log_tail(self, lines: int = 25) -> str:
        return "\n".join(self.log_text().splitlines()[-lines:])

    def get(self, path: str, timeout_s: float = 60) -> Any:
        """Gets a JSON document."""
        with _OPENER.open(self.url + path, timeout=timeout_s) as reply:
            return json.loads(reply.read())

    def get_bytes(self, path: str, timeout_s: float = 60) -> bytes:
        with _OPENER.open(self.url + path, timeout=timeout_s) as reply:
            return reply.read()

    def post(self, path: str, body: Any, timeout_s: float = 60) -> tuple[int, Any]:
        """Posts a JSON document; gives the status and the answer, also for a refusal."""
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        try:
            with _OPENER.open(request, timeout=timeout_s) as reply:
                return reply.status, _json_or_text(reply.read())
        except urllib.error.HTTPError as refusal:
            return refusal.code, _json_or_text(refusal.read())


def _json_or_text(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def check_port(port: int) -> None:
    """Refuses a port that a server can't listen on; on one that is taken, somebody else's ComfyUI would answer.

    Raises:
        SandboxError: the port is in use, not allowed, or no port at all.
    """
    with socket.socket() as probe:
        if os.name != "nt":  # else a port that was just given up counts as taken for a minute; Windows would share it
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OverflowError as error:
            raise SandboxError(f"Port {port} does not exist; use --port N with N from 1024 to 65535.") from error
        except OSError as error:
            why = "is in use" if error.errno == errno.EADDRINUSE else f"can't be used ({error.strerror})"
            raise SandboxError(f"Port {port} {why}; use --port N.") from error
