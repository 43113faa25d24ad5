"""What a Quality Gate says about its attempts: a line for the node, and a report that can make a picture again."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .quality_gate import Attempt, GateSettings, Pick, best_score, judge_pick, judge_whole, passing_picks, picked_score
from .seed_graph import Seeds

Finite = float | str | None

NOTHING_PASSED = {
    "best": "the best is handed on",
    "last": "the last is handed on",
    "block": "nothing is handed on",
    "error": "the run ends",
}


def progress_line(number: int, attempts: Sequence[Attempt], settings: GateSettings, total: int) -> str:
    """The line while an attempt runs: "attempt 3 of 8, best 0.71, needs >= 0.8"."""
    best = _show(best_score(attempts, settings)) if attempts else "none yet"
    line = f"attempt {number + 1} of {total}, best {best}, needs {needs_words(settings)}"
    if settings.keep == "whole" or not attempts:
        return line
    places = passing_picks(attempts, settings)
    return f"{line}, {sum(pick is not None for pick in places)} of {len(places)} kept"


def outcome_line(
    picks: Sequence[Pick], attempts: Sequence[Attempt], settings: GateSettings, passed: bool, is_replay: bool = False
) -> str:
    """The line at the end: "passed at attempt 3 with 0.83, needs >= 0.8"."""
    score, count, needs = _show(picked_score(picks, attempts, settings)), len(attempts), needs_words(settings)
    tried = f"{count} attempt{'s' if count > 1 else ''}"
    if is_replay:
        return f"made again as replay says, with {score}; clear replay to search anew"
    if passed and settings.keep == "whole":
        return f"passed at attempt {picks[0].attempt + 1} with {score}, needs {needs}"
    if passed:
        return f"{len(picks)} passed after {tried}, the worst with {score}, needs {needs}"
    best = _show(best_score(attempts, settings))
    return f"not enough passed in {tried}, best {best}, needs {needs}: {NOTHING_PASSED[settings.if_none_pass]}"


def needs_words(settings: GateSettings) -> str:
    """What passes, in short: ">= 0.8", ">= 6 and < 0.2"."""
    if settings.combine == "weighted":
        return f"weighted {settings.rules[0]}"
    return (" or " if settings.combine == "any" else " and ").join(str(rule) for rule in settings.rules)


def _show(score: float) -> str:
    return f"{score:.4g}"


def attempt_entry(attempt: Attempt, seeds: Seeds, settings: GateSettings) -> dict[str, Any]:
    """One attempt of the report."""
    whole = judge_whole(attempt, settings)
    return {
        "attempt": attempt.number,
        "seeds": seeds,
        "score": finite(whole.score),
        "passed": whole.passed,
        "parts": [[finite(part) for part in parts] for parts in attempt.scores],
        "items": attempt.items,
        "seconds": None if attempt.seconds is None else round(attempt.seconds, 3),
    }


def picture_entry(
    pick: Pick, attempt: Attempt, seeds: Seeds, settings: GateSettings, supersedes: Sequence[str]
) -> dict[str, Any]:
    """What it takes to make one item of the output again: seeds, and what the gate's `replay` has to say."""
    verdict = judge_pick(pick, attempt, settings)
    inner = attempt.details.get("inner", {})
    return {
        "attempt": pick.attempt,
        "item": pick.item,
        "score": finite(verdict.score),
        "seeds": {} if pick.attempt == 0 else seeds,
        "replay": replay_text(pick, attempt, settings, verdict.passed),
        "supersedes": [] if pick.attempt == 0 else list(supersedes),
        "inner": {} if pick.attempt == 0 else inner,
    }


@dataclass(frozen=True)
class Replay:
    """What a gate makes again.

    Args:
        item: an item of the value; None for the value as it is.
        items: the items of the first attempt that were made together; None for all of them.
        total: how many items the first attempt had, which tells what is cut down to the items; 0 if that is not known.
    """

    item: int | None
    items: list[int] | None = None
    total: int = 0


def replay_text(pick: Pick, attempt: Attempt, settings: GateSettings, passed: bool) -> str:
    """What to write into `replay` so that the gate hands on just this; empty where it does so by itself."""
    if pick.item is None:
        return "" if passed else "all"
    if attempt.items is not None and len(attempt.items) == len(attempt.scores):
        total = attempt.details.get("total")
        of = ", ".join(str(item) for item in attempt.items)
        return f"item {pick.item} of {of}" + (f" in {total}" if total else "")
    return "" if passed and settings.keep == "each" and len(attempt.scores) == 1 else f"item {pick.item}"


def read_replay(text: str) -> Replay | None:
    """Reads `replay`; None if it is empty.

    Raises:
        ValueError: it is not "all", "item 2" or "item 0 of 1, 3 in 4".
    """
    text = text.strip()
    if not text:
        return None
    if text == "all":
        return Replay(None)
    match = re.fullmatch(r"item (\d+)(?: of (\d+(?:, ?\d+)*)(?: in (\d+))?)?", text)
    items = [int(item) for item in match[2].split(",")] if match and match[2] else None
    if not match or (items is not None and int(match[1]) >= len(items)):
        raise ValueError(
            f'replay is {text!r}; it must be empty, "all", "item 2", or "item 0 of 1, 3 in 4". Save Image with Seeds '
            "fills it in; clear it to let the gate try new seeds."
        )
    return Replay(int(match[1]), items, int(match[3] or 0))


def report_text(
    gate: str,
    attempts: Sequence[dict[str, Any]],
    pictures: Sequence[dict[str, Any]],
    settings: GateSettings,
    passed: bool,
    notes: Sequence[str],
    **facts: Any,
) -> str:
    """The report as JSON text."""
    report: Mapping[str, Any] = {
        "kind": "quality_gate",
        "version": 1,
        "gate": gate,
        "passed": passed,
        **{name: finite(value) if isinstance(value, float) else value for name, value in facts.items()},
        "rules": [str(rule) for rule in settings.rules],
        "combine": settings.combine,
        "keep": settings.keep,
        "max_attempts": settings.max_attempts,
        "pictures": list(pictures),
        "attempts": list(attempts),
        "notes": list(notes),
    }
    return json.dumps(report, indent=2, allow_nan=False)


def finite(value: float) -> Finite:
    """JSON has no NaN and no infinity."""
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else str(value)
