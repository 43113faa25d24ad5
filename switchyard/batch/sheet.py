"""A contact sheet: the pictures of a batch in one, with the values along its edges. Needs Pillow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import SwitchyardError
from ..template.parameters import show_plain

_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
_MARGIN, _TEXT, _LONGEST = 6, 16, 32
_LARGEST = 16_000  # pixels of an edge; viewers and Pillow itself stop not far above


class SheetError(SwitchyardError):
    """No contact sheet can be made."""


def varied(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The parameters that are not the same in all rows of a manifest."""
    names = list(rows[0]["params"]) if rows else []
    return [name for name in names if len({show_plain(row["params"][name]) for row in rows}) > 1]


def contact_sheet(
    rows: Sequence[Mapping[str, Any]],
    run_dir: str | Path,
    target: str | Path,
    *,
    x: str = "",
    y: str = "",
    cell: int = 256,
) -> Path:
    """Puts the first picture of each job into one: a column for each value of `x`, a row for each of `y`.

    Of several jobs with the same values of both, the first one is shown.

    Args:
        rows: of the manifest.
        run_dir: the run's folder, which the files are in.
        target: where the sheet goes; its suffix says the format.
        x, y: parameters; by default those two that vary. With more or fewer, each picture has its values below it.
        cell: the longest edge of a picture, in pixels.

    Raises:
        SheetError: Pillow is not there, a name is unknown, there are no pictures, or the sheet would be too large.
    """
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError as problem:
        raise SheetError("A contact sheet needs the Python package pillow: pip install pillow") from problem
    pictures = [(row, path) for row in rows if (path := _picture(row, Path(run_dir))) is not None]
    if not pictures:
        raise SheetError("No job has a picture.")
    names = varied([row for row, _ in pictures])
    for name in (x, y):
        if name and name not in pictures[0][0]["params"]:
            raise SheetError(f'There is no parameter "{name}"; there are: {", ".join(pictures[0][0]["params"])}.')
    if not x and not y and len(names) == 2:
        y, x = names
    columns, lines, cells, captions = _layout(pictures, x, y, names)
    left = _TEXT * 10 if y else _MARGIN
    top = _TEXT + 2 * _MARGIN if x else _MARGIN
    step_x, step_y = cell + _MARGIN, cell + _MARGIN + (_TEXT if captions else 0)
    size = (left + step_x * len(columns), top + step_y * len(lines))
    if max(size) > _LARGEST:
        raise SheetError(f"The sheet would have {size[0]} x {size[1]} pixels; make its pictures smaller than {cell}.")
    sheet = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default()
    for place, label in enumerate(columns if x else ()):
        draw.text((left + step_x * place, _MARGIN), _short(f"{x}={label}"), "black", font)
    for place, label in enumerate(lines if y else ()):
        draw.text((_MARGIN, top + step_y * place), _short(f"{y}={label}", 24), "black", font)
    for (column, line), path in cells.items():
        with Image.open(path) as image:
            image.thumbnail((cell, cell))
            sheet.paste(image.convert("RGB"), (left + step_x * column, top + step_y * line))
        if captions:
            where = (left + step_x * column, top + step_y * line + cell)
            draw.text(where, _short(captions[column, line]), "black", font)
    try:
        sheet.save(target)
    except (OSError, ValueError) as problem:
        raise SheetError(f"{target} can't be written: {problem}.") from problem
    return Path(target)


Cell = tuple[int, int]


def _layout(
    pictures: Sequence[tuple[Mapping[str, Any], Path]], x: str, y: str, names: Sequence[str]
) -> tuple[list[str], list[str], dict[Cell, Path], dict[Cell, str]]:
    """Labels of the columns and rows, the picture of each cell, and what stands below it."""
    cells: dict[Cell, Path] = {}
    if x or y:
        columns = list(dict.fromkeys(_value(row, x) for row, _ in pictures))
        lines = list(dict.fromkeys(_value(row, y) for row, _ in pictures))
        for row, path in pictures:
            cells.setdefault((columns.index(_value(row, x)), lines.index(_value(row, y))), path)
        return columns, lines, cells, {}
    width = math.ceil(math.sqrt(len(pictures)))
    captions: dict[Cell, str] = {}
    for number, (row, path) in enumerate(pictures):
        place = (number % width, number // width)
        cells[place] = path
        captions[place] = ", ".join(_value(row, name) for name in names) or f"job {row['index']}"
    return [""] * width, [""] * math.ceil(len(pictures) / width), cells, captions


def _value(row: Mapping[str, Any], name: str) -> str:
    return show_plain(row["params"][name]) if name else ""


def _picture(row: Mapping[str, Any], run_dir: Path) -> Path | None:
    paths = [run_dir / output["path"] for output in row["outputs"]]
    return next((path for path in paths if path.suffix.lower() in _SUFFIXES and path.is_file()), None)


def _short(text: str, longest: int = _LONGEST) -> str:
    """Text that the built-in font can write, in one line."""
    text = " ".join(text.split()).encode("latin-1", "replace").decode("latin-1")
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
