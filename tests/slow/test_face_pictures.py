"""Photographs of the committed list whose packages are in the test environment: faces found, and none where none is."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from switchyard_pack.core.faces import overlap
from switchyard_pack.nodes.host.built_in_faces import find_faces_built_in

LIST = Path(__file__).resolve().parents[2] / "training" / "faces" / "pictures.csv"
MODULES = {"scikit_image": "skimage", "scikit_learn": "sklearn"}
WITH_FACES = ("astronaut.png", "camera.png")


def rows():
    with LIST.open(encoding="utf-8", newline="") as lines:
        return [row for row in csv.DictReader(lines) if row["package"] in MODULES]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["path"])
def test_all_faces_are_found_and_nothing_else(row):
    found = importlib.util.find_spec(MODULES[row["package"]])
    if found is None or found.origin is None:
        pytest.skip(f"{row['package']} is not installed")
    path = Path(found.origin).parent.parent / row["path"]
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != row["sha256"]:
        pytest.skip(f"{row['package']} is not {row['version']}")
    with Image.open(path) as opened:
        image = torch.from_numpy(np.array(opened.convert("RGB"), np.float32) / 255)[None]
    faces = [tuple(map(float, box.split())) for box in row["faces"].split(";") if box]
    assert bool(faces) == (path.name in WITH_FACES)
    [seen] = find_faces_built_in(apache_only=False, tiled=False)(image, 0.5)
    assert len(seen) == len(faces)
    assert all(overlap(face.box, box) > 0.3 for face, box in zip(seen, faces, strict=True))
