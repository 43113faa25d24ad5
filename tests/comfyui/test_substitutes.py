"""The demo files that stand in for public ones, and how they are made."""

from __future__ import annotations

import json
import os
import time

import pytest
import torch
from graphs import node
from safetensors.torch import load_file
from substitutes import DEMO_FILES, SDXL_BASE, files_of, substituted

from engine import checkpoint_sdxl, weights
from engine.weights import Part, drawn, read_metadata, write_sparse


def sized(class_type, width, height):
    return node(class_type, width=width, height=height)


def test_files_and_sizes_are_substituted_in_a_copy():
    graph = {
        "loader": node("CheckpointLoaderSimple", ckpt_name="sd_xl_base_1.0.safetensors"),
        "latent": sized("EmptyLatentImage", 832, 1216),
        "scale": sized("ImageScale", 1664, 0),
        "linked": sized("EmptyLatentImage", ["size", 0], ["size", 1]),
        "other": sized("SomeOtherNode", 1024, 1024),
    }
    small = substituted(graph)
    assert small["loader"]["inputs"]["ckpt_name"] == SDXL_BASE
    assert small["latent"] == sized("EmptyLatentImage", 128, 184)
    assert small["scale"] == sized("ImageScale", 256, 0)
    assert small["linked"] == graph["linked"]
    assert small["other"] == graph["other"]
    assert graph["latent"] == sized("EmptyLatentImage", 832, 1216)
    assert files_of(small) == {SDXL_BASE}


def test_what_comes_from_a_template_parameter_is_changed_there_and_once():
    graph = {
        "model": node("SwitchyardChoiceParameter", name="checkpoint", value="sd_xl_base_1.0.safetensors"),
        "side": node("SwitchyardIntegerParameter", name="side", value=512),
        "one": node("CheckpointLoaderSimple", ckpt_name=["model", 0]),
        "two": node("CheckpointLoaderSimple", ckpt_name=["model", 0]),
        "latent": sized("EmptyLatentImage", ["side", 0], ["side", 0]),
    }
    small = substituted(graph)
    assert small["model"]["inputs"]["value"] == SDXL_BASE
    assert small["side"]["inputs"]["value"] == 128
    assert [small[name] for name in ("one", "two", "latent")] == [graph[name] for name in ("one", "two", "latent")]
    assert files_of(small) == {SDXL_BASE}


@pytest.mark.parametrize("drawn", [512, 768, 1024])
def test_whatever_size_a_model_draws_at_it_is_that_of_the_demo_model(drawn):
    graph = {"latent": sized("EmptyLatentImage", drawn, drawn), "scale": sized("ImageScale", 2 * drawn, 2 * drawn)}
    small = substituted(graph)
    assert small == {"latent": sized("EmptyLatentImage", 128, 128), "scale": sized("ImageScale", 256, 256)}


def test_without_a_drawn_picture_sizes_become_a_quarter():
    assert substituted({"scale": sized("ImageScale", 1024, 768)}) == {"scale": sized("ImageScale", 256, 192)}


def test_a_graph_of_small_pictures_and_demo_files_stays_as_it_is():
    graph = {
        "loader": node("UpscaleModelLoader", model_name=DEMO_FILES["RealESRGAN_x4plus.safetensors"]),
        "latent": sized("EmptyLatentImage", 64, 128),
    }
    assert substituted(graph) == graph


def test_crops_of_faces_are_made_small_whatever_the_pictures_are():
    graph = {
        "latent": sized("EmptyLatentImage", 64, 128),
        "detailer": node("SwitchyardFaceDetailer", guide_size=512, max_size=1024),
        "without": node("SwitchyardFaceCrop", guide_size=["size", 0]),
    }
    small = substituted(graph)
    assert small["detailer"]["inputs"] == {"guide_size": 128, "max_size": 256}
    assert [small[name] for name in ("latent", "without")] == [graph[name] for name in ("latent", "without")]


def test_a_file_that_nothing_stands_in_for_is_named():
    graph = {"loader": node("CheckpointLoaderSimple", ckpt_name="mine.safetensors")}
    with pytest.raises(LookupError, match=r"mine\.safetensors"):
        substituted(graph)


