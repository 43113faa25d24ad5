"""One picture of many: each with its name, its score and whether it passed (Pillow)."""

from __future__ import annotations

from pathlib import Path

from .run import Run

CELL = 300
CAPTION = 58
MARGIN = 14
PASSED, FAILED, INK, PAPER = (46, 125, 50), (198, 40, 40), (33, 33, 33), (250, 250, 250)


def draw_contact_sheet(rows: dict[str, dict[str, Run]], folder: Path, target: Path) -> None:
    """Draws a row for each entry, a cell for each scored picture (a file in `folder` and the run that scored it)."""
    from PIL import Image, ImageDraw, ImageFont, ImageOps

    columns = max(len(row) for row in rows.values())
    size = (MARGIN + columns * (CELL + MARGIN), MARGIN + len(rows) * (CELL + CAPTION + MARGIN))
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    large, small = ImageFont.load_default(22), ImageFont.load_default(14)
    for row, pictures in enumerate(rows.values()):
        for column, (name, run) in enumerate(pictures.items()):
            left, top = MARGIN + column * (CELL + MARGIN), MARGIN + row * (CELL + CAPTION + MARGIN)
            with Image.open(folder / name) as picture:
                # Cut off at the bottom: heads are at the top.
                sheet.paste(ImageOps.fit(picture.convert("RGB"), (CELL, CELL), centering=(0.5, 0.1)), (left, top))
            data = run.verdict("score")["data"]
            color = PASSED if data["passed"] else FAILED
            draw.rectangle((left, top + CELL, left + CELL - 1, top + CELL + 5), fill=color)
            draw.text((left, top + CELL + 8), f"{data['score']:.2f}", font=large, fill=color)
            verdict = "passes" if data["passed"] else f"fails: {data['worst'][0]}"
            draw.text((left + 58, top + CELL + 13), verdict, font=small, fill=color)
            draw.text((left, top + CELL + 36), Path(name).stem, font=small, fill=INK)
    target.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(target)
