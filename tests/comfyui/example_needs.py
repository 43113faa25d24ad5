"""The examples that need what neither ComfyUI nor this repository has; all others run in the tests as they are."""

from __future__ import annotations

from typing import NamedTuple


class Needs(NamedTuple):
    """What an example needs.

    Attributes:
        reason: why it can't run here, for people.
        files: the files that it names, by the title of the node and the input.
    """

    reason: str
    files: dict[tuple[str, str], str]


SD15 = "v1-5-pruned-emaonly-fp16.safetensors"
CLIP = "clip-vit-large-patch14.safetensors"
PICKSCORE = "PickScore_v1.safetensors"
EXAMPLE_NEEDS = {
    "Aesthetic and prompt score": Needs(
        "OpenAI's CLIP ViT-L/14 (1.7 GB) and LAION's aesthetic head are the user's own",
        {
            ("CLIP ViT-L/14: sees", "clip_name"): CLIP,
            ("CLIP ViT-L/14: reads", "clip_name"): CLIP,
            ("Aesthetic Score", "head"): "sac+logos+ava1-l14-linearMSE.pth",
        },
    ),
    "Rank by preference": Needs(
        "PickScore (3.9 GB) and a checkpoint are the user's own",
        {
            ("Your checkpoint", "ckpt_name"): SD15,
            ("PickScore: sees", "clip_name"): PICKSCORE,
            ("PickScore: reads", "clip_name"): PICKSCORE,
        },
    ),
    "Face detailer": Needs("the checkpoint is the user's own", {("Checkpoint", "ckpt_name"): SD15}),
    "Face crop and paste": Needs("the checkpoint is the user's own", {("Checkpoint", "ckpt_name"): SD15}),
    "Hi-res fix lanczos": Needs("the checkpoint is the user's own", {("Checkpoint", "ckpt_name"): SD15}),
    "Template hi-res fix": Needs("the checkpoint is the user's own", {("Checkpoint", "value"): SD15}),
    "Template quality gate": Needs("the checkpoint is the user's own", {("Checkpoint", "value"): SD15}),
    "Hi-res fix upscale model": Needs(
        "checkpoint and upscale model are the user's own",
        {("Checkpoint", "ckpt_name"): SD15, ("Upscale model", "model_name"): "RealESRGAN_x4plus.safetensors"},
    ),
    "SDXL base and refiner": Needs(
        "both checkpoints are the user's own",
        {
            ("Base model", "ckpt_name"): "sd_xl_base_1.0.safetensors",
            ("Refiner model", "ckpt_name"): "sd_xl_refiner_1.0.safetensors",
        },
    ),
    "Model by subject": Needs(
        "both checkpoints are the user's own",
        {
            ("Anime model", "ckpt_name"): "animagine-xl-4.0-opt.safetensors",
            ("Realistic model", "ckpt_name"): "Juggernaut-XL_v9_RunDiffusionPhoto_v2.safetensors",
        },
    ),
    "Pyiqa score": Needs("pyiqa is for noncommercial use, so whether to install it is the user's choice", {}),
}
