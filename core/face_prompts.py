"""Prompts for single faces in one text: `[SEP]` between them, in the faces' order.

The words are those of ADetailer and Impact Pack, so that texts written for them go on working: `[SKIP]` leaves a face
alone, `[STOP]` it and all after it, `[PROMPT]` or nothing keeps the positive prompt as it is, `[CONCAT]` at the very
start adds each text to the positive prompt instead of replacing it, and so does `[PROMPT]` beside a text.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_UNKNOWN = re.compile(
    r"\[(?:LAB|ALL|ASC|DSC|ASC-SIZE|DSC-SIZE|RND|SEP:[^\]]*)\]|<lora:[^>]*>|\{[^{}]*\|[^{}]*\}|__[\w/*-]+__",
    re.IGNORECASE,
)
_LAST = re.compile(r"\[STOP\]", re.IGNORECASE)


class FacePrompt(NamedTuple):
    """What one face is to become.

    Attributes:
        text: Its prompt; empty for the positive prompt as it is.
        is_added: Whether the text comes on top of the positive prompt.
        is_skipped: Whether the face is left alone.
    """

    text: str = ""
    is_added: bool = False
    is_skipped: bool = False


class FacePrompts:
    """Gives each face its prompt; the last one counts for all faces after it.

    Raises:
        ValueError: a word of another pack's language that is not known here.
    """

    def __init__(self, text: str) -> None:
        unknown = _UNKNOWN.search(text)
        if unknown:
            raise ValueError(
                f"wildcard holds {unknown[0]}, which Face Detailer does not read. It knows [SEP], [SKIP], [STOP], "
                "[PROMPT] and [CONCAT]; choose which face comes first with order, load a LoRA before this node, and "
                "have a node that knows wildcards write the text."
            )
        words = text.strip()
        is_added = words.upper().startswith("[CONCAT]")
        if is_added:
            words = words[len("[CONCAT]") :]
        ended = _LAST.split(words)
        self._prompts = [_read(part, is_added) for part in re.split(r"\[SEP\]", ended[0], flags=re.IGNORECASE)]
        if len(ended) > 1:
            if ended[0].rstrip().upper().endswith("[SEP]") or not ended[0].strip():
                self._prompts.pop()
            self._prompts.append(FacePrompt(is_skipped=True))

    def of(self, number: int) -> FacePrompt:
        """The prompt of a face, counted from 0."""
        return self._prompts[min(number, len(self._prompts) - 1)]


def _read(part: str, is_added: bool) -> FacePrompt:
    text = part.strip()
    if "[SKIP]" in text.upper():
        return FacePrompt(is_skipped=True)
    text, count = re.subn(r"\[PROMPT\]", "", text, flags=re.IGNORECASE)
    text = text.strip(" ,\n")
    return FacePrompt(text, bool(text) and (is_added or count > 0))
