"""Files of weights: what is read, and what is refused without running anything of it."""

from __future__ import annotations

import os
import pickle
import sys

import pytest
import torch
from switchyard_pack.nodes.host.weight_files import list_files, load_weights, missing_file, register_folders

from .clip_fakes import fake_folders


@pytest.fixture
def folder(monkeypatch, tmp_path):
    fake_folders(monkeypatch, tmp_path)
    return tmp_path / "aesthetic"


def _load(name):
    return load_weights("aesthetic", name, "aesthetic head")


def test_weights_are_read(folder):
    torch.save({"weight": torch.ones(2)}, folder / "head.pth")
    assert _load("head.pth")["weight"].tolist() == [1, 1]
    assert list_files("aesthetic") == ["head.pth"]


class Bomb:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def test_code_in_a_pickle_is_refused_and_not_run(folder, tmp_path):
    mark = tmp_path / "exploded"
    (folder / "plain.pth").write_bytes(pickle.dumps({"weight": Bomb(mark)}, protocol=2))
    torch.save({"weight": Bomb(mark)}, folder / "zipped.pth")
    for name in ("plain.pth", "zipped.pth"):
        with pytest.raises(ValueError, match=rf"^{name} holds more than weights: .* so it was not loaded"):
            _load(name)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html><head>", "is a web page"),
        (b"\n  <html lang='en'>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "a pointer of Git LFS"),
        (b"not weights at all", "could not be read as weights"),
        (bytes(range(256)), "could not be read as weights"),
        (b"PK\x03\x04 a broken archive", "could not be read as weights"),
        (pickle.dumps([1, 2], protocol=2), "holds a list|could not be read"),
    ],
)
def test_what_is_no_file_of_weights_is_named(folder, content, problem):
    (folder / "head.pth").write_bytes(content)
    with pytest.raises(ValueError, match=rf"^head\.pth .*({problem})"):
        _load("head.pth")


@pytest.mark.parametrize("name", ["gone.pth", "", None, 5])
def test_a_file_that_is_not_there_is_told_with_those_that_are(folder, name):
    assert "there is no file" in (missing_file("aesthetic", name, "aesthetic head") or "")
    torch.save({}, folder / "a.pth")
    with pytest.raises(ValueError, match=r"There is no aesthetic head .* in models/aesthetic: there is a\.pth"):
        _load(name)


def test_outside_comfyui_there_are_no_files(monkeypatch):
    monkeypatch.delitem(sys.modules, "folder_paths", raising=False)
    assert list_files("aesthetic") == []
    register_folders()


def test_the_folder_joins_those_that_others_have_given(monkeypatch, tmp_path):
    paths = fake_folders(monkeypatch, tmp_path)
    own = str(tmp_path / "aesthetic")
    register_folders()
    assert paths.folder_names_and_paths["aesthetic"] == ([own], {".safetensors", ".pth", ".pt", ".bin"})
    paths.folder_names_and_paths["aesthetic"] = (["elsewhere"], {".ckpt"})
    for _ in range(2):
        register_folders()
        folders, extensions = paths.folder_names_and_paths["aesthetic"]
        assert folders == ["elsewhere", own]
        assert extensions == {".ckpt", ".safetensors", ".pth", ".pt", ".bin"}
