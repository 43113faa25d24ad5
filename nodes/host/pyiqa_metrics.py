"""Metrics of pyiqa, if the user has installed it: nothing is installed or vendored by this pack."""

from __future__ import annotations

import math
from typing import Any

from ...core.scorer_report import NON_FINITE
from ...core.values import show
from .progress import stop_if_interrupted

# These score sets of pictures, or captions.
_NO_PICTURE_SCORES = ("fid", "sfid", "fid_dinov2", "inception_score", "clipscore")
NOT_INSTALLED = (
    "Pyiqa Score needs the Python package pyiqa, which is not installed in ComfyUI's environment. Nothing was "
    "installed: pyiqa is under the PolyForm Noncommercial licence and brings many other packages, so it is your "
    "choice. Quality Score needs nothing."
)


class PyiqaMetric:
    """One metric of pyiqa, loaded when it is first used and kept until another one is asked for.

    It belongs to the node that uses it, so it goes when the node leaves the graph or the user frees memory.
    """

    def __init__(self) -> None:
        self._name = ""
        self._metric: Any = None

    def load(self, name: Any) -> Any:
        """Gives the metric of that name, on ComfyUI's device.

        Raises:
            RuntimeError: pyiqa is not installed or not complete, or the metric's weights could not be had.
            ValueError: there is no such metric, or it does not score single pictures.
        """
        if self._metric is not None and name == self._name:
            return self._metric
        self._metric = None
        pyiqa = _import_pyiqa()
        names = list(pyiqa.list_models(metric_mode="NR"))
        if name not in names or name in _NO_PICTURE_SCORES:
            usable = ", ".join(sorted(set(names) - set(_NO_PICTURE_SCORES)))
            raise ValueError(
                f"{show(name)} is no metric of the installed pyiqa that scores single pictures without a reference. "
                f"Use one of: {usable}."
            )
        try:
            metric = pyiqa.create_metric(name, device=_device())
        except Exception as error:
            # pyiqa fetches weights itself when a metric is made, and a failed download can be any error
            raise RuntimeError(
                f"pyiqa could not load {name} ({type(error).__name__}: {str(error)[:200]}). It downloads the weights "
                "of a metric when that is used first: check the connection, or put the file where pyiqa looks for it "
                "(the log names both)."
            ) from error
        self._name, self._metric = name, metric
        return metric


def measure(metric: Any, image: Any) -> list[tuple[float | None, str]]:
    """The raw number of each picture of a batch (B, H, W, C), one by one; None and the reason where there is none."""
    import torch

    from ...core.quality_planes import bad_values, unit_rgb

    found: list[tuple[float | None, str]] = []
    for picture in image:
        stop_if_interrupted()
        if bad_values(picture)[0]:
            found.append((None, NON_FINITE))
            continue
        try:
            with torch.no_grad():
                output = metric(unit_rgb(picture).movedim(-1, 0)[None].contiguous())
            raw = float(torch.as_tensor(output).flatten()[0])
        except (ArithmeticError, AssertionError, IndexError, RuntimeError, TypeError, ValueError) as error:
            if _is_out_of_memory(error):
                raise
            found.append(
                (None, f"failed: the metric raised {type(error).__name__} for this picture: {str(error)[:200]}")
            )
            continue
        problem = "" if math.isfinite(raw) else f"not a number: the metric gave {raw} for this picture."
        found.append((None, problem) if problem else (raw, ""))
    return found


def _import_pyiqa() -> Any:
    import importlib.util

    if importlib.util.find_spec("pyiqa") is None:
        raise RuntimeError(NOT_INSTALLED)
    try:
        import pyiqa
    except Exception as error:
        raise RuntimeError(
            f"pyiqa is installed, but could not be imported ({type(error).__name__}: {str(error)[:200]}). One of the "
            "packages it needs is missing or of another version; nothing was installed or changed."
        ) from error
    return pyiqa


def _device() -> Any:
    import sys

    import torch

    management = sys.modules.get("comfy.model_management")
    return management.get_torch_device() if management is not None else torch.device("cpu")


def _is_out_of_memory(error: Exception) -> bool:
    import torch

    return isinstance(error, torch.cuda.OutOfMemoryError)
