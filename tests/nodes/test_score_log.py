"""Score Log: what it hands on and tells the page, and its files, with a stand-in for ComfyUI's folders."""

from __future__ import annotations

import csv
import errno
import json
import math
import os
import sys
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from switchyard_pack.core.score_log import COLUMNS, write_header
from switchyard_pack.nodes.host import score_files
from switchyard_pack.nodes.score_log import ScoreLog


def report(*scores, threshold=0.8, **facts):
    pictures = [{"score": score, "passed": score >= threshold, "worst": "noise"} for score in scores]
    lowest = min(scores)
    told = {"model_version": "v1", "preset": "photo", "threshold": threshold, "score": lowest}
    return json.dumps({**told, "passed": lowest >= threshold, "images": pictures, **facts})


@pytest.fixture
def output(tmp_path, monkeypatch):
    """ComfyUI's output folder."""

    def get_save_image_path(prefix, folder):
        subfolder, name = os.path.split(prefix)
        return os.path.join(folder, subfolder), name, 1, subfolder, prefix

    paths = types.SimpleNamespace(get_output_directory=lambda: str(tmp_path), get_save_image_path=get_save_image_path)
    monkeypatch.setitem(sys.modules, "folder_paths", paths)
    return tmp_path


def log(*texts, prefix="scores", format="csv", threshold=0.8, keep=30.0, window=1000, **inputs):
    """Runs the node as ComfyUI does, which hands over lists."""
    if texts:
        inputs["report"] = list(texts)
    returned = ScoreLog().execute([prefix], [format], [threshold], [keep], [window], **inputs)
    json.dumps(returned["ui"], allow_nan=False)
    return dict(zip(ScoreLog.RETURN_NAMES, returned["result"], strict=True)), returned["ui"]["switchyard"][0]


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".jsonl":
            return [json.loads(line) for line in file]
        return list(csv.DictReader(file))


def test_it_hands_on_what_a_scorer_gives(output):
    text = report(0.9, 0.3, 0.85)
    result, payload = log(text)
    assert ScoreLog.RETURN_NAMES[:4] == ("score", "passed", "scores", "report")
    assert (result["score"], result["passed"], result["scores"], result["report"]) == (
        *([0.3], [False]),
        *([0.9, 0.3, 0.85], [text]),
    )
    assert result["pass_rate"] == 2 / 3
    assert result["suggested_threshold"] == 0.9
    assert result["statistics"].split("\n") == [
        "3 scores from 0.3 to 0.9 in scores.csv",
        "Counted: all 3 of v1, photo.",
        "Pass rate: 66.7 % reach 0.8 (2 of 3).",
        "The best 30 %: threshold 0.9 keeps 1 of 3 (33.3 %), the fewest that can be kept.",
        "Lowest 0.3, median 0.85, highest 0.9.",
        "What fails most: noise 1.",
    ]
    assert payload["kind"] == "score_log"
    assert payload["summary"] == "3 scores from 0.3 to 0.9 in scores.csv. Pass rate: 66.7 % reach 0.8 (2 of 3)."
    assert payload["data"]["pass_rate"] == 2 / 3
    assert [row["score"] for row in read(output / "scores.csv")] == ["0.9", "0.3", "0.85"]


def test_numbers_are_handed_on_as_they_are(output):
    result, payload = log(score=[[0.9, math.nan], 0.5], format="jsonl")
    assert str(result["score"]) == str(result["scores"]) == "[0.9, nan, 0.5]"
    assert (result["passed"], result["report"]) == ([True, False, False], [""])
    assert payload["data"]["scores"] == [0.9, "nan", 0.5]
    assert [row["score"] for row in read(output / "scores.jsonl")] == [0.9, None, 0.5]


def test_without_any_score_the_given_threshold_is_suggested(output):
    result, _ = log(score=[math.nan], threshold=0.7)
    assert (result["pass_rate"], result["suggested_threshold"]) == (0.0, 0.7)


@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_runs_add_up_and_other_scorers_stay_apart(output, format):
    for text in (report(0.1), report(0.9), report(0.2, model_version="v2"), report(0.7), report(0.6)):
        result, _ = log(text, format=format, window=3)
    assert "Counted: the last 3 of v1, photo." in result["statistics"]
    assert result["pass_rate"] == 1 / 3
    assert len(read(output / f"scores.{format}")) == 5
    result, _ = log(report(0.85), format=format, window=0)
    assert "Counted: all 5 of v1, photo.\nNot counted: 1 of another scorer, version or preset." in result["statistics"]


def test_a_row_tells_of_seeds_by_wire_and_the_label(output):
    log(report(0.9, 0.8), seeds=[7, 8], label=['=a "b"\nc'], unique_id=["5"])
    rows = read(output / "scores.csv")
    assert [(row["seed"], row["label"], row["node"]) for row in rows] == [(str(n), '\'=a "b"\nc', "5") for n in (7, 8)]


