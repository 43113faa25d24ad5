"""The demo files that stand in for public ones, and how they are made."""

from __future__ import annotations

import pytest
import torch
from graphs import node
from safetensors.torch import load_file
from substitutes import DEMO_FILES, SDXL_BASE, files_of, substituted

from engine import checkpoint_sdxl
from engine.weights import Part, read_metadata, write_sparse


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
    assert small["latent"] == sized("EmptyLatentImage", 104, 152)
    assert small["scale"] == sized("ImageScale", 208, 0)
    assert small["linked"] == graph["linked"]
    assert small["other"] == graph["other"]
    assert graph["latent"] == sized("EmptyLatentImage", 832, 1216)
    assert files_of(small) == {SDXL_BASE}


def test_a_graph_of_small_pictures_and_demo_files_stays_as_it_is():
    graph = {
        "loader": node("UpscaleModelLoader", model_name=DEMO_FILES["RealESRGAN_x4plus.safetensors"]),
        "latent": sized("EmptyLatentImage", 64, 128),
    }
    assert substituted(graph) == graph


def test_a_file_that_nothing_stands_in_for_is_named():
    graph = {"loader": node("CheckpointLoaderSimple", ckpt_name="mine.safetensors")}
    with pytest.raises(LookupError, match=r"mine\.safetensors"):
        substituted(graph)


def test_a_sparse_file_holds_what_was_drawn_and_zeros_for_inert_layers(tmp_path):
    shapes = {"stack.0.weight": (4, 3), "stack.1.weight": (4, 3), "norm.weight": (5,)}
    path = tmp_path / "sparse.safetensors"
    write_sparse(path, [Part("a.", shapes, lambda name: name.startswith("stack.1"))], 1, {"recipe": "1"})
    weights = load_file(path)
    assert {name: tuple(tensor.shape) for name, tensor in weights.items()} == {f"a.{n}": s for n, s in shapes.items()}
    assert {tensor.dtype for tensor in weights.values()} == {torch.float16}
    assert weights["a.stack.0.weight"].count_nonzero() == 12
    assert weights["a.stack.1.weight"].count_nonzero() == 0
    assert weights["a.norm.weight"].tolist() == [1] * 5
    assert read_metadata(path) == {"recipe": "1"}
    assert list(tmp_path.iterdir()) == [path]


def test_a_checkpoint_is_kept_until_its_recipe_changes(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint_sdxl, "parts_of", lambda _: [Part("", {"norm.weight": (2,)})])
    path = checkpoint_sdxl.build(tmp_path, "base")
    kept = path.stat().st_mtime_ns
    assert checkpoint_sdxl.build(tmp_path, "base").stat().st_mtime_ns == kept
    monkeypatch.setattr(checkpoint_sdxl, "RECIPE", "next")
    assert read_metadata(checkpoint_sdxl.build(tmp_path, "base"))["recipe"] == "base next"
