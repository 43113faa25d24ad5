"""The candidates that a Quality Gate tells the page, in a real server: their pictures, and what makes each again."""

from __future__ import annotations

import copy
from io import BytesIO
from urllib.parse import urlencode

import pytest
from gate_graphs import batch_graph, gate_graph, level, levels_of
from PIL import Image, ImageStat


def candidates_of(result):
    return result.verdict("gate")["data"]["candidates"]


def taken(graph, candidate):
    """The graph with a candidate's values, as the page writes them."""
    changed = copy.deepcopy(graph)
    for node, named in candidate["literals"].items():
        changed[node]["inputs"].update(named)
    changed["gate"]["inputs"]["replay"] = candidate["replay"]
    return changed


def brightness(server, file):
    data = server.get_bytes(f"/view?{urlencode(file)}")
    return ImageStat.Stat(Image.open(BytesIO(data)).convert("L")).mean[0] / 255


def test_each_has_its_picture_and_the_best_comes_first(run, server):
    result = run(gate_graph(seed=700, threshold=1.1, max_attempts=6))
    candidates = candidates_of(result)
    seeds = sorted(range(700, 706), key=level, reverse=True)
    assert [one["seeds"] for one in candidates] == [{"sample": {"seed": seed}} for seed in seeds]
    assert [one["kept"] for one in candidates] == [True] + [False] * 5
    for one, seed in zip(candidates, seeds, strict=True):
        (file,) = one["previews"]
        assert brightness(server, file) == pytest.approx(level(seed), abs=0.02)


def test_any_of_them_is_made_again(run):
    graph = gate_graph(seed=720, threshold=1.1, max_attempts=4)
    for candidate in candidates_of(run(graph))[1:3]:
        seed = candidate["seeds"]["sample"]["seed"]
        again = run(taken(graph, candidate))
        assert levels_of(again) == pytest.approx([level(seed)])
        assert again.times_started("sample") <= 1


def test_pictures_that_are_kept_one_by_one_are_candidates_of_their_own(run, server):
    graph = batch_graph(3, seed=740, threshold=1.1, max_attempts=2, keep="each")
    candidates = candidates_of(run(graph))
    assert len(candidates) == 6
    assert len([one for one in candidates if one["kept"]]) == 3
    scores = [one["score"] for one in candidates]
    assert scores == sorted(scores, reverse=True)
    for one in candidates:
        assert brightness(server, one["previews"][0]) == pytest.approx(one["score"], abs=0.02)
    again = run(taken(graph, candidates[1]))
    assert levels_of(again) == pytest.approx([candidates[1]["score"]])
