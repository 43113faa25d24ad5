"""CLIP IQA Score: pictures in, which side of pairs of opposites they are on out."""

from __future__ import annotations

from itertools import chain
from typing import Any

from ..core.clip_scores import DEFAULT_PAIRS, read_pairs, score_opposites
from ..core.embeddings import FRAMINGS
from ..core.scorer_report import DEFAULT_THRESHOLD, check_choice, check_pictures, check_settings, judge
from .host.picture_encoders import embed_pictures
from .host.scorers import (
    OUTPUT_IS_LIST,
    OUTPUT_NAMES,
    OUTPUT_TYPES,
    aggregate_input,
    clip_input,
    clip_vision_input,
    framing_input,
    hand_over,
    image_input,
    output_tooltips,
    threshold_input,
)
from .host.text_encoders import embed_texts


class ClipIqaScore:
    """Scores from 0 to 1 how much nearer pictures are to good words than to bad ones, by a CLIP and words of yours."""

    DISPLAY_NAME = "CLIP IQA Score"
    CATEGORY = "Switchyard/Quality"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("clip-iqa", "clipiqa", "antonyms", "zero shot quality", "good photo bad photo")
    RETURN_TYPES = OUTPUT_TYPES
    RETURN_NAMES = OUTPUT_NAMES
    OUTPUT_TOOLTIPS = output_tooltips("The share of the good side of each pair, for each picture, as JSON.")
    OUTPUT_IS_LIST = OUTPUT_IS_LIST
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "image": image_input(),
                "clip_vision": clip_vision_input("Turns pictures into numbers: the vision half of the CLIP."),
                "clip": clip_input(),
            },
            "optional": {
                "pairs": (
                    "STRING",
                    {
                        "default": DEFAULT_PAIRS,
                        "multiline": True,
                        "tooltip": "Asks what matters to you: a good side, a bar and a bad side, one pair a line; the "
                        "score is the mean over the pairs.",
                    },
                ),
                "threshold": threshold_input(
                    "Decides what passes: scores from here up, 0 to 1; 0.5 is undecided between good and bad."
                ),
                "aggregate": aggregate_input(),
                "framing": framing_input(),
            },
        }

    def execute(
        self,
        image: Any = None,
        clip_vision: Any = None,
        clip: Any = None,
        pairs: str = DEFAULT_PAIRS,
        threshold: float = DEFAULT_THRESHOLD,
        aggregate: str = "min",
        framing: str = FRAMINGS[0],
    ) -> dict[str, Any]:
        check_pictures(image, self.DISPLAY_NAME)
        check_settings(threshold, aggregate)
        check_choice(framing, FRAMINGS, "framing")
        opposites = read_pairs(pairs)
        embeddings = embed_pictures(clip_vision, image, framing)
        texts = embed_texts(clip, list(chain.from_iterable(opposites)), embeddings.width())
        pictures = score_opposites(embeddings, texts, opposites)
        settings = {"pairs": [f"{good} | {bad}" for good, bad in opposites], "framing": embeddings.framing}
        return hand_over("clip_iqa_score", judge(pictures, threshold, aggregate, "clip-iqa-1", **settings), image)
