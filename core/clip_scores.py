"""Scores of pictures by texts, out of the vectors that the two halves of a CLIP make of them.

Sources: CLIPScore (Hessel et al. 2021), CLIP-IQA (Wang et al. 2023), PickScore (Kirstain et al. 2023), HPS v2 (Wu et
al. 2023). Whatever is a share is a share among texts: never among the pictures of a batch, or a threshold would mean
something else for every batch size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .embeddings import Embeddings, score_each, unit_vectors
from .scorer_report import ScoredPicture, check_choice, logistic
from .values import kind_of, show, unwrap

if TYPE_CHECKING:
    from torch import Tensor

METHODS = ("clipscore", "relative")
DEFAULT_PREFIX = "A photo depicts"
DEFAULT_PAIRS = "Good photo. | Bad photo.\nSharp photo. | Blurry photo.\nClean photo. | Noisy photo."
CLIPSCORE_WEIGHT = 2.5
TEMPERATURE = 100.0  # the logit scale that CLIP was trained up to, and held at
MAX_TEXTS = 64
PAIRS_TO_LOAD = (
    "ViT-L/14 (768), ViT-H/14 (1024) or ViT-bigG/14 (1280): the CLIP vision file and the CLIP file of one and the same "
    "model"
)


class PreferenceModel(NamedTuple):
    """A model of what people prefer: the factor of its raw score, how it was shown pictures, and usual raw scores."""

    factor: float
    framing: str
    usual: str


PREFERENCE_MODELS: dict[str, PreferenceModel] = {
    "PickScore v1": PreferenceModel(100.0, "crop", "18 to 24"),
    "HPS v2.1": PreferenceModel(1.0, "pad", "0.2 to 0.35"),
}
SCALES = ("raw", "0 to 1")


def check_text_projection(weight: Tensor | None, tower: str) -> None:
    """Refuses a text encoder whose last layer was not in its file.

    ComfyUI then leaves that layer as whatever was in memory, or as zeros, and goes on; older versions and converted
    checkpoints have a unit matrix in its place. A trained one has values of about 0.03.

    Args:
        weight: (D, D) of any precision; None if there is no such layer.
        tower: Which encoder of the CLIP it is, for the error.

    Raises:
        ValueError: it is missing, not finite, has no likely spread, or is a unit matrix.
    """
    problem = _projection_problem(weight)
    if problem:
        raise ValueError(
            f"This CLIP file has no text projection ({tower}: {problem}), so its texts can't be compared with "
            "pictures. SD1.5 checkpoints and text encoders that were cut down for them lack it: load the full CLIP "
            "file, such as model.safetensors of openai/clip-vit-large-patch14."
        )


def has_text_projection(weight: Tensor | None) -> bool:
    """Whether a text encoder's last layer, (D, D), is a trained one: see check_text_projection."""
    return not _projection_problem(weight)


def _projection_problem(weight: Tensor | None) -> str:
    if weight is None or weight.is_meta:
        return "the layer is missing"
    values = weight.detach().float()
    if not bool(values.isfinite().all()):
        return "its values are not finite"
    if not bool(values.any()):
        return "all of its values are 0"
    spread = float(values.std())
    if not 1e-3 < spread < 1:
        return f"its values spread by {spread:.3g}, where 0.03 is usual"
    is_square = values.ndim == 2 and values.shape[0] == values.shape[1]
    if is_square and bool((values.diagonal() == 1).all()) and float(values.abs().sum()) == values.shape[0]:
        return "it is a unit matrix, which changes nothing"
    return ""


def check_pair(picture_width: int, text_widths: Mapping[str, int]) -> str:
    """Finds the text encoder that belongs to a vision model, by the number of values in their vectors.

    Args:
        picture_width: What the vision model gives for a picture.
        text_widths: What each text encoder of the CLIP gives for a text, by its name.

    Raises:
        ValueError: the CLIP has no text encoder of CLIP's kind, or none of that width.
    """
    for tower, width in text_widths.items():
        if width == picture_width:
            return tower
    if not text_widths:
        raise ValueError(
            f"What is plugged into clip has no text encoder of CLIP's kind (T5 and language models can't be compared "
            f"with pictures). Load {PAIRS_TO_LOAD}."
        )
    found = " and ".join(f"{width} ({tower})" for tower, width in text_widths.items())
    raise ValueError(
        f"The CLIP vision model gives {picture_width} numbers a picture, but the CLIP gives {found} a text: they do "
        f"not belong together. Load {PAIRS_TO_LOAD}."
    )


