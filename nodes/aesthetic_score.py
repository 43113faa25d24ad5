"""Aesthetic Score: pictures in, how pleasing people found the like of them out."""

from __future__ import annotations

from typing import Any

from ..core.aesthetic_heads import read_head, score_aesthetics
from ..core.embeddings import FRAMINGS
from ..core.scorer_report import DEFAULT_THRESHOLD, check_choice, check_pictures, check_settings, judge
from .host.picture_encoders import embed_pictures
from .host.scorers import (
    OUTPUT_IS_LIST,
    OUTPUT_NAMES,
    OUTPUT_TYPES,
    aggregate_input,
    clip_vision_input,
    framing_input,
    hand_over,
    image_input,
    threshold_input,
)
from .host.siglip_files import NO_FILE, pooling_of, siglip_files
from .host.weight_files import AESTHETIC, CLIP_VISION, file_stamp, list_files, load_weights, missing_file


class AestheticScore:
    """Scores from 0 to 1 how pleasing pictures are, by one of the published aesthetic heads on a CLIP vision model."""

    DISPLAY_NAME = "Aesthetic Score"
    CATEGORY = "Switchyard/Quality"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("aesthetics", "laion aesthetic", "beauty", "aesthetic predictor", "siglip aesthetic", "taste")
    RETURN_TYPES = OUTPUT_TYPES
    RETURN_NAMES = OUTPUT_NAMES
    OUTPUT_TOOLTIPS = (
        "The score of the batch, 0 to 1, put together as aggregate says; 0.8 is 6.5 of 10 (LAION) or 5.5 (SigLIP).",
        "True if the score reaches the threshold; always false for a score of 0.",
        "The score of each picture, 0 to 1, as a list: what is plugged in here runs once for each picture.",
        "The head, the raw score of each picture (about 1 to 10) and the settings, as JSON.",
        "The pictures, unchanged.",
    )
    OUTPUT_IS_LIST = OUTPUT_IS_LIST
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "image": image_input(),
                "clip_vision": clip_vision_input(
                    "Sees the pictures: CLIP ViT-L/14 for the LAION heads, sigclip_vision_patch14_384 for v2.5."
                ),
                "head": (
                    list_files(AESTHETIC),
                    {"tooltip": "Judges what was seen: a file of models/aesthetic; the help page lists them."},
                ),
            },
            "optional": {
                "threshold": threshold_input(
                    "Decides what passes: scores from here up, 0 to 1; 0.8 is what LAION kept as good, 6.5 of 10."
                ),
                "aggregate": aggregate_input(),
                "framing": framing_input(),
                "siglip_file": (
                    siglip_files(),
                    {
                        "default": NO_FILE,
                        "tooltip": "Supplies the part of SigLIP that ComfyUI leaves out: the very file that "
                        "clip_vision was loaded from; needed by the head v2.5 only.",
                    },
                ),
            },
        }

    @classmethod
    def VALIDATE_INPUTS(cls, head: Any = None, siglip_file: Any = NO_FILE) -> bool | str:
        """A file that is missing is told in a sentence, not as a value that is not in a list."""
        problem = None if head is None else missing_file(AESTHETIC, head, "aesthetic head")
        if problem is None and siglip_file not in (None, NO_FILE):
            problem = missing_file(CLIP_VISION, siglip_file, "SigLIP file")
        return problem or True

    @classmethod
    def IS_CHANGED(cls, head: Any = None, siglip_file: Any = NO_FILE, **_: Any) -> str:
        return f"{file_stamp(AESTHETIC, head)} {file_stamp(CLIP_VISION, siglip_file)}"

    def execute(
        self,
        image: Any = None,
        clip_vision: Any = None,
        head: str = "",
        threshold: float = DEFAULT_THRESHOLD,
        aggregate: str = "min",
        framing: str = FRAMINGS[0],
        siglip_file: str = NO_FILE,
    ) -> dict[str, Any]:
        check_pictures(image, self.DISPLAY_NAME)
        check_settings(threshold, aggregate)
        check_choice(framing, FRAMINGS, "framing")
        loaded = read_head(load_weights(AESTHETIC, head, "aesthetic head"), head)
        pooling = pooling_of(siglip_file) if loaded.layout.is_pooled else None
        embeddings = embed_pictures(clip_vision, image, framing, loaded.layout.framing, pooling)
        pictures = score_aesthetics(loaded, embeddings)
        settings = {"head": head, "framing": embeddings.framing, "raw_unit": "about 1 to 10"}
        return hand_over(
            "aesthetic_score", judge(pictures, threshold, aggregate, f"{loaded.name}-1", **settings), image
        )
