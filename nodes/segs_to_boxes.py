"""SEGS to Boxes: what detectors of other packs find, as ComfyUI's own bounding boxes."""

from __future__ import annotations

from typing import Any

from ..core.bounding_boxes import to_bounding_boxes
from ..core.segs import read_segs, segs_size
from .host.page import verdict


class SegsToBoxes:
    """Turns SEGS into ComfyUI's bounding boxes, such as Draw BBoxes takes."""

    DISPLAY_NAME = "SEGS to Boxes"
    CATEGORY = "Switchyard/Faces"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("segs to bbox", "segs to bounding box", "convert segs", "impact segs")
    RETURN_TYPES = ("BOUNDING_BOX", "INT")
    RETURN_NAMES = ("bboxes", "count")
    OUTPUT_TOOLTIPS = ("The boxes of the one picture that SEGS are for.", "How many there are in that picture.")
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "segs": ("SEGS", {"tooltip": "What a detector found, as Face Detector or another pack gives it."}),
            },
        }

    def execute(self, segs: Any) -> dict[str, Any]:
        faces = [one.face for one in read_segs(segs, *segs_size(segs))]
        summary = "1 box" if len(faces) == 1 else f"{len(faces)} boxes"
        return {
            "ui": verdict("segs_to_boxes", summary, count=len(faces)),
            "result": (to_bounding_boxes([faces]), len(faces)),
        }
