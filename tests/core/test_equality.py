"""Equality: tolerances, shapes, pictures and containers, held against numpy where numpy has an answer."""

import decimal
import fractions
import itertools
import types

import numpy as np
import pytest
import torch
from switchyard_pack.core.equality import Tolerance, equal

from .odd_values import F16, F64, GREY, HOLE, LATENT, MASKED, MODEL, NAN, RaisesOnEqual

DEFAULT = Tolerance()
EXACT = Tolerance(relative=0.0, absolute=0.0)
TOLERANCES = [EXACT, DEFAULT, Tolerance(0.1, 0.0), Tolerance(0.0, 0.1), Tolerance(0.25, 0.25), Tolerance(1.0, 0.0)]


def _numpy_answer(a, b, tolerance):
    """The definition, written out: the same shape, and each pair equal or finite and within the larger allowance."""
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if a.shape != b.shape:
        return False
    with np.errstate(invalid="ignore"):
        allowed = np.maximum(tolerance.relative * np.maximum(abs(a), abs(b)), tolerance.absolute)
        near = np.isfinite(a) & np.isfinite(b) & (abs(a - b) <= allowed)
    return bool(np.all((a == b) | near))


def test_the_default_tolerance_is_tight_enough_to_see_one_step_of_an_8_bit_picture():
    assert equal(GREY, GREY + 1 / 255, DEFAULT) is False
    assert equal(GREY, GREY + 1e-7, DEFAULT) is True


@pytest.mark.parametrize("tolerance", TOLERANCES, ids=str)
def test_tensors_are_equal_when_numpy_finds_each_element_within_the_tolerance(tolerance):
    values = [0.0, -0.0, 0.05, 0.5, 0.55, 1.0, 1.2, -1.0, 1e30, float("inf"), -float("inf"), NAN]
    for x, y in itertools.product(values, repeat=2):
        a, b = [1.0, x], [1.0, y]
        expected = _numpy_answer(a, b, tolerance)
        for wrap in (
            lambda v: torch.tensor(v, dtype=F64),
            np.array,
            lambda v: torch.tensor(v, dtype=F64).reshape(2, 1, 1),
        ):
            assert equal(wrap(a), wrap(b), tolerance) is expected, (x, y)


@pytest.mark.parametrize("shape", [(2,), (2, 3), (2, 3, 4), (2, 8, 8, 3), (0,), (0, 4), (4, 0), (2, 0, 3)])
def test_one_element_out_of_tolerance_is_enough_wherever_it_is(shape):
    torch.manual_seed(0)
    a = torch.rand(shape)
    assert equal(a, a.clone(), EXACT) is True
    for place in range(a.numel()):
        b = a.clone()
        b.reshape(-1)[place] += 1
        assert equal(a, b, DEFAULT) is False
        assert equal(b, a, DEFAULT) is False


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (torch.ones(2, 3), torch.ones(3, 2)),
        (torch.ones(2, 3), torch.ones(6)),
        (torch.ones(1, 4, 4, 3), torch.ones(1, 4, 4)),
        (torch.ones(1, 2), torch.ones(2)),
        (torch.ones(2), torch.ones(3)),
        (torch.ones(2), torch.ones(1)),
        (torch.ones(0), torch.ones(0, 1)),
        (np.ones((2, 2)), torch.ones(4)),
    ],
)
def test_different_shapes_are_never_equal_not_even_where_they_broadcast(a, b):
    assert equal(a, b, Tolerance(1.0, 1e9)) is False
    assert equal(b, a, Tolerance(1.0, 1e9)) is False


NUMERIC_DTYPES = "bool int8 uint8 int16 uint16 int32 uint32 int64 uint64 float16 float32 float64 longdouble complex64"
NUMERIC_DTYPES = [np.dtype(name) for name in NUMERIC_DTYPES.split()] + [np.dtype(">f4"), np.dtype(">i8")]


