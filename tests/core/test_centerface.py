"""CenterFace: against stored numbers of the original network, run by onnxruntime (training/faces/parity.py)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from switchyard_pack.core.centerface import CenterFace
from switchyard_pack.nodes.host.weights import load_data

from .face_pixels import shown

STORED = json.loads((Path(__file__).parent / "face_parity.json").read_text())["centerface"]
NETWORK = CenterFace(load_data("centerface"), torch.device("cpu"))


@pytest.mark.parametrize("stored", STORED, ids=lambda stored: stored["picture"][0])
def test_it_gives_what_the_original_network_gives(stored):
    heat, *others = NETWORK.maps(shown(stored["picture"]))
    found = torch.cat([other[0].flatten(1) for other in others]).T[stored["places"]]
    expected, scores = torch.tensor(stored["others"]), torch.tensor(stored["scores"])
    assert torch.allclose(heat.flatten()[stored["places"]], scores, atol=0.004)
    on_faces = scores > 0.3
    assert torch.allclose(found, expected, atol=0.04)
    assert torch.allclose(found[on_faces], expected[on_faces], atol=0.002)
    sides_px = (4 * found[on_faces, :2].exp(), 4 * expected[on_faces, :2].exp())
    assert torch.allclose(*sides_px, atol=0.3)


def test_the_box_and_the_points_of_a_face_are_where_it_is():
    [found] = NETWORK.find(shown(STORED[0]["picture"]), 0.5)
    best = found.take(found.scores.argsort(descending=True)[:1])
    assert best.boxes[0].tolist() == pytest.approx([178, 60, 269, 178], abs=8)
    expected = [[203, 101], [247, 100], [225, 123], [205, 144], [244, 143]]
    assert best.points[0].tolist() == [pytest.approx(point, abs=6) for point in expected]


def test_each_picture_of_a_batch_has_its_own_candidates():
    picture = shown(STORED[0]["picture"])
    both = NETWORK.find(torch.cat([torch.zeros_like(picture), picture]), 0.5)
    assert len(both[0].scores) == 0
    assert both[0].points.shape == (0, 5, 2)
    assert len(both[1].scores) > 0


def test_what_it_is_given_is_left_as_it_was():
    weights, picture = load_data("centerface"), shown(STORED[0]["picture"])[:, :, :64, :64]
    before = {name: tensor.clone() for name, tensor in weights.items()}, picture.clone()
    CenterFace(weights, torch.device("cpu")).find(picture, 0.1)
    assert all(torch.equal(tensor, before[0][name]) for name, tensor in weights.items())
    assert torch.equal(picture, before[1])
