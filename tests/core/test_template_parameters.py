"""Template parameters: what each type takes, what its limits allow, and errors that name the parameter."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from switchyard_pack.core.template_parameters import (
    CLASSES,
    RANGES,
    TYPES,
    ParameterError,
    is_general,
    like_before,
    number_of,
    parameter_type,
    range_of,
    read_choices,
    read_parameter,
)

NO_NUMBERS = [None, True, "", "many", [1], {}, math.nan, math.inf, -math.inf, "nan", "inf", 1j, torch.zeros(2)]


def read(kind, value, is_text=False, name="it", **described):
    return read_parameter(kind, name, described, is_text).read(value)


def refusal(kind, value="a", is_text=False, name="it", **described):
    with pytest.raises(ParameterError) as caught:
        read(kind, value, is_text, name, **described)
    return str(caught.value)


@pytest.mark.parametrize(
    ("kind", "value", "wanted"),
    [
        *(("text", text, text) for text in ("", "a cat\n{x|y}", " blanks ", "30", "\ud83d\ude00")),
        *(("text", 30, "30"), ("text", 4.5, "4.5")),
        *(("integer", 30, 30), ("integer", 30.0, 30), ("integer", "30", 30), ("integer", " -5 ", -5)),
        *(("integer", np.int64(7), 7), ("integer", torch.tensor(7), 7), ("integer", 2**53 - 1, 2**53 - 1)),
        *(("number", 4.5, 4.5), ("number", 4, 4.0), ("number", "4.5", 4.5), ("number", "1e-3", 0.001)),
        *(("number", np.float32(0.8), 0.8), ("number", -1e300, -1e300)),
        *(("boolean", True, True), ("boolean", False, False), ("boolean", np.bool_(True), True)),
        *(("choice", "euler", "euler"), ("choice", 512, "512")),
        *(("seed", 0, 0), ("seed", 2**64 - 1, 2**64 - 1), ("seed", "18446744073709551615", 2**64 - 1)),
        ("image", "sub/cat.png [input]", "sub/cat.png [input]"),
    ],
)
def test_a_value_of_its_type_is_taken(kind, value, wanted):
    found = read(kind, value)
    assert (found, type(found)) == (wanted, type(wanted))


@pytest.mark.parametrize("value", [*NO_NUMBERS, 4.7, "4.7", 2**53, -(2**53), 10**400])
def test_what_is_no_whole_number_is_named(value):
    wanted = "it must be a whole number from -9007199254740991 to 9007199254740991."
    assert refusal("integer", value).startswith("Parameter 'it': value is ")
    assert refusal("integer", value).endswith(wanted)


@pytest.mark.parametrize("value", [*NO_NUMBERS, 10**400, -(10**400), "1e999"])
def test_what_is_no_number_is_named(value):
    assert refusal("number", value).endswith("; it must be a number.")


@pytest.mark.parametrize("value", [-1, 2**64, 1.5, 2.0**63, True, None])
def test_what_is_no_seed_is_named(value):
    """A float beyond 2^53 is no seed that anybody meant: its last digits are lost."""
    assert refusal("seed", value).endswith("; it must be a whole number from 0 to 18446744073709551615.")


@pytest.mark.parametrize("value", ["true", "false", "", 0, 1, None, "yes", []])
def test_what_is_not_true_or_false_is_named(value):
    """Text is not: ComfyUI takes any text for true, "false" too."""
    assert refusal("boolean", value).endswith("; it must be true or false, without quotes.")


@pytest.mark.parametrize("kind", ["text", "choice", "image"])
@pytest.mark.parametrize("value", [None, True, [], {"a": 1}, object(), torch.zeros(2)])
def test_what_is_no_text_is_named(kind, value):
    assert refusal(kind, value).endswith("; it must be text.")


@pytest.mark.parametrize(
    ("kind", "text", "wanted"),
    [
        *(("integer", "30", 30), ("number", "4.5", 4.5), ("boolean", "true", True), ("boolean", " False ", False)),
        *(("text", "true", "true"), ("seed", "7", 7), ("choice", "b", "b"), ("boolean", True, True), ("seed", 7, 7)),
    ],
)
def test_the_general_node_reads_its_value_out_of_text(kind, text, wanted):
    found = read(kind, text, is_text=True)
    assert (found, type(found)) == (wanted, type(wanted))


def test_text_that_is_not_its_type_is_named():
    assert refusal("boolean", "yes", is_text=True) == "Parameter 'it': value is \"yes\"; it must be true or false."
    assert refusal("integer", "True", is_text=True).startswith("Parameter 'it': value is \"True\"; it must be a whole")


@pytest.mark.parametrize(
    ("kind", "described", "inside", "outside", "words"),
    [
        ("integer", {"min": "1", "max": "150"}, [1, 150], [0, 151], "a whole number from 1 to 150."),
        ("integer", {"min": "1"}, [1, 10**6], [0], "a whole number from 1 to 9007199254740991."),
        ("number", {"min": "0", "max": "1"}, [0, 1, 0.5], [-0.1, 1.0000001], "a number from 0 to 1."),
        ("number", {"min": "0.5"}, [0.5, 1e300], [0.4999], "a number of at least 0.5."),
        ("number", {"max": "-2"}, [-2, -1e300], [-1.9], "a number of at most -2."),
        ("seed", {"min": "5", "max": "6"}, [5, 6], [4, 7], "a whole number from 5 to 6."),
        ("choice", {"choices": "a\n b \n\nc\na"}, ["a", "b", "c"], ["", "d", "A", "a\nb"], "one of: a, b, c."),
        ("choice", {}, ["anything"], ["", "  "], "one of the values that the input it is plugged into takes."),
        ("image", {}, ["cat.png"], ["", "  "], "the name of a file in ComfyUI's input folder."),
        ("integer", {"min": "3", "max": "3", "step": "5"}, [3], [2, 4], "a whole number from 3 to 3."),
        ("integer", {"min": 3, "max": 4.0}, [3, 4], [2, 5], "a whole number from 3 to 4."),
    ],
)
def test_limits_are_kept_and_said(kind, described, inside, outside, words):
    for value in inside:
        assert read(kind, value, **described) == value
    for value in outside:
        assert refusal(kind, value, **described).endswith(f"; it must be {words}")


def test_a_long_list_of_choices_is_cut():
    assert refusal("choice", "x", choices="\n".join(map(str, range(40)))).endswith("10, 11, and 28 more.")


@pytest.mark.parametrize(
    ("kind", "described", "words"),
    [
        ("integer", {"min": "many"}, 'min is "many"; it must be a whole number from -9007199254740991 to '),
        ("integer", {"max": "1.5"}, 'max is "1.5"; it must be a whole number'),
        ("number", {"max": "inf"}, 'max is "inf"; it must be a number, or empty.'),
        ("number", {"min": True}, "min is true; it must be a number, or empty."),
        ("seed", {"min": "-1"}, 'min is "-1"; it must be a whole number from 0 to'),
        ("integer", {"min": "5", "max": "3"}, "min is 5 and max is 3; min must not be above max."),
        ("number", {"step": "0"}, "step is 0; it must be above 0, or empty."),
        ("integer", {"step": "-1"}, "step is -1; it must be above 0, or empty."),
        ("seed", {"step": "2"}, 'step is "2", but a parameter of type seed has no step.'),
        ("text", {"min": "2"}, 'min is "2", but a parameter of type text has no min.'),
        ("integer", {"choices": "1\n2"}, "but a parameter of type integer has no choices."),
        ("choice", {"choices": ["a"]}, "choices is list of 1; it must be text, one choice a line."),
        ("integer", {"default": "200", "max": "150"}, 'default is "200"; it must be a whole number from'),
        ("boolean", {"default": "yes"}, 'default is "yes"; it must be true or false.'),
        ("choice", {"default": "c", "choices": "a\nb"}, 'default is "c"; it must be one of: a, b.'),
        ("seed", {"default": "-1"}, 'default is "-1"; it must be a whole number'),
    ],
)
def test_a_description_that_can_not_be_is_named(kind, described, words):
    text = refusal(kind, 1, **described)
    assert text.startswith("Parameter 'it': ")
    assert words in text


@pytest.mark.parametrize("kind", TYPES)
def test_empty_descriptions_mean_none(kind):
    empty = dict.fromkeys(("default", "min", "max", "step", "choices"), " ")
    assert read_parameter(kind, "", empty) == read_parameter(kind, "", {})


@pytest.mark.parametrize("name", ["", "a", "steps", "hires_steps_2", "a" * 48])
def test_names_that_callers_can_write_are_taken(name):
    assert read_parameter("text", name, {}).name == name


@pytest.mark.parametrize(
    ("name", "better"),
    [
        *(("My Steps", "my_steps"), ("2nd", "nd"), ("_a", "a"), ("steps!", "steps"), ("schritte-ä", "schritte")),
        *(("a" * 49, "a" * 48), ("日本", "steps"), ("a\nb", "a_b"), (" steps", "steps"), ("steps\n", "steps")),
    ],
)
def test_other_names_are_refused_with_one_that_would_do(name, better):
    text = refusal("text", name=name)
    assert text.startswith("Parameter ")
    assert text.endswith(f"such as {better}.")
    assert "\n" not in text


@pytest.mark.parametrize("name", [None, 5, ["a"], True])
def test_a_name_that_is_no_text_is_refused(name):
    assert "it must be text" in refusal("text", name=name)


def test_a_parameter_without_a_name_is_called_by_its_type():
    assert refusal("integer", "x", name="").startswith("The integer parameter without a name: value is")


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["true", "1e5", "-3", "0.25", "a\nb"]),
    st.lists(st.integers(), max_size=2),
)


@settings(deadline=None, max_examples=300, derandomize=True, database=None)
@given(
    st.sampled_from(TYPES),
    anything,
    anything,
    st.dictionaries(st.sampled_from(["default", "min", "max", "step", "choices"]), anything),
    st.booleans(),
)
def test_whatever_comes_there_is_a_value_of_the_type_or_one_line_that_names_it(kind, name, value, described, is_text):
    kinds = {"integer": int, "seed": int, "number": float, "boolean": bool}
    try:
        found = read_parameter(kind, name, described, is_text).read(value)
    except ParameterError as error:
        assert str(error).startswith(("Parameter ", f"The {kind} parameter without a name: "))  # noqa: PT017
        return
    assert type(found) is kinds.get(kind, str)
    assert read_parameter(kind, name, described, is_text).read(found) == found


def test_choices_are_lines_each_once():
    assert read_choices("b\r\n a \n\nb\n") == ("b", "a")
    assert read_choices(" \n ") == read_choices(None) == ()


def test_a_node_of_a_graph_has_the_type_of_its_class_or_the_one_it_chooses():
    assert parameter_type("SwitchyardSeedParameter", {"type": "text"}) == "seed"
    assert [parameter_type("TemplateParam", {"type": kind}) for kind in TYPES] == list(TYPES)
    assert parameter_type("TemplateParam", {}) == "text"
    for wrong in (["1", 0], "file", None, 5):
        assert parameter_type("SwitchyardTemplateParameter", {"type": wrong}) == ""
    assert parameter_type("KSampler", {"type": "seed"}) == parameter_type(None, {}) == ""
    assert [name for name in CLASSES if is_general(name)] == ["SwitchyardTemplateParameter", "TemplateParam"]
    assert not is_general("KSampler")


def parameter(class_type="SwitchyardSeedParameter", **inputs):
    return {"class_type": class_type, "inputs": inputs}


def test_the_number_of_a_seed_or_integer_parameter_is_found():
    assert number_of(parameter(value=5)) == 5
    assert number_of(parameter("TemplateParam", type="seed", value="5")) == 5
    assert number_of(parameter("SwitchyardIntegerParameter", value=-5)) == -5
    for none in (["1", 0], "many", None, True):
        assert number_of(parameter(value=none)) is None
    assert number_of(parameter("SwitchyardNumberParameter", value=5)) is None
    assert number_of(parameter("PrimitiveInt", value=5)) is None


def test_its_range_is_its_own():
    assert range_of(parameter(min="3", max="9")) == (3, 9)
    assert range_of(parameter()) == RANGES["seed"]
    assert range_of(parameter(min="x")) == RANGES["seed"]
    assert range_of(parameter("SwitchyardIntegerParameter", max="0")) == (-(2**53) + 1, 0)


def test_a_new_number_is_written_as_the_old_one_was():
    assert [like_before("5", 7), like_before(5, 7), like_before("", "item 1 of 3")] == ["7", 7, "item 1 of 3"]
