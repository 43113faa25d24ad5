"""The conditional graph that tutorials print, by its plain ids, with what such prints leave out supplied.

The ids, classes and inputs of the four printed nodes are kept; loader, prompts, latent, seed, the score itself and the
fallback branch are ours. The checkpoint draws noise, which no score of 0.8 is given for.
"""

from __future__ import annotations

import pytest
from graphs import node

from engine.layout import NOISE_CHECKPOINT


def conditional_graph(seed: int, threshold: float):
    printed = {
        "generate": node(
            "KSampler",
            model=["checkpoint", 0],
            positive=["positive_prompt", 0],
            negative=["negative_prompt", 0],
            latent_image=["empty_latent", 0],
            steps=25,
            cfg=7.0,
            sampler_name="euler_ancestral",
            scheduler="karras",
            denoise=1.0,
        ),
        "decode": node("VAEDecode", samples=["generate", 0], vae=["checkpoint", 2]),
        "compare": node("Compare", a=["quality_score", 0], b=threshold, comparison="greater_than"),
        "switch": node("Switch", condition=["compare", 0], on_true=["decode", 0], on_false=["fallback_decode", 0]),
    }
    printed["generate"]["inputs"]["seed"] = seed
    return {
        **printed,
        "checkpoint": node("CheckpointLoaderSimple", ckpt_name=NOISE_CHECKPOINT),
        "positive_prompt": node("CLIPTextEncode", text="a harbour in the morning", clip=["checkpoint", 1]),
        "negative_prompt": node("CLIPTextEncode", text="fog", clip=["checkpoint", 1]),
        "empty_latent": node("EmptyLatentImage", width=64, height=64, batch_size=1),
        "quality_score": node("QualityScore", image=["decode", 0]),
        "fallback_decode": node("VAEDecode", samples=["empty_latent", 0], vae=["checkpoint", 2]),
        "save": node("SaveImage", images=["switch", 0], filename_prefix="chapter"),
    }


@pytest.mark.parametrize(("threshold", "branch", "fallback_runs"), [(0.8, "on_false", True), (-1.0, "on_true", False)])
def test_the_printed_graph_runs_and_takes_one_branch(run, threshold, branch, fallback_runs):
    result = run(conditional_graph(seed=int(threshold * 10) + 20, threshold=threshold))
    assert result.status == "success", result.error or result.node_errors
    assert result.verdict("switch")["data"]["branch"] == branch
    assert result.verdict("compare")["data"]["comparison"] == "greater_than"
    assert ("fallback_decode" in result.started) is fallback_runs
    assert len(result.saved("save")) == 1


def test_requeued_with_another_seed_the_loader_and_the_prompts_do_not_run_again(run):
    run(conditional_graph(seed=1, threshold=0.8))
    again = run(conditional_graph(seed=2, threshold=0.8))
    assert {"generate", "decode", "quality_score", "compare", "switch"} <= set(again.started)
    assert not {"checkpoint", "positive_prompt", "negative_prompt", "empty_latent"} & set(again.started)
