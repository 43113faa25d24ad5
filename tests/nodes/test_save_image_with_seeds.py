"""Save Image with Seeds: what it writes and tells the page, with a stand-in for ComfyUI's folders and server."""

from __future__ import annotations

import json
import logging
import sys
import types
from unittest.mock import MagicMock

import pytest
import torch
from PIL import Image
from switchyard_pack.nodes.host import node_classes, prompts, registration
from switchyard_pack.nodes.save_image_with_seeds import SaveImageWithSeeds

GATE, SAVE = "SwitchyardQualityGate", "SwitchyardSaveImageWithSeeds"


class Lazy:
    @classmethod
    def INPUT_TYPES(cls):
        grows = ("COMFY_AUTOGROW_V3", {"template": {"input": {"required": {"image": ("IMAGE", {"lazy": True})}}}})
        return {
            "required": {"on_true": ("*", {"lazy": True}), "switch": ("BOOLEAN", {}), "plain": ("IMAGE",)},
            "optional": {"images": grows, "others": ("COMFY_AUTOGROW_V3", {"template": {}})},
        }


class Broken:
    @classmethod
    def INPUT_TYPES(cls):
        raise RuntimeError("a pack that fails")


@pytest.fixture
def comfyui(tmp_path, monkeypatch):
    """ComfyUI's modules, as far as saving needs them; gives the output folder."""

    def get_save_image_path(prefix, folder, width, height):
        name = f"{prefix}_{width}x{height}"
        return folder, name, len(list(tmp_path.glob(f"{name}*"))) + 1, "sub", prefix

    paths = types.SimpleNamespace(get_output_directory=lambda: str(tmp_path), get_save_image_path=get_save_image_path)
    arguments = types.SimpleNamespace(disable_metadata=False)
    monkeypatch.setitem(sys.modules, "folder_paths", paths)
    monkeypatch.setitem(sys.modules, "comfy", types.ModuleType("comfy"))
    monkeypatch.setitem(sys.modules, "comfy.cli_args", types.SimpleNamespace(args=arguments))
    classes = {"Lazy": Lazy, "Broken": Broken}
    monkeypatch.setitem(sys.modules, "nodes", types.SimpleNamespace(NODE_CLASS_MAPPINGS=classes))
    return types.SimpleNamespace(folder=tmp_path, arguments=arguments)


def run(images, prefixes=("pic",), **inputs):
    return SaveImageWithSeeds().execute(images, list(prefixes), **inputs)["ui"]


def picture(level, width=4, height=2, count=1, channels=3):
    return torch.full((count, height, width, channels), level)


def test_pictures_of_all_sizes_are_saved_with_their_pixels(comfyui):
    ui = run([picture(0.5, count=2), picture(1.5, width=3)])
    names = ["pic_4x2_00001_.png", "pic_4x2_00002_.png", "pic_3x2_00001_.png"]
    assert ui["images"] == [{"filename": name, "subfolder": "sub", "type": "output"} for name in names]
    levels = [Image.open(comfyui.folder / name).getpixel((0, 0)) for name in names]
    assert levels == [(127,) * 3, (127,) * 3, (255,) * 3]
    (payload,) = ui["switchyard"]
    assert (payload["kind"], payload["summary"]) == ("save_image", "saved 3 pictures")
    assert payload["data"] == {"warnings": [], "files": names}


def test_alpha_is_kept_and_an_empty_batch_is_nothing(comfyui):
    ui = run([picture(0.5, count=0), picture(0.5, channels=4)])
    (file,) = ui["images"]
    assert Image.open(comfyui.folder / file["filename"]).mode == "RGBA"
    assert ui["switchyard"][0]["summary"] == "saved 1 picture"


