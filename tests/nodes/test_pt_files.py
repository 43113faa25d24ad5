"""Archives of torch: what is read of them, and what is refused before anything of them is."""

from __future__ import annotations

import io
import os
import pickle
import tarfile
import zipfile

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from switchyard_pack.nodes.host import pt_files
from switchyard_pack.nodes.host.pt_files import read_pt
from torch import nn


class Bomb:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "face.pt"


def _zip(file, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def _problem(file):
    with pytest.raises(ValueError, match=r"^face\.pt ") as refused:
        read_pt(file, "face.pt")
    return str(refused.value)


def test_weights_are_read(file):
    model = nn.Linear(2, 3)
    torch.save({"model": model, "names": ["face"]}, file)
    found = read_pt(file, "face.pt")
    assert torch.equal(found.weights["weight"], model.weight)
    assert found.class_names == {0: "face"}


@pytest.mark.parametrize("where", ["whole", "model", "date", "key"])
def test_a_harmful_file_is_refused_and_not_run(file, tmp_path, where):
    mark = tmp_path / "exploded"
    bomb = Bomb(mark)
    held = {
        "whole": bomb,
        "model": {"model": bomb},
        "date": {"a": torch.ones(1), "date": bomb},
        "key": {("a", bomb): 1},
    }
    torch.save(held[where], file)
    assert ".mkdir to be run, which no model needs: that is how harmful files work" in _problem(file)
    assert not mark.exists()
    torch.load(file, weights_only=False)  # where pickles are run, it does its harm
    assert mark.exists()


def test_other_formats_are_told_by_name(file):
    torch.save({"a": torch.ones(1)}, file, _use_new_zipfile_serialization=False)
    assert "the format that torch wrote before 1.6" in _problem(file)
    with tarfile.open(file, "w") as archive:
        archive.addfile(tarfile.TarInfo("storages"))
    assert "the format that torch wrote before 1.6" in _problem(file)
    file.write_bytes(pickle.dumps({"a": 1}))
    assert "a bare pickle" in _problem(file)
    file.write_bytes(b"\x08\x00\x00\x00TFL3" + bytes(100))
    assert "no checkpoint of torch" in _problem(file)
    _zip(file, {"x/data.pkl": b"\x80\x02N.", "x/constants.pkl": b"\x80\x02).", "x/code/__torch__.py": b""})
    assert "a TorchScript program, which is code" in _problem(file)
    _zip(file, {"photo.png": b""})
    assert "there is no data.pkl in it" in _problem(file)
    _zip(file, {"a/data.pkl": b"", "b/data.pkl": b""})
    assert "there is no data.pkl in it" in _problem(file)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS"),
        (b"PK\x03\x04", "damaged or was cut off"),
    ],
)
def test_what_people_get_instead_of_weights_is_told(file, content, problem):
    file.write_bytes(content)
    assert problem in _problem(file)


def test_a_file_that_was_cut_off_is_told_at_any_length(file):
    torch.save({"model": nn.Linear(50, 50)}, file)
    whole = file.read_bytes()
    for length in {*range(1, 200), *range(200, len(whole), 97), *range(len(whole) - 60, len(whole))}:
        file.write_bytes(whole[:length])
        assert "damaged or was cut off" in _problem(file) or "no checkpoint" in _problem(file)


def test_packed_parts_are_refused(file):
    _zip(file, {"x/data.pkl": b"\x80\x02N."}, zipfile.ZIP_DEFLATED)
    assert "it is packed, which torch never does" in _problem(file)
    _zip(file, {"x/data.pkl": bytes(20 << 20)}, zipfile.ZIP_DEFLATED)  # 20 MB in 20 kB
    assert "it is packed" in _problem(file)


def test_a_size_that_is_a_lie_is_told(file):
    torch.save({"a": torch.ones(4)}, file)
    content = bytearray(file.read_bytes())
    place = content.rindex(b"data.pkl") - 46  # its entry in the directory at the end
    for start in (i for i in range(place - 40, place + 8) if content[i : i + 4] == b"PK\x01\x02"):
        content[start + 24 : start + 28] = (1 << 30).to_bytes(4, "little")
    file.write_bytes(content)
    _problem(file)


def test_many_parts_and_other_byte_orders_are_refused(file, monkeypatch):
    monkeypatch.setattr(pt_files, "MAX_MEMBERS", 3)
    _zip(file, {f"x/{number}": b"" for number in range(4)})
    assert "it has 4 parts" in _problem(file)
    _zip(file, {"x/data.pkl": b"\x80\x02N.", "x/byteorder": b"big"})
    assert "another byte order" in _problem(file)


def test_names_that_lead_elsewhere_lead_nowhere(file, tmp_path):
    (tmp_path / "secret").write_bytes(bytes(16))
    pickled = io.BytesIO()
    torch.save({"a": torch.ones(4)}, pickled)
    with zipfile.ZipFile(pickled) as archive:
        content = next(archive.read(name) for name in archive.namelist() if name.endswith("data.pkl"))
    key = b"../../secret"
    evil = content.replace(b"X\x01\x00\x00\x000", b"X" + len(key).to_bytes(4, "little") + key)
    assert evil != content
    _zip(file, {"x/data.pkl": evil, "x/data/0": bytes(16)})
    assert "numbers that it names are not in the file" in _problem(file)


_SAVED = io.BytesIO()
torch.save({"model": nn.Linear(3, 3), "names": {0: "face"}}, _SAVED)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, len(_SAVED.getvalue()) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_damaged_file_gives_weights_or_a_value_error(file, changes):
    content = bytearray(_SAVED.getvalue())
    for place, byte in changes:
        content[place] = byte
    file.write_bytes(content)
    try:
        found = read_pt(file, "face.pt")
    except ValueError:
        return
    assert found.weights