def test_folders_are_made_and_the_ending_is_not_doubled(output):
    _, payload = log(report(0.9), prefix="a\\b/scores.csv")
    assert payload["data"]["file"] == "a/b/scores.csv"
    assert (output / "a" / "b" / "scores.csv").is_file()


@pytest.mark.parametrize("prefix", ["../../x", "/tmp/x", "C:\\x", "", "nul", "a\0b"])
def test_nothing_is_written_outside_or_under_a_bad_name(output, prefix):
    with pytest.raises(ValueError, match="filename_prefix is"):
        log(report(0.9), prefix=prefix)
    assert list(output.iterdir()) == []


def test_an_unknown_format_is_refused(output):
    with pytest.raises(ValueError, match='format is "xlsx"; it must be one of: csv, jsonl'):
        log(report(0.9), format="xlsx")


@pytest.mark.parametrize(("format", "foreign"), [("csv", "time;score\n1;2"), ("jsonl", '{"a": 1}\n'), ("csv", "\n\n")])
def test_a_foreign_file_is_left_alone_for_a_numbered_one(output, format, foreign):
    (output / f"scores.{format}").write_text(foreign, encoding="utf-8")
    log(report(0.9), format=format)
    result, payload = log(report(0.9), format=format)
    assert (output / f"scores.{format}").read_text(encoding="utf-8") == foreign
    assert len(read(output / f"scores_2.{format}")) == 2
    assert payload["data"]["file"] == f"scores_2.{format}"
    assert f"scores.{format} has other columns and was left as it is." in result["statistics"]


def test_a_folder_or_a_pipe_of_that_name_is_left_alone(output):
    (output / "scores.csv").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(output / "scores_2.csv")
    result, payload = log(report(0.9))
    assert payload["data"]["file"] == ("scores_3.csv" if hasattr(os, "mkfifo") else "scores_2.csv")
    assert "scores.csv can't be written (it is no file)" in result["statistics"]


def test_a_file_that_another_program_holds_is_left_for_a_numbered_one(output, monkeypatch):
    """As Windows does for a file that is open in a spreadsheet."""
    log(report(0.9))
    really_open = os.open

    def denied(path, *args):
        if Path(path).name == "scores.csv":
            raise PermissionError(errno.EACCES, "Permission denied")
        return really_open(path, *args)

    monkeypatch.setattr(os, "open", denied)
    result, payload = log(report(0.8))
    assert payload["data"]["file"] == "scores_2.csv"
    assert "scores.csv can't be written (Permission denied) and was left as it is." in result["statistics"]
    assert len(read(output / "scores.csv")) == len(read(output / "scores_2.csv")) == 1


def test_a_lock_that_is_not_given_back_is_not_waited_for_without_end(output, monkeypatch):
    log(report(0.9))
    monkeypatch.setattr(score_files, "_LOCK_WAIT_S", 0.05)
    with (output / "scores.csv").open("ab") as held:
        score_files._take(held.fileno())
        _, payload = log(report(0.8))
    assert payload["data"]["file"] == "scores_2.csv"
    assert "another program has held it" in payload["data"]["notes"][0]


def test_a_folder_that_cannot_be_written_is_an_error_that_names_the_file(output, monkeypatch):
    def denied(path, *_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ValueError, match=r"The score log .*scores\.csv can't be written: Permission denied\. Look"):
        log(report(0.9))


def test_a_file_where_a_folder_should_be_is_an_error_that_names_it(output):
    (output / "a").write_text("x", encoding="utf-8")
    with pytest.raises(ValueError, match=r"a/scores\.csv can't be written: "):
        log(report(0.9), prefix="a/scores")


def test_a_full_disk_leaves_no_half_row(output, monkeypatch):
    log(report(0.9))
    before = (output / "scores.csv").read_bytes()
    really_write, calls = os.write, []

    def full(handle, data):
        calls.append(data)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return really_write(handle, data[:10])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(ValueError, match="can't be written: No space left on device"):
        log(report(0.8))
    assert (output / "scores.csv").read_bytes() == before
    assert [path.name for path in output.iterdir()] == ["scores.csv"]


@pytest.mark.parametrize(
    "rest", [b"2025-06-01T12:00:00.123Z,run", b'2025-06-01T12:00:00.123Z,run,"a\n', b"\xff\x00\xe6"]
)
def test_what_a_crash_left_behind_costs_no_other_row(output, rest):
    log(report(0.9))
    with (output / "scores.csv").open("ab") as file:
        file.write(rest)
    result, _ = log(report(0.8))
    assert "Counted: all 2 of v1, photo.\nNot counted: 1 that can't be read." in result["statistics"]
    lines = (output / "scores.csv").read_text(encoding="utf-8", errors="replace").split("\n")
    assert lines[-2].startswith("20")
    assert [row["score"] for row in read_loosely(output / "scores.csv") if row["label"] is not None] == ["0.9", "0.8"]


