"""Templates of graphs that mark nothing: what is set of their samplers is found by links, never by ids."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from switchyard.template import Template, TemplateError
from template_graphs import UNWANTED, WANTED, base_and_refiner, binds, by_name, hires_fix, node


def guessed(graph: dict[str, Any], **options: Any) -> dict[str, Any]:
    return by_name(Template.from_workflow(graph, name="any", **options))


def encode(text: Any, **inputs: Any) -> dict[str, Any]:
    return node("CLIPTextEncode", text=text, clip=["1", 1], **inputs)


def sampled(positive: Any, negative: Any = None, **nodes: Any) -> dict[str, Any]:
    """A graph with one sampler, and other nodes."""
    settings = {"seed": 3, "steps": 9, "cfg": 4.0, "denoise": 1.0, "sampler_name": "euler", "scheduler": "normal"}
    links = {"model": ["1", 0], "positive": positive, "negative": negative or ["n", 0], "latent_image": ["5", 0]}
    return {
        "1": node("CheckpointLoaderSimple", ckpt_name="any.safetensors"),
        "n": encode(UNWANTED),
        "5": node("EmptyLatentImage", width=64, height=64, batch_size=1),
        **nodes,
        "k": node("KSampler", **links, **settings),
    }


def test_a_hires_fix_is_known_by_its_samplers():
    held = guessed(hires_fix())
    assert list(held) == ["prompt", "negative_prompt", "seed", "steps", "steps_2", "cfg", "denoise", "denoise_2"]
    assert (held["prompt"].default, binds(held["prompt"])) == (WANTED, {("4", "text")})
    assert (held["negative_prompt"].default, binds(held["negative_prompt"])) == (UNWANTED, {("3", "text")})
    assert binds(held["seed"]) == {("7_first", "seed"), ("11_second", "seed")}
    assert (held["steps"].default, held["steps_2"].default) == (18, 12)
    assert (held["denoise"].default, held["denoise_2"].default) == (1.0, 0.4)
    assert [held[name].type for name in ("prompt", "seed", "steps", "cfg")] == ["text", "seed", "integer", "number"]


def test_a_prompt_in_base_and_refiner_is_one_parameter():
    held = guessed(base_and_refiner())
    assert list(held) == ["prompt", "negative_prompt", "seed", "steps", "cfg"]
    assert binds(held["prompt"]) == {("b", "text"), ("d", "text")}
    assert binds(held["negative_prompt"]) == {("a", "text"), ("c", "text")}
    assert binds(held["seed"]) == {("first", "noise_seed"), ("second", "noise_seed")}
    graph = Template.from_workflow(base_and_refiner(), name="any").apply({"prompt": "a fox"})
    assert [graph[node_id]["inputs"]["text"] for node_id in "abcd"] == [UNWANTED, "a fox", UNWANTED, "a fox"]


def test_each_guess_is_told():
    remarks = Template.from_workflow(hires_fix(), name="any").remarks
    assert len(remarks) == 8
    assert remarks[0] == ("prompt is guessed: text of node 4 (CLIPTextEncode), by way of node 7_first (KSampler).")


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([hires_fix, base_and_refiner]), st.randoms(use_true_random=False))
def test_ids_and_their_order_do_not_matter(make, random):
    graph = make()
    names = [str(number) for number in range(len(graph))]
    random.shuffle(names)
    renamed = dict(zip(graph, names, strict=True))
    items = [
        (
            renamed[node_id],
            node(
                held["class_type"],
                **{
                    key: [renamed[value[0]], value[1]] if isinstance(value, list) else value
                    for key, value in held["inputs"].items()
                },
            ),
        )
        for node_id, held in graph.items()
    ]
    random.shuffle(items)
    expected = {
        name: (parameter.type, parameter.default, {(renamed[place], key) for place, key in binds(parameter)})
        for name, parameter in guessed(graph).items()
    }
    found = guessed(dict(items))
    assert {name: (held.type, held.default, binds(held)) for name, held in found.items()} == expected


def test_conditioning_that_is_handed_on_in_two_is_followed_by_its_output():
    control = node(
        "ControlNetApplyAdvanced",
        positive=["p", 0], negative=["n", 0], control_net=["c", 0], image=["i", 0], strength=1.0, start_percent=0.0,
        end_percent=1.0,
    )  # fmt: skip
    nodes = {"p": encode(WANTED), "c": node("ControlNetLoader"), "i": node("LoadImage", image="a.png"), "both": control}
    for first, second in ((0, 1), (1, 0)):
        held = guessed(sampled(["both", first], ["both", second], **nodes))
        texts = {"prompt": [WANTED, UNWANTED][first], "negative_prompt": [WANTED, UNWANTED][second]}
        assert {name: held[name].default for name in texts} == texts


@pytest.mark.parametrize("is_known", [False, True])
def test_conditionings_may_come_after_other_outputs(is_known):
    """As with nodes that hand on a model first: there output 1 is the positive one."""
    inputs = {"model": ["1", 0], "positive": ["p", 0], "negative": ["n", 0]}
    nodes = {"p": encode(WANTED), "f": node("ApplyFace", **inputs)}
    info = {"ApplyFace": {"input": {}, "output": ["MODEL", "CONDITIONING", "CONDITIONING"]}} if is_known else None
    held = guessed(sampled(["f", 1], ["f", 2], **nodes), object_info=info)
    assert (held["prompt"].default, held["negative_prompt"].default) == (WANTED, UNWANTED)
    if is_known:
        held = guessed(sampled(["f", 1], ["n", 0], **nodes), object_info=info)
        assert (held["prompt"].default, held["negative_prompt"].default) == (WANTED, UNWANTED)


def test_a_positive_that_is_no_link_is_not_taken_for_the_negative():
    both = node("Both", positive=["p", 0], negative="words of its own")
    held = guessed(sampled(["n", 0], ["both", 1], p=encode(WANTED), both=both))
    assert held["prompt"].default == UNWANTED
    assert "negative_prompt" not in held


def test_conditionings_that_are_joined_are_prompts_of_their_own():
    joined = node("ConditioningCombine", conditioning_1=["p", 0], conditioning_2=["q", 0])
    held = guessed(sampled(["j", 0], p=encode("a bay"), q=encode("at night"), j=joined))
    assert (held["prompt"].default, held["prompt_2"].default) == ("a bay", "at night")


def test_a_negative_that_is_zeroed_out_is_no_parameter_of_its_own():
    zeroed = node("ConditioningZeroOut", conditioning=["p", 0])
    held = guessed(sampled(["p", 0], ["z", 0], p=encode(WANTED), z=zeroed))
    assert held["prompt"].default == WANTED
    assert binds(held["prompt"]) == {("p", "text")}
    assert "negative_prompt" not in held


def test_values_in_nodes_of_their_own_are_found_behind_the_links():
    graph = sampled(
        ["p", 0],
        p=encode(["words", 0]),
        words=node("PrimitiveString", value=WANTED),
        number=node("PrimitiveInt", value=77),
    )
    graph["k"]["inputs"]["seed"] = ["number", 0]
    held = guessed(graph)
    assert (held["prompt"].default, binds(held["prompt"])) == (WANTED, {("words", "value")})
    assert (held["seed"].default, binds(held["seed"])) == (77, {("number", "value")})


def test_texts_that_are_computed_are_left_alone():
    joined = node("StringConcatenate", string_a="a", string_b="b", delimiter=" ")
    held = guessed(sampled(["p", 0], p=encode(["join", 0]), join=joined))
    assert "prompt" not in held
    assert held["negative_prompt"].default == UNWANTED


def test_one_text_for_positive_and_negative_is_bound_once():
    held = guessed(sampled(["n", 0], ["n", 0]))
    assert binds(held["prompt"]) == {("n", "text")}
    assert "negative_prompt" not in held


def custom_sampler(guider: dict[str, Any]) -> dict[str, Any]:
    return {
        "1": node("UNETLoader", unet_name="any.safetensors", weight_dtype="default"),
        "p": encode(WANTED),
        "n": encode(UNWANTED),
        "g": guider,
        "noise": node("RandomNoise", noise_seed=8),
        "plan": node("BasicScheduler", model=["1", 0], scheduler="simple", steps=16, denoise=0.9),
        "split": node("SplitSigmas", sigmas=["plan", 0], step=4),
        "sampler": node("KSamplerSelect", sampler_name="euler"),
        "latent": node("EmptyLatentImage", width=64, height=64, batch_size=1),
        "k": node(
            "SamplerCustomAdvanced",
            noise=["noise", 0], guider=["g", 0], sampler=["sampler", 0], sigmas=["split", 1],
            latent_image=["latent", 0],
        ),
    }  # fmt: skip


def test_newer_samplers_take_their_settings_from_nodes_around_them():
    held = guessed(custom_sampler(node("CFGGuider", model=["1", 0], positive=["p", 0], negative=["n", 0], cfg=3.5)))
    assert {name: parameter.default for name, parameter in held.items()} == {
        "prompt": WANTED, "negative_prompt": UNWANTED, "seed": 8, "steps": 16, "cfg": 3.5, "denoise": 0.9,
    }  # fmt: skip
    assert binds(held["seed"]) == {("noise", "noise_seed")}
    assert binds(held["steps"]) == {("plan", "steps")}
    held = guessed(custom_sampler(node("BasicGuider", model=["1", 0], conditioning=["p", 0])))
    assert (held["prompt"].default, "negative_prompt" in held, "cfg" in held) == (WANTED, False, False)


def test_limits_are_the_servers_else_those_of_a_stock_comfyui():
    held = guessed(hires_fix())
    assert (held["steps"].min, held["steps"].max) == (1, 10000)
    assert (held["denoise"].min, held["denoise"].max, held["denoise"].step) == (0.0, 1.0, 0.01)
    info = {"KSampler": {"input": {"required": {"steps": ["INT", {"min": 2, "max": 60}], "cfg": ["FLOAT", {}]}}}}
    held = guessed(hires_fix(), object_info=info)
    assert (held["steps"].min, held["steps"].max, held["cfg"].max) == (2, 60, None)


@pytest.mark.parametrize(
    ("key", "value", "name"),
    [("seed", -1, "seed"), ("seed", 2**64, "seed"), ("steps", 4.5, "steps"), ("steps", True, "steps"),
     ("steps", 10**30, "steps"), ("cfg", "high", "cfg"), ("cfg", None, "cfg")],
)  # fmt: skip
def test_what_is_no_value_of_its_kind_is_no_parameter(key, value, name):
    graph = sampled(["p", 0], p=encode(WANTED))
    graph["k"]["inputs"][key] = value
    held = guessed(graph)
    assert name not in held
    assert "prompt" in held


def test_a_value_beyond_the_limits_widens_them():
    graph = sampled(["p", 0], p=encode(WANTED))
    graph["k"]["inputs"]["cfg"] = -2.0
    assert guessed(graph)["cfg"].min is None
    assert guessed(graph)["cfg"].max == 100.0


def test_a_graph_without_samplers_has_no_parameters_and_says_so():
    held = Template.from_workflow({"1": node("LoadImage", image="a.png")}, name="any")
    assert held.parameters == ()
    assert held.remarks == (
        "The graph has no parameter nodes, inputs shown in App mode, or samplers: the template has no parameters.",
    )
    assert held.apply() == held.graph
    with pytest.raises(TemplateError, match="It has: none"):
        held.apply({"prompt": "x"})


def chain(length: int) -> dict[str, Any]:
    """A sampler whose prompt goes through a long row of nodes."""
    row = {
        f"r{number}": node("ConditioningSetArea", conditioning=[f"r{number - 1}" if number else "p", 0], width=64)
        for number in range(length)
    }
    return sampled([f"r{length - 1}", 0], p=encode(WANTED), **row)


def test_a_long_row_of_nodes_is_followed_to_its_end():
    begin = time.process_time()
    assert guessed(chain(5000))["prompt"].default == WANTED
    assert time.process_time() - begin < 5  # an endless loop, not a slow one, is what this is about


def test_a_long_row_of_schedules_is_followed_to_its_end():
    graph = custom_sampler(node("BasicGuider", model=["1", 0], conditioning=["p", 0]))
    for number in range(5000):
        graph[f"s{number}"] = node("SplitSigmas", sigmas=[f"s{number - 1}" if number else "plan", 0], step=1)
    graph["k"]["inputs"]["sigmas"] = ["s4999", 0]
    begin = time.process_time()
    assert guessed(graph)["steps"].default == 16
    assert time.process_time() - begin < 5


def test_circles_and_links_to_nowhere_are_errors():
    graph = hires_fix()
    graph["5"]["inputs"]["width"] = ["13", 0]
    with pytest.raises(TemplateError, match=r"runs in a circle: .* needs its own result"):
        guessed(graph)
    graph = hires_fix()
    graph["9"]["inputs"]["upscale_model"] = ["upscale_loader", 0]
    with pytest.raises(TemplateError, match=r"upscale_model of node 9 .* is plugged into node upscale_loader, which"):
        guessed(graph)
    long = chain(5000)
    long["p"]["inputs"]["clip"] = ["k", 0]
    with pytest.raises(TemplateError, match="runs in a circle"):
        guessed(long)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({}, "The graph is empty"),
        ([], "this is a list"),
        (None, "nothing"),
        ({"nodes": [], "links": []}, "workflow as the page saves it"),
        ({"prompt": {}}, "The graph is empty"),
        ({"1": {"inputs": {}}}, '"1" is no node'),
        ({"1": {"class_type": "A"}}, 'has no "inputs"'),
        ({"1": {"class_type": 5, "inputs": {}}}, "is no node"),
        ({"1": {"class_type": "A", "inputs": {"x": {1, 2}}}}, "JSON can't hold the graph"),
        ({"1": {"class_type": "A", "inputs": {"x": float("nan")}}}, "JSON can't hold the graph"),
        ({"1": {"class_type": "A", "inputs": {("x", "y"): 1}}}, "JSON can't hold the graph"),
    ],
)
def test_what_is_no_graph_is_said_so(source, words):
    with pytest.raises(TemplateError, match=words):
        guessed(source)


def test_a_graph_is_found_in_what_clients_and_the_page_send():
    page = {"nodes": [], "groups": []}
    for source in (
        {"prompt": hires_fix(), "client_id": "x", "extra_data": {"extra_pnginfo": {"workflow": page}}},
        {"output": hires_fix(), "workflow": page},
    ):
        held = Template.from_workflow(source, name="any")
        assert held.graph == hires_fix()
        assert held.workflow == page
    named = {"prompt": node("A"), "output": node("B")}
    assert set(Template.from_workflow(named, name="any").graph) == {"prompt", "output"}


def test_what_runs_is_kept_and_nothing_else():
    graph = hires_fix()
    graph["1"] |= {"is_changed": [float("nan")], "more": object(), "_meta": "no title"}
    held = Template.from_workflow(graph, name="any")
    assert held.graph["1"] == hires_fix()["1"]
    assert held.graph["13"]["_meta"] == {"title": "Final"}
