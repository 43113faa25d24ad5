"""Any value against any value: the answer is a bool or an error in words, and nothing else ever happens."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from switchyard_pack.core.compare import COMPARISONS, CompareError, compare, comparison_name, describe, read_operand
from switchyard_pack.core.equality import Tolerance
from switchyard_pack.core.select import MAX_BRANCHES, CaseError, choose_case, read_cases
from switchyard_pack.core.values import is_true, kind_of, show

from ..core.odd_values import (
    HUGE,
    MODEL,
    EqualGives,
    Model,
    RaisesOnBool,
    RaisesOnEqual,
    RaisesOnLen,
    RaisesOnOrder,
    odd_pairs,
    without_data,
)

# The same examples in every run: what fails once fails always.
SETTINGS = settings(
    deadline=None, max_examples=200, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
FEW = settings(SETTINGS, max_examples=60)
pytestmark = [
    pytest.mark.filterwarnings("ignore:Possible (nested set|set)"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),  # numpy's own, while the values are made
]

TENSOR_TYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int8, torch.int64, torch.uint8]
TENSOR_TYPES += [torch.bool, torch.complex64]
ARRAY_TYPES = ["float16", "float32", "float64", "longdouble", "int8", "int64", "uint8", "uint64", "bool", "complex64"]
ARRAY_TYPES += ["U5", "object", ">f4"]
SCALAR_TYPES = [np.float16, np.float32, np.float64, np.longdouble, np.int8, np.int64, np.uint64, np.bool_, np.complex64]
SHAPES = [(), (0,), (1,), (2,), (3,), (1, 1), (2, 2), (0, 2), (1, 2, 2, 3), (1, 2, 2)]
WORDS = ["", " ", "cat", "a cat", "5", "-0.0", "1e3", "0.2..0.8", "1, 2", "true", "null", "nan", "inf", "[", "(a", ".*"]
WORDS += ["cat, dog", "9" * 400, "[1, 2]", "5..1", "\\", "猫", "\ud800", "a{99999999999}"]


def _elements(kind: str) -> st.SearchStrategy[Any]:
    if kind in ("bool", "torch.bool"):
        return st.booleans()
    if "int" in kind:
        return st.integers(0, 127)
    return st.floats(width=16) if kind != "U5" else st.text(max_size=3)


def _tensor(draw, dtype: torch.dtype, shape: tuple[int, ...]) -> torch.Tensor:
    size = math.prod(shape)
    return torch.tensor(draw(st.lists(_elements(str(dtype)), min_size=size, max_size=size)), dtype=dtype).reshape(shape)


def _array(draw, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    size = math.prod(shape)
    return np.array(draw(st.lists(_elements(dtype), min_size=size, max_size=size)), dtype=dtype).reshape(shape)


@st.composite
def grids(draw, shapes: st.SearchStrategy[tuple[int, ...]]) -> torch.Tensor | np.ndarray:
    if draw(st.booleans()):
        return _tensor(draw, draw(st.sampled_from(TENSOR_TYPES)), draw(shapes))
    return _array(draw, draw(st.sampled_from(ARRAY_TYPES)), draw(shapes))


@st.composite
def grid_pairs(draw) -> tuple[Any, Any]:
    """Two tensors or arrays of one shape: of any two types, or the second one made from the first."""
    shape = st.just(draw(st.sampled_from(SHAPES)))
    a = draw(grids(shape))
    if draw(st.booleans()):
        return a, draw(grids(shape))
    b = torch.from_numpy(a.copy()) if isinstance(a, np.ndarray) and a.dtype.str in ("<f4", "<f8", "<i8", "|b1") else a
    return a, b.clone() if isinstance(b, torch.Tensor) else b.copy()


@st.composite
def latents(draw) -> dict[str, Any]:
    latent = {
        "samples": _tensor(draw, torch.float32, draw(st.sampled_from([(1, 4, 2, 2), (0, 4, 2, 2), (2, 4, 2, 2)])))
    }
    if draw(st.booleans()):
        latent["noise_mask"] = _tensor(draw, torch.float32, (1, 2, 2))
    return latent


python_numbers = st.one_of(st.integers(), st.floats(), st.booleans(), st.sampled_from([HUGE, -HUGE, HUGE + 1, 2**64]))
finite_numbers = st.one_of(
    st.integers(-(10**400), 10**400),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.integers(-128, 127).map(np.int8),
    st.integers(0, 2**64 - 1).map(np.uint64),
    st.floats(width=16, allow_nan=False, allow_infinity=False).map(np.float16),
    st.floats(width=32, allow_nan=False, allow_infinity=False).map(torch.tensor),
)
numpy_scalars = st.builds(lambda kind, value: kind(value), st.sampled_from(SCALAR_TYPES), st.integers(0, 127))
objects = st.sampled_from([MODEL, len, Model, 1j, b"cat", range(3), bytearray(b"a"), Ellipsis])
odd_objects = st.one_of(
    st.builds(EqualGives, st.sampled_from([True, "", [], None, torch.ones(2), RaisesOnBool(), NotImplemented])),
    *(st.builds(kind) for kind in (RaisesOnEqual, RaisesOnOrder, RaisesOnLen, RaisesOnBool)),
)
texts = st.one_of(st.sampled_from(WORDS), st.text(max_size=8), st.text("0123456789.,eE+-infa ", max_size=8))


def _nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.tuples(inner, inner),
            st.dictionaries(st.one_of(texts, st.integers(0, 3)), inner, max_size=3),
            st.sets(st.one_of(texts, st.integers(0, 3), st.none()), max_size=3),
        ),
        max_leaves=6,
    )


wire_values = _nested(
    st.one_of(st.none(), python_numbers, texts, numpy_scalars, grids(st.sampled_from(SHAPES)), latents(), objects)
)
values = st.one_of(wire_values, _nested(odd_objects | texts | python_numbers | st.none()))
wire_pairs = st.one_of(st.tuples(wire_values, wire_values), wire_values.map(lambda value: (value, value)), grid_pairs())
pairs = st.one_of(wire_pairs, st.tuples(values, values))
tolerances = st.builds(Tolerance, *[st.one_of(st.sampled_from([0.0, 1e-5, 1.0]), st.floats(0, 1e9))] * 2)
comparisons = st.sampled_from(list(COMPARISONS))


def _picture(value: Any) -> Any:
    """Everything that could be changed in a value, as plain comparable data."""
    if isinstance(value, torch.Tensor):
        return "tensor", value.dtype, tuple(value.shape), repr(value.tolist())
    if isinstance(value, np.ndarray):
        return "array", str(value.dtype), value.shape, repr(value.tolist())
    if isinstance(value, (list, tuple)):
        return type(value), [_picture(item) for item in value]
    if isinstance(value, dict):
        return "dict", [(key, _picture(item)) for key, item in value.items()]
    return type(value), id(value) if type(value).__module__.endswith("odd_values") else repr(value)


def _answer(a: Any, comparison: str, b: Any, tolerance: Tolerance) -> bool | None:
    """True, False, or None for an error in words."""
    try:
        result = compare(a, comparison, b, tolerance)
    except CompareError as error:
        assert str(error).startswith(("Can't compare", "The regular expression"))  # noqa: PT017
        return None
    assert type(result) is bool
    return result


@SETTINGS
@given(pairs, comparisons, tolerances)
def test_the_answer_is_a_bool_or_an_error_and_the_values_stay_as_they_were(pair, comparison, tolerance):
    a, b = pair
    before = _picture(a), _picture(b)
    result = _answer(a, comparison, b, tolerance)
    words = describe(a, comparison, b, bool(result))
    assert type(words) is str
    assert words.endswith(" is true" if result else " is false")
    assert (_picture(a), _picture(b)) == before


@pytest.mark.parametrize("comparison", COMPARISONS)
def test_a_number_without_data_gives_a_bool_or_an_error_in_words(comparison):
    """The other odd values are in tests/core; for this one torch loads its compiler, which takes a second."""
    for a, b in odd_pairs(without_data):
        _answer(a, comparison, b, Tolerance())


@SETTINGS
@given(pairs, tolerances)
def test_not_equal_is_the_opposite_of_equal(pair, tolerance):
    a, b = pair
    equal = _answer(a, "equal", b, tolerance)
    assert _answer(a, "not_equal", b, tolerance) is (None if equal is None else not equal)


@SETTINGS
@given(wire_pairs, tolerances)
def test_equality_works_both_ways_and_never_fails(pair, tolerance):
    a, b = pair
    equal = _answer(a, "equal", b, tolerance)
    assert equal is not None
    assert _answer(b, "equal", a, tolerance) is equal


@SETTINGS
@given(pairs, tolerances)
def test_not_contains_is_the_opposite_of_contains(pair, tolerance):
    a, b = pair
    contains = _answer(a, "contains", b, tolerance)
    assert _answer(a, "not_contains", b, tolerance) is (None if contains is None else not contains)


@FEW
@given(wire_pairs, tolerances)
def test_being_close_works_both_ways(pair, tolerance):
    a, b = pair
    assert _answer(a, "approximately_equal", b, tolerance) is _answer(b, "approximately_equal", a, tolerance)


@FEW
@given(finite_numbers, finite_numbers)
def test_a_number_is_less_than_another_exactly_when_the_other_is_greater(a, b):
    assert compare(a, "less_than", b) is compare(b, "greater_than", a)
    assert compare(a, "less_or_equal", b) is compare(b, "greater_or_equal", a)
    assert compare(a, "less_than", b) is not compare(a, "greater_or_equal", b)
    assert [compare(a, name, b) for name in ("less_than", "equal", "greater_than")].count(True) == 1


@FEW
@given(python_numbers, python_numbers)
def test_numbers_are_ordered_as_python_orders_them(a, b):
    for name, python in (
        ("equal", operator.eq),
        ("not_equal", operator.ne),
        ("greater_than", operator.gt),
        ("greater_or_equal", operator.ge),
        ("less_than", operator.lt),
        ("less_or_equal", operator.le),
    ):
        assert compare(a, name, b) is python(a, b)


@FEW
@given(st.floats(), st.floats(), st.floats(0, 1), st.floats(0, 1e9))
def test_floats_are_as_close_as_python_finds_them(a, b, relative, absolute):
    expected = math.isclose(a, b, rel_tol=relative, abs_tol=absolute)
    assert compare(a, "approximately_equal", b, Tolerance(relative, absolute)) is expected


@FEW
@given(python_numbers, finite_numbers, finite_numbers)
def test_between_agrees_with_greater_or_equal_and_less_or_equal(value, x, y):
    low, high = (x, y) if compare(x, "less_or_equal", y) else (y, x)
    inside = compare(value, "greater_or_equal", low) and compare(value, "less_or_equal", high)
    assert compare(value, "between", [low, high]) is inside
    assert compare(value, "between", (low, high)) is inside


@FEW
@given(st.integers(0, 12), st.floats(0.0, 1.0), st.sampled_from([0.5, 2.0]), st.integers(0, 10**6))
def test_a_picture_is_equal_while_its_largest_difference_is_within_the_tolerance(place, allowed, times, seed):
    assume(allowed > 1e-3)
    picture = torch.rand((1, 2, 3, 3), generator=torch.Generator().manual_seed(seed))
    other = picture.clone()
    other.reshape(-1)[place] += allowed * times
    tolerance = Tolerance(relative=0.0, absolute=allowed)
    assert compare(picture, "equal", other, tolerance) is (times < 1)
    assert compare({"samples": picture}, "equal", {"samples": other.numpy()}, tolerance) is (times < 1)


READS_ITS_TEXT = ["between", "contains", "not_contains", "is_one_of", "starts_with", "ends_with", "matches_regex"]


@FEW
@given(st.one_of(st.integers(-(10**3999), 10**3999), st.floats(allow_nan=False)), comparisons)
def test_a_number_that_is_typed_reads_as_itself(number, comparison):
    read = read_operand(str(number), 1, comparison)
    keeps_text = comparison in READS_ITS_TEXT
    assert read == (str(number) if keeps_text else number)
    assert type(read) is (str if keeps_text else type(number))


@FEW
@given(texts, values, comparisons)
def test_whatever_is_typed_reads_as_text_a_number_a_truth_or_nothing(text, a, comparison):
    if text == "" and comparison in READS_ITS_TEXT and comparison not in ("between", "is_one_of"):
        with pytest.raises(CompareError, match="nothing to look for"):
            read_operand(text, a, comparison)
        return
    read = read_operand(text, a, comparison)
    assert type(read) in (str, int, float, bool, type(None))
    assert type(read) is not str or read == text
    _answer(a, comparison, read, Tolerance())


@FEW
@given(values)
def test_every_value_has_a_name_and_can_be_shown_in_one_line(value):
    assert type(kind_of(value)) is str
    assert type(show(value)) is str
    assert 0 < len(show(value)) < 120


@SETTINGS
@given(values)
def test_every_value_is_a_condition_or_an_error_in_words(value):
    before = _picture(value)
    try:
        assert type(is_true(value)) is bool
    except ValueError as error:
        assert "condition" in str(error)  # noqa: PT017
    assert _picture(value) == before


@FEW
@given(st.one_of(texts, values))
def test_a_spelling_is_a_comparison_or_an_error(spelling):
    try:
        assert comparison_name(spelling) in COMPARISONS
    except CompareError as error:
        assert "Use one of: equal" in str(error)  # noqa: PT017


case_lines = st.one_of(
    texts,
    st.sampled_from(
        ["cat", "# no", "a | b", "/c.t/i", "/(/", "0.2..0.8", ">= 0.5", '"a | b"', "cat -> dog", "5", "x ->"]
    ),
    texts.map(lambda text: f"/{text}/"),
    st.tuples(texts, texts).map(" -> ".join),
    st.tuples(texts, texts).map(" | ".join),
)


@SETTINGS
@given(st.lists(case_lines, max_size=MAX_BRANCHES + 2), values)
def test_a_case_is_chosen_or_none_or_it_is_an_error_in_words(lines, value):
    before = _picture(value)
    try:
        cases = read_cases("\n".join(lines))
    except CaseError:
        return
    assert len(cases) <= MAX_BRANCHES
    assert all(pattern and label for pattern, label in cases)
    try:
        index = choose_case(value, cases)
    except CaseError as error:
        assert str(error)  # noqa: PT017
        return
    assert index is None or (type(index) is int and 0 <= index < (len(cases) or MAX_BRANCHES))
    assert _picture(value) == before


@FEW
@given(st.lists(case_lines, max_size=5), texts)
def test_cases_that_were_accepted_never_fail_for_a_text(lines, value):
    try:
        cases = read_cases("\n".join(lines))
    except CaseError:
        return
    if cases:
        choose_case(value, cases)
