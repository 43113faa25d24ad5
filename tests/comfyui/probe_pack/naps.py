"""Nodes that take a known time, for profiles."""

import asyncio
import time

import comfy.utils


class AnyType(str):
    def __ne__(self, other):
        return False


ANY = AnyType("*")


class ProbeNap:
    """Hands a value on after so many seconds, in so many steps of a progress bar."""

    RETURN_TYPES = (ANY,)
    FUNCTION = "execute"
    CATEGORY = "probe"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "label": ("STRING", {"default": ""}),
                "seconds": ("FLOAT", {"default": 0.0, "max": 100.0}),
                "steps": ("INT", {"default": 0}),
            },
            "optional": {"value": (ANY, {}), "other": (ANY, {})},
        }

    def execute(self, label, seconds, steps, value=None, other=None):
        bar = comfy.utils.ProgressBar(steps) if steps else None
        for _ in range(steps or 1):
            time.sleep(seconds / (steps or 1))
            if bar is not None:
                bar.update(1)
        return (label if value is None else value,)


class ProbeAsyncNap:
    """The same beside other nodes; it fails if its label is "fail"."""

    RETURN_TYPES = (ANY,)
    FUNCTION = "execute"
    CATEGORY = "probe"
    INPUT_TYPES = ProbeNap.INPUT_TYPES

    async def execute(self, label, seconds, steps, value=None, other=None):
        await asyncio.sleep(seconds)
        if label == "fail":
            raise ValueError("slept badly")
        return (label if value is None else value,)


NAPS = dict(ProbeNap=ProbeNap, ProbeAsyncNap=ProbeAsyncNap)  # no literal: see __init__.py
