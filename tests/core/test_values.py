"""Values on a wire: unwrapped, named, shown, and taken as yes or no."""

import enum
import sys

import numpy as np
import pytest
import torch
from switchyard_pack.core.values import (
    as_list,
    is_array,
    is_nan,
    is_tensor,
    is_true,
    kind_of,
    show,
    show_number,
    unwrap,
)

from .odd_values import GREY, HUGE, INF, LATENT, MASKED, MODEL, NAN, Model, RaisesOnBool, RaisesOnLen


class Level(enum.IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("wrapped", "plain"),
    [
        (np.float16(0.5), 0.5),
        (np.float64(0.5), 0.5),
        (np.longdouble(0.5), 0.5),
        (np.int8(-3), -3),
        (np.uint64(2**64 - 1), 2**64 - 1),
        (np.bool_(True), True),
        (np.str_("cat"), "cat"),
        (np.bytes_(b"cat"), b"cat"),
        (np.complex64(1 + 2j), 1 + 2j),
        (np.clongdouble(1 + 2j), 1 + 2j),
        (np.array(7), 7),
        (np.array([7]), 7),
        (np.array([[0.5]], np.float16), 0.5),
        (np.array([0.5], np.longdouble), 0.5),
        (np.array(["cat"]), "cat"),
        (torch.tensor(7), 7),
        (torch.tensor([[0.5]], dtype=torch.bfloat16), 0.5),
        (torch.tensor([True]), True),
        (torch.tensor(0.5, requires_grad=True), 0.5),
        (torch.tensor(1 + 2j), 1 + 2j),
        (torch.tensor([2.0]).to_sparse(), 2.0),
    ],
    ids=repr,
)
def test_one_wrapped_value_unwraps_to_the_python_value_in_it(wrapped, plain):
    assert unwrap(wrapped) == plain
    assert type(unwrap(wrapped)) is type(plain)


SHORT_FLOATS = [torch.float32, torch.float16, torch.bfloat16]


@pytest.mark.parametrize("dtype", SHORT_FLOATS)
@pytest.mark.parametrize("number", [0.8, 0.1, -0.3, 0.07])
def test_a_short_float_is_the_decimal_that_it_stands_for(number, dtype):
    assert torch.tensor(number).to(dtype).double().item() != number
    assert unwrap(torch.tensor(number).to(dtype)) == number
    assert as_list(torch.tensor([number, 2.0]).to(dtype)) == [number, 2.0]


def test_a_short_float_keeps_every_digit_that_it_has():
    """Each of many random floats reads back as itself, in at most as many digits as numpy needs."""
    bits = np.random.default_rng(1).integers(0, 2**32, 2000, np.uint32)
    for array in (bits.view(np.float32), bits.astype(np.uint16).view(np.float16)):
        limits = np.finfo(array.dtype)
        for number in array[np.isfinite(array) & (abs(array) >= limits.tiny)]:
            plain = unwrap(number)
            assert array.dtype.type(plain) == number
            assert plain == float(number) or len(repr(plain)) <= len(repr(float(str(number))))


@pytest.mark.parametrize("number", [2.0**24, 2.0**31, 65504.0, 1e10, NAN, INF, -INF, -0.0])
def test_a_short_float_that_is_a_whole_number_or_none_is_exactly_that(number):
    for wrapped in (np.float32(number), torch.tensor(number), np.array([number], np.float32)):
        assert repr(unwrap(wrapped)) == repr(number)
    assert unwrap(np.float16(65504)) == 65504


@pytest.mark.parametrize("number", [0.5, 0.375, 0.0078125, 2.0**-10, 3 * 2.0**-12])
@pytest.mark.parametrize("dtype", SHORT_FLOATS)
def test_a_short_float_that_is_a_simple_binary_fraction_is_exactly_that(number, dtype):
    assert unwrap(torch.tensor(number, dtype=dtype)) == number


