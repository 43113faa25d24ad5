"""Classes of prompts, written as words: one class a line on the node, one file a class in data/content_classes.

A term is a word or a phrase, a beginning (photo*), or a /regular expression/. Its weight says how much it tells: the
logarithm of odds, so 3 alone makes a class 95 % sure against another one, and 0 means that the words tell nothing and
that shorter terms in them are not looked at. Commas, colons and brackets may be full-width ones, as ： and 、.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .prompt_syntax import read_words
from .regex import Regex, RegexError
from .values import kind_of, show

MAX_CLASSES = 100
DEFAULT_WEIGHT = 3.0
MAX_WEIGHT = 10.0
MAX_TERM_WORDS = 20

_TERM = re.compile(
    r"\s*(?:"
    r"/(?P<regex>(?:\\.|[^/\\])+)/i?(?P<after>[^,，、]*)"
    r"|[@＠](?P<file>[^,，、]*)"
    r"|[(（](?P<weighted>(?:[^()（）]|[(（][^()（）]*[)）])*)[)）](?P<behind>[^,，、]*)"
    r"|(?P<words>[^,，、]*)"
    r")(?:[,，、]|\Z)"
)
_NUMBER = r"[:：]\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*"
_WEIGHT = re.compile(rf"(.*){_NUMBER}\Z", re.DOTALL)
_BARE_WEIGHT = re.compile(rf"(.*[^\d\s:：])\s*{_NUMBER}\Z", re.DOTALL)  # kitten:2, but not 16:9
_WEIGHTED = re.compile(rf"[(（][^()（）]*{_NUMBER}[)）]")
_COMMENT = re.compile(r"#+(?:\s|$)")


class VocabularyError(ValueError):
    """Classes or terms that can't be read."""


class Term(NamedTuple):
    """What counts for a class.

    Attributes:
        shown: the term as it was written.
        words: as they stand in clauses; empty for a regular expression.
        is_open: whether the last word is only a beginning.
        regex: searched in each clause, in lower case.
        weight: how much it tells; negative against the class.
    """

    shown: str
    words: tuple[str, ...]
    is_open: bool
    regex: Regex | None
    weight: float


class ContentClass(NamedTuple):
    """A class of prompts: its name, a text that describes it for a text encoder, and its terms."""

    name: str
    description: str
    terms: list[Term]


def read_classes(text: str, files: Mapping[str, ContentClass]) -> list[ContentClass]:
    """Reads classes, one a line: `name`, or `name: term, (term:2), /regex/, @file`.

    A name alone takes the class of that name that the pack brings, or else stands for itself as a word. `@anime` among
    the terms takes in those of that class. Of the same term twice the last counts, so that one of these can be given
    another weight. Empty lines and comments, lines that start with # and a space, are skipped.

    Args:
        text: what the user wrote.
        files: the classes that the pack brings, by name.

    Raises:
        VocabularyError: no text, no class or more than MAX_CLASSES, a name twice or missing, a file that is not there,
            a weight that is not -10 to 10, a term without words or with more than MAX_TERM_WORDS, a missing comma or
            bracket, a * that is not at the end, or a regular expression that is not valid.
    """
    if not isinstance(text, str):
        raise VocabularyError(f"The classes must be text, one class a line, not a {kind_of(text)}.")
    lines = [line.strip() for line in text.splitlines()]
    classes = [_read_class(line, files) for line in lines if line and not _COMMENT.match(line)]
    if not 1 <= len(classes) <= MAX_CLASSES:
        raise VocabularyError(
            f"There are {len(classes)} classes; write 1 to {MAX_CLASSES}, each on a line of its own: a name, a colon "
            "and the words that belong to it, such as cat: kitten, tabby, whiskers."
        )
    names = [one.name.casefold() for one in classes]
    twice = next((one.name for one in classes if names.count(one.name.casefold()) > 1), None)
    if twice is not None:
        raise VocabularyError(f"The class {show(twice)} is there twice. Put all of its words on one line.")
    return classes


def _read_class(line: str, files: Mapping[str, ContentClass]) -> ContentClass:
    name, words = map(str.strip, [*re.split("[:：]", line, maxsplit=1), ""][:2])
    if not name:
        raise VocabularyError(f"The line {show(line)} has no name before its colon. Write name: word, word.")
    if name.startswith(("@", "＠")):
        if words or re.search("[,，、]", name):
            raise VocabularyError(f"The line {show(line)} has no name. Write a name and a colon before its words.")
        return _find_file(name[1:], files)
    if not words:
        shipped = files.get(name.casefold())
        own = [term for term, _ in _read_terms(name, DEFAULT_WEIGHT, files)]
        return shipped._replace(name=name) if shipped else ContentClass(name, name, own)
    read = _read_terms(words, DEFAULT_WEIGHT, files)
    if not read:
        raise VocabularyError(f"The line {show(line)} has no words behind its colon. Write name: word, word.")
    description = ", ".join(dict.fromkeys(text for _, text in read if text)) or name
    return ContentClass(name, description, _last_of_each(term for term, _ in read))