def read_loosely(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8", errors="replace").replace("\0", "").splitlines(True)))


def test_an_empty_file_and_one_from_a_spreadsheet_are_gone_on_with(output):
    (output / "scores.csv").touch()
    (output / "excel.csv").write_bytes(b"\xef\xbb\xbf" + write_header("csv").replace("\n", "\r\n").encode())
    for prefix in ("scores", "excel"):
        assert log(report(0.9), prefix=prefix)[1]["data"]["file"] == f"{prefix}.csv"
        assert [row["score"] for row in read(output / f"{prefix}.csv")] == ["0.9"]


@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_rows_of_many_writers_do_not_mix(output, format):
    label = "long\n" * 2000

    def write(number):
        return log(report(number / 100, 0.5), format=format, seeds=[number], label=[label])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(24)))
    rows = read(output / f"scores.{format}")
    assert [list(row) for row in rows] == [list(COLUMNS)] * 48
    assert sorted(int(row["seed"]) for row in rows[::2]) == list(range(24))
    assert all(rows[at]["seed"] == rows[at + 1]["seed"] for at in range(0, 48, 2))
    assert {row["label"] for row in rows} == {label}


@pytest.mark.parametrize("format", ["csv", "jsonl"])
@pytest.mark.parametrize("window", [1, 40, 0])
def test_reading_from_the_end_finds_the_same_as_reading_all(output, monkeypatch, format, window):
    monkeypatch.setattr(score_files, "_FIRST_BLOCK", 900)
    for number in range(60):
        score_files.log_rows("s", format, rows_with(number / 100, label='2025-06-01T1\n"x",\n' * (number % 4)), 1)
    _, _, found = score_files.log_rows("s", format, rows_with(0.6), window)
    wanted = [number / 100 for number in range(61)][-window:]
    assert list(found._scores)[-len(wanted) :] == wanted
    assert found.unreadable == 0
    assert (window == 1) == (len(found._scores) < 5)


def rows_with(score, label=""):
    row = dict.fromkeys(COLUMNS, "") | {"time": "2025-06-01T12:00:00.123Z", "score": score, "label": label}
    return [row]


def test_a_log_that_cannot_be_read_back_does_not_cost_the_run(output, monkeypatch):
    def fails(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(score_files, "read_window", fails)
    result, payload = log(report(0.9, 0.1))
    assert result["pass_rate"] == 0.5
    assert "scores.csv can't be read (Input/output error), so only this run is counted." in payload["data"]["notes"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"threshold": math.nan}, "threshold is NaN; it must be a number"),
        ({"keep": 101.0}, "keep_percent is 101.0; it must be from 0 to 100"),
        ({"keep": math.nan}, "keep_percent is NaN; it must be a number"),
        ({"window": -1}, "window is -1; it must be a whole number"),
        ({"window": None}, "window is None; it must be a number"),
        ({"window": 10**400}, "window is .*; it must be a number"),
        ({"threshold": True}, "threshold is true; it must be a number"),
    ],
)
def test_settings_by_link_are_checked_before_anything_is_written(output, settings, told):
    with pytest.raises(ValueError, match=told):
        log(report(0.9), **settings)
    assert list(output.iterdir()) == []


def test_settings_by_link_may_be_numbers_of_any_library(output):
    result, payload = log(report(0.9, 0.3), threshold=np.float32(0.2), keep=torch.tensor(50.0), window=np.int64(1))
    assert (result["pass_rate"], payload["data"]["count"]) == (1.0, 1)
    assert "reach 0.2 (1 of 1)" in result["statistics"]


@pytest.mark.parametrize(("label", "written"), [(None, ""), (5, "5"), (math.nan, "NaN")])
def test_a_label_by_link_may_be_anything(output, label, written):
    log(report(0.9), label=[label])
    assert read(output / "scores.csv")[0]["label"] == written


def test_without_anything_to_log_the_node_is_red():
    with pytest.raises(ValueError, match="There is nothing to log"):
        log()


@pytest.mark.parametrize("name", ["filename_prefix", "format", "threshold", "keep_percent", "window", "label"])
def test_an_empty_list_by_a_link_is_an_error_that_names_it(output, name):
    given = {"filename_prefix": ["a"], "format": ["csv"], "threshold": [0.8], "keep_percent": [30.0], "window": [9]}
    with pytest.raises(ValueError, match=f"{name} is an empty list"):
        ScoreLog().execute(**{**given, "score": [0.5], name: []})
    assert list(output.iterdir()) == []


def test_infinity_does_not_pass(output):
    result, _ = log(score=[0.9, math.inf, -math.inf, math.nan])
    assert result["passed"] == [True, False, False, False]
    assert [row["passed"] for row in read(output / "scores.csv")] == ["true", "false", "false", "false"]
