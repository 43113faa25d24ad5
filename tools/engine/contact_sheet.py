"""One picture of many: each with its name, its score and whether it passed (Pillow)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

CELL = 300
CAPTION = 58
MARGIN = 14
PASSED, FAILED, INK, PAPER = (46, 125, 50), (198, 40, 40), (33, 33, 33), (250, 250, 250)


def draw_contact_sheet(rows: Sequence[dict[str, dict[str, Any]]], folder: Path, target: Path) -> None:
    """Draws rows of scored pictures, each a file in `folder` and what Quality Score said of it."""
    from PIL import Image, ImageDraw, ImageFont, ImageOps

    columns = max(len(row) for row in rows)
    size = (MARGIN + columns * (CELL + MARGIN), MARGIN + len(rows) * (CELL + CAPTION + MARGIN))
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    large, small = ImageFont.load_default(22), ImageFont.load_default(14)
    for row, pictures in enumerate(rows):
        for column, (name, data) in enumerate(pictures.items()):
            left, top = MARGIN + column * (CELL + MARGIN), MARGIN + row * (CELL + CAPTION + MARGIN)
            with Image.open(folder / name) as picture:
                # Cut off at the bottom: heads are at the top.
                sheet.paste(ImageOps.fit(picture.convert("RGB"), (CELL, CELL), centering=(0.5, 0.1)), (left, top))
            color = PASSED if data["passed"] else FAILED
            draw.rectangle((left, top + CELL, left + CELL - 1, top + CELL + 5), fill=color)
            draw.text((left, top + CELL + 8), f"{data['score']:.2f}", font=large, fill=color)
            verdict = "passes" if data["passed"] else f"fails: {data['worst'][0]}"
            draw.text((left + 58, top + CELL + 13), verdict, font=small, fill=color)
            draw.text((left, top + CELL + 36), Path(name).stem, font=small, fill=INK)
    target.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(target)
