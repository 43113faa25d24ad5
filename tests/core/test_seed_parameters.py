"""Template parameters as seeds: varied like primitives, within their own limits, and written back as they were."""

from __future__ import annotations

import copy
import json

import pytest
from switchyard_pack.core.picture_metadata import Source, metadata_for_pictures
from switchyard_pack.core.provenance import GATE, SAVE
from switchyard_pack.core.run_facts import models_upstream, seeds_upstream
from switchyard_pack.core.seed_graph import SeedInput, find_seeds, plan_attempts
from switchyard_pack.core.seeds import HIGHEST_SEED

from .gated import get_type, is_lazy, node, report, takes_lists

SEED = "SwitchyardSeedParameter"
SAMPLER = node("Sampler", seed=["seed", 0])


def seeds(graph, roots=("sample",), vary="auto", names=()):
    before = copy.deepcopy(graph)
    found = find_seeds(graph.__getitem__, list(roots), lambda _, __: (0, 2**32), vary, names)
    assert graph == before
    return found


@pytest.mark.parametrize(
    ("parameter", "seed"),
    [
        (node(SEED, name="s", value=42, order=3), SeedInput("seed", "value", 42, 0, 2**32)),
        (node(SEED, name="s", value=42, min="40", max="50"), SeedInput("seed", "value", 42, 40, 50)),
        (node("TemplateParam", name="s", type="seed", value="42"), SeedInput("seed", "value", 42, 0, 2**32)),
        (node("SwitchyardTemplateParameter", type="seed", value="42", max="50"), SeedInput("seed", "value", 42, 0, 50)),
        (node("SwitchyardIntegerParameter", value=42, order=3, max="50"), SeedInput("seed", "value", 42, 0, 50)),
    ],
)
def test_a_parameter_that_feeds_a_seed_is_varied_within_its_limits(parameter, seed):
    assert seeds({"seed": parameter, "sample": SAMPLER}) == [seed]
    planned = plan_attempts([seed], 100, "increment")
    assert all(seed.low <= attempt["seed"]["value"] <= seed.high for attempt in planned)


@pytest.mark.parametrize("parameter", [node("SwitchyardTextParameter", value="5"), node("TemplateParam", value="5")])
def test_parameters_of_other_types_are_no_seeds(parameter):
    with pytest.raises(ValueError, match="has a seed"):
        seeds({"seed": parameter, "sample": SAMPLER})


def test_one_parameter_feeds_two_samplers():
    graph = {
        "seed": node(SEED, value=1),
        "sample": SAMPLER,
        "again": node("Sampler", seed=["seed", 0], x=["sample", 0]),
    }
    assert [seed.node for seed in seeds(graph, ["again"])] == ["seed"]


def test_a_seed_that_is_plugged_into_a_parameter_keeps_to_its_limits():
    graph = {
        "number": node("PrimitiveInt", value=45),
        "seed": node(SEED, value=["number", 0], min="40", max="50"),
        "sample": SAMPLER,
    }
    assert seeds(graph) == [SeedInput("number", "value", 45, 40, 50)]


def test_attempt_seeds_and_names_choose_among_parameters_too():
    graph = {
        "seed": node(SEED, value=1),
        "mark": node("SwitchyardAttemptSeed", seed=7),
        "sample": SAMPLER,
        "again": node("Sampler", seed=["mark", 0], latent=["sample", 0]),
    }
    assert [seed.node for seed in seeds(graph, ["again"])] == ["mark"]
    assert {seed.node for seed in seeds(graph, ["again"], "all")} == {"seed", "mark"}
    assert [seed.node for seed in seeds(graph, ["again"], "named", [SEED])] == ["seed"]


def test_the_score_log_finds_seeds_and_models_in_parameters():
    graph = {
        "seed": node("TemplateParam", type="seed", value="42", min="40"),
        "file": node("SwitchyardChoiceParameter", name="model", value="a.safetensors"),
        "load": node("CheckpointLoaderSimple", ckpt_name=["file", 0]),
        "sample": node("Sampler", seed=["seed", 0], model=["load", 0]),
    }
    assert seeds_upstream(graph.__getitem__, ["sample"]) == {"seed": {"value": 42}}
    assert models_upstream(graph.__getitem__, ["sample"]) == ["a.safetensors"]


@pytest.mark.parametrize(
    ("class_type", "more", "old", "new", "position"),
    [(SEED, {}, 42, 44, 1), ("SwitchyardTemplateParameter", {"type": "seed"}, "42", "44", 2)],
)
def test_the_seed_that_won_is_written_into_graph_and_workflow(class_type, more, old, new, position):
    graph = {
        "7": node(class_type, name="seed", **more, value=old),
        "A": node("Sampler", seed=["7", 0]),
        "1": node(GATE, value=["A", 0], score=["A", 1]),
        "save": node(SAVE, images=["1", 0]),
    }
    won = {"seeds": {"7": {"value": 44}}, "replay": "all", "inner": {}, "supersedes": []}
    values = ["seed", *more.values(), old]
    link = [1, 7, 0, "A", 0, "INT"]
    workflow = {
        "nodes": [
            {"id": 7, "type": class_type, "widgets_values": [*values, "fixed", ""]},
            {"id": "A", "type": "Sampler", "inputs": [{"name": "seed", "link": 1}], "widgets_values": [0, "fixed"]},
            {"id": "1", "type": GATE, "widgets_values": [""]},
        ],
        "links": [link],
    }
    names = {name: ("STRING", {}) for name in ("name", *more)}
    inputs = {
        class_type: {**names, "value": ("INT", {"control_after_generate": True}), "label": ("STRING", {})},
        GATE: {"replay": ("STRING", {})},
    }
    source = Source("save", graph, {"workflow": workflow}, [json.dumps(report("1", won))], False)
    (chunks,), warnings = metadata_for_pictures(source, 1, is_lazy, inputs.__getitem__, get_type, takes_lists)
    assert warnings == []
    assert chunks["prompt"]["7"]["inputs"]["value"] == new
    assert chunks["workflow"]["nodes"][0]["widgets_values"][position] == new


def test_the_whole_range_of_seeds_is_there_without_limits():
    (seed,) = find_seeds({"seed": node(SEED, value=1)}.__getitem__, ["seed"], lambda _, __: (0, 0))
    assert (seed.low, seed.high) == (0, HIGHEST_SEED)
