"""The demo checkpoint: seeded random weights in the shape of a very small Stable Diffusion 1.5.

ComfyUI detects it as SD 1.5 (320 model channels, context of 768, everything else free), loads it with Load Checkpoint
and samples it in seconds on a CPU. It has learnt nothing: its pictures are noise. Runs inside ComfyUI's environment
(torch and safetensors), as `python -m engine.checkpoint FILE`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

CHANNELS = 320
CONTEXT = 768
SEED = 15
Shapes = dict[str, tuple[int, ...]]


def _linear(name: str, size_out: int, size_in: int, bias: bool = True) -> Shapes:
    return {f"{name}.weight": (size_out, size_in), **({f"{name}.bias": (size_out,)} if bias else {})}


def _conv(name: str, size_out: int, size_in: int, kernel: int = 3, bias: bool = True) -> Shapes:
    return {f"{name}.weight": (size_out, size_in, kernel, kernel), **({f"{name}.bias": (size_out,)} if bias else {})}


def _norm(name: str, size: int) -> Shapes:
    return {f"{name}.weight": (size,), f"{name}.bias": (size,)}


def _residual(name: str, size_in: int) -> Shapes:
    shapes = {
        **_norm(f"{name}.in_layers.0", size_in),
        **_conv(f"{name}.in_layers.2", CHANNELS, size_in),
        **_linear(f"{name}.emb_layers.1", CHANNELS, 4 * CHANNELS),
        **_norm(f"{name}.out_layers.0", CHANNELS),
        **_conv(f"{name}.out_layers.3", CHANNELS, CHANNELS),
    }
    return shapes if size_in == CHANNELS else {**shapes, **_conv(f"{name}.skip_connection", CHANNELS, size_in, 1)}


def _transformer(name: str) -> Shapes:
    block = f"{name}.transformer_blocks.0"
    shapes = {**_norm(f"{name}.norm", CHANNELS), **_conv(f"{name}.proj_in", CHANNELS, CHANNELS, 1)}
    for attention, size in (("attn1", CHANNELS), ("attn2", CONTEXT)):
        shapes |= _linear(f"{block}.{attention}.to_q", CHANNELS, CHANNELS, bias=False)
        shapes |= _linear(f"{block}.{attention}.to_k", CHANNELS, size, bias=False)
        shapes |= _linear(f"{block}.{attention}.to_v", CHANNELS, size, bias=False)
        shapes |= _linear(f"{block}.{attention}.to_out.0", CHANNELS, CHANNELS)
    shapes |= _linear(f"{block}.ff.net.0.proj", 8 * CHANNELS, CHANNELS)
    shapes |= _linear(f"{block}.ff.net.2", CHANNELS, 4 * CHANNELS)
    for number in (1, 2, 3):
        shapes |= _norm(f"{block}.norm{number}", CHANNELS)
    return {**shapes, **_conv(f"{name}.proj_out", CHANNELS, CHANNELS, 1)}


def unet_shapes() -> Shapes:
    """Two levels of one block each; attention only on the lower one, where pictures are small and it costs little."""
    shapes = {**_linear("time_embed.0", 4 * CHANNELS, CHANNELS), **_linear("time_embed.2", 4 * CHANNELS, 4 * CHANNELS)}
    shapes |= _conv("input_blocks.0.0", CHANNELS, 4)
    shapes |= _residual("input_blocks.1.0", CHANNELS)
    shapes |= _conv("input_blocks.2.0.op", CHANNELS, CHANNELS)
    shapes |= _residual("input_blocks.3.0", CHANNELS) | _transformer("input_blocks.3.1")
    shapes |= _residual("middle_block.0", CHANNELS) | _transformer("middle_block.1")
    shapes |= _residual("middle_block.2", CHANNELS)
    for number in range(4):
        shapes |= _residual(f"output_blocks.{number}.0", 2 * CHANNELS)
        if number < 2:
            shapes |= _transformer(f"output_blocks.{number}.1")
    shapes |= _conv("output_blocks.1.2.conv", CHANNELS, CHANNELS)
    return {**shapes, **_norm("out.0", CHANNELS), **_conv("out.2", 4, CHANNELS)}


def clip_shapes() -> Shapes:
    """CLIP-L's text encoder at full size: ComfyUI leaves a missing weight as uninitialised memory."""
    shapes = {
        "embeddings.token_embedding.weight": (49408, CONTEXT),
        "embeddings.position_embedding.weight": (77, CONTEXT),
        **_norm("final_layer_norm", CONTEXT),
    }
    for number in range(12):
        layer = f"encoder.layers.{number}"
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            shapes |= _linear(f"{layer}.self_attn.{part}", CONTEXT, CONTEXT)
        shapes |= _linear(f"{layer}.mlp.fc1", 4 * CONTEXT, CONTEXT) | _linear(f"{layer}.mlp.fc2", CONTEXT, 4 * CONTEXT)
        shapes |= _norm(f"{layer}.layer_norm1", CONTEXT) | _norm(f"{layer}.layer_norm2", CONTEXT)
    return shapes


