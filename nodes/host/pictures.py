"""Pictures as files, as ComfyUI's own Save Image and Load Image write and read them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from ...core.thumbnails import thumbnail
from ...core.values import is_tensor, kind_of
from .previews import save_preview

_COMPRESSION = 4  # as ComfyUI


def count_pictures(batches: Sequence[Any]) -> int:
    """The number of pictures in all batches.

    Raises:
        ValueError: one of them is no IMAGE tensor.
    """
    for number, batch in enumerate(batches):
        if not (is_tensor(batch) and batch.ndim == 4):
            which = f", number {number + 1} of {len(batches)}," if len(batches) > 1 else ""
            raise ValueError(
                f"What is plugged into images{which} is no picture: {kind_of(batch)}. Look at what comes before; to "
                "skip saving where there is no picture, have it hand on nothing (block) instead of None."
            )
    return sum(len(batch) for batch in batches)


def save_pictures(
    batches: Iterable[Any], prefixes: Sequence[str], metadata: Iterable[Mapping[str, Any]]
) -> list[dict[str, str]]:
    """Saves pictures into ComfyUI's output folder.

    Args:
        batches: IMAGE tensors, of any sizes.
        prefixes: for each batch the beginning of its files' names, with ComfyUI's placeholders; the last one counts
            for all that follow.
        metadata: for each picture, what is written into its file as JSON, by name; left out with --disable-metadata.

    Returns:
        What the page needs to show the files.
    """
    import folder_paths
    import numpy as np
    from comfy.cli_args import args
    from PIL import Image

    saved, texts = [], iter(metadata)
    for batch, prefix in zip(batches, chain(prefixes, repeat(prefixes[-1])), strict=False):
        if not len(batch):
            continue
        folder, name, counter, subfolder, _ = folder_paths.get_save_image_path(
            prefix, folder_paths.get_output_directory(), batch[0].shape[1], batch[0].shape[0]
        )
        for number, picture in enumerate(batch):
            levels = np.clip(255.0 * picture.cpu().numpy(), 0, 255).astype(np.uint8)
            file = f"{name.replace('%batch_num%', str(number))}_{counter + number:05}_.png"
            chunks = None if args.disable_metadata else _chunks(next(texts))
            Image.fromarray(levels).save(Path(folder) / file, pnginfo=chunks, compress_level=_COMPRESSION)
            saved.append({"filename": file, "subfolder": subfolder, "type": "output"})
    return saved


def save_pairs(pairs: Sequence[tuple[Any, Any]]) -> tuple[list[dict[str, Any]], str]:
    """Saves pictures to be looked at in the page into ComfyUI's temporary folder, which it empties when it starts.

    They are JPEGs of high quality: fifteen times as fast as PNGs and a quarter of their size, since a node may save
    some at every run of a long night. Alpha is left out, and NaN is black. A full disk stops nothing: it is told.

    Args:
        pairs: (H, W, C) pictures of 1 to 4 channels, 0..1, of any sizes; one that is in several pairs is saved once.

    Returns:
        For each pair under "before" and "after" what the page needs to show the file, with width and height; and why
        there is nothing to show although there are pairs, else an empty text.
    """
    saved: dict[int, dict[str, Any]] = {}
    try:
        for picture in chain.from_iterable(pairs):
            if id(picture) not in saved:
                saved[id(picture)] = _save_large_preview(picture)
    except OSError as error:
        return [], f"The pictures can't be shown, since they could not be saved: {error}"
    return [{"before": saved[id(before)], "after": saved[id(after)]} for before, after in pairs], ""


def _save_large_preview(picture: Any) -> dict[str, Any]:
    height, width = picture.shape[:2]
    levels = thumbnail(picture, max(height, width)).numpy()
    return {**save_preview(levels, quality=95, subsampling=0), "width": width, "height": height}


def picture_input(tooltip: str) -> tuple[list[str], dict[str, Any]]:
    """The choice of a picture in ComfyUI's input folder, as Load Image has it; no choices outside ComfyUI."""
    loader = _load_image()
    files, options = loader.INPUT_TYPES()["required"]["image"] if loader else ([], {"image_upload": True})
    return (files, {**options, "tooltip": tooltip})


def load_picture(file: str) -> tuple[Any, Any]:
    """The IMAGE and the MASK of a file, by ComfyUI's own Load Image."""
    loader = _load_image()
    return getattr(loader(), loader.FUNCTION)(file)


def picture_mark(file: Any) -> Any:
    """What changes when the file does; the same for all that is no file."""
    return _load_image().IS_CHANGED(file) if isinstance(file, str) and not picture_missing(file) else ""


def picture_missing(file: str) -> str:
    """Says that there is no such file in ComfyUI's folders; empty if there is one."""
    import folder_paths

    if file.strip() and folder_paths.exists_annotated_filepath(file):
        return ""
    return f'value is "{file}", and there is no such file in the input folder. Choose one, or upload it.'


def _load_image() -> Any:
    return getattr(sys.modules.get("nodes"), "NODE_CLASS_MAPPINGS", {}).get("LoadImage")


def _chunks(metadata: Mapping[str, Any]) -> Any:
    from PIL.PngImagePlugin import PngInfo

    chunks = PngInfo()
    for name, value in metadata.items():
        chunks.add_text(name, json.dumps(value))
    return chunks
