"""Models that find faces: which there are, by which names, and what loading one gives or says."""

from __future__ import annotations

import json
import os
import sys
import types

import pytest
import torch
from safetensors.torch import save_file
from switchyard_pack.nodes.host import face_models
from switchyard_pack.nodes.host.face_models import (
    BUILT_IN,
    BUILT_IN_APACHE,
    face_model_stamp,
    list_face_models,
    load_face_model,
    missing_face_model,
)
from switchyard_pack.nodes.host.weight_files import register_folders

from ..core.tiny_yolov8 import checkpoint, picture, ultralytics_is_there, weights

BUILT_INS = [BUILT_IN, BUILT_IN_APACHE]


@pytest.fixture
def models(monkeypatch, tmp_path):
    """ComfyUI's models folder, with folder_paths as far as it is asked; nothing is kept from other tests."""
    paths = types.ModuleType("folder_paths")
    paths.models_dir = str(tmp_path / "models")
    paths.folder_names_and_paths = {}
    monkeypatch.setitem(sys.modules, "folder_paths", paths)
    monkeypatch.setattr(face_models, "_kept", type(face_models._kept)())
    (tmp_path / "models" / "face_detection").mkdir(parents=True)
    return tmp_path / "models"


@pytest.fixture(autouse=True)
def one_thread():
    """Tiny networks are slower on several threads, many times so while others use the processor."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _touch(path, content=b""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _save_yolo(path, names=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    with ultralytics_is_there():
        torch.save(checkpoint(names), path)


def _image(count=1, height=64, width=96):
    return picture(height, width).movedim(1, -1).repeat(count, 1, 1, 1)


def test_outside_comfyui_there_are_the_built_in_ones(monkeypatch):
    monkeypatch.delitem(sys.modules, "folder_paths", raising=False)
    assert list_face_models() == BUILT_INS
    assert missing_face_model(BUILT_IN) is None
    assert face_model_stamp(BUILT_IN) == BUILT_IN


def test_models_are_named_after_the_place_they_lie_in(models):
    for file in (
        "face_detection/b.pt",
        "face_detection/own/a.safetensors",
        "face_detection/.hidden/c.pt",
        "face_detection/.d.pt",
        "face_detection/notes.txt",
        "face_detection/weights.bin",
        "detection/mediapipe_face_fp32.safetensors",
        "detection/yolos/config.json",
        "detection/yolos/model.safetensors",
        "detection/yolos/checkpoint-1/model.safetensors",
        "ultralytics/bbox/face_yolov8n.pt",
        "ultralytics/segm/person.pt",
        "adetailer/Face.PT",
        "checkpoints/sd.safetensors",
    ):
        _touch(models / file)
    assert list_face_models() == [
        *BUILT_INS,
        "adetailer/Face.PT",
        "detection/mediapipe_face_fp32.safetensors",
        "detection/yolos",
        "face_detection/b.pt",
        "face_detection/own/a.safetensors",
        "ultralytics/bbox/face_yolov8n.pt",
    ]


def test_names_are_the_same_whoever_made_a_folder_known(models, tmp_path):
    paths = sys.modules["folder_paths"]
    _touch(models / "ultralytics/bbox/a.pt")
    _touch(tmp_path / "elsewhere/bbox/b.pt")
    _touch(tmp_path / "more/c.pt")
    alone = ["ultralytics/bbox/a.pt"]
    assert list_face_models()[2:] == alone
    paths.folder_names_and_paths["ultralytics_bbox"] = ([str(models / "ultralytics/bbox")], {".pt"})
    assert list_face_models()[2:] == alone
    paths.folder_names_and_paths["ultralytics"] = ([str(tmp_path / "elsewhere")], set())
    paths.folder_names_and_paths["face_detection"] = ([str(tmp_path / "more")], {".pt"})
    assert list_face_models()[2:] == ["face_detection/c.pt", "ultralytics/bbox/a.pt", "ultralytics/bbox/b.pt"]


def test_of_two_files_of_one_name_the_first_folder_counts(models, tmp_path):
    _touch(models / "detection/a.pt", b"second")
    first = _touch(tmp_path / "extra/a.pt", b"first")
    sys.modules["folder_paths"].folder_names_and_paths["detection"] = ([str(tmp_path / "extra")], {".pt"})
    assert list_face_models()[2:] == ["detection/a.pt"]
    assert str(first) in face_model_stamp("detection/a.pt")


def test_links_that_lead_back_end(models):
    _touch(models / "detection/sub/a.pt")
    os.symlink(models / "detection", models / "detection/sub/again", target_is_directory=True)
    assert "detection/sub/a.pt" in list_face_models()


def test_our_folder_is_registered(models):
    register_folders()
    paths = sys.modules["folder_paths"]
    assert paths.folder_names_and_paths["face_detection"][0] == [str(models / "face_detection")]


@pytest.mark.parametrize(
    "name", ["face_detection/gone.pt", "", None, 5, ["built-in"], "../secret.pt", "face_detection/../x.pt"]
)
def test_a_model_that_is_not_there_is_told_with_those_that_are(models, name):
    _touch(models.parent / "secret.pt")
    _touch(models / "x.pt")
    _touch(models / "face_detection/a.pt")
    problem = missing_face_model(name)
    assert problem.startswith(f"There is no face detection model {str(name)!r}: there is built-in, built-in (Apache")
    assert "face_detection/a.pt. Put yours into models/face_detection and reload the page (R). Supported are" in problem
    with pytest.raises(ValueError, match="There is no face detection model"):
        load_face_model(name, False)
    assert face_model_stamp(name).startswith("no ")


def test_a_long_list_is_cut(models):
    for number in range(30):
        _touch(models / f"detection/{number:02}.pt")
    assert "detection/17.pt and 12 more. Put" in (missing_face_model("gone") or "")


def test_a_stamp_changes_with_the_file_and_with_what_is_in_a_folder(models):
    for name, file in (("detection/a.pt", "detection/a.pt"), ("detection/own", "detection/own/config.json")):
        _touch(models / file, b"1")
        before = face_model_stamp(name)
        assert face_model_stamp(name) == before
        _touch(models / file, b"22")
        assert face_model_stamp(name) != before
    before = face_model_stamp("detection/own")
    _touch(models / "detection/own/model.safetensors", b"1")
    assert face_model_stamp("detection/own") != before


def test_a_yolo_finds_faces_and_is_kept(models, monkeypatch):
    _save_yolo(models / "ultralytics/bbox/face.pt")
    find = load_face_model("ultralytics/bbox/face.pt", False)
    faces = find(_image(2), 0.1)
    assert len(faces) == 2
    assert faces[0]
    assert all(face.label == "face" for face in faces[0])
    monkeypatch.setattr(face_models, "_load", lambda *_: pytest.fail("was loaded again"))
    again = load_face_model("ultralytics/bbox/face.pt", False)(_image(1), 0.1)[0]
    assert again[0].score == pytest.approx(faces[0][0].score)
    assert again[0].box == pytest.approx(faces[0][0].box)


def test_a_changed_file_is_loaded_anew_and_two_models_are_kept(models):
    for name in ("a", "b", "c"):
        _save_yolo(models / f"detection/{name}.pt")
        load_face_model(f"detection/{name}.pt", False)
    assert len(face_models._kept) == 2
    first = next(iter(face_models._kept))
    assert "b.pt" in first
    load_face_model("detection/b.pt", False)
    assert list(face_models._kept)[-1] == first
    os.utime(models / "detection/b.pt", (1, 1))
    load_face_model("detection/b.pt", False)
    assert first in face_models._kept or len(face_models._kept) == 2


@pytest.mark.parametrize(
    "image",
    [
        _image(1, 1, 1),
        _image(3, 33, 2),
        _image(1)[..., :1],
        _image(1)[..., :2],
        torch.cat([_image(1), _image(1)[..., :1]], -1),
        _image(1).half(),
        _image(1).double(),
        (_image(1) * 255).to(torch.uint8),
        _image(1) * float("nan"),
        _image(0),
    ],
    ids=["1 px", "thin", "grey", "two channels", "alpha", "half", "double", "bytes", "nan", "none"],
)
@pytest.mark.parametrize("tiled", [False, True])
def test_pictures_of_any_kind_are_looked_at(models, image, tiled):
    _save_yolo(models / "detection/face.pt")
    before = image.clone()
    found = load_face_model("detection/face.pt", tiled)(image, 0.2)
    assert len(found) == len(image)
    assert torch.equal(image.nan_to_num(), before.nan_to_num())
    for faces in found:
        for x1, y1, x2, y2 in (face.box for face in faces):
            assert 0 <= x1 < x2 <= image.shape[2]
            assert 0 <= y1 < y2 <= image.shape[1]


def test_tiled_looks_at_parts_and_stops_when_interrupted(models, monkeypatch):
    _save_yolo(models / "detection/face.pt")
    calls = []
    monkeypatch.setattr(face_models, "stop_if_interrupted", lambda: calls.append(1))
    load_face_model("detection/face.pt", False)(_image(1, 256, 256), 0.9)
    assert len(calls) == 1
    load_face_model("detection/face.pt", True)(_image(1, 256, 256), 0.9)
    assert len(calls) == 1 + 1 + 5


def test_a_model_is_moved_by_comfyui_and_used_where_that_puts_it(models, monkeypatch):
    _save_yolo(models / "detection/face.pt")
    loaded = []

    class Patcher:
        def __init__(self, model, load_device, offload_device):
            self.model, self.load_device, self.offload_device = model, load_device, offload_device

    comfy = types.ModuleType("comfy")
    comfy.model_management = types.ModuleType("comfy.model_management")
    comfy.model_management.get_torch_device = lambda: torch.device("cpu")
    comfy.model_management.unet_offload_device = lambda: torch.device("cpu")
    comfy.model_management.throw_exception_if_processing_interrupted = lambda: None
    comfy.model_management.load_models_gpu = lambda patchers, force_full_load: loaded.extend(patchers)
    comfy.model_patcher = types.ModuleType("comfy.model_patcher")
    comfy.model_patcher.ModelPatcher = Patcher
    for name in ("comfy", "comfy.model_management", "comfy.model_patcher"):
        monkeypatch.setitem(sys.modules, name, comfy if name == "comfy" else getattr(comfy, name.split(".")[1]))
    find = load_face_model("detection/face.pt", False)
    assert loaded == []
    find(_image(), 0.5)
    find(_image(), 0.5)
    assert len(loaded) == 2
    assert loaded[0] is loaded[1]


def test_weights_of_a_yolo_may_come_as_safetensors(models):
    (models / "detection").mkdir()
    metadata = {"names": json.dumps({"0": "person", "1": "face"})}
    save_file(
        {name: tensor.contiguous() for name, tensor in weights().items()}, models / "detection/a.safetensors", metadata
    )
    assert load_face_model("detection/a.safetensors", False)(_image(), 0.1)[0]
    save_file({name: tensor.contiguous() for name, tensor in weights().items()}, models / "detection/b.safetensors")
    with pytest.raises(ValueError, match="it tells 2 kinds of things apart, but not what they are called"):
        load_face_model("detection/b.safetensors", False)
    save_file({"weight": torch.ones(1)}, models / "detection/c.safetensors", {"names": "[" * 100_000})
    with pytest.raises(ValueError, match=r"^detection/c\.safetensors can't be used: it is no YOLOv8\. Supported are"):
        load_face_model("detection/c.safetensors", False)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"<html>", "is a web page"),
        (b"\x00" * 40, "damaged or was cut off"),
        (b"x" * 500, "damaged"),
    ],
)
def test_a_safetensors_file_that_is_none_is_told(models, content, problem):
    _touch(models / "detection/a.safetensors", content)
    with pytest.raises(ValueError, match=rf"^detection/a\.safetensors .*{problem}"):
        load_face_model("detection/a.safetensors", False)


def test_the_file_of_mediapipe_goes_to_the_core_from_where_it_looks(models, monkeypatch):
    monkeypatch.setitem(sys.modules, "nodes", types.SimpleNamespace(NODE_CLASS_MAPPINGS={}))
    for place in ("face_detection", "detection"):
        (models / place).mkdir(exist_ok=True)
        save_file({"detector_full.stem.weight": torch.ones(1)}, models / place / "m.safetensors")
    with pytest.raises(ValueError, match="move it to models/detection, where ComfyUI loads it from"):
        load_face_model("face_detection/m.safetensors", False)
    with pytest.raises(ValueError, match=r"this ComfyUI has no nodes for it\. Update ComfyUI, or use the built-in"):
        load_face_model("detection/m.safetensors", False)


def test_a_model_of_other_things_says_what_it_finds(models):
    _save_yolo(models / "detection/person.pt", {0: "person", 1: "dog"})
    with pytest.raises(
        ValueError, match=r"^detection/person\.pt can't be used: it finds person, dog, and no face or head"
    ):
        load_face_model("detection/person.pt", False)


class Bomb:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def test_a_harmful_file_is_refused_and_not_run(models, tmp_path):
    mark = tmp_path / "exploded"
    with ultralytics_is_there():
        held = checkpoint(date=Bomb(mark))
        torch.save(held, models / "face_detection/evil.pt")
    with pytest.raises(ValueError, match=r"^face_detection/evil\.pt can't be used: it asks for \S+mkdir to be run"):
        load_face_model("face_detection/evil.pt", False)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"pytorch_model.bin": b"x"}, r"its weights are a pickle \(pytorch_model\.bin\), which can run code"),
        ({}, "there are no weights in it"),
    ],
)
def test_a_folder_without_safetensors_is_refused_before_transformers_is_imported(models, files, problem):
    _touch(models / "face_detection/own/config.json", b'{"model_type": "yolos"}')
    for name, content in files.items():
        _touch(models / "face_detection/own" / name, content)
    before = "transformers" in sys.modules
    with pytest.raises(ValueError, match=rf"^face_detection/own can't be used: {problem}"):
        load_face_model("face_detection/own", False)
    assert ("transformers" in sys.modules) == before


def test_a_folder_with_code_is_refused(models):
    config = {"model_type": "yolos", "auto_map": {"AutoModel": "code.Model"}}
    _touch(models / "face_detection/own/config.json", json.dumps(config).encode())
    with pytest.raises(ValueError, match=r"asks for Python code that comes with the model to be run \(auto_map\)"):
        load_face_model("face_detection/own", False)
