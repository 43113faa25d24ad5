"""What a CLIP vision model of ComfyUI makes of pictures: one forward for all nodes that ask for the same."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

from ...core.embeddings import AS_TRAINED, Embeddings
from .memos import WeakMemo
from .progress import stop_if_interrupted

if TYPE_CHECKING:
    from ...core.map_pooling import PoolingHead

CHUNK = 8  # views a forward
PATCHES_CHUNK = 2  # SigLIP gives the patches of all its layers: about 100 MB a picture
_memo = WeakMemo(64)


class Pooling:
    """SigLIP's pooling head, read from its file when it is needed.

    Args:
        key: tells one file from another, and from itself after a change.
        read: reads it, and refuses a file that does not belong to the model.
    """

    def __init__(self, key: Hashable, read: Callable[[Any], PoolingHead]) -> None:
        self.key = key
        self.read = read


def embed_pictures(
    clip_vision: Any, image: Any, framing: str, as_trained: str = "crop", pooling: Pooling | None = None
) -> Embeddings:
    """Shows the pictures of a batch to a CLIP vision model, in chunks; pictures with NaN are left out.

    Asked again for the same pictures, model and framing, it gives the same vectors without another forward, as long
    as the pictures are alive and unchanged.

    Args:
        clip_vision: ComfyUI's CLIP_VISION.
        image: (B, H, W, C), checked by the caller.
        framing: one of FRAMINGS.
        as_trained: what "as trained" stands for.
        pooling: makes the vectors of a model that gives patches (SigLIP).

    Raises:
        ValueError: this is no CLIP_VISION, or it does not give one vector for each picture.
    """
    framing = as_trained if framing == AS_TRAINED else framing
    if not hasattr(clip_vision, "encode_image"):
        kind = "nothing" if clip_vision is None else f"a {type(clip_vision).__name__}"
        raise ValueError(
            f"clip_vision needs what Load CLIP Vision gives, not {kind}. Load the model that the help page names."
        )
    stamp = (_state_of(clip_vision), _fingerprint(image))
    key = (framing, pooling.key if pooling else None)
    return _memo.get((image, clip_vision), key, stamp, lambda: _embed(clip_vision, image, framing, pooling))


def _embed(clip_vision: Any, image: Any, framing: str, pooling: Pooling | None) -> Embeddings:
    import torch

    from ...core.framing import frame_picture
    from ...core.quality_planes import bad_values

    size = getattr(clip_vision, "image_size", None)
    if not isinstance(size, int) or size < 1:
        raise ValueError(
            "This CLIP vision model takes pictures of any size (SigLIP 2 naflex, for example), which no published "
            "scorer was made for. Load the model that the help page names."
        )
    head = pooling.read(clip_vision) if pooling else None
    good = [index for index, picture in enumerate(image) if bad_values(picture)[0] == 0]
    vectors: list[Any] = [None] * image.shape[0]
    chunk = PATCHES_CHUNK if head else CHUNK
    with torch.no_grad():
        for start in range(0, len(good), chunk):
            stop_if_interrupted()
            chosen = good[start : start + chunk]
            views = [frame_picture(image[index], size, framing) for index in chosen]
            encoded = torch.cat([_encode(clip_vision, part, head) for part in torch.cat(views).split(chunk)])
            for index, part in zip(chosen, encoded.split([len(view) for view in views]), strict=True):
                vectors[index] = part.clone()  # else one picture's vector would keep the whole chunk
    return Embeddings(vectors, framing)


def _encode(clip_vision: Any, views: Any, head: PoolingHead | None) -> Any:
    """The vectors (V, D) of views (V, S, S, 3), float32 on the CPU."""
    from ...core.map_pooling import pool_patches

    output = clip_vision.encode_image(views)
    try:
        embeds = output["image_embeds"]
    except (AttributeError, KeyError):
        embeds = None
    wanted = 3 if head else 2
    if embeds is None or embeds.ndim != wanted or embeds.shape[0] != views.shape[0]:
        kind = "nothing" if embeds is None else f"a tensor of shape {tuple(embeds.shape)}"
        load = (
            "This head is for SigLIP: load sigclip_vision_patch14_384.safetensors."
            if head
            else "SigLIP and DINO models do that: load a CLIP ViT-L, ViT-H or ViT-bigG vision model."
        )
        raise ValueError(f"This CLIP vision model gives {kind} for {views.shape[0]} pictures. {load}")
    if head is None:
        return embeds.float().cpu()
    if embeds.shape[-1] != head.width:
        raise ValueError(
            f"This CLIP vision model gives patches of {embeds.shape[-1]} numbers, but the pooling head of siglip_file "
            f"takes {head.width}. Choose the file that the CLIP vision loader loads."
        )
    return pool_patches(embeds, head).cpu()


def _state_of(model: Any) -> Hashable:
    """Changes whenever the model's weights are patched."""
    return getattr(getattr(model, "patcher", None), "patches_uuid", None)


def _fingerprint(image: Any) -> tuple[Hashable, ...]:
    """Changes, as good as surely, when somebody writes into a tensor; torch counts no versions in inference mode."""
    import torch

    marks: list[Hashable] = [tuple(image.shape), image.dtype]
    for picture in image:
        whole = picture.detach().to(torch.float32)
        rows, columns = (max(1, side // 31) for side in picture.shape[:2])
        parts = (whole[::rows, ::columns], whole.sum((1, 2)))
        marks += [zlib.crc32(part.cpu().contiguous().numpy().tobytes()) for part in parts]
    return tuple(marks)
