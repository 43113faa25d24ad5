"""The terms of all classes, looked up by their words, and where a prompt has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .prompt_syntax import Clause
from .regex import Budget
from .vocabulary import ContentClass, Term


class Match(NamedTuple):
    """Words of a clause that are terms.

    Attributes:
        start: the place of its first word in the clause.
        end: the place behind its last word.
        found: the classes that it counts for, by their places, each with its term; a class is there once.
    """

    start: int
    end: int
    found: list[tuple[int, Term]]

    @property
    def classes(self) -> set[int]:
        """The places of the classes that it counts for."""
        return {index for index, _ in self.found}

    @property
    def is_pattern(self) -> bool:
        """Whether a regular expression has found it, and not a word or a phrase."""
        return any(term.regex is not None for _, term in self.found)


class Lexicon(NamedTuple):
    """The terms of classes, made to be looked up; make it once for many prompts.

    Attributes:
        whole: words and phrases, each with the classes that have it.
        open: those of which the last word is only a beginning.
        regexes: the regular expressions.
        longest: how many words the longest term has.
        beginnings: how many letters the last words of `open` have, the most first.
    """

    whole: dict[tuple[str, ...], list[tuple[int, Term]]]
    open: dict[tuple[str, ...], list[tuple[int, Term]]]
    regexes: list[tuple[int, Term]]
    longest: int
    beginnings: list[int]


def make_lexicon(classes: Sequence[ContentClass]) -> Lexicon:
    """Puts the terms of classes in order, so that they can be looked up."""
    terms = [term for one in classes for term in one.terms]
    beginnings = sorted({len(term.words[-1]) for term in terms if term.is_open}, reverse=True)
    lexicon = Lexicon({}, {}, [], max((len(term.words) for term in terms), default=0), beginnings)
    for index, one in enumerate(classes):
        for term in one.terms:
            if term.regex is not None:
                lexicon.regexes.append((index, term))
            else:
                (lexicon.open if term.is_open else lexicon.whole).setdefault(term.words, []).append((index, term))
    return lexicon


def find_matches(clause: Clause, lexicon: Lexicon, budget: Budget) -> list[Match]:
    """Finds the terms in a clause, in its order. Of words and phrases the longest count, and none over another.

    Regular expressions count besides.

    Raises:
        RegexError: a regular expression could take too long on the clause, or what was allowed for all is used up.
    """
    found = [*_word_matches(clause, lexicon), *_regex_matches(clause, lexicon, budget)]
    return sorted(found, key=lambda match: (match.start, match.end))


def _word_matches(clause: Clause, lexicon: Lexicon) -> list[Match]:
    words = tuple(token.text for token in clause.tokens)
    candidates = []
    for start in range(len(words)):
        for end in range(start + 1, min(len(words), start + lexicon.longest) + 1):
            found = _look_up(words[start:end], lexicon)
            if found:
                candidates.append(Match(start, end, found))
    taken = [False] * len(words)
    matches = []
    for match in sorted(candidates, key=lambda match: (match.start - match.end, match.start)):
        if not any(taken[match.start : match.end]):
            taken[match.start : match.end] = [True] * (match.end - match.start)
            matches.append(match)
    return matches


def _look_up(words: tuple[str, ...], lexicon: Lexicon) -> list[tuple[int, Term]]:
    """For each class the term that is these words, or else the longest that they begin with."""
    found = dict(lexicon.whole.get(words, ()))
    *before, last = words
    for length in lexicon.beginnings:
        begun = lexicon.open.get((*before, last[:length]), ()) if length <= len(last) else ()
        for index, term in begun:
            found.setdefault(index, term)
    return list(found.items())


def _regex_matches(clause: Clause, lexicon: Lexicon, budget: Budget) -> Iterator[Match]:
    for index, term in lexicon.regexes:
        span = term.regex.find(clause.text, budget) if term.regex else None
        inside = [i for i, token in enumerate(clause.tokens) if span and token.start < span[1] and token.end > span[0]]
        if inside:
            yield Match(inside[0], inside[-1] + 1, [(index, term)])
