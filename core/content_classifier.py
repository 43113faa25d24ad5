"""What a prompt is about: which of several classes its words speak for, how surely, and by which words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .embeddings import unit_vectors
from .number_inputs import read_fraction
from .prompt_syntax import Clause, Token
from .scorer_report import check_choice
from .values import kind_of, show
from .vocabulary import ContentClass, Negations, Term

if TYPE_CHECKING:
    from torch import Tensor

METHODS = ("vocabulary", "clip")
TEMPERATURE = 100.0  # the logit scale that CLIP was trained up to
NEGATED = -0.8  # "not anime" speaks a little less against than "anime" for
STRONGEST = 2.0  # (anime:5) counts like (anime:2)
MAX_BETWEEN = 6  # words between a negation and what it turns
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


class _Match(NamedTuple):
    start: int  # of its first token
    end: int
    found: list[tuple[int, Term]]


class _Lexicon(NamedTuple):
    """The terms of all classes, to be looked up by their words."""

    whole: dict[tuple[str, ...], list[tuple[int, Term]]]
    open: dict[tuple[str, ...], list[tuple[int, Term]]]
    regexes: list[tuple[int, Term]]
    longest: int
    beginnings: list[int]  # how long the last words of the open ones are, longest first


def find_evidence(clauses: Sequence[Clause], classes: Sequence[ContentClass], negations: Negations) -> list[Evidence]:
    """Finds the terms of the classes in a prompt, the strongest first; each term counts once for its class.

    Where terms overlap, the longest counts: "photo of an anime figure" has no "anime" in it if "anime figure" is a
    term. Regular expressions count besides.

    Raises:
        RegexError: a regular expression could take too long on the prompt.
    """
    lexicon = _make_lexicon(classes)
    found: dict[tuple[int, str], Evidence] = {}
    for clause in clauses:
        for evidence, key in _evidence_in(clause, lexicon, negations):
            if key not in found or abs(found[key].weight) < abs(evidence.weight):
                found[key] = evidence
    return sorted(found.values(), key=lambda evidence: -abs(evidence.weight))


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
        return Classification(best, name, confidence, list(scores), f"{name}, {confidence:.2f}. {reasons}", False)
    index, label = _read_fallback(fallback, classes)
    why = f"{name} would be {confidence:.2f}, below {min_confidence:g}" if confidence > 0.5 else "nothing decides"
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


def _make_lexicon(classes: Sequence[ContentClass]) -> _Lexicon:
    terms = [term for one in classes for term in one.terms]
    beginnings = sorted({len(term.words[-1]) for term in terms if term.is_open}, reverse=True)
    lexicon = _Lexicon({}, {}, [], max((len(term.words) for term in terms), default=0), beginnings)
    for index, one in enumerate(classes):
        for term in one.terms:
            if term.regex is not None:
                lexicon.regexes.append((index, term))
            else:
                (lexicon.open if term.is_open else lexicon.whole).setdefault(term.words, []).append((index, term))
    return lexicon


def _evidence_in(clause: Clause, lexicon: _Lexicon, negations: Negations) -> Iterator[tuple[Evidence, tuple[int, str]]]:
    found = [*_word_matches(clause, lexicon), *_regex_matches(clause, lexicon)]
    matches = sorted(found, key=lambda match: (match.start, match.end))
    turned = _turned(clause.tokens, matches, negations)
    for match, is_turned in zip(matches, turned, strict=True):
        tokens = clause.tokens[match.start : match.end]
        emphasis = sum(token.weight for token in tokens) / len(tokens)
        factor = max(-STRONGEST, min(STRONGEST, emphasis)) * (NEGATED if is_turned else 1.0)
        words = " ".join(clause.text[tokens[0].start : tokens[-1].end].split())
        shown = f"not {words}" if factor < 0 else words
        for index, term in match.found:
            yield Evidence(shown, index, term.weight * factor), (index, term.shown)


def _word_matches(clause: Clause, lexicon: _Lexicon) -> list[_Match]:
    """The longest matches first, none over another."""
    words = tuple(token.text for token in clause.tokens)
    candidates = []
    for start in range(len(words)):
        for end in range(start + 1, min(len(words), start + lexicon.longest) + 1):
            found = _look_up(words[start:end], lexicon)
            if found:
                candidates.append(_Match(start, end, found))
    taken = [False] * len(words)
    matches = []
    for match in sorted(candidates, key=lambda match: (match.start - match.end, match.start)):
        if not any(taken[match.start : match.end]):
            taken[match.start : match.end] = [True] * (match.end - match.start)
            matches.append(match)
    return matches


def _look_up(words: tuple[str, ...], lexicon: _Lexicon) -> list[tuple[int, Term]]:
    """The terms that are these words; of those that are only a beginning, the longest."""
    found = list(lexicon.whole.get(words, ()))
    if found or not lexicon.open:
        return found
    *before, last = words
    for length in lexicon.beginnings:
        begun = lexicon.open.get((*before, last[:length])) if length <= len(last) else None
        if begun:
            return list(begun)
    return []


def _regex_matches(clause: Clause, lexicon: _Lexicon) -> Iterator[_Match]:
    for index, term in lexicon.regexes:
        span = term.regex.find(clause.text) if term.regex else None
        inside = [i for i, token in enumerate(clause.tokens) if span and token.start < span[1] and token.end > span[0]]
        if inside:
            yield _Match(inside[0], inside[-1] + 1, [(index, term)])


def _turned(tokens: Sequence[Token], matches: Sequence[_Match], negations: Negations) -> list[bool]:
    """For each match, in order, whether a negation turns it, or reaches it from the match before."""
    words = tuple(token.text for token in tokens)
    turned: list[bool] = []
    for place, match in enumerate(matches):
        is_turned = _is_after_negation(words, match.start, negations) or _is_before_negation(
            words, match.end, negations
        )
        if not is_turned and place and turned[-1]:
            before = matches[place - 1]
            gap = words[before.end : match.start]
            is_same = {index for index, _ in match.found} & {index for index, _ in before.found}
            is_turned = all(word in negations.joining for word in gap) and bool(gap or is_same)
        turned.append(is_turned)
    return turned


def _is_after_negation(words: tuple[str, ...], start: int, negations: Negations) -> bool:
    for end in range(start, max(0, start - MAX_BETWEEN) - 1, -1):
        if any(words[begin:end] in negations.before for begin in range(max(0, end - 5), end)):
            return True
        if end and words[end - 1] not in negations.between:
            return False
    return False


def _is_before_negation(words: tuple[str, ...], end: int, negations: Negations) -> bool:
    for begin in range(end, min(len(words), end + MAX_BETWEEN) + 1):
        if any(words[begin:stop] in negations.after for stop in range(begin + 1, min(len(words), begin + 6) + 1)):
            return True
        if begin < len(words) and words[begin] not in negations.between:
            return False
    return False


def by_name(classes: Sequence[ContentClass], scores: Sequence[float]) -> Mapping[str, float]:
    """The scores of the classes by their names, rounded for people."""
    return {one.name: round(score, 4) for one, score in zip(classes, scores, strict=True)}
