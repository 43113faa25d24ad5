"""The Quality Score node: its outputs, its payload for the page, and what API JSON may leave out."""

from __future__ import annotations

import inspect
import json
import math
import sys
import types

import pytest
import torch
from switchyard_pack.core.quality_score import PRESETS
from switchyard_pack.core.scorer_report import AGGREGATES
from switchyard_pack.nodes.quality_score import QualityScore


def _picture():
    """Coloured squares of many sizes: sharp, with contrast, and quick to score."""
    coarse = torch.rand(1, 16, 16, 3, generator=torch.Generator().manual_seed(4))
    fine = torch.rand(1, 64, 64, 3, generator=torch.Generator().manual_seed(5))
    return 0.8 * coarse.repeat_interleave(8, 1).repeat_interleave(8, 2) + 0.2 * fine.repeat_interleave(
        2, 1
    ).repeat_interleave(2, 2)


def _run(image, **inputs):
    returned = QualityScore().execute(image, **inputs)
    assert set(returned) == {"ui", "result"}
    payload = json.loads(json.dumps(returned["ui"], allow_nan=False))
    assert list(payload) == ["switchyard"]
    assert len(payload["switchyard"]) == 1
    assert payload["switchyard"][0]["kind"] == "quality_score"
    return returned["result"], payload["switchyard"][0]


def test_the_outputs_come_in_the_agreed_order_and_types():
    image = _picture().repeat(2, 1, 1, 1)
    (score, passed, scores, report, passed_on), _ = _run(image)
    assert QualityScore.RETURN_NAMES == ("score", "passed", "scores", "report", "image")
    assert QualityScore.RETURN_TYPES == ("FLOAT", "BOOLEAN", "FLOAT", "STRING", "IMAGE")
    assert QualityScore.OUTPUT_IS_LIST == (False, False, True, False, False)
    assert len(QualityScore.OUTPUT_TOOLTIPS) == 5
    assert type(score) is float
    assert type(passed) is bool
    assert [type(one) for one in scores] == [float, float]
    assert json.loads(report)["score"] == score
    assert passed_on is image


def test_the_page_gets_what_the_outputs_say():
    image = torch.cat([_picture(), torch.zeros(1, 128, 128, 3), torch.full((1, 128, 128, 3), math.nan)])
    (score, passed, scores, report, _), payload = _run(image, threshold=0.25, aggregate="max")
    data = payload["data"]
    assert (data["score"], data["passed"], data["threshold"], data["scores"]) == (score, passed, 0.25, scores)
    assert data["worst"][1:] == ["blank", "non-finite"]
    assert data["reasons"] == [picture["reason"] for picture in json.loads(report)["images"]]
    assert payload["summary"].startswith(f"{score:.4g} {'passes' if passed else 'fails'} 0.25")


def test_api_json_may_leave_out_what_is_optional():
    inputs = QualityScore.INPUT_TYPES()
    assert list(inputs["required"]) == ["image"]
    assert list(inputs["optional"]) == ["threshold", "aggregate", "preset"]
    parameters = inspect.signature(QualityScore.execute).parameters
    for name, (_, options) in inputs["optional"].items():
        assert parameters[name].default == options["default"]
    assert _run(_picture())[0][:4] == _run(_picture(), threshold=0.8, aggregate="min", preset="photo")[0][:4]


def test_the_choices_are_those_of_core():
    optional = QualityScore.INPUT_TYPES()["optional"]
    assert optional["aggregate"][0] == list(AGGREGATES) == ["min", "mean", "max", "first"]
    assert optional["preset"][0] == list(PRESETS) == ["photo", "illustration", "pixel art"]
    _, options = optional["threshold"]
    assert (options["default"], options["min"], options["max"], options["step"]) == (0.8, 0.0, 1.0, 0.01)


def test_an_empty_batch_is_a_red_node():
    with pytest.raises(ValueError, match="no picture to score"):
        QualityScore().execute(torch.zeros(0, 8, 8, 3))


def test_a_list_without_pictures_is_a_red_node():
    """ComfyUI leaves the input out for an empty list, unless other inputs are sent too."""
    with pytest.raises(ValueError, match="A list without any picture arrives like this"):
        QualityScore().execute()


def test_an_interruption_stops_it_between_two_pictures(monkeypatch):
    class StoppedError(Exception):
        pass

    checks = []

    def check():
        checks.append(1)
        if len(checks) == 3:
            raise StoppedError

    management = types.ModuleType("comfy.model_management")
    management.throw_exception_if_processing_interrupted = check
    monkeypatch.setitem(sys.modules, "comfy.model_management", management)
    with pytest.raises(StoppedError):
        QualityScore().execute(torch.rand(50, 64, 64, 3))
    assert len(checks) == 3


def test_a_picture_that_carries_gradients_is_scored_without_them():
    image = _picture()
    assert _run(image.clone().requires_grad_())[0][:4] == _run(image)[0][:4]
