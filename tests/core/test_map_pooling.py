"""SigLIP's pooling head against torch's own attention; tests/comfyui compares it with transformers."""

from __future__ import annotations

import pytest
import torch
from switchyard_pack.core.map_pooling import HEADS, PREFIX, check_match, pool_patches, read_pooling
from torch import nn

WIDTH = 32


def _reference():
    torch.manual_seed(4)
    attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
    norm, wide, narrow = nn.LayerNorm(WIDTH, eps=1e-6), nn.Linear(WIDTH, 48), nn.Linear(48, WIDTH)
    probe = torch.randn(1, 1, WIDTH)
    parts = {"attention": attention, "layernorm": norm, "mlp.fc1": wide, "mlp.fc2": narrow}
    for module in parts.values():
        for weight in module.parameters():
            nn.init.normal_(weight, std=0.4)
    weights = {
        f"{PREFIX}{name}.{key}": value for name, part in parts.items() for key, value in part.state_dict().items()
    }
    weights[f"{PREFIX}probe"] = probe

    def forward(patches):
        hidden = attention(probe.expand(len(patches), -1, -1), patches, patches)[0]
        return (hidden + narrow(nn.functional.gelu(wide(norm(hidden)), approximate="tanh")))[:, 0]

    return weights, forward


def test_pooling_gives_what_attention_gives():
    weights, forward = _reference()
    patches = torch.randn(3, 7, WIDTH)
    with torch.no_grad():
        pooled = pool_patches(patches, read_pooling(weights, "f"))
        assert pooled.shape == (3, WIDTH)
        assert torch.allclose(pooled, forward(patches), atol=2e-5)
        half = {name: weight.half() for name, weight in weights.items()}
        assert torch.allclose(pool_patches(patches.half(), read_pooling(half, "f")), forward(patches), atol=0.05)


def test_a_file_without_the_head_is_refused_with_the_keys():
    with pytest.raises(ValueError, match=r"no pooling head: vision_model\.head\.probe and 10 more keys are missing"):
        read_pooling({"vision_model.post_layernorm.weight": torch.ones(4)}, "sig.safetensors")
    weights, _ = _reference()
    del weights[f"{PREFIX}layernorm.bias"]
    with pytest.raises(ValueError, match=r"no complete pooling head: vision_model\.head\.layernorm\.bias is missing"):
        read_pooling(weights, "sig.safetensors")


@pytest.mark.parametrize("key", ["probe", "attention.in_proj_weight", "mlp.fc2.weight"])
def test_a_head_of_other_shapes_is_refused(key):
    weights, _ = _reference()
    weights[PREFIX + key] = weights[PREFIX + key][..., :-1]
    with pytest.raises(ValueError, match=rf"vision_model\.head\.{key} of f has the shape"):
        read_pooling(weights, "f")


def test_another_file_than_the_loaded_one_is_noticed_and_half_precision_is_not():
    loaded = torch.rand(64) + 0.5
    check_match(loaded, loaded.half(), "f")
    check_match(loaded.bfloat16(), loaded, "f")
    for other in (loaded + 0.1, loaded[:32], None, torch.full((64,), torch.nan)):
        with pytest.raises(ValueError, match="was loaded from another file"):
            check_match(loaded, other, "f")
