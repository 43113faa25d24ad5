"""Rows: which values each job of a batch has, from files, lists, grids and seeds.

A row holds values by parameter name; what it leaves out has the template's default.
"""

from __future__ import annotations

import csv
import io
import itertools
import secrets
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ..errors import TemplateError
from ..graphs import kind_of
from ..template import Parameter, Template
from ..template.files import parse_json
from ..template.parameters import HIGHEST_EXACT
from .yaml_rows import read_yaml

Row = dict[str, Any]
MOST_JOBS = 100_000
_NUMBERS = ("integer", "number", "seed")


class _Random:
    """Stands for a seed that is drawn anew for each job."""

    def __repr__(self) -> str:
        return "random"


RANDOM: Any = _Random()


def read_value(template: Template, name: str, text: str) -> Any:
    """The value that text says for a parameter; RANDOM for a seed that is "random"."""
    parameter = template.parameter(name)
    if parameter.type == "seed" and text.strip().casefold() == "random":
        return RANDOM
    return parameter.read(text)


def check_value(template: Template, name: str, value: Any) -> Any:
    """A value as JSON has it, if the parameter takes it; a seed may be "random"."""
    parameter = template.parameter(name)
    if value is RANDOM or (parameter.type == "seed" and isinstance(value, str) and value.casefold() == "random"):
        return RANDOM
    return parameter.check(value)


def read_prompts(path: Path, template: Template) -> list[Row]:
    """One row for each line of a text file; empty lines and those that start with # are passed over.

    Raises:
        TemplateError: the file can't be read or has no prompts, or which parameter takes them can't be told.
    """
    name = prompt_parameter(template).name
    lines = [(number, line.strip()) for number, line in enumerate(_read_text(path).splitlines(), 1)]
    lines = [(number, line) for number, line in lines if line and not line.startswith("#")]
    if not lines:
        raise TemplateError(f"{path} has no prompts: write one on each line.")
    return [_at(path, number, lambda line=line: {name: check_value(template, name, line)}) for number, line in lines]


def prompt_parameter(template: Template) -> Parameter:
    """The parameter that takes a prompt: "prompt", or the only one of type text."""
    texts = [parameter for parameter in template.parameters if parameter.type == "text"]
    named = [parameter for parameter in texts if parameter.name == "prompt"]
    if len(named or texts) != 1:
        names = ", ".join(parameter.name for parameter in texts) or "no text"
        raise TemplateError(
            f'Prompts go to the parameter "prompt", which the template {template.name} does not have (it has {names}). '
            "Give a table whose header names the parameter."
        )
    return (named or texts)[0]


def read_table(path: Path, template: Template) -> list[Row]:
    """Rows of a table: .csv (its header has the parameters' names), .jsonl, or .json and .yaml (a list of objects).

    An empty cell means the template's default.

    Raises:
        TemplateError: names the file, the line and what is wrong there.
    """
    kind = path.suffix.lower()
    if kind in (".csv", ".tsv"):
        rows = _read_csv(path, template)
    elif kind in (".jsonl", ".ndjson"):
        rows = _read_jsonl(path, template)
    elif kind == ".json":
        rows = _read_list(path, template)
    elif kind in (".yaml", ".yml"):
        found = read_yaml(_read_text(path), str(path))
        rows = [_at(path, line, lambda row=row: _check_row(row, template)) for line, row in found]
    else:
        raise TemplateError(f"{path} is no table that is read here: give a .csv, .jsonl, .json or .yaml file.")
    if not rows:
        raise TemplateError(f"{path} has no rows.")
    return rows


