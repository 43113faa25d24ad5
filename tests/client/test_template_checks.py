"""Checks against a server, lists of templates, and how two differ."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from switchyard.template import Template, TemplateError, compare_templates, list_templates
from template_graphs import WANTED, base_and_refiner, hires_fix, node

SAMPLER = {
    "model": ["MODEL"],
    "positive": ["CONDITIONING"],
    "negative": ["CONDITIONING"],
    "latent_image": ["LATENT"],
    "seed": ["INT", {"min": 0, "max": 2**64 - 1}],
    "steps": ["INT", {"min": 1, "max": 100}],
    "cfg": ["FLOAT", {"min": 0.0, "max": 30.0}],
    "sampler_name": [["euler", "dpmpp_2m"]],
    "scheduler": ["COMBO", {"options": ["karras", "normal"]}],
    "denoise": ["FLOAT", {"min": 0.0, "max": 1.0}],
}


def info(**required: Any) -> dict[str, Any]:
    """What a server with all nodes of the hires-fix graph says of them."""

    def held(output: list[str], **inputs: Any) -> dict[str, Any]:
        return {"input": {"required": inputs}, "output": output}

    return {
        "CheckpointLoaderSimple": held(["MODEL", "CLIP", "VAE"], ckpt_name=[["any.safetensors"]]),
        "UpscaleModelLoader": held(["UPSCALE_MODEL"], model_name=[["any_2x.pth"]]),
        "CLIPTextEncode": held(["CONDITIONING"], text=["STRING", {}], clip=["CLIP"]),
        "EmptyLatentImage": held(["LATENT"], width=["INT", {"min": 16}], height=["INT", {}], batch_size=["INT", {}]),
        "KSampler": held(["LATENT"], **{**SAMPLER, **required}),
        "VAEDecode": held(["IMAGE"], samples=["LATENT"], vae=["VAE"]),
        "VAEEncode": held(["LATENT"], pixels=["IMAGE"], vae=["VAE"]),
        "ImageUpscaleWithModel": held(["IMAGE"], upscale_model=["UPSCALE_MODEL"], image=["IMAGE"]),
        "SaveImage": held([], images=["IMAGE"], filename_prefix=["STRING", {}]),
    }


def template(graph: Any = None, **fields: Any) -> Template:
    return replace(Template.from_workflow(graph or hires_fix(), name="coast", object_info=info()), **fields)


def findings(held: Template, object_info: Any, **overrides: Any) -> list[tuple[str, str, str]]:
    return [(found.level, found.where, found.message) for found in held.check(object_info, overrides)]


def test_a_template_whose_server_has_everything_has_no_findings():
    assert findings(template(), info()) == []
    assert findings(template(), None) == []


def test_a_missing_class_is_named_with_its_nodes_and_its_pack():
    server = info()
    del server["UpscaleModelLoader"], server["VAEDecode"]
    requires = {"node_packs": [{"id": "upscalers", "class_types": ["UpscaleModelLoader"]}]}
    assert findings(template(requires=requires), server) == [
        ("error", "node 2", "The server has no node UpscaleModelLoader: install the pack upscalers."),
        ("error", "nodes 8, 12", "The server has no node VAEDecode: install the pack that has it."),
    ]


def test_a_model_that_is_not_there_is_named_with_its_address():
    server = info()
    server["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"] = [["a.safetensors", "b.safetensors"]]
    models = [{"folder": "checkpoints", "name": "any.safetensors", "url": "https://example.com/any"}]
    message = (
        'ckpt_name is "any.safetensors", which the server does not have; it has "a.safetensors", "b.safetensors"'
        " (folder checkpoints, from https://example.com/any)."
    )
    assert findings(template(requires={"models": models}), server) == [
        ("error", "node 1 (CheckpointLoaderSimple)", message)
    ]


@pytest.mark.parametrize(
    ("required", "overrides", "expected"),
    [
        ({}, {"steps": 100}, []),
        (
            {"steps": ["INT", {"max": 10}]},
            {"steps_2": 5},
            [
                ("error", "parameter steps", "steps is 18, but must be 10 or less."),
                ("warning", "parameter steps", "It allows 1 to 100, but what it sets takes 10 or less."),
                ("warning", "parameter steps_2", "It allows 1 to 100, but what it sets takes 10 or less."),
            ],
        ),
        ({"cfg": ["STRING", {}]}, {}, [("error", "parameter cfg", "It is number, but cfg of node ")] * 2),
        (
            {"sampler_name": [["heun"]]},
            {},
            [("error", "node 7_first (KSampler)", 'sampler_name is "euler", which the server does not have')] * 2,
        ),
        ({"more": ["INT", {}]}, {}, [("error", "node 7_first (KSampler)", "It has no more, which it needs.")] * 2),
        ({"grown": ["COMFY_AUTOGROW_V3", {}]}, {}, []),
        ({"sampler_name": ["COMBO", {"options": ["x"], "remote": {"route": "/x"}}]}, {}, []),
        ({"sampler_name": ["COMBO", {"options": []}]}, {}, []),
        ({"latent_image": ["INT", {"min": 5}]}, {}, []),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_server_is_found(required, overrides, expected):
    found = findings(template(), info(**required), **overrides)
    assert len(found) == len(expected)
    for (level, where, message), (wanted_level, wanted_where, words) in zip(found, expected, strict=True):
        assert (level, message[: len(words)]) == (wanted_level, words)
        assert where == wanted_where or len(expected) > 1


def test_an_output_that_a_node_does_not_have_is_found():
    graph = hires_fix()
    graph["8"]["inputs"]["vae"] = ["1", 3]
    ((level, where, message),) = findings(template(graph), info())
    assert (level, where) == ("error", "node 8 (VAEDecode)")
    assert message == "Its vae is plugged into output 3 of CheckpointLoaderSimple, which has 3."


def test_a_choice_is_held_against_what_it_feeds():
    graph = hires_fix()
    graph["20"] = node("SwitchyardChoiceParameter", name="sampler", value="euler", choices="euler\nheun")
    graph["7_first"]["inputs"]["sampler_name"] = ["20", 0]
    held = template(graph)
    server = {
        **info(),
        "SwitchyardChoiceParameter": {"input": {"required": {"value": ["STRING", {}]}}, "output": ["*"]},
    }
    assert findings(held, server) == [
        ("warning", "parameter sampler", 'The server does not have "heun", which it offers.')
    ]
    lacking = {**server, "KSampler": info(sampler_name=[["ddim", "lcm"]])["KSampler"]}
    messages = [message for level, _, message in findings(held, lacking) if level == "error"]
    assert 'Its value "euler" is not on the server, which has "ddim", "lcm".' in messages
    assert held.schema(server)["properties"]["sampler"]["enum"] == ["euler", "heun"]


def test_choices_of_the_server_are_in_the_schema():
    graph = {"1": node("Some", sampler_name="euler")}
    page = {"nodes": [], "extra": {"linearData": {"inputs": [["1", "sampler_name"]]}}}
    held = Template.from_workflow(graph, name="any", workflow=page)
    assert held.schema()["properties"]["sampler_name"]["type"] == ["string", "number", "boolean"]
    server = {"Some": {"input": {"optional": {"sampler_name": [["euler", "heun"]]}}}}
    assert held.schema(server)["properties"]["sampler_name"]["enum"] == ["euler", "heun"]


def test_what_can_be_seen_without_a_server():
    held = Template.from_workflow({"1": node("Any")}, name="bare")
    assert [found[2] for found in findings(held, None)] == [
        "The template has no parameters.",
        "No node of the graph is known to save anything.",
    ]


KEYS = st.sampled_from(["required", "min", "max", "step", "options", "steps", "input"])
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["INT", "COMBO", "STRING", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=75, deadline=None)
@given(st.sampled_from([(), ("input",), ("output",), ("input", "required"), ("input", "required", "steps")]), JUNK)
def test_nothing_that_a_server_says_of_its_nodes_crashes(path, junk):
    server = info()
    holder: Any = server
    steps = ["KSampler", *path]
    for step in steps[:-1]:
        holder = holder[step]
    holder[steps[-1]] = junk
    held = Template.from_workflow(hires_fix(), name="any", object_info=server)
    held.check(server)
    held.schema(server)


def test_a_folder_is_listed_with_what_is_broken_in_it(tmp_path):
    assert list_templates(tmp_path / "missing") == []
    template().save(tmp_path)
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "renamed.json").write_bytes((tmp_path / "coast.json").read_bytes())
    (tmp_path / "graph.json").write_text(json.dumps(hires_fix()))
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere")
    (tmp_path / ".coast.0f.part").write_text("{")
    (tmp_path / ".hidden.json").write_text("{")
    (tmp_path / "notes.txt").write_text("x")
    found = {held.name: held for held in list_templates(tmp_path)}
    assert list(found) == ["broken", "coast", "folder", "gone", "graph", "renamed"]
    assert found["coast"].template == template()
    words = {
        "broken": "is no JSON", "folder": "can't be read", "gone": "No such file", "graph": "no Switchyard template",
        "renamed": 'It calls itself "coast", but the file is called renamed.json',
    }  # fmt: skip
    for name, text in words.items():
        assert found[name].template is None
        assert text in found[name].error


def test_a_folder_that_can_not_be_read_is_said_so():
    with pytest.raises(TemplateError, match="File name too long"):
        list_templates("x" * 5000)


def test_a_canvas_that_shows_other_values_is_not_changed_in_a_wrong_place():
    """Its cfg happens to be what steps is in the graph."""
    for cfg, place in ((18, None), (6.0, 2)):
        values = [11, "randomize", 25 if place is None else 18, cfg, "euler", "karras", 1.0]
        page = {"nodes": [{"id": "7_first", "widgets_values": values}]}
        graph = hires_fix()
        graph["11_second"]["inputs"]["steps"] = 13
        changed = template(graph, workflow=page).page_workflow({"steps": 33})
        assert (changed and changed["nodes"][0]["widgets_values"][2]) == (None if place is None else 33)


def test_equal_templates_do_not_differ():
    laid_out = replace(template(), workflow={"nodes": []}, provenance={"by": "x"}, remarks=("x",))
    assert compare_templates(template(), laid_out) == []


def test_what_differs_is_listed_place_by_place():
    first = template()
    graph = hires_fix()
    graph["4"]["inputs"]["text"] = "a bay"
    graph["5"]["inputs"]["batch_size"] = True
    graph["13"] = node("PreviewImage", images=["12", 0])
    del graph["5"]["inputs"]["height"]
    second = template(graph, title="New", tags=("a",))
    differences = {held.what: (held.before, held.after) for held in compare_templates(first, second)}
    expected = {
        "title": (None, "New"),
        "tags": (None, ["a"]),
        "node 4: text": (WANTED, "a bay"),
        "parameter prompt: default": (WANTED, "a bay"),
        "node 5: height": (768, None),
        "node 5: batch_size": (1, True),
        "node 13: class_type": ("SaveImage", "PreviewImage"),
    }
    assert {what: differences.get(what) for what in expected} == expected


def test_nodes_and_parameters_that_only_one_has_are_listed_whole():
    differences = compare_templates(template(), template(base_and_refiner()))
    whats = {held.what: held for held in differences}
    assert whats["node 13"].after is None
    assert whats["node save"].before is None
    assert whats["parameter denoise"].after is None


def test_a_name_that_is_not_there_is_an_error():
    with pytest.raises(TemplateError, match="has no parameter"):
        template().check(info(), {"nothing": 1})
