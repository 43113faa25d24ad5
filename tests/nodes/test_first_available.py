"""The First Available node: inputs are asked for in order, and no further than the first that has a value.

The engine gives this node lists: a tuple (None,) for an input that has not run, a list for one that has, and nothing
for one that is not plugged in.
"""

import json

import pytest
import torch
from switchyard_pack.nodes.first_available import FirstAvailable
from switchyard_pack.nodes.host import graph

NOT_RUN = (None,)
GAVE_NONE = [None]
IMAGE = torch.zeros(1, 8, 8, 3)


@pytest.fixture
def blocker(monkeypatch):
    """Stands for ComfyUI's blocker."""
    marker = object()
    monkeypatch.setattr(graph, "block", lambda message=None: marker if message is None else message)
    return marker


def _first(**inputs):
    """Runs the node; gives its value, its index and its payload."""
    returned = FirstAvailable().execute(**inputs)
    payload = json.loads(json.dumps(returned["ui"], allow_nan=False))["switchyard"]
    assert len(payload) == 1
    assert payload[0]["kind"] == "first_available"
    value, index = returned["result"]
    assert isinstance(value, list)
    assert type(index) is int
    assert payload[0]["data"]["index"] == index
    return value, index, payload[0]


def _run(upstream, **inputs):
    """Asks and runs as the engine does until nothing is asked for; gives the order of what ran, and the result."""
    ran = []
    state = dict.fromkeys(upstream, NOT_RUN) | inputs
    while asked := [name for name in FirstAvailable().check_lazy_status(**state) if state[name] is NOT_RUN]:
        for name in asked:
            ran.append(name)
            state[name] = upstream[name]
    return ran, FirstAvailable().execute(**state)["result"]


def test_only_the_first_plugged_input_is_asked_for():
    assert FirstAvailable().check_lazy_status(input_0=NOT_RUN, input_1=NOT_RUN) == ["input_0"]
    assert FirstAvailable().check_lazy_status(input_7=NOT_RUN, input_3=NOT_RUN) == ["input_3"]
    assert FirstAvailable().check_lazy_status(input_9=NOT_RUN, if_missing=["error"]) == ["input_9"]


def test_nothing_more_is_asked_for_once_one_has_a_value():
    assert FirstAvailable().check_lazy_status(input_0=[5], input_1=NOT_RUN) == []
    assert FirstAvailable().check_lazy_status(input_0=GAVE_NONE, input_1=[5], input_2=NOT_RUN) == []


@pytest.mark.parametrize("value", [0, False, "", 0.0, float("nan"), [], {}, IMAGE, "None"])
def test_every_value_but_none_is_a_value(value):
    assert FirstAvailable().check_lazy_status(input_0=[value], input_1=NOT_RUN) == []
    passed, index, _ = _first(input_0=[value], input_1=NOT_RUN)
    assert passed[0] is value
    assert index == 0


@pytest.mark.parametrize("nothing", [GAVE_NONE, [None, None], []], ids=["None", "Nones", "an empty list"])
def test_an_input_that_gave_nothing_is_followed_by_the_next(nothing):
    assert FirstAvailable().check_lazy_status(input_0=nothing, input_1=NOT_RUN, input_2=NOT_RUN) == ["input_1"]
    assert FirstAvailable().check_lazy_status(input_0=nothing, input_4=nothing, input_5=NOT_RUN) == ["input_5"]
    assert FirstAvailable().check_lazy_status(input_0=nothing) == []
    value, index, payload = _first(input_0=nothing, input_1=[5])
    assert (value, index) == ([5], 1)
    assert payload["data"]["plugged"] == ["input_0", "input_1"]
    assert payload["summary"] == "took input_1"


def test_an_input_that_has_not_run_is_not_available():
    assert _first(input_0=NOT_RUN, input_1=[5])[:2] == ([5], 1)


def test_inputs_run_one_after_the_other_and_none_in_vain():
    upstream = {"input_0": GAVE_NONE, "input_2": [], "input_3": [IMAGE], "input_9": [1]}
    ran, (value, index) = _run(upstream)
    assert ran == ["input_0", "input_2", "input_3"]
    assert value[0] is IMAGE
    assert index == 3
    assert _run({"input_0": [5], "input_1": [6]}) == (["input_0"], ([5], 0))


def test_a_literal_in_api_json_needs_no_run():
    assert _run({"input_1": [6]}, input_0=[5]) == ([], ([5], 0))
    assert _run({"input_1": [6]}, input_0=[None]) == (["input_1"], ([6], 1))


def test_all_inputs_run_when_none_has_a_value():
    upstream = {f"input_{index}": GAVE_NONE for index in range(10)}
    ran, (value, index) = _run(upstream, if_missing=["none"])
    assert ran == list(upstream)
    assert (value, index) == ([None], -1)


def test_a_list_of_values_is_passed_on_whole_and_unchanged():
    values = [None, IMAGE, 5]
    value, index, _ = _first(input_2=values)
    assert value is values
    assert index == 2


@pytest.mark.parametrize("inputs", [{}, {"input_0": GAVE_NONE}, {"input_0": [], "input_9": GAVE_NONE}])
def test_without_any_value_there_is_an_error_none_or_a_blocker(inputs, blocker):
    with pytest.raises(ValueError, match=r"None of the inputs is plugged in.*if_missing"):
        FirstAvailable().execute(**inputs)
    with pytest.raises(ValueError, match="None of the inputs"):
        FirstAvailable().execute(if_missing=["error"], **inputs)
    value, index, payload = _first(if_missing=["none"], **inputs)
    assert (value, index) == ([None], -1)
    assert payload["summary"] == "no input has a value"
    value, index, _ = _first(if_missing=["block"], **inputs)
    assert (value, index) == ([blocker], -1)


def test_with_nothing_plugged_in_nothing_is_asked_for():
    assert FirstAvailable().check_lazy_status() == []
    assert FirstAvailable().check_lazy_status(if_missing=["none"]) == []


def test_every_input_is_lazy_and_optional_and_lists_go_in_and_out():
    inputs = FirstAvailable.INPUT_TYPES()
    assert inputs["required"] == {}
    assert list(inputs["optional"]) == [*(f"input_{index}" for index in range(10)), "if_missing"]
    assert all(options["lazy"] for name, (_, options) in inputs["optional"].items() if name != "if_missing")
    assert FirstAvailable.INPUT_IS_LIST is True
    assert FirstAvailable.OUTPUT_IS_LIST == (True, False)
