"""The rows of a score log: what is in them, and that they come back as they were whatever text they hold."""

from __future__ import annotations

import csv
import io
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from switchyard_pack.core.quality_families import FAMILIES
from switchyard_pack.core.report_reading import has_passed, read_report
from switchyard_pack.core.score_log import (
    COLUMNS,
    FAMILY_COLUMNS,
    MAX_TEXT,
    Origin,
    describe_scores,
    is_log,
    last_row,
    make_rows,
    match_scores,
    read_entries,
    read_seeds,
    seal,
    with_seeds,
    write_header,
    write_rows,
)

SETTINGS = settings(max_examples=80, deadline=None, derandomize=True, database=None)
ORIGIN = Origin("2025-06-01T12:00:00.123Z", "run", "7:3", {"7:1": {"seed": 5, "noise_seed": 6}}, ["a", "b"], "label")
PICTURE = {
    "score": 0.4256,
    "passed": False,
    "families": dict.fromkeys(FAMILIES, 1.0) | {"noise": 0.4256, "taste": 0.5},
    "worst": "noise",
    "reason": "noise 0.43: grain.",
    "readouts": {"many": 1},
    "low_confidence": False,
    "worst_tile": {"x": 0},
}
REPORT = {"model_version": "v1", "preset": "photo", "aggregate": "min", "threshold": 0.7, "images": [PICTURE]}


def rows_of(*pictures, origin=ORIGIN, own=(), threshold=0.8, **facts):
    reports = [{**REPORT, **facts, "images": list(pictures)}] if pictures else []
    return make_rows(reports, match_scores(reports, list(own)), bool(own), threshold, origin)


def labelled(label):
    return rows_of(PICTURE, origin=ORIGIN._replace(label=label))


def test_a_row_has_what_the_report_and_the_run_say():
    (row,) = rows_of(PICTURE)
    assert tuple(row) == COLUMNS
    assert row == {
        "time": "2025-06-01T12:00:00.123Z",
        "run": "run",
        "node": "7:3",
        "picture": 0,
        "score": 0.4256,
        "passed": False,
        "worst": "noise",
        **dict.fromkeys(FAMILIES, 1.0),
        "noise": 0.4256,
        "reason": "noise 0.43: grain.",
        "parts": {"low_confidence": False, "worst_tile": {"x": 0}, "taste": 0.5},
        "scorer": "v1",
        "preset": "photo",
        "aggregate": "min",
        "threshold": 0.7,
        "seed": 5,
        "seeds": {"7:1": {"seed": 5, "noise_seed": 6}},
        "models": "a; b",
        "label": "label",
    }


def test_the_family_columns_are_the_families():
    assert FAMILY_COLUMNS == FAMILIES


def test_numbers_alone_pass_by_the_threshold_of_the_log():
    rows = rows_of(own=[0.9, 0.8, 0.7, math.nan, math.inf])
    assert [row["passed"] for row in rows] == [True, True, False, False, False]
    assert [row["score"] for row in rows] == [0.9, 0.8, 0.7, None, None]
    assert [row["picture"] for row in rows] == [0, 1, 2, 3, 4]
    assert rows[0]["threshold"] == 0.8


def test_numbers_beside_a_report_count_instead_of_its_scores():
    (row,) = rows_of(PICTURE, own=[0.85])
    assert (row["score"], row["passed"], row["threshold"], row["noise"]) == (0.85, True, 0.8, 0.4256)


def test_pictures_of_several_reports_are_counted_through():
    reports = [REPORT, REPORT]
    rows = make_rows(reports, match_scores(reports, []), False, 0.8, ORIGIN)
    assert [row["picture"] for row in rows] == [0, 1]


def test_what_a_learned_scorer_lacks_stays_empty():
    report = {"model_version": "laion-2", "images": [{"score": 0.9, "raw": 6.5}]}
    (row,) = make_rows([report], [0.9], False, 0.8, ORIGIN)
    assert (row["passed"], row["threshold"]) == (True, 0.8)
    assert (row["worst"], row["blur"], row["preset"], row["parts"]) == ("", None, "", {"raw": 6.5})


