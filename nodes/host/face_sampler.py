"""Redraws the crop of a face with a MODEL and a VAE of ComfyUI."""

from __future__ import annotations

import logging
import sys
from typing import Any, NamedTuple

from ...core.crop_conditioning import crop_conditioning
from ...core.face_detail import LARGEST_SEED, Job
from ...core.face_prompts import FacePrompts
from ...core.scorer_report import check_choice
from ...core.values import kind_of, show
from .progress import stop_if_interrupted

_SAMPLES = 64  # work sizes are a multiple of it: no network pads or cuts these


class Sampling(NamedTuple):
    """How faces are sampled, in the words of KSampler.

    Attributes:
        steps, cfg, sampler_name, scheduler, denoise: As KSampler.
        cycles: How often each face is sampled, every time from the last result.
        is_masked: Whether only the face is redrawn, or the whole crop.
        is_soft: Whether the noise mask's soft edge changes later in the sampling than the face.
        is_inpainting: Whether the model is made for inpainting, and is told what is missing.
    """

    steps: int
    cfg: float
    sampler_name: str
    scheduler: str
    denoise: float
    cycles: int = 1
    is_masked: bool = True
    is_soft: bool = True
    is_inpainting: bool = False


class FaceSampler:
    """Encodes a crop, samples it and decodes it, with conditioning brought to the crop."""

    def __init__(
        self,
        model: Any,
        clip: Any,
        vae: Any,
        positive: Any,
        negative: Any,
        sampling: Sampling,
        prompts: FacePrompts,
        hook: Any = None,
    ) -> None:
        _check(model, vae, positive, negative)
        check_choice(sampling.sampler_name, list_samplers(), "sampler_name")
        self._model = _with_soft_edge(model) if sampling.is_masked and sampling.is_soft else model
        self._clip, self._vae = clip, vae
        self._positive, self._negative = positive, negative
        self._sampling, self._prompts, self._hook = sampling, prompts, hook
        self._encoded: dict[tuple[str, bool], Any] = {}
        self.notes: list[str] = []

    @property
    def latent_px(self) -> int:
        """How many pixels one place of the latent takes."""
        return compression_of(self._vae)

    def __call__(self, job: Job, before: Any, noise_mask: Any) -> Any:
        """Redraws a face; see core.face_detail.Redraw."""
        import nodes

        stop_if_interrupted()
        prompt = self._prompts.of(job.number)
        if prompt.is_skipped:
            return None
        controls: dict[int, Any] = {}
        positive, notes = crop_conditioning(self._positive_of(prompt.text, prompt.is_added), job.place, controls)
        negative, more = crop_conditioning(self._negative, job.place, controls)
        noise_mask = noise_mask.to(before.device)
        for note in (*notes, *more):
            if note not in self.notes:
                self.notes.append(note)
                logging.warning("Switchyard: Face Detailer: %s.", note)
        pixels = self._hooked("post_upscale", before[None])
        sampling = self._sampling
        if sampling.is_inpainting:
            encoded = nodes.InpaintModelConditioning().encode(
                positive, negative, pixels, self._vae, noise_mask[None], sampling.is_masked
            )
            positive, negative, latent = encoded
        else:
            latent = {"samples": self._vae.encode(pixels[..., :3])}
            if sampling.is_masked:
                latent["noise_mask"] = noise_mask[None]
        latent = self._hooked("post_encode", latent)
        for cycle in range(sampling.cycles):
            sampled = nodes.common_ksampler(
                self._model,
                (job.seed + cycle) % (LARGEST_SEED + 1),
                sampling.steps,
                sampling.cfg,
                sampling.sampler_name,
                sampling.scheduler,
                positive,
                negative,
                latent,
                denoise=sampling.denoise,
            )[0]
            latent = {**latent, "samples": sampled["samples"]}
        decoded = self._vae.decode(latent["samples"])
        if decoded.ndim == 5:  # video models give (batch, frames, height, width, channels)
            decoded = decoded.reshape(-1, *decoded.shape[2:])
        after = self._hooked("post_decode", decoded[:1])[0][..., :3].float().to(before.device)
        if after.shape[:2] != before.shape[:2]:
            raise ValueError(
                f"The VAE gave a face of {after.shape[1]} x {after.shape[0]} px for one of {before.shape[1]} x "
                f"{before.shape[0]} px. Is it the VAE of another kind of model?"
            )
        return after

    def _positive_of(self, text: str, is_added: bool) -> Any:
        if not text:
            return self._positive
        if (text, is_added) not in self._encoded:
            import nodes

            if self._clip is None:
                raise ValueError("wildcard holds a prompt, and no clip is plugged in to encode it.")
            conditioning = nodes.CLIPTextEncode().encode(self._clip, text)[0]
            if is_added:
                conditioning = nodes.ConditioningConcat().concat(self._positive, conditioning)[0]
            self._encoded[text, is_added] = conditioning
        return self._encoded[text, is_added]

    def _hooked(self, name: str, value: Any) -> Any:
        """What a detailer hook of Impact Pack makes of a value at that point; the value itself without one."""
        change = getattr(self._hook, name, None)
        return value if change is None else change(value)


def compression_of(vae: Any) -> int:
    """How many pixels of a picture one place of a VAE's latent takes."""
    tell = getattr(vae, "spacial_compression_encode", None)
    ratio = tell() if callable(tell) else 8
    return ratio if isinstance(ratio, int) and ratio > 0 else 8


def multiple_of(vae: Any) -> int:
    """What both sides of a crop must be a multiple of, so that neither VAE nor model cuts or pads it."""
    ratio = compression_of(vae)
    return ratio * max(2, -(-_SAMPLES // ratio))


def list_samplers() -> list[str]:
    """The samplers of KSampler; none outside ComfyUI."""
    samplers = sys.modules.get("comfy.samplers")
    return list(samplers.KSampler.SAMPLERS) if samplers is not None else []


def _check(model: Any, vae: Any, positive: Any, negative: Any) -> None:
    for name, value, attribute in (("model", model, "get_model_object"), ("vae", vae, "encode")):
        if not hasattr(value, attribute):
            raise ValueError(
                f"{name} is a {kind_of(value)}, not a {name.upper()}, as Load Checkpoint gives it. If that checkpoint "
                f"comes without one, load it with its own node."
            )
    for name, value in (("positive", positive), ("negative", negative)):
        if not (
            isinstance(value, list) and all(isinstance(entry, (list, tuple)) and len(entry) > 1 for entry in value)
        ):
            raise ValueError(f"{name} is {show(value)}, not CONDITIONING, as CLIP Text Encode gives it.")


def _with_soft_edge(model: Any) -> Any:
    """A copy of a model for which a mask's value is the share of the sampling in which a place may change.

    Differential diffusion (Levin and Fried, 2023); a model that has a mask function of its own keeps it.
    """
    options = getattr(model, "model_options", {})
    if "denoise_mask_function" in options:
        return model
    copied = model.clone()
    copied.set_model_denoise_mask_function(_open_places)
    return copied


def _open_places(sigma: Any, denoise_mask: Any, extra_options: dict[str, Any]) -> Any:
    sampling = extra_options["model"].inner_model.model_sampling
    sigmas = extra_options["sigmas"]
    first, last, now = (
        float(sampling.timestep(level).flatten()[0])
        for level in (sigmas[0], max(sigmas[-1], sampling.sigma_min.to(sigmas)), sigma[0])
    )
    left = (now - last) / (first - last) if first != last else 0.0
    return (denoise_mask >= left).to(denoise_mask.dtype)
