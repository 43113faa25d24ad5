"""The Gate node: closed, nothing before it is asked for and nothing after it runs."""

import json

import numpy as np
import pytest
import torch
from switchyard_pack.nodes import gate
from switchyard_pack.nodes.gate import Gate

OPEN = [True, 1, 0.1, "true", np.bool_(True), torch.tensor([3])]
CLOSED = [False, 0, None, float("nan"), "false", "", "0", np.bool_(False), np.float32("nan"), torch.tensor(0.0)]


@pytest.fixture(autouse=True)
def made(monkeypatch):
    """ComfyUI's blocker is not there: gives a stand-in, and lists the messages of those that were made."""
    messages = []

    def block(message=None):
        messages.append(message)
        return "a blocker"

    monkeypatch.setattr(gate, "block", block)
    return messages


def _payload(returned):
    payload = json.loads(json.dumps(returned["ui"], allow_nan=False))["switchyard"]
    assert len(payload) == 1
    assert payload[0]["kind"] == "gate"
    return payload[0]


@pytest.mark.parametrize("condition", OPEN, ids=repr)
def test_an_open_gate_asks_for_its_value_once_and_passes_it_on(condition, made):
    value = torch.zeros(2)
    assert Gate().check_lazy_status(condition, value=None) == ["value"]
    assert Gate().check_lazy_status(condition, value=value) == []
    returned = Gate().execute(condition, value=value)
    assert returned["result"][0] is value
    assert _payload(returned)["data"]["open"] is True
    assert made == []


@pytest.mark.parametrize("condition", CLOSED, ids=repr)
def test_a_closed_gate_asks_for_nothing_and_blocks(condition, made):
    assert Gate().check_lazy_status(condition, value=None) == []
    assert Gate().check_lazy_status(condition) == []
    returned = Gate().execute(condition, value=None)
    assert returned["result"] == ("a blocker",)
    assert _payload(returned)["data"]["open"] is False
    assert made == [None]


def test_a_closed_gate_blocks_even_if_its_value_is_there_already(made):
    assert Gate().execute(False, value=5)["result"] == ("a blocker",)
    assert Gate().execute(False)["result"] == ("a blocker",)


def test_the_message_is_given_to_the_blocker_and_an_empty_one_is_silent(made):
    Gate().execute(False, message="too dark")
    Gate().execute(False, message="")
    Gate().execute(True, value=5, message="not shown")
    assert made == ["too dark", None]


def test_a_value_that_is_none_passes_an_open_gate():
    assert Gate().execute(True, value=None)["result"] == (None,)


def test_an_open_gate_with_nothing_plugged_in_is_an_error():
    assert Gate().check_lazy_status(True) == []
    assert Gate().check_lazy_status(True, message="text") == []
    with pytest.raises(ValueError, match="open, but nothing is plugged into value"):
        Gate().execute(True)


@pytest.mark.parametrize("condition", [torch.ones(2), torch.zeros(0), np.ones((2, 2))])
def test_a_condition_of_many_values_is_an_error(condition, made):
    with pytest.raises(ValueError, match="must be one value"):
        Gate().check_lazy_status(condition, value=None)
    with pytest.raises(ValueError, match="must be one value"):
        Gate().execute(condition, value=5)
    assert made == []


def test_the_payload_is_json_even_for_a_condition_that_is_not():
    for condition in (float("nan"), float("inf"), np.float32("nan"), 10**400, object(), "\ud800"):
        assert _payload(Gate().execute(condition, value=5, message="\ud800"))["summary"]


def test_the_value_is_lazy_and_optional_and_the_condition_is_neither():
    inputs = Gate.INPUT_TYPES()
    assert list(inputs["required"]) == ["open"]
    assert "lazy" not in inputs["required"]["open"][1]
    assert list(inputs["optional"]) == ["value", "message"]
    assert inputs["optional"]["value"][1]["lazy"] is True
    assert not hasattr(Gate, "OUTPUT_NODE")
