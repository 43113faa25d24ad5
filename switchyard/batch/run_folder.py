"""A run's folder: what was asked for (run.json), what has happened (the journal), the files, and who has it open."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import secrets
import socket
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..errors import SwitchyardError, TemplateError
from ..graphs import kind_of
from ..template import Template
from ..template.files import read_json, suggest_name
from . import journal
from .jobs import JobSpec, plan

FORMAT = "switchyard/batch-run"
VERSION = 1
RUN_FILE, LOCK_FILE, CANCEL_FILE, OUTPUTS = "run.json", "run.lock", "cancel.request", "outputs"
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class RunFolderError(SwitchyardError):
    """A run's folder can't be used."""


class RunInUseError(RunFolderError):
    """Another process is at work in the run's folder."""


@dataclass(frozen=True)
class Options:
    """How the jobs of a run are worked off.

    Attributes:
        window: how many own jobs may wait or run on a server at a time, for each of its slots.
        retries: how many further attempts a job gets after one that failed and may go well a second time.
        on_error: "continue", or "stop": queue nothing new once a job has failed.
        max_failures: the same, once so many have failed; None: never.
        timeout_s: how long one job may take; None: as long as it takes.
        stall_s: how long a job may get on with nothing before it is stopped; None: for ever.
        patience_s: how long a server that does not answer is waited for.
        allow_partial: whether to run the valid part of a graph of which another part is invalid.
        require: tags; only servers that have all of them get jobs.
    """

    window: int = 2
    retries: int = 2
    on_error: str = "continue"
    max_failures: int | None = None
    timeout_s: float | None = None
    stall_s: float | None = None
    patience_s: float = 60.0
    allow_partial: bool = False
    require: Sequence[str] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "require", tuple(self.require))  # JSON has it as a list
        for tag in self.require:
            check_tag(tag)
        if self.window < 1:
            raise RunFolderError(f"The window must be 1 or more, but is {self.window}.")
        if self.retries < 0:
            raise RunFolderError(f"There can be 0 retries or more, but not {self.retries}.")
        if self.on_error not in ("continue", "stop"):
            raise RunFolderError(f'On an error a batch can "continue" or "stop", but not "{self.on_error}".')
        if self.max_failures is not None and self.max_failures < 1:
            raise RunFolderError(f"A batch can stop after 1 failure or more, but not after {self.max_failures}.")


def check_tag(tag: str) -> str:
    """The tag; raises RunFolderError if it is none."""
    if not _TAG.fullmatch(tag):
        raise RunFolderError(f'"{tag}" is no tag: write letters, digits, "-", "_" and ".", such as sdxl or 24gb.')
    return tag