def read_prompt(prompt: Any, name: str = "prompt") -> str:
    """Takes a text, without space around it.

    Raises:
        ValueError: it is no text, or empty.
    """
    if not isinstance(prompt, str):
        raise ValueError(f"{name} must be text, not a {kind_of(prompt)}. Write what the picture should show.")
    if not prompt.strip():
        raise ValueError(f"{name} is empty. Write what the picture should show.")
    return prompt.strip()


def read_others(text: Any, prompt: str) -> list[str]:
    """The other prompts of the method "relative": one a line; empty lines and the prompt itself do not count.

    Raises:
        ValueError: there is none, or more than MAX_TEXTS.
    """
    lines = [line.strip() for line in text.splitlines()] if isinstance(text, str) else []
    others = list(dict.fromkeys(line for line in lines if line and line != prompt))
    if not others:
        raise ValueError(
            f"The method relative compares the prompt with others, but other_prompts is {show(text)}. Write at least "
            "one other prompt, each on a line of its own, or set method to clipscore."
        )
    if len(others) > MAX_TEXTS:
        raise ValueError(f"There are {len(others)} other prompts; at most {MAX_TEXTS} are compared.")
    return others


def read_pairs(text: Any) -> list[tuple[str, str]]:
    """The pairs of opposites of CLIP-IQA: "Good photo. | Bad photo.", one pair a line, the good side first.

    Raises:
        ValueError: a line is no pair, there is none, or there are more than MAX_TEXTS.
    """
    if not isinstance(text, str):
        raise ValueError(f'pairs must be text, not a {kind_of(text)}: "Good photo. | Bad photo.", one pair a line.')
    pairs = []
    for line in filter(None, map(str.strip, text.splitlines())):
        good, bar, bad = (part.strip() for part in line.partition("|"))
        if not (good and bar and bad) or "|" in bad or good == bad:
            raise ValueError(
                f'This line of pairs is not a pair: {show(line)}. Write the good side, a bar and the bad side: "Good '
                'photo. | Bad photo.", one pair a line.'
            )
        pairs.append((good, bad))
    if not pairs:
        raise ValueError('pairs is empty. Write at least one pair, such as "Good photo. | Bad photo.".')
    if len(pairs) > MAX_TEXTS:
        raise ValueError(f"There are {len(pairs)} pairs; at most {MAX_TEXTS} are compared.")
    return pairs


def read_prefix(prefix: Any) -> str:
    """Takes what stands before each prompt, without space around it; None is nothing.

    Raises:
        ValueError: it is no text.
    """
    if not isinstance(prefix, str | None):
        raise ValueError(f"prefix must be text, not a {kind_of(prefix)}. Leave it empty for none.")
    return (prefix or "").strip()


def check_curve(scale: str, centre: float, width: float) -> None:
    """Refuses settings of a preference score's scale that do not exist.

    Raises:
        ValueError: the scale is not one of SCALES, or centre and width are no finite numbers, width above 0.
    """
    check_choice(scale, SCALES, "scale")
    numbers = {"centre": unwrap(centre), "width": unwrap(width)}
    for name, number in numbers.items():
        lowest = 1e-9 if name == "width" else -1e6
        if not (isinstance(number, (int, float)) and lowest <= number <= 1e6):
            raise ValueError(
                f"{name} is {show(number)}; it must be a number{' above 0' if name == 'width' else ''}, of a raw "
                "score's size. It shapes the scale of 0 to 1 out of raw scores."
            )


def score_prompt(embeddings: Embeddings, texts: Tensor) -> list[ScoredPicture]:
    """CLIPScore: 2.5 * max(cosine, 0), at most 1. 0.8 is a cosine of 0.32.

    Args:
        embeddings: The pictures' vectors.
        texts: (1, D): the prompt's vector.
    """

    def score(vectors: Tensor, directions: Tensor) -> tuple[float, str, Mapping[str, Any]]:
        cosine = float((vectors @ directions.T).mean())
        value = min(1.0, CLIPSCORE_WEIGHT * max(cosine, 0.0))
        return value, f"cosine {cosine:.3f} to the prompt: {value:.2f}.", {"cosine": round(cosine, 6)}

    return _score_by_texts(embeddings, texts, score, {"cosine": None})


