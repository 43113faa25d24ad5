"""Stand-ins for ComfyUI's schedulers and for a MODEL, which counts what it is asked."""

from __future__ import annotations

import sys
import types

import torch
from switchyard_pack.core.noise_schedule import sd15_noise

SCHEDULERS = ["simple", "long", "broken"]


class Discrete:
    """The sampling of SD 1.5."""

    def __init__(self):
        self.sigmas = torch.tensor(sd15_noise().table)
        self.sigma_data = 1.0


class Flow:
    """The sampling of a flow model, without a shift."""

    def __init__(self):
        self.sigmas = torch.arange(1, 1001) / 1000


class FakeModel:
    """A MODEL that knows nothing but its sampling: whatever else is asked of it fails."""

    def __init__(self, sampling):
        self.asked = []
        self._sampling = sampling

    def get_model_object(self, name):
        self.asked.append(name)
        if self._sampling is None:
            raise AttributeError(name)
        return self._sampling


def calculate_sigmas(sampling, scheduler, steps):
    if scheduler == "broken":
        return torch.tensor([float("nan"), 0.0])
    steps += scheduler == "long"
    table = sampling.sigmas
    return torch.tensor([*(float(table[-(1 + place * len(table) // steps)]) for place in range(steps)), 0.0])


def fake_comfyui(monkeypatch):
    """Makes comfy.samplers and comfy.model_sampling as far as they are asked."""
    comfy, samplers, sampling = (types.ModuleType(name) for name in ("comfy", "comfy.samplers", "comfy.model_sampling"))
    samplers.KSampler = types.SimpleNamespace(SCHEDULERS=SCHEDULERS)
    samplers.calculate_sigmas = calculate_sigmas
    sampling.ModelSamplingDiscrete = Discrete
    sampling.CONST = Flow
    comfy.samplers, comfy.model_sampling = samplers, sampling
    for module in (comfy, samplers, sampling):
        monkeypatch.setitem(sys.modules, module.__name__, module)
