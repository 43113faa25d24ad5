"""What a CLIP of ComfyUI makes of texts: the projected vector that belongs to a vision model's vectors."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from ...core.clip_scores import check_pair, check_text_projection, has_text_projection
from .memos import WeakMemo
from .progress import stop_if_interrupted

_memo = WeakMemo(512)


def embed_texts(clip: Any, texts: Sequence[str], picture_width: int | None) -> Any:
    """Encodes texts with the one text encoder of a CLIP whose vectors have the pictures' width.

    Each text is encoded once for as long as the CLIP is alive and unchanged. Only the first 75 tokens count.

    Args:
        clip: ComfyUI's CLIP, of one text encoder or several (SDXL, SD3, Flux …).
        texts: at least one.
        picture_width: how many numbers the vision model gives for a picture; None if it was shown none, so that the
            texts do not matter.

    Returns:
        (N, picture_width) float32 on the CPU.

    Raises:
        ValueError: this is no CLIP, none of its encoders fits, or the one that fits came without a text projection.
    """
    import torch

    towers = find_towers(clip)
    if picture_width is None:
        return torch.ones(len(texts), 1)
    name = check_pair(picture_width, {name: _width_of(tower) for name, tower in towers.items()})
    check_text_projection(_projection_of(towers[name]), name)
    return _encode_all(clip, name, texts, is_projected=True)


def embed_prompts(clip: Any, texts: Sequence[str]) -> Any:
    """Encodes texts to be compared with each other, with the widest text encoder of a CLIP that can.

    Encoders with a trained text projection come first. Where there is none, as in SD1.5 checkpoints, the vector before
    it is taken, which texts can be compared by among themselves. Only the first 75 tokens count.

    Args:
        clip: ComfyUI's CLIP, of one text encoder or several (SDXL, SD3, Flux …).
        texts: at least one.

    Returns:
        (N, D) float32 on the CPU.

    Raises:
        ValueError: this is no CLIP, or has no text encoder of CLIP's kind.
    """
    towers = find_towers(clip)
    if not towers:
        raise ValueError(
            "What is plugged into clip has no text encoder of CLIP's kind (only T5 or a language model). Plug in the "
            "CLIP of an SD1.5, SDXL, SD3 or Flux model, or set method to vocabulary."
        )
    name = max(towers, key=lambda name: (has_text_projection(_projection_of(towers[name])), _width_of(towers[name])))
    return _encode_all(clip, name, texts, is_projected=has_text_projection(_projection_of(towers[name])))


def find_towers(clip: Any) -> dict[str, Any]:
    """The text encoders of a CLIP that have a text projection, by name: clip_l, clip_g, clip_h.

    Raises:
        ValueError: this is no CLIP.
    """
    model = getattr(clip, "cond_stage_model", None)
    if model is None or not hasattr(clip, "tokenize"):
        kind = "nothing" if clip is None else f"a {type(clip).__name__}"
        raise ValueError(f"clip needs what Load CLIP or Load Checkpoint gives, not {kind}.")
    return {name: tower for name, tower in model.named_children() if _projection_of(tower) is not None}


def _projection_of(tower: Any) -> Any:
    layer = getattr(getattr(tower, "transformer", None), "text_projection", None)
    return getattr(layer, "weight", None)


def _width_of(tower: Any) -> int:
    weight = _projection_of(tower)
    return int(weight.shape[0]) if weight is not None else 0


def _encode_all(clip: Any, name: str, texts: Sequence[str], is_projected: bool) -> Any:
    import torch

    stamp = getattr(getattr(clip, "patcher", None), "patches_uuid", None)
    vectors = []
    for text in texts:
        stop_if_interrupted()
        key = (name, text, is_projected)
        vectors.append(_memo.get((clip,), key, stamp, lambda text=text: _encode(clip, name, text, is_projected)))
    return torch.stack(vectors)


def _encode(clip: Any, name: str, text: str, is_projected: bool) -> Any:
    """The vector (D,) of a text. Only the wanted encoder runs: no T5 or language model beside it."""
    import torch

    tower = getattr(clip.cond_stage_model, name)
    tokens = clip.tokenize(text)
    key = next((key for key in (name.removeprefix("clip_"), name) if key in tokens), None)
    if key is None:
        raise ValueError(
            f"This CLIP has the text encoder {name}, but its tokenizer makes nothing for it (only "
            f"{', '.join(map(str, tokens))}). Load the CLIP by itself with Load CLIP."
        )
    clip.load_model()
    device = getattr(getattr(clip, "patcher", None), "load_device", None)
    clip.cond_stage_model.reset_clip_options()
    try:
        # ComfyUI takes the vector before the projection for SD1.5, and on newer versions has to be told the device.
        tower.set_clip_options({"projected_pooled": is_projected, "execution_device": device})
        with _on(device), torch.no_grad():
            _, pooled, *_ = tower.encode_token_weights(tokens[key])
    finally:
        clip.cond_stage_model.reset_clip_options()
    return pooled[0].float().cpu()


def _on(device: Any) -> Any:
    """Newer cores want the CUDA device to be the current one."""
    import sys

    context = getattr(sys.modules.get("comfy.model_management"), "cuda_device_context", None)
    return nullcontext() if context is None or device is None else context(device)
