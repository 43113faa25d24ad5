"""Boxes to SEGS: what ComfyUI's own detectors find, for the detailers of other packs."""

from __future__ import annotations

from typing import Any

from ..core.face_sources import from_bounding_boxes, from_landmarks, from_mask, join_sources
from ..core.face_words import check_image
from ..core.segs import make_segs
from .host.face_inputs import crop_factor_input, dilation_input
from .host.page import verdict


class BoxesToSegs:
    """Turns bounding boxes, face landmarks or the parts of a mask into SEGS, for nodes of other packs."""

    DISPLAY_NAME = "Boxes to SEGS"
    CATEGORY = "Switchyard/Faces"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("bbox to segs", "bounding box to segs", "mask to segs", "convert segs", "landmarks to segs")
    RETURN_TYPES = ("SEGS", "INT")
    RETURN_NAMES = ("segs", "count")
    OUTPUT_TOOLTIPS = ("What was found in the picture, as SEGS.", "How many there are in that picture.")
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "image": ("IMAGE", {"tooltip": "The picture that was searched; SEGS hold what is in one picture."}),
                "dilation": dilation_input(),
                "crop_factor": crop_factor_input(3.0),
            },
            "optional": {
                "bboxes": (
                    "BOUNDING_BOX",
                    {"tooltip": "Boxes in the picture, as its detector gave them.", "forceInput": True},
                ),
                "face_landmarks": ("FACE_LANDMARKS", {"tooltip": "Faces, each with the outline of its points."}),
                "mask": ("MASK", {"tooltip": "A mask; each part of it that hangs together is one."}),
                "picture_number": (
                    "INT",
                    {
                        "default": 1,
                        "min": 1,
                        "max": 100000,
                        "tooltip": "Takes what was found in this picture of the batch, counted from 1.",
                    },
                ),
            },
        }

    def execute(
        self,
        image: Any,
        dilation: int,
        crop_factor: float,
        bboxes: Any = None,
        face_landmarks: Any = None,
        mask: Any = None,
        picture_number: int = 1,
    ) -> dict[str, Any]:
        check_image(image, self.DISPLAY_NAME)
        count, height, width = image.shape[:3]
        if not 1 <= picture_number <= count:
            raise ValueError(f"picture_number is {picture_number}, and the batch has {count}. Use 1 to {count}.")
        given = ((from_bounding_boxes, bboxes), (from_landmarks, face_landmarks), (from_mask, mask))
        found = [read(value, count, width, height) for read, value in given if value is not None]
        if not found:
            raise ValueError("Nothing is plugged in to turn into SEGS. Plug in bboxes, face_landmarks or a mask.")
        ones = join_sources(found)[picture_number - 1]
        segs = make_segs(ones, width, height, dilation, crop_factor, image[picture_number - 1 : picture_number])
        return {"ui": verdict("boxes_to_segs", f"{len(ones)} SEGS", count=len(ones)), "result": (segs, len(ones))}
