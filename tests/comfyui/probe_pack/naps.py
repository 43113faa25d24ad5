"""Nodes that take a known time, for profiles."""

import asyncio
import time

import comfy.utils
from comfy_execution.progress import get_progress_state


class AnyType(str):
    def __ne__(self, other):
        return False


ANY = AnyType("*")


class ProbeNap:
    """Hands a value on after so many seconds, in so many steps of a progress bar; tells how long it took by itself."""

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
        start = time.perf_counter()
        bar = comfy.utils.ProgressBar(steps) if steps else None
        for _ in range(steps or 1):
            time.sleep(seconds / (steps or 1))
            if bar is not None:
                bar.update(1)
        took = time.perf_counter() - start
        return {"ui": {"took": [took]}, "result": (label if value is None else value,)}


class ProbeAsyncNap:
    """The same beside other nodes; it fails if its label is "fail"."""

    RETURN_TYPES = (ANY,)
    FUNCTION = "execute"
    CATEGORY = "probe"
    INPUT_TYPES = ProbeNap.INPUT_TYPES

    async def execute(self, label, seconds, steps, value=None, other=None):
        start = time.perf_counter()
        await asyncio.sleep(seconds)
        if label == "fail":
            raise ValueError("slept badly")
        took = time.perf_counter() - start
        return {"ui": {"took": [took]}, "result": (label if value is None else value,)}


class ProbeHandlers:
    """Ends a graph and tells who is told of the progress of the prompt that it is in."""

    RETURN_TYPES = ()
    OUTPUT_NODE = True
    FUNCTION = "execute"
    CATEGORY = "probe"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"label": ("STRING", {})}}

    def execute(self, label):
        return {"ui": {"handlers": sorted(get_progress_state().handlers)}}


NAPS = dict(ProbeNap=ProbeNap, ProbeAsyncNap=ProbeAsyncNap, ProbeHandlers=ProbeHandlers)  # no literal: see __init__.py
