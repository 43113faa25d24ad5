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
            ("Your checkpoint", "ckpt_name"): "v1-5-pruned-emaonly-fp16.safetensors",
            ("PickScore: sees", "clip_name"): PICKSCORE,
            ("PickScore: reads", "clip_name"): PICKSCORE,
        },
    ),
    "Pyiqa score": Needs("pyiqa is for noncommercial use, so whether to install it is the user's choice", {}),
}
