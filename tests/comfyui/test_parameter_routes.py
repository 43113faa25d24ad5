"""The route that judges parameters for the page: the sentences of a run, and nothing that a request can break."""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

import pytest
from graphs import node

ROUTE = "/switchyard/parameters"
HIGHEST = 2**53 - 1


@pytest.fixture
def ask(server):
    def ask(body, kind="application/json", method="POST"):
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
        try:
            data = json.dumps(body) if isinstance(body, dict) else body
            connection.request(method, ROUTE, data, {"Content-Type": kind} if kind else {})
            reply = connection.getresponse()
            text = reply.read().decode()
            return reply.status, json.loads(text) if "json" in reply.headers.get("Content-Type", "") else text
        finally:
            connection.close()

    return ask


@pytest.fixture
def judged(ask):
    """What is said of one parameter."""

    def judged(class_type, *others, **inputs):
        graph = {"1": node(class_type, **inputs), **{str(number): one for number, one in enumerate(others, 2)}}
        status, answer = ask({"graph": graph})
        assert status == 200, answer
        return answer["parameters"]["1"]

    return judged


def test_a_parameter_is_told_with_its_limits_and_the_value_to_write(judged):
    assert judged("SwitchyardIntegerParameter", name="steps", value=" 3e1 ", min="1", max="150", step="5") == {
        "type": "integer", "problem": None, "value_problem": None, "value": 30, "min": 1, "max": 150, "step": 5,
        "choices": None,
    }  # fmt: skip


VALUES = (
    ("Text", "", ""), ("Integer", "12", 12), ("Number", "1e-2", 0.01), ("Boolean", True, True), ("Choice", "x", "x"),
    ("Seed", str(HIGHEST), HIGHEST), ("Image", "astronaut.png", "astronaut.png"),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "typed", "written"), VALUES)
def test_what_is_typed_becomes_what_the_node_holds(judged, kind, typed, written):
    found = judged(f"Switchyard{kind}Parameter", name="it", value=typed)
    assert (found["problem"], found["value_problem"], found["value"]) == (None, None, written)


@pytest.mark.parametrize(("kind", "typed"), [("integer", "30"), ("boolean", "TRUE"), ("number", " 1e3"), ("text", "5")])
def test_the_general_parameter_holds_text_as_it_was_typed(judged, kind, typed):
    assert judged("TemplateParam", name="it", type=kind, value=typed)["value"] == typed


BAD = (
    ("Integer", {"value": "4.7"}), ("Integer", {"value": "many"}), ("Integer", {"value": "200", "max": "150"}),
    ("Number", {"value": "1e999"}), ("Number", {"value": ""}), ("Boolean", {"value": "true"}),
    ("Choice", {"value": "z", "choices": "x\ny"}), ("Choice", {"value": " "}), ("Seed", {"value": "-1"}),
    ("Image", {"value": "nowhere.png"}), ("Image", {"value": "../../secret.png"}),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "inputs"), BAD, ids=repr)
def test_a_wrong_value_is_refused_in_the_words_of_a_run(judged, server, kind, inputs):
    class_type = f"Switchyard{kind}Parameter"
    found = judged(class_type, name="it", **inputs)
    assert found["value"] is None
    graph = {"1": node(class_type, name="it", **inputs), "2": node("PreviewAny", source=["1", 0])}
    status, answer = server.post("/prompt", {"prompt": graph})
    assert status == 400
    assert found["value_problem"] in json.dumps(answer, ensure_ascii=False).replace('\\"', '"')


def test_a_seed_that_a_page_would_round_is_refused(judged):
    assert judged("SwitchyardSeedParameter", value=str(HIGHEST))["value"] == HIGHEST
    found = judged("SwitchyardSeedParameter", value=str(2**64 - 1))
    assert "command line" in found["value_problem"]
    assert found["value"] is None


def test_what_is_wrong_with_the_parameter_does_not_hold_a_value_up(judged):
    found = judged("SwitchyardIntegerParameter", name="Bad name", value="7", min="x")
    assert "a name is made of" in found["problem"]
    assert (found["value_problem"], found["value"]) == (None, 7)
    twin = node("SwitchyardIntegerParameter", name="it", value=1)
    found = judged("SwitchyardIntegerParameter", twin, name="it", value="7")
    assert "nodes 1 and 2 have this name" in found["problem"]
    assert found["value"] == 7


