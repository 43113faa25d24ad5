"""What the nodes that work on faces have in common: where faces come from, and how their crops are made."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

from ...core.bbox_detector import BboxDetector
from ...core.face_choice import ORDERS, Limits
from ...core.face_masks import SHAPES
from ...core.face_plan import select_faces
from ...core.face_sources import (
    fit_mask,
    from_bounding_boxes,
    from_landmarks,
    from_mask,
    from_segs,
    join_sources,
    limit_to,
)
from ...core.faces import FindFaces
from ...core.segs import Found, read_segs
from ...core.values import kind_of
from .face_models import BUILT_IN, BUILT_IN_APACHE, load_face_model
from .progress import stop_if_interrupted

DEFAULT_THRESHOLD = 0.5


class Sources(NamedTuple):
    """Where faces come from; None is what is not plugged in. If nothing is, the built-in detector looks for them."""

    bbox_detector: Any = None
    segs: Any = None
    bboxes: Any = None
    face_landmarks: Any = None
    mask: Any = None
    segm_detector: Any = None
    hook: Any = None

    @property
    def is_mask_alone(self) -> bool:
        """Whether faces come from the mask, since nothing else says where they are."""
        others = (self.bbox_detector, self.segs, self.bboxes, self.face_landmarks)
        return self.mask is not None and all(source is None for source in others)


class Search(NamedTuple):
    """How detectors are asked: a threshold of 0 leaves it to the detector."""

    threshold: float = 0.0
    crop_factor: float = 2.0
    drop_size: int = 1


def source_inputs() -> dict[str, tuple[str, dict[str, Any]]]:
    """The sockets for faces, all of them optional."""
    return {
        "bbox_detector": (
            "BBOX_DETECTOR",
            {"tooltip": "Finds the faces: Face Detector, or a detector of another pack; empty takes the built-in."},
        ),
        "segs": ("SEGS", {"tooltip": "Takes these faces, of one picture, with their masks."}),
        "bboxes": ("BOUNDING_BOX", {"tooltip": "Takes what is in these boxes, for each picture.", "forceInput": True}),
        "face_landmarks": ("FACE_LANDMARKS", {"tooltip": "Takes these faces, each as the outline of its points."}),
        "mask": (
            "MASK",
            {"tooltip": "Limits what may change; if no other source is plugged in, each part of it is a face."},
        ),
    }


def order_input(default: str) -> tuple[list[str], dict[str, Any]]:
    return (
        list(ORDERS),
        {"default": default, "tooltip": "Decides which face comes first, and which ones max_faces keeps."},
    )


def max_faces_input() -> tuple[str, dict[str, Any]]:
    options = {"default": 0, "min": 0, "max": 1000, "tooltip": "Takes so many faces of a picture at most; 0 takes all."}
    return ("INT", options)


def guide_size_input() -> tuple[str, dict[str, Any]]:
    return (
        "INT",
        {
            "default": 512,
            "min": 64,
            "max": 4096,
            "step": 8,
            "tooltip": "Enlarges each crop until the face's shorter side is this long, in pixels; larger faces keep "
            "their size.",
        },
    )


def max_size_input() -> tuple[str, dict[str, Any]]:
    return (
        "INT",
        {
            "default": 1024,
            "min": 64,
            "max": 8192,
            "step": 8,
            "tooltip": "Keeps both sides of a crop within this, in pixels: what your model and memory can take.",
        },
    )


def feather_input() -> tuple[str, dict[str, Any]]:
    return (
        "INT",
        {
            "default": 5,
            "min": 0,
            "max": 200,
            "tooltip": "Blends the new face into the picture over three times this many pixels; 0 cuts hard.",
        },
    )


def dilation_input() -> tuple[str, dict[str, Any]]:
    return (
        "INT",
        {
            "default": 10,
            "min": -512,
            "max": 512,
            "tooltip": "Makes the mask this much wider and higher than the face, in pixels; negative makes it smaller.",
        },
    )


def crop_factor_input(default: float = 2.0) -> tuple[str, dict[str, Any]]:
    return (
        "FLOAT",
        {
            "default": default,
            "min": 1.0,
            "max": 10.0,
            "step": 0.1,
            "tooltip": "Shows the sampler this many times the face's width and height, so that the face fits in.",
        },
    )


def mask_shape_input() -> tuple[list[str], dict[str, Any]]:
    return (
        list(SHAPES),
        {"default": "face", "tooltip": "Changes an oval in the face's box, or the whole box, where there is no mask."},
    )


def upright_input() -> tuple[list[str], dict[str, Any]]:
    return (
        ["auto", "off"],
        {
            "default": "auto",
            "tooltip": "Turns lying and upside-down faces upright for the sampler, by quarter turns, and back.",
        },
    )


def match_color_input() -> tuple[str, dict[str, Any]]:
    return (
        "FLOAT",
        {
            "default": 0.8,
            "min": 0.0,
            "max": 1.0,
            "step": 0.05,
            "tooltip": "Takes this share of the colour difference around the face away, 0 to 1, against visible seams.",
        },
    )


def gather_faces(image: Any, sources: Sources, search: Search) -> tuple[list[list[Found]], Any]:
    """The faces of each picture from all that is plugged in, and a mask of what may change, or None for everything.

    Raises:
        ValueError: something that is plugged in is not what its socket says, or is for other pictures.
    """
    count, height, width = image.shape[:3]
    size = (count, width, height)
    found: list[list[list[Found]]] = []
    if sources.bbox_detector is not None:
        found.append(_detect(image, sources.bbox_detector, search, sources.hook))
    if sources.segs is not None:
        found.append(from_segs(sources.segs, *size))
    if sources.bboxes is not None:
        found.append(from_bounding_boxes(sources.bboxes, *size))
    if sources.face_landmarks is not None:
        found.append(from_landmarks(sources.face_landmarks, *size))
    if sources.is_mask_alone:
        return from_mask(sources.mask, *size), None
    if not found:
        found.append(_detect(image, built_in_detector(), search, sources.hook))
    faces = join_sources(found)
    if sources.segm_detector is not None:
        masks = _detect(image, sources.segm_detector, search, None, "segm_detector_opt")
        faces = [limit_to(ones, shapes) for ones, shapes in zip(faces, masks, strict=True)]
    return faces, None if sources.mask is None else fit_mask(sources.mask, *size)


def built_in_detector() -> BboxDetector:
    """The detector that needs no file of the user's."""
    return BboxDetector(load_face_model(BUILT_IN, tiled=False), Limits(DEFAULT_THRESHOLD), BUILT_IN)


