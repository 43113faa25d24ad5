"""Refiner Split: the step at which the refiner takes over from the base model."""

from __future__ import annotations

from typing import Any

from ..core.refiner_split import MOST_STEPS, NOISE_LEVEL, REFINER_TIMESTEPS, SPLITS, read_steps, split_steps
from .host.page import verdict
from .host.sampling import COMBO, noise_of, sampling_of, schedule_of, scheduler_input


class RefinerSplit:
    """Finds the step at which a refiner takes over from the base model, by the noise that is left or by a share."""

    DISPLAY_NAME = "Refiner Split"
    CATEGORY = "Switchyard/Sampling"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("sdxl refiner", "base and refiner", "end_at_step", "start_at_step", "switch step", "split sigmas")
    RETURN_TYPES = ("INT", "INT", "INT", COMBO, "STRING")
    RETURN_NAMES = ("base_end", "refiner_start", "steps", "scheduler", "report")
    OUTPUT_TOOLTIPS = (
        "Ends the base model here: plug it into end_at_step of the base model's KSampler (Advanced).",
        "Starts the refiner here, at the same step: plug it into start_at_step of the refiner's KSampler (Advanced).",
        "The steps, unchanged, for both samplers: with other steps the split would be at another noise level.",
        "The scheduler, unchanged, for both samplers: with another one the split would be at another noise level.",
        "Says at which step, training timestep and noise level the refiner starts, and the share of the base model.",
    )
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "model": (
                    "MODEL",
                    {"tooltip": "Gives its own noise levels, and is not loaded: plug in the base model."},
                ),
                "scheduler": scheduler_input("Spreads the steps over the noise: take the one that both samplers use."),
                "steps": (
                    "INT",
                    {
                        "default": 25,
                        "min": 1,
                        "max": MOST_STEPS,
                        "tooltip": "Splits this many steps, 1 to 10000: those of both models together.",
                    },
                ),
            },
            "optional": {
                "split": (
                    list(SPLITS),
                    {
                        "default": NOISE_LEVEL,
                        "tooltip": "Hands over when little enough noise is left for the refiner, or after a share of "
                        "the steps: 80 % is common, 70 % gives the refiner more, 60 % much, 90 % little.",
                    },
                ),
                "timestep": (
                    "INT",
                    {
                        "default": REFINER_TIMESTEPS,
                        "min": 0,
                        "max": 1000,
                        "tooltip": "Gives the refiner the last of 1000 training timesteps, 0 to 1000; SDXL's refiner "
                        'was trained on 200. Read by "noise level".',
                    },
                ),
                "base_share": (
                    "FLOAT",
                    {
                        "default": 0.8,
                        "min": 0.0,
                        "max": 1.0,
                        "step": 0.01,
                        "tooltip": 'Gives the base model this share of the steps, 0 to 1. Read by "own share".',
                    },
                ),
            },
        }

    def execute(
        self,
        model: Any,
        scheduler: str,
        steps: int,
        split: str = NOISE_LEVEL,
        timestep: int = REFINER_TIMESTEPS,
        base_share: float = 0.8,
    ) -> dict[str, Any]:
        sampling, steps = sampling_of(model), read_steps(steps)
        sigmas = schedule_of(sampling, scheduler, steps)
        found = split_steps(sigmas, noise_of(sampling), scheduler, steps, split, timestep, base_share)
        data = {"step": found.step, "made": found.made, "sigma": found.sigma, "timestep": found.timestep}
        payload = verdict("refiner_split", found.report, **data, steps=steps, scheduler=scheduler, split=split)
        return {"ui": payload, "result": (found.step, found.step, steps, scheduler, found.report)}
