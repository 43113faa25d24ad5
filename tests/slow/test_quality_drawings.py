"""The illustration preset: clean line art passes, damaged line art fails."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from ..core.shipped_families import score_pictures
from ..core.test_quality_pictures import compressed, noisy


def line_art(arcs: int, smooth: bool, side: int = 512) -> torch.Tensor:
    """Black arcs, 2 px wide, on white paper: (1, side, side, 3), with soft edges or in two tones."""
    scale = 4 if smooth else 1
    random = np.random.default_rng(0)
    paper = Image.new("RGB", (side * scale, side * scale), "white")
    pen = ImageDraw.Draw(paper)
    for _ in range(arcs):
        x, y = random.integers(0, side, 2)
        radius, start, angle = (int(random.integers(*limits)) for limits in ((20, 220), (0, 360), (40, 280)))
        box = [int(edge) * scale for edge in (x - radius, y - radius, x + radius, y + radius)]
        pen.arc(box, start, start + angle, fill="black", width=2 * scale)
    picture = paper.resize((side, side), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.asarray(picture, np.float32) / 255)[None]


@pytest.mark.parametrize("arcs", [10, 80])
@pytest.mark.parametrize("smooth", [True, False], ids=["soft edges", "two tones"])
def test_clean_line_art_passes_as_an_illustration(arcs, smooth):
    drawing = line_art(arcs, smooth)
    scored = score_pictures(drawing, preset="illustration").report["images"][0]
    assert scored["passed"], scored["reason"]


@pytest.mark.parametrize("smooth", [True, False], ids=["soft edges", "two tones"])
@pytest.mark.parametrize(
    ("damage", "family"),
    [
        (lambda drawing: noisy(drawing * 0.8 + 0.1, 0.08), "noise"),
        (lambda drawing: compressed(drawing, 5), "compression"),
        (lambda drawing: drawing * 0.1 + 0.45, "tone"),
        (lambda drawing: drawing.repeat_interleave(3, 1).repeat_interleave(3, 2)[:, :512, :512], "structure"),
    ],
    ids=["noise", "compression", "tone", "structure"],
)
def test_damaged_line_art_fails_as_an_illustration_too(smooth, damage, family):
    scored = score_pictures(damage(line_art(40, smooth)), preset="illustration").report["images"][0]
    assert not scored["passed"]
    assert scored["worst"] == family, scored["reason"]
