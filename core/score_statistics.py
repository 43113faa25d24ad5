"""What logged scores come to: how many pass, and the threshold that keeps only the best of them."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .report_reading import number_of
from .score_log import Entry
from .values import show, show_number, unwrap

_FEWEST_DIGITS, _MOST_DIGITS = 2, 20
_LONGEST_FLOAT = 400  # digits, with those after its point
_NAMED_FAULTS = 4


def read_settings(threshold: Any, keep_percent: Any, window: Any) -> tuple[float, float, int]:
    """Takes the settings, which may come by a link, as plain numbers.

    Raises:
        ValueError: one of them is no number, or keep_percent is not from 0 to 100.
    """
    threshold, keep_percent, window = map(unwrap, (threshold, keep_percent, window))
    for name, value in (("threshold", threshold), ("keep_percent", keep_percent), ("window", window)):
        if math.isnan(number_of(value)):
            raise ValueError(f"{name} is {show(value)}; it must be a number.")
    if not 0 <= keep_percent <= 100:
        raise ValueError(f"keep_percent is {show(keep_percent)}; it must be from 0 to 100: 30 keeps the best 30 %.")
    if window < 0 or window != int(window):
        raise ValueError(f"window is {show(window)}; it must be a whole number of pictures, or 0 for all.")
    return float(threshold), float(keep_percent), int(window)


class Cut(NamedTuple):
    """A threshold, and how many scores reach it."""

    threshold: float
    kept: int


def cut_for_best(scores: Iterable[float], keep_percent: float) -> Cut | None:
    """The lowest threshold that keeps at most so many percent of the scores, or else just the best score.

    The best score, with all its equals, is always kept: these are more than keep_percent where there are few scores,
    or many equals at the top. NaN counts among the scores, but is never kept. Of all numbers that keep the same scores,
    the shortest decimal is taken, so that what a person reads and types keeps them too.

    Args:
        scores: any numbers, higher is better.
        keep_percent: 0..100.

    Returns:
        the threshold, or None if there is no score but NaN.
    """
    numbers = list(scores)
    ranked = sorted((score for score in numbers if not math.isnan(score)), reverse=True)
    if not ranked:
        return None
    kept = _equals_from(ranked, 0)
    while kept < len(ranked):
        more = _equals_from(ranked, kept)
        if more * 100 > keep_percent * len(numbers):
            break
        kept = more
    below = ranked[kept] if kept < len(ranked) else -math.inf
    return Cut(_shortest_between(below, ranked[kept - 1]), kept)


def _equals_from(ranked: Sequence[float], start: int) -> int:
    """The end of the run of equal scores that begins at start."""
    end = start + 1
    while end < len(ranked) and ranked[end] == ranked[start]:
        end += 1
    return end


def _shortest_between(below: float, highest: float) -> float:
    """The decimal with the fewest digits, at least two, that is over `below` and not over `highest`."""
    if not math.isfinite(highest):
        return highest
    from decimal import ROUND_FLOOR, Context, Decimal  # not needed to load the pack

    exact, context = Decimal(repr(highest)), Context(prec=_LONGEST_FLOAT)
    for digits in range(_FEWEST_DIGITS, _MOST_DIGITS):
        rounded = float(exact.quantize(Decimal(1).scaleb(-digits), ROUND_FLOOR, context))
        if below < rounded <= highest:
            return rounded
    return highest


class Statistics(NamedTuple):
    """What a window of a log comes to.

    Attributes:
        pictures: The pictures that count, those without a score included.
        passing: How many of them reach the threshold.
        pass_rate: passing / pictures, 0..1; 0 if there is none.
        cut: The threshold that keeps the best; None without any score.
        lowest, median, highest: Of the scores; NaN if there is none.
        faults: How often each family or check was the worst of a picture that does not reach the threshold.
    """

    pictures: int
    passing: int
    pass_rate: float
    cut: Cut | None
    lowest: float
    median: float
    highest: float
    faults: dict[str, int]


@dataclass
class Window:
    """The last entries of one scorer and preset; 12 bytes for each, whatever the log holds.

    Scores of different scorers, or of another version, say nothing about each other.

    Attributes:
        scorer: The scorer's model_version.
        preset: The scorer's preset.
        size: How many entries to keep; 0 keeps all.
        left_out: How many rows were of another scorer or preset.
        unreadable: How many rows were none.
    """

    scorer: str
    preset: str
    size: int = 0
    left_out: int = 0
    unreadable: int = 0
    _scores: array[float] = field(default_factory=lambda: array("d"))
    _worst: array[int] = field(default_factory=lambda: array("l"))
    _names: dict[str, int] = field(default_factory=dict)

    def add(self, entries: Iterable[Entry | None]) -> None:
        """Takes entries in, oldest first."""
        for entry in entries:
            if entry is None:
                self.unreadable += 1
            elif (entry.scorer, entry.preset) != (self.scorer, self.preset):
                self.left_out += 1
            else:
                self._scores.append(entry.score)
                self._worst.append(self._names.setdefault(entry.worst, len(self._names)))
                if self.size and len(self._scores) >= 2 * self.size:
                    self._trim()

    def _trim(self) -> None:
        del self._scores[: -self.size], self._worst[: -self.size]

    def is_full(self) -> bool:
        return 0 < self.size <= len(self._scores)

    def describe(self) -> list[str]:
        """Which entries count, in words, a line each."""
        of = ", ".join(name for name in (self.scorer, self.preset) if name)
        which = f"the last {len(self._scores)}" if self.is_full() else f"all {len(self._scores)}"
        lines = [f"Counted: {which} of {of}." if of else f"Counted: {which} without a scorer's name."]
        if self.left_out:
            lines.append(f"Not counted: {self.left_out} of another scorer, version or preset.")
        if self.unreadable:
            lines.append(f"Not counted: {self.unreadable} that can't be read.")
        return lines

    def statistics(self, threshold: float, keep_percent: float) -> Statistics:
        """What the entries come to.

        Args:
            threshold: what passes, whatever counted as passed when it was logged.
            keep_percent: how many of them the suggested threshold may keep, 0..100.
        """
        if self.is_full():
            self._trim()
        names = list(self._names)
        faults = Counter(
            names[worst]
            for score, worst in zip(self._scores, self._worst, strict=True)
            if names[worst] and not score >= threshold
        )
        ranked = sorted(score for score in self._scores if not math.isnan(score))
        passing = sum(score >= threshold for score in ranked)
        count, middle = len(self._scores), len(ranked) // 2
        return Statistics(
            count,
            passing,
            passing / count if count else 0.0,
            cut_for_best(self._scores, keep_percent),
            ranked[0] if ranked else math.nan,
            (ranked[middle] + ranked[~middle]) / 2 if ranked else math.nan,
            ranked[-1] if ranked else math.nan,
            dict(faults.most_common()),
        )


def describe_statistics(statistics: Statistics, threshold: float, keep_percent: float) -> list[str]:
    """The statistics in words, a line each."""
    count = statistics.pictures
    rate = percent(statistics.passing, count)
    lines = [f"Pass rate: {rate} reach {show_number(threshold)} ({statistics.passing} of {count})."]
    if statistics.cut is None:
        return [*lines, "No picture has a score, so no threshold can be suggested."]
    cut = statistics.cut
    goal = f"The best {keep_percent:g} %"
    if cut.kept * 100 > keep_percent * count:
        lines.append(
            f"{goal}: threshold {cut.threshold!r} keeps {cut.kept} of {count} ({percent(cut.kept, count)}), the fewest "
            "that can be kept."
        )
    else:
        lines.append(f"{goal}: threshold {cut.threshold!r} keeps {cut.kept} of {count} ({percent(cut.kept, count)}).")
    lines.append(
        f"Lowest {show_number(statistics.lowest)}, median {show_number(statistics.median)}, "
        f"highest {show_number(statistics.highest)}."
    )
    if statistics.faults:
        named = [f"{name} {times}" for name, times in list(statistics.faults.items())[:_NAMED_FAULTS]]
        more = ", …" if len(statistics.faults) > _NAMED_FAULTS else ""
        lines.append(f"What fails most: {', '.join(named)}{more}.")
    return lines


def percent(part: int, whole: int) -> str:
    """A share with one digit, never rounded to all or nothing: 62.1 %, under 0.1 %."""
    if not whole:
        return "0 %"
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "under 0.1 %"
    return "over 99.9 %" if 99.9 < share < 100 else f"{share:.1f}".removesuffix(".0") + " %"
