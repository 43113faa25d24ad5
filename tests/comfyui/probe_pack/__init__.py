"""Nodes for the tests in a real server: they make any value, tell that they ran, and tell what they were given.

The mapping is made with dict(...) on purpose: ComfyUI-Manager's scanner reads every file of a repository, and a literal
mapping here would be taken for nodes of the pack.
"""

import time
import zlib

import comfy.model_management
import folder_paths
import numpy
import torch

from .clips import CLIPS
from .detectors import DETECTORS
from .faults import FAULTS
from .naps import NAPS
from .samplings import SAMPLINGS


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


class ProbeTexts:
    """Gives a list of texts, comma-separated."""

    RETURN_TYPES = (ANY,)
    OUTPUT_IS_LIST = (True,)
    FUNCTION = "execute"
    CATEGORY = "probe"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"texts": ("STRING", {})}}

    def execute(self, texts):
        return {"ui": {"ran": [texts]}, "result": (texts.split(","),)}


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


class ProbeKeep:
    """An output node that other nodes can be plugged into."""

    RETURN_TYPES = (ANY,)
    OUTPUT_NODE = True
    FUNCTION = "execute"
    CATEGORY = "probe"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": (ANY, {})}}

    def execute(self, value):
        return {"ui": {"ran": [""]}, "result": (value,)}


class ProbeFile:
    """Gives the check sum of an input file, and is run again when the file changes."""

    RETURN_TYPES = (ANY,)
    FUNCTION = "execute"
    CATEGORY = "probe"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("STRING", {})}}

    @classmethod
    def IS_CHANGED(cls, image):
        return checksum(image)

    def execute(self, image):
        return {"ui": {"ran": [image]}, "result": (checksum(image),)}


def checksum(name):
    with open(folder_paths.get_annotated_filepath(name), "rb") as file:
        return zlib.crc32(file.read())


class ProbeSleep(ProbePass):
    """Hands a value on after a while, and can be interrupted."""

    def execute(self, label, value=None):
        for _ in range(100):
            time.sleep(0.1)
            comfy.model_management.throw_exception_if_processing_interrupted()
        return super().execute(label, value)


def unit(*numbers):
    """A number from 0 to 1 that looks like chance and is always the same for the same numbers."""
    return zlib.crc32(repr(numbers).encode()) / 2**32


class ProbeSample:
    """Stands for a sampler: a batch of pictures, each of one brightness that follows from the seed and its place."""

    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "execute"
    CATEGORY = "probe"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"seed": ("INT", {"default": 0, "min": 0, "max": 2**64 - 1})},
            "optional": {
                "latent": ("LATENT",),
                "size": ("INT", {"default": 8}),
                "seconds": ("FLOAT", {"default": 0.0}),
                "model": (ANY, {}),
                "low": ("INT", {"default": 0}),
            },
        }

    def execute(self, seed, latent=None, size=8, seconds=0.0, model=None, low=0):
        time.sleep(seconds)
        count = 1 if latent is None else latent["samples"].shape[0]
        levels = [unit(seed, model, place) for place in range(count)]
        pictures = torch.stack([torch.full((size, size, 3), level) for level in levels])
        return {"ui": {"ran": [seed]}, "result": (pictures,)}


class ProbeMix:
    """Gives a number that follows from all that it is given."""

    RETURN_TYPES = ("FLOAT",)
    FUNCTION = "execute"
    CATEGORY = "probe"

    @classmethod
    def INPUT_TYPES(cls):
        optional = {"a": (ANY, {}), "b": (ANY, {}), "seed": ("INT", {"default": 0, "max": 2**64 - 1})}
        return {"required": {"label": ("STRING", {})}, "optional": optional}

    def execute(self, label, a=None, b=None, seed=None):
        return {"ui": {"ran": [label]}, "result": (unit(label, a, b, seed),)}


class ProbeBrightness:
    """Stands for a scorer: the brightness of each picture, as a list, and the lowest one."""

    RETURN_TYPES = ("FLOAT", "FLOAT")
    OUTPUT_IS_LIST = (True, False)
    FUNCTION = "execute"
    CATEGORY = "probe"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("IMAGE",)}, "optional": {"fail_above": ("FLOAT", {"default": 9.0})}}

    def execute(self, image, fail_above=9.0):
        scores = [float(picture.mean()) for picture in image]
        if max(scores) > fail_above:
            raise RuntimeError("the scorer failed")
        return {"ui": {"ran": scores, "levels": [scores]}, "result": (scores, min(scores))}


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
        texts = [value] if isinstance(value, str) else []
        return {"ui": {"caught": [[type(value).__name__, shown]], "texts": texts}, "result": ()}


class ProbeFacts:
    """Ends a graph and tells the plain values it was given, by name."""

    RETURN_TYPES = ()
    OUTPUT_NODE = True
    FUNCTION = "execute"
    CATEGORY = "probe"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}, "optional": dict.fromkeys(("score", "passed", "attempts", "seed", "more"), (ANY, {}))}

    def execute(self, **facts):
        return {"ui": {"facts": [facts]}, "result": ()}


NODE_CLASS_MAPPINGS = dict(
    **CLIPS,
    **DETECTORS,
    **FAULTS,
    **NAPS,
    **SAMPLINGS,
    ProbeValue=ProbeValue,
    ProbeList=ProbeList,
    ProbeTexts=ProbeTexts,
    ProbePass=ProbePass,
    ProbeKeep=ProbeKeep,
    ProbeFile=ProbeFile,
    ProbeSleep=ProbeSleep,
    ProbeSample=ProbeSample,
    ProbeMix=ProbeMix,
    ProbeBrightness=ProbeBrightness,
    ProbeCatch=ProbeCatch,
    ProbeFacts=ProbeFacts,
)
