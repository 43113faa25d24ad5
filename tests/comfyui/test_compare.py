"""Compare in a real server: literals, links and widgets give the same real bool."""

from __future__ import annotations

import json

import pytest
from graphs import catch, caught, node, value, values


def compare_graph(**inputs):
    return {"compare": node("SwitchyardCompare", **inputs), "end": catch("compare"), "words": catch("compare", 1)}


@pytest.mark.parametrize(
    ("inputs", "answer"),
    [
        ({"a": 5, "comparison": "greater_than", "b": 3}, True),
        ({"a": 5, "comparison": "equal", "b": 3}, False),
        ({"a": 3, "comparison": "a > b", "b": 5}, False),
        ({"a": 0.83, "comparison": ">", "b": 0.8}, True),
        ({"a": 0.83, "comparison": "less_than", "b_value": "0.9"}, True),
        ({"a": "a red cat", "comparison": "contains", "b": "red"}, True),
        ({"a": "a red cat", "comparison": "matches_regex", "b_value": "^a (red|blue)"}, True),
        ({"a": "cat", "comparison": "is_one_of", "b_value": "dog, cat"}, True),
        ({"a": 7, "comparison": "between", "b_value": "5..10"}, True),
        ({"a": 5, "comparison": "between", "b": {"__value__": [5, 10]}}, True),
        ({"a": True, "comparison": "equal", "b_value": "true"}, True),
        ({"a": "", "comparison": "is_empty"}, True),
        ({"a": 2**60, "comparison": "equal", "b": 2**60 + 1}, False),
        ({"a": 0, "comparison": "greater_than", "b": 3, "b_value": "-1"}, False),
    ],
)
def test_literals_in_api_json_are_compared_untouched(run, inputs, answer):
    result = run(compare_graph(**inputs))
    assert result.outputs["end"]["caught"] == [["bool", repr(answer)]]


@pytest.mark.parametrize(
    ("a", "comparison", "b", "answer"),
    [
        ("numpy 0.9", "greater_than", 0.8, True),
        ("torch 0.9", "greater_than", 0.8, True),
        ("nan", "greater_than", 0.8, False),
        ("nan", "less_than", 0.8, False),
        ("nan", "not_equal", 0.8, True),
        ("none", "is_none", None, True),
        ("none", "equal", None, False),
        ("picture", "equal", ["same", 0], True),
        ("picture", "equal", ["latent", 0], False),
        ("latent", "equal", ["latent", 0], True),
        ("dict", "contains", "a", True),
    ],
)
def test_linked_values_of_any_type_give_a_real_bool(run, a, comparison, b, answer):
    graph = {**compare_graph(a=["a", 0], comparison=comparison, b=b), "a": value(a)}
    graph |= {"same": value("picture"), "latent": value("latent")}
    assert run(graph).outputs["end"]["caught"] == [["bool", repr(answer)]]


def test_it_says_the_comparison_in_words(run):
    result = run(compare_graph(a=0.83, comparison="greater_than", b=0.8))
    assert caught(result, "words") == ["'0.83 > 0.8 is true'"]
    assert result.verdict("compare")["summary"] == "0.83 > 0.8 is true"


def test_nan_reaches_the_page_as_text_because_json_has_no_nan(run, server):
    result = run({**compare_graph(a=["nan", 0], comparison="greater_than", b=1), "nan": value("nan")})
    history = server.get_bytes(f"/history/{result.prompt_id}").decode()
    json.loads(history, parse_constant=lambda name: pytest.fail(f"{name} in the history"))
    assert result.verdict("compare")["data"]["a"] == "NaN"


def test_what_can_not_be_compared_is_an_error_that_names_both_kinds(run):
    result = run({**compare_graph(a=["none", 0], comparison="greater_than", b=0.8), "none": value("none")})
    assert result.status == "error"
    assert "None" in result.error
    assert "FLOAT" in result.error


def test_an_unknown_comparison_is_refused_with_the_list_of_names(run):
    result = run(compare_graph(a=1, comparison="bigger", b=2))
    assert result.status == "rejected"
    assert "greater_than" in json.dumps(result.node_errors)


def test_a_missing_comparison_is_refused_as_missing(run):
    result = run(compare_graph(a=1, b=2))
    assert result.status == "rejected"
    assert result.node_errors["compare"]["errors"][0]["type"] == "required_input_missing"


def test_a_missing_a_is_refused_as_missing(run):
    result = run(compare_graph(comparison="equal", b=2))
    assert result.node_errors["compare"]["errors"][0]["details"] == "a"


def test_a_list_is_compared_item_by_item(run):
    graph = {**compare_graph(a=["scores", 0], comparison="greater_than", b=0.4), "scores": values("0, 0.5, 1")}
    assert caught(run(graph)) == ["False", "True", "True"]


def test_both_sides_may_be_numbers_from_core_nodes(run):
    graph = compare_graph(a=["int", 0], comparison="less_than", b=["float", 0])
    graph |= {"int": node("PrimitiveInt", value=2), "float": node("PrimitiveFloat", value=2.5)}
    assert caught(run(graph)) == ["True"]


def test_the_answer_drives_core_boolean_inputs(run):
    graph = compare_graph(a=1, comparison="equal", b=1)
    graph |= {"boolean": node("PrimitiveBoolean", value=["compare", 0]), "core": catch("boolean")}
    assert caught(run(graph), "core") == ["True"]
