"""Nodes that go wrong in every way that a client may meet, and one that sends previews."""

import os
import time

import comfy.model_management
import comfy.utils
import torch
from PIL import Image


class ProbeFault:
    """Ends a graph after a while, in the way that it is told; tells how often it ran."""

    RETURN_TYPES = ()
    OUTPUT_NODE = True
    FUNCTION = "execute"
    CATEGORY = "probe"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "kind": (["none", "raise", "memory", "exit"],),
                "label": ("STRING", {"default": ""}),
                "seconds": ("FLOAT", {"default": 0.0}),
                "previews": ("INT", {"default": 0, "max": 100_000}),
            }
        }

    def execute(self, kind, label, seconds, previews):
        if previews:
            bar = comfy.utils.ProgressBar(previews)
            picture = Image.effect_noise((512, 512), 90)
            for step in range(previews):
                bar.update_absolute(step + 1, previews, ("JPEG", picture.convert("RGB"), 512))
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(min(0.05, seconds))
            comfy.model_management.throw_exception_if_processing_interrupted()
        if kind == "raise":
            raise ValueError(f"too dark: {label}")
        if kind == "memory":
            raise torch.OutOfMemoryError("Allocation on device: out of memory")
        if kind == "exit":
            os._exit(3)
        return {"ui": {"ran": [label]}}


FAULTS = dict(ProbeFault=ProbeFault)  # no literal: see __init__.py
