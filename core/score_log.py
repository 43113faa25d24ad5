"""The score log: a row for each scored picture, as a line of CSV or JSONL, written so that it can be read back.

The columns are fixed: a log is read by other programs and goes on for months. Reading never trusts a file: what is no
row of ours (cut off by a crash, edited by hand) is told apart and left out.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .report_reading import Report, has_passed, number_of, text_of
from .values import show, show_number, unwrap

FORMATS = ("csv", "jsonl")
FAMILY_COLUMNS = ("blur", "noise", "compression", "tone", "overcooked", "structure")
COLUMNS = (
    *("time", "run", "node", "picture", "score", "passed", "worst"),
    *FAMILY_COLUMNS,
    *("reason", "parts", "scorer", "preset", "aggregate", "threshold", "seed", "seeds", "models", "label"),
)
MAX_TEXT = 30_000  # a cell of a spreadsheet holds 32,767 characters, Python's csv module reads 131,072
_MAX_DEPTH = 20
# The read-outs are left out: twenty numbers that follow from the picture would make up most of the file.
_NOT_PARTS = {"score", "passed", "families", "worst", "reason", "readouts"}
# What a spreadsheet would take for a formula; the wide ones count in some languages.
_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_ROW_START = re.compile(r'"?\d{4}-\d\d-\d\dT[\d:.]+Z"?,')

Row = dict[str, Any]


class Origin(NamedTuple):
    """Where a run's pictures come from.

    Attributes:
        time: UTC, ISO 8601.
        run: What ComfyUI calls this run of the prompt.
        node: The node that logs, as the user knows it.
        seeds: The literal seeds upstream, by node and input.
        models: The files of models upstream.
        label: The user's own words.
    """

    time: str
    run: str
    node: str
    seeds: Mapping[str, Mapping[str, int]]
    models: Sequence[str]
    label: str


class Entry(NamedTuple):
    """What of a logged row the statistics use; the score is NaN where the picture had none."""

    score: float
    worst: str
    scorer: str
    preset: str


def match_scores(reports: Sequence[Report], scores: Sequence[float]) -> list[float]:
    """The score of each picture: those plugged in, or else those of the reports; NaN where there is none.

    Raises:
        ValueError: there is neither, or they are not as many as the pictures of the reports.
    """
    pictures = [picture for report in reports for picture in report["images"]]
    if not pictures and not scores:
        raise ValueError(
            "There is nothing to log. Plug the report output of a scorer into report, or numbers into score."
        )
    if pictures and scores and len(pictures) != len(scores):
        raise ValueError(
            f"score has {len(scores)} number{'' if len(scores) == 1 else 's'}, but report tells of {len(pictures)} "
            f"picture{'' if len(pictures) == 1 else 's'}. Plug in one number for each picture, such as a scores "
            "output, or leave score unplugged: the report holds the scores."
        )
    return list(scores) or [number_of(picture["score"]) for picture in pictures]


def make_rows(
    reports: Sequence[Report], scores: Sequence[float], own_scores: bool, threshold: float, origin: Origin
) -> list[Row]:
    """A row for each picture.

    Args:
        reports: reports of scorers (see report_reading.read_report), or none.
        scores: the score of each picture; see match_scores.
        own_scores: whether the scores are not those of the reports, so that these don't say whether they pass.
        threshold: what passes where no report says so.
        origin: where the pictures come from; its first seed is the row's.
    """
    pictures: Iterable[tuple[Report, Mapping[str, Any]]] = (
        (report, picture) for report in reports for picture in report["images"]
    )
    if not reports:
        pictures = (({}, {}) for _ in scores)
    rows = []
    for index, ((report, picture), score) in enumerate(zip(pictures, scores, strict=True)):
        told = None if own_scores else has_passed(picture, report)
        limit = threshold if own_scores else number_of(report.get("threshold"))
        families = picture.get("families")
        families = families if isinstance(families, Mapping) else {}
        parts = {name: part for name, part in picture.items() if name not in _NOT_PARTS and part is not None}
        parts |= {name: part for name, part in families.items() if name not in FAMILY_COLUMNS}
        row = {
            "time": origin.time,
            "run": origin.run,
            "node": origin.node,
            "picture": index,
            "score": _finite(score),
            "passed": math.isfinite(score) and score >= threshold if told is None else told,
            "worst": text_of(picture.get("worst")),
            **{name: _finite(number_of(families.get(name))) for name in FAMILY_COLUMNS},
            "reason": text_of(picture.get("reason")),
            "parts": _plain(parts),
            "scorer": text_of(report.get("model_version")),
            "preset": text_of(report.get("preset")),
            "aggregate": text_of(report.get("aggregate")),
            "threshold": threshold if math.isnan(limit) else limit,
            "seed": next((seed for named in origin.seeds.values() for seed in named.values()), None),
            "seeds": {node: dict(named) for node, named in origin.seeds.items()},
            "models": "; ".join(origin.models),
            "label": origin.label,
        }
        rows.append({name: _tidy(value) for name, value in row.items()})
    return rows


def read_seeds(values: Iterable[Any]) -> list[int]:
    """Seeds that the user has plugged in; None is left out.

    Raises:
        ValueError: one is not a whole number.
    """
    seeds = [unwrap(value) for value in values]
    for seed in seeds:
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
            raise ValueError(f"seeds has {show(seed)}, which is not a whole number. Plug in the seed of the sampler.")
    return [seed for seed in seeds if seed is not None]


def with_seeds(rows: Sequence[Row], seeds: Sequence[int]) -> list[Row]:
    """The rows with seeds that the user has plugged in: one for all of them, or one for each.

    Raises:
        ValueError: there are neither one nor as many as rows.
    """
    if not seeds:
        return list(rows)
    if len(seeds) not in (1, len(rows)):
        raise ValueError(f"seeds has {len(seeds)} numbers for {len(rows)} pictures. Plug in one, or one for each.")
    return [{**row, "seed": seeds[index if len(seeds) > 1 else 0]} for index, row in enumerate(rows)]


def write_header(format: str) -> str:
    """The first line of a new file."""
    return ",".join(COLUMNS) + "\n" if format == "csv" else ""


def write_rows(rows: Iterable[Row], format: str) -> str:
    """The rows as lines of a file."""
    if format == "jsonl":
        lines = (json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
        return "".join(f"{line}\n" for line in lines)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([_cell(row[name]) for name in COLUMNS] for row in rows)
    return text.getvalue()


def is_log(first_line: str, format: str) -> bool:
    """Whether a file that begins with this line is a log of ours, with these very columns."""
    line = first_line.removeprefix("\ufeff").rstrip("\r\n")
    if format == "csv":
        return line.replace('"', "").split(",") == list(COLUMNS)
    return _keys(line) == COLUMNS


def last_row(text: str, format: str) -> str | None:
    """The end of a file from where its last row begins, out of the text that the file ends with; None if it is not in.

    A row of CSV may go over several lines.
    """
    start = len(text)
    while start > 0:
        start = text.rfind("\n", 0, start - 1) + 1
        if starts_row(text[start : start + 80], format):
            return text[start:]
    return None


def seal(row: str, format: str) -> str:
    """What must come between the last row and the next one: nothing, unless a crash has cut the last one off.

    A quotation mark that it has left open would swallow what follows.
    """
    if format == "csv" and row.count('"') % 2:
        return '"\n'
    return "" if row.endswith("\n") or not row else "\n"


def starts_row(line: str, format: str) -> bool:
    """Whether a line from somewhere in a file begins a row; one of CSV may also be in the middle of a text."""
    return line.startswith("{") if format == "jsonl" else bool(_ROW_START.match(line))


def read_entries(lines: Iterable[str], format: str) -> Iterator[Entry | None]:
    """Reads the rows of a log, oldest first; None for what is no row. Headers and empty lines are left out."""
    return _read_jsonl(lines) if format == "jsonl" else _read_csv(lines)


def _read_csv(lines: Iterable[str]) -> Iterator[Entry | None]:
    reader = csv.reader(lines)
    names = ("score", "worst", "scorer", "preset")
    score, worst, scorer, preset = (COLUMNS.index(name) for name in names)
    width = len(COLUMNS)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:  # a cell without an end, a NUL
            yield None
            continue
        if not cells or cells[1:] == list(COLUMNS[1:]):
            continue
        try:
            number = number_of(float(cells[score] or "nan")) if len(cells) == width else None
        except ValueError:
            number = None
        texts = (_text(cells[column]) for column in (worst, scorer, preset)) if number is not None else ()
        yield None if number is None else Entry(number, *texts)


def _read_jsonl(lines: Iterable[str]) -> Iterator[Entry | None]:
    for line in lines:
        if line.strip():
            yield _read_line(line)


def _read_line(line: str) -> Entry | None:
    try:
        row = json.loads(line)
        return Entry(number_of(row["score"]), str(row["worst"]), str(row["scorer"]), str(row["preset"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _keys(line: str) -> tuple[str, ...]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return ()
    return tuple(row) if isinstance(row, dict) else ()


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _tidy(value: Any) -> Any:
    """Text without what no file can hold, and no longer than a cell; for a dictionary that is too long its length."""
    if isinstance(value, dict):
        length = len(json.dumps(value, ensure_ascii=False))
        return value if length <= MAX_TEXT else {"left_out_characters": length}
    if not isinstance(value, str):
        return value
    value = text_of(value).replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    return value if len(value) <= MAX_TEXT else f"{value[: MAX_TEXT - 1]}…"


def _plain(value: Any, depth: int = 0) -> Any:
    """A part of a report as strict JSON has it: null for NaN and infinity; text where it goes too deep."""
    if isinstance(value, float):
        return _finite(value)
    if isinstance(value, str):
        return _tidy(value)
    if isinstance(value, (dict, list)) and depth == _MAX_DEPTH:
        return "…"
    if isinstance(value, dict):
        return {text_of(name): _plain(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value]
    return value


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if _FORMULA.match(value) else value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, allow_nan=False) if value else ""
    return value


def _text(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell


def describe_scores(scores: Sequence[float]) -> str:
    """Scores in a few words: "score 0.83", "4 scores from 0.31 to 0.92"."""
    numbers = [score for score in scores if not math.isnan(score)]
    if len(scores) == 1:
        return f"score {show_number(scores[0])}"
    if not numbers:
        return f"{len(scores)} scores, none of them a number"
    return f"{len(scores)} scores from {show_number(min(numbers))} to {show_number(max(numbers))}"
