"""When a value is good enough, what to try next, and what to keep when nothing was: the decisions of a Quality Gate."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .values import as_list, is_grid, kind_of, unwrap

COMPARISONS = ("greater_or_equal", "greater_than", "less_or_equal", "less_than")
SYMBOLS = {">=": COMPARISONS[0], ">": COMPARISONS[1], "<=": COMPARISONS[2], "<": COMPARISONS[3]}
COMBINE = ("all", "any", "weighted")
KEEP = ("whole", "each", "count")
IF_NONE_PASS = ("best", "last", "block", "error")
MAX_SCORES = 4

Parts = list[float]


@dataclass(frozen=True)
class Rule:
    """What one score needs in order to pass."""

    comparison: str
    threshold: float

    @property
    def higher_is_better(self) -> bool:
        return self.comparison.startswith("greater")

    def passes(self, score: float) -> bool:
        """NaN never passes."""
        if self.comparison == "greater_than":
            return score > self.threshold
        if self.comparison == "greater_or_equal":
            return score >= self.threshold
        return score < self.threshold if self.comparison == "less_than" else score <= self.threshold

    def __str__(self) -> str:
        symbol = next(symbol for symbol, name in SYMBOLS.items() if name == self.comparison)
        return f"{symbol} {self.threshold:g}"


@dataclass(frozen=True)
class GateSettings:
    """What passes and how long to try.

    Args:
        rules: one for each score plugged in; with combine "weighted" the first one judges the weighted mean.
        combine: all, any, or weighted.
        weights: one for each score, for "weighted".
        keep: whole, the value passes or fails as one; each, every item must pass in its own place; count, passing
            items are collected.
        count: how many items keep "count" wants.
        if_none_pass: best, last, block or error.
        max_attempts: the most attempts, the first one included.
    """

    rules: tuple[Rule, ...]
    combine: str = "all"
    weights: tuple[float, ...] = ()
    keep: str = "whole"
    count: int = 1
    if_none_pass: str = "best"
    max_attempts: int = 8

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("combine", self.combine, COMBINE),
            ("keep", self.keep, KEEP),
            ("if_none_pass", self.if_none_pass, IF_NONE_PASS),
        ):
            if value not in allowed:
                raise ValueError(f"{name} is {value!r}; it must be one of: {', '.join(allowed)}.")
        for name, number in (("max_attempts", self.max_attempts), ("count", self.count)):
            if not isinstance(number, int) or number < 1:
                raise ValueError(f"{name} is {number!r}; it must be a whole number from 1 up.")
        if self.combine == "weighted" and not (min(self.weights, default=0) >= 0 < sum(self.weights) < math.inf):
            raise ValueError("weights must be finite, 0 or more, and at least one above 0.")


@dataclass(frozen=True)
class Verdict:
    """What the scores of one item amount to."""

    score: float
    passed: bool
    rank: tuple[float, float]


@dataclass
class Attempt:
    """One attempt that was made: the scores of its items, and which items of the first attempt it made again."""

    number: int
    scores: list[Parts]
    items: list[int] | None = None
    seconds: float | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def place(self, position: int) -> int:
        """The place in the first attempt's value that an item of this attempt belongs to."""
        if self.items is None or len(self.scores) != len(self.items):
            return position
        return self.items[position]


@dataclass(frozen=True)
class Pick:
    """An item that is kept: from which attempt, and which of its items; None stands for the value as a whole."""

    attempt: int
    item: int | None


def gate_comparison(comparison: str) -> str:
    """The name of a comparison, which may be given as a symbol.

    Raises:
        ValueError: it is not one of the four.
    """
    name = SYMBOLS.get(comparison.strip(), comparison.strip())
    if name not in COMPARISONS:
        raise ValueError(f"The comparison {comparison!r} is not known here. Use one of: {', '.join(COMPARISONS)}.")
    return name


