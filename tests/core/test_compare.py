"""Compare: spellings, typed operands, tolerances, words and errors. Most answers are in test_compare_table."""

import contextlib
import copy
import itertools
import math
import numbers
import operator

import numpy as np
import pytest
import torch
from switchyard_pack.core.compare import (
    COMPARISONS,
    CompareError,
    compare,
    comparison_name,
    describe,
    read_operand,
)
from switchyard_pack.core.equality import Tolerance

from .odd_values import (
    GREY,
    HUGE,
    INF,
    LATENT,
    MODEL,
    NAN,
    EqualGives,
    RaisesOnBool,
    RaisesOnEqual,
    RaisesOnLen,
    RaisesOnOrder,
    RaisesSilently,
    UncountableList,
    UnsearchableDict,
    dead_reference,
    odd_pairs,
    without_data,
)

PYTHON = {
    "equal": operator.eq,
    "not_equal": operator.ne,
    "greater_than": operator.gt,
    "greater_or_equal": operator.ge,
    "less_than": operator.lt,
    "less_or_equal": operator.le,
}
NUMBERS = [0, -0.0, 1, 0.5, -1.5, True, 2**53 + 1, 2.0**53, 2**64, HUGE, -HUGE, 1e308, 5e-324, INF, -INF, NAN]
NOT_FOR_NAN = [name for name in COMPARISONS if name not in ("not_equal", "not_contains")]
MISBEHAVING = {
    "== raises": RaisesOnEqual,
    "< raises": RaisesOnOrder,
    "len raises": RaisesOnLen,
    "bool raises": RaisesOnBool,
    "== gives what has no bool": lambda: EqualGives(RaisesOnBool()),
    "== raises what has no text": RaisesSilently,
    "list whose len raises": lambda: UncountableList([1]),
    "dict whose in raises": lambda: UnsearchableDict(a=1),
    "dead weak reference": dead_reference,
    "nested tensor": lambda: torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)], layout=torch.strided),
    "sparse tensor": lambda: torch.eye(2).to_sparse(),
    "array of objects": lambda: np.array([None, RaisesOnEqual()]),
    "bytes": lambda: b"bytes",
    "class": lambda: object,
    "function": lambda: len,
    "generator": lambda: (number for number in (1, 2)),
}


def _kind(value):
    return type(value).__name__


@pytest.mark.parametrize("comparison", PYTHON)
def test_numbers_compare_as_python_compares_them(comparison):
    for a, b in itertools.product(NUMBERS, repeat=2):
        assert compare(a, comparison, b) is PYTHON[comparison](a, b), (a, b)


@pytest.mark.parametrize(
    "wrap", [np.float64, np.float32, lambda v: np.array([v]), torch.tensor, lambda v: torch.tensor([[v]])]
)
@pytest.mark.parametrize("comparison", PYTHON)
def test_a_wrapped_number_compares_as_the_number_in_it(comparison, wrap):
    for a, b in itertools.product([0.0, -1.5, 0.5, INF, NAN], repeat=2):
        expected = PYTHON[comparison](a, b)
        assert compare(wrap(a), comparison, b) is expected
        assert compare(a, comparison, wrap(b)) is expected


def _answer_or_error(a, comparison, b):
    try:
        return compare(a, comparison, b)
    except CompareError as error:
        return error


@pytest.mark.parametrize("comparison", NOT_FOR_NAN)
@pytest.mark.parametrize("other", [0, NAN, "nan", "", ["nan", NAN], "0..1", ".*", None, GREY], ids=_kind)
def test_nan_satisfies_nothing_but_not_equal(comparison, other):
    for nan in (NAN, np.float32(NAN), np.longdouble(NAN), torch.tensor(NAN), torch.tensor([NAN], dtype=torch.float16)):
        assert _answer_or_error(nan, comparison, other) is not True
        if COMPARISONS[comparison].takes_b:
            assert _answer_or_error(other, comparison, nan) is not True


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize("make", MISBEHAVING.values(), ids=MISBEHAVING)
def test_a_value_that_misbehaves_gives_a_bool_or_an_error_in_words(make):
    for name, (a, b) in itertools.product(COMPARISONS, odd_pairs(make)):
        answer = _answer_or_error(a, name, b)
        assert type(answer) is bool or str(answer).startswith("Can't compare")


