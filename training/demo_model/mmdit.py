"""The network of Stable Diffusion 3 (MMDiT), very small, with the names that ComfyUI loads it by.

Text and picture each have weights of their own and attend to one another. Width is 64 for each layer of depth, which
is how ComfyUI reads the depth off a file. Source: Esser et al. 2024, "Scaling Rectified Flow Transformers for
High-Resolution Image Synthesis"; queries and keys are normalised as in version 3.5. Written for training: ComfyUI has
its own, and a test compares the two.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

HEAD = 64
PATCH = 2
CHANNELS = 16
TEXT_WIDTH = 4096
POOLED_WIDTH = 2048
_FREQUENCIES = 256


def positions(width: int, rows: int, columns: int) -> Tensor:
    """Where each patch is, as sines and cosines: (rows x columns) x width.

    Coordinates run from 0 to 15 whatever the size is (less to one side of pictures that are not square more), so that
    a model sees a larger picture as a finer one.
    """
    small = min(rows, columns)
    reach_y, reach_x = 7.5 * rows / small, 7.5 * columns / small
    y, x = torch.meshgrid(
        torch.linspace(7.5 - reach_y, 7.5 + reach_y, rows),
        torch.linspace(7.5 - reach_x, 7.5 + reach_x, columns),
        indexing="ij",
    )
    return torch.cat([_waves(width // 2, x), _waves(width // 2, y)], dim=1)


def _waves(width: int, place: Tensor) -> Tensor:
    speeds = 1.0 / 10000 ** (torch.arange(width // 2) / (width / 2.0))
    angles = place.reshape(-1)[:, None] * speeds
    return torch.cat([torch.sin(angles), torch.cos(angles)], dim=1)


class Embedder(nn.Module):
    """Two layers that bring a vector to the network's width."""

    def __init__(self, size_in: int, width: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(size_in, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, x: Tensor) -> Tensor:
        return self.mlp(x)


class RootMeanSquare(nn.Module):
    """Normalisation of each head's queries or keys."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(HEAD))

    def forward(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x, (HEAD,), self.weight.to(x.dtype), 1e-6)


class Attention(nn.Module):
    """One stream's projections: into queries, keys and values, and out again."""

    def __init__(self, width: int, is_last: bool) -> None:
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width)
        self.ln_q, self.ln_k = RootMeanSquare(), RootMeanSquare()
        if not is_last:
            self.proj = nn.Linear(width, width)

    def split(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, each batch x heads x tokens x 64."""
        batch, tokens, width = x.shape
        q, k, v = self.qkv(x).view(batch, tokens, 3, width // HEAD, HEAD).permute(2, 0, 3, 1, 4)
        return self.ln_q(q), self.ln_k(k), v


class Mlp(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(functional.gelu(self.fc1(x), approximate="tanh"))


class Stream(nn.Module):
    """One stream (text or picture) of a block; the text of the last block is only read."""

    def __init__(self, width: int, is_last: bool = False) -> None:
        super().__init__()
        self.width, self.is_last = width, is_last
        self.attn = Attention(width, is_last)
        if not is_last:
            self.mlp = Mlp(width)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, (2 if is_last else 6) * width))

    def before(self, x: Tensor, c: Tensor) -> tuple[tuple[Tensor, Tensor, Tensor], tuple[Tensor, ...]]:
        shift, scale, *rest = self.adaLN_modulation(c)[:, None].chunk(2 if self.is_last else 6, dim=2)
        return self.attn.split(modulated(x, shift, scale)), tuple(rest)

    def after(self, x: Tensor, attended: Tensor, rest: tuple[Tensor, ...]) -> Tensor:
        gate, shift, scale, gate_mlp = rest
        x = x + gate * self.attn.proj(attended)
        return x + gate_mlp * self.mlp(modulated(x, shift, scale))


def modulated(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    return torch.addcmul(shift, functional.layer_norm(x, x.shape[-1:], eps=1e-6), 1 + scale)


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None) -> Tensor:
    """Written out: on a processor the backward pass of torch's own takes four times as long for so few tokens."""
    weights = (q * HEAD**-0.5) @ k.transpose(-1, -2)
    if bias is not None:
        weights = weights + bias
    return torch.softmax(weights, -1) @ v


class Block(nn.Module):
    def __init__(self, width: int, is_last: bool) -> None:
        super().__init__()
        self.context_block, self.x_block = Stream(width, is_last), Stream(width)

    def forward(self, text: Tensor, x: Tensor, c: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
        text_qkv, text_rest = self.context_block.before(text, c)
        x_qkv, x_rest = self.x_block.before(x, c)
        q, k, v = (torch.cat(pair, dim=2) for pair in zip(text_qkv, x_qkv, strict=True))
        attended = attend(q, k, v, bias)
        attended = attended.transpose(1, 2).reshape(x.shape[0], -1, x.shape[2])
        words = text.shape[1]
        if not self.context_block.is_last:
            text = self.context_block.after(text, attended[:, :words], text_rest)
        return text, self.x_block.after(x, attended[:, words:], x_rest)


class Final(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, PATCH * PATCH * CHANNELS)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        shift, scale = self.adaLN_modulation(c)[:, None].chunk(2, dim=2)
        return self.linear(modulated(x, shift, scale))


class PatchEmbed(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(CHANNELS, width, PATCH, PATCH)

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(x).flatten(2).transpose(1, 2)


class MMDiT(nn.Module):
    """Predicts noise minus picture from a mixture of both.

    Args:
        depth: number of blocks; the width is 64 times that.
    """

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.width = width = HEAD * depth
        self.x_embedder = PatchEmbed(width)
        self.t_embedder = Embedder(_FREQUENCIES, width)
        self.y_embedder = Embedder(POOLED_WIDTH, width)
        self.context_embedder = nn.Linear(TEXT_WIDTH, width)
        self.joint_blocks = nn.ModuleList([Block(width, number == depth - 1) for number in range(depth)])
        self.final_layer = Final(width)
        self._places: dict[tuple[int, int], Tensor] = {}
        self._initialise()

    def forward(self, x: Tensor, t: Tensor, text: Tensor, pooled: Tensor, repeats: float = 1.0) -> Tensor:
        """Velocity at `x`.

        Args:
            x: batch x 16 x height x width, a mixture of (1 - t) of the picture's latents and t of noise.
            t: batch, from 0 to 1.
            text: batch x words x at most 4096 channels; those left out are zero, as with CLIP-L alone.
            pooled: batch x at most 2048 channels, likewise.
            repeats: for how many equal words the last one stands.
        """
        batch, _, height, width = x.shape
        rows, columns = height // PATCH, width // PATCH
        if (rows, columns) not in self._places:
            self._places[rows, columns] = positions(self.width, rows, columns)
        patches = self.x_embedder(x) + self._places[rows, columns].to(x.dtype)
        first, activation, second = self.y_embedder.mlp
        c = self.t_embedder(_time_waves(t).to(x.dtype)) + second(activation(_linear_start(first, pooled)))
        words = _linear_start(self.context_embedder, text)
        bias = None
        if repeats != 1.0:
            bias = torch.zeros(1, 1, 1, words.shape[1] + patches.shape[1], dtype=x.dtype)
            bias[..., words.shape[1] - 1] = math.log(repeats)
        for block in self.joint_blocks:
            words, patches = block(words, patches, c, bias)
        out = self.final_layer(patches, c).view(batch, rows, columns, PATCH, PATCH, CHANNELS)
        return out.permute(0, 5, 1, 3, 2, 4).reshape(batch, CHANNELS, height, width)

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        for name, parameter in self.named_parameters():
            if "adaLN_modulation" in name or name.startswith("final_layer"):
                nn.init.zeros_(parameter)  # each block begins by changing nothing
        nn.init.normal_(self.context_embedder.weight, std=0.05)
        nn.init.normal_(self.get_parameter("y_embedder.mlp.0.weight"), std=0.03)


def _linear_start(layer: nn.Module, x: Tensor) -> Tensor:
    """A linear layer of an input whose last channels are left out, being zero."""
    assert isinstance(layer, nn.Linear)
    return functional.linear(x, layer.weight[:, : x.shape[-1]], layer.bias)


def _time_waves(t: Tensor) -> Tensor:
    half = _FREQUENCIES // 2
    speeds = torch.exp(-math.log(10000) * torch.arange(half) / half)
    angles = (1000 * t)[:, None].float() * speeds
    return torch.cat([torch.cos(angles), torch.sin(angles)], dim=1)
