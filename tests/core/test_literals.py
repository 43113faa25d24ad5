"""Values typed as text."""

import math

import pytest
from switchyard_pack.core.literals import read_list, read_literal, read_number, read_range


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        (" -3 ", -3),
        ("+7", 7),
        ("0.5", 0.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("-2.5E-1", -0.25),
        ("18446744073709551615", 18446744073709551615),
        ("inf", math.inf),
        ("-Infinity", -math.inf),
        ("true", True),
        ("False", False),
        ("null", None),
        ("NONE", None),
    ],
)
def test_text_reads_as_the_value_it_spells(text, value):
    read = read_literal(text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("text", ["", " ", "cat", "1_000", "0x10", "1,5", "1e", "--1", "٣", "truely", "nil", "5 6"])
def test_other_text_stays_text(text):
    assert read_literal(text) == text


def test_nan_reads_as_nan():
    read = read_number("NaN")
    assert isinstance(read, float)
    assert math.isnan(read)


def test_an_absurdly_long_number_reads_as_infinity_and_not_as_an_error():
    assert read_number("9" * 5000) == math.inf


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("cat, dog", ["cat", "dog"]),
        ("cat\ndog\n", ["cat", "dog"]),
        ('["cat", "dog"]', ["cat", "dog"]),
        ("['cat', 'dog']", ["cat", "dog"]),
        ("1,2 , 3", ["1", "2", "3"]),
        ('"a, b", c', ["a, b", "c"]),
        (" 'a, b' ,c\n'd'\n", ["a, b", "c", "d"]),
        ('["a, b", "[c]"]', ["a, b", "[c]"]),
        ('"a" b, c', ['"a" b', "c"]),
        ('"cat, dog', ['"cat', "dog"]),
        ("dogs', cats", ["dogs'", "cats"]),
        ("'tis, it's", ["'tis", "it's"]),
        ("\"'\", '\"'", ["'", '"']),
        ("[tag], x", ["[tag]", "x"]),
        ("x, [tag]", ["x", "[tag]"]),
        ("[a], [b]", ["[a]", "[b]"]),
        ("[[a], [b]]", ["[a]", "[b]"]),
        ("[a, b", ["[a", "b"]),
        ("[", ["["]),
        ("[]", []),
        ('""', [""]),
        ('"", cat', ["", "cat"]),
        ("", []),
        (", ,", []),
    ],
)
def test_a_list_is_split_at_commas_and_lines(text, items):
    assert read_list(text) == items


def test_a_list_of_odd_text_takes_no_time():
    for text in (" " * 50_000, "\n" * 50_000, '"' * 50_000, "'a," * 20_000, "[" * 50_000, '" ' * 20_000):
        assert len(read_list(text)) <= len(text)


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("0.2..0.8", (0.2, 0.8)),
        ("0.2, 0.8", (0.2, 0.8)),
        ("5 to 10", (5, 10)),
        ("-1 AND 1", (-1, 1)),
        ("[3, 4]", (3, 4)),
        ("-inf..0", (-math.inf, 0)),
        ("1e-3..1e3", (0.001, 1000.0)),
    ],
)
def test_a_range_is_read_as_its_bounds(text, bounds):
    assert read_range(text) == bounds


@pytest.mark.parametrize("text", ["", "5", "1..2..3", "a..b", "1 2", "..5", "5..", "nan..1"])
def test_what_is_no_range_is_none(text):
    assert read_range(text) is None