@pytest.mark.parametrize(
    ("images", "told"),
    [
        ([None], r"images is no picture: None\. Look at"),
        ([picture(0.5), None], r"images, number 2 of 2, is no picture: None"),
        ([picture(0.5)[0]], r"is no picture: tensor of shape \(2, 4, 3\)"),
        ([{"samples": picture(0.5)}], "is no picture: LATENT"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(comfyui, images, told):
    with pytest.raises(ValueError, match=told):
        run(images)
    assert list(comfyui.folder.iterdir()) == []


@pytest.mark.parametrize("extra", [["x"], "x", None])
def test_malformed_page_data_does_not_cost_the_file(comfyui, extra):
    ui = run([picture(0.5)], prompt=[{}], extra_pnginfo=[extra], unique_id=["7"])
    assert len(ui["images"]) == 1
    assert len(ui["switchyard"][0]["data"]["warnings"]) == (0 if extra is None else 1)


def test_a_list_of_names_goes_with_a_list_of_pictures(comfyui):
    ui = run([picture(0.1), picture(0.2), picture(0.3)], ["a%batch_num%", "b"])
    names = [file["filename"] for file in ui["images"]]
    assert names == ["a0_4x2_00001_.png", "b_4x2_00001_.png", "b_4x2_00002_.png"]


def test_graph_and_page_go_into_the_file_unless_metadata_is_disabled(comfyui):
    graph = {"7": {"class_type": SAVE, "inputs": {"images": ["8", 0]}}, "8": {"class_type": "Load", "inputs": {}}}
    given = {"prompt": [graph], "extra_pnginfo": [{"workflow": {"nodes": []}}], "unique_id": ["7"]}
    (file,) = run([picture(0.5)], **given)["images"]
    text = Image.open(comfyui.folder / file["filename"]).text
    assert {name: json.loads(chunk) for name, chunk in text.items()} == {"prompt": graph, "workflow": {"nodes": []}}
    comfyui.arguments.disable_metadata = True
    (file,) = run([picture(0.5)], **given)["images"]
    assert Image.open(comfyui.folder / file["filename"]).text == {}


def test_what_goes_wrong_is_logged_and_told_but_the_picture_is_saved(comfyui, caplog):
    graph = {"7": {"class_type": SAVE, "inputs": {"images": ["8", 0]}}, "8": {"class_type": GATE, "inputs": {}}}
    with caplog.at_level(logging.WARNING):
        ui = run([picture(0.5)], prompt=[graph], unique_id=["7"], report_of_8=["nonsense"])
    assert len(ui["images"]) == 1
    (warning,) = ui["switchyard"][0]["data"]["warnings"]
    assert "'nonsense'" in warning
    assert ui["switchyard"][0]["summary"] == f"saved 1 picture; {warning}"
    assert f"node 7: {warning}" in caplog.text


def test_reports_come_by_wire_and_by_links_of_any_name(comfyui):
    def report(gate, seed):
        entry = {"seeds": {"A": {"seed": seed}}, "replay": "", "supersedes": [], "inner": {}}
        made = {"kind": "quality_gate", "version": 1, "gate": gate, "pictures": [entry], "attempts": [{}, {}]}
        return json.dumps(made)

    graph = {
        "7": {"class_type": SAVE, "inputs": {"images": ["mix", 0], "report_of_8:1": ["8:1", 5]}},
        "mix": {"class_type": "Lazy", "inputs": {"plain": ["8:1", 0], "on_true": ["9", 0]}},
        "8:1": {"class_type": GATE, "inputs": {"value": ["A", 0]}},
        "9": {"class_type": GATE, "inputs": {"value": ["B", 0]}},
        "A": {"class_type": "Sampler", "inputs": {"seed": 1}},
        "B": {"class_type": "Sampler", "inputs": {"seed": 2}},
    }
    linked = {"report_of_8:1": [report("8:1", 5)], "report": [report("9", 6).replace('"A"', '"B"')]}
    (file,) = run([picture(0.5)], prompt=[graph], unique_id=["7"], **linked)["images"]
    saved = json.loads(Image.open(comfyui.folder / file["filename"]).text["prompt"])
    assert [saved[name]["inputs"]["seed"] for name in ("A", "B")] == [5, 6]
    assert saved["7"]["inputs"] == {"images": ["mix", 0]}
    assert graph["A"]["inputs"]["seed"] == 1


@pytest.mark.parametrize(
    ("class_type", "name", "lazy"),
    [
        ("Lazy", "on_true", True),
        ("Lazy", "switch", False),
        ("Lazy", "plain", False),
        ("Lazy", "images.image3", True),
        ("Lazy", "others.image3", False),
        ("Lazy", "unknown", False),
        ("Broken", "anything", True),
        ("Nobody's", "anything", True),
    ],
)
def test_whether_an_input_is_lazy(comfyui, class_type, name, lazy):
    assert node_classes.is_lazy(class_type, name) is lazy


def test_the_type_of_an_output(comfyui):
    sys.modules["nodes"].NODE_CLASS_MAPPINGS.update(Typed=types.SimpleNamespace(RETURN_TYPES=("IMAGE", "MASK")))
    found = [node_classes.output_type(*which) for which in (("Typed", 1), ("Typed", 2), ("Lazy", 0), ("Nobody's", 0))]
    assert found == ["MASK", "*", "*", "*"]


def test_whether_a_class_gets_the_whole_list(comfyui):
    sys.modules["nodes"].NODE_CLASS_MAPPINGS.update(Save=SaveImageWithSeeds)
    assert [node_classes.takes_lists(name) for name in ("Save", "Lazy", "Nobody's")] == [True, False, True]


def test_a_queued_prompt_gets_links_to_the_reports_of_its_gates(comfyui):
    graph = {
        "1": {"class_type": GATE, "inputs": {}},
        "2": {"class_type": GATE, "inputs": {}},
        "mix": {"class_type": "Lazy", "inputs": {"plain": ["1", 0], "on_true": ["2", 0]}},
        "7": {"class_type": SAVE, "inputs": {"images": ["mix", 0], "report": ["text", 0], "report_of_3": ["3", 5]}},
    }
    request = {"prompt": graph, "client_id": "me"}
    assert prompts.handle_prompt(request) is request
    assert graph["7"]["inputs"] == {"images": ["mix", 0], "report": ["text", 0], "report_of_1": ["1", 5]}


@pytest.mark.parametrize(
    "request_", [{}, {"prompt": None}, {"prompt": {"1": None}}, {"prompt": {"1": {"class_type": SAVE}}}, {"prompt": []}]
)
def test_a_malformed_prompt_is_left_to_comfyui(comfyui, request_):
    before = json.dumps(request_)
    assert json.dumps(prompts.handle_prompt(request_)) == before


def test_the_handler_is_registered_once_with_the_server(monkeypatch):
    handlers = []
    server = types.SimpleNamespace(add_on_prompt_handler=handlers.append, routes=MagicMock())
    instance = types.SimpleNamespace(instance=server)
    monkeypatch.setitem(sys.modules, "server", types.SimpleNamespace(PromptServer=instance))
    monkeypatch.setitem(sys.modules, "nodes", types.SimpleNamespace(NODE_CLASS_MAPPINGS={}))
    registration.register({}, {})
    assert handlers == [prompts.handle_prompt]
    monkeypatch.delitem(sys.modules, "server")
    registration.register({}, {})
    monkeypatch.delitem(sys.modules, "nodes")
    registration.register({}, {})
    assert handlers == [prompts.handle_prompt]
