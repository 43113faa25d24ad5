"""Which of the terms in a prompt are turned into their opposite: "not anime", "anime-free", "no anime or cartoon"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from .lexicon import Match
from .prompt_syntax import Clause, read_words

MAX_BETWEEN = 6  # words between a negation and what it turns
MAX_LISTED = 20  # terms, or joined groups of them, behind the first of a list
_HYPHENS = ("-", "\u2010")  # NFKC makes the hyphen that does not break a U+2010

Words = tuple[str, ...]


class Negations(NamedTuple):
    """Words that turn what they stand by into its opposite.

    Attributes:
        before: such as "not", "instead of".
        after: such as "excluded" in "anime excluded".
        ending: those that count behind a hyphen or at the end of a clause only: "anime-free", and no "free spirit".
        answer: such as "no" in "anime: no", alone behind a colon.
        between: words that may stand between these and what they turn: "not in the style of anime".
        joining: words through which they reach on: "no anime or cartoon".
        harmless: phrases in which a word above says something else, as Portuguese "no estilo", "in the style".
    """

    before: frozenset[Words]
    after: frozenset[Words]
    ending: frozenset[Words]
    answer: frozenset[Words]
    between: frozenset[str]
    joining: frozenset[str]
    harmless: frozenset[Words]

    @property
    def conjunctions(self) -> frozenset[str]:
        """Those of the joining words that join, and are no articles and the like."""
        return self.joining - self.between - {"no"}


def read_negations(text: str) -> Negations:
    """Reads the file of negations: lines `before: word, word`, `after: …` and so on by the fields of Negations."""
    found: dict[str, list[Words]] = {key: [] for key in Negations._fields}
    for line in map(str.strip, text.splitlines()):
        if line and not line.startswith("#"):
            key, _, words = line.partition(":")
            found[key.strip()] += [tuple(read_words(word)) for word in words.split(",")]
    phrases = {key: frozenset(words) - {()} for key, words in found.items()}
    return Negations(
        before=phrases["before"],
        after=phrases["after"],
        ending=phrases["ending"],
        answer=phrases["answer"],
        between=frozenset(word for words in found["between"] for word in words),
        joining=frozenset(word for words in found["joining"] for word in words),
        harmless=phrases["harmless"],
    )


def find_turned(
    clauses: Sequence[Clause], matches: Sequence[Sequence[Match]], negations: Negations
) -> list[list[bool]]:
    """For each clause and each of its matches, in order, whether a negation turns it.

    A negation reaches on to what is joined to the term that it turns ("no anime or cartoon", "anime and manga
    excluded"), and in a list of terms of one class over commas to its end ("no anime, manga or cartoon").
    """
    readers = [_ClauseReader(clause, found, negations) for clause, found in zip(clauses, matches, strict=True)]
    for place, reader in enumerate(readers):
        answer = readers[place + 1].words if reader.stop == ":" and place + 1 < len(readers) else ()
        reader.turn(is_denied=answer in negations.answer)
    for place, reader in enumerate(readers):
        if reader.is_turned_from_before and reader.is_over_at_last_match:
            for other in _list_behind(place, readers):
                other.turned = [True] * len(other.matches)
    return [reader.turned for reader in readers]


class _ClauseReader:
    """One clause, its matches and what turns them."""

    def __init__(self, clause: Clause, matches: Sequence[Match], negations: Negations) -> None:
        self.words = tuple(token.text for token in clause.tokens)
        self.stop = clause.stop
        self.matches = matches
        self.turned: list[bool] = []
        self.is_turned_from_before = False  # the last match
        self._clause = clause
        self._negations = negations
        self._is_inert = self._find_inert() if matches else []

    def turn(self, *, is_denied: bool) -> None:
        """Finds what is turned inside of the clause; `is_denied` if the answer "no" follows it."""
        from_behind = []
        for place, match in enumerate(self.matches):
            is_before = self._is_after_negation(match.start) or self._is_joined_to_turned(place)
            is_behind = self._is_before_negation(match.end)
            is_last = place == len(self.matches) - 1
            is_behind = is_behind or (is_denied and is_last and self.is_over_at_last_match)
            self.turned.append(is_before or is_behind)
            self.is_turned_from_before = is_before
            from_behind.append(is_behind)
        for place in range(len(self.matches) - 2, -1, -1):
            if from_behind[place + 1] and self._is_joined_by_word(place):
                self.turned[place] = from_behind[place] = True

    @property
    def is_over_at_last_match(self) -> bool:
        """Whether nothing is said behind the last match."""
        return all(word in self._negations.between for word in self.words[self.matches[-1].end :])

    @property
    def has_conjunction(self) -> bool:
        """Whether a word outside of all matches is "or" or the like."""
        return not self._negations.conjunctions.isdisjoint(self._other_words)

    def is_bare_list_of(self, classes: set[int]) -> bool:
        """Whether there are only terms of these classes and words that join them."""
        is_of_class = bool(self.matches) and all(match.classes & classes for match in self.matches)
        small = self._negations.joining | self._negations.between
        return is_of_class and small.issuperset(self._other_words)

    @property
    def _other_words(self) -> list[str]:
        inside = {place for match in self.matches for place in range(match.start, match.end)}
        return [word for place, word in enumerate(self.words) if place not in inside]

    def _find_inert(self) -> list[bool]:
        """The words that are no negations here: in a term such as "no humans", or in a harmless phrase."""
        is_inert = [False] * len(self.words)
        spans = [(match.start, match.end) for match in self.matches if not match.is_pattern]
        for start, end in [*spans, *self._occurrences(self._negations.harmless)]:
            is_inert[start:end] = [True] * (end - start)
        return is_inert

    def _occurrences(self, phrases: frozenset[Words]) -> Iterator[tuple[int, int]]:
        lengths = {len(phrase) for phrase in phrases}
        for start in range(len(self.words)):
            yield from ((start, start + n) for n in lengths if self.words[start : start + n] in phrases)

    def _is_after_negation(self, start: int) -> bool:
        longest = max(map(len, self._negations.before), default=0)
        for end in range(start, max(0, start - MAX_BETWEEN) - 1, -1):
            if any(self._is_in(self._negations.before, begin, end) for begin in range(max(0, end - longest), end)):
                return True
            if end and self.words[end - 1] not in self._negations.between:
                return False
        return False

    def _is_before_negation(self, end: int) -> bool:
        negations = self._negations
        longest = max(map(len, negations.after | negations.ending), default=0)
        last = len(self.words)
        for begin in range(end, min(last, end + MAX_BETWEEN) + 1):
            for stop in range(begin + 1, min(last, begin + longest) + 1):
                if self._is_in(negations.after, begin, stop):
                    return True
                if self._is_in(negations.ending, begin, stop) and (stop == last or self._is_hyphen_before(begin)):
                    return True
            if begin < last and self.words[begin] not in negations.between:
                return False
        return False

    def _is_in(self, phrases: frozenset[Words], begin: int, end: int) -> bool:
        return self.words[begin:end] in phrases and not any(self._is_inert[begin:end])

    def _is_hyphen_before(self, place: int) -> bool:
        tokens = self._clause.tokens
        return self._clause.text[tokens[place - 1].end : tokens[place].start] in _HYPHENS

    def _is_joined_to_turned(self, place: int) -> bool:
        """Whether the match before it is turned, and the negation reaches on to this one."""
        if not place or not self.turned[-1]:
            return False
        before, match = self.matches[place - 1 : place + 1]
        gap = self.words[before.end : match.start]
        is_joined = all(word in self._negations.joining for word in gap)
        return is_joined and bool(gap or match.classes & before.classes)

    def _is_joined_by_word(self, place: int) -> bool:
        """Whether "and" or the like joins a match to the next one, which is of the same class."""
        match, following = self.matches[place : place + 2]
        gap = self.words[match.end : following.start]
        is_joined = all(word in self._negations.joining for word in gap)
        is_same = bool(match.classes & following.classes)
        return is_same and is_joined and not self._negations.conjunctions.isdisjoint(gap)


def _list_behind(place: int, readers: Sequence[_ClauseReader]) -> list[_ClauseReader]:
    """The clauses that go on the list which a turned term begins; none where no "or" or the like ends the list."""
    first = readers[place]
    wanted = first.matches[-1].classes
    following = readers[place : place + 1 + MAX_LISTED]
    for number, (before, reader) in enumerate(pairwise(following), 1):
        if before.stop != "," or not reader.is_bare_list_of(wanted):
            return []
        if reader.has_conjunction:
            return list(following[1 : number + 1])
    return []
