"""Score Overlay: what it hands on and what it tells the page."""

from __future__ import annotations

import json

import pytest
import torch
from switchyard_pack.nodes.score_overlay import ScoreOverlay

LATER = ("top left", 1.0, True)


def test_it_draws_what_a_report_says():
    image = torch.rand(5, 96, 96, 3, generator=torch.Generator().manual_seed(1))
    facts = {"threshold": 0.8, "images": [{"score": score / 10, "reason": "noise"} for score in range(5, 10)]}
    returned = ScoreOverlay().execute(image, json.dumps(facts), *LATER)
    (drawn,) = returned["result"]
    assert drawn.shape == image.shape
    assert not torch.equal(drawn, image)
    (payload,) = json.loads(json.dumps(returned["ui"], allow_nan=False))["switchyard"]
    assert payload["kind"] == "score_overlay"
    assert payload["summary"] == "drawn: 0.50 fails 0.8, 0.60 fails 0.8, 0.70 fails 0.8 and 2 more"
    assert payload["data"]["said"][3:] == ["0.80 passes 0.8", "0.90 passes 0.8"]


def test_a_learned_scorer_has_fewer_facts():
    report = json.dumps({"model_version": "x", "images": [{"score": 6.21, "raw": 1}]})
    returned = ScoreOverlay().execute(torch.zeros(1, 64, 64, 3), report, *LATER)
    assert returned["ui"]["switchyard"][0]["summary"] == "drawn: 6.21"


@pytest.mark.parametrize("report", ["", "x", "{}", "[]", '{"kind": "quality_gate"}', None])
def test_what_is_no_report_is_a_red_node(report):
    with pytest.raises(ValueError, match="Plug in the report output of a scorer"):
        ScoreOverlay().execute(torch.zeros(1, 8, 8, 3), report, *LATER)
