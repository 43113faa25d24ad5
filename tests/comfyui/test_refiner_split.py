"""Refiner Split in a real server: equal to ComfyUI's own schedules, and where two samplers really hand over."""

from __future__ import annotations

import pytest
from graphs import catch, caught, node, value
from schedules import SEVEN, ask_comfyui, pipeline, sampler, seen, watch

from engine.layout import NOISE_CHECKPOINT

CHECKPOINT = node("CheckpointLoaderSimple", ckpt_name=NOISE_CHECKPOINT)


def split_graph(**inputs):
    inputs = {"model": ["checkpoint", 0], "scheduler": "karras", "steps": 25, **inputs}
    return {
        "checkpoint": CHECKPOINT,
        "split": node("SwitchyardRefinerSplit", **inputs),
        "end": catch("split", 0),
    }


def test_seven_schedulers_at_three_step_counts_are_equal_to_comfyui(run, layout):
    wanted = {
        (name, steps): ask_comfyui(layout)["splits"][name][str(steps)] for name in SEVEN for steps in (25, 30, 40)
    }
    graph = {"checkpoint": CHECKPOINT}
    for name, steps in wanted:
        split = f"{name} {steps}"
        graph[split] = node("SwitchyardRefinerSplit", model=["checkpoint", 0], scheduler=name, steps=steps)
        graph[f"end {split}"] = catch(split)
    result = run(graph)
    found = {(name, steps): int(caught(result, f"end {name} {steps}")[0]) for name, steps in wanted}
    assert found == wanted
    assert (wanted["karras", 25], wanted["exponential", 25], wanted["simple", 25]) == (16, 13, 20)


def test_every_scheduler_of_the_core_is_split_on_a_flow_model_with_a_shift(run, layout):
    answer = ask_comfyui(layout)
    graph = {"checkpoint": CHECKPOINT, "flow": node("ModelSamplingSD3", model=["checkpoint", 0], shift=3.0)}
    for name in answer["schedulers"]:
        graph[name] = node("SwitchyardRefinerSplit", model=["flow", 0], scheduler=name, steps=25)
        graph[f"end {name}"] = catch(name)
    result = run(graph)
    found = {name: int(caught(result, f"end {name}")[0]) for name in answer["schedulers"]}
    assert found == {name: splits["25"] for name, splits in answer["flow splits"].items()}


@pytest.mark.parametrize(
    ("scheduler", "steps"), [("karras", 10), ("exponential", 9), ("ddim_uniform", 12), ("beta", 8)]
)
def test_two_samplers_driven_by_it_hand_over_at_the_reported_noise(run, scheduler, steps):
    links = {"steps": ["split", 2], "scheduler": ["split", 3], "noise_seed": 1}
    result = run(
        {
            **pipeline(),
            "split": node("SwitchyardRefinerSplit", model=["checkpoint", 0], scheduler=scheduler, steps=steps),
            "base model": watch(["checkpoint", 0], "base"),
            "refiner model": watch(["checkpoint", 0], "refiner"),
            "base": sampler(
                *("KSamplerAdvanced", ["base model", 0], ["latent", 0]),
                **{**links, "add_noise": "enable", "start_at_step": 0, "end_at_step": ["split", 0]},
                return_with_leftover_noise="enable",
            ),
            "refiner": sampler(
                *("KSamplerAdvanced", ["refiner model", 0], ["base", 0]),
                **{**links, "add_noise": "disable", "start_at_step": ["split", 1], "end_at_step": 10000},
                return_with_leftover_noise="disable",
            ),
            "base seen": seen("refiner", "base"),
            "refiner seen": seen("refiner", "refiner"),
        }
    )
    assert result.status == "success", result.error
    data = result.verdict("split")["data"]
    base, refiner = result.outputs["base seen"]["sigmas"], result.outputs["refiner seen"]["sigmas"]
    assert (len(base), len(base) + len(refiner)) == (data["step"], data["made"])
    assert refiner[0] == pytest.approx(data["sigma"], rel=1e-5)
    boundary = 0.5688
    assert max(refiner) <= boundary < min(base)


def test_a_patched_sampling_is_split_by_its_own_noise(run):
    graph = split_graph(model=["patched", 0])
    graph["patched"] = node("ModelSamplingDiscrete", model=["checkpoint", 0], sampling="v_prediction", zsnr=True)
    assert caught(run(graph)) == ["22"]


def test_the_model_is_not_loaded_for_it(make_server):
    """In a server of its own, where nothing else has loaded a model."""
    from engine.pack import install_pack
    from engine.run import run_graph

    server = make_server("refiner_split_load")
    install_pack(server.base / "custom_nodes")
    graph = {**split_graph(), "loaded": node("ProbeLoaded", after=["split", 4])}
    result = run_graph(server.start(), graph)
    assert result.status == "success", result.error
    assert result.outputs["loaded"].get("loaded", []) in ([], ["SD1ClipModel"])  # the loader loads its CLIP itself
    server.stop()


def test_the_scheduler_goes_into_combos_and_any_types(run):
    graph = {**split_graph(), "caught": catch("split", 3), "strength": None}
    graph["strength"] = node("SwitchyardDenoiseStrength", scheduler=["split", 3], steps=["split", 2], effect="measure")
    graph["report"] = catch("strength", 5)
    result = run(graph)
    assert result.status == "success", result.error
    assert caught(result, "caught") == ["'karras'"]
    assert "0.45 with karras at 25 steps" in result.outputs["report"]["texts"][0]


@pytest.mark.parametrize(
    ("inputs", "name"),
    [
        ({"steps": 0}, "steps"),
        ({"steps": -5}, "steps"),
        ({"steps": "many"}, "steps"),
        ({"steps": None}, "steps"),
        ({"scheduler": "kerras"}, "scheduler"),
        ({"split": "80/20"}, "split"),
        ({"timestep": 1001}, "timestep"),
        ({"base_share": 1.5}, "base_share"),
        ({"model": ["end", 0]}, "model"),
    ],
)
def test_a_wrong_literal_is_refused_before_anything_runs(run, inputs, name):
    result = run(split_graph(**inputs) if "model" not in inputs else {**split_graph(), **_wrong_link()})
    assert result.status == "rejected"
    assert name in str(result.node_errors or result.error)
    assert result.started == []


def _wrong_link():
    return {
        "picture": node("EmptyImage", width=8, height=8, batch_size=1, color=0),
        "split": node("SwitchyardRefinerSplit", model=["picture", 0], scheduler="karras", steps=25),
    }


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"model": "text"}, 'model is "text", which has no noise levels; it must be a MODEL'),
        ({"model": "none"}, "model is None, which has no noise levels"),
        ({"steps": "nan"}, "steps is NaN; it must be a whole number from 1 to 10000"),
        ({"steps": "0.5"}, "steps is 0.5; it must be a whole number from 1 to 10000"),
        ({"steps": "0"}, "steps is 0; it must be a whole number"),
        ({"scheduler": "text"}, 'There is no scheduler "text". Use one of: simple, sgm_uniform, karras'),
        ({"split": "1"}, "There is no split 1. Use one of: noise level"),
    ],
)
def test_a_wrong_link_is_an_error_that_says_what_to_do(run, inputs, message):
    name, given = next(iter(inputs.items()))
    result = run({**split_graph(**{name: ["wrong", 0]}), "wrong": value(given)})
    assert result.status == "error"
    assert result.error_node == "split"
    assert message in result.error


def test_nan_as_a_share_is_an_error(run):
    result = run(split_graph(split="own share", base_share=float("nan")))
    assert "base_share is NaN; it must be a number from 0 to 1" in result.error