def read_threshold(value: Any) -> float:
    """A threshold that may come by a link, as a number.

    Raises:
        ValueError: it is no number.
    """
    number = unwrap(value)
    if isinstance(number, (bool, int, float)):
        return float(number)
    raise ValueError(f"threshold is a {kind_of(value)}; it must be a number.")


def read_rules(text: str, first: Rule, count: int) -> tuple[Rule, ...]:
    """The rules of `count` scores: the first one, then those in the text (">= 6, < 0.2"), then the first one again.

    Raises:
        ValueError: a rule in the text is not a comparison and a number.
    """
    rules = [first]
    for part in (part.strip() for part in re.split(r"[,;\n]", text)):
        match = re.fullmatch(r"(>=|<=|>|<)?\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)", part, re.IGNORECASE)
        if match:
            comparison = SYMBOLS[match[1]] if match[1] else first.comparison
            rules.append(Rule(comparison, float(match[2])))
        elif part:
            raise ValueError(f'{part!r} in rules is not a rule. Write one for each further score, as in ">= 6, < 0.2".')
    return tuple((rules + [first] * count)[:count])


def read_weights(text: str, count: int) -> tuple[float, ...]:
    """The weights of `count` scores; those that the text does not give are 1.

    Raises:
        ValueError: a part of the text is not a number.
    """
    try:
        weights = [float(part) for part in re.split(r"[,;\s]+", text.strip()) if part]
    except ValueError:
        raise ValueError(f'weights is {text!r}; it must be numbers separated by commas, as in "1, 0.5".') from None
    return tuple((weights + [1.0] * count)[:count])


def read_scores(inputs: Sequence[Sequence[Any]]) -> list[Parts]:
    """Reads what is plugged into the score inputs: for each item, one number for each input.

    Args:
        inputs: for each score input the list that ComfyUI hands over. Numbers, tensors and nested lists are read;
            None and NaN are NaN. An input with one number counts for every item.

    Raises:
        ValueError: something is not a number, an input is empty, or the inputs have different numbers of scores.
    """
    columns = [[number for value in values for number in read_numbers(value)] for values in inputs]
    count = max(len(column) for column in columns)
    for index, column in enumerate(columns):
        name = "score" if index == 0 else f"score_{index + 1}"
        if not column:
            raise ValueError(f"{name} is an empty list; it must hold one number, or one for each picture.")
        if len(column) not in (1, count):
            raise ValueError(f"{name} has {len(column)} numbers, but another score has {count}; they must be as many.")
    return [[column[item if len(column) > 1 else 0] for column in columns] for item in range(count)]


def read_numbers(value: Any) -> list[float]:
    """All numbers of a score: a number, a tensor, or a nested list of them; None is NaN.

    Raises:
        ValueError: something is not a number.
    """
    value = unwrap(value)
    if value is None:
        return [math.nan]
    if isinstance(value, (bool, int, float)):
        return [_as_float(value)]
    items = as_list(value.flatten()) if is_grid(value) else value
    if isinstance(items, (list, tuple)):
        return [number for item in items for number in read_numbers(item)]
    raise ValueError(f"A score is a {kind_of(value)}; it must be a number or a list of numbers.")


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number beyond what a float holds
        return math.inf if value > 0 else -math.inf


def judge(parts: Parts, settings: GateSettings) -> Verdict:
    """Judges the scores of one item. A NaN among them fails it, unless combine is "any" and another one passes."""
    first = settings.rules[0]
    if settings.combine == "weighted":
        total = sum(settings.weights)
        score = sum(part * weight for part, weight in zip(parts, settings.weights, strict=True) if weight) / total
        passed = first.passes(score)
        return Verdict(score, passed, (float(passed), _goodness(score, first)))
    passes = [rule.passes(part) for rule, part in zip(settings.rules, parts, strict=True)]
    passed = any(passes) if settings.combine == "any" else all(passes)
    return Verdict(parts[0], passed, (float(sum(passes)), _goodness(parts[0], first)))


def _goodness(score: float, rule: Rule) -> float:
    if math.isnan(score):
        return -math.inf
    return score if rule.higher_is_better else -score


