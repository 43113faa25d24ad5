"""Regular expressions that are searched for only where the search is sure to end soon.

Python's engine tries one way after the other to fit a pattern to a text, and nothing can stop it: with (a+)+$ the ways
double with every letter, and all of ComfyUI would stand still for years. So the ways are counted first. The pattern
becomes a graph of the characters that it can take one after the other (Glushkov's automaton, with the number of ways
from each to the next), and one walk through the text adds them up, in a time that grows with the text alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any, NamedTuple

from .values import show

try:
    from re import _compiler as sre_compile  # pyright: ignore[reportAttributeAccessIssue]
    from re import _parser as sre_parse  # pyright: ignore[reportAttributeAccessIssue]
except ImportError:  # Python 3.10
    import sre_compile
    import sre_parse

# A step takes 1 to 8 ns where a single character is repeated, and up to 300 ns elsewhere: together a few seconds.
_MAX_COST = 400_000_000
_COST_OF_REPEATED_CHARACTER = 1
_COST_OF_REPEATED_CHARACTER_IN_REPEAT = 6  # as in (a+)+: the repeat around it starts again after any of them
_COST_OF_SHORT_REFERENCE = 4  # by letter: to begin takes longer than to compare the next
_COST_OF_OTHER_STEP = 60
_MAX_COPIES = 16  # a counted repeat up to here is laid out; more are taken as any number
_MAX_PLACES = 20_000
_MAX_EDGES = 500_000
_MAX_WAYS_EMPTY = 1000
_MAX_WAYS_BEHIND = 1000
_CAN_REPEAT_OR_CHOOSE = frozenset("*+?{|")

Ways = dict[int, int]  # by place, in how many ways it is reached


class RegexError(ValueError):
    """A regular expression that is not valid, or that could take too long on a text."""


class Budget:
    """What several searches may cost together: a few seconds, as one search may alone."""

    def __init__(self) -> None:
        self.left = _MAX_COST


class Regex:
    """One regular expression.

    Raises:
        RegexError: it is not valid.
    """

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self.pattern = pattern
        self._flags = flags
        self._graph: _Graph | None = None
        try:
            self._compiled = re.compile(pattern, flags)
        except (re.error, OverflowError, RecursionError) as error:
            raise RegexError(f"The regular expression {show(pattern)} is not valid: {error}.") from error

    def is_found_in(self, text: str) -> bool:
        """Whether the pattern is found anywhere in a text. Raises what find raises."""
        return self.find(text) is not None

    def find(self, text: str, budget: Budget | None = None) -> tuple[int, int] | None:
        """Where the pattern is first found in a text: its beginning and its end; None if it is not.

        Args:
            text: where to look.
            budget: what it may cost, together with other searches that had it; None for a search of its own.

        Raises:
            RegexError: there are so many ways to fit the pattern to this text that trying them could take minutes, or
                longer than the searches before have left over.
        """
        budget = budget or Budget()
        if not _CAN_REPEAT_OR_CHOOSE.isdisjoint(self.pattern):
            try:
                self._graph = self._graph or _Graph(self.pattern, self._flags)
            except (_TooLargeError, RecursionError) as error:
                raise RegexError(
                    f"The regular expression {show(self.pattern)} is too large: repeat or nest less in it."
                ) from error
            at_start = self._graph.cost(text, at_start=True)
            match = self._compiled.match(text) if at_start <= budget.left else None
            if match is not None:
                budget.left -= at_start
                return match.span()  # as with .*cat on a text that has a cat, however long
            cost = self._graph.cost(text)
            if cost > budget.left:
                raise RegexError(_too_costly(self.pattern, text, is_alone=cost > _MAX_COST))
            budget.left -= cost  # that of the start is in it
        match = self._compiled.search(text)
        return None if match is None else match.span()


def _too_costly(pattern: str, text: str, *, is_alone: bool) -> str:
    if not is_alone:
        return (
            f"The regular expression {show(pattern)}, with those searched for before it, has too many ways to fit the "
            "text: trying them all would block ComfyUI. Use fewer or simpler regular expressions: no repeat in a "
            "repeat, no .* in a row or at the start."
        )
    return (
        f"The regular expression {show(pattern)} has too many ways to fit this text of {len(text)} "
        "characters: trying them all would block ComfyUI. Take apart what can take the same letters: a "
        "repeat in a repeat such as (a+)+ (write a+), alternatives such as (a|aa)+, several .* in a row, "
        "a reference to a group of any length such as (.+)\\1 (write (.{2,16})\\1); and leave out .* at "
        "the start, since a match is looked for anywhere."
    )


class _TooLargeError(Exception):
    """The graph of a pattern has too many places or edges, or ways to take no character at all."""


class _Part(NamedTuple):
    """A part of a pattern: the places that it can begin and end with, and in how many ways it can be empty."""

    first: Ways
    last: Ways
    empty: int


_NOTHING = _Part({}, {}, 1)


class _Graph:
    """The places of a pattern: each takes one character, then one of the places that follow takes the next."""

    def __init__(self, pattern: str, flags: int) -> None:
        tree = sre_parse.parse(pattern, flags)
        self._costs: list[int] = []
        self._kinds: list[int] = []  # by place: which of _takes says what characters it takes
        self._takes: list[Callable[[str], object]] = []
        self._kind_of: dict[tuple[str, int], int] = {}
        self._flags_of: list[int] = []  # by kind
        self._kinds_in: dict[int | None, set[int]] = {}  # by group: the kinds of its places
        self._follow: list[Ways] = []
        self._edges = 0
        self._in_repeat = False  # what is being built
        self._widths: list[Any] = tree.state.groupwidths  # by group: how few and how many characters it takes
        self._start = self._build(tree, tree.state.flags).first
        self._starts_once = _is_anchored(tree, tree.state.flags)

    def cost(self, text: str, *, at_start: bool = False) -> int:
        """Adds up what it costs to try all the ways to find the pattern in a text, or only at its start.

        The sum may end soon after _MAX_COST.
        """
        starts_once = at_start or self._starts_once
        total = 0
        ways: Ways = {}
        moves: dict[tuple[int, str], list[tuple[int, int]]] = {}
        for index, character in enumerate(text):
            reached: Ways = {}
            sources = ways if index and starts_once else {**ways, -1: 1}
            for place, count in sources.items():
                found = moves.get((place, character))
                if found is None:
                    found = moves[place, character] = self._moves(place, character)
                for following, number in found:
                    more = count * number
                    reached[following] = reached.get(following, 0) + more
                    total += more * self._costs[following]
            if total > _MAX_COST:
                break
            ways = reached
        return total

    def _moves(self, place: int, character: str) -> list[tuple[int, int]]:
        """The places after one (-1: before the pattern) that take a character, each with the number of ways there."""
        following = self._start if place < 0 else self._follow[place]
        return [(place, ways) for place, ways in following.items() if self._takes[self._kinds[place]](character)]

    def _has_many_ways(self, ways: Ways, width: int) -> bool:
        for _ in range(width):
            if sum(ways.values()) > _MAX_WAYS_BEHIND:
                return True
            reached: Ways = {}
            for place, count in ways.items():
                reached = _sum(reached, self._follow[place], count)
            ways = reached
        return False

    def _build(self, tree: Any, flags: int) -> _Part:
        return reduce(self._sequence, (self._part(name, value, flags) for name, value in tree), _NOTHING)

    def _part(self, name: Any, value: Any, flags: int) -> _Part:
        match str(name):
            case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN":
                return self._character([(name, value)], flags, _COST_OF_OTHER_STEP)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                least, most, tree = value
                return self._repeat(least, most, tree, flags)
            case "SUBPATTERN":
                group, added, removed, tree = value
                before = len(self._kinds)
                part = self._build(tree, (flags | added) & ~removed)
                self._kinds_in.setdefault(group, set()).update(self._kinds[before:])
                return part
            case "ATOMIC_GROUP":
                return self._build(value, flags)
            case "BRANCH":
                return _choice(self._build(tree, flags) for tree in value[1])
            case "GROUPREF_EXISTS":
                return _choice(self._build(tree or [], flags) for tree in value[1:])
            case "ASSERT" | "ASSERT_NOT":  # looked at, then the text goes on where it was
                direction, tree = value
                part = self._build(tree, flags)
                if direction < 0 and self._has_many_ways(part.first, tree.getwidth()[1]):
                    raise _TooLargeError  # it looks at the text before, which cost() has passed by then
                return part._replace(last={}, empty=1)
            case "AT":
                return _NOTHING
            case "FAILURE":
                return _Part({}, {}, 0)
            case _:  # GROUPREF
                return self._reference(value, flags)

    def _character(self, tree: list[Any], flags: int, cost: int) -> _Part:
        def compiled() -> Callable[[str], object]:
            state = sre_parse.State()
            state.flags = flags
            return sre_compile.compile(sre_parse.SubPattern(state, tree), flags).match

        return self._place(repr(tree), flags, cost, compiled)

    def _place(self, name: str, flags: int, cost: int, make_takes: Callable[[], Callable[[str], object]]) -> _Part:
        key = name, flags
        if key not in self._kind_of:
            self._kind_of[key] = len(self._takes)
            self._takes.append(make_takes())
            self._flags_of.append(flags)
        if len(self._kinds) >= _MAX_PLACES:
            raise _TooLargeError
        place = len(self._kinds)
        self._kinds.append(self._kind_of[key])
        self._costs.append(cost)
        self._follow.append({})
        return _Part({place: 1}, {place: 1}, 0)

    def _reference(self, group: int, flags: int) -> _Part:
        """A reference to a group: compared letter by letter, with any text of letters that the group can take."""
        least, most = self._widths[group]
        cost = _COST_OF_SHORT_REFERENCE if most <= _MAX_COPIES else _COST_OF_REPEATED_CHARACTER

        def takes() -> Callable[[str], object]:
            kinds = sorted(self._kinds_in[group])
            if flags & re.IGNORECASE and any(self._flags_of[kind] != flags for kind in kinds):
                return bool  # any: (a)(?i:\1) takes an A, though the group does not
            takes = [self._takes[kind] for kind in kinds]
            return lambda character: any(take(character) for take in takes)

        def copy() -> _Part:
            return self._place(f"reference to {group}", flags, cost, takes)

        return self._copies(least, most, copy)

    def _repeat(self, least: int, most: int, tree: Any, flags: int) -> _Part:
        is_character = len(tree) == 1 and str(tree[0][0]) in ("LITERAL", "NOT_LITERAL", "ANY", "IN")

        def copy() -> _Part:
            if is_character:
                cost = _COST_OF_REPEATED_CHARACTER_IN_REPEAT if self._in_repeat else _COST_OF_REPEATED_CHARACTER
                return self._character(list(tree), flags, cost)
            around, self._in_repeat = self._in_repeat, self._in_repeat or most > 1
            part = self._build(tree, flags)
            self._in_repeat = around
            return part

        return self._copies(least, most, copy)

    def _copies(self, least: int, most: int, copy: Callable[[], _Part]) -> _Part:
        """A repeated part: laid out copy by copy where the number of ways depends on it, else any number of times."""
        is_endless = most >= sre_parse.MAXREPEAT
        begin = copy()
        copies = (least if begin.empty else 1) if is_endless else most
        if copies > _MAX_COPIES:
            if begin.empty:
                raise _TooLargeError
            is_endless, copies = True, 1
        if is_endless:
            parts = [begin, *(copy() for _ in range(copies - 1))]
            parts[-1] = self._loop(parts[-1])
            part = reduce(self._sequence, parts)
            return part if least else _optional(part)
        tail = _NOTHING
        for _ in range(most - max(least, 1)):
            tail = _optional(self._sequence(copy(), tail))
        for _ in range(least - 1):
            tail = self._sequence(copy(), tail)
        if most == 0:
            return _NOTHING
        part = self._sequence(begin, tail)
        return part if least else _optional(part)

    def _loop(self, part: _Part) -> _Part:
        self._connect(part.last, part.first)
        # The engine tries one more time, if that can take nothing, before it goes on.
        return part._replace(last={place: ways * (1 + part.empty) for place, ways in part.last.items()})

    def _sequence(self, before: _Part, after: _Part) -> _Part:
        self._connect(before.last, after.first)
        first = _sum(before.first, after.first, before.empty) if before.empty else before.first
        last = _sum(after.last, before.last, after.empty) if after.empty else after.last
        if before.empty * after.empty > _MAX_WAYS_EMPTY:
            raise _TooLargeError
        return _Part(first, last, before.empty * after.empty)

    def _connect(self, last: Ways, first: Ways) -> None:
        self._edges += len(last) * len(first)
        if self._edges > _MAX_EDGES:
            raise _TooLargeError
        for place, ways in last.items():
            follow = self._follow[place]
            for following, more in first.items():
                follow[following] = follow.get(following, 0) + ways * more


def _sum(ways: Ways, more: Ways, factor: int = 1) -> Ways:
    total = dict(ways)
    for place, count in more.items():
        total[place] = total.get(place, 0) + count * factor
    return total


def _choice(parts: Iterable[_Part]) -> _Part:
    first: Ways = {}
    last: Ways = {}
    empty = 0
    for part in parts:  # no place is in two of them
        first |= part.first
        last |= part.last
        empty += part.empty
    return _Part(first, last, empty)


def _optional(part: _Part) -> _Part:
    return part._replace(empty=part.empty + 1)


def _is_anchored(tree: Any, flags: int) -> bool:
    """Whether a pattern begins with what holds at the start of the text alone."""
    if not len(tree):
        return False
    name, value = tree[0]
    if str(name) == "SUBPATTERN":
        return _is_anchored(value[-1], flags | value[1])
    return str(name) == "AT" and (
        str(value) == "AT_BEGINNING_STRING" or (str(value) == "AT_BEGINNING" and not flags & re.MULTILINE)
    )
