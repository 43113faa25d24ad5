"""The pooling head that ComfyUI drops when it loads SigLIP, read from the same file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core.map_pooling import MATCH, PREFIX, check_match, read_pooling
from .picture_encoders import Pooling
from .weight_files import CLIP_VISION, file_stamp, list_files, load_weights

if TYPE_CHECKING:
    from ...core.map_pooling import PoolingHead

NO_FILE = "none"


def siglip_files() -> list[str]:
    """The choices of a SigLIP file: none, and the CLIP vision files there are."""
    return [NO_FILE, *list_files(CLIP_VISION)]


def pooling_of(siglip_file: Any) -> Pooling:
    """The pooling head of a file, which is read only when pictures have to be shown to the model.

    Raises:
        ValueError: no file was chosen.
    """
    if siglip_file == NO_FILE:
        raise ValueError(
            "This head (v2.5) needs the pooling head of SigLIP, which ComfyUI leaves out: choose in siglip_file the "
            "very file that the CLIP vision loader loads, such as sigclip_vision_patch14_384.safetensors."
        )

    def read(clip_vision: Any) -> PoolingHead:
        weights = load_weights(
            CLIP_VISION, siglip_file, "SigLIP file", lambda key: key == MATCH or key.startswith(PREFIX)
        )
        pooling = read_pooling(weights, siglip_file)
        norm = getattr(getattr(getattr(clip_vision, "model", None), "vision_model", None), "post_layernorm", None)
        if norm is not None:  # another pack's stand-in for a CLIP vision model can't be compared
            check_match(norm.weight, weights.get(MATCH), siglip_file)
        return pooling

    return Pooling(file_stamp(CLIP_VISION, siglip_file), read)
