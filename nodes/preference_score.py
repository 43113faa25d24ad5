"""Preference Score: pictures and their prompt in, which of them people would prefer out."""

from __future__ import annotations

from typing import Any

from ..core.clip_scores import PREFERENCE_MODELS, SCALES, check_curve, read_prompt, score_preference
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
    prompt_input,
    threshold_input,
)
from .host.text_encoders import embed_texts


class PreferenceScore:
    """Ranks pictures of one prompt by what people prefer, by PickScore or HPS: for Pick Best, not for a threshold."""

    DISPLAY_NAME = "Preference Score"
    CATEGORY = "Switchyard/Quality"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("pickscore", "pick score", "hps", "hpsv2", "human preference", "rank images")
    RETURN_TYPES = OUTPUT_TYPES
    RETURN_NAMES = OUTPUT_NAMES
    OUTPUT_TOOLTIPS = (
        "The score of the batch, put together as aggregate says: raw (about 20 or 0.3), or 0 to 1.",
        "True if the score reaches the threshold with scale at 0 to 1; always false with raw scores.",
        "The score of each picture as a list: plug it into the scores of Pick Best.",
        "The raw score of each picture and the settings, as JSON.",
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
                    "Sees the pictures: Load CLIP Vision with the file of PickScore or HPS."
                ),
                "clip": clip_input(),
                "prompt": prompt_input("Says what the pictures were made for; the first 75 tokens count."),
                "model": (
                    list(PREFERENCE_MODELS),
                    {
                        "tooltip": "Names the model whose file both loaders load: it decides the unit of the raw score "
                        "and the framing."
                    },
                ),
            },
            "optional": {
                "scale": (
                    list(SCALES),
                    {
                        "default": SCALES[0],
                        "tooltip": "Gives the score as it is, for ranking, or bent to 0 to 1 by centre and width, so "
                        "that a threshold means something.",
                    },
                ),
                "centre": (
                    "FLOAT",
                    {
                        "default": 21.0,
                        "min": -100.0,
                        "max": 100.0,
                        "step": 0.01,
                        "tooltip": "Becomes 0.5 on the scale of 0 to 1: a middling raw score of yours, about 21 for "
                        "PickScore and 0.27 for HPS.",
                    },
                ),
                "width": (
                    "FLOAT",
                    {
                        "default": 1.0,
                        "min": 0.001,
                        "max": 100.0,
                        "step": 0.001,
                        "tooltip": "Stretches the scale of 0 to 1: so much more raw score than centre becomes 0.73, "
                        "about 1 for PickScore and 0.02 for HPS.",
                    },
                ),
                "threshold": threshold_input(
                    "Decides what passes with scale at 0 to 1: scores from here up; not read with raw scores."
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
        prompt: str = "",
        model: str = next(iter(PREFERENCE_MODELS)),
        scale: str = SCALES[0],
        centre: float = 21.0,
        width: float = 1.0,
        threshold: float = DEFAULT_THRESHOLD,
        aggregate: str = "min",
        framing: str = FRAMINGS[0],
    ) -> dict[str, Any]:
        check_pictures(image, self.DISPLAY_NAME)
        check_settings(threshold, aggregate)
        check_choice(model, PREFERENCE_MODELS, "model")
        check_choice(framing, FRAMINGS, "framing")
        check_curve(scale, centre, width)
        words = read_prompt(prompt)
        embeddings = embed_pictures(clip_vision, image, framing, PREFERENCE_MODELS[model].framing)
        texts = embed_texts(clip, [words], embeddings.width())
        pictures = score_preference(embeddings, texts, model, scale, float(centre), float(width))
        settings = {"model": model, "scale": scale, "prompt": words, "framing": embeddings.framing}
        settings |= {} if scale == SCALES[0] else {"centre": float(centre), "width": float(width)}
        least = None if scale == SCALES[0] else threshold
        return hand_over("preference_score", judge(pictures, least, aggregate, f"{model}-1", **settings), image)
