"""Profiles of several runs side by side: means, how far runs are apart, and which differences are more than that."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import TemplateError
from .profile import Profile, Row
from .records import grid

# Student's t for a two-sided 95 %, by degrees of freedom; between two entries the lower one's holds.
_T = {
    1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262, 10: 2.228, 12: 2.179,
    15: 2.131, 20: 2.086, 30: 2.042, 60: 2.0, 1000: 1.962,
}  # fmt: skip
RUN = ""  # stands for the whole run where a node's id would stand


@dataclass(frozen=True)
class Spread:
    """Times of one thing over several runs, in seconds; all are None if there are no runs with a time.

    Attributes:
        runs: how many there are.
        mean: their mean.
        deviation: their standard deviation, as of a sample; None for a single run.
    """

    runs: int = 0
    mean: float | None = None
    deviation: float | None = None

    @classmethod
    def of(cls, values: Sequence[float | None]) -> Spread:
        known = [value for value in values if value is not None]
        if not known:
            return cls()
        return cls(len(known), statistics.fmean(known), statistics.stdev(known) if len(known) > 1 else None)

    def __str__(self) -> str:
        if self.mean is None:
            return "-"
        return f"{self.mean:.3f}" if self.deviation is None else f"{self.mean:.3f} ± {self.deviation:.3f}"


@dataclass(frozen=True)
class Difference:
    """One node in two sets of runs, by its time without children.

    Attributes:
        node, name: which one; RUN is the whole run.
        before, after: runs in which it was cached do not count.
        seconds: the difference of the means; None if it has no time on one side.
        is_beyond_spread: whether it is more than chance makes of the spread in 19 of 20 cases (Welch's t-test); None
            if that can't be told, as there are not two runs on both sides.
    """

    node: str
    name: str
    before: Spread
    after: Spread
    seconds: float | None
    is_beyond_spread: bool | None


@dataclass(frozen=True)
class Comparison:
    """Two sets of runs: the whole run first, then the nodes by the size of their difference."""

    differences: tuple[Difference, ...]
    remarks: tuple[str, ...] = ()

    def table(self) -> str:
        """The comparison for people to read."""
        lines = [("node", "before s", "after s", "difference s", "", "beyond the spread")]
        for one in self.differences:
            words = {True: "yes", False: "no", None: "not known"}[one.is_beyond_spread]
            change = "-" if one.seconds is None else f"{one.seconds:+.3f}"
            relative = f"{one.seconds / one.before.mean:+.1%}" if one.seconds is not None and one.before.mean else ""
            name = f"{one.node} {one.name}" if one.node != RUN else "(whole run)"
            lines.append((name, str(one.before), str(one.after), change, relative, words))
        return "\n".join([*grid(lines, lambda column: 0 < column < len(lines[0]) - 1), "", *self.remarks])

    def document(self) -> dict[str, Any]:
        """The comparison as plain JSON."""
        return {"differences": [asdict(one) for one in self.differences], "remarks": list(self.remarks)}


def compare(before: Sequence[Profile], after: Sequence[Profile]) -> Comparison:
    """How the times of nodes differ between two sets of runs.

    Nodes are the same if their id and class are. Runs that did not end well do not count.

    Raises:
        TemplateError: no run of a set ended well.
    """
    remarks = []
    sets = []
    for name, profiles in (("before", before), ("after", after)):
        good = [profile for profile in profiles if profile.state == "success"]
        if not good:
            raise TemplateError(
                f'None of the {len(profiles)} runs of "{name}" ended well: there is nothing to compare.'
            )
        if len(good) < len(profiles):
            remarks.append(f'{len(profiles) - len(good)} runs of "{name}" did not end well and do not count.')
        if len(good) == 1:
            remarks.append(f'There is one run of "{name}": how far runs are apart is not known. Use --repeat 5.')
        sets.append(good)
    about = [{(profile.source, profile.accurate, profile.device, profile.comfyui) for profile in one} for one in sets]
    if about[0] != about[1]:
        remarks.append("The two were not measured alike: " + "; ".join(map(_how, about)) + ".")
    run = _difference(RUN, "", *([profile.seconds for profile in one] for one in sets))
    rows = [[{(row.node, row.class_type): row for row in profile.rows} for profile in one] for one in sets]
    keys = dict.fromkeys(key for one in rows for profile in one for key in profile)
    found = []
    for key in keys:
        times = [[_time(profile.get(key)) for profile in one] for one in rows]
        name = next(profile[key].name for one in rows for profile in one if key in profile)
        if any(value is not None for one in times for value in one):
            found.append(_difference(key[0], name, *times))
    found.sort(key=lambda one: -abs(one.seconds or 0.0))
    return Comparison((run, *found), tuple(remarks))


def summary_table(profiles: Sequence[Profile]) -> str:
    """Repeated runs of one graph for people to read: each node's time without children, and how often it was cached."""
    good = [profile for profile in profiles if profile.state == "success"] or list(profiles)
    rows = [{row.node: row for row in profile.rows} for profile in good]
    lines: list[tuple[str, ...]] = [("node", "self s", "least", "most", "runs", "cached in")]
    lines.append(_summary("(whole run)", [profile.seconds for profile in good], 0))
    for node in dict.fromkeys(node for one in rows for node in one):
        of_node = [one[node] for one in rows if node in one]
        cached = sum(1 for row in of_node if row.cached and not row.calls)
        lines.append(_summary(f"{node} {of_node[0].name}", [_time(row) for row in of_node], cached))
    remarks = dict.fromkeys(remark for profile in good for remark in profile.remarks)
    return "\n".join([*grid(lines, lambda column: column > 0), "", *remarks])


def _summary(name: str, values: Sequence[float | None], cached: int) -> tuple[str, ...]:
    known = [value for value in values if value is not None]
    ends = (f"{min(known):.3f}", f"{max(known):.3f}") if known else ("-", "-")
    return name, str(Spread.of(values)), *ends, str(len(known)), str(cached or "")


def _time(row: Row | None) -> float | None:
    return None if row is None else row.self_s


def _difference(node: str, name: str, before_s: Sequence[float | None], after_s: Sequence[float | None]) -> Difference:
    before, after = Spread.of(before_s), Spread.of(after_s)
    if before.mean is None or after.mean is None:
        return Difference(node, name, before, after, None, None)
    difference = after.mean - before.mean
    return Difference(node, name, before, after, difference, _is_beyond_spread(difference, before, after))


def _is_beyond_spread(difference: float, before: Spread, after: Spread) -> bool | None:
    """Welch's t-test: the two sides may be spread differently, and be of different numbers of runs."""
    if before.deviation is None or after.deviation is None:
        return None
    parts = [side.deviation**2 / side.runs for side in (before, after) if side.deviation is not None]
    error = sum(parts) ** 0.5
    if error == 0.0:
        return difference != 0.0
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (before.runs - 1) + parts[1] ** 2 / (after.runs - 1))
    limit = _T[max(known for known in _T if known <= max(1.0, freedom))]
    return abs(difference) > limit * error


def _how(about: set[tuple[str, bool, str, str]]) -> str:
    words: Callable[[tuple[str, bool, str, str]], str] = lambda one: (  # noqa: E731
        f"{one[0]}{', accurate' if one[1] else ''}, {one[2] or 'device not known'}, ComfyUI {one[3] or 'not known'}"
    )
    return " and ".join(sorted(words(one) for one in about))
