"""The demo checkpoints of SDXL, base and refiner: seeded random weights, as small as ComfyUI's detection allows.

Detection asks for the number of model channels, the width of context and label, and how many transformer blocks follow
each residual block on the way down. All else is as small as can be: one width on every level, no attention in the
middle and on the way up, the tiny autoencoder. The text encoders have to be whole, 1.4 GB for CLIP-G in each file, so
only the first layer of every stack is drawn: the others are zeros that hand on what they get, and holes in the file.

Runs inside ComfyUI's environment (torch), as `python -m engine.checkpoint_sdxl FOLDER`, or for one: `FOLDER refiner`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

from .weights import (
    Part,
    Shapes,
    clip_l_shapes,
    conv,
    drawn,
    linear,
    norm,
    read_metadata,
    residual,
    transformer,
    vae_shapes,
    write_sparse,
)

RECIPE = 1  # count it up when the weights change: files of another recipe are made anew
SEED = 10
CLIP_G_WIDTH, CLIP_G_LAYERS = 1280, 32


class Kind(NamedTuple):
    """What ComfyUI tells the two apart by.

    Attributes:
        file: the checkpoint's name.
        channels, context, label: the widths of the UNet, of the text it reads, and of pooled text and sizes together.
        depths: for each level, the number of transformer blocks after each of its residual blocks.
        clip_g: where the text encoders of the checkpoint keep CLIP-G; the base has CLIP-L before it.
    """

    file: str
    channels: int
    context: int
    label: int
    depths: tuple[tuple[int, int], ...]
    clip_g: str


KINDS = {
    "base": Kind(
        "switchyard_demo_sdxl_base.safetensors",
        channels=320,
        context=2048,
        label=2816,
        depths=((0, 0), (2, 2), (10, 10)),
        clip_g="conditioner.embedders.1.model.",
    ),
    "refiner": Kind(
        "switchyard_demo_sdxl_refiner.safetensors",
        channels=384,
        context=1280,
        label=2560,
        depths=((0, 0), (4, 4), (4, 4), (0, 0)),
        clip_g="conditioner.embedders.0.model.",
    ),
}


def unet_shapes(kind: Kind) -> Shapes:
    channels, wide = kind.channels, 4 * kind.channels
    shapes = linear("time_embed.0", wide, channels) | linear("time_embed.2", wide, wide)
    shapes |= linear("label_emb.0.0", wide, kind.label) | linear("label_emb.0.2", wide, wide)
    shapes |= conv("input_blocks.0.0", channels, 4)
    number = 1
    for level, depths in enumerate(kind.depths):
        if level > 0:
            shapes |= conv(f"input_blocks.{number}.0.op", channels, channels)
            number += 1
        for depth in depths:
            shapes |= residual(f"input_blocks.{number}.0", channels, channels)
            if depth > 0:
                shapes |= transformer(f"input_blocks.{number}.1", channels, kind.context, depth, is_linear=True)
            number += 1
    shapes |= residual("middle_block.0", channels, channels)
    for number in range(3 * len(kind.depths)):
        shapes |= residual(f"output_blocks.{number}.0", 2 * channels, channels)
        if number % 3 == 2 and number < 3 * len(kind.depths) - 1:
            shapes |= conv(f"output_blocks.{number}.1.conv", channels, channels)
    return {**shapes, **norm("out.0", channels), **conv("out.2", 4, channels)}


def clip_g_shapes() -> Shapes:
    """The text encoder that both share, by the names that it has in the public files."""
    width = CLIP_G_WIDTH
    shapes = {"token_embedding.weight": (49408, width), "positional_embedding": (77, width)}
    for number in range(CLIP_G_LAYERS):
        layer = f"transformer.resblocks.{number}"
        shapes |= norm(f"{layer}.ln_1", width) | norm(f"{layer}.ln_2", width)
        shapes |= {f"{layer}.attn.in_proj_weight": (3 * width, width), f"{layer}.attn.in_proj_bias": (3 * width,)}
        shapes |= linear(f"{layer}.attn.out_proj", width, width)
        shapes |= linear(f"{layer}.mlp.c_fc", 4 * width, width) | linear(f"{layer}.mlp.c_proj", width, 4 * width)
    return {**shapes, **norm("ln_final", width), "text_projection": (width, width)}


def is_behind_the_first(name: str) -> bool:
    """Tells whether a weight is in a layer of a stack, but not in its first one."""
    return re.search(r"(transformer_blocks|resblocks|encoder\.layers)\.[1-9]", name) is not None


def parts_of(kind: Kind) -> list[Part]:
    parts = [
        Part("model.diffusion_model.", unet_shapes(kind), is_behind_the_first),
        Part(kind.clip_g, clip_g_shapes(), is_behind_the_first),
        Part("first_stage_model.", vae_shapes()),
    ]
    if kind is KINDS["base"]:
        prefix = "conditioner.embedders.0.transformer.text_model."
        parts.append(Part(prefix, clip_l_shapes(), is_behind_the_first))
    return parts


def build(folder: Path, name: str) -> Path:
    """Makes the "base" or the "refiner" in a folder, unless it is there already, whole and of this recipe."""
    kind = KINDS[name]
    path = folder / kind.file
    recipe = f"{name} {RECIPE}"
    if not path.exists() or read_metadata(path).get("recipe") != recipe:
        title = "Switchyard demo: seeded random weights, draws noise"
        write_sparse(path, drawn(parts_of(kind), SEED), {"title": title, "recipe": recipe})
    return path


if __name__ == "__main__":
    for name in sys.argv[2:] or KINDS:
        build(Path(sys.argv[1]), name)
