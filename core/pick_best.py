"""The best items of a batch or a list, by their scores, best first."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .batches import Values, batch_size, count_items, pick_items
from .quality_gate import Rule, read_numbers
from .values import show_number

ORDERS = ("highest first", "lowest first")
IF_NONE_PASS = ("best", "none", "block", "error")
_SHOWN = 4
_INSTEAD = {"best": "the best one is handed on", "none": "None is handed on", "block": "nothing is handed on"}


@dataclass(frozen=True)
class Choice:
    """What was picked.

    Args:
        indexes: the picked items, best first, counted from 0.
        scores: all scores, in the order of the items.
        passing: how many items passed; all of them where there is no threshold.
        summary: the choice in one line.
    """

    indexes: list[int]
    scores: list[float]
    passing: int
    summary: str


def match_scores(values: Values, scores: Values) -> tuple[Values, list[float]]:
    """Brings a value and its scores together: one score for each item.

    A list of batches has one score for each batch, or one for each picture: it then becomes a list of pictures.

    Args:
        values: the value, as ComfyUI hands it to a node that takes lists.
        scores: numbers, tensors and nested lists of them; None counts as NaN.

    Returns:
        the value, which has as many items as there are scores, and the scores.

    Raises:
        ValueError: there are not as many scores as items, none at all, or a score is not a number.
    """
    numbers = read_numbers(scores)
    items, pictures = count_items(values), sum(batch_size(value) for value in values)
    if len(numbers) == items > 0:
        return values, numbers
    if len(numbers) == pictures > 0:
        return [pick_items([value], [index])[0] for value in values for index in range(batch_size(value))], numbers
    in_all = f" ({pictures} pictures in all)" if pictures != items else ""
    raise ValueError(
        f"value has {_count(items, 'item')}{in_all}, but scores has {_count(len(numbers), 'number')}. Plug in one "
        "number for each item, such as the scores output of Quality Score."
    )


def rank(scores: Sequence[float], order: str) -> list[int]:
    """The indexes of the scores, best first; NaN comes last, and the first of equals first.

    Raises:
        ValueError: the order is unknown.
    """
    if order not in ORDERS:
        raise ValueError(f"order is {order!r}; it must be one of: {', '.join(ORDERS)}.")
    sign = -1 if order == ORDERS[0] else 1
    keys = [(math.isnan(score), sign * score) for score in scores]
    return sorted(range(len(scores)), key=keys.__getitem__)


def choose_best(
    scores: Sequence[float], count: int, order: str, threshold: float | None = None, if_none_pass: str = "best"
) -> Choice:
    """Picks the best items that pass, at most `count` of them.

    Args:
        scores: one for each item, at least one.
        count: how many items are wanted, 1 or more.
        order: highest first, or lowest first.
        threshold: what an item's score must reach, or with lowest first must not exceed; NaN never does. None: every
            item passes.
        if_none_pass: best picks the best item all the same; none and block pick nothing; error raises.

    Raises:
        ValueError: the order or if_none_pass is unknown, or nothing passed and if_none_pass is "error".
    """
    if if_none_pass not in IF_NONE_PASS:
        raise ValueError(f"if_none_pass is {if_none_pass!r}; it must be one of: {', '.join(IF_NONE_PASS)}.")
    ranking = rank(scores, order)
    rule = None if threshold is None else Rule("greater_or_equal" if order == ORDERS[0] else "less_or_equal", threshold)
    passing = [index for index in ranking if rule is None or rule.passes(scores[index])]
    if passing:
        picked = passing[:count]
        return Choice(picked, list(scores), len(passing), _summary(picked, scores, rule, len(passing)))
    summary = f"none of {_count(len(scores), 'item')} passes {rule}, best {show_number(scores[ranking[0]])}"
    if if_none_pass == "error":
        raise ValueError(f"Pick Best: {summary}. Change the threshold, or if_none_pass.")
    picked = ranking[:1] if if_none_pass == "best" else []
    return Choice(picked, list(scores), 0, f"{summary}: {_INSTEAD[if_none_pass]}")


def _summary(picked: Sequence[int], scores: Sequence[float], rule: Rule | None, passing: int) -> str:
    named = ", ".join(f"item {index} ({show_number(scores[index])})" for index in picked[:_SHOWN])
    more = f" and {len(picked) - _SHOWN} more" if len(picked) > _SHOWN else ""
    passed = "" if rule is None else f"; {passing} passed {rule}"
    return f"{len(picked)} of {_count(len(scores), 'item')}: {named}{more}{passed}"


def report_text(choice: Choice, **settings: Any) -> str:
    """The choice as JSON text: what was picked, best first, and all scores in the order of the items."""
    report = {
        "kind": "pick_best",
        "summary": choice.summary,
        **{name: _as_json(value) if isinstance(value, float) else value for name, value in settings.items()},
        "passing": choice.passing,
        "picked": [{"index": index, "score": _as_json(choice.scores[index])} for index in choice.indexes],
        "scores": [_as_json(score) for score in choice.scores],
    }
    return json.dumps(report, indent=2, allow_nan=False)


def _as_json(score: float) -> float | str | None:
    """JSON has no NaN and no infinity."""
    if math.isnan(score):
        return None
    return score if math.isfinite(score) else str(score)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
