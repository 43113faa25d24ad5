"""Pyiqa Score: with a stand-in for pyiqa, and without one."""

from __future__ import annotations

import importlib.machinery
import json
import math
import sys
import types

import pytest
import torch
from switchyard_pack.nodes.pyiqa_score import PyiqaScore


class FakeMetric:
    score_range = "~0, ~100"
    lower_better = False

    def __call__(self, picture):
        assert picture.shape == (1, 3, 8, 10)
        assert picture.dtype == torch.float32
        level = float(picture.mean())
        if level == 0:
            raise AssertionError("black")
        if level == 1:
            return torch.tensor([[math.nan]])
        return torch.tensor([[100 * level]])


@pytest.fixture
def pyiqa(monkeypatch):
    module = types.ModuleType("pyiqa")
    module.__spec__ = importlib.machinery.ModuleSpec("pyiqa", None)
    module.made = []

    def create_metric(name, device=None):
        if name == "maniqa":
            raise OSError("<urlopen error no route>")
        module.made.append((name, str(device)))
        metric = FakeMetric()
        metric.lower_better = name == "niqe"
        return metric

    module.create_metric = create_metric
    module.list_models = lambda metric_mode: ["musiq", "niqe", "maniqa", "fid"]
    monkeypatch.setitem(sys.modules, "pyiqa", module)
    return module


def _levels(*levels):
    return torch.stack([torch.full((8, 10, 3), level) for level in levels])


def _run(image, node=None, **inputs):
    returned = (node or PyiqaScore()).execute(image, **inputs)
    json.dumps(returned["ui"], allow_nan=False)
    return returned["result"], json.loads(returned["result"][3])


def test_each_picture_is_measured_and_brought_to_0_to_1(pyiqa):
    (score, passed, scores, _, _), report = _run(_levels(0.75, 0.5), metric="musiq", aggregate="max", threshold=0.7)
    assert scores == pytest.approx([0.75, 0.5])
    assert (score, passed) == (pytest.approx(0.75), True)
    assert (report["metric"], report["range"], report["lower_is_better"]) == ("musiq", [0, 100], False)
    assert [picture["raw"] for picture in report["images"]] == pytest.approx([75, 50])
    (_, _, scores, _, _), report = _run(_levels(0.05), metric="niqe", lowest=0.0, highest=20.0)
    assert scores == pytest.approx([0.75])
    assert report["lower_is_better"]


def test_what_a_metric_can_not_measure_scores_0_with_the_reason(pyiqa):
    image = _levels(0.0, 1.0, 0.6, 0.6)
    image[3, 0, 0, 0] = math.nan
    (score, passed, scores, _, _), report = _run(image, metric="musiq", threshold=0.0)
    assert scores == pytest.approx([0, 0, 0.6, 0])
    assert (score, passed) == (0.0, False)
    reasons = [picture["reason"].split(":")[0] for picture in report["images"]]
    assert reasons[:2] + reasons[3:] == ["failed", "not a number", "non-finite"]


def test_a_metric_is_loaded_once_by_a_node(pyiqa):
    node = PyiqaScore()
    for metric in ("musiq", "musiq", "niqe", "musiq"):
        _run(_levels(0.5), node, metric=metric, lowest=0.0, highest=100.0)
    assert [name for name, _ in pyiqa.made] == ["musiq", "niqe", "musiq"]


def test_without_pyiqa_it_says_that_nothing_was_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyiqa", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(RuntimeError, match=r"not installed in ComfyUI.*Nothing was installed.*PolyForm Noncommercial"):
        _run(_levels(0.5))


def test_a_pyiqa_that_can_not_be_imported_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyiqa", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: importlib.machinery.ModuleSpec(name, None))
    with pytest.raises(RuntimeError, match=r"installed, but could not be imported \(ModuleNotFoundError"):
        _run(_levels(0.5))


def test_a_failed_download_is_told(pyiqa):
    with pytest.raises(RuntimeError, match=r"could not load maniqa \(OSError: <urlopen error no route>\).*downloads"):
        _run(_levels(0.5), metric="maniqa")


@pytest.mark.parametrize("metric", ["ssim", "fid", "", None])
def test_what_is_no_metric_of_single_pictures_is_refused_with_those_there_are(pyiqa, metric):
    with pytest.raises(ValueError, match=r"is no metric .*Use one of: maniqa, musiq, niqe\."):
        _run(_levels(0.5), metric=metric)


def test_an_unknown_range_is_asked_for(pyiqa):
    with pytest.raises(ValueError, match=r"range of .niqe. is not known \(pyiqa says about ~0, ~100\)"):
        _run(_levels(0.5), metric="niqe")
    assert pyiqa.made  # loaded by then, and kept


def test_wrong_pictures_and_settings_are_refused(pyiqa):
    for inputs in ({"threshold": 9.0}, {"aggregate": "x"}, {"lower_is_better": "maybe"}):
        with pytest.raises(ValueError, match=next(iter(inputs))):
            _run(_levels(0.5), **inputs)
    with pytest.raises(ValueError, match="no picture to score"):
        _run(torch.zeros(0, 8, 8, 3))
    assert pyiqa.made == []
