"""A ComfyUI that redraws faces without a model: a VAE that loses nothing, and a sampler that does what a test says."""

from __future__ import annotations

import sys
import types

import torch
from switchyard_pack.core.faces import Face
from switchyard_pack.nodes import face_detector
from switchyard_pack.nodes.host import face_inputs

FACE = (60.0, 50.0, 120.0, 130.0)


class Vae:
    """Rearranges pixels into latents of any compression, and back; counts what it is asked."""

    def __init__(self, ratio=8, is_video=False):
        self.ratio, self.is_video, self.encoded = ratio, is_video, []

    def spacial_compression_encode(self):
        return self.ratio

    def encode(self, pixels):
        self.encoded.append(tuple(pixels.shape))
        assert pixels.shape[1] % self.ratio == pixels.shape[2] % self.ratio == 0
        return torch.nn.functional.pixel_unshuffle(pixels.movedim(-1, 1), self.ratio)

    def decode(self, latent):
        pixels = torch.nn.functional.pixel_shuffle(latent, self.ratio).movedim(1, -1)
        return pixels[:, None] if self.is_video else pixels


class Model:
    """A MODEL as far as the detailer asks."""

    def __init__(self):
        self.model_options = {}

    def get_model_object(self, name):
        return None

    def clone(self):
        copied = Model()
        copied.model_options = dict(self.model_options)
        return copied

    def set_model_denoise_mask_function(self, function):
        self.model_options["denoise_mask_function"] = function


class ComfyUI:
    """What the detailer calls, and what it was called with.

    Attributes:
        change: What the sampler makes of a latent.
        calls: The arguments of each call of the sampler.

    Its temporary folder is `temp`.
    """

    def __init__(self, monkeypatch, faces=(FACE,), temp=None):
        self.calls, self.change = [], lambda samples, seed: samples
        self.faces = [Face(box, 0.9 - 0.1 * number) for number, box in enumerate(faces)]
        self.searches = 0
        nodes = types.ModuleType("nodes")
        nodes.NODE_CLASS_MAPPINGS = {}
        nodes.common_ksampler = self.sample
        nodes.CLIPTextEncode = lambda: types.SimpleNamespace(encode=lambda clip, text: ([[text, {}]],))
        nodes.ConditioningConcat = lambda: types.SimpleNamespace(concat=lambda to, added: ([*to, *added],))
        nodes.InpaintModelConditioning = lambda: types.SimpleNamespace(encode=self.inpaint)
        samplers = types.ModuleType("comfy.samplers")
        samplers.KSampler = types.SimpleNamespace(SAMPLERS=["euler", "dpmpp_2m"], SCHEDULERS=["normal", "karras"])
        graph = types.ModuleType("comfy_execution.graph")
        graph.ExecutionBlocker = type("ExecutionBlocker", (), {"__init__": lambda self, message: None})
        comfy, execution = types.ModuleType("comfy"), types.ModuleType("comfy_execution")
        comfy.samplers, execution.graph = samplers, graph
        paths = types.ModuleType("folder_paths")
        paths.get_temp_directory = lambda: str(temp)
        for module in (nodes, comfy, samplers, execution, graph, paths):
            monkeypatch.setitem(sys.modules, module.__name__, module)
        for module in (face_inputs, face_detector):
            monkeypatch.setattr(module, "load_face_model", lambda name, tiled: self.find)

    def find(self, pictures, lowest):
        self.searches += 1
        return [list(self.faces) for _ in pictures]

    def sample(self, model, seed, steps, cfg, sampler, scheduler, positive, negative, latent, denoise):
        self.calls.append(
            {
                "model": model, "seed": seed, "steps": steps, "cfg": cfg, "sampler": sampler, "scheduler": scheduler,
                "positive": positive, "negative": negative, "latent": latent, "denoise": denoise,
            }
        )  # fmt: skip
        return ({**latent, "samples": self.change(latent["samples"], seed)},)

    def inpaint(self, positive, negative, pixels, vae, mask, noise_mask):
        latent = {"samples": vae.encode(pixels)}
        if noise_mask:
            latent["noise_mask"] = mask
        return [[entry[0], {"inpaint": True}] for entry in positive], negative, latent


def sampled(**more):
    """The required inputs of Face Detailer beside the picture."""
    return {
        "model": Model(),
        "clip": object(),
        "vae": Vae(),
        "positive": [[torch.zeros(1, 2, 3), {}]],
        "negative": [[torch.zeros(1, 2, 3), {}]],
        "denoise": 0.4,
        "steps": 15,
        "cfg": 7.0,
        "sampler_name": "euler",
        "scheduler": "karras",
        "guide_size": 128,
        "feather": 5,
        "max_size": 256,
        "keep_if_worse": False,
        **more,
    }