def test_a_sparse_file_holds_what_was_drawn_and_zeros_for_inert_layers(tmp_path):
    shapes = {"stack.0.weight": (4, 3), "stack.1.weight": (4, 3), "norm.weight": (5,)}
    path = tmp_path / "sparse.safetensors"
    parts = [Part("a.", shapes, lambda name: name.startswith("stack.1"))]
    write_sparse(path, drawn(parts, 1), {"recipe": "1"})
    loaded = load_file(path)
    assert {name: tuple(tensor.shape) for name, tensor in loaded.items()} == {f"a.{n}": s for n, s in shapes.items()}
    assert {tensor.dtype for tensor in loaded.values()} == {torch.float16}
    assert loaded["a.stack.0.weight"].count_nonzero() == 12
    assert loaded["a.stack.1.weight"].count_nonzero() == 0
    assert loaded["a.norm.weight"].tolist() == [1] * 5
    assert read_metadata(path) == {"recipe": "1"}
    assert list(tmp_path.iterdir()) == [path]


def test_a_checkpoint_is_kept_until_its_recipe_changes(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint_sdxl, "parts_of", lambda _: [Part("", {"norm.weight": (2,)})])
    path = checkpoint_sdxl.build(tmp_path, "base")
    kept = path.stat().st_mtime_ns
    assert checkpoint_sdxl.build(tmp_path, "base").stat().st_mtime_ns == kept
    monkeypatch.setattr(checkpoint_sdxl, "RECIPE", "next")
    assert read_metadata(checkpoint_sdxl.build(tmp_path, "base"))["recipe"] == "base next"


def with_header(text, length=None):
    return (len(text) if length is None else length).to_bytes(8, "little") + text


DAMAGED = {
    "empty": b"",
    "cut in its length": b"\x10\0",
    "of an endless header": with_header(b"{}", 2**63),
    "of no JSON": with_header(b"{damaged"),
    "of no text": with_header(b"\xff\xfe"),
    "of a list": with_header(b"[]"),
    "of odd entries": with_header(b'{"a": 3}'),
    "of odd offsets": with_header(b'{"a": {"data_offsets": ["x", "y"]}}'),
    "of odd notes": with_header(b'{"__metadata__": 3}'),
    "cut in its weights": with_header(
        json.dumps({"__metadata__": {"recipe": "base 1"}, "a": {"data_offsets": [0, 9]}}).encode()
    ),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_checkpoint_is_made_anew(tmp_path, monkeypatch, damage):
    monkeypatch.setattr(checkpoint_sdxl, "parts_of", lambda _: [Part("", {"norm.weight": (2,)})])
    path = tmp_path / checkpoint_sdxl.KINDS["base"].file
    path.write_bytes(DAMAGED[damage])
    assert read_metadata(path) == {}
    checkpoint_sdxl.build(tmp_path, "base")
    assert read_metadata(path)["recipe"] == f"base {checkpoint_sdxl.RECIPE}"
    assert load_file(path)["norm.weight"].tolist() == [1, 1]


def test_two_who_make_a_file_at_once_do_not_write_into_one_anothers(tmp_path, monkeypatch):
    path = tmp_path / "sparse.safetensors"
    draw = weights.draw

    def draw_while_another_writes(*arguments):
        monkeypatch.setattr(weights, "draw", draw)
        write_sparse(path, drawn([Part("", {"weight": (4,)})], 1), {"recipe": "other"})
        assert read_metadata(path) == {"recipe": "other"}
        return draw(*arguments)

    monkeypatch.setattr(weights, "draw", draw_while_another_writes)
    write_sparse(path, drawn([Part("", {"weight": (2,)})], 1), {"recipe": "first"})
    assert read_metadata(path) == {"recipe": "first"}
    assert load_file(path)["weight"].tolist() == [1, 1]
    assert list(tmp_path.iterdir()) == [path]


def test_what_fails_or_was_left_behind_leaves_no_part(tmp_path, monkeypatch):
    path = tmp_path / "sparse.safetensors"
    old, new = tmp_path / "sparse.1.part", tmp_path / "sparse.2.part"
    for left in (old, new):
        left.write_bytes(b"")
    os.utime(old, (time.time() - 2 * 24 * 3600,) * 2)
    monkeypatch.setattr(weights, "draw", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_sparse(path, drawn([Part("", {"weight": (2,)})], 1), {})
    assert list(tmp_path.iterdir()) == [new]  # which somebody may be writing
