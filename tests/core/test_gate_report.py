"""What a Quality Gate says: lines for the node, a report of strict JSON, and `replay`, which is read back."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from switchyard_pack.core.gate_report import (
    Replay,
    attempt_entry,
    outcome_line,
    picture_entry,
    progress_line,
    read_replay,
    replay_text,
    report_text,
)
from switchyard_pack.core.quality_gate import Attempt, GateSettings, Pick, Rule

from .odd_values import INF, NAN

SETTINGS = settings(deadline=None, max_examples=200, derandomize=True, database=None)
HIGH = Rule("greater_or_equal", 0.8)
SEEDS = {"3": {"seed": 18446744073709551615}}


def gate(*rules, **options):
    return GateSettings(rules=rules or (HIGH,), **options)


def attempt(number, *scores, **facts):
    return Attempt(number, [list(parts) if isinstance(parts, tuple) else [parts] for parts in scores], **facts)


def strict(text):
    """JSON as the standard has it: Python alone takes NaN and Infinity."""

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize(
    ("settings", "made", "line"),
    [
        (gate(), [], "attempt 1 of 8, best none yet, needs >= 0.8"),
        (gate(), [attempt(0, 0.71), attempt(1, 0.5)], "attempt 3 of 8, best 0.71, needs >= 0.8"),
        (gate(), [attempt(0, NAN)], "attempt 2 of 8, best nan, needs >= 0.8"),
        (gate(Rule("less_than", 0.25)), [attempt(0, 0.75)], "attempt 2 of 8, best 0.75, needs < 0.25"),
        (gate(HIGH, Rule("greater_than", 6)), [attempt(0, (0.7, 5))], "attempt 2 of 8, best 0.7, needs >= 0.8 and > 6"),
        (
            gate(HIGH, Rule("greater_than", 6), combine="any"),
            [attempt(0, (0.7, 5))],
            "attempt 2 of 8, best 0.7, needs >= 0.8 or > 6",
        ),
        (
            gate(HIGH, HIGH, combine="weighted", weights=(1.0, 1.0)),
            [attempt(0, (0.7, 0.1))],
            "attempt 2 of 8, best 0.4, needs weighted >= 0.8",
        ),
        (gate(keep="each"), [attempt(0, 0.1, 0.85)], "attempt 2 of 8, best 0.85, needs >= 0.8, 1 of 2 kept"),
        (gate(), [attempt(0, 0.1, 0.75)], "attempt 2 of 8, best 0.1, needs >= 0.8"),
    ],
)
def test_the_line_while_it_runs(settings, made, line):
    assert progress_line(len(made), made, settings, 8) == line


@pytest.mark.parametrize(
    ("settings", "picks", "made", "passed", "line"),
    [
        (
            gate(),
            [Pick(1, None)],
            [attempt(0, 0.1), attempt(1, 0.9)],
            True,
            "passed at attempt 2 with 0.9, needs >= 0.8",
        ),
        (
            gate(keep="count", count=2),
            [Pick(0, 0), Pick(0, 1)],
            [attempt(0, 0.9, 0.85)],
            True,
            "2 passed after 1 attempt, the worst with 0.85, needs >= 0.8",
        ),
        (
            gate(Rule("less_than", 0.2), keep="each"),
            [Pick(0, 0), Pick(1, 0)],
            [attempt(0, 0.1, 0.9), attempt(1, 0.15, items=[1])],
            True,
            "2 passed after 2 attempts, the worst with 0.15, needs < 0.2",
        ),
    ],
)
def test_the_line_of_what_passed(settings, picks, made, passed, line):
    assert outcome_line(picks, made, settings, passed) == line


@pytest.mark.parametrize(
    ("if_none_pass", "what"),
    [
        ("best", "the best is handed on"),
        ("last", "the last is handed on"),
        ("block", "nothing is handed on"),
        ("error", "the run ends"),
    ],
)
def test_the_line_when_nothing_passed_says_what_is_handed_on(if_none_pass, what):
    line = outcome_line([Pick(1, None)], [attempt(0, 0.1), attempt(1, 0.5)], gate(if_none_pass=if_none_pass), False)
    assert line == f"not enough passed in 2 attempts, best 0.5, needs >= 0.8: {what}"


def test_an_entry_of_an_attempt():
    entry = attempt_entry(attempt(2, 0.9, NAN, items=[1, 3], seconds=1.23456), SEEDS, gate())
    assert entry == {
        "attempt": 2,
        "seeds": SEEDS,
        "score": None,
        "passed": False,
        "parts": [[0.9], [None]],
        "items": [1, 3],
        "seconds": 1.235,
    }
    assert attempt_entry(attempt(0, 0.9), SEEDS, gate())["seconds"] is None


def test_an_entry_of_a_picture_of_the_first_attempt_needs_no_other_seeds():
    made = attempt(0, 0.9, details={"inner": {"7": {}}})
    entry = picture_entry(Pick(0, None), made, SEEDS, gate(), ["7"])
    assert (entry["seeds"], entry["supersedes"], entry["inner"], entry["replay"]) == ({}, [], {}, "")


def test_an_entry_of_a_picture_of_a_further_attempt_has_all_it_takes():
    inner = {"7": {"kind": "quality_gate"}}
    made = attempt(2, 0.7, 0.9, details={"inner": inner})
    entry = picture_entry(Pick(2, 1), made, SEEDS, gate(keep="count"), ["7"])
    assert (entry["seeds"], entry["supersedes"], entry["inner"]) == (SEEDS, ["7"], inner)
    assert (entry["attempt"], entry["item"], entry["score"], entry["replay"]) == (2, 1, 0.9, "item 1")


@pytest.mark.parametrize(
    ("pick", "made", "settings", "passed", "text"),
    [
        (Pick(1, None), attempt(1, 0.9), gate(), True, ""),
        (Pick(1, None), attempt(1, 0.1), gate(), False, "all"),
        (Pick(1, 0), attempt(1, 0.9), gate(keep="each"), True, ""),
        (Pick(1, 0), attempt(1, 0.1), gate(keep="each"), False, "item 0"),
        (Pick(1, 0), attempt(1, 0.9), gate(keep="count"), True, "item 0"),
        (Pick(1, 2), attempt(1, 0.9, 0.9, 0.9), gate(keep="each"), True, "item 2"),
        (Pick(1, 1), attempt(1, 0.9, 0.9, items=[1, 3]), gate(keep="each"), True, "item 1 of 1, 3"),
        (Pick(1, 0), attempt(1, 0.9, items=[3]), gate(keep="each"), True, "item 0 of 3"),
        (Pick(1, 1), attempt(1, 0.9, 0.9, 0.9, items=[1, 3]), gate(keep="each"), True, "item 1"),
    ],
)
def test_replay_says_what_makes_just_this_again(pick, made, settings, passed, text):
    assert replay_text(pick, made, settings, passed) == text
    again = read_replay(text)
    if text:
        assert again == Replay(pick.item, made.items if " of " in text else None)
    else:
        assert again is None


def test_replay_says_how_many_items_there_were_at_first():
    made = attempt(1, 0.9, 0.9, items=[1, 3])
    made.details["total"] = 4
    assert replay_text(Pick(1, 1), made, gate(keep="each"), True) == "item 1 of 1, 3 in 4"


@pytest.mark.parametrize(
    ("text", "replay"),
    [
        ("", None),
        (" \n", None),
        ("all", Replay(None)),
        (" all ", Replay(None)),
        ("item 2", Replay(2)),
        ("item 0 of 1, 3", Replay(0, [1, 3])),
        ("item 0 of 1, 3 in 4", Replay(0, [1, 3], 4)),
        ("item 1 of 1,3", Replay(1, [1, 3])),
        ("item 0 of 12", Replay(0, [12])),
    ],
)
def test_replay_is_read(text, replay):
    assert read_replay(text) == replay


@pytest.mark.parametrize(
    "text",
    ["item", "item -1", "item 1.5", "All", "item 2 of 1, 3", "item 0 of", "item 0 of 1, x", "item 1 of 3", "2", "none"],
)
def test_replay_that_can_not_be_read_is_an_error_that_says_what_to_do(text):
    with pytest.raises(ValueError, match="clear it to let the gate try new seeds") as error:
        read_replay(text)
    assert repr(text) in str(error.value)


NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


@SETTINGS
@given(
    scores=st.lists(st.lists(NUMBERS, min_size=2, max_size=2), min_size=1, max_size=4),
    threshold=NUMBERS,
    score=NUMBERS,
    combine=st.sampled_from(["all", "any", "weighted"]),
    keep=st.sampled_from(["whole", "each", "count"]),
)
def test_the_report_is_strict_json_whatever_the_scores(scores, threshold, score, combine, keep):
    settings = gate(Rule("less_than", threshold), HIGH, combine=combine, weights=(1.0, 2.0), keep=keep)
    made = Attempt(1, scores, [0], 0.5)
    entries = [attempt_entry(made, SEEDS, settings)]
    pictures = [picture_entry(Pick(1, item), made, SEEDS, settings, ["7"]) for item in (None, 0)]
    report = strict(report_text("3", entries, pictures, settings, False, ["a note"], score=score, seconds=1))
    assert report["attempts"] == entries
    assert report["pictures"] == pictures
    assert report["seconds"] == 1
    expected = None if math.isnan(score) else str(score) if math.isinf(score) else score
    assert report["score"] == expected
    assert report["attempts"][0]["seeds"]["3"]["seed"] == 18446744073709551615


def test_the_report_names_the_gate_and_its_rules():
    settings = gate(HIGH, Rule("less_than", INF), combine="any", max_attempts=5)
    report = strict(report_text("7:3", [], [], settings, True, []))
    assert report == {
        "kind": "quality_gate",
        "version": 1,
        "gate": "7:3",
        "passed": True,
        "rules": [">= 0.8", "< inf"],
        "combine": "any",
        "keep": "whole",
        "max_attempts": 5,
        "pictures": [],
        "attempts": [],
        "notes": [],
    }
