"""The model selection that tutorials print: a classifier of the prompt and a switch, by their plain ids.

Ids, classes and inputs of the two printed nodes are kept. Both loaders, the prompt, and all that makes a picture are
ours; text encoder and VAE go with the model, so each has a switch of its own. The two models are the demo model's
styles.
"""

from __future__ import annotations

import pytest
from graphs import node


def selection_graph(prompt):
    printed = {
        "detector": node("ContentClassifier", prompt=["user_prompt", 0]),
        "switch_model": node(
            "Switch", condition=["detector", 0], on_true=["anime_model", 0], on_false=["realistic_model", 0]
        ),
    }
    return {
        **printed,
        "user_prompt": node("PrimitiveStringMultiline", value=prompt),
        "anime_model": node("CheckpointLoaderSimple", ckpt_name="animagine-xl-4.0-opt.safetensors"),
        "realistic_model": node(
            "CheckpointLoaderSimple", ckpt_name="Juggernaut-XL_v9_RunDiffusionPhoto_v2.safetensors"
        ),
        "switch_clip": switch_of(1),
        "switch_vae": switch_of(2),
        "positive": node("CLIPTextEncode", text=["user_prompt", 0], clip=["switch_clip", 0]),
        "negative": node("CLIPTextEncode", text="fog", clip=["switch_clip", 0]),
        "latent": node("EmptyLatentImage", width=1024, height=1024, batch_size=1),
        "generate": node(
            "KSampler",
            model=["switch_model", 0],
            positive=["positive", 0],
            negative=["negative", 0],
            latent_image=["latent", 0],
            seed=3,
            steps=4,
            cfg=7.0,
            sampler_name="euler",
            scheduler="normal",
            denoise=1.0,
        ),
        "decode": node("VAEDecode", samples=["generate", 0], vae=["switch_vae", 0]),
        "save": node("SaveImage", images=["decode", 0], filename_prefix="selected"),
    }


def switch_of(output):
    return node(
        "Switch", condition=["detector", 0], on_true=["anime_model", output], on_false=["realistic_model", output]
    )


@pytest.mark.parametrize(
    ("prompt", "wanted", "other"),
    [
        ("1girl, silver hair, anime key visual", "anime_model", "realistic_model"),
        ("photo of an old fisherman, 85mm lens", "realistic_model", "anime_model"),
    ],
)
def test_only_the_checkpoint_that_fits_the_prompt_is_loaded(run_logged, supplied, prompt, wanted, other):
    result, log = run_logged(supplied(selection_graph(prompt)))
    assert result.status == "success", result.error or result.node_errors
    assert wanted in result.started
    assert other not in result.started
    assert log.checkpoints_read == 1
    assert log.models == {"SD3ClipModel_", "SD3", "TAESD"}
    assert len(result.saved("save")) == 1