def _last_of_each(terms: Iterable[Term]) -> list[Term]:
    last = {(term.words, term.is_open, term.regex and term.regex.pattern): term for term in terms}
    return list(last.values())


def read_class_file(name: str, text: str) -> ContentClass:
    """Reads a class file: a line `description: text`, and lines `weight: term, term, /regex/`.

    Raises:
        VocabularyError: a line is neither of them, or a term can't be read.
    """
    description, terms = name, []
    for line in map(str.strip, text.splitlines()):
        if not line or _COMMENT.match(line):
            continue
        key, colon, rest = line.partition(":")
        if key == "description":
            description = rest.strip()
        elif colon and re.fullmatch(r"-?\d+(?:\.\d+)?", key):
            terms += [term for term, _ in _read_terms(rest, float(key), {})]
        else:
            raise VocabularyError(f"The line {show(line)} of the class {name} does not begin with a weight.")
    return ContentClass(name, description, terms)


def _read_terms(text: str, weight: float, files: Mapping[str, ContentClass]) -> list[tuple[Term, str]]:
    """Reads terms between commas, each with what it adds to the description of its class ("" for nothing)."""
    terms: list[tuple[Term, str]] = []
    place = 0
    while place < len(text):
        match = _TERM.match(text, place)
        if match is None or match.end() == place:
            break
        place = match.end()
        if match["file"] is not None:
            taken = _find_file(match["file"], files)
            terms += [(term, taken.description) for term in taken.terms]
        elif match["regex"] is not None:
            terms.append((_regex_term(match["regex"], _weight_behind(match["after"], weight)), ""))
        else:
            words, own = _split_weight(match, weight)
            for one in filter(None, map(str.strip, re.split("[,，、]", words))):
                term = _word_term(one, own)
                terms.append((term, term.shown.rstrip("*＊") if own > 0 else ""))
    return terms


def _find_file(name: str, files: Mapping[str, ContentClass]) -> ContentClass:
    found = files.get(name.strip().casefold())
    if found is None:
        raise VocabularyError(f"There is no class {show('@' + name.strip())} in the pack, only {', '.join(files)}.")
    return found


def _split_weight(match: re.Match[str], weight: float) -> tuple[str, float]:
    """The words of a term, several behind one another between brackets, and the weight behind their colon."""
    shown = show(match[0].strip(" ,，、"))
    is_bracketed = match["weighted"] is not None and not match["behind"].strip()
    if is_bracketed and match["weighted"].lstrip().startswith(("@", "＠")):
        raise VocabularyError(f"The words of {shown} have weights of their own: leave the brackets out.")
    text = match["weighted"] if is_bracketed else match[0].strip(" ,，、")
    if not is_bracketed and _WEIGHTED.search(text):
        raise VocabularyError(f"A comma is missing in {shown}: write one before and behind (word:2).")
    weighted = (_WEIGHT if is_bracketed else _BARE_WEIGHT).match(text)
    words = weighted[1] if weighted else text
    if len(re.findall("[(（]", words)) != len(re.findall("[)）]", words)):
        raise VocabularyError(f"A bracket is missing in {shown}. Write (word:2).")
    return (words, _checked(float(weighted[2]), match[0])) if weighted else (words, weight)


def _weight_behind(text: str, weight: float) -> float:
    found = _WEIGHT.match(text)
    if found is None and text.strip():
        raise VocabularyError(
            f"Behind a regular expression may stand a weight such as /…/:2, not {show(text.strip())}."
        )
    return _checked(float(found[2]), text) if found else weight


def _checked(weight: float, shown: str) -> float:
    if not (math.isfinite(weight) and abs(weight) <= MAX_WEIGHT):
        raise VocabularyError(f"The weight in {show(shown.strip())} must be {-MAX_WEIGHT:g} to {MAX_WEIGHT:g}.")
    return weight


def _regex_term(pattern: str, weight: float) -> Term:
    try:
        return Term(f"/{pattern}/", (), False, Regex(pattern, re.IGNORECASE), weight)
    except RegexError as error:
        raise VocabularyError(str(error)) from error


def _word_term(text: str, weight: float) -> Term:
    is_open = text.endswith(("*", "＊"))
    words = tuple(read_words(text))
    if not words:
        raise VocabularyError(f"The term {show(text)} has no letters or digits in it.")
    if re.search("[*＊].", text):
        raise VocabularyError(
            f"The term {show(text)} has a * inside: it may only end one, for any word that begins so."
        )
    if len(words) > MAX_TERM_WORDS:
        raise VocabularyError(
            f"The term {show(text)} has {len(words)} words; {MAX_TERM_WORDS} are allowed, and as many characters where "
            "blanks do not part words. Write commas between the terms."
        )
    return Term(text, words, is_open, None, weight)
