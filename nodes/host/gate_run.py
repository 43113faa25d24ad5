"""One run of a Quality Gate: what it was told, what it has tried, and what it comes to."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from weakref import ReferenceType, WeakValueDictionary

from ...core.attempt_memory import AttemptMemory
from ...core.batches import Values, count_items, join_items, pick_items
from ...core.gate_candidates import list_candidates
from ...core.gate_report import Replay, attempt_entry, needs_words, outcome_line, picture_entry, report_text
from ...core.quality_gate import (
    Attempt,
    GateSettings,
    Pick,
    fallback_picks,
    items_to_retry,
    judge_pick,
    passing_picks,
    picked_score,
)
from ...core.seed_graph import Seeds, check_that_seeds_matter, find_seeds, is_link, plan_attempts, read_names
from ...core.seeds import read_seeds
from .attempt_previews import AttemptPreviews
from .attempts import copied_gates, display_seeds, seed_range
from .graph import block
from .page import rewrite
from .progress import show_text


@dataclass(eq=False)
class GateRun:
    """One execution of a gate: what it was told, what it has tried, and where it tells the page about it.

    ComfyUI holds on to the last graph, and the graph to this: the memory belongs to the gate's node, so that it goes
    when the user frees memory.
    """

    gate: str
    shown_as: str
    settings: GateSettings
    links: dict[str, Any]
    memory: ReferenceType[AttemptMemory]
    payload: dict[str, Any]
    started: float
    max_seconds: float
    replay: Replay | None
    gives_list: bool = False
    can_cut: bool = True
    asked: float = 0.0
    plan: list[Seeds] = field(default_factory=list)
    supersedes: list[str] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    previews: AttemptPreviews = field(default_factory=AttemptPreviews)
    decided: tuple[list[Pick], bool] | None = None

    def roots(self) -> list[str]:
        return [link[0] for link in self.links.values() if is_link(link)]

    def plan_seeds(self, dynprompt: Any, options: Mapping[str, Any]) -> None:
        """Works out which seeds vary and how, for as many attempts as may be made.

        Raises:
            ValueError: no seed is upstream of the value and of a score, though there is more than one attempt to make.
        """
        get_node, roots = dynprompt.get_node, self.roots()
        most = 1 if self.replay else self.settings.max_attempts
        is_alone = most == 1 and not (self.replay and self.replay.items)
        try:
            seeds = find_seeds(get_node, roots, seed_range, options["vary"], read_names(options["seed_nodes"]))
            self.plan = plan_attempts(seeds, most, options["seed_mode"], read_seeds(options["seed_list"]))
            varied = self.plan[0]
            if not is_alone:
                check_that_seeds_matter(get_node, self.links, varied)
            self.supersedes = [
                dynprompt.get_display_node_id(gate) for gate in copied_gates(dynprompt, self.links, varied)
            ]
        except ValueError:
            if not is_alone:
                raise
            self.plan = [{}]

    def add_attempt(self, attempt: Attempt, values: Values) -> None:
        """Records an attempt that was made, with small pictures of what it gave.

        Raises:
            ValueError: items are kept one by one, but there is not one score for each.
        """
        item_count = count_items(values)
        if self.settings.keep != "whole" and item_count != len(attempt.scores):
            raise ValueError(
                f"keep is {self.settings.keep!r}, which takes one score for each picture, but there are "
                f"{len(attempt.scores)} scores for {item_count} pictures. Plug in a list of scores, such as the scores "
                "output of Quality Score."
            )
        wanted = self.replay.item if self.replay else None
        if wanted is not None and wanted >= len(attempt.scores):
            raise ValueError(
                f"replay asks for item {wanted}, but there are {len(attempt.scores)} pictures, counted from 0. It was "
                "written for another graph: clear it."
            )
        attempt.details["total"] = self.total()
        self.attempts.append(attempt)
        self.previews.add(attempt.number, values)

    def total(self) -> int:
        """How many items the first attempt had; 0 while it has not run."""
        if self.attempts:
            return len(self.attempts[0].scores)
        return self.replay.total if self.replay else 0

    def items_to_retry(self) -> list[int] | None:
        """The items that the next attempt makes again; None for all of them."""
        return items_to_retry(passing_picks(self.attempts, self.settings), self.settings) if self.can_cut else None

    def outcome(self) -> tuple[list[Pick], bool] | None:
        """What is handed on and whether it passed, or None while a further attempt is to be made."""
        if self.decided is None:
            self.decided = self._decide()
        return self.decided

    def _decide(self) -> tuple[list[Pick], bool] | None:
        picks = [pick for pick in passing_picks(self.attempts, self.settings) if pick is not None]
        wanted = len(passing_picks(self.attempts, self.settings))
        if self.replay:
            pick = Pick(0, self.replay.item)
            return [pick], judge_pick(pick, self.attempts[0], self.settings).passed
        if len(picks) == wanted:
            return picks, True
        is_late = self.max_seconds > 0 and time.monotonic() - self.started >= self.max_seconds
        if is_late:
            self.notes.append(f"Stopped after {self.max_seconds:g} s, as max_seconds says.")
        if is_late or len(self.attempts) >= len(self.plan):
            return fallback_picks(self.attempts, self.settings), False
        return None


# The runs that are going on, by the id of their gate. Each is held by its gate's Choice node until the prompt ends.
runs: WeakValueDictionary[str, GateRun] = WeakValueDictionary()


def conclude(run: GateRun, dynprompt: Any, values: Mapping[int, Values]) -> tuple[Any, ...]:
    """The gate's outputs once its outcome is known; its verdict is rewritten.

    Raises:
        ValueError: not enough passed, and if_none_pass is "error".
    """
    outcome = run.outcome()
    assert outcome is not None
    picks, passed = outcome
    settings, withholds = run.settings, not passed and not run.replay
    line = outcome_line(picks, run.attempts, settings, passed, is_replay=run.replay is not None)
    seeds = {attempt.number: display_seeds(dynprompt, run.plan[attempt.number]) for attempt in run.attempts}
    attempts = [attempt_entry(attempt, seeds[attempt.number], settings) for attempt in run.attempts]
    by_number = {attempt.number: attempt for attempt in run.attempts}
    pictures = [
        picture_entry(pick, by_number[pick.attempt], seeds[pick.attempt], settings, run.supersedes) for pick in picks
    ]
    score = picked_score(picks, run.attempts, settings)
    if len(attempts) > 1:
        show_text(run.shown_as, line)
    candidates = list_candidates(run.attempts, seeds, settings, picks)
    for one in candidates:
        one["previews"] = run.previews.of(one["attempt"], one["item"])
    facts = {"passed": passed, "score": score, "needs": needs_words(settings)}
    rewrite(run.payload, "quality_gate", line, **facts, attempts=attempts, pictures=pictures, candidates=candidates)
    if withholds and settings.if_none_pass == "error":
        raise ValueError(f"Quality Gate: {line}. Lower the threshold, raise max_attempts, or change if_none_pass.")
    report = report_text(run.shown_as, attempts, pictures, settings, passed, run.notes, score=score)
    seed = next((seed for named in seeds[picks[0].attempt].values() for seed in named.values()), 0)
    value = block() if withholds and settings.if_none_pass == "block" else _output(picks, values, run.gives_list)
    return value, score, passed, len(run.attempts), seed, report


def _output(picks: list[Pick], values: Mapping[int, Values], gives_list: bool) -> Values:
    if picks[0].item is None:
        return values[picks[0].attempt]
    items = [pick_items(values[pick.attempt], [pick.item]) for pick in picks if pick.item is not None]
    return [value for item in items for value in item] if gives_list else join_items(items)
