"""Face Detector: pictures in, where their faces are out."""

from __future__ import annotations

from typing import Any

from ..core.bbox_detector import BboxDetector
from ..core.bounding_boxes import to_bounding_boxes
from ..core.face_choice import Choice, Limits, choose
from ..core.face_preview import draw_faces
from ..core.face_words import check_image, say_found
from ..core.segs import Found, boxes_masks, make_segs
from .host.face_inputs import DEFAULT_THRESHOLD, crop_factor_input, dilation_input, max_faces_input, order_input
from .host.face_models import BUILT_IN, face_model_stamp, list_face_models, load_face_model, missing_face_model
from .host.page import verdict


class FaceDetector:
    """Finds the faces in pictures, with a built-in detector or a model of yours, for Face Detailer and others."""

    DISPLAY_NAME = "Face Detector"
    CATEGORY = "Switchyard/Faces"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("face detection", "bbox detector", "find faces", "detr", "yolo", "ultralytics", "count faces")
    RETURN_TYPES = ("BBOX_DETECTOR", "SEGS", "BOUNDING_BOX", "MASK", "INT", "IMAGE")
    RETURN_NAMES = ("bbox_detector", "segs", "bboxes", "mask", "count", "preview")
    OUTPUT_TOOLTIPS = (
        "The detector with its settings, for Face Detailer or a detailer of another pack.",
        "The faces of the first picture as SEGS, for nodes of other packs.",
        "The faces of each picture as ComfyUI's bounding boxes.",
        "The boxes of each picture's faces, made larger by dilation, as a mask.",
        "How many faces there are, in all pictures together.",
        "Copies of the pictures with the faces numbered, in their order, and grey boxes for what was left out.",
    )
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "image": ("IMAGE", {"tooltip": "The pictures to look for faces in; they are not changed."}),
                "threshold": (
                    "FLOAT",
                    {
                        "default": DEFAULT_THRESHOLD,
                        "min": 0.0,
                        "max": 1.0,
                        "step": 0.01,
                        "tooltip": "Decides what is a face: scores from here up, 0 to 1; lower finds and errs more.",
                    },
                ),
            },
            "optional": {
                "model": (
                    list_face_models(),
                    {
                        "default": BUILT_IN,
                        "tooltip": "Chooses what looks for faces: built-in needs no file; others are files of yours.",
                    },
                ),
                "min_size": (
                    "INT",
                    {
                        "default": 16,
                        "min": 0,
                        "max": 4096,
                        "tooltip": "Leaves faces out whose shorter side is below this, in pixels.",
                    },
                ),
                "max_faces": max_faces_input(),
                "order": order_input("largest"),
                "small_faces": (
                    "BOOLEAN",
                    {"default": False, "tooltip": "Looks at parts of each picture too, for small faces; takes longer."},
                ),
                "dilation": dilation_input(),
                "crop_factor": crop_factor_input(3.0),
            },
        }

    @classmethod
    def VALIDATE_INPUTS(cls, model: Any = None) -> bool | str:
        """A model that is missing is told in a sentence, not as a value that is not in a list."""
        return (None if model is None else missing_face_model(model)) or True

    @classmethod
    def IS_CHANGED(cls, model: Any = BUILT_IN, **_: Any) -> str:
        return face_model_stamp(model)

    def execute(
        self,
        image: Any,
        threshold: float = DEFAULT_THRESHOLD,
        model: str = BUILT_IN,
        min_size: int = 16,
        max_faces: int = 0,
        order: str = "largest",
        small_faces: bool = False,
        dilation: int = 10,
        crop_factor: float = 3.0,
    ) -> dict[str, Any]:
        check_image(image, self.DISPLAY_NAME)
        limits = Limits(threshold, min_size - 1, max_faces=max_faces, order=order)
        detector = BboxDetector(load_face_model(model, tiled=small_faces), limits, model)
        height, width = image.shape[1:3]
        faces = detector.find_faces(image)
        choices = [choose(found, limits, width, height) for found in faces]
        chosen = [[found[index] for index in choice.chosen] for found, choice in zip(faces, choices, strict=True)]
        return {
            "ui": _verdict(faces, choices, chosen, model),
            "result": (
                detector,
                make_segs([Found(face) for face in chosen[0]], width, height, dilation, crop_factor, image[:1]),
                to_bounding_boxes(chosen),
                boxes_masks(chosen, width, height, dilation),
                sum(map(len, chosen)),
                draw_faces(image, faces, choices),
            ),
        }


def _verdict(faces: list[Any], choices: list[Choice], chosen: list[Any], model: str) -> dict[str, Any]:
    others = [
        [(found[index], reason) for index, reason in choice.reasons.items()]
        for found, choice in zip(faces, choices, strict=True)
    ]
    boxes = [[[round(side, 1) for side in face.box] for face in found] for found in chosen]
    scores = [[face.score for face in found] for found in chosen]
    return verdict("face_detector", say_found(chosen, others), model=model, boxes=boxes, scores=scores)
