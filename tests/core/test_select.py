"""Select's cases: how they are read, and which one a value fits."""

import decimal
import re

import numpy as np
import pytest
import torch
from switchyard_pack.core.select import MAX_BRANCHES, CaseError, choose_case, read_cases

from .odd_values import GREY, HUGE, INF, LATENT, MODEL, NAN


def _chosen(value, *lines):
    return choose_case(value, read_cases("\n".join(lines)))


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("", []),
        ("\n \n\t\n", []),
        ("cat", ["cat"]),
        ("cat\ndog", ["cat", "dog"]),
        ("  cat  \r\n\r\n  dog", ["cat", "dog"]),
        ("# animals\ncat\n  # more\ndog", ["cat", "dog"]),
        ("cat -> feline", ["feline"]),
        ("cat | dog  ->  a pet ", ["a pet"]),
        ("0.2..0.8 -> middle", ["middle"]),
        (">= 0.8 -> good # really", ["good # really"]),
        ("/c.t/i -> feline", ["feline"]),
        ("a->b", ["a->b"]),
        ("C#", ["C#"]),
        ("#ff0000\n#0f0 -> green\n#1girl", ["#ff0000", "green", "#1girl"]),
        ("#\n # \n#\ta tab\n## a heading\n#####\ncat", ["cat"]),
    ],
)
def test_cases_are_read_one_a_line(text, labels):
    assert [case.label for case in read_cases(text)] == labels


@pytest.mark.parametrize("line", ["-> label", "  ->  label", "|", "| |", "| -> label"])
def test_a_case_without_a_pattern_is_an_error(line):
    with pytest.raises(CaseError, match="no pattern"):
        read_cases(line)


def test_an_arrow_without_a_label_gives_the_pattern_as_label():
    assert [case.label for case in read_cases("cat -> ")] == ["cat"]
    assert _chosen("cat", "cat -> ") == 0


@pytest.mark.parametrize("pattern", ['"a -> b"', "/a -> b/"])
def test_an_arrow_inside_quotes_or_a_regular_expression_is_part_of_it(pattern):
    assert [case.label for case in read_cases(pattern)] == [pattern]
    assert _chosen("a -> b", pattern) == 0


def test_ten_cases_are_allowed_and_eleven_are_an_error_that_says_so():
    assert len(read_cases("\n".join(map(str, range(MAX_BRANCHES))))) == MAX_BRANCHES == 10
    with pytest.raises(CaseError, match="11 cases, but only 10 inputs"):
        read_cases("\n".join(map(str, range(MAX_BRANCHES + 1))))


@pytest.mark.parametrize("pattern", ["/(/", "/[a/i", "/*/", "/a{99999999999999}/", "cat | /(/", "/cat/ | /(/i"])
def test_an_invalid_regular_expression_is_an_error_before_anything_runs(pattern):
    with pytest.raises(CaseError, match="is not valid"):
        read_cases(f"cat\n{pattern} -> broken")


def test_an_unknown_flag_is_an_error_that_lists_the_known_ones():
    with pytest.raises(CaseError, match=re.escape("unknown flags ['g']; allowed are ['i', 'm', 's', 'x']")):
        read_cases("/cat/gi")


@pytest.mark.parametrize(
    "pattern",
    [
        *(">= 0,8", ">= 80%", "> high", ">", "<=", ">= 0.8 0.9", "<lora:cat:1>", "< -"),
        *("0.8..", "0.8 ..", "0.2..0,8", "0,2..0.8", "0,2..0,8", "20%..80%", "..0.8", ".. 0,8", "0.8...", "1..2..3"),
        *("[0.2..0,8]", "[..0.8]", "-1..one", "1e3..x", ".5..x", "-inf..0,8", "cat | 5..", "dog | 0.8.."),
    ],
)
def test_a_bound_or_range_that_is_mistyped_is_an_error_and_not_a_text(pattern):
    with pytest.raises(CaseError, match="quotes to mean this very text"):
        read_cases(f"cat\n{pattern} -> good")


