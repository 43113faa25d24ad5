"""The graph of SDXL base and refiner that tutorials print; the prompts are ours.

Ids, classes and inputs are kept, the split among them: with the karras scheduler the last 5 of 25 steps are nearly
without noise, so the refiner has little to do (Refiner Split computes where its part begins).
"""

from __future__ import annotations

import pytest
from graphs import node

pytestmark = pytest.mark.sdxl


def sdxl_graph():
    prompt, negative = "a lighthouse on a cliff, evening light", "fog"
    sampling = dict(noise_seed=42, steps=25, cfg=7.5, sampler_name="euler", scheduler="karras")
    return {
        "1_base_checkpoint": node("CheckpointLoaderSimple", ckpt_name="sd_xl_base_1.0.safetensors"),
        "2_refiner_checkpoint": node("CheckpointLoaderSimple", ckpt_name="sd_xl_refiner_1.0.safetensors"),
        "3_positive_base": node("CLIPTextEncode", text=prompt, clip=["1_base_checkpoint", 1]),
        "4_negative_base": node("CLIPTextEncode", text=negative, clip=["1_base_checkpoint", 1]),
        "5_positive_refiner": node("CLIPTextEncode", text=prompt, clip=["2_refiner_checkpoint", 1]),
        "6_negative_refiner": node("CLIPTextEncode", text=negative, clip=["2_refiner_checkpoint", 1]),
        "7_latent": node("EmptyLatentImage", width=1024, height=1024, batch_size=1),
        "8_base_sampler": node(
            "KSamplerAdvanced",
            model=["1_base_checkpoint", 0],
            positive=["3_positive_base", 0],
            negative=["4_negative_base", 0],
            latent_image=["7_latent", 0],
            add_noise="enable",
            start_at_step=0,
            end_at_step=20,
            return_with_leftover_noise="enable",
            **sampling,
        ),
        "9_refiner_sampler": node(
            "KSamplerAdvanced",
            model=["2_refiner_checkpoint", 0],
            positive=["5_positive_refiner", 0],
            negative=["6_negative_refiner", 0],
            latent_image=["8_base_sampler", 0],
            add_noise="disable",
            start_at_step=20,
            end_at_step=25,
            return_with_leftover_noise="disable",
            **sampling,
        ),
        "10_decode": node("VAEDecode", samples=["9_refiner_sampler", 0], vae=["1_base_checkpoint", 2]),
        "11_save": node("SaveImage", images=["10_decode", 0], filename_prefix="sdxl_refined"),
    }


def test_the_printed_graph_runs_and_the_engine_takes_the_files_for_base_and_refiner(run_logged, picture, supplied):
    result, log = run_logged(supplied(sdxl_graph()))
    assert result.status == "success", result.error or result.node_errors
    assert {"8_base_sampler", "9_refiner_sampler", "11_save"} <= set(result.started)
    assert log.checkpoints_read == 2
    assert {"SDXLClipModel", "SDXL", "SDXLRefinerClipModel", "SDXLRefiner"} <= log.models
    assert "unet missing" not in log.text
    assert "clip missing" not in log.text
    assert "invalid value" not in log.text  # what numpy says of a picture that is NaN
    saved = picture(result, "11_save")
    assert saved.shape == (128, 128, 3)
    assert saved.std() > 5


@pytest.mark.parametrize(
    ("changed", "runs_again"),
    [("3_positive_base", {"8_base_sampler", "9_refiner_sampler"}), ("5_positive_refiner", {"9_refiner_sampler"})],
)
def test_the_prompt_of_either_model_changes_the_picture(run, picture, supplied, changed, runs_again):
    graph = supplied(sdxl_graph())
    split = 10  # of 25; behind the printed 20 the refiner changes one value in twenty, by one
    graph["8_base_sampler"]["inputs"]["end_at_step"] = graph["9_refiner_sampler"]["inputs"]["start_at_step"] = split
    first = picture(run(graph), "11_save")
    graph[changed]["inputs"]["text"] = "a red bicycle"
    result = run(graph)
    assert set(result.started) == {changed, *runs_again, "10_decode", "11_save"}
    assert abs(picture(result, "11_save") - first).mean() > 0.5
