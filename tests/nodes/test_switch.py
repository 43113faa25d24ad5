"""The Switch node: the branch that is not taken is never asked for."""

import json

import numpy as np
import pytest
import torch
from switchyard_pack.nodes.host import graph
from switchyard_pack.nodes.switch import Switch

TRUE = [True, 1, -0.5, "true", "cat", [0], np.bool_(True), np.float32(0.1), torch.tensor(True), torch.tensor([[2]])]
FALSE = [False, 0, 0.0, float("nan"), None, "", "false", "No", "off", "0", [], {}, np.bool_(False), np.float32("nan")]
FALSE += [torch.tensor(0.0), torch.tensor([float("nan")])]
BRANCHES = {True: ("on_true", "on_false"), False: ("on_false", "on_true")}
CONDITIONS = [*((value, True) for value in TRUE), *((value, False) for value in FALSE)]


@pytest.fixture
def blocker(monkeypatch):
    """Stands for ComfyUI's blocker; remembers the message that it was made with."""

    class Blocker:
        def __init__(self, message=None):
            self.message = message

    monkeypatch.setattr(graph, "block", Blocker)
    return Blocker


def _payload(returned):
    payload = json.loads(json.dumps(returned["ui"], allow_nan=False))["switchyard"]
    assert len(payload) == 1
    assert payload[0]["kind"] == "switch"
    return payload[0]


@pytest.mark.parametrize(("condition", "answer"), CONDITIONS, ids=repr)
def test_only_the_branch_that_is_taken_is_asked_for(condition, answer):
    taken, other = BRANCHES[answer]
    assert Switch().check_lazy_status(condition, on_true=None, on_false=None) == [taken]
    assert Switch().check_lazy_status(condition, **{taken: None}) == [taken]
    assert Switch().check_lazy_status(condition, **{other: None}) == []


@pytest.mark.parametrize(("condition", "answer"), CONDITIONS, ids=repr)
def test_the_value_of_the_branch_that_is_taken_is_passed_on_unchanged(condition, answer):
    taken, other = BRANCHES[answer]
    value = [torch.zeros(2)]
    returned = Switch().execute(condition, **{taken: value, other: None})
    assert returned["result"][0] is value
    assert len(returned["result"]) == 1
    assert _payload(returned)["data"]["branch"] == taken


@pytest.mark.parametrize("value", [5, 0, "", "text", False, torch.zeros(2)])
def test_a_branch_that_has_its_value_is_not_asked_for_again(value):
    assert Switch().check_lazy_status(True, on_true=value, on_false=None) == []
    assert Switch().check_lazy_status(False, on_true=None, on_false=value) == []


def test_an_unplugged_branch_is_never_asked_for():
    assert Switch().check_lazy_status(True, on_false=None) == []
    assert Switch().check_lazy_status(False, on_true=None) == []
    assert Switch().check_lazy_status(True) == []
    assert Switch().check_lazy_status(True, if_missing="none") == []


def test_a_branch_that_gave_none_passes_none_on_and_is_not_missing():
    returned = Switch().execute(True, "error", on_true=None)
    assert returned["result"] == (None,)
    assert "took on_true" in _payload(returned)["summary"]


@pytest.mark.parametrize(("condition", "branch"), [(True, "on_true"), (False, "on_false"), (float("nan"), "on_false")])
def test_a_missing_branch_is_an_error_that_names_it_and_says_what_to_do(condition, branch):
    with pytest.raises(ValueError, match=f"chose {branch} .*nothing is plugged in.*if_missing"):
        Switch().execute(condition)
    with pytest.raises(ValueError, match=branch):
        Switch().execute(condition, if_missing="error", **{BRANCHES[branch == "on_true"][1]: 5})


def test_a_missing_branch_may_give_none():
    returned = Switch().execute(False, if_missing="none", on_true=5)
    assert returned["result"] == (None,)
    assert "on_false is not plugged in" in _payload(returned)["summary"]


def test_a_missing_branch_may_block_silently(blocker):
    returned = Switch().execute(False, if_missing="block", on_true=5)
    assert type(returned["result"][0]) is blocker
    assert returned["result"][0].message is None
    assert "on_false is not plugged in" in _payload(returned)["summary"]


@pytest.mark.parametrize("condition", [torch.ones(2), torch.zeros(1, 8, 8, 3), torch.zeros(0), np.zeros(3)])
def test_a_condition_of_many_values_is_an_error_before_any_branch_runs(condition):
    with pytest.raises(ValueError, match="must be one value"):
        Switch().check_lazy_status(condition, on_true=None, on_false=None)
    with pytest.raises(ValueError, match="must be one value"):
        Switch().execute(condition, on_true=1, on_false=2)


def test_the_payload_is_json_even_for_a_condition_that_is_not(blocker):
    for condition in (float("nan"), float("inf"), np.float32("nan"), 10**400, object(), "\ud800", {"a": {1}}):
        for inputs in ({"on_true": 1, "on_false": 2}, {"if_missing": "none"}, {"if_missing": "block"}):
            assert _payload(Switch().execute(condition, **inputs))["summary"]


def test_both_branches_are_lazy_and_optional_and_the_condition_is_neither():
    inputs = Switch.INPUT_TYPES()
    assert list(inputs["required"]) == ["condition"]
    assert "lazy" not in inputs["required"]["condition"][1]
    assert list(inputs["optional"]) == ["on_true", "on_false", "if_missing"]
    assert all(inputs["optional"][name][1]["lazy"] for name in ("on_true", "on_false"))
    assert inputs["optional"]["if_missing"][0] == ["error", "none", "block"]
