"""Face Detailer: the pictures before and after that the page is told of."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from switchyard_pack.nodes.face_detailer import FaceDetailer

from .face_node_fakes import FACE, ComfyUI, sampled


@pytest.fixture
def comfyui(monkeypatch, tmp_path):
    """A ComfyUI whose sampler makes everything brighter."""
    made = ComfyUI(monkeypatch, temp=tmp_path)
    made.change = lambda samples, seed: samples * 0.5 + 0.5
    return made


def picture(count=1):
    return torch.rand(count, 200, 220, 3, generator=torch.Generator().manual_seed(3))


def shown(image, **more):
    (payload,) = FaceDetailer().execute(image, **sampled(**more))["ui"]["switchyard"]
    return payload["data"]


def test_changed_pictures_are_shown_before_and_after(comfyui, tmp_path):
    data = shown(picture(), match_color=0)
    (pair,) = data["pairs"]
    assert pair["picture"] == 1
    before, after = (
        torch.from_numpy(np.asarray(Image.open(tmp_path / "switchyard" / pair[side]["filename"])) / 255.0)
        for side in ("before", "after")
    )
    assert (before - picture()[0]).abs().mean() < 0.02
    x1, y1, x2, y2 = (int(side) for side in FACE)
    assert after[y1:y2, x1:x2].mean() > before[y1:y2, x1:x2].mean() + 0.1
    assert data["note"] == ""


def test_only_the_first_eight_changed_pictures_are_shown(comfyui):
    data = shown(picture(10), match_color=0)
    assert [pair["picture"] for pair in data["pairs"]] == list(range(1, 9))
    assert data["note"] == "Shown are the first 8 of 10."


def test_nothing_is_saved_where_nothing_is_redrawn(comfyui, tmp_path):
    assert shown(picture(), dry_run=True)["pairs"] == []
    assert not list(tmp_path.iterdir())


def test_a_full_disk_stops_no_faces(comfyui, tmp_path):
    (tmp_path / "switchyard").write_text("in the way", encoding="utf-8")
    data = shown(picture(), match_color=0)
    assert data["pairs"] == []
    assert data["note"].startswith("The pictures can't be shown")
