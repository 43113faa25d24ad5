"""The parameters of a whole graph: problems by node, names that are there twice, and values that links bring."""

from __future__ import annotations

import copy

import pytest
from switchyard_pack.core.parameter_prompt import find_parameters, find_problems, judge, run_parameter
from switchyard_pack.core.template_parameters import ParameterError


def node(class_type, **inputs):
    return {"class_type": class_type, "inputs": inputs}


def problems(**graph):
    before = copy.deepcopy(graph)
    found = find_problems(graph, find_parameters(graph))
    assert graph == before
    return found


def steps(**inputs):
    return node("SwitchyardIntegerParameter", **{"name": "steps", "value": 20, **inputs})


def test_what_fits_has_no_problem():
    assert problems(a=steps(min="1", max="150"), b=node("KSampler", seed=5), c=node("TemplateParam", value="x")) == {}


def test_each_problem_is_under_its_node():
    found = problems(a=steps(value=200, max="150"), b=node("SwitchyardBooleanParameter", name="on", value="false"))
    assert found == {
        "a": "Parameter 'steps': value is 200; it must be a whole number from -9007199254740991 to 150.",
        "b": "Parameter 'on': value is \"false\"; it must be true or false, without quotes.",
    }


@pytest.mark.parametrize("value", [4.7, True, None, float("nan"), {"a": 1}, {"__value__": 4.7}])
def test_literals_are_seen_before_comfyui_converts_them(value):
    assert "value is" in problems(a=steps(value=value))["a"]


@pytest.mark.parametrize("value", ["30", 30.0, {"__value__": 30}])
def test_literals_that_can_only_mean_one_number_are_taken(value):
    assert problems(a=steps(value=value)) == {}


def test_a_linked_value_waits_until_it_runs():
    assert problems(a=steps(value=["b", 0]), b=node("PrimitiveInt", value=3)) == {}
    assert "min is 5 and max is 3" in problems(a=steps(value=["b", 0], min="5", max="3"))["a"]


def test_missing_inputs_are_left_to_comfyui():
    assert (
        problems(a=node("SwitchyardIntegerParameter", name="steps"), b=node("SwitchyardTextParameter", value="")) == {}
    )


@pytest.mark.parametrize("field", ["name", "label", "group", "order", "default", "min", "choices", "type"])
def test_descriptions_can_not_be_plugged_in(field):
    given = node("TemplateParam", **{"name": "it", "value": "x", "type": "text", field: ["b", 0]})
    found = problems(a=given, b=node("PrimitiveString", value="x"))
    if field == "type":
        assert found == {}, "its type is not known, so ComfyUI's own check of the list says what is wrong"
        return
    name = "The text parameter without a name" if field == "name" else "Parameter 'it'"
    assert found["a"].startswith(f"{name}: something is plugged into {field}. Write it into the node")


def test_a_name_that_is_there_twice_is_named_with_its_nodes():
    graph = {"3": steps(), "7:9": steps(), "8": steps(name="other"), "9": node("KSampler", name="steps")}
    text = "Parameter 'steps': nodes 3 and 7:9 have this name. Give each its own, or plug one of them in everywhere."
    assert find_problems(graph, find_parameters(graph)) == {"3": text, "7:9": text}
    graph["10"] = node("SwitchyardTextParameter", name="steps", value="x")
    assert "nodes 3, 7:9 and 10 have this name" in find_problems(graph, find_parameters(graph))["10"]


def test_one_node_in_two_instances_of_a_subgraph_is_told_what_helps():
    found = problems(**{"7:9": steps(), "8:9": steps()})["7:9"]
    assert found.startswith("Parameter 'steps': nodes 7:9 and 8:9 have this name.")
    assert found.endswith("in a subgraph that is there twice, take it out and plug it in.")


def test_parameters_without_a_name_are_never_there_twice():
    assert problems(a=steps(name=""), b=steps(name="")) == {}


def test_a_parameter_that_runs_gives_its_value():
    assert run_parameter("integer", "steps", 30.0, {"max": "40"}, {"a": steps()}) == 30
    assert run_parameter("integer", "steps", 30, {}, None) == 30


def test_a_copy_that_runs_is_not_there_twice():
    """A Quality Gate's copies are not in the graph that was sent, and have the name of their original."""
    assert run_parameter("seed", "seed", 43, {}, {"a": node("SwitchyardSeedParameter", name="seed", value=42)}) == 43


def test_a_parameter_that_runs_checks_what_links_brought_and_names():
    with pytest.raises(ParameterError, match=r"Parameter 'steps': value is 200"):
        run_parameter("integer", "steps", 200, {"max": "150"}, {})
    with pytest.raises(ParameterError, match=r"Parameter 'steps': nodes a and b have this name"):
        run_parameter("integer", "steps", 20, {}, {"a": steps(), "b": steps()})


def test_a_thousand_parameters_are_checked_at_once():
    graph = {str(number): steps(name=f"p{number}") for number in range(1000)}
    assert find_problems(graph, find_parameters(graph)) == {}


def judged(**graph):
    return judge(graph, find_parameters(graph))


def test_what_is_wrong_with_a_value_is_told_apart_from_what_is_wrong_with_its_parameter():
    (one,) = judged(a=steps(value="200", max="150", step="5")).values()
    assert (one.described, one.shared, one.taken) == ("", "", None)
    assert "value is 200" in one.value or 'value is "200"' in one.value
    assert (one.parameter.high, one.parameter.step) == (150, 5)
    (one,) = judged(a=steps(value="200", min="9", max="5")).values()
    assert "min is 9 and max is 5" in one.described
    assert (one.value, one.taken) == ("", 200)
    (one,) = judged(a=steps(value="many", min="9", max="5")).values()
    assert "min is 9" in one.described
    assert 'value is "many"' in one.value


def test_a_value_can_be_right_where_the_name_is_there_twice():
    both = judged(a=steps(), b=steps(value=30))
    assert [one.taken for one in both.values()] == [20, 30]
    assert all("nodes a and b have this name" in one.shared for one in both.values())
    assert not any(one.described or one.value for one in both.values())


def test_a_value_that_a_link_brings_is_not_judged():
    (one,) = judged(a=steps(value=["b", 0])).values()
    assert (one.described, one.value, one.taken) == ("", "", None)
