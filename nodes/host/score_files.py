"""The files of the score log in ComfyUI's output folder: rows are added to them, and read back.

Nothing that stands in a file is ever changed. Rows are added by one write under a lock, so that several servers can
share a file, and a crash can cut off the last row at the worst.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ...core.file_names import relative_name
from ...core.score_log import (
    FORMATS,
    Row,
    is_log,
    last_row,
    read_entries,
    seal,
    starts_row,
    write_header,
    write_rows,
)
from ...core.score_statistics import Window
from ...core.values import show

_MOST_FILES = 99
_LONGEST_ROW = 1 << 22
_FIRST_BLOCK = 1 << 18
_LOCK_WAIT_S = 5.0
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
# The whole disk is the problem: another file would fare no better.
_HOPELESS = (errno.ENOSPC, errno.EROFS, getattr(errno, "EDQUOT", errno.ENOSPC))


class Logged(NamedTuple):
    """Rows that were logged.

    Attributes:
        name: The file as the user knows it, relative to the output folder.
        notes: What the user should know, such as why it is another file.
        window: The last entries of the file, of the same scorer as the last row.
    """

    name: str
    notes: list[str]
    window: Window


def log_rows(prefix: object, format: str, rows: Sequence[Row], size: int) -> Logged:
    """Adds rows to a log and reads its last entries back.

    Args:
        prefix: what the user calls the file.
        format: one of score_log.FORMATS.
        rows: at least one.
        size: how many of the last entries to read; 0 for all.

    Raises:
        ValueError: the prefix is no name inside the output folder, or no file can be written there.
    """
    if format not in FORMATS:
        raise ValueError(f"format is {show(format)}; it must be one of: {', '.join(FORMATS)}.")
    text = write_rows(rows, format)
    path, name, notes = append_rows(prefix, format, text)
    which = (rows[-1]["scorer"], rows[-1]["preset"], size)
    try:
        window = read_window(path, format, *which)
    except OSError as problem:
        notes.append(f"{name} can't be read ({problem.strerror or problem}), so only this run is counted.")
        window = Window(*which)
        window.add(read_entries(io.StringIO(text), format))
    return Logged(name, notes, window)


def append_rows(prefix: object, format: str, rows: str) -> tuple[Path, str, list[str]]:
    """Adds rows to the log that the prefix names, or to the next numbered one that can take them.

    A file with other columns is left as it is, and so is one that can't be written, such as one that is open in a
    spreadsheet: an overnight run should not end for that.

    Returns:
        the file, its name relative to the output folder, and why it is another one than the prefix names.

    Raises:
        ValueError: the prefix is no name inside the output folder, or no file can be written there.
    """
    import folder_paths

    output = folder_paths.get_output_directory()
    relative = relative_name(prefix, format)
    shown = f"{relative}.{format}"
    try:
        folder, name, _, subfolder, _ = folder_paths.get_save_image_path(relative, output)
        os.makedirs(folder, exist_ok=True)
    except OSError as problem:
        raise ValueError(_failure(Path(output, shown), problem)) from None
    notes: list[str] = []
    last: tuple[Path, OSError] | None = None
    for number in range(1, _MOST_FILES + 1):
        file = f"{name}.{format}" if number == 1 else f"{name}_{number}.{format}"
        path = Path(folder, file)
        try:
            if _append(path, format, rows.encode("utf-8")):
                return path, Path(subfolder, file).as_posix(), notes
            notes.append(f"{file} has other columns and was left as it is.")
        except OSError as problem:
            last = path, problem
            if problem.errno in _HOPELESS or not os.access(folder, os.W_OK | os.X_OK):
                break
            notes.append(f"{file} can't be written ({problem.strerror or problem}) and was left as it is.")
    if last is not None:
        raise ValueError(_failure(*last)) from None
    raise ValueError(
        f"{shown} and {_MOST_FILES - 1} numbered files after it all have other columns. Choose another filename_prefix."
    )


def read_window(path: Path, format: str, scorer: str, preset: str, size: int) -> Window:
    """Reads the last entries of a log: from its end, and no more of it than that takes.

    Raises:
        OSError: the file can't be read.
    """
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        block = _FIRST_BLOCK if size else end
        while True:
            window = Window(scorer, preset, size)
            window.add(read_entries(_lines(file, max(0, end - block), format), format))
            if window.is_full() or block >= end:
                return window
            block *= 4


def _lines(file: io.BufferedReader, start: int, format: str) -> Iterator[str]:
    """The lines of a file from the first row after start on."""
    file.seek(max(0, start - 1))
    if start:
        file.readline()
    found = start == 0
    for line in file:
        text = line.decode("utf-8", "replace")
        found = found or starts_row(text, format)
        if found:
            yield text


def _append(path: Path, format: str, rows: bytes) -> bool:
    """Adds rows to a file, with a header if it is new; false if it is no log of ours."""
    if path.exists() and not path.is_file():  # opening a pipe would wait for its reader for ever
        raise IsADirectoryError(errno.EISDIR, "it is no file")
    handle = os.open(path, _FLAGS, 0o666)
    try:
        with _lock(handle) as is_locked:
            size = os.fstat(handle).st_size
            if size and not is_log(_first_line(path), format):
                return False
            before = seal(_last_row(path, size, format), format) if size else write_header(format)
            _write(handle, before.encode("utf-8") + rows, size if is_locked else None)
    finally:
        os.close(handle)
    return True


def _first_line(path: Path) -> str:
    with path.open("rb") as file:
        return file.readline(_LONGEST_ROW).decode("utf-8", "replace")


def _last_row(path: Path, size: int, format: str) -> str:
    """The end of a file, from where its last row begins; its last line where that can't be told."""
    with path.open("rb") as file:
        block = 1 << 12
        while True:
            file.seek(max(0, size - block))
            text = file.read(block).decode("utf-8", "replace")
            # What the block begins with is a part of a line, which nobody can tell from a row.
            row = last_row(text if block >= size else text.partition("\n")[2], format)
            if row is not None:
                return row
            if block >= min(size, _LONGEST_ROW):
                lines = text.splitlines(keepends=True)
                return lines[-1] if lines else ""
            block *= 4


def _write(handle: int, data: bytes, size_before: int | None) -> None:
    """Writes all or nothing; where the file is not locked, what was written before an error stays."""
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(handle, view) :]
    except OSError:
        if size_before is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(handle, size_before)
        raise


@contextlib.contextmanager
def _lock(handle: int) -> Iterator[bool]:
    """Holds a file alone, against other processes and threads; gives whether that worked.

    Some network drives have no locks: rows are then written all the same, each call's by one write.
    """
    deadline = time.monotonic() + _LOCK_WAIT_S
    while True:
        try:
            _take(handle)
            break
        except OSError as problem:
            if problem.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
                yield False
                return
            if time.monotonic() > deadline:
                raise OSError(errno.EBUSY, f"another program has held it for {_LOCK_WAIT_S:g} s") from None
            time.sleep(0.01)
    try:
        yield True
    finally:
        _release(handle)


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 40  # a byte that is never written: Windows keeps others from reading what is locked

    def _take(handle: int) -> None:
        os.lseek(handle, _FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

    def _release(handle: int) -> None:
        os.lseek(handle, _FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _release(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)


def _failure(path: Path, problem: OSError) -> str:
    return (
        f"The score log {path} can't be written: {problem.strerror or problem}. Look whether the folder may be written "
        "and the disk has room, or choose another filename_prefix."
    )