@pytest.mark.parametrize("make", [*MISBEHAVING.values(), without_data], ids=[*MISBEHAVING, "number without data"])
def test_a_value_that_misbehaves_can_still_be_described(make):
    odd = make()
    for name in COMPARISONS:
        for a, b in ((odd, 1), (1, odd), (1, [odd])):
            assert describe(a, name, b, True).endswith(" is true")


def test_an_order_that_answers_with_something_else_still_gives_a_bool():
    class Score(numbers.Number):
        __hash__ = None

        def __gt__(self, other):
            return "yes"

        def __le__(self, other):
            return np.bool_(False)

        def __lt__(self, other):
            return np.array([True, False])

    assert compare(Score(), "greater_than", 1) is True
    assert compare(Score(), "less_or_equal", 1) is False
    with pytest.raises(CompareError, match="Score"):
        compare(Score(), "less_than", 1)


def test_a_list_that_contains_itself_is_an_error_and_not_a_crash():
    a, b = [], []
    a.append(a)
    b.append(b)
    with pytest.raises(CompareError, match="nested too deeply"):
        compare(a, "equal", b)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        *((name, name) for name in COMPARISONS),
        ("==", "equal"),
        ("!=", "not_equal"),
        (">", "greater_than"),
        (">=", "greater_or_equal"),
        ("<", "less_than"),
        ("<=", "less_or_equal"),
        ("a == b", "equal"),
        ("a != b", "not_equal"),
        ("a > b", "greater_than"),
        ("a >= b", "greater_or_equal"),
        ("a < b", "less_than"),
        ("a <= b", "less_or_equal"),
        ("  a   >  b ", "greater_than"),
    ],
)
def test_a_comparison_is_known_by_each_of_its_spellings(spelling, name):
    assert comparison_name(spelling) == name


def test_each_comparison_of_the_issue_is_there():
    wanted = (
        "equal not_equal greater_than greater_or_equal less_than less_or_equal approximately_equal between contains"
    )
    wanted += " not_contains starts_with ends_with matches_regex is_one_of is_none is_empty"
    assert set(COMPARISONS) == set(wanted.split())


@pytest.mark.parametrize("spelling", ["", "===", "=>", "equals", "a > c", "Equal", None, 5, ["equal"], True])
def test_an_unknown_comparison_is_an_error_that_lists_the_names(spelling):
    with pytest.raises(CompareError, match="greater_than, greater_or_equal") as caught:
        compare(1, spelling, 2)
    assert all(name in str(caught.value) for name in COMPARISONS)


@pytest.mark.parametrize(
    ("text", "a", "comparison", "read"),
    [
        ("0.8", 0.83, "greater_than", 0.8),
        ("8", 0.83, "greater_than", 8),
        ("true", False, "equal", True),
        ("null", 5, "equal", None),
        ("cat", "a cat", "equal", "cat"),
        ("", "a cat", "equal", ""),
        ("null", "null", "equal", "null"),
        ("true", "true", "not_equal", "true"),
        ("1e3", "1e3 steps", "contains", "1e3"),
        ("null", "null or void", "not_contains", "null"),
        ("3", [1, 2, 3], "contains", "3"),
        ("0.2..0.8", 0.5, "between", "0.2..0.8"),
        ("1", 1, "is_one_of", "1"),
        ("1", "12", "starts_with", "1"),
        ("2", "12", "ends_with", "2"),
        ("1", "12", "matches_regex", "1"),
        ("1", "12", "a > b", 1),
    ],
)
def test_what_is_typed_is_read_as_the_comparison_needs_it(text, a, comparison, read):
    value = read_operand(text, a, comparison)
    assert value == read
    assert type(value) is type(read)


@pytest.mark.parametrize("word", ["none", "None", "null", "true", "nan", "5", "1e3", "inf"])
def test_a_typed_word_is_found_among_the_texts_of_a_list(word):
    texts = ["cat", word]
    assert compare(texts, "contains", read_operand(word, texts, "contains")) is True
    assert compare(texts, "not_contains", read_operand(word, texts, "not_contains")) is False
    assert compare(word, "is_one_of", read_operand(f"cat, {word}", word, "is_one_of")) is True
    assert compare(word, "equal", read_operand(word, word, "equal")) is True


