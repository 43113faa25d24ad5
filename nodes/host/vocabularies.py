"""The classes of prompts that the pack brings, and the words that turn them round, out of data/content_classes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ...core.vocabulary import ContentClass, Negations, read_class_file, read_negations

_FOLDER = Path(__file__).resolve().parents[2] / "data" / "content_classes"
_NEGATIONS = "negations"


@cache
def class_files() -> dict[str, ContentClass]:
    """The classes by name, each from its file; read once.

    Raises:
        RuntimeError: a file can't be read.
    """
    paths = sorted(path for path in _FOLDER.glob("*.txt") if path.stem != _NEGATIONS)
    return {path.stem: read_class_file(path.stem, _read(path)) for path in paths}


@cache
def negations() -> Negations:
    """Words such as "not" and "instead of", of many languages; read once.

    Raises:
        RuntimeError: the file can't be read.
    """
    return read_negations(_read(_FOLDER / f"{_NEGATIONS}.txt"))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise RuntimeError(
            f"A file of Switchyard can't be read: {path} ({error}). Install Switchyard again: update it in "
            "ComfyUI-Manager, or copy its whole folder anew."
        ) from error
