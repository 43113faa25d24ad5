"""Reads the networks back from the small file, as ComfyUI gets them."""

from __future__ import annotations

import torch
from safetensors.numpy import load_file
from torch import nn

from engine.demo_model import SOURCE, unpacked

NETWORK, AUTOENCODER = "model.diffusion_model.", "first_stage_model."


def fill(part: nn.Module, prefix: str) -> None:
    """Gives a network the weights in data/demo/demo_model.safetensors that begin with NETWORK or AUTOENCODER.

    Raises:
        KeyError: the file lacks one of the network's parameters.
    """
    weights = {name: torch.from_numpy(values) for name, values in unpacked(load_file(SOURCE))}
    part.load_state_dict({name: weights[prefix + name] for name, _ in part.named_parameters()}, strict=False)
