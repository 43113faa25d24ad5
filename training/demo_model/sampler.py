"""Draws pictures with the packed demo model, as ComfyUI's KSampler does with "euler" and "simple", in batches."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from transformers import CLIPTokenizerFast

from autoencoder import Autoencoder
from engine.demo_text import STARTS
from fit import DEPTH, REPEATS, TOKENIZER
from mmdit import MMDiT
from packed import AUTOENCODER, NETWORK, fill
from text import Encoder

_SHIFT = 3.0  # of the noise levels, ComfyUI's for this family


class Sampler:
    """The model in data/demo."""

    def __init__(self) -> None:
        self.model, self.autoencoder = MMDiT(DEPTH).eval(), Autoencoder().eval()
        fill(self.model, NETWORK)
        fill(self.autoencoder, AUTOENCODER)
        self.encoder = Encoder()
        self.tokenizer = CLIPTokenizerFast.from_pretrained(str(TOKENIZER))

    @torch.inference_mode()
    def draw(
        self,
        prompts: Sequence[str],
        seeds: Sequence[int],
        *,
        style: str = "",
        negative: str = "",
        size: int = 128,
        steps: int = 20,
        cfg: float = 4.0,
    ) -> np.ndarray:
        """Draws a picture for each prompt: prompts x size x size x 3, from 0 to 1."""
        text, pooled = self._encode([*prompts, *([negative] * len(prompts))], style)
        noise = [torch.randn(1, 16, size // 8, size // 8, generator=torch.manual_seed(seed)) for seed in seeds]
        x = torch.cat(noise)
        levels = torch.linspace(1, 0, steps + 1)
        levels = _SHIFT * levels / (1 + (_SHIFT - 1) * levels)
        for level, after in pairwise(levels):
            times = level.expand(2 * len(x))
            wanted, unwanted = self.model(torch.cat([x, x]), times, text, pooled, REPEATS).chunk(2)
            x = x + (after - level) * (unwanted + cfg * (wanted - unwanted))
        return self.autoencoder.decode(x).clamp(0, 1).permute(0, 2, 3, 1).numpy()

    def _encode(self, prompts: Sequence[str], style: str) -> tuple[Tensor, Tensor]:
        tokens = self.tokenizer(list(prompts), add_special_tokens=False)["input_ids"]
        text, pooled = self.encoder.encode(tokens, [STARTS[style]] * len(prompts))
        return torch.from_numpy(text), torch.from_numpy(pooled)