@pytest.mark.parametrize(
    ("grid", "items"),
    [
        (np.array([1, 2]), [1, 2]),
        (np.array(["cat"]), ["cat"]),
        (np.array([0.5], np.longdouble), [0.5]),
        (np.array([0.1], np.float64), [0.1]),
        (np.array([None, MODEL]), [None, MODEL]),
        (torch.tensor([True]), [True]),
        (torch.zeros(0), []),
    ],
    ids=repr,
)
def test_a_grid_of_one_dimension_is_the_list_of_its_values(grid, items):
    assert as_list(grid) == items
    assert [type(item) for item in as_list(grid)] == [type(item) for item in items]


@pytest.mark.parametrize(
    "value", [GREY, np.array(5), [1], "cat", None, torch.zeros(2, device="meta"), torch.zeros(2).to_sparse()]
)
def test_what_is_no_such_grid_is_no_list(value):
    assert as_list(value) is value


@pytest.mark.parametrize(
    "value",
    [
        5,
        0.5,
        True,
        "cat",
        "",
        None,
        [1],
        [np.int8(1)],
        {},
        LATENT,
        GREY,
        MODEL,
        torch.zeros(0),
        np.array([1, 2]),
        b"cat",
    ],
    ids=repr,
)
def test_every_other_value_is_left_as_it_is(value):
    assert unwrap(value) is value


def test_a_masked_number_is_not_taken_for_zero():
    assert unwrap(np.ma.masked) is np.ma.masked
    assert unwrap(np.datetime64("NaT")) is not None


def test_without_torch_and_numpy_nothing_is_a_tensor_or_an_array(monkeypatch):
    tensor, array = torch.zeros(1), np.zeros(1)
    assert is_tensor(tensor)
    assert is_array(array)
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.delitem(sys.modules, "numpy")
    assert not is_tensor(tensor)
    assert not is_array(array)
    assert unwrap(5) == 5
    assert show(0.5) == "0.5"


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        (NAN, True),
        (complex(NAN, 0), True),
        (0.0, False),
        (INF, False),
        ("nan", False),
        (None, False),
    ],
)
def test_only_a_number_that_is_none_is_nan(value, answer):
    assert is_nan(value) is answer


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "None"),
        (True, "BOOLEAN"),
        (np.bool_(True), "BOOLEAN"),
        (5, "INT"),
        (Level.HIGH, "INT"),
        (torch.tensor(5), "INT"),
        (0.5, "FLOAT"),
        (np.longdouble(0.5), "FLOAT"),
        (np.array([0.5], np.longdouble), "FLOAT"),
        ("cat", "STRING"),
        (np.str_("cat"), "STRING"),
        (GREY, "tensor of shape (1, 4, 4, 3)"),
        (torch.zeros(0), "tensor of shape (0,)"),
        (np.zeros((2, 3)), "array of shape (2, 3)"),
        (LATENT, "LATENT"),
        (MASKED, "LATENT"),
        ({}, "dict"),
        ([1], "list"),
        ((1,), "tuple"),
        ({1}, "set"),
        (MODEL, "Model"),
        (Model, "type"),
        (b"cat", "bytes"),
        (1j, "complex"),
    ],
)
def test_a_kind_is_named_in_the_words_of_a_comfyui_user(value, kind):
    assert kind_of(value) == kind


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "None"),
        (True, "true"),
        (np.bool_(False), "false"),
        (5, "5"),
        (-5, "-5"),
        (2**64, "18446744073709551616"),
        (HUGE, "about 10^400"),
        (-HUGE, "about -10^400"),
        pytest.param(10**5000, "about 10^5000", id="10**5000"),
        (0.83, "0.83"),
        (torch.tensor(0.83), "0.83"),
        (1.0, "1.0"),
        (-0.0, "-0.0"),
        (NAN, "NaN"),
        (INF, "infinity"),
        (-INF, "-infinity"),
        ("cat", '"cat"'),
        ("", '""'),
        ("a\nb", '"a\\nb"'),
        ("x" * 40, '"' + "x" * 40 + '"'),
        ("x" * 41, '"' + "x" * 37 + '..."'),
        ([1, 2], "list of 2"),
        ((), "tuple of 0"),
        ({"a": 1}, "dict of 1"),
        ({1, 2}, "set of 2"),
        (frozenset(), "frozenset of 0"),
        (GREY, "tensor of shape (1, 4, 4, 3)"),
        (np.zeros(2), "array of shape (2,)"),
        (LATENT, "LATENT"),
        (MODEL, "a Model"),
        (RaisesOnLen(), "a RaisesOnLen"),
    ],
)
def test_a_value_is_shown_in_a_few_characters(value, shown):
    assert show(value) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0.1 + 0.2, "0.3"), (123456789.0, "1.23457e+08"), (1e-7, "1e-07"), (100000.0, "100000.0"), (2.5, "2.5")],
)
def test_a_float_keeps_six_digits_and_looks_like_a_float(number, shown):
    assert show_number(number) == shown


