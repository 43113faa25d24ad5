"""Denoise Strength: the denoise for an effect, whatever the scheduler and the model."""

from __future__ import annotations

from typing import Any

from ..core.denoise_strength import CHOICES, DEFAULT_EFFECT, choose_denoise
from ..core.refiner_split import MOST_STEPS, read_steps
from .host.page import verdict
from .host.sampling import COMBO, noise_of, sampling_of, schedule_of, scheduler_input, sd15_sampling


class DenoiseStrength:
    """Finds the denoise that changes a picture as much as you want, whatever the scheduler; or says what one does."""

    DISPLAY_NAME = "Denoise Strength"
    CATEGORY = "Switchyard/Sampling"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = (
        "hires fix",
        "img2img strength",
        "second pass",
        "denoise",
        "denoising strength",
        "upscale denoise",
    )
    RETURN_TYPES = ("FLOAT", "INT", COMBO, "FLOAT", "STRING", "STRING")
    RETURN_NAMES = ("denoise", "steps", "scheduler", "equivalent", "effect", "report")
    OUTPUT_TOOLTIPS = (
        "The denoise for KSampler, 0 to 1, with the same scheduler and steps.",
        "The steps, unchanged, for the same KSampler: with other steps the denoise would start elsewhere.",
        "The scheduler, unchanged, for the same KSampler: with another one the denoise would start elsewhere.",
        "The denoise that is as strong with the scheduler normal on SD 1.5, which guides are written for, 0 to 1.",
        "What this does to the picture: sharpen, add detail, rework or redraw; hardly any change or no change below.",
        "Says at which noise level the sampler starts, and how close that is to what was wanted.",
    )
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "scheduler": scheduler_input("Decides how strong a denoise is: take the one that the sampler uses."),
                "steps": (
                    "INT",
                    {
                        "default": 15,
                        "min": 1,
                        "max": MOST_STEPS,
                        "tooltip": "The steps of the sampler, 1 to 10000.",
                    },
                ),
                "effect": (
                    list(CHOICES),
                    {
                        "default": DEFAULT_EFFECT,
                        "tooltip": "Sharpens only (0.2-0.3 in guides), adds detail (0.4-0.5, usual for a hi-res fix), "
                        "reworks the picture (0.6-0.7) or all but redraws it (0.8-1.0). Own strength takes any other "
                        "number; measure says what a denoise that you use amounts to.",
                    },
                ),
            },
            "optional": {
                "strength": (
                    "FLOAT",
                    {
                        "default": 0.45,
                        "min": 0.0,
                        "max": 1.0,
                        "step": 0.01,
                        "tooltip": "For own strength the denoise that you would use with normal on SD 1.5, for measure "
                        "the one that you use with this scheduler; 0 to 1, 0 changes nothing.",
                    },
                ),
                "model": (
                    "MODEL",
                    {
                        "tooltip": "Gives its own noise levels, and is not loaded; without it those of SD 1.5 and SDXL "
                        "are taken.",
                    },
                ),
            },
        }

    def execute(
        self, scheduler: str, steps: int, effect: str, strength: float = 0.45, model: Any = None
    ) -> dict[str, Any]:
        sampling = sd15_sampling() if model is None else sampling_of(model)
        steps = read_steps(steps)
        found = choose_denoise(
            lambda total: schedule_of(sampling, scheduler, total),
            noise_of(sampling),
            scheduler,
            steps,
            effect,
            strength,
        )
        data = {"denoise": found.denoise, "equivalent": found.equivalent, "effect": found.effect, "total": found.total}
        payload = verdict("denoise_strength", found.report, **data, timestep=found.timestep, scheduler=scheduler)
        return {
            "ui": payload,
            "result": (found.denoise, steps, scheduler, found.equivalent, found.effect, found.report),
        }
