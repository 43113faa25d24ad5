"""The parameter nodes: what they hand on, with nothing for the page to decide, and whatever a link may bring."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest
import switchyard_pack
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from switchyard_pack.core.template_parameters import CLASSES, DESCRIBED, TYPES, ParameterError
from switchyard_pack.nodes.host.parameter_inputs import CATEGORY, hidden_inputs, mark_problems
from switchyard_pack.nodes.host.prompts import handle_prompt

MAPPINGS = {**switchyard_pack.NODE_CLASS_MAPPINGS, **switchyard_pack.PLAIN_IDS}
NODES = {kind: MAPPINGS[class_type] for class_type, kind in CLASSES.items() if kind}
GENERAL = MAPPINGS["TemplateParam"]
GIVES = {"text": "a cat", "integer": 30, "number": 4.5, "boolean": False, "choice": "euler", "seed": 2**64 - 1}
IMAGE = torch.rand(1, 8, 8, 3, generator=torch.Generator().manual_seed(1))


class LoadImage:
    """Stands for ComfyUI's own."""

    FUNCTION = "load_image"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": (["cat.png"], {"image_upload": True, "image_folder": "input"})}}

    @classmethod
    def IS_CHANGED(cls, image):
        return f"mark of {image}"

    def load_image(self, image):
        return IMAGE, f"mask of {image}"


@pytest.fixture(autouse=True)
def comfyui(monkeypatch):
    """A ComfyUI that has our nodes, Load Image, and the files cat.png and sub/dog.png."""
    nodes, folders = ModuleType("nodes"), ModuleType("folder_paths")
    nodes.NODE_CLASS_MAPPINGS = dict(MAPPINGS, LoadImage=LoadImage)
    folders.exists_annotated_filepath = lambda file: file in ("cat.png", "sub/dog.png")
    monkeypatch.setitem(sys.modules, "nodes", nodes)
    monkeypatch.setitem(sys.modules, "folder_paths", folders)
    return nodes


def inputs_of(node):
    types = node.INPUT_TYPES()
    return {**types["required"], **types["optional"]}


def test_every_parameter_of_the_table_is_a_node_of_the_group():
    group = {name for name, node in MAPPINGS.items() if node.CATEGORY == CATEGORY}
    assert group == set(CLASSES)
    assert list(NODES) == list(TYPES)


@pytest.mark.parametrize("kind", TYPES)
def test_the_inputs_are_in_the_order_that_callers_and_saved_workflows_count_on(kind):
    own = {"integer": ["min", "max", "step"], "number": ["min", "max", "step"], "seed": ["min", "max"]}
    described = ["label", "description", "group", "order", "default", *own.get(kind, [])]
    described += ["choices"] if kind == "choice" else []
    assert list(inputs_of(NODES[kind])) == ["name", "value", *described]
    assert all(inputs_of(NODES[kind])[name][1]["advanced"] for name in described)


def test_the_general_one_has_the_inputs_of_all():
    assert list(inputs_of(GENERAL)) == ["name", "type", "value", *DESCRIBED]
    assert inputs_of(GENERAL)["type"][0] == list(TYPES)


@pytest.mark.parametrize("kind", GIVES)
def test_a_parameter_hands_its_value_on_and_nothing_to_the_page(kind):
    own, general = NODES[kind]().execute("it", GIVES[kind]), GENERAL().execute("it", kind, str(GIVES[kind]))
    for (found,) in (own, general):
        assert (found, type(found)) == (GIVES[kind], type(GIVES[kind]))


def test_a_picture_is_loaded_by_comfyui_itself():
    assert NODES["image"]().execute("it", "sub/dog.png") == (IMAGE, "mask of sub/dog.png")
    assert GENERAL().execute("it", "image", "cat.png") == (IMAGE,)
    files, options = NODES["image"].INPUT_TYPES()["required"]["value"]
    assert (files, options["image_upload"], options["image_folder"]) == (["cat.png"], True, "input")


@pytest.mark.parametrize(("file", "words"), [("gone.png", 'is "gone.png"'), ("", "is empty"), (None, "is None")])
def test_a_picture_that_is_not_there_is_named(file, words):
    for run in (lambda: NODES["image"]().execute("it", file), lambda: GENERAL().execute("it", "image", file)):
        with pytest.raises(ParameterError, match=f"^Parameter 'it': value {words}"):
            run()


def test_a_picture_runs_again_when_its_file_changes():
    assert NODES["image"].IS_CHANGED(name="it", value="cat.png", prompt={}) == "mark of cat.png"
    assert GENERAL.IS_CHANGED(type="image", value="cat.png", name="it") == "mark of cat.png"
    for value in ("gone.png", None, ""):
        assert NODES["image"].IS_CHANGED(value=value) == GENERAL.IS_CHANGED("image", value) == ""
    assert GENERAL.IS_CHANGED("text", "cat.png") == ""


def test_outside_comfyui_there_are_no_pictures_to_choose(monkeypatch):
    monkeypatch.delitem(sys.modules, "nodes")
    assert NODES["image"].INPUT_TYPES()["required"]["value"][0] == []


anything = st.sampled_from(
    [
        *(None, True, 5, -1, 0.5, 10**400, float("nan"), float("inf"), 1j),
        *("", "0.8", "cat", "true", "cat.png", "(", "\ud800", b"cat"),
        *([], ["min"], (1, 2), {}, {"samples": IMAGE}, {1}, object(), len),
        *(np.float32(0.8), np.bool_(True), np.array([0.2, 0.8]), np.array(["cat"]), np.ma.masked),
        *(torch.tensor(0.8), torch.zeros(0), IMAGE, IMAGE.half(), IMAGE.to_sparse(), IMAGE.to("meta")),
    ]
)


