"""Prompts as ComfyUI users write them: which words are left, with which weights."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from switchyard_pack.core.prompt_syntax import EMPHASIS, MAX_DEPTH, fold, plain_text, read_prompt


def clauses(prompt):
    return [" ".join(token.text for token in clause.tokens) for clause in read_prompt(prompt)]


def weights(prompt):
    return {token.text: round(token.weight, 3) for clause in read_prompt(prompt) for token in clause.tokens}


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a red fox, snow", ["a red fox", "snow"]),
        ("a fox. In snow; at night\nunder stars", ["a fox", "in snow", "at night", "under stars"]),
        ("f/1.8, 4.5 stars", ["f 1.8", "4.5 stars"]),
        ("blue_hair, BLUE hair", ["blue hair", "blue hair"]),
        ("one BREAK two AND three and four", ["one", "two", "three and four"]),
        ("miku \\(vocaloid\\), smile", ["miku vocaloid", "smile"]),
        ("(fox:1.3) cub", ["fox cub"]),
        ("style: ink, Re:Zero", ["style", "ink", "re zero"]),
        ("{a fox|a cat} in snow", ["a fox", "a cat in snow"]),
        ("[fox:cat:0.5]", ["fox", "cat"]),
        ("fox|cat", ["fox", "cat"]),
        ("semi-realistic, anime-free", ["semi realistic", "anime free"]),
        ("<lora:animeMix_v2:0.8> fox", ["anime mix v 2", "fox"]),
        ("embedding:bad_hands.pt, (embedding:EasyNegative:1.2)", ["bad hands", "easy negative"]),
        ("Ｐｈｏｔｏ、写真", ["photo", "写 真"]),
        ("réaliste, naïve, ÜBER, Straße", ["realiste", "naive", "uber", "strasse"]),
        ("アニメ・ガール", ["ア ニ メ ガ ー ル"]),
        ("애니 그림", ["애 니 그 림"]),
        ("อนิเมะ", ["อ นิ เ ม ะ"]),
        ("не аниме", ["не аниме"]),
        ("", []),
        (" ,,. () [] {} \\( <lora:> :", []),
        ("((((", []),
        ("fox)", ["fox"]),
        ("(fox", ["fox"]),
    ],
)
def test_signs_are_taken_out_and_clauses_told_apart(prompt, expected):
    assert clauses(prompt) == expected


@pytest.mark.parametrize(
    ("prompt", "word", "weight"),
    [
        ("fox", "fox", 1.0),
        ("(fox)", "fox", EMPHASIS),
        ("((fox))", "fox", EMPHASIS**2),
        ("(fox:1.3)", "fox", 1.3),
        ("((fox:1.3))", "fox", 1.3 * EMPHASIS),
        ("(red fox, snow:0.5)", "red", 0.5),
        ("(fox:-1)", "fox", -1.0),
        ("(fox: .25 )", "fox", 0.25),
        ("[fox]", "fox", 1 / EMPHASIS),
        ("[fox:cat:0.5]", "fox", 0.5),
        ("[fox|cat]", "fox", 0.5),
        ("{fox|cat|dog|owl}", "owl", 0.25),
        ("({fox|cat}:2)", "cat", 1.0),
        ("<lora:fox:0.8>", "fox", 0.4),
        ("<lora:fox:0.8:1.0>", "fox", 0.4),
        ("<lora:fox>", "fox", 0.5),
        ("<lora:fox:-1>", "fox", -0.5),
        ("<lora:fox:strong>", "fox", 0.5),
        ("embedding:fox", "fox", 0.5),
        ("cat --no fox --ar 3:2", "fox", -1.0),
        ("cat\nNegative prompt: fox", "fox", -0.5),
        ("cat\nNegative prompt: (fox:2)", "fox", -1.0),
        ("cat\nSteps: 20, Sampler: Euler, Model: foxMix_v1, Size: 512x512", "fox", 0.5),
    ],
)
def test_weights_are_those_of_the_brackets_around(prompt, word, weight):
    assert weights(prompt)[word] == round(weight, 3)


def test_settings_behind_a_prompt_are_not_read_but_for_the_model():
    assert clauses("cat\nNegative prompt: dog\nSteps: 20, Sampler: photo, Model: fox, Size: 8x8") == [
        "cat",
        "dog",
        "fox",
    ]


def test_what_the_pieces_of_a_clause_say_can_be_found_in_its_text():
    for clause in read_prompt("a (Red:1.2) fox_cub, {Å|ﬁne} [x]"):
        assert all(clause.text[token.start : token.end] == token.text for token in clause.tokens)


def test_plain_text_has_no_signs_and_nothing_unwanted():
    prompt = "(a red fox:1.3), <lora:x:1> [snow] (mud:-1) BREAK night\nNegative prompt: dog"
    assert plain_text(read_prompt(prompt)) == "a red fox, x, snow mud, night"


@pytest.mark.parametrize("text", ["Straße", "ＦＯＸ", "re\u0301aliste", "ﬁne", "ガ", "й"])
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


def test_marks_that_are_letters_of_other_scripts_stay():
    assert fold("ガ й") == "ガ й"


SIGNS = [*"ab :.|()[]{}\\<>,1-\n_é写", "BREAK", "<lora:", "embedding:", "--no ", "\nNegative prompt:", "Steps: 2,"]


@given(st.one_of(st.lists(st.sampled_from(SIGNS), max_size=60).map("".join), st.text()))
def test_no_text_is_an_error_and_words_stand_where_they_say(prompt):
    for clause in read_prompt(prompt):
        assert clause.tokens
        for token in clause.tokens:
            assert clause.text[token.start : token.end] == token.text
            assert token.weight == token.weight


@pytest.mark.parametrize(
    "prompt", ["(" * 50_000 + "fox", "(fox:" * 20_000, "[a|" * 20_000, "a," * 50_000, "{" * 9 + "}" * 60_000]
)
def test_huge_and_ill_formed_prompts_are_read_in_a_moment(prompt):
    began = time.process_time()
    read_prompt(prompt)
    assert time.process_time() - began < 10


def test_deeper_brackets_are_plain_characters():
    depth = MAX_DEPTH + 10
    assert weights("(" * depth + "fox" + ")" * depth)["fox"] == pytest.approx(EMPHASIS**MAX_DEPTH, abs=1e-3)
