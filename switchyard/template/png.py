"""What ComfyUI writes into the pictures it saves: the graph and the workflow, as text chunks of the PNG.

Source: PNG specification, third edition, sections 5 and 11.3 (tEXt, zTXt, iTXt).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import TemplateError
from .files import parse_json

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LONGEST_TEXT = 64 * 2**20


def is_png(path: Path) -> bool:
    """Whether a file begins like a PNG; False if it can't be read."""
    try:
        with path.open("rb") as file:
            return file.read(len(_SIGNATURE)) == _SIGNATURE
    except (OSError, ValueError):  # a zero byte in the path is a ValueError
        return False


def read_png(path: Path) -> dict[str, Any]:
    """The graph and the workflow in a picture, as {"output": graph, "workflow": workflow or None}.

    Raises:
        TemplateError: the file can't be read, is no PNG, is damaged, or holds no graph.
    """
    found: dict[str, Any] = {}
    try:
        with path.open("rb") as file:
            if file.read(len(_SIGNATURE)) != _SIGNATURE:
                raise TemplateError(f"{path} is no PNG.")
            for key, text in _texts(file, path):
                found[key] = parse_json(text, f"The {key} in {path}", is_strict=False)
    except OSError as problem:
        raise TemplateError(f"{path} can't be read: {problem.strerror or problem}.") from problem
    except ValueError as problem:
        raise TemplateError(f"{str(path)!r} can't be read: {problem}.") from problem
    if not isinstance(found.get("prompt"), dict):
        raise TemplateError(
            f"{path} holds no graph: it was not saved by ComfyUI, metadata was off, or a website or a chat took it out."
        )
    return {"output": found["prompt"], "workflow": found.get("workflow")}


def _texts(file: BinaryIO, path: Path) -> Iterator[tuple[str, bytes]]:
    """The keyword and the text, in UTF-8, of each text chunk of ComfyUI's."""
    while True:
        head = file.read(8)
        if len(head) < 8:
            return
        length, kind = struct.unpack(">I4s", head)
        if kind not in (b"tEXt", b"zTXt", b"iTXt"):
            file.seek(length + 4, 1)
            continue
        if length > _LONGEST_TEXT:
            raise TemplateError(f"{path} has a text of {length >> 20} MB: at most {_LONGEST_TEXT >> 20} are read.")
        data = file.read(length)
        check = file.read(4)
        if len(data) < length or len(check) < 4 or zlib.crc32(kind + data) != struct.unpack(">I", check)[0]:
            raise TemplateError(f"{path} is damaged: a text in it is cut off or changed.")
        key, _, rest = data.partition(b"\0")
        if key in (b"prompt", b"workflow"):
            yield key.decode("ascii"), _text(kind, rest, path)


def _text(kind: bytes, rest: bytes, path: Path) -> bytes:
    if kind == b"tEXt":
        return rest.decode("latin-1").encode("utf-8")
    if kind == b"zTXt":
        return _unpacked(rest[1:], path).decode("latin-1").encode("utf-8")
    is_packed, rest = rest[:1] == b"\1", rest[2:]
    _, _, rest = rest.partition(b"\0")  # the language
    _, _, rest = rest.partition(b"\0")  # the translated keyword
    return _unpacked(rest, path) if is_packed else rest


def _unpacked(data: bytes, path: Path) -> bytes:
    try:
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(data, _LONGEST_TEXT)
    except zlib.error as problem:
        raise TemplateError(f"{path} is damaged: a text in it can't be unpacked.") from problem
    if unpacker.unconsumed_tail:
        raise TemplateError(f"{path} has a text of more than {_LONGEST_TEXT >> 20} MB when unpacked.")
    return text
