"""Stand-ins for ComfyUI's CLIP_VISION, CLIP and model folders, which count what they are asked."""

from __future__ import annotations

import types

import torch
from torch import nn


class FakeVision:
    """Gives the mean colour of each picture as its vector, then ones, up to the width it is made with."""

    image_size = 16

    def __init__(self, width=8, embeds=None):
        self.width = width
        self.embeds = embeds
        self.forwards: list[int] = []

    def encode_image(self, image, crop=True):
        assert image.shape[1:] == (16, 16, 3)
        assert bool(image.isfinite().all())
        self.forwards.append(len(image))
        if self.embeds is not None:
            return {"image_embeds": self.embeds(image)}
        return {"image_embeds": torch.cat([image.mean((1, 2)), torch.ones(len(image), self.width - 3)], 1)}


class FakeTower(nn.Module):
    """A text encoder: the vector of a text is its tokens' numbers, projected."""

    def __init__(self, width, has_projection=True):
        super().__init__()
        self.transformer = nn.Module()
        if has_projection:
            self.transformer.text_projection = nn.Linear(width, width, bias=False)
            noise = torch.randn(width, width, generator=torch.Generator().manual_seed(width)) * 0.03
            self.transformer.text_projection.weight.data = noise + 0.1 * torch.eye(width)
        self.width = width
        self.encoded: list[str] = []
        self.options: dict = {}

    def set_clip_options(self, options):
        self.options = options

    def encode_token_weights(self, tokens):
        text = tokens[0]
        self.encoded.append(text)
        pooled = torch.tensor([[float(ord(text[place % len(text)]) % 17) for place in range(self.width)]])
        is_projected = self.options.get("projected_pooled")
        return None, self.project(pooled) if is_projected else pooled

    def project(self, pooled):
        return pooled @ self.transformer.text_projection.weight.T


class FakeClip:
    """A CLIP of one or several text encoders, by name: clip_l=8."""

    def __init__(self, **widths):
        class Model(nn.Module):
            def reset_clip_options(self):
                for tower in self.children():
                    tower.options = {}

        self.cond_stage_model = Model()
        self.towers = {name: FakeTower(abs(width), has_projection=width > 0) for name, width in widths.items()}
        for name, tower in self.towers.items():
            self.cond_stage_model.add_module(name, tower)
        self.loads = 0

    def tokenize(self, text):
        return {name.removeprefix("clip_"): [text] for name, _ in self.cond_stage_model.named_children()}

    def load_model(self):
        self.loads += 1


def fake_folders(monkeypatch, tmp_path):
    """Makes folder_paths and comfy.utils as far as they are asked, over the folders in tmp_path."""
    paths = types.ModuleType("folder_paths")
    paths.models_dir = str(tmp_path)
    paths.folder_names_and_paths = {}
    paths.get_filename_list = lambda kind: sorted(path.name for path in (tmp_path / kind).glob("*"))
    paths.get_full_path = lambda kind, name: str(tmp_path / kind / name) if (tmp_path / kind / name).is_file() else None
    utils = types.ModuleType("comfy.utils")
    utils.load_torch_file = lambda path, safe_load=False: torch.load(path, weights_only=safe_load)
    comfy = types.ModuleType("comfy")
    comfy.utils = utils
    for name, module in (("folder_paths", paths), ("comfy", comfy), ("comfy.utils", utils)):
        monkeypatch.setitem(__import__("sys").modules, name, module)
    for kind in ("aesthetic", "clip_vision"):
        (tmp_path / kind).mkdir()
    return paths
