"""Values that people type as text: numbers, true/false, null, lists and ranges."""

from __future__ import annotations

import re

_INTEGER = re.compile(r"[+-]?[0-9]{1,4000}\Z")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")
_WORDS = {"true": True, "false": False, "none": None, "null": None}
_SPECIAL = {"nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"}
_BLANKS = r"[^\S\n]*"
_ITEM = re.compile(rf"""{_BLANKS}(?:"([^"\n]*)"|'([^'\n]*)'){_BLANKS}(?=[,\n]|\Z)|([^,\n]*)""")
_NUMBER_PART = r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?inf(?:inity)?"
_RANGE = re.compile(rf"\s*({_NUMBER_PART})\s*(?:\.\.|,|\bto\b|\band\b)\s*({_NUMBER_PART})\s*\Z", re.IGNORECASE)


def read_number(text: str) -> int | float | None:
    """Reads text as a number (decimal, exponent, nan, inf; ASCII digits only), or gives None if it is not one."""
    text = text.strip()
    if _NUMBER.match(text) or text.lower() in _SPECIAL:
        return _to_number(text)
    return None


def _to_number(text: str) -> int | float:
    return int(text) if _INTEGER.match(text) else float(text)


def read_literal(text: str) -> int | float | bool | str | None:
    """Reads text as a number, true/false or null/none (any case, spaces around ignored); other text stays as it is."""
    word = text.strip().lower()
    if word in _WORDS:
        return _WORDS[word]
    number = read_number(text)
    return text if number is None else number


def read_list(text: str) -> list[str]:
    """Splits "cat, dog, bird" or one item a line; spaces around items and empty items are dropped.

    A pair of quotes around an item, or of brackets around the whole list, is taken off. Commas between quotes do not
    split.
    """
    text = text.strip()
    if _is_in_brackets(text):
        text = text[1:-1]
    items = []
    for match in _ITEM.finditer(text):
        double, single, bare = match.groups()
        if bare is None:
            items.append(single if double is None else double)
        elif bare.strip():
            items.append(bare.strip())
    return items


def _is_in_brackets(text: str) -> bool:
    """Whether the bracket at the start is closed by the one at the end: true for "[a, b]", not for "[a], [b]"."""
    if not (text.startswith("[") and text.endswith("]")):
        return False
    opened, closed = text.find("[", 1), text.find("]")
    return closed == len(text) - 1 or 0 < opened < closed


def read_range(text: str) -> tuple[int | float, int | float] | None:
    """Reads "0.2..0.8", "0.2, 0.8", "0.2 to 0.8" or "0.2 and 0.8" as its two bounds; None if it is not a range."""
    match = _RANGE.match(text.strip().removeprefix("[").removesuffix("]"))
    if match is None:
        return None
    return _to_number(match[1]), _to_number(match[2])
