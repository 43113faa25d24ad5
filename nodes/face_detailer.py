"""Face Detailer: faces in, the same faces drawn anew at a size where a model can draw them, out."""

from __future__ import annotations

from typing import Any

from ..core.face_choice import AS_FOUND, Limits
from ..core.face_crop import CropSizes
from ..core.face_detail import Outcome, Settings, detail_faces
from ..core.face_plan import Shaping
from ..core.face_prompts import FacePrompts
from ..core.face_words import check_image, detail_report, say_redrawn
from ..core.picture_pairs import changed_pictures, say_left_out
from ..core.segs import make_segs
from .host.face_inputs import (
    Search,
    Sources,
    crop_factor_input,
    dilation_input,
    feather_input,
    gather_faces,
    guide_size_input,
    judge_of,
    mask_shape_input,
    match_color_input,
    max_faces_input,
    max_size_input,
    order_input,
    source_inputs,
    upright_input,
)
from .host.face_sampler import FaceSampler, Sampling, list_samplers, multiple_of
from .host.graph import block
from .host.page import verdict
from .host.pictures import save_pairs
from .host.progress import show_text, stop_if_interrupted
from .host.sampling import list_schedulers

_MOST_SHOWN = 8


class FaceDetailer:
    """Draws each face anew at full size and puts it back; keeps the old face wherever the new one is worse."""

    DISPLAY_NAME = "Face Detailer"
    CATEGORY = "Switchyard/Faces"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("adetailer", "fix face", "restore face", "after detailer", "face enhance", "impact detailer")
    RETURN_TYPES = ("IMAGE", "MASK", "IMAGE", "IMAGE", "SEGS", "STRING")
    RETURN_NAMES = ("image", "face_mask", "faces_before", "faces_after", "segs", "report")
    OUTPUT_TOOLTIPS = (
        "The pictures with the new faces, bit for bit the same everywhere else.",
        "What was changed: 1 where the new face is, falling to 0 around it.",
        "Each face's surroundings before, one picture a face, in order; nothing if there is no face.",
        "The same after, from the finished pictures.",
        "The faces of the first picture that were taken, as SEGS.",
        "What was done with each face or why it was left alone, as JSON.",
    )
    OUTPUT_IS_LIST = (False, False, True, True, False, False)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "image": ("IMAGE", {"tooltip": "The pictures whose faces are drawn anew, one or a batch."}),
                "model": ("MODEL", {"tooltip": "Draws the faces; best the model that drew the picture."}),
                "clip": ("CLIP", {"tooltip": "Encodes the prompts in wildcard; else it is not used."}),
                "vae": ("VAE", {"tooltip": "Encodes and decodes the crops; the one that belongs to the model."}),
                "positive": ("CONDITIONING", {"tooltip": "What to draw; masks and ControlNet hints follow the face."}),
                "negative": ("CONDITIONING", {"tooltip": "What to keep away from."}),
                "denoise": (
                    "FLOAT",
                    {
                        "default": 0.4,
                        "min": 0.0001,
                        "max": 1.0,
                        "step": 0.01,
                        "tooltip": "How much of a face may change, 0 to 1: 0.3 sharpens, 0.4 adds detail, 0.6 redraws.",
                    },
                ),
                "steps": ("INT", {"default": 20, "min": 1, "max": 10000, "tooltip": "Steps for each face."}),
                "cfg": (
                    "FLOAT",
                    {
                        "default": 7.0,
                        "min": 0.0,
                        "max": 100.0,
                        "step": 0.1,
                        "tooltip": "How closely the prompt is followed, as in KSampler.",
                    },
                ),
                "sampler_name": (list_samplers(), {"tooltip": "The sampler, as in KSampler."}),
                "scheduler": (list_schedulers(), {"tooltip": "The scheduler, as in KSampler."}),
                "guide_size": guide_size_input(),
                "feather": feather_input(),
            },
            "optional": {
                **source_inputs(),
                "seed": (
                    "INT",
                    {
                        "default": 0,
                        "min": 0,
                        "max": 0xFFFFFFFFFFFFFFFF,
                        "control_after_generate": True,
                        "tooltip": "The seed of the first face of each picture; each further face takes the next one.",
                    },
                ),
                "max_size": max_size_input(),
                "guide_size_for": (
                    "BOOLEAN",
                    {
                        "default": True,
                        "label_on": "face",
                        "label_off": "crop",
                        "tooltip": "Takes guide_size for the face itself, or for the crop around it.",
                    },
                ),
                "bbox_threshold": (
                    "FLOAT",
                    {
                        "default": 0.0,
                        "min": 0.0,
                        "max": 1.0,
                        "step": 0.01,
                        "tooltip": "Takes faces that the detector scores this or more; 0 leaves it to the detector.",
                    },
                ),
                "bbox_dilation": dilation_input(),
                "bbox_crop_factor": crop_factor_input(),
                "drop_size": (
                    "INT",
                    {
                        "default": 10,
                        "min": 0,
                        "max": 4096,
                        "tooltip": "Leaves faces alone that are no wider or no higher than this, in pixels.",
                    },
                ),
                "max_faces": max_faces_input(),
                "order": order_input(AS_FOUND),
                "min_face_ratio": (
                    "FLOAT",
                    {
                        "default": 0.0,
                        "min": 0.0,
                        "max": 1.0,
                        "step": 0.001,
                        "tooltip": "Leaves faces alone that take less of the picture's area than this, 0 to 1.",
                    },
                ),
                "max_face_ratio": (
                    "FLOAT",
                    {
                        "default": 1.0,
                        "min": 0.0,
                        "max": 1.0,
                        "step": 0.001,
                        "tooltip": "Leaves faces alone that take more of the picture's area than this, 0 to 1.",
                    },
                ),
                "mask_shape": mask_shape_input(),
                "noise_mask": (
                    "BOOLEAN",
                    {"default": True, "tooltip": "Lets the sampler change the face only, instead of the whole crop."},
                ),
                "noise_mask_feather": (
                    "INT",
                    {
                        "default": 20,
                        "min": 0,
                        "max": 200,
                        "tooltip": "Lets the sampler change less and less over so many pixels of the crop.",
                    },
                ),
                "force_inpaint": (
                    "BOOLEAN",
                    {
                        "default": True,
                        "tooltip": "Draws faces anew that are as large as guide_size already; off leaves them alone.",
                    },
                ),
                "inpaint_model": (
                    "BOOLEAN",
                    {"default": False, "tooltip": "Turn on for models made for inpainting; off for all others."},
                ),
                "cycle": (
                    "INT",
                    {"default": 1, "min": 1, "max": 10, "tooltip": "Samples each face this many times in a row."},
                ),
                "upright": upright_input(),
                "match_color": match_color_input(),
                "keep_if_worse": (
                    "BOOLEAN",
                    {
                        "default": True,
                        "tooltip": "Keeps the old face if the detector is clearly less sure of the new one, after a "
                        "try with a second seed.",
                    },
                ),
                "dry_run": (
                    "BOOLEAN",
                    {"default": False, "tooltip": "Only reports what would be done; the pictures stay as they are."},
                ),
                "wildcard": (
                    "STRING",
                    {
                        "default": "",
                        "multiline": True,
                        "tooltip": "Prompts for single faces in order, with [SEP] between; empty takes positive.",
                    },
                ),
                "segm_detector_opt": (
                    "SEGM_DETECTOR",
                    {"tooltip": "Cuts the masks to the shapes that a detector of another pack gives."},
                ),
                "detailer_hook": ("DETAILER_HOOK", {"tooltip": "A hook of Impact Pack, asked at each face."}),
            },
            "hidden": {"unique_id": "UNIQUE_ID"},
        }

    def execute(
        self,
        image: Any,
        model: Any,
        clip: Any,
        vae: Any,
        positive: Any,
        negative: Any,
        denoise: float,
        steps: int,
        cfg: float,
        sampler_name: str,
        scheduler: str,
        guide_size: int,
        feather: int,
        bbox_detector: Any = None,
        segs: Any = None,
        bboxes: Any = None,
        face_landmarks: Any = None,
        mask: Any = None,
        seed: int = 0,
        max_size: int = 1024,
        guide_size_for: bool = True,
        bbox_threshold: float = 0.0,
        bbox_dilation: int = 10,
        bbox_crop_factor: float = 2.0,
        drop_size: int = 10,
        max_faces: int = 0,
        order: str = AS_FOUND,
        min_face_ratio: float = 0.0,
        max_face_ratio: float = 1.0,
        mask_shape: str = "face",
        noise_mask: bool = True,
        noise_mask_feather: int = 20,
        force_inpaint: bool = True,
        inpaint_model: bool = False,
        cycle: int = 1,
        upright: str = "auto",
        match_color: float = 0.8,
        keep_if_worse: bool = True,
        dry_run: bool = False,
        wildcard: str = "",
        segm_detector_opt: Any = None,
        detailer_hook: Any = None,
        unique_id: str = "",
    ) -> dict[str, Any]:
        check_image(image, self.DISPLAY_NAME)
        sampling = Sampling(
            *(steps, cfg, sampler_name, scheduler, denoise),
            *(cycle, noise_mask, noise_mask_feather > 0, inpaint_model),
        )
        sampler = FaceSampler(model, clip, vae, positive, negative, sampling, FacePrompts(wildcard), detailer_hook)
        sizes = CropSizes(guide_size, guide_size_for, max_size, bbox_crop_factor, multiple=multiple_of(vae))
        settings = Settings(
            Shaping(sizes, mask_shape, bbox_dilation, feather, noise_mask_feather, upright == "auto"),
            Limits(0.0, drop_size, min_face_ratio, max_face_ratio, max_faces, order),
            *(match_color, seed, force_inpaint, keep_if_worse, dry_run),
        )
        sources = Sources(bbox_detector, segs, bboxes, face_landmarks, mask, segm_detector_opt, detailer_hook)
        found, allowed = gather_faces(image, sources, Search(bbox_threshold, bbox_crop_factor, drop_size))
        if not any(found) and sources.is_mask_alone:
            sampler.notes.append("mask is all there is to say where faces are, and it is empty")

        def tell(text: str) -> None:
            stop_if_interrupted()
            show_text(unique_id, text)

        outcome = detail_faces(
            image, found, settings, sampler, judge_of(bbox_detector), allowed, sampler.latent_px, tell
        )
        summary = say_redrawn(outcome.faces, len(image))
        show_text(unique_id, summary)
        return _hand_over(image, outcome, summary, sampler.notes, bbox_dilation, bbox_crop_factor)


def _hand_over(
    image: Any, outcome: Outcome, summary: str, notes: list[str], dilation: int, crop_factor: float
) -> dict[str, Any]:
    height, width = image.shape[1:3]
    inside = [(frame, crop.inside(width, height)) for frame, crop in outcome.crops]
    before, after = (
        [pictures[frame : frame + 1, y1:y2, x1:x2] for frame, (x1, y1, x2, y2) in inside] or [block()]
        for pictures in (image, outcome.image)
    )
    places, changed = changed_pictures(image, outcome.image, _MOST_SHOWN)
    pairs, problem = save_pairs([(image[place], outcome.image[place]) for place in places])
    shown = {
        "pairs": [{**pair, "picture": place + 1} for pair, place in zip(pairs, places, strict=False)],
        "note": problem or say_left_out(len(places), changed),
    }
    return {
        "ui": verdict("face_detailer", summary, faces=outcome.faces, notes=notes, **shown),
        "result": (
            outcome.image,
            outcome.mask,
            before,
            after,
            make_segs(outcome.chosen[0], width, height, dilation, crop_factor, outcome.image[:1]),
            detail_report(summary, outcome.faces, notes),
        ),
    }