def vae_shapes() -> Shapes:
    """The tiny autoencoder (TAESD), which ComfyUI accepts in a checkpoint: 2.4 M weights instead of 84 M."""
    shapes = _conv("taesd_encoder.0", 64, 3) | _conv("taesd_encoder.14", 4, 64)
    shapes |= _conv("taesd_decoder.1", 64, 4) | _conv("taesd_decoder.19", 3, 64)
    for number in (2, 6, 10):
        shapes |= _conv(f"taesd_encoder.{number}", 64, 64, bias=False)
    for number in (7, 12, 17):
        shapes |= _conv(f"taesd_decoder.{number}", 64, 64, bias=False)
    blocks = [("encoder", n) for n in (1, 3, 4, 5, 7, 8, 9, 11, 12, 13)]
    blocks += [("decoder", n) for n in (3, 4, 5, 8, 9, 10, 13, 14, 15, 18)]
    for half, number in blocks:
        for layer in (0, 2, 4):
            shapes |= _conv(f"taesd_{half}.{number}.conv.{layer}", 64, 64)
    return shapes


def make_weights(shapes: Shapes, generator: Any, dtype: Any) -> dict[str, Any]:
    """Draws weights that keep activations of the order of one, so that nothing overflows and no picture is NaN."""
    import torch

    weights = {}
    for name, shape in shapes.items():
        if len(shape) == 1:
            value = 0.5 if name == f"{_LAST_LAYER}.bias" else float(name.endswith("weight"))
            weights[name] = torch.full(shape, value, dtype=dtype)
        else:
            scale = 0.02 if "embedding" in name else torch.Size(shape[1:]).numel() ** -0.5
            if name.endswith("conv.4.weight"):
                scale *= 0.5  # the end of each residual block of the autoencoder: there are twenty in a row
            if name == f"{_LAST_LAYER}.weight":
                scale *= 0.2
            weights[name] = (torch.randn(shape, generator=generator) * scale).to(dtype)
    return weights


_LAST_LAYER = "taesd_decoder.19"  # scaled and shifted so that pictures are centred on mid grey


def build(path: Path) -> None:
    """Writes the checkpoint; an interrupted run leaves no half-written file under its name."""
    import torch
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(SEED)
    parts = (
        ("model.diffusion_model.", unet_shapes(), torch.float32),
        ("cond_stage_model.transformer.text_model.", clip_shapes(), torch.float16),
        ("first_stage_model.", vae_shapes(), torch.float32),
    )
    tensors = {
        prefix + name: tensor
        for prefix, shapes, dtype in parts
        for name, tensor in make_weights(shapes, generator, dtype).items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    save_file(tensors, unfinished, metadata={"title": "Switchyard demo: seeded random weights, draws noise"})
    os.replace(unfinished, path)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
