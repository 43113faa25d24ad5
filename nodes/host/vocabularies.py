"""The classes of prompts that the pack brings, and the words that turn them round, out of data/content_classes."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from ...core.lexicon import Lexicon, make_lexicon
from ...core.negation import Negations, read_negations
from ...core.vocabulary import ContentClass, read_class_file, read_classes

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


def classes_of(text: Any) -> tuple[list[ContentClass], Lexicon]:
    """The classes that the user has written, and their terms to be looked up: made once for many prompts.

    Raises:
        VocabularyError: they can't be read.
        RuntimeError: a file of the pack can't be read.
    """
    return _classes_of(text) if isinstance(text, str) else _make_classes(text)


@lru_cache(maxsize=16)
def _classes_of(text: str) -> tuple[list[ContentClass], Lexicon]:
    return _make_classes(text)


def _make_classes(text: Any) -> tuple[list[ContentClass], Lexicon]:
    classes = read_classes(text, class_files())
    return classes, make_lexicon(classes)


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
