"""Checkpoints: the weights that are in them, as torch itself would give them, and bounds on what they ask for."""

from __future__ import annotations

import io
import sys
import zipfile

import pytest
import torch
from switchyard_pack.core import torch_checkpoint
from switchyard_pack.core.torch_checkpoint import read_checkpoint
from torch import nn

from .tiny_yolov8 import checkpoint, ultralytics_is_there, weights


def _read(value):
    file = io.BytesIO()
    torch.save(value, file)
    archive = zipfile.ZipFile(file)
    root = archive.namelist()[0].split("/")[0]
    return read_checkpoint(archive.read(f"{root}/data.pkl"), lambda key: archive.read(f"{root}/data/{key}"))


TENSORS = {
    "float32": torch.randn(3, 4),
    "float16": torch.randn(5).half(),
    "bfloat16": torch.randn(2, 2).bfloat16(),
    "float64": torch.randn(2).double(),
    "int64": torch.arange(6).reshape(1, 2, 3),
    "int8": torch.tensor([-1, 1], dtype=torch.int8),
    "bool": torch.tensor([True, False]),
    "number": torch.tensor(7.0),
    "nothing": torch.empty(0, 3),
    "turned": torch.arange(6.0).reshape(2, 3).T,
    "parameter": nn.Parameter(torch.randn(2)),
}


def test_weights_by_name_are_those_that_were_saved():
    shared = torch.arange(10.0)
    tensors = {**TENSORS, "part": shared[2:5], "other part": shared[5:].reshape(5, 1)}
    read = _read(tensors).weights
    assert list(read) == list(tensors)
    for name, tensor in tensors.items():
        assert read[name].dtype == tensor.dtype
        assert torch.equal(read[name], tensor.detach())
        assert read[name].is_contiguous()


def test_weights_of_a_pickled_module_are_its_state():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Sequential(nn.BatchNorm2d(2), nn.Linear(2, 2)))
    read = _read({"model": model})
    assert read.weights.keys() == model.state_dict().keys()
    assert all(torch.equal(read.weights[name], tensor) for name, tensor in model.state_dict().items())
    assert (read.class_names, read.input_px) == ({}, 0)


def test_a_model_of_a_package_that_is_not_there_is_read():
    with ultralytics_is_there():
        file = io.BytesIO()
        torch.save(checkpoint(), file)
        read = _read(checkpoint())
    assert "ultralytics" not in sys.modules
    file.seek(0)
    with pytest.raises(ModuleNotFoundError):
        torch.load(file, weights_only=False)
    assert read.class_names == {0: "person", 1: "face"}
    assert read.input_px == 320
    wanted = weights()
    assert read.weights.keys() == wanted.keys()
    assert all(torch.equal(read.weights[name], tensor.half()) for name, tensor in wanted.items())


@pytest.mark.parametrize("around", ["model", "ema", "state_dict"])
def test_weights_are_found_where_programs_put_them(around):
    assert list(_read({"epoch": 5, around: {"a": torch.ones(1)}}).weights) == ["a"]


def test_the_averaged_model_is_taken_if_there_is_one():
    assert _read({"model": {"a": torch.zeros(1)}, "ema": {"a": torch.ones(1)}}).weights["a"].item() == 1
    assert _read({"model": {"a": torch.zeros(1)}, "ema": None}).weights["a"].item() == 0


@pytest.mark.parametrize(
    ("names", "read"),
    [
        (["face", "head"], {0: "face", 1: "head"}),
        ({0: "face", "1": "x", 2: 3, None: "y"}, {0: "face"}),
        ({0: "a" * 500}, {0: "a" * 100}),
        ("face", {}),
        ({}, {}),
        (None, {}),
    ],
)
def test_names_of_classes_are_read_where_they_make_sense(names, read):
    assert _read({"model": {"a": torch.ones(1)}, "names": names}).class_names == read


@pytest.mark.parametrize("value", [None, 5, "text", [], {}, {"epoch": 1}, [torch.ones(1)], {"model": "gone"}, {1: {}}])
def test_what_holds_no_weights_is_told(value):
    with pytest.raises(ValueError, match=r"^there are no weights in it$"):
        _read(value)


def _saved(value):
    file = io.BytesIO()
    torch.save(value, file)
    archive = zipfile.ZipFile(file)
    root = archive.namelist()[0].split("/")[0]
    return archive.read(f"{root}/data.pkl")


def test_numbers_that_are_missing_are_told():
    pickled = _saved({"a": torch.ones(4)})

    def gone(key):
        raise KeyError(key)

    with pytest.raises(ValueError, match="numbers that it names are not in the file"):
        read_checkpoint(pickled, gone)
    for length in (0, 15, 17, 64):
        with pytest.raises(ValueError, match="not as many numbers as it says"):
            read_checkpoint(pickled, lambda _, length=length: b"\0" * length)


def test_bytes_that_are_no_truth_values_become_some():
    found = read_checkpoint(_saved({"a": torch.ones(3, dtype=torch.bool)}), lambda _: b"\x00\x02\xff").weights["a"]
    assert found.tolist() == [False, True, True]


def test_more_numbers_than_a_detector_has_are_not_read(monkeypatch):
    monkeypatch.setattr(torch_checkpoint, "MAX_TENSOR_BYTES", 1000)
    shared = torch.zeros(200)
    for tensors in (
        {"a": torch.zeros(300)},
        {str(number): shared for number in range(2)},
        {str(number): torch.zeros(60)[:1] for number in range(5)},
    ):
        with pytest.raises(ValueError, match="its weights have 0 MB, and no detector's have over 0"):
            read_checkpoint(_saved(tensors), lambda _: pytest.fail("was read"))


def test_a_storage_is_read_once_for_all_that_share_it():
    shared, asked = torch.arange(100.0), []

    def read(key):
        asked.append(key)
        return shared.numpy().tobytes()

    pickled = _saved({str(number): shared[number:] for number in range(50)})
    assert len(read_checkpoint(pickled, read).weights) == 50
    assert asked == ["0"]


def test_modules_without_end_are_told():
    inside = nn.Module()
    inside.add_module("again", inside)
    inside.weight = nn.Parameter(torch.ones(1))
    with pytest.raises(ValueError, match="nested without end"):
        _read({"model": inside})
    wide = nn.Module()
    for _ in range(17):  # as many ways through them as 2 to the power of 17
        outer = nn.Module()
        outer._modules.update(a=wide, b=wide)
        wide = outer
    with pytest.raises(ValueError, match="nested without end"):
        _read({"model": wide})
