"""SigLIP's pooling head: one learned question that attends to all patches of a picture and becomes its vector.

ComfyUI's SigLIP ends with the normalised patches, so what follows is done here, with the weights of the same file.
Source: transformers' SiglipMultiheadAttentionPoolingHead, and "Sigmoid loss for language image pre-training".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor

PREFIX = "vision_model.head."
MATCH = "vision_model.post_layernorm.weight"  # the layer just before the head, which the loaded model has as well
HEADS = 16
_EPSILON = 1e-6
_SHAPES = {  # width: d, inner width of the MLP: m
    "probe": "11d",
    "attention.in_proj_weight": "3d",
    "attention.in_proj_bias": "3",
    "attention.out_proj.weight": "dd",
    "attention.out_proj.bias": "d",
    "layernorm.weight": "d",
    "layernorm.bias": "d",
    "mlp.fc1.weight": "md",
    "mlp.fc1.bias": "m",
    "mlp.fc2.weight": "dm",
    "mlp.fc2.bias": "d",
}


class PoolingHead(NamedTuple):
    """The weights of a pooling head without their prefix, float32; `width` numbers become a picture's vector."""

    weights: Mapping[str, Tensor]
    width: int


def read_pooling(weights: Mapping[str, Any], file: str) -> PoolingHead:
    """Takes the pooling head out of the weights of a SigLIP vision file.

    Raises:
        ValueError: keys are missing, or have other shapes than they must have to each other.
    """
    missing = [PREFIX + name for name in _SHAPES if PREFIX + name not in weights]
    if missing:
        raise ValueError(
            f"{file} has no pooling head: {missing[0]} and {len(missing) - 1} more keys are missing. Choose the SigLIP "
            "file that the CLIP vision loader loads, in full: sigclip_vision_patch14_384.safetensors has the head."
            if len(missing) > 1
            else f"{file} has no complete pooling head: {missing[0]} is missing. Get the file anew."
        )
    head = {name: weights[PREFIX + name] for name in _SHAPES}
    width, inner = head["layernorm.weight"].shape[-1], head["mlp.fc1.weight"].shape[0]
    sizes = {"1": 1, "3": 3 * width, "d": width, "m": inner}
    for name, letters in _SHAPES.items():
        expected = tuple(sizes[letter] for letter in letters)
        if tuple(head[name].shape) != expected or width % HEADS:
            raise ValueError(
                f"{PREFIX}{name} of {file} has the shape {tuple(head[name].shape)}, not {expected}. Choose the SigLIP "
                "file that the CLIP vision loader loads."
            )
    return PoolingHead({name: weight.float() for name, weight in head.items()}, width)


def check_match(loaded: Tensor, from_file: Tensor | None, file: str) -> None:
    """Refuses a file that is not the one that the CLIP vision model was loaded from.

    Args:
        loaded: The weight MATCH of the model that was loaded, of any precision.
        from_file: The same weight of the file; None if it has none.
        file: The file's name, for the error.

    Raises:
        ValueError: the weights differ by more than half precision explains.
    """
    import torch  # loading the pack must not

    if from_file is not None and from_file.shape == loaded.shape:
        mine, theirs = from_file.float().cpu(), loaded.detach().float().cpu()
        if torch.allclose(mine, theirs, rtol=0.02, atol=1e-3):
            return
    raise ValueError(
        f"siglip_file is {file}, but the CLIP vision model that is plugged in was loaded from another file: their "
        f"{MATCH} differ. Choose the same file in both places."
    )


def pool_patches(patches: Tensor, head: PoolingHead) -> Tensor:
    """Makes one vector (B, D) of the normalised patches (B, N, D) of each picture, float32 on the patches' device."""
    import torch  # loading the pack must not
    from torch.nn import functional

    weights = {name: weight.to(patches.device) for name, weight in head.weights.items()}
    patches = patches.float()
    width, per_head = head.width, head.width // HEADS
    question, keys, values = weights["attention.in_proj_weight"].split(width)
    question_bias, keys_bias, values_bias = weights["attention.in_proj_bias"].split(width)

    def by_head(rows: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return functional.linear(rows, weight, bias).unflatten(-1, (HEADS, per_head)).transpose(1, 2)

    probe = weights["probe"].expand(patches.shape[0], -1, -1)
    asked = by_head(probe, question, question_bias) @ by_head(patches, keys, keys_bias).transpose(2, 3)
    seen = torch.softmax(asked * per_head**-0.5, dim=-1) @ by_head(patches, values, values_bias)
    hidden = functional.linear(
        seen.transpose(1, 2).flatten(2), weights["attention.out_proj.weight"], weights["attention.out_proj.bias"]
    )
    normal = functional.layer_norm(hidden, (width,), weights["layernorm.weight"], weights["layernorm.bias"], _EPSILON)
    inner = functional.gelu(
        functional.linear(normal, weights["mlp.fc1.weight"], weights["mlp.fc1.bias"]), approximate="tanh"
    )
    hidden = hidden + functional.linear(inner, weights["mlp.fc2.weight"], weights["mlp.fc2.bias"])
    return hidden[:, 0]
