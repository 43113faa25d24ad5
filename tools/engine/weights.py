"""What the demo checkpoints are made of: shapes of layers by their public names, weights drawn for them, the file.

Everything is a plain dictionary of names and shapes; ComfyUI is not imported. Drawing needs torch, which is imported
inside functions.
"""

from __future__ import annotations

import json
import math
import os
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

Shapes = dict[str, tuple[int, ...]]

_LAST_LAYER = "taesd_decoder.19"  # scaled and shifted so that pictures are centred on mid grey
_DTYPE, _BYTES = "F16", 2  # of sparse files: what the public SDXL files have
_LONGEST_HEADER = 100_000_000  # more is refused by safetensors itself
_ABANDONED_S = 24 * 3600


def linear(name: str, size_out: int, size_in: int, bias: bool = True) -> Shapes:
    return {f"{name}.weight": (size_out, size_in), **({f"{name}.bias": (size_out,)} if bias else {})}


def conv(name: str, size_out: int, size_in: int, kernel: int = 3, bias: bool = True) -> Shapes:
    return {f"{name}.weight": (size_out, size_in, kernel, kernel), **({f"{name}.bias": (size_out,)} if bias else {})}


def norm(name: str, size: int) -> Shapes:
    return {f"{name}.weight": (size,), f"{name}.bias": (size,)}


def residual(name: str, size_in: int, channels: int) -> Shapes:
    """A residual block of the UNet."""
    shapes = {
        **norm(f"{name}.in_layers.0", size_in),
        **conv(f"{name}.in_layers.2", channels, size_in),
        **linear(f"{name}.emb_layers.1", channels, 4 * channels),
        **norm(f"{name}.out_layers.0", channels),
        **conv(f"{name}.out_layers.3", channels, channels),
    }
    return shapes if size_in == channels else {**shapes, **conv(f"{name}.skip_connection", channels, size_in, 1)}


def transformer(name: str, channels: int, context: int, depth: int = 1, is_linear: bool = False) -> Shapes:
    """A stack of `depth` transformer blocks of the UNet; SDXL goes in and out of it by linear layers."""
    around = linear if is_linear else _pointwise
    shapes = {**norm(f"{name}.norm", channels), **around(f"{name}.proj_in", channels, channels)}
    for number in range(depth):
        block = f"{name}.transformer_blocks.{number}"
        for attention, size in (("attn1", channels), ("attn2", context)):
            shapes |= linear(f"{block}.{attention}.to_q", channels, channels, bias=False)
            shapes |= linear(f"{block}.{attention}.to_k", channels, size, bias=False)
            shapes |= linear(f"{block}.{attention}.to_v", channels, size, bias=False)
            shapes |= linear(f"{block}.{attention}.to_out.0", channels, channels)
        shapes |= linear(f"{block}.ff.net.0.proj", 8 * channels, channels)
        shapes |= linear(f"{block}.ff.net.2", channels, 4 * channels)
        for layer in (1, 2, 3):
            shapes |= norm(f"{block}.norm{layer}", channels)
    return {**shapes, **around(f"{name}.proj_out", channels, channels)}


def _pointwise(name: str, size_out: int, size_in: int) -> Shapes:
    return conv(name, size_out, size_in, 1)


def clip_l_shapes() -> Shapes:
    """CLIP-L's text encoder at full size: ComfyUI leaves a missing weight as uninitialised memory."""
    width = 768
    shapes = {
        "embeddings.token_embedding.weight": (49408, width),
        "embeddings.position_embedding.weight": (77, width),
        **norm("final_layer_norm", width),
    }
    for number in range(12):
        layer = f"encoder.layers.{number}"
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            shapes |= linear(f"{layer}.self_attn.{part}", width, width)
        shapes |= linear(f"{layer}.mlp.fc1", 4 * width, width) | linear(f"{layer}.mlp.fc2", width, 4 * width)
        shapes |= norm(f"{layer}.layer_norm1", width) | norm(f"{layer}.layer_norm2", width)
    return shapes