@pytest.mark.parametrize("dtype", NUMERIC_DTYPES, ids=str)
def test_arrays_of_any_number_type_are_compared_by_value(dtype):
    array = np.array([0, 1], dtype)
    for other in (array.copy(), np.array([0, 1]), np.array([0.0, 1.0]), torch.tensor([0.0, 1.0]), np.array([0j, 1])):
        assert equal(array, other, DEFAULT) is True, other.dtype
        assert equal(other, array, DEFAULT) is True, other.dtype
        assert equal(array, 1 - other if other.dtype != bool else ~other, DEFAULT) is False, other.dtype


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.float8_e4m3fn, torch.complex64])
def test_tensors_of_any_float_type_are_compared_by_value(dtype):
    a = torch.tensor([0.0, 0.5, 1.0])
    assert equal(a.to(dtype), a, DEFAULT) is True
    assert equal(a, a.to(dtype), DEFAULT) is True
    assert equal(a.to(dtype), a.flip(0), DEFAULT) is False


def test_large_integers_in_tensors_are_compared_exactly_without_a_tolerance_to_hide_in():
    assert equal(torch.tensor([2**62, 1]), torch.tensor([2**62 + 1, 1]), DEFAULT) is False
    assert equal(np.array([2**64 - 1, 1], np.uint64), np.array([2**64 - 2, 1], np.uint64), DEFAULT) is False
    assert equal(torch.tensor([2**24 + 1, 1]), torch.tensor([2.0**24, 1], dtype=F64), EXACT) is False


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a[::-1],
        lambda a: a.T,
        lambda a: np.asfortranarray(a),
        lambda a: np.lib.stride_tricks.as_strided(a, a.shape, a.strides, writeable=False),
    ],
)
def test_the_memory_layout_of_an_array_does_not_matter(view):
    a = view(np.arange(16.0).reshape(4, 4))
    assert equal(a, np.array(a.tolist()), EXACT) is True
    assert equal(a, torch.tensor(a.tolist(), dtype=F64), EXACT) is True
    assert equal(a, np.array(a.tolist()) + 1, EXACT) is False


@pytest.mark.parametrize(
    "view", [lambda t: t.flip(0), lambda t: t.mT, lambda t: t.clone().requires_grad_(), lambda t: t.expand(2, 4, 4)]
)
def test_the_kind_of_view_of_a_tensor_does_not_matter(view):
    t = view(torch.arange(16.0).reshape(4, 4))
    assert equal(t, t.detach().clone(), EXACT) is True
    assert equal(t, t.detach() + 1, EXACT) is False


@pytest.mark.parametrize(
    "value", [NAN, [NAN], (1, [NAN]), {"a": NAN}, HOLE, [HOLE], {"samples": HOLE}, np.array([NAN, 1]), complex(NAN, 1)]
)
def test_what_holds_nan_is_not_even_equal_to_itself(value):
    assert equal(value, value, Tolerance(1.0, 1e9)) is False
    assert equal(value, value, Tolerance(1.0, 1e9), close_numbers=True) is False


@pytest.mark.parametrize("value", [{NAN}, {NAN: 1}, frozenset({NAN, 1})])
def test_sets_and_keys_that_hold_nan_are_not_equal_either(value):
    assert equal(value, value, DEFAULT) is False


def test_tolerance_reaches_into_lists_and_dicts_for_pictures():
    conditioning = [[torch.ones(1, 77, 8), {"pooled_output": torch.ones(1, 8), "strength": 1.0}]]
    near = [[torch.ones(1, 77, 8) + 1e-6, {"pooled_output": torch.ones(1, 8), "strength": 1.0}]]
    far = [[torch.ones(1, 77, 8), {"pooled_output": torch.ones(1, 8) + 1, "strength": 1.0}]]
    assert equal(conditioning, near, DEFAULT) is True
    assert equal(conditioning, far, DEFAULT) is False


def test_a_latent_with_a_noise_mask_is_not_the_latent_without_it():
    assert equal(LATENT, MASKED, DEFAULT) is False
    assert equal(MASKED, dict(reversed(MASKED.items())), DEFAULT) is True
    assert equal(MASKED, {**MASKED, "noise_mask": None}, DEFAULT) is False


