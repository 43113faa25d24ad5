"""Prompt Score: pictures and a text in, how well they fit each other out."""

from __future__ import annotations

from typing import Any

from ..core.clip_scores import (
    DEFAULT_PREFIX,
    METHODS,
    read_others,
    read_prefix,
    read_prompt,
    score_prompt,
    score_relative,
)
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
    prompt_input,
    threshold_input,
)
from .host.text_encoders import embed_texts


class PromptScore:
    """Scores from 0 to 1 how well pictures fit a text, by a CLIP vision model and the CLIP that belongs to it."""

    DISPLAY_NAME = "Prompt Score"
    CATEGORY = "Switchyard/Quality"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("clip score", "clipscore", "prompt adherence", "text image similarity", "fits the prompt")
    RETURN_TYPES = OUTPUT_TYPES
    RETURN_NAMES = OUTPUT_NAMES
    OUTPUT_TOOLTIPS = output_tooltips("The texts, the cosine of each picture and the share of each prompt, as JSON.")
    OUTPUT_IS_LIST = OUTPUT_IS_LIST
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "image": image_input(),
                "clip_vision": clip_vision_input("Turns pictures into numbers: the vision half of the CLIP."),
                "clip": clip_input(),
                "prompt": prompt_input("Says what the pictures should show; the first 75 tokens count."),
            },
            "optional": {
                "method": (
                    list(METHODS),
                    {
                        "default": METHODS[0],
                        "tooltip": "Measures the fit to the prompt alone (clipscore), or the prompt's share among "
                        "other_prompts (relative), which spreads the scores over all of 0 to 1.",
                    },
                ),
                "other_prompts": prompt_input("Competes with the prompt, one prompt a line; read by relative only."),
                "prefix": (
                    "STRING",
                    {
                        "default": DEFAULT_PREFIX,
                        "tooltip": "Stands before every prompt, as in the paper of CLIPScore; leave it empty for none.",
                    },
                ),
                "threshold": threshold_input(
                    "Decides what passes: scores from here up, 0 to 1; by clipscore good pictures reach 0.5 to 0.8."
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
        method: str = METHODS[0],
        other_prompts: str = "",
        prefix: str = DEFAULT_PREFIX,
        threshold: float = DEFAULT_THRESHOLD,
        aggregate: str = "min",
        framing: str = FRAMINGS[0],
    ) -> dict[str, Any]:
        check_pictures(image, self.DISPLAY_NAME)
        check_settings(threshold, aggregate)
        check_choice(method, METHODS, "method")
        check_choice(framing, FRAMINGS, "framing")
        prompts, before = [read_prompt(prompt)], read_prefix(prefix)
        prompts += read_others(other_prompts, prompts[0]) if method == "relative" else []
        embeddings = embed_pictures(clip_vision, image, framing)
        texts = embed_texts(clip, [f"{before} {one}".strip() for one in prompts], embeddings.width())
        is_alone = method == METHODS[0]
        pictures = score_prompt(embeddings, texts) if is_alone else score_relative(embeddings, texts, prompts)
        settings = {"method": method, "prompt": prompts[0], "prefix": before, "framing": embeddings.framing}
        return hand_over("prompt_score", judge(pictures, threshold, aggregate, f"{method}-1", **settings), image)
