"""Regular expressions: ordinary ones are never refused, and the answer is Python's. None may block: tests/slow."""

import random
import re

import pytest
from switchyard_pack.core.compare import CompareError, compare
from switchyard_pack.core.regex import Regex, RegexError
from switchyard_pack.core.select import CaseError, choose_case, read_cases

LETTERS = "a" * 40 + "!"
WORDS = "a photo of cats, a dog (masterpiece:1.2), best quality 8k at sunset <lora:foo_v2:0.8>"
PROMPT = " ".join(random.Random(1).choices(WORDS.split(), k=600))

ORDINARY = [
    *("cat", r"\bcats\b", "(?i)CAT|dog|bird", ".*dog.*", "cats.*dog", ".*cat.*dog.*", "cats.{0,200}dog", r"(\w+) \1"),
    *("^(?=.*cats)(?=.*dog)", "^(?!.*nsfw).*$", r"<lora:[^:>]+:[\d.]+>", r"\((\w+):(\d+(\.\d+)?)\)", "(cat|car)+s"),
    *(r"^(\s*\w+\s*,)*", r"(\w+,\s*)*\w+$", r"(very\s+)+detailed", r"([a-z]+\s)+zebra", r"#([0-9a-f]{2}){3}\b"),
    *(r"\w+@\w+\.\w+", r"(.)\1", "^.+, .+, .+$", r"(portrait|photo).*(smil|laugh)ing", r"^https?://\S+$", r"\s+$"),
    *(r"(\d{1,3}\.){3}\d{1,3}", r"[\w.-]+\.(png|jpe?g)$", r"^(\d+|\w+)$", r"(^|,)\s*(cats|dog)\s*(,|$)", "^(a+)+$"),
    *(r"(?<=\w{20})!", "(?<!best |good )quality", "(?<=(?:ab|cd){4})e"),
    *("(?s).*zebra.*cow", "(?m)^dog|8k$", "(?x) cats  # the animals", "(?<=lora:)foo", "(a)?(?(1)b|c)", "a{2}", "x{0}"),
    *("(?i:CATS) (?-i:A)", "(?!)", "", "[]a]", "a*?", "[^a-z]{5,}", r"\d{4}-\d{2}-\d{2}", "(()|a)+?x"),
    *(r"(\w)\1", r"(\w)\1{2,}", r"(?i)\b(\w+) \1\b", r"\b(\w+)\s+\1\s+\1\s+\1\b", r"(\w+).*\1#", r"(.{2,16})\1#"),
    *(r"<(\w+)>.*</\1>", r"(['\"]).*?\1", r"([^,]+),\s*\1\b", r"(a)(?i:\1)", r"(x)?\1y"),
    "|".join(f"word{number}" for number in range(500)),
    "(" + "|".join(f"word{number}" for number in range(500)) + ")+$",
]


@pytest.mark.parametrize(
    "text", [PROMPT, PROMPT[:30], "2026-11-22", "", "sunset\n\n8k\ndog"], ids=lambda text: text[:9]
)
@pytest.mark.parametrize("pattern", ORDINARY, ids=lambda pattern: pattern[:30])
def test_ordinary_patterns_are_searched_for_also_in_long_prompts(pattern, text):
    assert Regex(pattern).is_found_in(text) == (re.search(pattern, text) is not None)


@pytest.mark.parametrize(("pattern", "length"), [("(a+)+b", 27), ("(?:[ab]{0,3})*z", 30), ("(?:a*)*b", 27)])
def test_a_repeat_in_a_repeat_is_refused_before_it_takes_ten_seconds(pattern, length):
    with pytest.raises(RegexError, match="too many ways"):
        Regex(pattern).is_found_in("a" * length)
    assert not Regex(pattern).is_found_in("a" * (length - 10))


def test_what_matches_at_the_start_is_found_however_long_the_text_is():
    assert Regex(".*dog").is_found_in("x" * 100_000 + "dog")


def test_the_error_says_what_to_write_instead():
    with pytest.raises(RegexError, match=r'"\(a\+\)\+\$" has too many ways to fit this text of 41 .*\(write a\+\)'):
        Regex("(a+)+$").is_found_in(LETTERS)

    with pytest.raises(RegexError, match=r"a reference to a group of any length .*\(write \(\.\{2,16\}\)\\1\)"):
        Regex(r"(.+)\1z").is_found_in("a" * 5_000)


def test_compare_and_select_say_it_as_their_own_error():
    with pytest.raises(CompareError, match="too many ways"):
        compare(LETTERS, "matches_regex", "(a+)+$")
    with pytest.raises(CaseError, match="too many ways"):
        choose_case(LETTERS, read_cases("/(a+)+$/"))
    assert choose_case("aaa", read_cases("b\n/(a+)+$/")) == 1