@pytest.mark.parametrize("text", ["v1..2", "cat..dog", "..", "...", "a..", "../images", "..hidden", "=> 5", "a > 5"])
def test_other_text_with_dots_or_signs_in_it_is_that_text(text):
    assert _chosen(text, "cat", text) == 1


@pytest.mark.parametrize("text", [">= 0,8", "0.8..", "<lora:cat:1>"])
def test_what_looks_like_a_range_is_a_text_between_quotes(text):
    assert _chosen(text, "cat", f'"{text}" -> found') == 1


@pytest.mark.parametrize("cases", [None, 5, ["cat"], b"cat", {}, MODEL, GREY])
def test_cases_that_are_no_text_are_an_error_that_names_their_kind(cases):
    with pytest.raises(CaseError, match="must be text"):
        read_cases(cases)


@pytest.mark.parametrize("pattern", ["0.8..0.2", "5..-5"])
def test_a_range_whose_bounds_are_swapped_is_an_error(pattern):
    with pytest.raises(CaseError):
        read_cases(pattern)


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        ("cat", "cat"),
        (" cat\n", "cat"),
        ("black cat", "black cat"),
        ("größe", "größe"),
        ("5", "5"),
        ("none", "none"),
        (5, "5"),
        (5, "5.0"),
        (5.0, "5"),
        (-0.0, "0"),
        (2**64, "18446744073709551616"),
        (INF, "inf"),
        (True, "true"),
        (True, "TRUE"),
        (True, "1"),
        (False, "false"),
        (None, "none"),
        (None, "null"),
        (np.float16(0.5), "0.5"),
        (np.str_("cat"), "cat"),
        (np.bool_(True), "true"),
        (torch.tensor(3), "3"),
        (torch.tensor([0.5]), "0.5"),
        (np.array(["cat"]), "cat"),
        # alternatives
        ("dog", "cat | dog"),
        ("dog", "cat|dog|bird"),
        ("dog", "cat | | dog |"),
        (3, "1 | 2 | 3"),
        (0.9, "bad | >= 0.8"),
        ("bad", "bad | >= 0.8"),
        (5, "1..3 | 5..6"),
        ("Dog", "cat | /dog/i"),
        ("cat", '"cat" | "dog"'),
        ("dog", '"cat" | "dog"'),
        ("dog", "/cat/ | /dog/"),
        ("Cat", "/CAT/i | /dog/i"),
        # regular expressions
        ("a black cat", "/cat/"),
        ("A Black Cat", "/black cat$/i"),
        ("cat\ndog", "/^dog/m"),
        ("cat\ndog", "/cat.dog/s"),
        ("cat", "/c a t/x"),
        ("CAT\nDOG", "/^dog$/mi"),
        (0.1 + 0.2, "0.3"),
        (float(np.float32(0.8)), "0.8"),
        ("//", "//"),
        ("a/b", "/a/b/"),
        ("dog", "/cat|dog/"),
        (25, "/^2/"),
        (True, "/true/"),
        # ranges
        (0.2, "0.2..0.8"),
        (0.8, "0.2..0.8"),
        (0.5, "0.2 .. 0.8"),
        (0.5, "[0.2..0.8]"),
        (-3, "-5..-1"),
        (5, "5..5"),
        (HUGE, "0..inf"),
        ("0.5", "0.2..0.8"),
        (np.float32(0.5), "0.2..0.8"),
        (np.float32(0.8), "0.5..0.8"),
        (torch.tensor([0.7]), "0.7..0.8"),
        (np.float16(0.1), "<= 0.1"),
        (0.8, ">= 0.8"),
        (0.81, ">0.8"),
        (-1, "< 0"),
        (0, "<= 0"),
        ("0.9", ">= 0.8"),
        (HUGE, "> 1e308"),
        (-INF, "< -1e308"),
        # quotes take away every meaning
        ("cat | dog", '"cat | dog"'),
        ("/cat/", '"/cat/"'),
        ("0.2..0.8", '"0.2..0.8"'),
        (">= 0.8", '">= 0.8"'),
        ("# cat", '"# cat"'),
        ("", '""'),
        (" cat ", '" cat "'),
        ('"', '"""'),
    ],
)
def test_the_value_fits_the_case(value, pattern):
    assert _chosen(value, "something else", pattern) == 1


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        ("cat", "Cat"),
        ("cats", "cat"),
        ("", "cat"),
        ("cat", "dog | bird"),
        ("cat", "5"),
        (5, "cat"),
        (5, "6"),
        (5, "-5"),
        (2**53 + 1, "9007199254740992.0"),
        (False, "true"),
        (0, "none"),
        (None, "0"),
        (None, "false"),
        (None, "0..1"),
        ("cat", "/dog/"),
        ("Cat", "/cat/"),
        ("cat\ndog", "/^dog/"),
        ("cat | dog", "cat | dog"),
        ("cat", "0..1"),
        ("cat", ">= 0"),
        (0.19, "0.2..0.8"),
        (0.81, "0.2..0.8"),
        (0.8, "> 0.8"),
        (0.8, "< 0.8"),
        (INF, "0..1e308"),
        (0.5, '"0.2..0.8"'),
        ("cat", '"cat | dog"'),
        (NAN, "nan"),
        (NAN, "0..inf"),
        (NAN, "> -inf"),
        (NAN, "/nan/"),
        (NAN, "/.*/"),
        (NAN, "nan | /.*/ | <= inf"),
        (np.float32(NAN), "/.*/"),
        (torch.tensor([NAN]), "/.*/"),
        (5, "> nan"),
    ],
)
def test_the_value_does_not_fit_the_case(value, pattern):
    assert _chosen(value, pattern) is None


