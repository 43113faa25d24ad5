"""Templates and the pack's nodes say the same: names of classes and inputs, and which values a parameter takes."""

from __future__ import annotations

from typing import Any

import pytest
import switchyard_pack
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from switchyard.template import Template, TemplateError
from switchyard.template.marks import CLASSES, INPUTS, VALUE
from switchyard.template.outputs import SAVERS
from switchyard.template.parameters import NAME, RANGES
from switchyard_pack.core import template_parameters
from switchyard_pack.core.parameter_prompt import find_parameters, find_problems

NODES = {**switchyard_pack.NODE_CLASS_MAPPINGS, **switchyard_pack.PLAIN_IDS}
GROUP = "Switchyard/Template"


def inputs_of(class_type: str) -> list[str]:
    declared = NODES[class_type].INPUT_TYPES()
    return [*declared["required"], *declared["optional"]]


def test_the_parameter_nodes_are_those_of_the_registry():
    assert set(CLASSES) == {name for name, held in NODES.items() if held.CATEGORY == GROUP}
    assert template_parameters.CLASSES == CLASSES
    assert template_parameters.PARAMETER_VALUE == VALUE


@pytest.mark.parametrize("class_type", CLASSES)
def test_the_inputs_of_each_are_those_that_templates_read(class_type):
    names = inputs_of(class_type)
    assert set(names) <= set(INPUTS)
    assert names == [name for name in INPUTS if name in names]
    assert {"name", VALUE, "label", "description", "group", "order", "default"} <= set(names)


def test_the_general_one_has_all_inputs_and_types():
    assert inputs_of("TemplateParam") == list(INPUTS)
    types = NODES["TemplateParam"].INPUT_TYPES()["required"]["type"][0]
    assert types == [kind for kind in CLASSES.values() if kind]


def test_names_and_ranges_are_the_same():
    assert NAME.pattern == template_parameters._NAME.pattern
    assert RANGES == template_parameters.RANGES


def test_each_of_our_nodes_that_saves_is_an_output():
    assert {name for name in SAVERS if name.startswith("Switchyard")} <= set(NODES)
    savers = {name for name, held in NODES.items() if getattr(held, "OUTPUT_NODE", False) and "Save" in name}
    assert savers <= set(SAVERS)


WORDS = st.sampled_from(["", " ", "5", "-1", "4.5", "3.0", "1e3", "٣", "1_0", "nan", "true", "False", "a", "b", "x y"])
NUMBERS = st.integers(-5, 9) | st.sampled_from([2**53 - 1, 2**53, 2**64 - 1, 2**64, -(2**53), 0.5, 3.0])
LITERALS = st.one_of(st.booleans(), NUMBERS, st.floats(-5, 9), WORDS, st.text(max_size=3))
FIELDS = {
    "name": st.sampled_from(["", "steps", "Steps", "a b", "é", "x" * 49, 5]),
    "default": WORDS | LITERALS,
    "min": WORDS | NUMBERS,
    "max": WORDS | NUMBERS,
    "step": WORDS | NUMBERS,
    "choices": st.sampled_from(["", " ", "a", "a\nb\na", "5\n4.5", "true"]),
}


@st.composite
def marks(draw: Any) -> dict[str, Any]:
    """A parameter node with a name and a value, and at times more that describes it, in API format."""
    class_type = draw(st.sampled_from(list(CLASSES)))
    names = inputs_of(class_type)
    fields = draw(st.lists(st.sampled_from([name for name in FIELDS if name in names]), max_size=2, unique=True))
    described = {field: draw(FIELDS[field]) for field in fields}
    kind = {"type": draw(st.sampled_from(template_parameters.TYPES))} if "type" in names else {}
    return {"class_type": class_type, "inputs": {"name": "p", **kind, "value": draw(LITERALS), **described}}


def is_rounded(value: Any) -> bool:
    """Whether a FLOAT widget, which is a float, holds another number than JSON does."""
    try:
        return not isinstance(value, float) and float(value) != int(value)
    except (TypeError, ValueError, OverflowError):
        return False


def node_problem(graph: dict[str, Any]) -> str:
    return "".join(find_problems(graph, find_parameters(graph)).values())


def template_of(graph: dict[str, Any]) -> Template | None:
    try:
        return Template.from_workflow(graph, name="any", marks="nodes")
    except TemplateError:
        return None


def mark(class_type: str, value: Any, **described: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": {"name": "p", "value": value, **described}}


@settings(max_examples=100, deadline=None)
@given(marks())
@example(mark("SwitchyardSeedParameter", 1, min="-5"))
@example(mark("SwitchyardIntegerParameter", "٣"))
@example(mark("SwitchyardBooleanParameter", "true"))
@example(mark("TemplateParam", "yes", type="boolean"))
@example(mark("SwitchyardTextParameter", True))
@example(mark("SwitchyardIntegerParameter", 5, default=" ", step="0.5"))
def test_a_node_that_runs_is_a_parameter_and_one_that_does_not_is_an_error(node):
    assume(not has_rounded_numbers(node))
    problem, held = node_problem({"1": node}), template_of({"1": node})
    is_open = str(node["inputs"].get("value", "")).strip() == ""  # a choice or file that the caller is to give
    assert (held is not None) == (not problem) or (held is not None and is_open), problem
    if held is not None:
        assert Template.read(held.document()) == held


@settings(max_examples=100, deadline=None)
@given(marks(), LITERALS)
def test_a_value_that_a_template_takes_is_one_that_its_node_takes(node, value):
    assume(not has_rounded_numbers({**node, "inputs": {**node["inputs"], "value": value}}))
    held = template_of({"1": node})
    if held is None:
        return
    (parameter,) = held.parameters
    try:
        applied = held.apply({parameter.name: value})
    except TemplateError:
        typed = {**node, "inputs": {**node["inputs"], "value": value}}
        assert node_problem({"1": typed}) or not has_type(parameter.type, value)
        return
    assert node_problem(applied) == ""


def has_rounded_numbers(node: dict[str, Any]) -> bool:
    """Whether a number parameter has whole numbers that a float can't hold: which side rounds them first differs."""
    is_number = "number" in (CLASSES[node["class_type"]], node["inputs"].get("type"))
    return is_number and any(map(is_rounded, node["inputs"].values()))


def has_type(kind: str, value: Any) -> bool:
    """Whether a value has the JSON type that a template wants of callers; nodes also take text that says a number."""
    if kind in ("integer", "number", "seed"):
        return isinstance(value, (int, float))
    return isinstance(value, bool) if kind == "boolean" else isinstance(value, str)
