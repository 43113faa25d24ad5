"""BlazeFace, both networks: against stored numbers of the originals, run by LiteRT (training/faces/parity.py)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from switchyard_pack.core.blazeface import BlazeFace, fuse
from switchyard_pack.core.face_candidates import Candidates
from switchyard_pack.nodes.host.weights import load_data

from .face_pixels import shown

STORED = json.loads((Path(__file__).parent / "face_parity.json").read_text())
NETWORKS = {name: BlazeFace(load_data(name), torch.device("cpu")) for name in ("blazeface_full", "blazeface_back")}
CASES = [(name, stored) for name in NETWORKS for stored in STORED[name]]
WHERE = {  # the faces in the pixels that each network is shown
    ("blazeface_full", "astronaut.png"): (46, 32, 98, 86),
    ("blazeface_full", "grace_hopper.jpg"): (47, 29, 154, 136),
    ("blazeface_back", "astronaut.png"): (86, 32, 139, 86),
    ("blazeface_back", "grace_hopper.jpg"): (86, 64, 182, 162),
}


@pytest.mark.parametrize(("name", "stored"), CASES)
def test_it_gives_what_the_original_network_gives(name, stored):
    logits, boxes = NETWORKS[name].raw(shown(stored["picture"]))
    assert torch.allclose(logits[0, stored["places"]], torch.tensor(stored["scores"]), atol=1e-4)
    assert torch.allclose(boxes[0, stored["places"]], torch.tensor(stored["others"]), atol=1e-3)


@pytest.mark.parametrize(("name", "stored"), CASES)
def test_the_box_of_a_face_is_where_it_is(name, stored):
    network = NETWORKS[name]
    picture = shown(stored["picture"])
    assert picture.shape[2:] == (network.side_px, network.side_px)
    faces = fuse(network.find(picture, 0.5)[0])
    assert len(faces.scores) == 1
    assert faces.points.shape == (1, 0, 2)
    assert faces.boxes[0].tolist() == pytest.approx(WHERE[name, stored["picture"][0]], abs=0.05 * network.side_px)


def test_a_fused_box_lies_where_the_better_ones_lie():
    boxes = torch.tensor([[0.0, 0, 10, 10], [2, 0, 12, 10], [50, 50, 60, 60]])
    found = fuse(Candidates(boxes, torch.tensor([0.2, 0.6, 0.4]), torch.zeros(3, 0, 2)))
    assert found.boxes.tolist() == [pytest.approx([1.5, 0, 11.5, 10]), [50, 50, 60, 60]]
    assert found.scores.tolist() == pytest.approx([0.6, 0.4])


def test_nothing_fuses_to_nothing():
    none = Candidates(torch.zeros(0, 4), torch.zeros(0), torch.zeros(0, 0, 2))
    assert len(fuse(none).scores) == 0


def test_a_pixel_picture_is_left_as_it_was():
    picture = shown(CASES[0][1]["picture"])
    before = picture.clone()
    NETWORKS["blazeface_full"].find(picture, 0.1)
    assert torch.equal(picture, before)