@pytest.mark.parametrize(
    "value",
    [
        *(True, 1, -1, 0.5, INF, HUGE, 1j, Level.HIGH),
        *("true", "True", "yes", "on", "1", "cat", "0.5", "-1", "inf", "n", "nope", "falsehood"),
        *([0], {"a": 0}, (None,), {0}, LATENT, MODEL, b"x", len),
        *(np.bool_(True), np.float16(0.5), np.int8(-1), np.str_("cat"), np.array([3]), np.array(["cat"])),
        *(torch.tensor(True), torch.tensor([2]), torch.tensor([[0.5]], dtype=torch.bfloat16)),
    ],
    ids=repr,
)
def test_these_conditions_are_true(value):
    assert is_true(value) is True


@pytest.mark.parametrize(
    "value",
    [
        *(False, 0, 0.0, -0.0, NAN, None, 0j, complex(NAN, 1)),
        *(
            "",
            " ",
            "false",
            "False",
            " FALSE ",
            "no",
            "No",
            "off",
            "OFF",
            "0",
            "0.0",
            "-0",
            "none",
            "null",
            "nan",
            "NaN",
        ),
        *([], {}, (), set(), b""),
        *(
            np.bool_(False),
            np.float16(0),
            np.float32(NAN),
            np.longdouble(NAN),
            np.str_("no"),
            np.array([0]),
            np.array(["off"]),
        ),
        *(
            np.array([NAN]),
            np.array([NAN], np.longdouble),
            torch.tensor(False),
            torch.tensor([0.0]),
            torch.tensor([[NAN]]),
        ),
        *(torch.tensor(NAN, dtype=torch.float16), torch.tensor(-0.0)),
    ],
    ids=repr,
)
def test_these_conditions_are_false(value):
    assert is_true(value) is False


@pytest.mark.parametrize(
    "value",
    [
        GREY,
        torch.tensor([1, 1]),
        torch.tensor([0, 0]),
        torch.zeros(0),
        np.zeros(0),
        np.ones((2, 2)),
        torch.zeros(1, device="meta"),
    ],
)
def test_a_condition_of_many_values_or_of_none_is_an_error_that_says_what_to_do(value):
    with pytest.raises(ValueError, match=r"must be one value, but this is a (tensor|array) of shape .*Compare"):
        is_true(value)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_a_nested_tensor_is_no_condition_either():
    nested = torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)], layout=torch.strided)
    with pytest.raises(ValueError, match="must be one value"):
        is_true(nested)


@pytest.mark.parametrize("value", [RaisesOnBool(), RaisesOnLen()])
def test_a_value_that_refuses_to_be_a_condition_is_an_error_that_names_it(value):
    with pytest.raises(ValueError, match=type(value).__name__):
        is_true(value)
