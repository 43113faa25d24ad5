"""Face Crop: pictures in, each face at the size that a model draws well, for a sampler of your own, out."""

from __future__ import annotations

from typing import Any

from ..core.face_choice import AS_FOUND, Limits
from ..core.face_crop import CropSizes
from ..core.face_crops import crop_faces
from ..core.face_plan import Shaping
from ..core.face_words import check_image, say_found
from .host.face_inputs import (
    Search,
    Sources,
    crop_factor_input,
    dilation_input,
    feather_input,
    gather_faces,
    guide_size_input,
    mask_shape_input,
    max_faces_input,
    max_size_input,
    order_input,
    source_inputs,
    upright_input,
)
from .host.page import verdict

_SPECK_PX = 4  # what is no larger is no face, but a speck in a mask


class FaceCrop:
    """Cuts out each face at the size that a model draws well, for nodes of your own; Face Paste puts it back."""

    DISPLAY_NAME = "Face Crop"
    CATEGORY = "Switchyard/Faces"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("crop face", "cut out faces", "inpaint crop", "stitch", "portrait crop")
    RETURN_TYPES = ("FACE_CROPS", "IMAGE", "MASK", "INT")
    RETURN_NAMES = ("face_crops", "crops", "masks", "count")
    OUTPUT_TOOLTIPS = (
        "Where the crops come from: for Face Paste.",
        "Each crop, as a list: what is plugged in here runs once for each; one small grey picture if there is no face.",
        "For each crop where it is to be redrawn, as a list; use it as noise mask.",
        "How many faces there are.",
    )
    OUTPUT_IS_LIST = (False, True, True, False)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "image": ("IMAGE", {"tooltip": "The pictures whose faces are cut out, one or a batch."}),
                "guide_size": guide_size_input(),
                "max_size": max_size_input(),
                "crop_factor": crop_factor_input(),
                "dilation": dilation_input(),
                "feather": feather_input(),
            },
            "optional": {
                **source_inputs(),
                "max_faces": max_faces_input(),
                "order": order_input(AS_FOUND),
                "mask_shape": mask_shape_input(),
                "upright": upright_input(),
                "multiple_of": (
                    "INT",
                    {
                        "default": 64,
                        "min": 1,
                        "max": 512,
                        "tooltip": "Makes both sides of each crop a multiple of this, in pixels; 64 suits all models.",
                    },
                ),
            },
        }

    def execute(
        self,
        image: Any,
        guide_size: int,
        max_size: int,
        crop_factor: float,
        dilation: int,
        feather: int,
        bbox_detector: Any = None,
        segs: Any = None,
        bboxes: Any = None,
        face_landmarks: Any = None,
        mask: Any = None,
        max_faces: int = 0,
        order: str = AS_FOUND,
        mask_shape: str = "face",
        upright: str = "auto",
        multiple_of: int = 64,
    ) -> dict[str, Any]:
        check_image(image, self.DISPLAY_NAME)
        sources = Sources(bbox_detector, segs, bboxes, face_landmarks, mask)
        found, allowed = gather_faces(image, sources, Search(crop_factor=crop_factor))
        sizes = CropSizes(guide_size, True, max_size, crop_factor, multiple=multiple_of)
        shaping = Shaping(sizes, mask_shape, dilation, feather, is_upright=upright == "auto")
        limits = Limits(0.0, _SPECK_PX, max_faces=max_faces, order=order)
        crops = crop_faces(image, found, limits, shaping, allowed)
        data = {"work_sizes": [[plan.place.crop.width, plan.place.crop.height] for plan in crops.plans]}
        summary = say_found(
            [[one.face for one in found] for found in crops.chosen],
            [[(one.face, reason) for _, one, reason in crops.others]],
        )
        return {
            "ui": verdict("face_crop", summary, **data),
            "result": (crops, crops.crops(), crops.noise_masks(), len(crops.plans)),
        }
