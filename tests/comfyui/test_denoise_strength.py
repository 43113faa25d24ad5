"""Denoise Strength in a real server: equal to ComfyUI's own schedules, and where KSampler really starts."""

from __future__ import annotations

import math

import pytest
from graphs import catch, caught, node, value
from schedules import SEVEN, ask_comfyui, pipeline, sampler, seen, watch
from switchyard_pack.core.denoise_strength import EFFECTS
from switchyard_pack.core.noise_schedule import sd15_noise


def strength_graph(**inputs):
    inputs = {"scheduler": "karras", "steps": 15, "effect": "add detail", **inputs}
    return {"strength": node("SwitchyardDenoiseStrength", **inputs), "end": catch("strength", 5)}


def sample_graph(strength, scheduler, steps, model=("checkpoint", 0)):
    """A KSampler with that denoise, which tells the sigmas that it was at."""
    return {
        **pipeline(),
        "strength": node("SwitchyardDenoiseStrength", **{"scheduler": scheduler, "steps": steps, **strength}),
        "watched": watch(list(model), "second pass"),
        "sampler": sampler(
            *("KSampler", ["watched", 0], ["latent", 0]),
            seed=1,
            denoise=["strength", 0],
            steps=["strength", 1],
            scheduler=["strength", 2],
        ),
        "seen": seen("sampler", "second pass"),
    }


def test_our_table_of_sd15_is_comfyuis(layout):
    assert list(sd15_noise().table) == pytest.approx(ask_comfyui(layout)["table"], rel=2e-5)


@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("scheduler", [*SEVEN, "kl_optimal", "linear_quadratic"])
def test_ksampler_starts_where_no_other_denoise_comes_closer(run, layout, scheduler, effect):
    answer = ask_comfyui(layout)
    result = run(sample_graph({"effect": effect}, scheduler, 15))
    assert result.status == "success", result.error
    sigmas, data = result.outputs["seen"]["sigmas"], result.verdict("strength")["data"]
    assert len(sigmas) == 15
    assert data["timestep"] == sd15_noise().timestep_of(sigmas[0])
    distance = abs(math.log(sigmas[0] / answer["targets"]["15"][effect]))
    assert distance <= answer["closest"][scheduler][effect] + 1e-4


@pytest.mark.parametrize("steps", [15, 30])
@pytest.mark.parametrize("effect", EFFECTS)
def test_with_normal_it_is_the_number_of_the_guide(run, layout, effect, steps):
    result = run(sample_graph({"effect": effect}, "normal", steps))
    assert result.verdict("strength")["data"]["denoise"] == EFFECTS[effect]
    target = ask_comfyui(layout)["targets"][str(steps)][effect]
    assert result.outputs["seen"]["sigmas"][0] == pytest.approx(target, rel=1e-5)


def test_measure_says_where_ksampler_starts_for_every_scheduler(run, layout):
    answer = ask_comfyui(layout)
    graph = {}
    for name in answer["schedulers"]:
        graph |= {name: strength_graph(scheduler=name, effect="measure")["strength"], f"end {name}": catch(name)}
    result = run(graph)
    found = {name: result.verdict(name)["data"]["timestep"] for name in answer["schedulers"]}
    assert found == {name: sd15_noise().timestep_of(sigma) for name, sigma in answer["starts at 0.45"].items()}
    assert (found["karras"], found["exponential"], found["normal"], found["simple"]) == (315, 144, 437, 454)
    assert result.verdict("karras")["data"]["equivalent"] == 0.33


@pytest.mark.parametrize("scheduler", ["simple", "beta", "normal"])
def test_a_flow_model_starts_at_the_same_ratio_of_noise(run, layout, scheduler):
    graph = sample_graph({"effect": "add detail", "model": ["flow", 0]}, scheduler, 15, ("flow", 0))
    graph["flow"] = node("ModelSamplingSD3", model=["checkpoint", 0], shift=3.0)
    result = run(graph)
    assert result.status == "success", result.error
    sigma = result.outputs["seen"]["sigmas"][0]
    assert sigma / (1 - sigma) == pytest.approx(ask_comfyui(layout)["targets"]["15"]["add detail"], rel=0.12)
    assert result.verdict("strength")["data"]["effect"] == "add detail"


def test_nothing_and_all(run):
    nothing = run(sample_graph({"effect": "own strength", "strength": 0.0}, "karras", 4))
    assert nothing.status == "success", nothing.error
    assert "sigmas" not in nothing.outputs["seen"] or nothing.outputs["seen"]["sigmas"] == []
    everything = run(sample_graph({"effect": "own strength", "strength": 1.0}, "karras", 4))
    assert everything.outputs["seen"]["sigmas"][0] == pytest.approx(sd15_noise().table[-1], rel=1e-4)


@pytest.mark.parametrize(
    ("inputs", "name"),
    [
        ({"steps": 0}, "steps"),
        ({"steps": "many"}, "steps"),
        ({"scheduler": "kerras"}, "scheduler"),
        ({"effect": "0.45"}, "effect"),
        ({"strength": 1.01}, "strength"),
        ({"strength": -0.1}, "strength"),
        ({"strength": "much"}, "strength"),
    ],
)
def test_a_wrong_literal_is_refused_before_anything_runs(run, inputs, name):
    result = run(strength_graph(**inputs))
    assert result.status == "rejected"
    assert name in str(result.node_errors or result.error)
    assert result.started == []


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"model": "text"}, 'model is "text", which has no noise levels; it must be a MODEL'),
        ({"steps": "nan"}, "steps is NaN; it must be a whole number from 1 to 10000"),
        ({"strength": "text"}, 'strength is "text"; it must be a number from 0 to 1'),
        ({"strength": "nan"}, "strength is NaN"),
        ({"scheduler": "empty text"}, 'There is no scheduler "". Use one of: simple'),
        ({"effect": "none"}, "There is no effect None. Use one of: sharpen"),
    ],
)
def test_a_wrong_link_is_an_error_that_says_what_to_do(run, inputs, message):
    name, given = next(iter(inputs.items()))
    graph = strength_graph(**{"effect": "measure", name: ["wrong", 0]})
    result = run({**graph, "wrong": value(given)})
    assert result.status == "error"
    assert result.error_node == "strength"
    assert message in result.error


def test_nan_as_a_literal_and_a_schedule_without_numbers_are_errors(run):
    result = run(strength_graph(effect="measure", strength=float("nan")))
    assert "strength is NaN; it must be a number from 0 to 1" in result.error
    result = run(strength_graph(effect="measure", strength=1.0, steps=1, scheduler="kl_optimal"))
    assert "kl_optimal gives noise levels that are no numbers for a schedule of 1 step." in result.error


def test_numbers_of_numpy_are_taken(run):
    graph = strength_graph(effect="measure", strength=["number", 0])
    result = run({**graph, "number": value("numpy 0.9"), "denoise": catch("strength")})
    assert caught(result, "denoise") == ["0.9"]
