"""The Denoise Strength node: a denoise for KSampler, what it amounts to, and one payload."""

from __future__ import annotations

import json

import numpy as np
import pytest
from switchyard_pack.core.denoise_strength import CHOICES
from switchyard_pack.nodes.denoise_strength import DenoiseStrength

from .sampling_fakes import Discrete, FakeModel, Flow, fake_comfyui


@pytest.fixture(autouse=True)
def _comfyui(monkeypatch):
    fake_comfyui(monkeypatch)


def run(scheduler="simple", steps=15, effect="add detail", **settings):
    returned = DenoiseStrength().execute(scheduler, steps, effect, **settings)
    payload = json.loads(json.dumps(returned["ui"], allow_nan=False))["switchyard"]
    assert [entry["kind"] for entry in payload] == ["denoise_strength"]
    assert payload[0]["summary"] == returned["result"][-1]
    assert [type(output) for output in returned["result"]] == [float, int, str, float, str, str]
    assert returned["result"][1:3] == (steps, scheduler)
    denoise, _, _, *meaning = returned["result"]
    return (denoise, *meaning), payload[0]["data"]


def test_an_effect_gives_the_denoise_for_this_scheduler():
    (denoise, equivalent, effect, report), data = run()
    assert (denoise, equivalent, effect) == (0.43, 0.45, "add detail")
    assert report.startswith("Denoise 0.43 with simple at 15 steps is as strong as 0.45 with normal on SD 1.5")
    assert data == {
        "denoise": 0.43,
        "equivalent": 0.45,
        "effect": "add detail",
        "total": 34,
        "timestep": 441,
        "scheduler": "simple",
    }


def test_without_a_model_it_is_sd15_and_the_model_is_asked_for_its_sampling_alone():
    model = FakeModel(Discrete())
    assert run(model=model) == run(model=None) == run()
    assert set(model.asked) == {"model_sampling"}


def test_a_flow_model_gets_another_denoise_for_the_same_effect():
    (denoise, _, effect, _), data = run(model=FakeModel(Flow()), steps=30)
    assert effect == "add detail"
    assert denoise == 0.57
    assert data["timestep"] == pytest.approx(446, abs=8)


def test_measure_hands_the_denoise_on_and_says_what_it_amounts_to():
    (denoise, equivalent, effect, _), _ = run(effect="measure", strength=np.float32(0.45))
    assert (denoise, equivalent, effect) == (0.45, 0.46, "add detail")


@pytest.mark.parametrize("effect", ["measure", "own strength"])
def test_nothing_and_all_are_what_they_are_for_ksampler(effect):
    assert run(effect=effect, strength=0)[0][:3] == (0.0, 0.0, "no change")
    assert run(effect=effect, strength=1)[0][:3] == (1.0, 1.0, "redraw")


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"model": FakeModel(None)}, "model is a FakeModel, which has no noise levels"),
        ({"model": 5}, "model is 5, which has no noise levels; it must be a MODEL"),
        ({"scheduler": "kerras"}, 'There is no scheduler "kerras". Use one of: simple, long, broken'),
        ({"scheduler": "broken", "effect": "measure"}, "broken gives noise levels that are no numbers"),
        ({"scheduler": "broken"}, "broken gives noise levels that are no numbers for a schedule of 15 steps"),
        ({"steps": -3}, "steps is -3; it must be a whole number from 1 to 10000"),
        ({"effect": "more"}, 'There is no effect "more". Use one of: sharpen, add detail'),
        ({"effect": "measure", "strength": float("nan")}, "strength is NaN; it must be a number from 0 to 1"),
    ],
)
def test_a_wrong_input_is_named(inputs, message):
    with pytest.raises(ValueError, match=message):
        run(**inputs)


def test_the_effects_are_on_the_widget():
    inputs = DenoiseStrength.INPUT_TYPES()
    assert list(inputs["required"]) == ["scheduler", "steps", "effect"]
    assert list(inputs["optional"]) == ["strength", "model"]
    assert inputs["required"]["effect"][0] == list(CHOICES)
