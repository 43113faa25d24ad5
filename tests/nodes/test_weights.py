"""The pack's own numbers: read once, checked, and never replaced by others."""

from __future__ import annotations

import hashlib
import json

import pytest
import torch
from safetensors.torch import save
from switchyard_pack.nodes.host import weights

from engine.pack import pack_files

CONTENT = save({"mean": torch.arange(3.0)})


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A data folder with one good file, forgotten afterwards."""
    monkeypatch.setattr(weights, "_DATA", tmp_path)
    (tmp_path / "numbers.safetensors").write_bytes(CONTENT)
    entry = {"file": "numbers.safetensors", "sha256": hashlib.sha256(CONTENT).hexdigest()}
    (tmp_path / "manifest.json").write_text(json.dumps([entry]))
    weights._read.cache_clear()
    yield tmp_path
    weights._read.cache_clear()


def test_a_file_is_read_once_and_nobody_can_spoil_it(data):
    first = weights.load_data("numbers")
    first["mean"].zero_()
    (data / "numbers.safetensors").unlink()
    assert weights.load_data("numbers")["mean"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("gone", ["numbers.safetensors", "manifest.json"])
def test_a_missing_file_says_which_and_what_to_do(data, gone):
    (data / gone).unlink()
    with pytest.raises(RuntimeError, match=f"missing: .*{gone}.* Install Switchyard again"):
        weights.load_data("numbers")


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", CONTENT[:-1] + b"\0"])
def test_a_damaged_file_is_refused(data, content):
    (data / "numbers.safetensors").write_bytes(content)
    with pytest.raises(RuntimeError, match=rf"damaged.* has {len(content)} bytes.*Install Switchyard again"):
        weights.load_data("numbers")


@pytest.mark.parametrize("text", ["", "[]", "[{}]", '{"file": 1}', "null"])
def test_a_damaged_manifest_is_refused(data, text):
    (data / "manifest.json").write_text(text)
    with pytest.raises(RuntimeError, match=r"can't be read.*Install Switchyard again"):
        weights.load_data("numbers")


def test_a_repaired_file_is_read_without_a_restart(data):
    (data / "numbers.safetensors").write_bytes(b"")
    with pytest.raises(RuntimeError, match="damaged"):
        weights.load_data("numbers")
    (data / "numbers.safetensors").write_bytes(CONTENT)
    assert weights.load_data("numbers")["mean"].tolist() == [0, 1, 2]


def test_the_notice_of_the_parameters_travels_with_them_in_its_entirety():
    names = {path.as_posix() for path in pack_files(weights._DATA.parent)}
    assert {"data/niqe_parameters.safetensors", "data/niqe_parameters.LICENSE.txt"} <= names
    notice = (weights._DATA / "niqe_parameters.LICENSE.txt").read_text(encoding="utf-8")
    parts = ("COPYRIGHT NOTICE STARTS", "Permission is hereby granted", "IN NO EVENT SHALL", "COPYRIGHT NOTICE ENDS")
    places = [notice.index(part) for part in parts]
    assert places == sorted(places)


@pytest.mark.parametrize("file", sorted(weights._DATA.glob("*.safetensors")), ids=lambda file: file.name)
def test_what_is_shipped_loads(file):
    assert all(bool(tensor.isfinite().all()) for tensor in weights.load_data(file.stem).values())
