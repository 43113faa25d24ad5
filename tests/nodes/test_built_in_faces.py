"""The built-in detector where ComfyUI is: its device, its memory, its interruption. ComfyUI is a stand-in here."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from switchyard_pack.core import face_detector
from switchyard_pack.core.centerface import CenterFace
from switchyard_pack.core.faces import Face
from switchyard_pack.nodes.host import built_in_faces
from switchyard_pack.nodes.host.built_in_faces import find_faces_built_in

from engine.pack import pack_files

ROOT = Path(__file__).resolve().parents[2]
IMAGE = torch.zeros(1, 32, 32, 3)
FACE = Face((0, 0, 8, 8), 0.9)


class MemoryFullError(Exception):
    pass


class InterruptedRunError(Exception):
    pass


@pytest.fixture
def calls(monkeypatch):
    """What core is asked for, without looking at any picture; the networks are made on no device."""
    seen = []

    def find(image, min_score, networks, *, tiled, check):
        seen.append((networks, min_score, tiled))
        check()
        if networks[1] == "meta" and len(seen) == 1:
            raise MemoryFullError
        return [[FACE]]

    monkeypatch.setattr(face_detector, "find_faces", find)
    monkeypatch.setattr(built_in_faces, "_networks", lambda apache_only, device: (apache_only, device))
    return seen


@pytest.fixture
def management(monkeypatch):
    """A model management whose device has too little memory once."""
    freed = []
    found = SimpleNamespace(
        OOM_EXCEPTION=MemoryFullError,
        freed=freed,
        get_torch_device=lambda: torch.device("meta"),
        free_memory=lambda size, device: freed.append((size, str(device))),
        soft_empty_cache=lambda: freed.append("cache"),
        throw_exception_if_processing_interrupted=lambda: None,
    )
    monkeypatch.setitem(sys.modules, "comfy.model_management", found)
    return found


def test_outside_comfyui_it_looks_on_the_cpu(calls, monkeypatch):
    monkeypatch.delitem(sys.modules, "comfy.model_management", raising=False)
    assert find_faces_built_in(True, False)(IMAGE, 0.3) == [[FACE]]
    assert calls == [((True, "cpu"), 0.3, False)]


def test_without_memory_on_the_device_it_looks_on_the_cpu(calls, management, caplog):
    with caplog.at_level(logging.WARNING):
        assert find_faces_built_in(False, True)(IMAGE, 0.5) == [[FACE]]
    assert [networks for networks, *_ in calls] == [(False, "meta"), (False, "cpu")]
    assert management.freed == [(built_in_faces._NEEDS_BYTES, "meta"), "cache"]
    assert "not enough memory on meta" in caplog.text


def test_memory_is_asked_for_before_it_is_used(calls, management):
    calls.append("an earlier call")
    assert find_faces_built_in(False, False)(IMAGE, 0.5) == [[FACE]]
    assert management.freed == [(built_in_faces._NEEDS_BYTES, "meta")]


def test_an_interrupted_run_stops(calls, management):
    def stop():
        raise InterruptedRunError

    management.throw_exception_if_processing_interrupted = stop
    with pytest.raises(InterruptedRunError):
        find_faces_built_in(False, False)(IMAGE, 0.5)


def test_the_networks_are_read_once_and_the_choice_has_only_apache_ones():
    both, apache = (built_in_faces._networks(apache_only, "cpu") for apache_only in (False, True))
    assert built_in_faces._networks(False, "cpu") is both
    assert isinstance(both.other, CenterFace)
    assert not isinstance(apache.other, CenterFace)
    assert (both.full.side_px, apache.full.side_px, apache.other.side_px) == (192, 192, 256)


def test_an_empty_picture_has_no_face():
    assert find_faces_built_in(True, True)(IMAGE, 0.5) == [[]]


@pytest.mark.parametrize("name", ["centerface", "blazeface"])
def test_the_licences_of_the_networks_travel_with_them(name):
    names = {path.as_posix() for path in pack_files(ROOT)}
    assert f"data/{name}.LICENSE.txt" in names
    text = (ROOT / "data" / f"{name}.LICENSE.txt").read_text(encoding="utf-8")
    assert ("Copyright (c) 2019 StarClouds" if name == "centerface" else "Apache License") in text
