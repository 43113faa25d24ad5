"""What a prompt is about: which of several classes its words speak for, how surely, and by which words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .embeddings import unit_vectors
from .lexicon import Lexicon, Match, find_matches
from .negation import Negations, find_turned
from .number_inputs import read_fraction
from .prompt_syntax import Clause
from .regex import Budget
from .scorer_report import check_choice
from .values import kind_of, show
from .vocabulary import ContentClass, Term

if TYPE_CHECKING:
    from torch import Tensor

METHODS = ("vocabulary", "clip")
TEMPERATURE = 100.0  # the logit scale that CLIP was trained up to
NEGATED = -0.8  # "not anime" speaks a little less against than "anime" for
STRONGEST = 2.0  # (anime:5) counts like (anime:2)
_WORDS_SHOWN = 6


def check_settings(prompt: Any, method: Any, min_confidence: Any, fallback: Any) -> None:
    """Refuses what is no prompt, method, confidence or fallback.

    Raises:
        ValueError: prompt or fallback is no text, method is not one of METHODS, or min_confidence is not 0 to 1.
    """
    for name, text in (("prompt", prompt), ("fallback", fallback)):
        if not isinstance(text, str):
            raise ValueError(f"{name} must be text, not a {kind_of(text)}. Plug in a text, or write one.")
    check_choice(method, METHODS, "method")
    read_fraction(min_confidence, "min_confidence")


class Evidence(NamedTuple):
    """Words of a prompt that speak for a class (weight above 0) or against it."""

    words: str
    class_index: int
    weight: float


class Classification(NamedTuple):
    """What a prompt was taken for.

    Attributes:
        class_index: the place of the class, from 0; -1 for a fallback that is none of the classes.
        label: its name.
        confidence: how surely the best class is ahead of the next: 0.5 is a tie, 1 is sure. That of the best class
            also where the fallback is given.
        scores: what all words say for each class together, as logarithms of odds; cosines for the method clip.
        explanation: the words that decided.
        is_fallback: whether the best class was not sure enough.
    """

    class_index: int
    label: str
    confidence: float
    scores: list[float]
    explanation: str
    is_fallback: bool


def find_evidence(clauses: Sequence[Clause], lexicon: Lexicon, negations: Negations) -> list[Evidence]:
    """Finds the terms of the classes in a prompt, the strongest first; each term counts once for its class.

    Where terms overlap, the longest counts: "photo of an anime figure" has no "anime" in it if "anime figure" is a
    term. Regular expressions count besides.

    Args:
        clauses: from read_prompt.
        lexicon: the terms of the classes, from make_lexicon.
        negations: words that turn what they stand by.

    Raises:
        RegexError: the regular expressions together could take too long on the prompt.
    """
    budget = Budget()
    matches = [find_matches(clause, lexicon, budget) for clause in clauses]
    turned = find_turned(clauses, matches, negations)
    found: dict[tuple[int, Term], Evidence] = {}
    for clause, in_clause, are_turned in zip(clauses, matches, turned, strict=True):
        for evidence, key in _evidence_in(clause, in_clause, are_turned):
            if key not in found or abs(found[key].weight) < abs(evidence.weight):
                found[key] = evidence
    return sorted(found.values(), key=lambda evidence: -abs(evidence.weight))


def _evidence_in(
    clause: Clause, matches: Sequence[Match], turned: Sequence[bool]
) -> Iterator[tuple[Evidence, tuple[int, Term]]]:
    for match, is_turned in zip(matches, turned, strict=True):
        tokens = clause.tokens[match.start : match.end]
        emphasis = sum(token.weight for token in tokens) / len(tokens)
        factor = max(-STRONGEST, min(STRONGEST, emphasis)) * (NEGATED if is_turned else 1.0)
        words = " ".join(clause.text[tokens[0].start : tokens[-1].end].split())
        shown = f"not {words}" if factor < 0 else words
        for index, term in match.found:
            yield Evidence(shown, index, term.weight * factor), (index, term)


def classify_by_words(
    evidence: Sequence[Evidence], classes: Sequence[ContentClass], min_confidence: float, fallback: str
) -> Classification:
    """Gives the class that the evidence speaks for most.

    Args:
        evidence: from find_evidence.
        classes: at least one.
        min_confidence: below it the fallback is given, 0 to 1.
        fallback: a label; "" for the last of several classes.
    """
    scores = [0.0] * len(classes)
    for one in evidence:
        scores[one.class_index] += one.weight
    reasons = _show_evidence(evidence, classes)
    return _decide(scores, scores, classes, min_confidence, fallback, reasons)


def classify_by_vectors(
    prompt: Tensor, descriptions: Tensor, classes: Sequence[ContentClass], min_confidence: float, fallback: str
) -> Classification:
    """Gives the class whose description is nearest: 100 times the cosine stands for the logarithm of odds.

    Args:
        prompt: (1, D), the prompt's vector.
        descriptions: (N, D), one a class.
        classes: the N classes.
        min_confidence: see classify_by_words.
        fallback: see classify_by_words.

    Raises:
        ValueError: a vector is zero, NaN or infinite.
    """
    one, many = unit_vectors(prompt), unit_vectors(descriptions)
    if one is None or many is None:
        raise ValueError("The text encoder gave NaN, infinity or nothing but zeros. Load it in full precision.")
    cosines = (many @ one[0]).tolist()
    by_nearness = sorted(zip(cosines, classes, strict=True), key=lambda pair: -pair[0])
    reasons = "Nearest descriptions: " + ", ".join(
        f"{pair[1].name} {pair[0]:.3f} ({show(pair[1].description)})" for pair in by_nearness[:_WORDS_SHOWN]
    )
    logits = [TEMPERATURE * cosine for cosine in cosines]
    return _decide(logits, cosines, classes, min_confidence, fallback, f"{reasons}.")


def _decide(
    logits: Sequence[float],
    scores: Sequence[float],
    classes: Sequence[ContentClass],
    min_confidence: float,
    fallback: str,
    reasons: str,
) -> Classification:
    best = max(range(len(classes)), key=logits.__getitem__)
    rivals = [logit for index, logit in enumerate(logits) if index != best] or [0.0]  # one class has nothing to beat
    confidence = 1.0 / (1.0 + math.exp(min(700.0, max(rivals) - logits[best])))
    name = classes[best].name
    if confidence >= min_confidence and confidence > 0.5:
        return Classification(
            best, name, confidence, list(scores), f"{name}, {show_confidence(confidence)}. {reasons}", False
        )
    index, label = _read_fallback(fallback, classes)
    is_ahead = confidence > 0.5
    why = f"{name} would be {show_confidence(confidence)}, below {min_confidence:g}" if is_ahead else "nothing decides"
    return Classification(index, label, confidence, list(scores), f"{label}, the fallback: {why}. {reasons}", True)


def _read_fallback(fallback: str, classes: Sequence[ContentClass]) -> tuple[int, str]:
    wanted = fallback.strip()
    if not wanted:
        return (len(classes) - 1, classes[-1].name) if len(classes) > 1 else (-1, "other")
    for index, one in enumerate(classes):
        if one.name.casefold() == wanted.casefold():
            return index, one.name
    return -1, wanted


def _show_evidence(evidence: Sequence[Evidence], classes: Sequence[ContentClass]) -> str:
    if not any(one.weight for one in evidence):
        return "No word of the prompt belongs to a class."
    parts = []
    for index, name in enumerate(one.name for one in classes):
        words = [f"{show(one.words)} {one.weight:+.2g}" for one in evidence if one.class_index == index and one.weight]
        if words:
            more = f" and {len(words) - _WORDS_SHOWN} more" if len(words) > _WORDS_SHOWN else ""
            parts.append(f"{name}: {', '.join(words[:_WORDS_SHOWN])}{more}")
    return "; ".join(parts) + "."


def show_confidence(confidence: float) -> str:
    """Two digits, rounded down: what reads 0.60 passes a threshold of 0.6."""
    return f"{math.floor(confidence * 100 + 1e-9) / 100:.2f}"


def by_name(classes: Sequence[ContentClass], scores: Sequence[float]) -> Mapping[str, float]:
    """The scores of the classes by their names, rounded for people."""
    return {one.name: round(score, 4) for one, score in zip(classes, scores, strict=True)}