def vae_shapes() -> Shapes:
    """The tiny autoencoder (TAESD), which ComfyUI accepts in a checkpoint: 2.4 M weights instead of 84 M."""
    shapes = conv("taesd_encoder.0", 64, 3) | conv("taesd_encoder.14", 4, 64)
    shapes |= conv("taesd_decoder.1", 64, 4) | conv("taesd_decoder.19", 3, 64)
    for number in (2, 6, 10):
        shapes |= conv(f"taesd_encoder.{number}", 64, 64, bias=False)
    for number in (7, 12, 17):
        shapes |= conv(f"taesd_decoder.{number}", 64, 64, bias=False)
    blocks = [("encoder", n) for n in (1, 3, 4, 5, 7, 8, 9, 11, 12, 13)]
    blocks += [("decoder", n) for n in (3, 4, 5, 8, 9, 10, 13, 14, 15, 18)]
    for half, number in blocks:
        for layer in (0, 2, 4):
            shapes |= conv(f"taesd_{half}.{number}.conv.{layer}", 64, 64)
    return shapes


def draw(name: str, shape: tuple[int, ...], generator: Any, dtype: Any) -> Any:
    """Draws a weight that keeps activations of the order of one, so that nothing overflows and no picture is NaN."""
    import torch

    if len(shape) == 1:
        value = 0.5 if name == f"{_LAST_LAYER}.bias" else float(name.endswith("weight"))
        return torch.full(shape, value, dtype=dtype)
    scale = 0.02 if "embedding" in name else math.prod(shape[1:]) ** -0.5
    if name.endswith("conv.4.weight"):
        scale *= 0.5  # the end of each residual block of the autoencoder: there are twenty in a row
    if name == f"{_LAST_LAYER}.weight":
        scale *= 0.2
    return (torch.randn(shape, generator=generator) * scale).to(dtype)


class Part(NamedTuple):
    """A part of a checkpoint.

    Attributes:
        prefix: what stands before the names in the file.
        shapes: the weights.
        is_inert: tells by its name whether a weight is zero. A layer of zeros in a residual stack hands on what it
            gets, and takes no room on disks that keep holes in files.
    """

    prefix: str
    shapes: Shapes
    is_inert: Callable[[str], bool] = lambda _: False


class Weight(NamedTuple):
    """A weight of a checkpoint.

    Attributes:
        name, shape: as they stand in the file.
        values: gives the numbers, as an array of numpy; None for zeros.
    """

    name: str
    shape: tuple[int, ...]
    values: Callable[[], Any] | None


def drawn(parts: Iterable[Part], seed: int) -> list[Weight]:
    """The weights of parts, to be drawn one after the other in half precision when they are written."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    return [
        Weight(
            part.prefix + name,
            shape,
            None if part.is_inert(name) else partial(_draw_half, name, shape, generator),
        )
        for part in parts
        for name, shape in part.shapes.items()
    ]


def _draw_half(name: str, shape: tuple[int, ...], generator: Any) -> Any:
    import torch

    return draw(name, shape, generator, torch.float16).numpy()


def write_sparse(path: Path, weights: Iterable[Weight], metadata: dict[str, str]) -> None:
    """Writes weights in half precision, one at a time, as a safetensors file with holes where they are zero.

    An interrupted run leaves no half-written file under the name.
    """
    weights = list(weights)
    header: dict[str, Any] = {"__metadata__": metadata}
    end = 0
    for weight in weights:
        begin, end = end, end + _BYTES * math.prod(weight.shape)
        header[weight.name] = {"dtype": _DTYPE, "shape": weight.shape, "data_offsets": (begin, end)}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with replacing(path) as unfinished, unfinished.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        start = file.tell()
        file.truncate(start + end)
        for weight in weights:
            if weight.values is not None:
                file.seek(start + header[weight.name]["data_offsets"][0])
                file.write(weight.values().astype("<f2").tobytes())


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name of its own, in the folder of a file, to write under; at the end it takes the file's place in one go.

    Two who make the same file at once do not write into one another's. If it fails, what is written is removed; so
    is what a run that was killed has left behind a day ago.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f"{path.stem}.*.part"):
        with suppress(FileNotFoundError):  # somebody else may be tidying up too
            if time.time() - left.stat().st_mtime > _ABANDONED_S:
                left.unlink()
    unfinished = path.with_name(f"{path.stem}.{uuid.uuid4().hex}.part")
    try:
        yield unfinished
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def read_metadata(path: Path) -> dict[str, str]:
    """The notes in the header of a safetensors file; none where the header is damaged or the file is cut off."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        text = file.read(length) if length <= _LONGEST_HEADER else b""
    try:
        header = json.loads(text)
        metadata = header.pop("__metadata__", {})
        end = max((entry["data_offsets"][1] for entry in header.values()), default=0)
        is_whole = isinstance(metadata, dict) and 8 + length + end == path.stat().st_size
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
        return {}
    return metadata if is_whole else {}