def test_nan_never_gets_into_the_file():
    picture = {"score": math.nan, "passed": False, "families": {"blur": math.nan}, "raw": [math.inf, {"a": -math.inf}]}
    rows = rows_of(picture)
    assert json.loads(write_rows(rows, "jsonl"), parse_constant=pytest.fail)["parts"] == {"raw": [None, {"a": None}]}
    (cells,) = csv.reader(io.StringIO(write_rows(rows, "csv")))
    assert cells[COLUMNS.index("score")] == cells[COLUMNS.index("blur")] == ""
    assert "nan" not in write_rows(rows, "csv").casefold()


@pytest.mark.parametrize("format", ["csv", "jsonl"])
@pytest.mark.parametrize(
    "label", ['a "b", c\nd\n', "ünï 漢字 🙂", "'", "x\u2028y\x85z", ",,,", '"', "2025-06-01T12:00:00Z,"]
)
def test_text_comes_back(format, label):
    text = write_header(format) + write_rows(labelled(label) * 2, format)
    if format == "csv":
        found = [row["label"] for row in csv.DictReader(io.StringIO(text, newline=""))]
    else:
        found = [json.loads(line)["label"] for line in text.split("\n") if line]
    assert found == [label, label]
    assert [entry.score for entry in read_entries(io.StringIO(text, newline=""), format)] == [0.4256] * 2


def test_half_characters_nul_and_lone_returns_are_put_right():
    assert labelled("a\ud800b\0c\r\nd\re")[0]["label"] == "a?bc\nd\ne"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\n=1", "＝1"])
def test_text_is_no_formula_in_a_spreadsheet(text):
    rows = rows_of({**PICTURE, "worst": text}, origin=ORIGIN._replace(label=text, run=text, models=[text]), preset=text)
    (row,) = csv.DictReader(io.StringIO(write_header("csv") + write_rows(rows, "csv"), newline=""))
    assert [row[name] for name in ("worst", "label", "run", "models", "preset")] == [f"'{text}"] * 5
    (entry,) = read_entries(io.StringIO(write_rows(rows, "csv"), newline=""), "csv")
    assert (entry.worst, entry.preset) == (text, text)
    assert json.loads(write_rows(rows, "jsonl"))["label"] == text


def test_negative_scores_stay_numbers():
    (row,) = csv.DictReader(io.StringIO(write_header("csv") + write_rows(rows_of(own=[-0.5]), "csv")))
    assert row["score"] == "-0.5"
    assert row["passed"] == "false"


def test_huge_text_and_parts_are_cut():
    (row,) = rows_of(
        {**PICTURE, "raw": ["x"] * 20000, "reason": "y" * 99999}, origin=ORIGIN._replace(label="z" * 99999)
    )
    assert len(row["label"]) == len(row["reason"]) == MAX_TEXT
    assert row["label"].endswith("z…")
    assert row["parts"]["left_out_characters"] > 99999
    (cells,) = csv.reader(io.StringIO(write_rows([row], "csv")))
    assert max(map(len, cells)) <= MAX_TEXT


@pytest.mark.parametrize("format", ["csv", "jsonl"])
@pytest.mark.parametrize("label", ["", "x", 'a "b"\nc, d\n"e"\n\nf'])
def test_a_row_that_a_crash_cut_off_anywhere_is_alone_in_its_loss(format, label):
    head, good, cut = write_header(format), write_rows(labelled("good"), format), write_rows(labelled(label), format)
    for length in range(1, len(cut)):
        start = head + good + cut[:length]
        row = last_row(start, format)
        assert row is not None
        text = start + seal(row, format) + good
        entries = [entry for entry in read_entries(io.StringIO(text, newline=""), format) if entry]
        assert len(entries) in (2, 3), text
        tolerated = list(read_entries(io.StringIO(start, newline=""), format))
        assert tolerated[0] is not None
        assert len(tolerated) <= 2
    assert seal(last_row(head + good, format), format) == ""


def test_the_last_row_is_not_in_every_block():
    assert last_row("end of a row\nmore", "csv") is None
    assert last_row("", "jsonl") is None
    assert last_row('end\n{"a": 1', "jsonl") == '{"a": 1'
    assert seal("", "csv") == ""