def test_the_first_case_that_fits_is_chosen():
    assert _chosen(0.9, ">= 0.8", ">= 0.5", "/./") == 0
    assert _chosen(0.6, ">= 0.8", ">= 0.5", "/./") == 1
    assert _chosen(0.1, ">= 0.8", ">= 0.5", "/./") == 2
    assert _chosen("cat", "# cat", "dog", "", "cat -> dog", "cat") == 1


@pytest.mark.parametrize(
    ("value", "index"),
    [
        *((number, number) for number in range(MAX_BRANCHES)),
        *((3.0, 3), ("4", 4), (" 4.0 ", 4), ("1e0", 1), (True, 1), (False, 0), (-0.0, 0)),
        *((np.int8(3), 3), (np.float16(2), 2), (torch.tensor(7), 7), (torch.tensor([7.0]), 7), (np.array(["7"]), 7)),
        *(
            (10, None),
            (-1, None),
            (HUGE, None),
            ("10", None),
            (-HUGE, None),
            (np.uint64(2**64 - 1), None),
            (1e300, None),
        ),
    ],
)
def test_without_cases_the_value_is_the_index(value, index):
    chosen = choose_case(value, [])
    assert chosen == index
    assert type(chosen) in (int, type(None))


@pytest.mark.parametrize(
    "value", [0.5, "0.5", NAN, "nan", INF, "-inf", "cat", "", None, "true", [1], {}, GREY, torch.zeros(0), MODEL, 1j]
)
def test_without_cases_a_value_that_is_no_whole_number_is_an_error(value):
    with pytest.raises(CaseError, match=r"There are no cases, so the value must be (an index|a whole number)"):
        choose_case(value, [])


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (GREY, "tensor of shape (1, 4, 4, 3)"),
        (torch.zeros(0), "tensor of shape (0,)"),
        (np.zeros(2), "array of shape (2,)"),
        (LATENT, "LATENT"),
        ([1], "list"),
        ({}, "dict"),
        (MODEL, "Model"),
        (b"cat", "bytes"),
        (1j, "complex"),
        (decimal.Decimal(1), "Decimal"),
    ],
)
def test_a_value_without_text_or_number_is_an_error_that_names_it(value, kind):
    with pytest.raises(CaseError, match=re.escape(kind)):
        _chosen(value, "cat")
