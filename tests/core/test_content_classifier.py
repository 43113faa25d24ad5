"""What a prompt is about: evidence, negation, confidence, fallback, and the words that explain it."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import settings as fuzz
from hypothesis import strategies as st
from switchyard_pack.core.content_classifier import (
    NEGATED,
    STRONGEST,
    check_settings,
    classify_by_vectors,
    classify_by_words,
    find_evidence,
)
from switchyard_pack.core.lexicon import make_lexicon
from switchyard_pack.core.prompt_syntax import read_prompt
from switchyard_pack.core.regex import RegexError
from switchyard_pack.core.vocabulary import read_classes
from switchyard_pack.nodes.host.vocabularies import classes_of, negations

from .counted import count_steps

PETS = "cat: cat, kitten, purr*, cat nap\ndog: dog, puppy, (bark:1)"


def evidence(prompt, classes=PETS):
    found = find_evidence(read_prompt(prompt), classes_of(classes)[1], negations())
    return {(one.words, one.class_index): pytest.approx(one.weight) for one in found}


def classify(prompt, classes="anime\nrealistic", min_confidence=0.6, fallback=""):
    read, lexicon = classes_of(classes)
    return classify_by_words(find_evidence(read_prompt(prompt), lexicon, negations()), read, min_confidence, fallback)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a cat and a dog", {("cat", 0): 3.0, ("dog", 1): 3.0}),
        ("CAT, cat, Cat", {("cat", 0): 3.0}),
        ("a concatenated dogma", {}),
        ("purring", {("purring", 0): 3.0}),
        ("the cat nap", {("cat nap", 0): 3.0}),
        ("cat, nap", {("cat", 0): 3.0}),
        ("(cat:1.5), kitten", {("cat", 0): 4.5, ("kitten", 0): 3.0}),
        ("(cat:9)", {("cat", 0): 3.0 * STRONGEST}),
        ("(cat:0)", {("cat", 0): 0.0}),
        ("(cat:-1)", {("not cat", 0): -3.0}),
        ("(cat:0.5), cat", {("cat", 0): 3.0}),
        ("cat_nap", {("cat nap", 0): 3.0}),
        ("{cat|dog}", {("cat", 0): 1.5, ("dog", 1): 1.5}),
        ("bark", {("bark", 1): 1.0}),
        ("", {}),
    ],
)
def test_terms_are_found_as_whole_words_the_longest_first_and_each_counts_once(prompt, expected):
    assert evidence(prompt) == expected


@pytest.mark.parametrize(
    "prompt",
    [
        "not a cat",
        "no cat",
        "cat-free",
        "without any cat",
        "never in the style of a cat",
        "anything instead of a cat",
        "isn't a cat",
        "isn’t a cat",
        "rather than cat",
        "keine cat",
        "sans cat",
        "не cat",
        "不是cat",
        "cat ではない",
        "cat 말고",
        "fish --no cat",
    ],
)
def test_a_negated_word_speaks_against_its_class(prompt):
    ((found, weight),) = evidence(prompt).items()
    assert found == ("not cat", 0)
    assert weight == 3.0 * (-1.0 if "--no" in prompt else NEGATED)


@pytest.mark.parametrize(
    ("prompt", "negated"),
    [
        ("no cat or kitten", {"cat", "kitten"}),
        ("no cat, kitten", {"cat"}),
        ("not a cat but a kitten", {"cat"}),
        ("no fence behind the cat", set()),
        ("no dog, cat", {"dog"}),
        ("neither cat nor dog", {"cat", "dog"}),
        ("not only a cat", set()),
        ("cat free of charge", set()),
        ("a cat, not a dog", {"dog"}),
        ("less dog more cat", {"dog"}),
    ],
)
def test_a_negation_reaches_as_far_as_it_is_meant(prompt, negated):
    found = {words.removeprefix("not "): words.startswith("not ") for words, _ in evidence(prompt)}
    assert {words for words, is_negated in found.items() if is_negated} == negated


def test_a_regular_expression_counts_besides_the_words_and_sees_a_clause():
    assert evidence("a big cat, sat", "cat: /b.. cat/, cat\nother: /cat.*sat/") == {
        ("big cat", 0): 3.0,
        ("cat", 0): 3.0,
    }


def test_a_word_may_speak_for_several_classes():
    assert evidence("cat", "pet: cat\nhunter: (cat:1)") == {("cat", 0): 3.0, ("cat", 1): 1.0}


def test_a_regular_expression_that_could_block_is_an_error():
    with pytest.raises(RegexError, match="too many ways"):
        evidence("a" * 60 + "!", "x: /(a+)+$/")


@pytest.mark.parametrize(
    ("prompt", "label", "index", "confidence"),
    [
        ("cat", "cat", 0, 1 / (1 + math.exp(-3))),
        ("dog", "dog", 1, 1 / (1 + math.exp(-3))),
        ("dog, (cat:1.1)", "dog", 1, 1 / (1 + math.exp(-0.3))),  # cat by a hair: the fallback is the last class
        ("not a cat", "dog", 1, 1 / (1 + math.exp(-2.4))),
        ("fish", "dog", 1, 0.5),
        ("", "dog", 1, 0.5),
    ],
)
def test_confidence_is_the_lead_over_the_next_class(prompt, label, index, confidence):
    found = classify(prompt, PETS)
    assert (found.label, found.class_index) == (label, index)
    assert found.confidence == pytest.approx(confidence)


def test_confidence_does_not_depend_on_how_many_classes_there_are():
    many = "\n".join(f"{name}: {name}" for name in ["cat", *(f"class{number}" for number in range(60))])
    assert classify("cat", many).confidence == classify("cat", PETS).confidence


@pytest.mark.parametrize(
    ("fallback", "label", "index"),
    [("", "dog", 1), ("cat", "cat", 0), (" CAT ", "cat", 0), ("photo model", "photo model", -1)],
)
def test_below_the_threshold_the_fallback_is_given(fallback, label, index):
    found = classify("fish", PETS, fallback=fallback)
    assert (found.label, found.class_index, found.is_fallback) == (label, index, True)


@pytest.mark.parametrize(
    ("prompt", "label", "index"), [("cat", "cat", 0), ("fish", "other", -1), ("not a cat", "other", -1)]
)
def test_a_single_class_is_a_yes_or_no(prompt, label, index):
    found = classify(prompt, "cat")
    assert (found.label, found.class_index) == (label, index)


@pytest.mark.parametrize(("threshold", "label"), [(0.0, "cat"), (0.95, "cat"), (0.96, "dog"), (1.0, "dog")])
def test_the_threshold_is_what_the_confidence_is_held_against(threshold, label):
    assert classify("cat", PETS, min_confidence=threshold).label == label


def test_at_a_threshold_of_0_only_a_tie_gives_the_fallback():
    assert classify("cat, dog", PETS, min_confidence=0.0).is_fallback
    assert not classify("cat, (dog:1.01)", PETS, min_confidence=0.0).is_fallback


@pytest.mark.parametrize(
    ("prompt", "explanation"),
    [
        ("a cat, bark", 'cat, 0.88. cat: "cat" +3; dog: "bark" +1.'),
        ("not a dog", 'cat, 0.91. dog: "not dog" -2.4.'),
        ("fish", "dog, the fallback: nothing decides. No word of the prompt belongs to a class."),
        ("(bark:0.2)", 'dog, the fallback: dog would be 0.54, below 0.6. dog: "bark" +0.2.'),
    ],
)
def test_the_explanation_names_the_words_that_decided(prompt, explanation):
    assert classify(prompt, PETS).explanation == explanation


def test_a_long_explanation_is_cut():
    classes = "x: " + ", ".join(f"w{number}" for number in range(9)) + "\ny"
    assert '"w5" +3 and 3 more.' in classify(" ".join(f"w{number}," for number in range(9)), classes).explanation


def by_hand(prompt, descriptions):
    """Cosines, and the lead of the nearest over the next, with nothing of ours."""
    cosines = [
        sum(a * b for a, b in zip(prompt, one, strict=True)) / math.hypot(*prompt) / math.hypot(*one)
        for one in descriptions
    ]
    first, second = sorted(cosines, reverse=True)[:2]
    return cosines, 1 / (1 + math.exp(-100 * (first - second)))


@fuzz(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.floats(-1, 1).filter(lambda x: abs(x) > 1e-3), min_size=3, max_size=3), min_size=3, max_size=5)
)
def test_the_clip_method_is_its_formula(vectors):
    prompt, *descriptions = vectors
    classes = read_classes("\n".join(f"c{number}" for number in range(len(descriptions))), {})
    found = classify_by_vectors(torch.tensor([prompt]), torch.tensor(descriptions), classes, 0.6, "")
    cosines, confidence = by_hand(prompt, descriptions)
    assert found.scores == pytest.approx(cosines, abs=1e-6)
    assert found.confidence == pytest.approx(confidence, abs=1e-4)
    best = max(cosines)
    if not found.is_fallback:
        assert cosines[found.class_index] == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("bad", [[0.0, 0.0], [float("nan"), 1.0], [float("inf"), 1.0]])
def test_vectors_that_mean_nothing_are_an_error(bad):
    classes = read_classes("a\nb", {})
    with pytest.raises(ValueError, match="NaN, infinity or nothing but zeros"):
        classify_by_vectors(torch.tensor([bad]), torch.eye(2), classes, 0.6, "")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((None, "clip", 0.6, ""), "prompt must be text, not a None"),
        ((["a", "b"], "clip", 0.6, ""), "prompt must be text, not a list"),
        (("", "magic", 0.6, ""), "magic"),
        (("", "clip", 1.5, ""), "min_confidence is 1.5"),
        (("", "clip", float("nan"), ""), "min_confidence is NaN"),
        (("", "clip", None, ""), "min_confidence is None"),
        (("", "clip", "0.6", ""), "min_confidence is"),
        (("", "clip", 0.6, 3), "fallback must be text, not a INT"),
    ],
)
def test_settings_that_do_not_exist_are_errors(settings, message):
    with pytest.raises(ValueError, match=message):
        check_settings(*settings)


LONG = ", ".join(f"word{number} of a photo and (an anime girl:1.{number % 9})" for number in range(60))


@pytest.mark.parametrize(
    "prompt",
    [LONG, "a" * 5_000, "(" * 2_000 + "fox" + ")" * 2_000, "no anime, manga, " * 100, "cat and " * 200],
    ids=["words", "letters", "brackets", "lists", "joined"],
)
def test_work_grows_with_the_length_of_a_prompt_and_no_faster(prompt):
    classify("")  # classes are read once
    assert count_steps(lambda: classify(prompt * 4)) < 4.5 * count_steps(lambda: classify(prompt)) + 1000


def test_the_terms_are_put_in_order_once_for_many_prompts():
    assert count_steps(lambda: classify("an otter")) < 2000 < count_steps(lambda: make_lexicon(classes_of("anime")[0]))


def test_the_same_term_twice_counts_once_as_it_was_written_last():
    assert evidence("cat", "c: /cat/, /cat/:2\nd") == {("cat", 0): 2.0}
    assert evidence("cat", "c: cat, Cat, (CAT:1)\nd") == {("cat", 0): 1.0}


def test_a_term_of_the_pack_can_be_given_another_weight():
    assert evidence("1girl, twintails", "anime: @anime, (1girl:0)\nd") == {("1girl", 0): 0.0, ("twintails", 0): 2.5}


def test_a_beginning_counts_for_its_class_whatever_the_others_have():
    assert evidence("cat", "a: cat*\nb: (cat:1)\nc: (ca*:2)") == {("cat", 0): 3.0, ("cat", 1): 1.0, ("cat", 2): 2.0}


def test_an_everyday_phrase_is_no_negation():
    for prompt in ("photo of the Forbidden City in Beijing", "bus stop photo", "해안 사진", "特别写实", "南非照片"):
        assert classify(prompt).label == "realistic"
        assert classify(prompt).confidence > 0.9


def test_a_regular_expression_sees_single_blanks():
    assert evidence("  a  (big:1)  cat_ , x", "c: /^a big cat$/") == {("a big cat", 0): 3.0}


def test_regular_expressions_cost_no_more_on_many_clauses_than_on_one(monkeypatch):
    monkeypatch.setattr("switchyard_pack.core.regex._MAX_COST", 10**6)
    clause = "a" * 11 + "!"
    assert evidence(clause, "x: /(a|a?)+b/") == {}
    with pytest.raises(RegexError, match="with those searched for before it, has too many ways"):
        evidence(", ".join([clause] * 12), "x: /(a|a?)+b/")


@pytest.mark.parametrize("lead", [0.1, 0.2, 0.4, 0.405, 0.41, 1, 2, 3, 9])
def test_what_reads_0_60_passes_0_6(lead):
    found = classify("cat", f"cat: (cat:{lead})\ndog", min_confidence=0.0)
    shown = float(found.explanation.split(", ")[1].split(". ")[0])
    assert (shown >= 0.6) == (found.confidence >= 0.6)
    assert 0 <= found.confidence - shown < 0.01