@pytest.mark.parametrize(
    ("line", "format", "ours"),
    [
        (write_header("csv"), "csv", True),
        ("\ufeff" + write_header("csv").replace("\n", "\r\n"), "csv", True),
        (",".join(f'"{name}"' for name in COLUMNS), "csv", True),
        (write_header("csv").replace(",", ";"), "csv", False),
        ("time,score\n", "csv", False),
        ("\x00\x01", "csv", False),
        (write_rows(labelled("x"), "jsonl"), "jsonl", True),
        ('{"score": 1}', "jsonl", False),
        ("[1]", "jsonl", False),
        (write_rows(labelled("x"), "jsonl")[:50], "jsonl", False),
    ],
)
def test_a_file_is_ours_by_its_columns(line, format, ours):
    assert is_log(line, format) is ours


@SETTINGS
@given(
    st.lists(st.text(alphabet='",\n\r{}[]:0123456789.a-TZ\0=', max_size=60), max_size=6),
    st.sampled_from(["csv", "jsonl"]),
)
def test_reading_never_fails_and_finds_the_good_rows_before_garbage(lines, format):
    good = write_header(format) + write_rows(labelled("x") * 2, format)
    entries = list(read_entries(io.StringIO(good + "\n".join(lines), newline=""), format))
    assert [entry.score for entry in entries[:2]] == [0.4256, 0.4256]


@pytest.mark.parametrize(
    ("reports", "scores", "told"),
    [
        ([], [], "nothing to log"),
        ([REPORT], [0.1, 0.2], "score has 2 numbers, but report tells of 1 picture"),
        ([REPORT, REPORT], [0.1], "score has 1 number, but report tells of 2 pictures"),
    ],
)
def test_scores_that_do_not_fit_are_refused(reports, scores, told):
    with pytest.raises(ValueError, match=told):
        match_scores(reports, scores)


def test_seeds_by_wire_go_to_one_or_all_rows():
    rows = rows_of(PICTURE, PICTURE)
    assert [row["seed"] for row in with_seeds(rows, [])] == [5, 5]
    assert [row["seed"] for row in with_seeds(rows, [8])] == [8, 8]
    assert [row["seed"] for row in with_seeds(rows, read_seeds([8, None, 2**64 - 1]))] == [8, 2**64 - 1]
    assert rows[0]["seed"] == 5
    with pytest.raises(ValueError, match="seeds has 3 numbers for 2 pictures"):
        with_seeds(rows, [1, 2, 3])
    for wrong in (0.5, "x", True):
        with pytest.raises(ValueError, match="not a whole number"):
            read_seeds([wrong])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "not text but a None"),
        ("", "not JSON: ''"),
        ("{" * 100_000, "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('"x"', "not the report of a scorer"),
        ("{}", "not the report of a scorer"),
        ('{"images": []}', "not the report of a scorer"),
        ('{"images": {"score": 1}}', "not the report of a scorer"),
        ('{"images": [1]}', "not the report of a scorer"),
        ('{"images": [{"score": "1"}]}', "not the report of a scorer"),
        ('{"images": [{"score": true}]}', "not the report of a scorer"),
        ('{"kind": "quality_gate", "attempts": []}', "quality_gate"),
    ],
)
def test_what_is_no_report_is_refused_in_words(text, told):
    with pytest.raises(ValueError, match=told) as error:
        read_report(text)
    assert "Plug in the report output of a scorer" in str(error.value)
    assert len(str(error.value)) < 300


def test_odd_numbers_in_a_report_are_no_scores():
    report = read_report(
        '{"images": [{"score": NaN}, {"score": null}, {"score": 1e999}, {"score": 1' + "0" * 400 + "}]}"
    )
    assert all(math.isnan(score) for score in match_scores([report], []))
    assert [row["passed"] for row in make_rows([report], match_scores([report], []), False, 0.0, ORIGIN)] == [False] * 4


def test_whether_a_picture_has_passed_may_be_open():
    assert has_passed({"score": 0.9}, {}) is None
    assert has_passed({"score": 0.9}, {"threshold": 0.8}) is True
    assert has_passed({"score": 0.9, "passed": False}, {"threshold": 0.8}) is False
    assert has_passed({"score": None}, {"threshold": 0.8}) is False


def test_scores_in_words():
    assert describe_scores([0.83]) == "score 0.83"
    assert describe_scores([0.9, math.nan, 0.31]) == "3 scores from 0.31 to 0.9"
    assert describe_scores([math.nan] * 2) == "2 scores, none of them a number"
