"""The noise checkpoint: seeded random weights in the shape of a very small Stable Diffusion 1.5, for the tests.

ComfyUI detects it as SD 1.5 (320 model channels, context of 768, everything else free), loads it with Load Checkpoint
and samples it in seconds on a CPU. It has learnt nothing: its pictures are noise. What draws is in demo_model.py.
Runs inside ComfyUI's environment (torch and safetensors), as `python -m engine.checkpoint_sd15 FILE`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from .weights import Shapes, clip_l_shapes, conv, draw, linear, norm, replacing, residual, transformer, vae_shapes

CHANNELS = 320
CONTEXT = 768
SEED = 15


def unet_shapes() -> Shapes:
    """Two levels of one block each; attention only on the lower one, where pictures are small and it costs little."""
    shapes = {**linear("time_embed.0", 4 * CHANNELS, CHANNELS), **linear("time_embed.2", 4 * CHANNELS, 4 * CHANNELS)}
    shapes |= conv("input_blocks.0.0", CHANNELS, 4)
    shapes |= residual("input_blocks.1.0", CHANNELS, CHANNELS)
    shapes |= conv("input_blocks.2.0.op", CHANNELS, CHANNELS)
    shapes |= residual("input_blocks.3.0", CHANNELS, CHANNELS) | transformer("input_blocks.3.1", CHANNELS, CONTEXT)
    shapes |= residual("middle_block.0", CHANNELS, CHANNELS) | transformer("middle_block.1", CHANNELS, CONTEXT)
    shapes |= residual("middle_block.2", CHANNELS, CHANNELS)
    for number in range(4):
        shapes |= residual(f"output_blocks.{number}.0", 2 * CHANNELS, CHANNELS)
        if number < 2:
            shapes |= transformer(f"output_blocks.{number}.1", CHANNELS, CONTEXT)
    shapes |= conv("output_blocks.1.2.conv", CHANNELS, CHANNELS)
    return {**shapes, **norm("out.0", CHANNELS), **conv("out.2", 4, CHANNELS)}


def build(path: Path) -> None:
    """Writes the checkpoint; an interrupted run leaves no half-written file under its name."""
    import torch
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(SEED)
    parts = (
        ("model.diffusion_model.", unet_shapes(), torch.float32),
        ("cond_stage_model.transformer.text_model.", clip_l_shapes(), torch.float16),
        ("first_stage_model.", vae_shapes(), torch.float32),
    )
    tensors = {
        prefix + name: draw(name, shape, generator, dtype)
        for prefix, shapes, dtype in parts
        for name, shape in shapes.items()
    }
    with replacing(path) as unfinished:
        save_file(tensors, unfinished, metadata={"title": "Switchyard: seeded random weights, draws noise"})


if __name__ == "__main__":
    build(Path(sys.argv[1]))
