"""Content Classifier: a prompt in, what it is about out."""

from __future__ import annotations

from typing import Any

from ..core.content_classifier import (
    METHODS,
    Classification,
    by_name,
    check_settings,
    classify_by_vectors,
    classify_by_words,
    find_evidence,
    show_confidence,
)
from ..core.prompt_syntax import plain_text, read_prompt
from ..core.vocabulary import ContentClass, VocabularyError
from .host.graph import UNPLUGGED
from .host.page import verdict
from .host.text_encoders import embed_prompts
from .host.vocabularies import classes_of, negations

_DEFAULT_CLASSES = "anime\nrealistic"


class ContentClassifier:
    """Tells what a prompt is about, so that Switch or Select loads only the model that fits."""

    DISPLAY_NAME = "Content Classifier"
    CATEGORY = "Switchyard/Logic"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = (
        "classify prompt",
        "model by subject",
        "anime or realistic",
        "prompt router",
        "detect style",
        "topic",
    )
    RETURN_TYPES = ("BOOLEAN", "STRING", "INT", "FLOAT", "STRING")
    RETURN_NAMES = ("is_first", "label", "index", "confidence", "explanation")
    OUTPUT_TOOLTIPS = (
        "True if the prompt is of the first class: with the classes as they come, true for anime.",
        "The name of the class, or the fallback; for Select.",
        "The number of the class, from 0; -1 for a fallback that is none of the classes.",
        "How surely the best class is ahead of the next, 0.5 (a tie) to 1.",
        "The words of the prompt that decided, with what each of them counts.",
    )
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "prompt": (
                    "STRING",
                    {
                        "default": "",
                        "multiline": True,
                        "tooltip": "The prompt to classify, as written for ComfyUI: weights, BREAK, LoRA tags and "
                        "negations are understood, in many languages.",
                    },
                )
            },
            "optional": {
                "classes": (
                    "STRING",
                    {
                        "default": _DEFAULT_CLASSES,
                        "multiline": True,
                        "tooltip": "One class a line: anime or realistic alone (the pack knows their words), or a "
                        "name, a colon and its words: cat: kitten, big cat, (purr*:2), /tabb(y|ies)/, @anime.",
                    },
                ),
                "method": (
                    list(METHODS),
                    {
                        "default": METHODS[0],
                        "tooltip": "Decides by the words of the classes (vocabulary), or by how near the prompt is to "
                        "their descriptions for the CLIP that is plugged in (clip).",
                    },
                ),
                "min_confidence": (
                    "FLOAT",
                    {
                        "default": 0.6,
                        "min": 0.0,
                        "max": 1.0,
                        "step": 0.01,
                        "tooltip": "Gives the fallback below this confidence, 0 to 1; at 0 only a tie gives it.",
                    },
                ),
                "fallback": (
                    "STRING",
                    {
                        "default": "",
                        "tooltip": "The label when no class is sure enough: one of the classes or another word; empty "
                        "for the last class.",
                    },
                ),
                "clip": (
                    "CLIP",
                    {"lazy": True, "tooltip": "Reads prompt and descriptions for the method clip; loaded only for it."},
                ),
            },
        }

    @classmethod
    def VALIDATE_INPUTS(cls, classes: str | None = None) -> bool | str:
        try:
            return classes is None or classes_of(classes) is not None
        except VocabularyError as error:
            return str(error)

    def check_lazy_status(self, prompt: Any, method: Any = METHODS[0], clip: Any = UNPLUGGED, **_: Any) -> list[str]:
        return ["clip"] if method == "clip" and clip is None else []

    def execute(
        self,
        prompt: str,
        classes: str = _DEFAULT_CLASSES,
        method: str = METHODS[0],
        min_confidence: float = 0.6,
        fallback: str = "",
        clip: Any = None,
    ) -> dict[str, Any]:
        check_settings(prompt, method, min_confidence, fallback)
        wanted, lexicon = classes_of(classes)
        if method == "clip":
            found = _classify_by_clip(prompt, wanted, min_confidence, fallback, clip)
        else:
            evidence = find_evidence(read_prompt(prompt), lexicon, negations())
            found = classify_by_words(evidence, wanted, min_confidence, fallback)
        result = (found.class_index == 0, found.label, found.class_index, found.confidence, found.explanation)
        data = dict(zip(self.RETURN_NAMES, result, strict=True), scores=by_name(wanted, found.scores))
        summary = (
            f"{found.label}{' (the fallback)' if found.is_fallback else ''}, {show_confidence(found.confidence)} sure"
        )
        payload = verdict("content_classifier", summary, **data, is_fallback=found.is_fallback, method=method)
        return {"ui": payload, "result": result}


def _classify_by_clip(
    prompt: str, classes: list[ContentClass], min_confidence: float, fallback: str, clip: Any
) -> Classification:
    if clip is None:
        raise ValueError("The method clip needs a CLIP: plug one in, or set method to vocabulary.")
    text = plain_text(read_prompt(prompt)) or prompt
    vectors = embed_prompts(clip, [text, *(one.description for one in classes)])
    return classify_by_vectors(vectors[:1], vectors[1:], classes, min_confidence, fallback)
