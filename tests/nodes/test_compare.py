"""The Compare node: spellings in API JSON, an unplugged b, results and the payload for the page."""

import contextlib
import inspect
import json

import numpy as np
import pytest
import torch
from switchyard_pack.core.compare import COMPARISONS, CompareError
from switchyard_pack.nodes.compare import Compare
from switchyard_pack.nodes.host.page import verdict

IMAGE = torch.full((1, 8, 8, 3), 0.5)


def _compare(a, comparison, **inputs):
    """Runs the node and checks what holds for every comparison; gives its two outputs and its payload."""
    returned = Compare().execute(a, comparison, **inputs)
    assert set(returned) == {"ui", "result"}
    result, explanation = returned["result"]
    assert type(result) is bool
    assert type(explanation) is str
    assert explanation.endswith(" is true" if result else " is false")
    payload = json.loads(json.dumps(returned["ui"], allow_nan=False))
    assert list(payload) == ["switchyard"]
    assert payload["switchyard"][0]["kind"] == "compare"
    assert payload["switchyard"][0]["summary"] == explanation
    return result, explanation, payload["switchyard"][0]["data"]


SPELLINGS = {
    "equal": ["equal", "==", "a == b"],
    "not_equal": ["not_equal", "!=", "a != b"],
    "greater_than": ["greater_than", ">", "a > b"],
    "greater_or_equal": ["greater_or_equal", ">=", "a >= b"],
    "less_than": ["less_than", "<", "a < b"],
    "less_or_equal": ["less_or_equal", "<=", "a <= b"],
    **{
        name: [name]
        for name in COMPARISONS
        if name not in ("equal", "not_equal") and "_than" not in name and "_or_" not in name
    },
}


@pytest.mark.parametrize("name", COMPARISONS)
def test_each_spelling_in_api_json_is_valid_and_means_the_same(name):
    b = {"between": [2, 3], "is_one_of": [1, 2]}.get(name, "2")
    a = "2" if name in ("contains", "not_contains") else 2
    answers = set()
    for spelling in SPELLINGS[name]:
        assert Compare.VALIDATE_INPUTS(comparison=spelling) is True
        result, _, data = _compare(a, spelling, b=b)
        assert data["comparison"] == name
        answers.add(result)
    assert len(answers) == 1


@pytest.mark.parametrize("spelling", ["", "=>", "bigger", "a > c", 5, True, ["equal"], {"a": 1}])
def test_an_unknown_comparison_fails_validation_with_the_names(spelling):
    message = Compare.VALIDATE_INPUTS(comparison=spelling)
    assert type(message) is str
    assert "greater_than" in message
    with pytest.raises(CompareError, match="greater_than"):
        Compare().execute(1, spelling, b=2)


def test_a_linked_comparison_is_left_for_later():
    """The engine validates a linked input as None, and asks only for the inputs that the validator names."""
    assert Compare.VALIDATE_INPUTS(comparison=None) is True
    assert Compare.VALIDATE_INPUTS() is True
    assert inspect.getfullargspec(Compare.VALIDATE_INPUTS).args == ["cls", "comparison"]
    assert inspect.getfullargspec(Compare.VALIDATE_INPUTS).varkw is None


def test_the_inputs_are_the_ones_of_the_issue():
    inputs = Compare.INPUT_TYPES()
    assert list(inputs["required"]) == ["a", "comparison"]
    assert list(inputs["optional"])[:2] == ["b", "b_value"]
    assert inputs["required"]["comparison"][0] == list(COMPARISONS)
    assert inputs["required"]["a"][0] == inputs["optional"]["b"][0] == "*"
    assert Compare.RETURN_TYPES == ("BOOLEAN", "STRING")


@pytest.mark.parametrize(
    ("a", "comparison", "b_value", "answer"),
    [
        (0.83, "greater_than", "0.8", 0.83 > 0.8),
        (10, "greater_than", "9", 10 > 9),
        ("10", "greater_than", "9", 10 > 9),
        (True, "equal", "true", True),
        (True, "equal", "FALSE", False),
        (None, "equal", "null", True),
        (0, "equal", "none", False),
        ("cat", "equal", "cat", True),
        ("null", "equal", "null", True),
        ("", "equal", "", True),
        ("a cat", "contains", "cat", True),
        ("1e3 steps", "contains", "1e3", True),
        ([1, 2], "contains", "2", True),
        (0.5, "between", "0.2..0.8", True),
        ("dog", "is_one_of", "cat, dog", True),
        ("a cat", "matches_regex", "c.t$", True),
        ("12", "starts_with", "1", True),
        ("12", "ends_with", "1", False),
        (np.float32(0.5), "approximately_equal", "0.5", True),
        (torch.tensor([3]), "less_or_equal", "2", False),
        (None, "is_none", "whatever", True),
        ([], "is_empty", "whatever", True),
    ],
)
def test_without_b_the_text_in_b_value_is_read(a, comparison, b_value, answer):
    assert _compare(a, comparison, b_value=b_value)[0] is answer