@pytest.mark.parametrize(("text", "word"), [("None", "none"), ("NULL", "null"), ("TRUE", "true"), ("5.0", "5")])
def test_a_typed_literal_equals_text_that_spells_the_same_literal(text, word):
    assert compare(text, "equal", read_operand(word, text, "equal")) is True


@pytest.mark.parametrize(
    ("a", "b", "relative", "absolute", "answer"),
    [
        (100, 101, 0.01, 0, True),
        (100, 102, 0.01, 0, False),
        (100, 102, 0, 2, True),
        (100, 102.5, 0, 2, False),
        (0, 0.5, 0.4, 0, False),
        (0, 0.5, 0, 0.5, True),
        (-1, 1, 1, 0, False),
        (1, 1, 0, 0, True),
        (1, 1 + 1e-15, 0, 0, False),
        (INF, 1, 1, 1e9, False),
        (NAN, NAN, 1, 1e9, False),
        ("100", 101, 0.01, 0, True),
        ([100, [50]], [101, [50.2]], 0.01, 0, True),
        ([100, [50]], [101, [52]], 0.01, 0, False),
        (torch.tensor([100.0, 50]), torch.tensor([101.0, 50]), 0.01, 0, True),
        (torch.tensor([100.0, 50]), torch.tensor([102.0, 50]), 0.01, 0, False),
        (GREY, GREY + 0.003, 0, 0.004, True),
        (GREY, GREY + 0.005, 0, 0.004, False),
        (LATENT, {"samples": LATENT["samples"] + 0.003}, 0, 0.004, True),
        (LATENT, {"samples": LATENT["samples"] + 0.005}, 0, 0.004, False),
    ],
)
def test_close_values_are_as_close_as_the_tolerance_says(a, b, relative, absolute, answer):
    tolerance = Tolerance(relative, absolute)
    assert compare(a, "approximately_equal", b, tolerance) is answer
    assert compare(b, "approximately_equal", a, tolerance) is answer


def test_equal_uses_the_tolerance_for_pictures_masks_and_latents_and_not_for_numbers():
    loose = Tolerance(relative=0, absolute=0.5)
    assert compare(GREY, "equal", GREY + 0.4, loose) is True
    assert compare(GREY, "not_equal", GREY + 0.6, loose) is True
    assert compare(GREY[..., 0], "equal", GREY[..., 0] + 0.4, loose) is True
    assert compare(LATENT, "equal", {"samples": LATENT["samples"] + 0.4}, loose) is True
    assert compare(1, "equal", 1.4, loose) is False
    assert compare([1], "equal", [1.4], loose) is False


@pytest.mark.parametrize("bounds", ["0.8..0.2", [2, 1], (1, -INF), ["b", "a"]])
def test_a_range_whose_bounds_are_swapped_is_an_error(bounds):
    with pytest.raises(CompareError, match="lower bound first"):
        compare(0.5 if "b" not in bounds else "a", "between", bounds)


@pytest.mark.parametrize("pattern", ["(", "[a", "*", "(?P<x", "a{99999999999999}", "(?<=a+)b", "\\"])
def test_a_pattern_that_is_no_regular_expression_is_an_error_that_shows_it(pattern):
    with pytest.raises(CompareError, match="regular expression") as caught:
        compare("text", "matches_regex", pattern)
    assert pattern in str(caught.value)


