"""The Select node: the value chooses one input, and only that one is asked for."""

import inspect
import json

import numpy as np
import pytest
import torch
from switchyard_pack.core.select import CaseError
from switchyard_pack.nodes.host import graph
from switchyard_pack.nodes.select import Select

INPUTS = [f"input_{index}" for index in range(10)]
PETS = "cat -> feline\ndog\n# a comment\n/bird|fish/i -> other"
SCORES = ">= 0.8 -> good\n0.5..0.8 -> fair\n< 0.5 -> poor"
NOTHING_RUN = dict.fromkeys([*INPUTS, "default"])


@pytest.fixture
def blocker(monkeypatch):
    """Stands for ComfyUI's blocker."""
    marker = object()
    monkeypatch.setattr(graph, "block", lambda message=None: marker if message is None else message)
    return marker


def _select(value, cases, **inputs):
    """Runs the node; gives its three outputs and its payload."""
    returned = Select().execute(value, cases, **inputs)
    payload = json.loads(json.dumps(returned["ui"], allow_nan=False))["switchyard"]
    assert len(payload) == 1
    assert payload[0]["kind"] == "select"
    chosen, index, label = returned["result"]
    assert type(index) is int
    assert type(label) is str
    return chosen, index, label, payload[0]


CHOICES = [
    ("cat", PETS, "input_0", "feline"),
    ("dog", PETS, "input_1", "dog"),
    ("a big FISH", PETS, "input_2", "other"),
    ("Cat", PETS, "default", "default"),
    (None, PETS, "default", "default"),
    (0.8, SCORES, "input_0", "good"),
    (0.5, SCORES, "input_1", "fair"),
    ("0.1", SCORES, "input_2", "poor"),
    (float("nan"), SCORES, "default", "default"),
    (np.float32("nan"), SCORES, "default", "default"),
    (torch.tensor([0.75]), SCORES, "input_1", "fair"),
    (True, "true -> yes\nfalse -> no", "input_0", "yes"),
    (np.bool_(False), "true -> yes\nfalse -> no", "input_1", "no"),
    (3, "1 | 2\n3 | 4", "input_1", "3 | 4"),
    ("0.2..0.8", '"0.2..0.8"', "input_0", '"0.2..0.8"'),
    (0, "", "input_0", "0"),
    ("9", "", "input_9", "9"),
    (torch.tensor(2), " \n# only a comment\n", "input_2", "2"),
    (10, "", "default", "default"),
    (-1, "", "default", "default"),
]


@pytest.mark.parametrize(("value", "cases", "name", "label"), CHOICES, ids=repr)
def test_only_the_chosen_input_is_asked_for(value, cases, name, label):
    assert Select().check_lazy_status(value, cases, **NOTHING_RUN) == [name]
    assert Select().check_lazy_status(value, cases, **NOTHING_RUN, if_missing="block") == [name]
    assert Select().check_lazy_status(value, cases, **{name: None}) == [name]
    assert Select().check_lazy_status(value, cases, **{**NOTHING_RUN, name: 5}) == []


@pytest.mark.parametrize(("value", "cases", "name", "label"), CHOICES, ids=repr)
def test_the_chosen_input_is_passed_on_unchanged_with_its_number_and_label(value, cases, name, label):
    passed = [torch.zeros(2)]
    chosen, index, shown, payload = _select(value, cases, **{**NOTHING_RUN, name: passed})
    assert chosen is passed
    assert index == (INPUTS.index(name) if name in INPUTS else -1)
    assert shown == label
    assert payload["data"]["branch"] == name
    assert payload["data"]["index"] == index
    assert payload["data"]["label"] == label


@pytest.mark.parametrize(("value", "cases", "name", "label"), CHOICES, ids=repr)
def test_an_unplugged_input_is_never_asked_for_and_not_replaced_by_another(value, cases, name, label, blocker):
    others = {other: 5 for other in NOTHING_RUN if other != name}
    assert Select().check_lazy_status(value, cases, **dict.fromkeys(others)) == []
    with pytest.raises(ValueError, match=f"chose {name} .*nothing is plugged in.*if_missing"):
        Select().execute(value, cases, **others)
    assert _select(value, cases, if_missing="none", **others)[0] is None
    chosen, index, _, payload = _select(value, cases, if_missing="block", **others)
    assert chosen is blocker
    assert index == (INPUTS.index(name) if name in INPUTS else -1)
    assert f"{name} is not plugged in" in payload["summary"]


def test_an_input_that_gave_none_passes_none_on_and_is_not_missing():
    chosen, index, _, payload = _select("cat", PETS, input_0=None, default=5)
    assert chosen is None
    assert index == 0
    assert "took input_0 (feline)" in payload["summary"]


def test_the_default_that_gave_none_is_not_missing():
    chosen, index, label, payload = _select("horse", PETS, default=None)
    assert (chosen, index, label) == (None, -1, "default")
    assert "took the default" in payload["summary"]


@pytest.mark.parametrize("value", [float("nan"), 0.5, "cat", None, torch.tensor(float("nan")), [0], float("inf")])
def test_without_cases_a_value_that_is_no_index_is_an_error_before_anything_runs(value):
    with pytest.raises(CaseError, match="There are no cases"):
        Select().check_lazy_status(value, "", **NOTHING_RUN)
    with pytest.raises(CaseError, match="There are no cases"):
        Select().execute(value, "", **NOTHING_RUN)


@pytest.mark.parametrize("value", [torch.zeros(1, 8, 8, 3), np.zeros(2), {"samples": torch.zeros(1)}, object()])
def test_a_value_without_text_or_number_is_an_error(value):
    with pytest.raises(CaseError, match="can't choose by"):
        Select().check_lazy_status(value, PETS, **NOTHING_RUN)


@pytest.mark.parametrize("cases", ["", PETS, SCORES, "\n".join(map(str, range(10))), "# cat", None])
def test_cases_that_can_be_read_pass_validation(cases):
    assert Select.VALIDATE_INPUTS(cases=cases) is True


@pytest.mark.parametrize(
    ("cases", "message"),
    [
        ("\n".join(map(str, range(11))), "11 cases"),
        ("cat\n/(/ -> broken", "not valid"),
        ("/cat/q", "unknown flags"),
        ("cat | /(/", "not valid"),
    ],
)
def test_cases_that_cannot_be_read_fail_validation_with_the_reason(cases, message):
    assert message in Select.VALIDATE_INPUTS(cases=cases)
    with pytest.raises(CaseError, match=message):
        Select().check_lazy_status("cow", cases, **NOTHING_RUN)


def test_linked_cases_are_left_for_later():
    """The engine validates a linked input as None, and asks only for the inputs that the validator names."""
    assert Select.VALIDATE_INPUTS() is True
    assert inspect.getfullargspec(Select.VALIDATE_INPUTS).args == ["cls", "cases"]
    assert inspect.getfullargspec(Select.VALIDATE_INPUTS).varkw is None


def test_the_payload_is_json_whatever_the_value_and_the_labels_are():
    for value in (float("nan"), float("inf"), np.float32("nan"), 10**400, "\ud800", "x" * 999):
        assert _select(value, "/./ -> \ud800\n", input_0=1, default=2)[3]["summary"]


def test_every_input_to_choose_from_is_lazy_and_optional_and_nothing_else_is():
    inputs = Select.INPUT_TYPES()
    assert list(inputs["required"]) == ["value", "cases"]
    assert list(inputs["optional"]) == [*INPUTS, "default", "if_missing"]
    assert all(inputs["optional"][name][1]["lazy"] for name in NOTHING_RUN)
    assert not any("lazy" in options for _, options in inputs["required"].values())