def _read_csv(path: Path, template: Template) -> list[Row]:
    text = _read_text(path)
    first = text.partition("\n")[0]
    delimiter = "," if "," in first else next((sign for sign in (";", "\t") if sign in first), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        _at(path, 1, lambda: _check_header(header, template))
        rows += [
            _at(path, reader.line_num, lambda cells=cells: _row(header, cells, template))
            for cells in reader
            if any(cell.strip() for cell in cells)
        ]
    except csv.Error as problem:
        raise TemplateError(f"{path}, line {reader.line_num}: {problem}.") from problem
    return rows


def _check_header(header: Sequence[str], template: Template) -> None:
    if not any(header):
        raise TemplateError("There is no header: the first line must have the names of parameters.")
    for name in header:
        template.parameter(name)
        if header.count(name) > 1:
            raise TemplateError(f"The header has {name} more than once.")


def _row(header: Sequence[str], cells: Sequence[str], template: Template) -> Row:
    if len(cells) != len(header):
        raise TemplateError(f"There are {len(cells)} cells, but the header has {len(header)} names.")
    return {name: read_value(template, name, cell) for name, cell in zip(header, cells, strict=True) if cell.strip()}


def _read_jsonl(path: Path, template: Template) -> list[Row]:
    lines = enumerate(_read_text(path).split("\n"), 1)  # not splitlines: JSON text may hold U+2028
    return [
        _at(path, number, lambda line=line: _check_row(parse_json(line.encode(), "It"), template))
        for number, line in lines
        if line.strip()
    ]


def _read_list(path: Path, template: Template) -> list[Row]:
    document = parse_json(_read_text(path).encode(), str(path))
    if not isinstance(document, list):
        raise TemplateError(f"{path} must hold a list of objects, but it holds {kind_of(document)}.")
    return [
        _at(path, number, lambda row=row: _check_row(row, template), "row") for number, row in enumerate(document, 1)
    ]


def _check_row(row: Any, template: Template) -> Row:
    if not isinstance(row, dict):
        raise TemplateError(f"A row is an object of values by name, but this is {kind_of(row)}.")
    return {name: check_value(template, name, value) for name, value in row.items()}


def check_rows(rows: Iterable[Any], template: Template) -> list[Row]:
    """Rows that a program gives; raises TemplateError with the row's number, counted from 0 as jobs are."""
    return [_at(None, number, lambda row=row: _check_row(row, template), "Row") for number, row in enumerate(rows)]


def read_axis(text: str, template: Template) -> list[Row]:
    """The rows of one axis of a grid: `name=a,b,c`, or `name=first:last:step` for numbers, the last one included.

    Text that has a comma stands in double quotes.
    """
    name, sign, listed = text.partition("=")
    name = name.strip()
    if not sign or not name or not listed.strip():
        raise TemplateError(f'"{text}" is no axis: write NAME=A,B,C or NAME=FIRST:LAST:STEP.')
    parameter = template.parameter(name)
    if parameter.type in _NUMBERS and ":" in listed:
        return [{name: parameter.read(number)} for number in _range(listed, text, parameter.type != "number")]
    try:
        words = next(csv.reader([listed], strict=True, skipinitialspace=True))
    except csv.Error as problem:
        raise TemplateError(f'"{text}" is no axis: {problem}.') from problem
    return [{name: read_value(template, name, word)} for word in words]


def _range(listed: str, text: str, is_whole: bool) -> Iterable[str]:
    parts = [part.strip() for part in listed.split(":")]
    try:
        numbers = [Decimal(part) for part in parts]
    except InvalidOperation:
        numbers = []
    first, last, step = (*numbers, Decimal(1))[:3] if len(numbers) in (2, 3) else (Decimal(0), Decimal(0), Decimal(0))
    if not step.is_finite() or not first.is_finite() or not last.is_finite() or step == 0 or (last - first) / step < 0:
        raise TemplateError(f'"{text}" is no range: write FIRST:LAST or FIRST:LAST:STEP, such as steps=10:30:5.')
    if is_whole and any(number != int(number) for number in (first, step)):
        raise TemplateError(f'"{text}" must have whole numbers.')
    count = int((last - first) / step) + 1
    _check_count(count)
    return [str(int(first + step * place)) if is_whole else str(first + step * place) for place in range(count)]


def read_seeds(text: str, template: Template, draw: Callable[[], int] | None = None) -> list[Row]:
    """Rows of seeds, set in every parameter of type seed: `42+10` (42 to 51), `random:10`, or `1,5,9`."""
    parameters = [parameter for parameter in template.parameters if parameter.type == "seed"]
    if not parameters:
        raise TemplateError(f"The template {template.name} has no parameter of type seed.")
    word, colon, number = text.strip().partition(":")
    first, plus, count = text.strip().partition("+")
    seeds: Sequence[int]
    if colon and word.casefold() == "random" and _is_count(number):
        _check_count(int(number))
        seeds = [(draw or _draw(parameters))() for _ in range(int(number))]
    elif plus and first.isdecimal() and _is_count(count):
        _check_count(int(count))
        seeds = range(int(first), int(first) + int(count))
    elif all(part.strip().isdecimal() for part in text.split(",")):
        seeds = [int(part) for part in text.split(",")]
    else:
        raise TemplateError(f'"{text}" says no seeds: write 42+10 (42 to 51), random:10, or a list such as 1,5,9.')
    return [{parameter.name: parameter.check(seed) for parameter in parameters} for seed in seeds]


def _is_count(text: str) -> bool:
    return text.strip().isdecimal() and int(text) > 0


def _draw(parameters: Sequence[Parameter]) -> Callable[[], int]:
    low = max(int(parameter.lowest or 0) for parameter in parameters)
    high = min(int(parameter.highest or 0) for parameter in parameters)
    return lambda: low + secrets.randbelow(max(min(high, HIGHEST_EXACT) - low, 0) + 1)


def zip_axes(axes: Sequence[Sequence[Row]]) -> list[Row]:
    """Axes in step: the first values of all, then the second ones; raises TemplateError if lengths differ."""
    lengths = {next(iter(axis[0])): len(axis) for axis in axes}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise TemplateError(f"Axes that go in step need equally many values, but {said}.")
    return [_merge(rows) for rows in zip(*axes, strict=True)]


def combine(sources: Sequence[Sequence[Row]], repeat: int = 1) -> list[Row]:
    """Every row of each source with every row of the others; the last source changes fastest.

    Raises:
        TemplateError: two sources set the same parameter, or there would be too many jobs.
    """
    if repeat < 1:
        raise TemplateError(f"Jobs can be repeated 1 time or more, but not {repeat}.")
    count = repeat
    for source in sources:
        count *= len(source)
    _check_count(count)
    return [dict(row) for rows in itertools.product(*sources) for row in [_merge(rows)] for _ in range(repeat)]


def draw_seeds(rows: Iterable[Row], template: Template) -> list[Row]:
    """Rows with a drawn seed wherever one is RANDOM; in one row all of them are the same."""
    drawn = []
    for row in rows:
        random_ones = [template.parameter(name) for name, value in row.items() if value is RANDOM]
        seed = _draw(random_ones)() if random_ones else 0
        drawn.append({name: seed if value is RANDOM else value for name, value in row.items()})
    return drawn


def _merge(rows: Iterable[Row]) -> Row:
    merged: Row = {}
    for row in rows:
        for name, value in row.items():
            if name in merged:
                raise TemplateError(f"{name} is set twice: by two of the values, tables, axes and seeds given.")
            merged[name] = value
    return merged


def _check_count(count: int) -> None:
    if count > MOST_JOBS:
        raise TemplateError(f"These would be {count} jobs; one batch has at most {MOST_JOBS}.")


def _at(path: Path | None, number: int, make: Callable[[], Any], what: str = "line") -> Any:
    """What `make` gives; its error says where in the file it is."""
    try:
        return make()
    except TemplateError as problem:
        where = f"{path}, {what} {number}" if path is not None else f"{what} {number}"
        raise TemplateError(f"{where}: {problem}") from problem


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as problem:
        raise TemplateError(f"{path} can't be read: {problem.strerror or problem}.") from problem
    except UnicodeDecodeError as problem:
        raise TemplateError(f"{path} is not text in UTF-8. Save it as UTF-8.") from problem
