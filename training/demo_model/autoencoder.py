"""The tiny autoencoder (TAESD's shape, 16 channels) that brings pictures to an eighth of their size and back.

Names and layers are those ComfyUI loads. Blocks at full size do nothing, on either side, and at half size only the
decoder's work: this costs little sharpness on such pictures and saves two thirds of the training.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

CHANNELS = 16
IDLE = ("taesd_encoder.1", "taesd_encoder.3", "taesd_encoder.4", "taesd_encoder.5", "taesd_decoder.18")
_NOISE = 0.06  # on the latents while training, so that a model need not hit them exactly


def _conv(size_in: int, size_out: int, **options: bool | int) -> nn.Conv2d:
    return nn.Conv2d(size_in, size_out, 3, padding=1, **options)  # pyright: ignore[reportArgumentType]


class Block(nn.Module):
    """Three convolutions beside a short cut."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Sequential(_conv(64, 64), nn.ReLU(), _conv(64, 64), nn.ReLU(), _conv(64, 64))
        with torch.no_grad():
            self.conv[4].weight.mul_(0.2)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.conv(x) + x)


class Clamp(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x / 3) * 3


class Idle(nn.Module):
    """A block whose convolutions are zero."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x)


def _stage(name: str, *modules: nn.Module) -> nn.Sequential:
    return nn.Sequential(*(Idle() if f"{name}.{number}" in IDLE else module for number, module in enumerate(modules)))


def _down() -> nn.Conv2d:
    return _conv(64, 64, stride=2, bias=False)


class Autoencoder(nn.Module):
    """Attributes:
    mean, deviation: of each channel of the encoder's output; latents are normalised with them, so that a model learns
        numbers of the order of one. `export` works them into the encoder's last layer.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.taesd_encoder = _stage(
            "taesd_encoder",
            *(_conv(3, 64), Block()),
            *(_down(), Block(), Block(), Block()),
            *(_down(), Block(), Block(), Block()),
            *(_down(), Block(), Block(), Block()),
            _conv(64, CHANNELS),
        )
        self.taesd_decoder = _stage(
            "taesd_decoder",
            *(Clamp(), _conv(CHANNELS, 64), nn.ReLU()),
            *(Block(), Block(), Block(), nn.Upsample(scale_factor=2), _conv(64, 64, bias=False)),
            *(Block(), Block(), Block(), nn.Upsample(scale_factor=2), _conv(64, 64, bias=False)),
            *(Block(), Block(), Block(), nn.Upsample(scale_factor=2), _conv(64, 64, bias=False)),
            *(Block(), _conv(64, 3)),
        )
        self.register_buffer("mean", torch.zeros(CHANNELS))
        self.register_buffer("deviation", torch.ones(CHANNELS))

    def encode(self, pictures: Tensor) -> Tensor:
        """Latents of pictures from 0 to 1: batch x 16 x height/8 x width/8."""
        latents = self.taesd_encoder(pictures)
        if self.training:
            values = latents.detach().float()
            with torch.no_grad():
                self.mean.lerp_(values.mean((0, 2, 3)), 0.02)
                self.deviation.lerp_(values.std((0, 2, 3)), 0.02)
        mean, deviation = self.mean.view(1, -1, 1, 1), self.deviation.view(1, -1, 1, 1)
        return ((latents - mean) / deviation).to(latents.dtype)

    def decode(self, latents: Tensor) -> Tensor:
        return self.taesd_decoder(latents)

    def loss(self, pictures: Tensor) -> Tensor:
        """How far pictures come back from themselves: in value, and in the steps from pixel to pixel."""
        latents = self.encode(pictures)
        back = self.decode(latents + _NOISE * torch.randn_like(latents)).float()
        difference = back - pictures.float()
        steps = difference.diff(dim=2).abs().mean() + difference.diff(dim=3).abs().mean()
        return difference.abs().mean() + 2 * difference.square().mean() + steps

    def export(self) -> dict[str, Tensor]:
        """The weights as ComfyUI takes them, without those of blocks that do nothing."""
        weights = {
            name: value.detach().float() for name, value in self.state_dict().items() if name.startswith("taesd_")
        }
        last = "taesd_encoder.14"
        weights[f"{last}.weight"] = weights[f"{last}.weight"] / self.deviation.view(-1, 1, 1, 1)
        weights[f"{last}.bias"] = (weights[f"{last}.bias"] - self.mean) / self.deviation
        return weights