@settings(deadline=None, max_examples=400, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(TYPES),
    st.booleans(),
    st.one_of(st.sampled_from(["", "steps"]), anything),
    anything,
    st.dictionaries(st.sampled_from(DESCRIBED), anything, max_size=3),
)
def test_whatever_comes_by_links_is_a_value_or_an_error_that_names_the_parameter(
    kind, is_general, name, value, described
):
    try:
        if is_general:
            found = GENERAL().execute(name, kind, value, **described)
        else:
            found = NODES[kind]().execute(name, value, **described)
    except ParameterError as error:
        assert str(error).startswith(("Parameter ", f"The {kind} parameter without a name: "))  # noqa: PT017
        return
    assert len(found) == (2 if kind == "image" and not is_general else 1)


@pytest.mark.parametrize("node", [*NODES.values(), GENERAL])
def test_what_is_wrong_in_the_prompt_is_said_before_anything_runs(node):
    assert node.VALIDATE_INPUTS() is True
    assert node.VALIDATE_INPUTS(problem="Parameter 'it': no.") == "Parameter 'it': no."
    assert node.INPUT_TYPES()["hidden"] == hidden_inputs()


def marked(**prompt):
    mark_problems(prompt)
    return {name: spec["inputs"].get("problem") for name, spec in prompt.items()}


def parameter(class_type="SwitchyardIntegerParameter", **inputs):
    return {"class_type": class_type, "inputs": {"name": "it", "value": 30, **inputs}}


def test_problems_are_marked_in_the_prompt_and_old_ones_forgotten():
    found = marked(
        a=parameter(max="10"), b=parameter(name="b", problem="old"), c=parameter("KSampler", problem="its own")
    )
    assert found == {
        "a": "Parameter 'it': value is 30; it must be a whole number from -9007199254740991 to 10.",
        "b": None,
        "c": "its own",
    }


def test_null_says_that_nothing_is_described():
    prompt = {"a": parameter(min=None, order=None, default=None)}
    assert marked(**prompt) == {"a": None}
    assert prompt["a"]["inputs"] == {"name": "it", "value": 30}


def test_values_are_looked_up_as_comfyui_will_read_them(comfyui):
    class Sampler:
        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {"sampler": (["euler", "ddim"],)}}

    comfyui.NODE_CLASS_MAPPINGS.update(Sampler=Sampler)
    sampler = {"class_type": "Sampler", "inputs": {"sampler": ["a", 0]}}
    found = marked(a=parameter("SwitchyardChoiceParameter", value={"__value__": "euler"}), s=sampler)
    assert found["a"] is None
    found = marked(a=parameter("SwitchyardChoiceParameter", value={"__value__": "oiler"}), s=sampler)
    assert found["a"].startswith("Parameter 'it': value is \"oiler\", but sampler of node s")
    found = marked(a=parameter("SwitchyardImageParameter", value=5))
    assert found["a"].startswith("Parameter 'it': value is \"5\", and there is no such file")


def test_missing_pictures_are_marked():
    found = marked(
        a=parameter("SwitchyardImageParameter", name="a", value="gone.png"),
        b=parameter("TemplateParam", name="b", type="image", value="sub/dog.png"),
        c=parameter("TemplateParam", name="c", type="image", value=["a", 0]),
    )
    assert found["a"].startswith("Parameter 'a': value is \"gone.png\", and there is no such file")
    assert (found["b"], found["c"]) == (None, None)


def test_another_packs_node_of_the_plain_id_is_left_alone(comfyui):
    comfyui.NODE_CLASS_MAPPINGS.update(TemplateParam=LoadImage)
    assert marked(a=parameter("TemplateParam", name="Bad Name"), b=parameter("TemplateParam")) == {"a": None, "b": None}


@pytest.mark.parametrize("prompt", [None, {"a": None}, {"a": {}}, {"a": {"class_type": [], "inputs": {}}}, []])
def test_a_prompt_that_is_not_well_formed_is_left_to_comfyui(prompt):
    assert handle_prompt({"prompt": prompt}) == {"prompt": prompt}


def test_lists_of_foreign_nodes_are_asked_with_care(comfyui):
    class Broken:
        @classmethod
        def INPUT_TYPES(cls):
            raise RuntimeError

    class Empty:
        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {"file": ("COMBO", {"options": []}), "size": ([512, 768],), "text": ("STRING",)}}

    class Free(Empty):
        @classmethod
        def VALIDATE_INPUTS(cls, **given):
            return True

    comfyui.NODE_CLASS_MAPPINGS.update(Broken=Broken, Empty=Empty, Free=Free)

    def problem(class_type, name, value="512"):
        it = parameter("SwitchyardChoiceParameter", value=value)
        return marked(it=it, a={"class_type": class_type, "inputs": {name: ["it", 0], "b": ["a", 0], "c": 5}})["it"]

    for class_type, name in (("Broken", "file"), ("Gone", "file"), ("Free", "file"), ("Empty", "text"), ("Empty", "x")):
        assert problem(class_type, name) is None
    assert problem("Empty", "size") is None
    assert problem("Empty", "size", "64").endswith("it must be one of: 512, 768.")
    assert problem("Empty", "file").endswith("does not take it; it must be in its list, which is empty.")