@dataclass(frozen=True)
class RunFolder:
    """What was asked for: read from run.json, and never changed."""

    path: Path
    run_id: str
    name: str
    template: Template
    jobs: Sequence[JobSpec]
    options: Options = field(default_factory=Options)
    servers: Sequence[str] = ()

    @classmethod
    def create(
        cls,
        path: str | Path,
        template: Template,
        rows: Sequence[Mapping[str, Any]],
        *,
        options: Options | None = None,
        servers: Sequence[str] = (),
    ) -> RunFolder:
        """Makes the folder of a new run and writes what is asked for.

        Args:
            path: the folder; it may be there, if it is empty.
            template: what the jobs run.
            rows: the values of each job.
            options: how they are worked off.
            servers: the servers' addresses, without passwords.

        Raises:
            TemplateError: a row can't be used.
            RunFolderError: the folder can't be made, or something is in it.
        """
        path, options = Path(path), options or Options()
        jobs = plan(template, rows)
        document = template.document()
        text = json.dumps(document, sort_keys=True, separators=(",", ":"))
        run = {
            "format": FORMAT,
            "format_version": VERSION,
            "run_id": str(uuid.uuid4()),
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "options": asdict(options),
            "servers": list(servers),
            "versions": {"python": platform.python_version(), "system": platform.system()},
            "template_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "rows": [dict(row) for row in rows],
            "template": document,
        }
        try:
            path.mkdir(parents=True, exist_ok=True)
            if any(path.iterdir()):
                hint = f" Go on with it: switchyard resume {path}" if (path / RUN_FILE).exists() else ""
                raise RunFolderError(f"{path} is not empty; a new run needs a folder of its own.{hint}")
            (path / OUTPUTS).mkdir()
            write_whole(path / RUN_FILE, json.dumps(run, indent=1) + "\n")
        except OSError as problem:
            raise RunFolderError(f"{path} can't hold a run: {problem.strerror or problem}.") from problem
        return cls._make(path, run, template, jobs)

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """The run that a folder holds; raises RunFolderError if it holds none that can be read."""
        path = Path(path)
        if not (path / RUN_FILE).is_file():
            raise RunFolderError(f"{path} holds no run: there is no {RUN_FILE} in it.")
        run = read_json(path / RUN_FILE)
        if not isinstance(run, Mapping) or run.get("format") != FORMAT:
            raise RunFolderError(f"{path / RUN_FILE} is no run of Switchyard's.")
        if run.get("format_version") != VERSION:
            raise RunFolderError(f"Version {run.get('format_version')!r} of a run's format is not known here.")
        try:
            template = Template.read(run["template"])
            return cls._make(path, run, template, plan(template, run["rows"]))
        except (KeyError, TypeError, ValueError, TemplateError) as problem:
            reason = problem if isinstance(problem, TemplateError) else f"{kind_of(run)} without {problem}"
            raise RunFolderError(f"{path / RUN_FILE} can't be used: {reason}") from problem

    @classmethod
    def _make(cls, path: Path, run: Mapping[str, Any], template: Template, jobs: Sequence[JobSpec]) -> RunFolder:
        run_id = str(uuid.UUID(run["run_id"]))
        name = suggest_name(path.resolve().name)
        name = name if _NAME.fullmatch(name) else "run"
        options, servers = Options(**run["options"]), tuple(run["servers"])
        return cls(path, run_id, f"{name}_{run_id[:8]}", template, jobs, options, servers)

    @property
    def outputs(self) -> Path:
        return self.path / OUTPUTS

    def states(self) -> list[journal.JobState]:
        """The state of each job, as the journal has it now."""
        return journal.states(journal.read(self.path / journal.NAME), len(self.jobs))

    @contextlib.contextmanager
    def locked(self) -> Iterator[journal.Journal]:
        """Opens the journal for as long as this lasts, for nobody else.

        The lock is the system's own: it ends with the process, however that ends.

        Raises:
            RunInUseError: another process has it.
        """
        try:
            file = (self.path / LOCK_FILE).open("a+b")
        except OSError as problem:
            raise RunFolderError(f"{self.path} can't be written: {problem.strerror or problem}.") from problem
        with file:
            if not _lock(file.fileno()):
                raise RunInUseError(f"Another process is at work on {self.path}: {self._owner()}.")
            with contextlib.suppress(OSError):
                file.truncate(0)
                file.write(b" " + f"process {os.getpid()} on {socket.gethostname()}".encode())
                file.flush()
            opened = journal.Journal(self.path / journal.NAME)
            try:
                yield opened
            finally:
                opened.close()

    def is_open(self) -> bool:
        """Whether a process is at work on it."""
        try:
            with (self.path / LOCK_FILE).open("a+b") as file:
                return not _lock(file.fileno())
        except OSError:
            return False

    def _owner(self) -> str:
        try:
            with (self.path / LOCK_FILE).open("rb") as file:
                file.seek(1)  # Windows lets nobody read the byte that is locked
                return file.read(200).decode("utf-8", "replace").strip() or "it does not say which"
        except OSError:
            return "it does not say which"


def write_whole(path: Path, text: str) -> None:
    """Writes a file beside its place and moves it there, so that nobody ever sees half of it."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        journal.sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def _lock(handle: int) -> bool:
    """Locks the first byte of a file for this process, unless another one has it."""
    try:
        if os.name == "nt":
            import msvcrt

            os.lseek(handle, 0, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
