"""The built-in face detector with the pack's own weights, on the device that ComfyUI uses."""

from __future__ import annotations

import logging
import sys
from functools import cache
from typing import Any

from ...core.faces import Face, FindFaces
from .progress import stop_if_interrupted
from .weights import load_data

_NEEDS_BYTES = 600_000_000  # the largest chunk and its pictures, rounded up


def find_faces_built_in(apache_only: bool, tiled: bool) -> FindFaces:
    """Gives the detector; its weights are read when it is first called, and once.

    Args:
        apache_only: Use networks under the Apache licence alone, which were not trained on research-only pictures.
            Finds fewer faces.
        tiled: Look for small faces in parts of the picture too. Slower.
    """

    def find(image: Any, min_score: float) -> list[list[Face]]:
        device = _device()
        if device.type == "cpu":
            return _find(image, min_score, apache_only, tiled, device)
        management = sys.modules["comfy.model_management"]
        management.free_memory(_NEEDS_BYTES, device)
        try:
            return _find(image, min_score, apache_only, tiled, device)
        except management.OOM_EXCEPTION:
            logging.warning("Switchyard: not enough memory on %s to look for faces; using the CPU.", device)
        management.soft_empty_cache()  # here, since the error holds what it had until its block ends
        return _find(image, min_score, apache_only, tiled, type(device)("cpu"))

    return find


def _find(image: Any, min_score: float, apache_only: bool, tiled: bool, device: Any) -> list[list[Face]]:
    from ...core.face_detector import find_faces

    networks = _networks(apache_only, str(device))
    return find_faces(image, min_score, networks, tiled=tiled, check=stop_if_interrupted)


@cache
def _networks(apache_only: bool, device: str) -> Any:
    import torch

    from ...core.blazeface import BlazeFace
    from ...core.centerface import CenterFace
    from ...core.face_detector import Networks

    where = torch.device(device)
    full = BlazeFace(load_data("blazeface_full"), where)
    if apache_only:
        return Networks(full, BlazeFace(load_data("blazeface_back"), where))
    return Networks(full, CenterFace(load_data("centerface"), where))


def _device() -> Any:
    import torch

    management = sys.modules.get("comfy.model_management")
    return management.get_torch_device() if management is not None else torch.device("cpu")
