"""The journal: what has happened to each job, one line a record, on disk before anything else goes on.

Records, as JSON objects with "event", "index" and mostly "attempt", "prompt_id" and "server":

    submit      about to be queued; after it the server may know the job
    done        its files are saved; "outputs" names them with their hashes
    again       the attempt ended without a result; another one follows ("error", "counts")
    cancelled   taken back by the user; another attempt follows when the run is resumed
    failed      given up ("error")
    reopen      a failed job is to be tried again
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import SwitchyardError

NAME = "journal.jsonl"


class JournalError(SwitchyardError):
    """The journal can't be read or written."""


@dataclass
class JobState:
    """What the journal says of one job.

    Attributes:
        status: "pending", "open" (queued, its end not seen), "done" or "failed".
        attempt: the last attempt's number; 0 if there was none.
        failures, losses, memory_failures: how many attempts ended because a node failed, because the server lost
            the job, and because memory ran out.
    """

    status: str = "pending"
    attempt: int = 0
    prompt_id: str = ""
    server: str = ""
    failures: int = 0
    losses: int = 0
    memory_failures: int = 0
    seconds: float | None = None
    cached: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error: dict[str, Any] | None = None
    outputs: list[dict[str, Any]] = field(default_factory=list)

    def apply(self, record: Mapping[str, Any]) -> None:
        """Takes in what a record says."""
        event = record["event"]
        if self.status == "done":  # nothing takes a result away
            return
        for name in ("attempt", "prompt_id", "server"):
            if name in record:
                setattr(self, name, record[name])
        if event == "submit":
            self.status = "open"
        elif event == "done":
            self.status, self.error = "done", None
            self.seconds, self.outputs = record.get("seconds"), list(record.get("outputs", ()))
            self.cached, self.warnings = list(record.get("cached", ())), list(record.get("warnings", ()))
        elif event == "failed":
            self.status, self.error = "failed", record.get("error")
        elif event == "reopen":
            self.status, self.failures, self.losses, self.memory_failures = "pending", 0, 0, 0
        else:
            self.status = "pending"
            counts = record.get("counts")
            if counts in ("failures", "losses", "memory_failures"):
                setattr(self, counts, getattr(self, counts) + 1)


def states(records: Iterable[Mapping[str, Any]], count: int) -> list[JobState]:
    """The state of each of `count` jobs after all records."""
    found = [JobState() for _ in range(count)]
    for record in records:
        index = record.get("index")
        if not isinstance(index, int) or not 0 <= index < count or not isinstance(record.get("event"), str):
            raise JournalError(f"The journal has a record of job {index!r}, but the run has {count} jobs.")
        found[index].apply(record)
    return found


def read(path: Path) -> list[dict[str, Any]]:
    """All records; a last line that was cut off, as by a power failure, is left out.

    Raises:
        JournalError: another line is broken, or the file can't be read.
    """
    return _read(path)[0]


def _read(path: Path) -> tuple[list[dict[str, Any]], int]:
    """All records, and how many bytes of the file they take."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return [], 0
    except OSError as problem:
        raise JournalError(f"{path} can't be read: {problem.strerror or problem}.") from problem
    lines = data.split(b"\n")[:-1]
    records, size = [], 0
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
            if not isinstance(record, dict):
                raise ValueError("it is no object")
        except ValueError as problem:
            if number == len(lines):  # the whole line came to the disk, its content did not
                break
            raise JournalError(
                f"{path}, line {number}, is broken: {problem}. Only a last line may be; restore the file."
            ) from problem
        records.append(record)
        size += len(line) + 1
    return records, size


class Journal:
    """A journal that is added to; one process has it open at a time, its threads may share it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self.records, size = _read(path)
        try:
            self._file = path.open("ab")
            if self._file.tell() > size:  # a broken last line: what follows must not be glued to it
                self._file.truncate(size)
                self._file.seek(0, os.SEEK_END)
            sync_folder(path.parent)
        except OSError as problem:
            raise JournalError(f"{path} can't be written: {problem.strerror or problem}.") from problem

    def add(self, event: str, index: int, **facts: Any) -> dict[str, Any]:
        """Writes a record; when this returns, it is on disk."""
        record = {"event": event, "index": index, **facts}
        line = json.dumps(record, ensure_ascii=True, allow_nan=False) + "\n"
        try:
            with self._lock:
                self._file.write(line.encode())
                self._file.flush()
                os.fsync(self._file.fileno())
        except OSError as problem:
            raise JournalError(f"{self.path} can't be written: {problem.strerror or problem}.") from problem
        return record

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()


def sync_folder(folder: Path) -> None:
    """Has the names of new files on disk too, where the system can."""
    with contextlib.suppress(OSError, AttributeError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
