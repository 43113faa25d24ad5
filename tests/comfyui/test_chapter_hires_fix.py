"""The hi-res fix graph that tutorials print, with the loader that such prints leave out supplied.

The ids, classes and inputs of the printed nodes are kept; the prompts and the loader of the upscale model are ours.
"""

from __future__ import annotations

from graphs import node


def hires_graph():
    printed = {
        "1": node("CheckpointLoaderSimple", ckpt_name="dreamshaper_8.safetensors"),
        "2": node("CLIPTextEncode", text="a lighthouse by the sea at sunset", clip=["1", 1]),
        "3": node("CLIPTextEncode", text="fog", clip=["1", 1]),
        "4": node("EmptyLatentImage", width=512, height=512, batch_size=1),
        "5_pass1": node(
            "KSampler",
            model=["1", 0],
            positive=["2", 0],
            negative=["3", 0],
            latent_image=["4", 0],
            seed=42,
            steps=20,
            cfg=7.0,
            sampler_name="euler_ancestral",
            scheduler="karras",
            denoise=1.0,
        ),
        "6_decode_draft": node("VAEDecode", samples=["5_pass1", 0], vae=["1", 2]),
        "7_upscale": node("ImageUpscaleWithModel", upscale_model=["upscale_loader", 0], image=["6_decode_draft", 0]),
        "8_resize": node(
            "ImageScale", image=["7_upscale", 0], width=1024, height=1024, upscale_method="lanczos", crop="center"
        ),
        "9_encode_upscaled": node("VAEEncode", pixels=["8_resize", 0], vae=["1", 2]),
        "10_pass2": node(
            "KSampler",
            model=["1", 0],
            positive=["2", 0],
            negative=["3", 0],
            latent_image=["9_encode_upscaled", 0],
            seed=42,
            steps=15,
            cfg=7.0,
            sampler_name="euler",
            scheduler="karras",
            denoise=0.45,
        ),
        "11_decode_final": node("VAEDecode", samples=["10_pass2", 0], vae=["1", 2]),
        "12_save": node("SaveImage", images=["11_decode_final", 0], filename_prefix="hires_fix"),
    }
    return {**printed, "upscale_loader": node("UpscaleModelLoader", model_name="RealESRGAN_x4plus.safetensors")}


def test_the_printed_graph_runs_with_the_loader_supplied(run, picture, supplied):
    graph = supplied(hires_graph())
    graph["draft"] = node("PreviewImage", images=["6_decode_draft", 0])
    graph["upscaled"] = node("PreviewImage", images=["7_upscale", 0])
    result = run(graph)
    assert result.status == "success", result.error or result.node_errors
    assert {"5_pass1", "7_upscale", "10_pass2", "12_save"} <= set(result.started)
    draft, upscaled, final = (picture(result, name) for name in ("draft", "upscaled", "12_save"))
    assert (draft.shape, upscaled.shape, final.shape) == ((128, 128, 3), (512, 512, 3), (256, 256, 3))
    assert abs(upscaled - draft.repeat(4, axis=0).repeat(4, axis=1)).max() <= 1
    assert final.std() > 5


def test_as_printed_it_is_refused_because_a_link_leads_nowhere(run, supplied):
    graph = supplied(hires_graph())
    del graph["upscale_loader"]
    result = run(graph)
    assert result.status == "rejected"
    assert "upscale_loader" in str(result.node_errors)
