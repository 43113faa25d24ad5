"""Whatever a link of any type carries into any input of a learned scorer: an answer, or an error in our own words."""

from __future__ import annotations

import inspect
import json
import math

import numpy as np
import pytest
import torch
from switchyard_pack.nodes.aesthetic_score import AestheticScore
from switchyard_pack.nodes.clip_iqa_score import ClipIqaScore
from switchyard_pack.nodes.preference_score import PreferenceScore
from switchyard_pack.nodes.prompt_score import PromptScore
from switchyard_pack.nodes.pyiqa_score import PyiqaScore

from .clip_fakes import FakeClip, FakeVision, fake_folders

IMAGE = torch.rand(1, 8, 8, 3, generator=torch.Generator().manual_seed(1))
ODD = [
    *(None, True, 5, -1, 0.5, 10**400, math.nan, math.inf, 1j, "", "0.8", "min", "(", "\ud800", b"cat"),
    *([], ["min"], [0.5], (1, 2), {}, {"samples": IMAGE}, {1}, object(), len),
    *(np.float32(0.8), np.bool_(True), np.array([0.2, 0.8]), np.array([None]), torch.tensor(0.8), torch.zeros(0)),
    *(IMAGE, IMAGE.half(), IMAGE > 0.5, (IMAGE * 255).byte(), IMAGE.to(torch.float8_e4m3fn), IMAGE.to("meta")),
    *(IMAGE.to_sparse(), IMAGE.to(torch.complex64), IMAGE[..., :1], IMAGE[..., :2], IMAGE.movedim(-1, 1), IMAGE[0]),
]
NODES = {
    AestheticScore: {"head": "head.pth"},
    PromptScore: {"prompt": "a cat", "method": "relative", "other_prompts": "a dog"},
    ClipIqaScore: {},
    PreferenceScore: {"prompt": "a cat", "scale": "0 to 1"},
    PyiqaScore: {},
}


@pytest.mark.parametrize("node", NODES)
def test_a_scorer_scores_or_names_what_it_got(node, monkeypatch, tmp_path):
    fake_folders(monkeypatch, tmp_path)
    torch.save({"weight": torch.zeros(1, 768), "bias": torch.ones(1)}, tmp_path / "aesthetic" / "head.pth")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    names = list(inspect.signature(node.execute).parameters)[1:]
    fixed = {"image": IMAGE, "clip_vision": FakeVision(768), "clip": FakeClip(clip_l=768), **NODES[node]}
    right = {name: value for name, value in fixed.items() if name in names}
    scored = 0
    for name in names:
        for odd in ODD:
            try:
                returned = node().execute(**{**right, name: odd})
            except (ValueError, RuntimeError) as error:
                kind = RuntimeError if node is PyiqaScore and "pyiqa" in str(error) else ValueError
                assert type(error) is kind, (name, odd)  # noqa: PT017 - most values are answered
                assert len(str(error)) > 30, (name, odd)  # noqa: PT017
                continue
            scored += 1
            assert [type(output) for output in returned["result"][:4]] == [float, bool, list, str], (name, odd)
            json.dumps(returned["ui"], allow_nan=False)
            json.loads(returned["result"][3])
    assert scored > 5 or node is PyiqaScore