def test_choices_are_its_own_or_those_of_what_it_feeds(judged):
    sampler, split = node("KSampler", scheduler=["1", 0]), node("SwitchyardRefinerSplit", scheduler=["1", 0])
    assert judged("SwitchyardChoiceParameter", value="x", choices="x\n y \n\nx")["choices"] == ["x", "y"]
    assert judged("SwitchyardChoiceParameter", value="x")["choices"] is None
    fed = judged("SwitchyardChoiceParameter", sampler, split, value="karras")
    assert "karras" in fed["choices"]
    assert (fed["value_problem"], fed["value"]) == (None, "karras")
    found = judged("SwitchyardChoiceParameter", sampler, value="nobody")
    assert "scheduler of node 2 (KSampler) does not take it" in found["value_problem"]
    assert "astronaut.png" in judged("SwitchyardImageParameter", value="astronaut.png")["choices"]


def test_the_files_of_pictures_are_left_out_on_demand(ask):
    graph = {
        "1": node("SwitchyardImageParameter", value="astronaut.png"),
        "2": node("SwitchyardChoiceParameter", value="x", choices="x"),
    }
    told = ask({"graph": graph, "files": False})[1]["parameters"]
    assert "choices" not in told["1"]
    assert told["1"]["value"] == "astronaut.png"
    assert told["2"]["choices"] == ["x"]
    assert ask({"graph": graph, "files": "no"})[0] == 400


def test_a_value_that_a_link_brings_is_left_alone(judged):
    found = judged("SwitchyardIntegerParameter", node("PrimitiveInt", value=3), name="it", value=["2", 0])
    assert (found["problem"], found["value_problem"], found["value"]) == (None, None, None)


def test_what_is_no_parameter_is_not_told(ask):
    graph = {"1": node("KSampler"), "2": node("TemplateParam", type="mesh", value="x"), "3": node("Nobody")}
    assert ask({"graph": graph}) == (200, {"parameters": {}})


BODIES = (
    b"", b"[]", b"{", b'{"graph": NaN}', b"[" * 100_000, {}, {"graph": []}, {"graph": None}, {"graph": {"1": 1}},
    {"graph": {"1": {}}}, {"graph": {"1": {"class_type": "X", "inputs": []}}},
    {"graph": {"1": {"class_type": ["X"], "inputs": {}}}}, {"graph": {"1": {"class_type": None, "inputs": {}}}},
)  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body)[:40])
def test_what_is_no_graph_is_refused_in_words(ask, body):
    status, answer = ask(body)
    assert status == 400
    assert set(answer) == {"error"}
    assert 0 < len(answer["error"]) < 500


ODD = (
    {"value": {"a": 1}}, {"value": None}, {"value": [1, 2, 3]}, {"value": {"__value__": [1]}}, {"name": 5, "value": 1},
    {"name": ["2", 0], "value": 1}, {"name": {"a": 1}, "value": 1}, {"min": {}, "value": 1},
    {"choices": [], "value": 1},
    {"default": 10**400, "value": 1}, {"value": 10**400}, {"value": "9" * 5000}, {"value": "\ud800"}, {},
)  # fmt: skip


@pytest.mark.parametrize("inputs", ODD, ids=lambda inputs: ascii(inputs)[:40])
@pytest.mark.parametrize("kind", ["integer", "text", "boolean", "choice", "image", "seed", "number"])
def test_whatever_a_graph_holds_is_answered(ask, kind, inputs):
    classes = ("TemplateParam", f"Switchyard{kind.title()}Parameter")
    graph = {
        str(number): {"class_type": name, "inputs": {"type": kind, **inputs}} for number, name in enumerate(classes)
    }
    status, answer = ask({"graph": graph})
    assert status == 200, answer
    assert set(answer["parameters"]) == {"0", "1"}


def test_what_a_form_of_another_site_can_send_is_refused(ask):
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        assert ask({"graph": {}}, kind)[0] == 415
    assert ask({"graph": {}}, method="GET")[0] in (404, 405)