@pytest.mark.parametrize("comparison", ["contains", "not_contains", "starts_with", "ends_with", "matches_regex"])
@pytest.mark.parametrize("a", ["a cat", "", ["a cat"], None])
def test_an_unplugged_b_does_not_make_a_search_for_text_true(comparison, a):
    """Muting the node before b unplugs it, and every text contains an empty one."""
    for inputs in ({}, {"b_value": ""}):
        with pytest.raises(CompareError, match=rf"{comparison} needs a text. Plug in b or type b_value"):
            Compare().execute(a, comparison, **inputs)


def test_an_empty_text_that_is_plugged_in_is_looked_for():
    assert _compare("a cat", "contains", b="")[0] is True
    assert _compare("", "matches_regex", b="")[0] is True
    assert _compare("", "equal")[0] is True


def test_a_b_value_that_is_no_text_is_compared_as_it_is():
    """A literal in API JSON, or a link into b_value from an output of any type."""
    assert _compare(0.83, "greater_than", b_value=0.8)[0] is True
    assert _compare(None, "equal", b_value=None)[0] is True
    assert _compare(2, "is_one_of", b_value=[1, 2])[0] is True
    assert _compare(IMAGE, "equal", b_value=IMAGE.clone())[0] is True


def test_b_is_taken_untouched_and_before_b_value():
    assert _compare("5", "equal", b="5", b_value="6")[0] is True
    assert _compare("5", "equal", b="5.0")[0] is False
    assert _compare("5", "equal", b_value="5.0")[0] is True
    assert _compare(IMAGE, "equal", b=IMAGE.clone(), b_value="6")[0] is True


def test_b_that_gave_none_is_none_and_not_unplugged():
    assert _compare(None, "equal", b=None, b_value="5")[0] is True
    assert _compare(5, "equal", b=None, b_value="5")[0] is False
    with pytest.raises(CompareError, match="None"):
        Compare().execute(5, "greater_than", b=None, b_value="3")


def test_the_explanation_says_it_in_words():
    assert _compare(0.83, "greater_than", b=0.8)[1] == "0.83 > 0.8 is true"
    assert _compare(0.83, "a > b", b_value="0.8")[1] == "0.83 > 0.8 is true"
    assert _compare("a cat", "contains", b_value="dog")[1] == '"a cat" contains "dog" is false'
    assert _compare(None, "is_none")[1] == "None is None is true"


def test_the_tolerances_are_used():
    near = IMAGE + 0.003
    assert _compare(IMAGE, "equal", b=near)[0] is False
    assert _compare(IMAGE, "equal", b=near, absolute_tolerance=0.004)[0] is True
    assert _compare(IMAGE, "equal", b=near, relative_tolerance=0.01)[0] is True
    assert _compare(1.0, "approximately_equal", b=1.1, relative_tolerance=0.1)[0] is True
    assert _compare(1.0, "equal", b=1.1, relative_tolerance=0.5, absolute_tolerance=1.0)[0] is False


@pytest.mark.parametrize("comparison", COMPARISONS)
@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        np.float32("nan"),
        10**400,
        torch.tensor(float("nan")),
        "\ud800\n\u2028",
        b"x",
        object(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_payload_is_json_whatever_is_compared(value, comparison):
    for inputs in ({"b": value}, {"b": [value, value]}, {"b": 1}, {"b_value": "nan"}, {}):
        with contextlib.suppress(CompareError):
            _compare(value, comparison, **inputs)


def test_the_payload_holds_both_values_and_the_answer():
    _, _, data = _compare(0.83, ">", b=float("nan"))
    assert data == {"a": "0.83", "comparison": "greater_than", "b": "NaN", "result": False}


def test_numbers_that_json_does_not_know_become_text_in_a_payload():
    payload = verdict("compare", "words", scores=[0.5, float("nan")], limits={"high": float("inf"), 1: object})
    assert json.loads(json.dumps(payload, allow_nan=False))["switchyard"][0]["data"] == {
        "scores": [0.5, "nan"],
        "limits": {"high": "inf", "1": str(object)},
    }


def test_what_cannot_be_compared_is_an_error_that_names_both_kinds():
    with pytest.raises(CompareError, match=r"tensor of shape \(1, 8, 8, 3\) with FLOAT \(0\.5\) by greater_than"):
        Compare().execute(IMAGE, "greater_than", b=0.5)
