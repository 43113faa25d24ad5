"""The Refiner Split node: outputs for two samplers, one payload, and a model that is asked for its sampling alone."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from switchyard_pack.core.refiner_split import SPLITS
from switchyard_pack.nodes.host.sampling import COMBO, list_schedulers
from switchyard_pack.nodes.refiner_split import RefinerSplit

from .sampling_fakes import SCHEDULERS, Discrete, FakeModel, Flow, fake_comfyui


@pytest.fixture(autouse=True)
def _comfyui(monkeypatch):
    fake_comfyui(monkeypatch)


def run(model=None, scheduler="simple", steps=25, **settings):
    returned = RefinerSplit().execute(model or FakeModel(Discrete()), scheduler, steps, **settings)
    payload = json.loads(json.dumps(returned["ui"], allow_nan=False))["switchyard"]
    assert [entry["kind"] for entry in payload] == ["refiner_split"]
    assert payload[0]["summary"] == returned["result"][-1]
    return returned["result"], payload[0]["data"]


def test_the_refiner_starts_where_the_base_model_ends():
    (base_end, refiner_start, steps, scheduler, report), data = run()
    assert (base_end, refiner_start, steps, scheduler) == (20, 20, 25, "simple")
    assert report == "The refiner takes over at step 20 of 25 (base 80 %), at timestep 199 of 1000 (sigma 0.569)."
    assert data == {
        "step": 20,
        "made": 25,
        "sigma": pytest.approx(0.5688, abs=1e-3),
        "timestep": 199,
        "steps": 25,
        "scheduler": "simple",
        "split": "noise level",
    }


def test_the_model_is_asked_for_its_sampling_and_nothing_else():
    model = FakeModel(Discrete())
    run(model)
    assert set(model.asked) == {"model_sampling"}


def test_a_flow_model_is_read_on_its_own_scale():
    assert run(FakeModel(Flow()))[0][0] == 20


def test_what_links_bring_is_taken_as_it_is_meant():
    assert run(steps=torch.tensor(25.0))[0][:3] == (20, 20, 25)
    result, _ = run(steps=25.0, split="own share", base_share=np.float32(0.6), timestep=np.int64(200))
    assert result[:3] == (15, 15, 25)
    assert [type(number) for number in result[:3]] == [int, int, int]


def test_a_schedule_that_is_longer_than_asked_for_keeps_the_asked_steps():
    result, data = run(scheduler="long", steps=25)
    assert (result[2], data["made"]) == (25, 26)
    assert "long makes 26 steps of 25." in result[4]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"model": FakeModel(None)}, "model is a FakeModel, which has no noise levels; it must be a MODEL"),
        ({"model": FakeModel(object())}, "which has no noise levels"),
        ({"model": "sdxl"}, 'model is "sdxl", which has no noise levels'),
        ({"scheduler": "kerras"}, 'There is no scheduler "kerras". Use one of: simple, long, broken'),
        ({"scheduler": None}, "There is no scheduler None"),
        (
            {"scheduler": "broken", "steps": 1},
            "broken gives noise levels that are no numbers for a schedule of 1 step.",
        ),
        ({"steps": 0}, "steps is 0; it must be a whole number from 1 to 10000"),
        ({"steps": float("nan")}, "steps is NaN"),
        ({"split": "0.8"}, 'There is no split "0.8"'),
    ],
)
def test_a_wrong_input_is_named(inputs, message):
    with pytest.raises(ValueError, match=message):
        run(**inputs)


def test_nothing_plugged_in_as_model_is_named_too():
    with pytest.raises(ValueError, match="model is None, which has no noise levels"):
        RefinerSplit().execute(None, "simple", 25)


def test_the_schedulers_are_those_of_the_installed_core(monkeypatch):
    inputs = RefinerSplit.INPUT_TYPES()
    assert inputs["required"]["scheduler"][0] == SCHEDULERS == list_schedulers()
    assert inputs["optional"]["split"][0] == list(SPLITS)
    monkeypatch.delitem(__import__("sys").modules, "comfy.samplers")
    assert list_schedulers() == []


class AnyOfOthers(str):
    """The any type as most packs have it."""

    def __ne__(self, other):
        return False


@pytest.mark.parametrize("kind", [["simple", "karras"], [], "COMBO", AnyOfOthers("*"), COMBO])
def test_the_scheduler_output_fits_every_combo_and_every_any_type(kind):
    assert not kind != COMBO  # noqa: SIM202 - this is how ComfyUI compares


@pytest.mark.parametrize("kind", ["STRING", "INT", "MODEL", "*", 5, None])
def test_the_scheduler_output_fits_nothing_else(kind):
    assert kind != COMBO
    assert json.dumps(COMBO) == '"COMBO"'