def score_relative(embeddings: Embeddings, texts: Tensor, prompts: Sequence[str]) -> list[ScoredPicture]:
    """The share of the first of several prompts: softmax over the prompts of 100 * cosine.

    Args:
        embeddings: The pictures' vectors.
        texts: (N, D): the prompts' vectors, N of at least 2.
        prompts: The prompts as the user wrote them, for the report.
    """

    def score(vectors: Tensor, directions: Tensor) -> tuple[float, str, Mapping[str, Any]]:
        cosines = vectors @ directions.T
        shares = (TEMPERATURE * cosines).softmax(dim=-1).mean(dim=0).tolist()
        value, *others = shares
        rival = max(range(len(others)), key=others.__getitem__)
        verb = "ahead of" if value > others[rival] else "behind"
        reason = f"share {value:.2f}, {verb} {show(prompts[rival + 1])} with {others[rival]:.2f}."
        facts = {
            "cosine": round(float(cosines[:, 0].mean()), 6),
            "shares": {prompt: round(share, 6) for prompt, share in zip(prompts, shares, strict=True)},
        }
        return value, reason, facts

    return _score_by_texts(embeddings, texts, score, {"cosine": None, "shares": None})


def score_opposites(embeddings: Embeddings, texts: Tensor, pairs: Sequence[tuple[str, str]]) -> list[ScoredPicture]:
    """CLIP-IQA: the mean over pairs of softmax(100 * cosine) between the good side and the bad one.

    Args:
        embeddings: The pictures' vectors.
        texts: (2 * N, D): the vectors of good, bad, good, bad …
        pairs: The N pairs, for the report.
    """

    def score(vectors: Tensor, directions: Tensor) -> tuple[float, str, Mapping[str, Any]]:
        sides = (TEMPERATURE * (vectors @ directions.T)).unflatten(-1, (len(pairs), 2))
        shares = sides.softmax(dim=-1)[..., 0].mean(dim=0).tolist()
        value = sum(shares) / len(shares)
        worst = min(range(len(pairs)), key=shares.__getitem__)
        reason = f"lowest is {show(pairs[worst][0])} with {shares[worst]:.2f} against {show(pairs[worst][1])}."
        named = zip(pairs, shares, strict=True)  # by both sides: a good side may stand in several pairs
        return value, reason, {"pairs": {f"{good} | {bad}": round(one, 6) for (good, bad), one in named}}

    return _score_by_texts(embeddings, texts, score, {"pairs": None})


def score_preference(
    embeddings: Embeddings, texts: Tensor, model: str, scale: str, centre: float, width: float
) -> list[ScoredPicture]:
    """PickScore or HPS: the raw score, or a logistic curve of it. A higher one is preferred, for the same prompt.

    Args:
        embeddings: The pictures' vectors.
        texts: (1, D): the prompt's vector.
        model: One of PREFERENCE_MODELS.
        scale: One of SCALES. With "raw" a picture that can't be scored gets the lowest raw score there is.
        centre: The raw score that becomes 0.5.
        width: How much more raw score becomes 0.73; above 0.
    """
    factor = PREFERENCE_MODELS[model].factor
    is_raw = scale == "raw"

    def score(vectors: Tensor, directions: Tensor) -> tuple[float, str, Mapping[str, Any]]:
        raw = factor * float((vectors @ directions.T).mean())
        value = raw if is_raw else logistic(raw, centre, width)
        return value, f"{model} {raw:.4g}, where {PREFERENCE_MODELS[model].usual} is usual.", {"raw": round(raw, 6)}

    return _score_by_texts(embeddings, texts, score, {"raw": None}, lowest=-factor if is_raw else 0.0)


def _score_by_texts(
    embeddings: Embeddings, texts: Tensor, score: Any, failed: Mapping[str, Any], lowest: float = 0.0
) -> list[ScoredPicture]:
    directions = unit_vectors(texts)
    if directions is None:
        raise ValueError("The text encoder gave NaN, infinity or nothing but zeros. Load it in full precision.")
    return score_each(embeddings, lambda vectors: score(vectors, directions), failed, lowest)