def test_any_mapping_and_any_sequence_counts():
    assert equal(types.MappingProxyType({"a": 1}), {"a": 1}, DEFAULT) is True
    assert equal(range(3), [0, 1, 2], DEFAULT) is True
    assert equal(torch.Size([1, 2]), (1, 2), DEFAULT) is True
    assert equal({"a": 1}.keys(), {"a"}, DEFAULT) is True


@pytest.mark.parametrize("make", [np.array, torch.tensor], ids=["array", "tensor"])
def test_a_list_equals_the_grid_of_one_dimension_with_the_same_values(make):
    for values in ([1, 2], [5], [], [0.8, 0.1], [True, False]):
        for listed in (values, tuple(values)):
            assert equal(listed, make(values), DEFAULT) is True
            assert equal(make(values), listed, DEFAULT) is True
            assert equal(listed, make([*values, 1]), DEFAULT) is False
    assert equal([1, 2], make([1, 3]), DEFAULT) is False
    assert equal([1, 2], make([[1, 2]]), DEFAULT) is False
    assert equal([[1, 2]], make([1, 2]), DEFAULT) is False
    assert equal([5], make(5), DEFAULT) is False
    assert equal([NAN], make([NAN]), DEFAULT) is False
    assert equal({"scores": [0.8, 0.1]}, {"scores": make([0.8, 0.1])}, DEFAULT) is True
    assert equal([[0.8, 0.1]], [make([0.8, 0.1])], DEFAULT) is True


@pytest.mark.parametrize("close_numbers", [False, True])
def test_numbers_of_every_kind_are_compared_by_value(close_numbers):
    halves = [
        0.5,
        np.float16(0.5),
        torch.tensor(0.5),
        decimal.Decimal("0.5"),
        fractions.Fraction(1, 2),
        np.longdouble(0.5),
    ]
    for a, b in itertools.product(halves, repeat=2):
        assert equal(a, b, EXACT, close_numbers=close_numbers) is True
        assert equal(a, 2, EXACT, close_numbers=close_numbers) is False


def test_numbers_are_close_only_when_asked():
    assert equal(1.0, 1.0000001, DEFAULT) is False
    assert equal(1.0, 1.0000001, DEFAULT, close_numbers=True) is True
    assert equal([{"a": "1.0"}], [{"a": 1.0000001}], DEFAULT, close_numbers=True) is True
    assert equal(np.array([0.1, None]), np.array([0.1 + 1e-9, None]), DEFAULT, close_numbers=True) is True


@pytest.mark.parametrize(
    ("text", "literal"), [("5", 5), (" 0.5", 0.5), ("TRUE", True), ("false", False), ("null", None)]
)
def test_text_equals_the_literal_it_spells_and_no_other_kind(text, literal):
    assert equal(text, literal, DEFAULT) is True
    assert equal(literal, text, DEFAULT) is True
    assert equal(text, "cat", DEFAULT) is False
    assert equal(text, [literal], DEFAULT) is False
    assert equal(text, MODEL, DEFAULT) is False


def test_two_texts_are_equal_only_to_the_letter():
    assert equal("5", "5.0", DEFAULT) is False
    assert equal("cat", "cat ", DEFAULT) is False
    assert equal("5", "5.0", DEFAULT, close_numbers=True) is True


def test_the_same_object_is_equal_to_itself_without_being_asked():
    odd = RaisesOnEqual()
    assert equal(odd, odd, DEFAULT) is True
    assert equal([odd], [odd], DEFAULT) is True
    with pytest.raises(RuntimeError, match="not comparable"):
        equal(odd, RaisesOnEqual(), DEFAULT)


def test_a_long_flat_list_and_a_tall_thin_tensor_take_no_time():
    assert equal(list(range(50_000)), list(range(50_000)), DEFAULT) is True
    assert equal(torch.zeros(3000, 2), torch.zeros(3000, 2), DEFAULT) is True


def test_half_precision_pictures_do_not_overflow_while_they_are_compared():
    a = torch.tensor([60000.0, -60000.0], dtype=F16)
    assert equal(a, a.clone(), DEFAULT) is True
    assert equal(a, a.flip(0), Tolerance(1.0, 0.0)) is False
