"""Prompts as ComfyUI users write them: which words are left, with which weights."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from switchyard_pack.core.prompt_syntax import EMPHASIS, MAX_DEPTH, fold, plain_text, read_prompt, read_words

from .counted import count_steps


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
        ("a red <lora:x:1> fox", ["x", "a red fox"]),
        ("a {} fox<lora:x:1>cub", ["x", "a fox cub"]),
        ("fox—no cub — at home - now, semi-wild", ["fox", "no cub", "at home", "now", "semi wild"]),
        ("एनीमे की लड़की", ["एनीमे की लड़की"]),
        ("fo\u200bx, \ufefffox, f\u00adox\u200d", ["fox", "fox", "fox"]),
        ("واقع\u200cگرایانه", ["واقع گرایانه"]),
        ("İstanbul", ["istanbul"]),
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
        ("[fox:cat:0.1]", "fox", 0.1),
        ("[fox:cat:0.1]", "cat", 0.9),
        ("[fox::0.1]", "fox", 0.1),
        ("[fox:0.1]", "fox", 0.9),
        ("[red, fox:cat:.25]", "red", 0.25),
        ("[fox:cat:12]", "cat", 0.5),
        ("[fox:cat]", "cat", 0.5),
        ("([fox:cat:0.1]:2)", "cat", 1.8),
        ("[fox|cat]", "fox", 0.5),
        ("{fox|cat|dog|owl}", "owl", 0.25),
        ("({fox|cat}:2)", "cat", 1.0),
        ("<lora:fox:0.8>", "fox", 0.4),
        ("<lora:fox:0.8:1.0>", "fox", 0.4),
        ("<lora:fox>", "fox", 0.5),
        ("<lora:fox:-1>", "fox", -0.5),
        ("<lora:fox:strong>", "fox", 0.5),
        ("<lora:fox:nan>", "fox", 0.5),
        ("<lora:fox:inf>", "fox", 0.5),
        ("((fox:" + "9" * 400 + "):0)", "fox", 0.0),
        ("embedding:fox", "fox", 0.5),
        ("cat --no fox --ar 3:2", "fox", -1.0),
        ("cat\nNegative prompt: fox", "fox", -0.5),
        ("cat. Negative prompt: fox", "fox", -0.5),
        ("cat\nNegative: fox, owl", "owl", -0.5),
        ("cat, negative: fox", "fox", -0.5),
        ("Negative: fox\nPositive: cat", "cat", 1.0),
        ("猫。负面提示词：fox", "fox", -0.5),
        ("film negative: fox", "fox", 1.0),
        ("—no fox", "fox", -1.0),
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


def test_a_clause_has_single_blanks_and_says_whether_a_comma_or_a_colon_ends_it():
    found = [(clause.text, clause.stop) for clause in read_prompt("  a  (red:1.2)  fox_ ,b: c\nd、e, ")]
    assert found == [("a red fox", ","), ("b", ":"), ("c", ""), ("d", ","), ("e", ",")]


def test_words_of_a_vocabulary_have_the_marks_of_their_letters():
    assert read_words("नहीं") == ["नहीं"]


def test_plain_text_has_no_signs_and_nothing_unwanted():
    prompt = "(a red fox:1.3), <lora:x:1> [snow] (mud:-1) BREAK night\nNegative prompt: dog"
    assert plain_text(read_prompt(prompt)) == "a red fox, x, snow mud, night"


@pytest.mark.parametrize("text", ["Straße", "ＦＯＸ", "re\u0301aliste", "ﬁne", "ガ", "й"])
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


def test_marks_that_are_letters_of_other_scripts_stay():
    assert fold("ガ й") == "ガ й"


SIGNS = [*"ab :.|()[]{}\\<>,1-\n_é写", "BREAK", "<lora:", "embedding:", "--no ", "\nNegative prompt:", "Steps: 2,"]


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.lists(st.sampled_from(SIGNS), max_size=60).map("".join), st.text()))
def test_no_text_is_an_error_and_words_stand_where_they_say(prompt):
    for clause in read_prompt(prompt):
        assert clause.tokens
        for token in clause.tokens:
            assert clause.text[token.start : token.end] == token.text
            assert token.weight == token.weight


@pytest.mark.parametrize(
    "part",
    [
        "(",
        "(fox:",
        "[a|",
        "a,",
        "{}}",
        "<lora:",
        "<lora:a:1>",
        "a:",
        "--no a ",
        "\nnegative: a\npositive:",
        ",  ",
        "a - ",
    ],
)
def test_work_grows_with_the_length_of_a_prompt_and_no_faster(part):
    assert count_steps(lambda: read_prompt(part * 1200)) < 4.5 * count_steps(lambda: read_prompt(part * 300)) + 1000


def test_deeper_brackets_are_plain_characters():
    depth = MAX_DEPTH + 10
    assert weights("(" * depth + "fox" + ")" * depth)["fox"] == pytest.approx(EMPHASIS**MAX_DEPTH, abs=1e-3)
