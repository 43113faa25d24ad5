"""Saves a server's files: whole or not at all, and never over another one."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from .connection import Connection
from .errors import OutputMissing, ServerUnavailable
from .results import OutputFile

_TRIES = 3
_CHUNK = 2**20


@dataclass(frozen=True)
class Saved:
    """A file that was saved: where, the SHA-256 of its content, and how long it is."""

    path: Path
    sha256: str
    bytes: int


def download(connection: Connection, file: OutputFile, folder: Path, name: str | None = None) -> Saved:
    """Saves one file in a folder, under its own name or another.

    Raises:
        OutputMissing: the server does not hand it out, its name is none, or it can't be written.
        ServerUnavailable: the server broke off, several times.
    """
    name = Path((name or file.filename).replace("\\", "/")).name
    if name in ("", ".", ".."):
        raise OutputMissing(f"The server names a file {file.filename!r}, which can't be saved.")
    part = folder / f".{name[:60]}.{secrets.token_hex(6)}.part"  # 255 bytes at most, in any script
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if file.data is not None:
            digest, size = _write(part, [file.data])
        else:
            digest, size = _again(lambda: _fetch(connection, view_path(file), name, part))
        return Saved(_move_to_free_name(part, folder, name), digest, size)
    except OSError as problem:
        raise OutputMissing(f"{name} can't be saved in {folder}: {problem.strerror or problem}.") from problem
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def view_path(file: OutputFile) -> str:
    """Where the server hands a file out."""
    query = {"filename": file.filename, "subfolder": file.subfolder, "type": file.type}
    return f"/view?{urllib.parse.urlencode(query)}"


def _again(fetch: Callable[[], tuple[str, int]]) -> tuple[str, int]:
    for _ in range(_TRIES - 1):
        with contextlib.suppress(ServerUnavailable):
            return fetch()
    return fetch()


def _fetch(connection: Connection, path: str, name: str, part: Path) -> tuple[str, int]:
    with connection.stream(path) as answer:
        if answer.status_code >= 500:
            raise ServerUnavailable(f"{connection.url} answers {answer.status_code} when asked for {name}.")
        if answer.status_code >= 400:
            raise OutputMissing(f"The server does not hand out {name}: {answer.status_code} {answer.reason_phrase}.")
        return _write(part, answer.iter_bytes(_CHUNK))


def _write(part: Path, chunks: Iterable[bytes]) -> tuple[str, int]:
    """Writes a file and has it on disk; gives its SHA-256 and how long it is."""
    digest, size = hashlib.sha256(), 0
    with part.open("wb") as target:
        for chunk in chunks:
            target.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        target.flush()
        os.fsync(target.fileno())
    return digest.hexdigest(), size


def _move_to_free_name(part: Path, folder: Path, name: str) -> Path:
    stem, suffix = Path(name).stem, Path(name).suffix
    number = 1
    while True:
        target = folder / (name if number == 1 else f"{stem}_{number}{suffix}")
        try:
            target.open("xb").close()  # the name is ours from here on, also where two do this at once
        except FileExistsError:
            number += 1
            continue
        os.replace(part, target)
        return target
