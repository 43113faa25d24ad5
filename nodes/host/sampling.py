"""Schedules: the names of ComfyUI's schedulers, and the noise levels that they make of a model's own sampling."""

from __future__ import annotations

import sys
from typing import Any

from ...core.noise_schedule import NoiseScale
from ...core.scorer_report import check_choice
from ...core.values import show
from .progress import stop_if_interrupted


class _ComboType(str):
    """The type of an output whose value goes into any combo of other nodes.

    ComfyUI compares this with the list of options that KSampler's scheduler has for a type, and refuses a plain
    "COMBO"; the same list as our type would be refused as soon as another pack adds a scheduler to it. NotImplemented
    leaves all else to the other side, such as the any type of other packs.
    """

    __slots__ = ()

    def __ne__(self, other: object) -> Any:
        return False if isinstance(other, list) else NotImplemented

    __hash__ = str.__hash__


COMBO = _ComboType("COMBO")


def list_schedulers() -> list[str]:
    """The schedulers of KSampler, those of other packs too; none outside ComfyUI."""
    samplers = sys.modules.get("comfy.samplers")
    return list(samplers.KSampler.SCHEDULERS) if samplers is not None else []


def scheduler_input(tooltip: str) -> tuple[list[str], dict[str, Any]]:
    """The choice of a scheduler, as KSampler has it."""
    return (list_schedulers(), {"tooltip": tooltip})


def sampling_of(model: Any) -> Any:
    """The sampling of a MODEL as the graph has changed it. Nothing is loaded onto a device.

    Raises:
        ValueError: this is no MODEL.
    """
    try:
        sampling = model.get_model_object("model_sampling")
    except AttributeError:
        sampling = None
    if not hasattr(sampling, "sigmas"):
        raise ValueError(
            f"model is {show(model)}, which has no noise levels; it must be a MODEL, as Load Checkpoint or Load "
            "Diffusion Model gives it."
        )
    return sampling


def sd15_sampling() -> Any:
    """The sampling of SD 1.5, which SDXL has too."""
    import comfy.model_sampling

    return comfy.model_sampling.ModelSamplingDiscrete()


def noise_of(sampling: Any) -> NoiseScale:
    """How a model counts noise, by its sampling.

    Raises:
        ValueError: its noise levels are unusable.
    """
    import comfy.model_sampling

    is_flow = isinstance(sampling, comfy.model_sampling.CONST)
    return NoiseScale(sampling.sigmas.tolist(), is_flow, 1.0 if is_flow else float(getattr(sampling, "sigma_data", 1)))


def schedule_of(sampling: Any, scheduler: Any, steps: int) -> list[float]:
    """The noise levels that ComfyUI samples a model at, the last one, mostly 0, included.

    Raises:
        ValueError: there is no such scheduler.
    """
    import comfy.samplers

    stop_if_interrupted()  # a search for a schedule asks many times
    check_choice(scheduler, list_schedulers(), "scheduler")
    return comfy.samplers.calculate_sigmas(sampling, scheduler, steps).tolist()
