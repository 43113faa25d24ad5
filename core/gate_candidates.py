"""Everything a Quality Gate has made, best first, each with what a graph needs in order to make just that again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .gate_report import Finite, finite, replay_text
from .quality_gate import Attempt, GateSettings, Pick, judge_pick
from .seed_graph import Seeds

MOST_CANDIDATES = 200  # each is told to the page, and kept in ComfyUI's history

Literals = dict[str, dict[str, Any]]


def list_candidates(
    attempts: Sequence[Attempt], seeds: Mapping[int, Seeds], settings: GateSettings, kept: Sequence[Pick]
) -> list[dict[str, Any]]:
    """The candidates of a search, the best first: whole attempts, or their items if those are kept one by one.

    Args:
        attempts: all that were made.
        seeds: the seeds of each attempt, by its number, with the ids that the user knows.
        settings: what passes.
        kept: what the gate hands on.

    Returns:
        For each candidate its attempt, item (None for a whole attempt), score, parts (a number for each score input;
        for a whole attempt those of its worst item), whether it passed and is kept, its own seeds, and `literals`:
        every input that has to change so that the graph makes it again, by node; None where nobody can tell. At most
        MOST_CANDIDATES; what is kept is always among them.
    """
    judged = []
    for attempt in attempts:
        items = [None] if settings.keep == "whole" else range(len(attempt.scores))
        for item in items:
            pick = Pick(attempt.number, item)
            judged.append((judge_pick(pick, attempt, settings), pick, attempt))
    judged.sort(key=lambda one: one[0].rank, reverse=True)  # sorting is stable: among equals the first made comes first
    others = MOST_CANDIDATES - len(set(kept))
    candidates = []
    for verdict, pick, attempt in judged:
        is_kept = pick in kept
        if not is_kept:
            others -= 1
            if others < 0:
                continue
        own = seeds[pick.attempt]
        replay = replay_text(pick, attempt, settings, verdict.passed)
        candidates.append(
            {
                "attempt": pick.attempt,
                "item": pick.item,
                "score": finite(verdict.score),
                "parts": _parts(pick, attempt, settings),
                "passed": verdict.passed,
                "kept": is_kept,
                "seeds": own,
                "literals": _literals(own, attempt.details.get("inner", {})),
                "replay": replay,
            }
        )
    return candidates


def _parts(pick: Pick, attempt: Attempt, settings: GateSettings) -> list[Finite]:
    if pick.item is not None:
        return [finite(part) for part in attempt.scores[pick.item]]
    places = [Pick(attempt.number, item) for item in range(len(attempt.scores))]
    worst = min(places, key=lambda place: judge_pick(place, attempt, settings).rank)
    return [finite(part) for part in attempt.scores[worst.item or 0]]


def _literals(seeds: Seeds, inner: Mapping[str, Any]) -> Literals | None:
    """The inputs to write, those of gates inside the attempt included.

    A gate inside that handed on several pictures can't be told to make one of them: then nobody can tell.
    """
    literals: Literals = {node: dict(named) for node, named in seeds.items()}
    for gate, report in inner.items():
        pictures = report.get("pictures", [])
        if len(pictures) != 1:
            return None
        found = _literals(pictures[0]["seeds"], pictures[0].get("inner", {}))
        if found is None:
            return None
        for node, named in found.items():
            literals.setdefault(node, {}).update(named)
        literals.setdefault(gate, {})["replay"] = pictures[0]["replay"]
    return literals
