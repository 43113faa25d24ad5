"""Values: what a template takes is what its JSON Schema says, and text is read as people write it."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from switchyard.template import ABSENT, Bind, Parameter, Template, TemplateError
from switchyard.template.parameters import FILE_TYPES, RANGES, TYPES
from template_graphs import hires_fix, node

BIND = (Bind("1", "value", "Any"),)
NUMBERS = ("integer", "number", "seed")
SCALARS = st.one_of(
    st.booleans(),
    st.integers(-20, 20),
    st.integers(),
    st.sampled_from([2**53 - 1, 2**53, 2**64 - 1, 2**64, -(2**53), 10**400, 0, -0.0, 3.0, 1e19, 1.8446744073709552e19]),
    st.floats(allow_nan=False),
    st.text(max_size=4),
    st.sampled_from(["", " ", "a", "b", "5", "true", "euler", "\x1c", "\u3000"]),
)
ANYTHING = st.one_of(SCALARS, st.none(), st.lists(SCALARS, max_size=2), st.dictionaries(st.text(max_size=2), SCALARS))


def template(*parameters: Parameter) -> Template:
    graph = {str(number): node("Any", value="") for number in range(1, len(parameters) + 1)}
    return Template(name="any", graph=graph, parameters=parameters)


@st.composite
def one_parameter(draw: Any, number: int) -> Parameter:
    kind = draw(st.sampled_from(TYPES))
    limits = st.none()
    if kind in NUMBERS:
        whole = st.integers(-20, 20) | st.integers()
        limits = st.none() | (whole | st.floats(-20, 20) if kind == "number" else whole)
    choices = draw(st.lists(SCALARS, max_size=3)) if kind == "choice" else []
    return Parameter(
        f"p{number}",
        kind,
        (Bind(str(number), "value", "Any"),),
        default=draw(st.sampled_from([ABSENT, "there"])),
        min=draw(limits),
        max=draw(limits),
        choices=tuple(item for item in choices if not isinstance(item, float) or math.isfinite(item)),
    )


@st.composite
def templates(draw: Any) -> Template:
    """Templates whose defaults are among what they take."""
    found = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        parameter = draw(one_parameter(number))
        if parameter.default is not ABSENT:
            usual = [0, 3, 4.5, True, "a", *parameter.choices, parameter.min, parameter.max]
            value = next((value for value in usual if takes(parameter, value)), ABSENT)
            parameter = Parameter(**{**vars(parameter), "default": value})
        found.append(parameter)
    return template(*found)


def takes(parameter: Parameter, value: Any) -> bool:
    try:
        parameter.check(value)
    except TemplateError:
        return False
    return True


def fits(held: Template, overrides: Any) -> bool:
    try:
        held.values(overrides)
    except TemplateError:
        return False
    return True


OVERRIDES = st.dictionaries(st.sampled_from(["p1", "p1", "p2", "p3", "p4", ""]), ANYTHING, max_size=3)


def check_verdict(held: Template, overrides: Any) -> None:
    assert fits(held, overrides) == Draft202012Validator(held.schema()).is_valid(overrides)


def check_schema(held: Template) -> None:
    Draft202012Validator.check_schema(json.loads(json.dumps(held.schema(), allow_nan=False)))


@settings(max_examples=80, deadline=None)
@given(templates(), OVERRIDES)
@example(template(Parameter("p1", "seed", BIND, min=-5)), {"p1": -1})
@example(template(Parameter("p1", "integer", BIND, max=2**60)), {"p1": 2**53})
@example(template(Parameter("p1", "choice", BIND, choices=(1, "a"))), {"p1": True})
@example(template(Parameter("p1", "choice", BIND, choices=(1, "a"))), {"p1": 1.0})
@example(template(Parameter("p1", "choice", BIND)), {"p1": " "})
@example(template(Parameter("p1", "number", BIND)), {"p1": 10**400})
def test_our_verdict_is_that_of_jsonschema(held, overrides):
    """With hundreds of others in tests/slow."""
    check_verdict(held, overrides)


@pytest.mark.parametrize("overrides", [[], "p1", 5, True, {1: 2}, {None: 1}])
def test_overrides_that_are_no_object_or_have_no_names_are_refused(overrides):
    with pytest.raises(TemplateError):
        template(Parameter("p1", "text", BIND, default="a")).values(overrides)


@settings(max_examples=30, deadline=None)
@given(templates())
def test_each_schema_is_a_valid_one_that_json_can_hold(held):
    check_schema(held)


@pytest.mark.parametrize(
    ("kind", "value", "taken"),
    [
        ("integer", 30, 30),
        ("integer", 30.0, 30),
        ("seed", 2**64 - 1, 2**64 - 1),
        ("seed", 1e17, 10**17),
        ("number", 3, 3),
        ("number", 0.1, 0.1),
        ("boolean", False, False),
        ("text", "", ""),
        ("choice", "euler", "euler"),
        ("choice", 4, 4),
        ("choice", True, True),
        ("image", "sub/cat.png", "sub/cat.png"),
    ],
)
def test_values_as_they_go_into_the_graph(kind, value, taken):
    checked = Parameter("p", kind, BIND).check(value)
    assert checked == taken
    assert type(checked) is type(taken)


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("integer", 4.5, "4.5 is not a whole number"),
        ("integer", "30", '"30" is text; it takes a whole number'),
        ("integer", True, "true is true or false; it takes a whole number"),
        ("integer", 2**53, "9007199254740992 is out of range; it takes -9007199254740991 to 9007199254740991"),
        ("seed", -1, "-1 is out of range; it takes 0 to 18446744073709551615"),
        ("seed", 2**64, "is out of range"),
        ("seed", float("inf"), "inf is not a whole number"),
        ("number", float("nan"), "nan is not a number"),
        ("number", None, "null is nothing (null); it takes a number"),
        ("boolean", 1, "1 is a number; it takes true or false"),
        ("boolean", "true", '"true" is text; it takes true or false'),
        ("text", 5, "5 is a number; it takes text"),
        ("choice", "", "it is empty"),
        ("choice", [], "is a list; it takes one of the choices"),
        ("choice", float("inf"), "it takes one of the choices"),
        ("image", "", "it names no file"),
        ("video", "  ", "it names no file"),
        ("audio", {}, "is an object; it takes the name of a file"),
    ],
)
def test_what_is_refused_names_the_parameter_the_value_and_what_it_takes(kind, value, words):
    with pytest.raises(TemplateError, match=re.escape(words)) as error:
        Parameter("p", kind, BIND).check(value)
    assert str(error.value).startswith("Parameter p: ")


def test_a_number_of_more_digits_than_python_writes_is_refused():
    with pytest.raises(TemplateError, match="a number of too many digits to write is out of range"):
        Parameter("p", "integer", BIND).check(10**5000)


def test_a_long_value_is_cut_in_the_error():
    with pytest.raises(TemplateError) as error:
        Parameter("p", "choice", BIND, choices=("a",)).check("x" * 10_000)
    assert len(str(error.value)) < 150


READ = [
    ("integer", "30", 30),
    ("integer", " 5 ", 5),
    ("integer", "+5", 5),
    ("integer", "-5", -5),
    ("integer", "3.0", 3),
    ("integer", "1e3", 1000),
    ("seed", "18446744073709551615", 2**64 - 1),
    ("number", "3", 3),
    ("number", ".5", 0.5),
    ("number", "5.", 5.0),
    ("number", "-1E-3", -0.001),
    ("boolean", "yes", True),
    ("boolean", " Off ", False),
    ("boolean", "1", True),
    ("boolean", "FALSE", False),
    ("text", " spaces stay ", " spaces stay "),
    ("text", "30", "30"),
    ("text", "灯台", "灯台"),
    ("choice", "euler", "euler"),
    ("image", "Bild ä.png", "Bild ä.png"),
]


@pytest.mark.parametrize(("kind", "text", "value"), READ)
def test_text_is_read_as_people_write_it(kind, text, value):
    read = Parameter("p", kind, BIND).read(text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *(("integer", text) for text in ("", "x", "3.5", "٣", "1_000", "0x10", "1,5", "nan", "1e400", "random", "5 6")),
        *(("number", text) for text in ("", "٣", "1_0.5", "inf", "-infinity", "NaN", "1e999", "1.5.2", "e5", ".")),
        *(("seed", text) for text in ("-1", "1e30", "rand", "9" * 5000)),
        *(("boolean", text) for text in ("", "2", "maybe", "j", "t")),
        *((kind, text) for kind in (*FILE_TYPES, "choice") for text in ("", " ")),
    ],
)
def test_text_that_says_no_such_value_is_refused(kind, text):
    with pytest.raises(TemplateError, match="Parameter p: "):
        Parameter("p", kind, BIND).read(text)


def test_choices_are_read_as_what_they_are():
    parameter = Parameter("p", "choice", BIND, choices=(2, 4.5, True, "2 "))
    assert [parameter.read(text) for text in ("2", "4.5", "true", "2 ")] == [2, 4.5, True, "2 "]
    with pytest.raises(TemplateError, match=re.escape('"3" is not one of 2, 4.5, true, "2 "')):
        parameter.read("3")


def test_a_random_seed_is_another_one_each_time_and_within_limits():
    seeds = {Parameter("p", "seed", BIND).read("Random") for _ in range(20)}
    assert len(seeds) == 20
    assert all(0 <= seed < 2**53 for seed in seeds)
    assert {Parameter("p", "seed", BIND, min=3, max=5).read("random") for _ in range(99)} == {3, 4, 5}
    assert Parameter("p", "seed", BIND, min=2**60).read("random") == 2**60


def test_limits_never_reach_beyond_what_the_type_takes():
    wide = Parameter("p", "seed", BIND, min=-5, max=2**70)
    assert (wide.lowest, wide.highest) == RANGES["seed"]
    narrow = Parameter("p", "integer", BIND, min=2, max=3)
    assert (narrow.lowest, narrow.highest) == (2, 3)


@pytest.mark.parametrize(
    ("name", "hint"), [("promt", 'Did you mean "prompt"?'), ("6", "It has: prompt, negative_prompt, seed")]
)
def test_an_unknown_name_says_which_there_are(name, hint):
    held = Template.from_workflow(hires_fix(), name="any")
    with pytest.raises(TemplateError, match=re.escape(hint)):
        held.apply({name: "x"})


def test_a_missing_value_is_asked_for():
    held = template(Parameter("p1", "text", BIND))
    with pytest.raises(TemplateError, match="Parameter p1 has no default: give a value"):
        held.apply()
    assert held.apply({"p1": "x"})["1"]["inputs"] == {"value": "x"}
