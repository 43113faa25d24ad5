"""The contact sheet: where each picture lies."""

from __future__ import annotations

import pytest
from switchyard.batch.sheet import SheetError, contact_sheet

Image = pytest.importorskip("PIL.Image")
COLOURS = {(3, "a"): "red", (3, "b"): "lime", (9, "a"): "blue", (9, "b"): "black"}


def rows(folder, keep=COLOURS):
    (folder / "outputs").mkdir(exist_ok=True)
    found = []
    for index, ((steps, prompt), colour) in enumerate(keep.items()):
        path = f"outputs/{index:05d}.png"
        Image.new("RGB", (64, 64), colour).save(folder / path)
        found.append(
            {"index": index, "params": {"steps": steps, "prompt": prompt, "cfg": 1}, "outputs": [{"path": path}]}
        )
    return found


def colours(path):
    with Image.open(path) as image:
        found = image.convert("RGB")
        return {found.getpixel((x, y)) for x in range(found.width) for y in range(found.height)}, found


def test_two_varied_parameters_are_the_axes(tmp_path):
    path = contact_sheet(rows(tmp_path), tmp_path, tmp_path / "sheet.png", cell=64)
    seen, sheet = colours(path)
    assert {(255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0)} <= seen
    left, top = 160, 28  # beside and below the labels
    assert [sheet.getpixel((left + 70 * x + 32, top + 70 * y + 32)) for y in (0, 1) for x in (0, 1)] == [
        (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0),
    ]  # fmt: skip


def test_axes_can_be_named_and_a_missing_picture_leaves_a_gap(tmp_path):
    kept = {place: colour for place, colour in COLOURS.items() if place != (9, "a")}
    _, sheet = colours(
        contact_sheet(rows(tmp_path, kept), tmp_path, tmp_path / "s.png", x="steps", y="prompt", cell=64)
    )
    assert sheet.getpixel((160 + 70 + 32, 28 + 32)) == (255, 255, 255)
    assert sheet.getpixel((160 + 70 + 32, 28 + 70 + 32)) == (0, 0, 0)


def test_with_one_varied_parameter_pictures_have_their_values_below(tmp_path):
    kept = {place: colour for place, colour in COLOURS.items() if place[0] == 3}
    assert contact_sheet(rows(tmp_path, kept), tmp_path, tmp_path / "s.jpg", cell=64).is_file()


def test_what_can_not_be_drawn_is_said(tmp_path):
    found = rows(tmp_path)
    with pytest.raises(SheetError, match="no parameter"):
        contact_sheet(found, tmp_path, tmp_path / "s.png", x="stpes")
    with pytest.raises(SheetError, match="No job has a picture"):
        contact_sheet([{**row, "outputs": []} for row in found], tmp_path, tmp_path / "s.png")
    with pytest.raises(SheetError, match="pixels"):
        contact_sheet(found, tmp_path, tmp_path / "s.png", cell=9000)
    with pytest.raises(SheetError, match="written"):
        contact_sheet(found, tmp_path, tmp_path / "nowhere" / "s.png")
