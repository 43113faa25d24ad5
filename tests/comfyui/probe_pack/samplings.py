"""A model that tells at which noise levels it was asked, and samplings that the graph can't make."""

import torch

SEEN = {}


class ProbeWatch:
    """Hands a model on that writes down the sigma of every call, under a label."""

    RETURN_TYPES = ("MODEL",)
    FUNCTION = "execute"
    CATEGORY = "probe"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"model": ("MODEL",), "label": ("STRING", {})}}

    @classmethod
    def IS_CHANGED(cls, **_):
        return float("nan")

    def execute(self, model, label):
        seen = SEEN[label] = []
        watched = model.clone()

        def call(apply_model, arguments):
            seen.append(float(arguments["timestep"][0]))
            return torch.zeros_like(arguments["input"])

        watched.set_model_unet_function_wrapper(call)
        return (watched,)


class ProbeSeen:
    """Ends a graph and tells the sigmas that a watched model was asked at."""

    RETURN_TYPES = ()
    OUTPUT_NODE = True
    FUNCTION = "execute"
    CATEGORY = "probe"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"after": ("LATENT",), "label": ("STRING", {})}}

    @classmethod
    def IS_CHANGED(cls, **_):
        return float("nan")

    def execute(self, after, label):
        return {"ui": {"sigmas": list(SEEN[label])}, "result": ()}


class ProbeLoaded:
    """Ends a graph and tells which models are on a device, by the names of their classes."""

    RETURN_TYPES = ()
    OUTPUT_NODE = True
    FUNCTION = "execute"
    CATEGORY = "probe"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"after": ("STRING", {"forceInput": True})}}

    @classmethod
    def IS_CHANGED(cls, **_):
        return float("nan")

    def execute(self, after):
        import comfy.model_management

        loaded = [type(entry.model.model).__name__ for entry in comfy.model_management.current_loaded_models]
        return {"ui": {"loaded": loaded, "texts": [after]}, "result": ()}


SAMPLINGS = dict(ProbeWatch=ProbeWatch, ProbeSeen=ProbeSeen, ProbeLoaded=ProbeLoaded)
