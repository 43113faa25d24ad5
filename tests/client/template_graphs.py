"""Graphs of the kinds that a tutorial shows, with prompts of our own, and the parameter nodes in them."""

from __future__ import annotations

from typing import Any

WANTED, UNWANTED = "a lighthouse on a cliff at dusk", "people, text"


def node(class_type: str, title: str = "", **inputs: Any) -> dict[str, Any]:
    found = {"class_type": class_type, "inputs": inputs}
    return {**found, "_meta": {"title": title}} if title else found


def hires_fix() -> dict[str, Any]:
    """Two passes with a model that upscales between them; node 3 holds the negative prompt, 6 does not exist."""
    first = {"seed": 11, "steps": 18, "cfg": 6.0, "sampler_name": "euler", "scheduler": "karras", "denoise": 1.0}
    second = {**first, "steps": 12, "denoise": 0.4}
    prompts = {"model": ["1", 0], "positive": ["4", 0], "negative": ["3", 0]}
    return {
        "1": node("CheckpointLoaderSimple", ckpt_name="any.safetensors"),
        "2": node("UpscaleModelLoader", model_name="any_2x.pth"),
        "3": node("CLIPTextEncode", text=UNWANTED, clip=["1", 1]),
        "4": node("CLIPTextEncode", text=WANTED, clip=["1", 1]),
        "5": node("EmptyLatentImage", width=512, height=768, batch_size=1),
        "7_first": node("KSampler", **prompts, latent_image=["5", 0], **first),
        "8": node("VAEDecode", samples=["7_first", 0], vae=["1", 2]),
        "9": node("ImageUpscaleWithModel", upscale_model=["2", 0], image=["8", 0]),
        "10": node("VAEEncode", pixels=["9", 0], vae=["1", 2]),
        "11_second": node("KSampler", **prompts, latent_image=["10", 0], **second),
        "12": node("VAEDecode", samples=["11_second", 0], vae=["1", 2]),
        "13": node("SaveImage", "Final", images=["12", 0], filename_prefix="coast/lighthouse"),
    }


def base_and_refiner() -> dict[str, Any]:
    """A base model and its refiner, each with text encoders of its own."""
    settings = {"noise_seed": 5, "steps": 30, "cfg": 5.5, "sampler_name": "euler", "scheduler": "normal"}
    base = {"add_noise": "enable", "start_at_step": 0, "end_at_step": 24, "return_with_leftover_noise": "enable"}
    rest = {"add_noise": "disable", "start_at_step": 24, "end_at_step": 30, "return_with_leftover_noise": "disable"}
    return {
        "base": node("CheckpointLoaderSimple", ckpt_name="base.safetensors"),
        "refiner": node("CheckpointLoaderSimple", ckpt_name="refiner.safetensors"),
        "a": node("CLIPTextEncode", text=UNWANTED, clip=["base", 1]),
        "b": node("CLIPTextEncode", text=WANTED, clip=["base", 1]),
        "c": node("CLIPTextEncode", text=UNWANTED, clip=["refiner", 1]),
        "d": node("CLIPTextEncode", text=WANTED, clip=["refiner", 1]),
        "latent": node("EmptyLatentImage", width=1024, height=1024, batch_size=1),
        "first": node(
            "KSamplerAdvanced",
            model=["base", 0], positive=["b", 0], negative=["a", 0], latent_image=["latent", 0], **settings, **base,
        ),
        "second": node(
            "KSamplerAdvanced",
            model=["refiner", 0], positive=["d", 0], negative=["c", 0], latent_image=["first", 0], **settings, **rest,
        ),
        "decode": node("VAEDecode", samples=["second", 0], vae=["base", 2]),
        "save": node("SaveImage", images=["decode", 0], filename_prefix="refined"),
    }  # fmt: skip


def marked(**nodes: dict[str, Any]) -> dict[str, Any]:
    """A hires-fix graph with parameter nodes, by id, which feed nothing unless a test plugs them in."""
    return {**hires_fix(), **nodes}


def binds(parameter: Any) -> set[tuple[str, str]]:
    return {(bind.node, bind.input) for bind in parameter.bind}


def by_name(template: Any) -> dict[str, Any]:
    return {parameter.name: parameter for parameter in template.parameters}
