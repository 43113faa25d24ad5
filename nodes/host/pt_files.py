"""Checkpoints of torch (.pt): the archive that they are, and what is refused of it before anything is read."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from .weight_files import check_start

if TYPE_CHECKING:
    from ...core.torch_checkpoint import Checkpoint

MAX_MEMBERS = 20_000
_LEGACY_START = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # torch before 1.6: several pickles one after the other
# What zipfile raises for damaged archives, here and there: it documents the first one only.
_ARCHIVE_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    ValueError,
)
_DAMAGED = "it is damaged or was cut off. Get it anew"


def read_pt(path: Path, name: str) -> Checkpoint:
    """Reads the weights of a .pt file without running anything of it.

    Args:
        path: where it is.
        name: what the user calls it.

    Raises:
        ValueError: it is no checkpoint, is damaged, is too large, or asks for something to be run.
    """
    from ...core.torch_checkpoint import read_checkpoint

    with path.open("rb") as file:
        start = file.read(512)
    check_start(start, name)
    try:
        _check_format(start)
        with _open(path) as archive:
            root = _root_of(archive)
            pickled = _member(archive, f"{root}data.pkl")
            return read_checkpoint(pickled, lambda key: _member(archive, f"{root}data/{key}"))
    except ValueError as error:
        raise ValueError(f"{name} can't be used: {error}.") from error


def _open(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except _ARCHIVE_ERRORS as error:
        raise ValueError(_DAMAGED) from error


def _check_format(start: bytes) -> None:
    if start.startswith(b"PK\x03\x04"):
        return
    if start.startswith(_LEGACY_START) or start[257:262] == b"ustar":
        raise ValueError(
            "it is in the format that torch wrote before 1.6, which is not read here. Load and save it anew with a "
            "recent torch, or get a newer file"
        )
    if start.startswith(b"\x80"):
        raise ValueError("it is a bare pickle, not a checkpoint of torch. Get it from its authors")
    raise ValueError("it is no checkpoint of torch. Get it from its authors")


def _root_of(archive: zipfile.ZipFile) -> str:
    """The folder inside the archive that everything is in, with a slash."""
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise ValueError(f"it has {len(members)} parts, and no checkpoint has over {MAX_MEMBERS}")
    names = {member.filename for member in members}
    roots = [known.removesuffix("data.pkl") for known in names if known == "data.pkl" or known.endswith("/data.pkl")]
    if len(roots) != 1:
        raise ValueError("it is an archive, but no checkpoint of torch: there is no data.pkl in it")
    (root,) = roots
    if f"{root}constants.pkl" in names:
        raise ValueError("it is a TorchScript program, which is code. Get the .pt file that it was exported from")
    if f"{root}byteorder" in names and _member(archive, f"{root}byteorder").strip() == b"big":
        raise ValueError("it was saved on a computer of another byte order. Save it anew on this one")
    return root


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """A part of the archive, as large as the file itself at the most; KeyError if there is none."""
    from ...core.inert_pickle import MAX_PICKLE_BYTES

    member = archive.getinfo(name)
    if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
        raise ValueError("it is packed, which torch never does: packed parts can grow without end. Save it anew")
    if name.endswith("data.pkl") and member.file_size > MAX_PICKLE_BYTES:
        raise ValueError(
            f"its pickle has {member.file_size >> 20} MB, and no model's has over {MAX_PICKLE_BYTES >> 20}"
        )
    try:
        return archive.read(member)
    except _ARCHIVE_ERRORS as error:
        raise ValueError(_DAMAGED) from error