@pytest.mark.parametrize(
    ("a", "comparison", "b", "words"),
    [
        (0.83, "greater_than", 0.8, "0.83 > 0.8 is true"),
        (0.83, ">", 0.8, "0.83 > 0.8 is true"),
        (5, "not_equal", 3, "5 != 3 is true"),
        (0.25, "approximately_equal", 0.5, "0.25 ~= 0.5 is false"),
        ("a cat", "contains", "dog", '"a cat" contains "dog" is false'),
        (None, "is_none", None, "None is None is true"),
        ([], "is_empty", 5, "list of 0 is empty is true"),
        (NAN, "equal", NAN, "NaN == NaN is false"),
        (INF, "less_than", 1, "infinity < 1 is false"),
        (5, "between", [1, 10], "5 is between [1, 10] is true"),
        (5, "is_one_of", "1, 5", '5 is one of "1, 5" is true'),
        (torch.tensor(0.5), "less_or_equal", np.float16(0.5), "0.5 <= 0.5 is true"),
        (HUGE, "greater_than", 1, "about 10^400 > 1 is true"),
        (True, "equal", True, "true == true is true"),
        (GREY, "equal", None, "tensor of shape (1, 4, 4, 3) == None is false"),
        (MODEL, "equal", 1, "a Model == 1 is false"),
    ],
)
def test_the_words_say_what_was_compared_and_the_answer(a, comparison, b, words):
    assert describe(a, comparison, b, compare(a, comparison, b)) == words


@pytest.mark.parametrize(
    ("a", "comparison", "b", "misleading"),
    [
        (0.80000001, "greater_than", 0.8, "0.8 > 0.8 is true"),
        (0.99999999, "greater_or_equal", 1, "1.0 >= 1 is false"),
        (1.00000001, "equal", 1, "1.0 == 1 is false"),
        (0.80000001, "between", [0.2, 0.8], "0.8 is between [0.2, 0.8] is false"),
        (0.99999999, "is_one_of", [1, 2], "1.0 is one of [1, 2] is false"),
    ],
)
def test_the_words_do_not_contradict_themselves_by_rounding(a, comparison, b, misleading):
    assert describe(a, comparison, b, compare(a, comparison, b)) != misleading


def test_the_words_stay_one_short_line_for_long_values():
    long = "line\r\nline\u2028" * 10_000
    for a, b in ((long, long), ([long] * 9, [long] * 9), ({long: long}, list(range(9999))), (10**5000, -(10**5000))):
        words = describe(a, "equal", b, False)
        assert len(words) < 250
        assert len(words.splitlines()) == 1


@pytest.mark.parametrize("name", [name for name, comparison in COMPARISONS.items() if comparison.takes_b])
def test_an_error_names_both_kinds(name):
    class Clip:
        def __eq__(self, other):
            raise RuntimeError("no")

        __hash__ = None

    clip = Clip()
    a, b = (([clip], MODEL)) if "contains" in name else (MODEL, [clip]) if name == "is_one_of" else (clip, MODEL)
    with pytest.raises(CompareError) as caught:
        compare(a, name, b)
    kinds = [type(value).__name__ for value in (a, b)]
    assert all(kind in str(caught.value) for kind in kinds)
    assert name in str(caught.value)


def test_comparing_never_changes_what_is_compared():
    a = {"samples": torch.rand(2, 4, 8, 8), "noise_mask": torch.rand(2, 1, 8, 8), "batch_index": [0, 1]}
    b = copy.deepcopy(a)
    b["samples"] = b["samples"].numpy()
    before = copy.deepcopy(a), copy.deepcopy(b)
    for name in COMPARISONS:
        for x, y in ((a, b), (a["samples"], b["samples"]), ([a], [b])):
            with contextlib.suppress(CompareError):
                compare(x, name, y, Tolerance(0.5, 0.5))
    assert torch.equal(a["samples"], before[0]["samples"])
    assert torch.equal(a["noise_mask"], before[0]["noise_mask"])
    assert np.array_equal(b["samples"], before[1]["samples"])
    assert a["batch_index"] == before[0]["batch_index"]
    assert list(a) == list(before[0])


@pytest.mark.parametrize("tolerance", [Tolerance(-1, 0), Tolerance(0, -1)])
def test_a_negative_tolerance_is_an_error_for_numbers(tolerance):
    with pytest.raises(CompareError, match="non-negative"):
        compare(1.0, "approximately_equal", 2.0, tolerance)


def test_a_tolerance_works_on_integers_that_no_float_can_hold():
    assert compare(HUGE, "approximately_equal", HUGE + HUGE // 100, Tolerance(0.02, 0)) is True
    assert compare(HUGE, "approximately_equal", HUGE + HUGE // 10, Tolerance(0.02, 0)) is False
    assert compare(HUGE, "approximately_equal", math.inf, Tolerance(1, 1e9)) is False