def judge_whole(attempt: Attempt, settings: GateSettings) -> Verdict:
    """Judges all items of an attempt as one: it passes if every item does, and counts as good as its worst one."""
    verdicts = [judge(parts, settings) for parts in attempt.scores]
    worst = min(verdicts, key=lambda verdict: verdict.rank)
    return Verdict(worst.score, all(verdict.passed for verdict in verdicts), worst.rank)


def passing_picks(attempts: Sequence[Attempt], settings: GateSettings) -> list[Pick | None]:
    """What is kept so far, in the order of the output; None for each place that is still to be filled."""
    if settings.keep == "whole":
        return [next((Pick(a.number, None) for a in attempts if judge_whole(a, settings).passed), None)]
    places: list[Pick | None] = [None] * (len(attempts[0].scores) if settings.keep == "each" else settings.count)
    for attempt in attempts:
        for position, parts in enumerate(attempt.scores):
            if judge(parts, settings).passed:
                place = attempt.place(position) if settings.keep == "each" else _first_free(places)
                if place < len(places) and places[place] is None:
                    places[place] = Pick(attempt.number, position)
    return places


def _first_free(places: Sequence[Pick | None]) -> int:
    return next((place for place, pick in enumerate(places) if pick is None), len(places))


def items_to_retry(picks: Sequence[Pick | None], settings: GateSettings) -> list[int] | None:
    """Which items of the first attempt the next one makes: the failing ones with keep "each", else None for all."""
    failing = [place for place, pick in enumerate(picks) if pick is None]
    return failing if settings.keep == "each" and len(failing) < len(picks) else None


def fallback_picks(attempts: Sequence[Attempt], settings: GateSettings) -> list[Pick]:
    """What is handed on when not enough passed: what did, and the best or the last of the others in the free places."""
    picks = passing_picks(attempts, settings)
    take_last = settings.if_none_pass == "last"
    if settings.keep == "whole":
        whole = attempts[-1] if take_last else max(attempts, key=lambda a: (judge_whole(a, settings).rank, -a.number))
        return [picks[0] or Pick(whole.number, None)]
    kept = set(picks)
    others = [
        (attempt.place(position), judge(parts, settings).rank, Pick(attempt.number, position))
        for attempt in attempts
        for position, parts in enumerate(attempt.scores)
        if Pick(attempt.number, position) not in kept
    ]
    others.sort(key=lambda other: (other[2].attempt, other[2].item) if take_last else other[1], reverse=True)
    if settings.keep == "each":
        best = {}
        for place, _, pick in others:
            best.setdefault(place, pick)
        return [pick or best[place] for place, pick in enumerate(picks)]
    filled = iter([pick for _, _, pick in others])
    completed = [pick or next(filled, None) for pick in picks]
    return [pick for pick in completed if pick is not None]


def judge_pick(pick: Pick, attempt: Attempt, settings: GateSettings) -> Verdict:
    """Judges what is picked from its attempt: one item, or the value as a whole."""
    return judge_whole(attempt, settings) if pick.item is None else judge(attempt.scores[pick.item], settings)


def picked_score(picks: Sequence[Pick], attempts: Sequence[Attempt], settings: GateSettings) -> float:
    """The score of what is handed on: the worst one of the items that are kept."""
    by_number = {attempt.number: attempt for attempt in attempts}
    verdicts = [judge_pick(pick, by_number[pick.attempt], settings) for pick in picks]
    return min(verdicts, key=lambda verdict: verdict.rank).score


def best_score(attempts: Sequence[Attempt], settings: GateSettings) -> float:
    """The score of the best attempt so far; items count one by one unless the value passes as a whole."""
    if settings.keep == "whole":
        verdicts = [judge_whole(attempt, settings) for attempt in attempts]
    else:
        verdicts = [judge(parts, settings) for attempt in attempts for parts in attempt.scores]
    return max(verdicts, key=lambda verdict: verdict.rank).score