def judge_of(detector: Any) -> FindFaces:
    """What scores faces before and after: the user's own model if it was that which found them, else the built-in."""
    if isinstance(detector, BboxDetector) and detector.name not in (BUILT_IN, BUILT_IN_APACHE):
        return detector.find
    name = detector.name if isinstance(detector, BboxDetector) else BUILT_IN
    return load_face_model(name, tiled=False)


def _detect(image: Any, detector: Any, search: Search, hook: Any, name: str = "bbox_detector") -> list[list[Found]]:
    asks_hook = any(hasattr(hook, name) for name in ("post_detection", "post_crop_region"))
    if isinstance(detector, BboxDetector) and not asks_hook:
        limits = detector.limits
        if search.threshold > 0:
            limits = limits._replace(threshold=search.threshold)
        sizes = (image.shape[2], image.shape[1])
        return [_with_reasons([Found(face) for face in faces], limits, *sizes) for faces in detector.find_faces(image)]
    if not callable(getattr(detector, "detect", None)):
        raise ValueError(f"{name} is a {kind_of(detector)}, which has no detect(): it is no detector.")
    return [_ask(detector, image[frame : frame + 1], search, hook) for frame in range(len(image))]


def _with_reasons(found: list[Found], limits: Any, width: int, height: int) -> list[Found]:
    selection = select_faces(found, limits, width, height)
    return [*selection.chosen, *(one._replace(reason=reason) for one, reason in selection.others)]


def _ask(detector: Any, image: Any, search: Search, hook: Any) -> list[Found]:
    """Asks a detector of another pack for the faces of one picture, the way Impact Pack does."""
    stop_if_interrupted()
    set_word = getattr(detector, "setAux", None)
    if callable(set_word):
        set_word("face")
    try:
        default = getattr(detector, "default_threshold", DEFAULT_THRESHOLD)
        threshold = search.threshold if search.threshold > 0 else default
        # The mask is enlarged by us, as for all faces.
        segs = detector.detect(image[..., :3], threshold, 0, search.crop_factor, search.drop_size, detailer_hook=hook)
    finally:
        if callable(set_word):
            set_word(None)
    if segs is None:
        logging.info("Switchyard: a detector gave None instead of SEGS; it is taken for no face.")
        return []
    return read_segs(segs, image.shape[2], image.shape[1])
