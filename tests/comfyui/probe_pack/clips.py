"""Small CLIPs of ComfyUI's own classes, with random weights that follow from a seed; they count what they are asked."""

import json
import tempfile
import types

import comfy.clip_vision
import comfy.sd
import comfy.sd1_clip
import torch

SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2, "num_hidden_layers": 2}
VISION = {**SMALL, "hidden_act": "quick_gelu", "image_size": 28, "num_channels": 3, "patch_size": 14}
KINDS = {
    "clip": {**VISION, "model_type": "clip_vision_model"},
    "siglip": {**VISION, "model_type": "siglip_vision_model", "hidden_size": 1152, "num_attention_heads": 16},
}


def fill(module, seed):
    """Sets every weight anew: ComfyUI leaves weights that no file brings as they were in memory."""
    generator = torch.Generator().manual_seed(seed)
    for name, weight in module.named_parameters():
        noise = torch.randn(weight.shape, generator=generator) * (weight.shape[-1] ** -0.5)
        weight.data = torch.ones_like(noise) if "norm" in name and name.endswith("weight") else noise


class ProbeClipVision:
    """A vision model of ComfyUI's own class."""

    RETURN_TYPES = ("CLIP_VISION",)
    FUNCTION = "execute"
    CATEGORY = "probe"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"kind": ("STRING", {}), "width": ("INT", {"default": 32}), "seed": ("INT", {"default": 1})}
        }

    def execute(self, kind, width, seed):
        config = dict(KINDS[kind])
        if kind == "clip":
            config["projection_dim"] = width
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(config, file)
            file.flush()
            model = comfy.clip_vision.ClipVisionModel(file.name)
        fill(model.model, seed)
        model.forwards = []
        encode = model.encode_image

        def counted(image, crop=True):
            model.forwards.append(len(image))
            return encode(image, crop)

        model.encode_image = counted
        return (model,)


class ProbeClip:
    """A CLIP of ComfyUI's own classes: one text encoder, without its text projection if this was not in the file."""

    RETURN_TYPES = ("CLIP",)
    FUNCTION = "execute"
    CATEGORY = "probe"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "width": ("INT", {"default": 32}),
                "seed": ("INT", {"default": 2}),
                "has_projection": ("BOOLEAN", {"default": True}),
            }
        }

    def execute(self, width, seed, has_projection):
        target = types.SimpleNamespace(
            params={}, clip=comfy.sd1_clip.SD1ClipModel, tokenizer=comfy.sd1_clip.SD1Tokenizer
        )
        options = {"clip_l_model_config": {**SMALL, "hidden_size": width}}
        clip = comfy.sd.CLIP(target, parameters=0, model_options=options)
        transformer = clip.cond_stage_model.clip_l.transformer
        fill(transformer, seed)
        if not has_projection:
            transformer.text_projection.weight.data *= 1e12
        return (clip,)


class ProbeForwards:
    """Ends a graph and tells how many pictures each forward of a vision model had, after others have run."""

    RETURN_TYPES = ()
    OUTPUT_NODE = True
    FUNCTION = "execute"
    CATEGORY = "probe"

    @classmethod
    def INPUT_TYPES(cls):
        after = dict.fromkeys(("after_1", "after_2", "after_3", "after_4"), ("FLOAT", {"forceInput": True}))
        return {"required": {"clip_vision": ("CLIP_VISION",)}, "optional": after}

    def execute(self, clip_vision, **after):
        return {"ui": {"forwards": [list(clip_vision.forwards)], "after": [list(after.values())]}, "result": ()}


CLIPS = dict(ProbeClipVision=ProbeClipVision, ProbeClip=ProbeClip, ProbeForwards=ProbeForwards)
