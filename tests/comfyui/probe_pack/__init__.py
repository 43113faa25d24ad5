"""Nodes for the tests in a real server: they make any value, tell that they ran, and tell what they were given.

The mapping is made with dict(...) on purpose: ComfyUI-Manager's scanner reads every file of a repository, and a literal
mapping here would be taken for nodes of the pack.
"""

import time

import comfy.model_management
import numpy
import torch


class AnyType(str):
    def __ne__(self, other):
        return False


ANY = AnyType("*")
VALUES = {
    "none": None,
    "nan": float("nan"),
    "true": True,
    "false": False,
    "numpy true": numpy.bool_(True),
    "numpy false": numpy.bool_(False),
    "torch true": torch.tensor(True),
    "torch 0.9": torch.tensor([0.9]),
    "numpy 0.9": numpy.float32(0.9),
    "0": 0,
    "1": 1,
    "0.5": 0.5,
    "text": "text",
    "text false": "false",
    "empty text": "",
    "empty list": [],
    "dict": {"a": 1},
    "picture": torch.linspace(0, 1, 2 * 8 * 8 * 3).reshape(2, 8, 8, 3),
    "latent": {"samples": torch.zeros(1, 4, 2, 2)},
}


class ProbeValue:
    """Gives a value that API JSON can't spell."""

    RETURN_TYPES = (ANY,)
    FUNCTION = "execute"
    CATEGORY = "probe"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"name": ("STRING", {})}}

    def execute(self, name):
        return {"ui": {"ran": [name]}, "result": (VALUES[name],)}


class ProbeList(ProbeValue):
    """Gives a list of values, comma-separated, one run downstream for each."""

    OUTPUT_IS_LIST = (True,)

    def execute(self, name):
        return {"ui": {"ran": [name]}, "result": ([VALUES[part.strip()] for part in name.split(",")],)}


class ProbePass:
    """Hands a value on and tells, in the history, that its function was called."""

    RETURN_TYPES = (ANY,)
    FUNCTION = "execute"
    CATEGORY = "probe"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"label": ("STRING", {"default": ""})}, "optional": {"value": (ANY, {})}}

    def execute(self, label, value=None):
        return {"ui": {"ran": [label]}, "result": (label if value is None else value,)}


class ProbeSleep(ProbePass):
    """Hands a value on after a while, and can be interrupted."""

    def execute(self, label, value=None):
        for _ in range(100):
            time.sleep(0.1)
            comfy.model_management.throw_exception_if_processing_interrupted()
        return super().execute(label, value)


class ProbeCatch:
    """Ends a graph and tells what it was given: the type and the repr of each value."""

    RETURN_TYPES = ()
    OUTPUT_NODE = True
    FUNCTION = "execute"
    CATEGORY = "probe"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": (ANY, {})}}

    def execute(self, value):
        shown = f"shape {tuple(value.shape)}" if isinstance(value, torch.Tensor) else repr(value)
        return {"ui": {"caught": [[type(value).__name__, shown]]}, "result": ()}


NODE_CLASS_MAPPINGS = dict(
    ProbeValue=ProbeValue, ProbeList=ProbeList, ProbePass=ProbePass, ProbeSleep=ProbeSleep, ProbeCatch=ProbeCatch
)
