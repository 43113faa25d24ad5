"""The routes of templates without a server: how they get there, what they tell of nodes, and odd graphs."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from types import ModuleType, SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from switchyard_pack.nodes.host import routes
from switchyard_pack.nodes.host.http_answers import answering
from switchyard_pack.nodes.host.node_definitions import definitions


class Table(list):
    """Stands in for aiohttp's table of routes."""

    def get(self, path):
        return self._adder("GET", path)

    def post(self, path):
        return self._adder("POST", path)

    def delete(self, path):
        return self._adder("DELETE", path)

    def _adder(self, method, path):
        return lambda handler: self.append(SimpleNamespace(method=method, path=path, handler=handler))


@pytest.fixture
def server(monkeypatch):
    module = ModuleType("server")
    module.PromptServer = SimpleNamespace(instance=SimpleNamespace(routes=Table()))
    monkeypatch.setitem(sys.modules, "server", module)
    return module.PromptServer.instance


class Good:
    INPUT_TYPES = staticmethod(lambda: {"required": {"a": ("INT", {"max": 9})}, "hidden": {"prompt": "PROMPT"}})
    RETURN_TYPES = ("INT",)
    RELATIVE_PYTHON_MODULE = "custom_nodes.good"
    OUTPUT_NODE = True


class Failing(Good):
    @classmethod
    def INPUT_TYPES(cls):
        raise RuntimeError("no models folder")


class Unwritable(Good):
    INPUT_TYPES = staticmethod(lambda: {"required": {"a": (object(),)}})


class Newer:
    GET_NODE_INFO_V1 = staticmethod(lambda: {"input": {"required": {}}, "output": ("IMAGE",)})


CLASSES = {node.__name__: node for node in (Good, Failing, Unwritable, Newer)}


@pytest.fixture
def nodes(monkeypatch):
    module = ModuleType("nodes")
    module.NODE_CLASS_MAPPINGS = CLASSES
    module.NODE_DISPLAY_NAME_MAPPINGS = {"Good": "A good node"}
    monkeypatch.setitem(sys.modules, "nodes", module)


def test_the_routes_are_added_once_also_by_two_copies_of_the_pack(server):
    routes.register_routes()
    routes.register_routes()
    assert [(route.method, route.path) for route in server.routes] == [
        ("GET", "/switchyard/templates"),
        ("GET", "/switchyard/templates/{name}"),
        ("POST", "/switchyard/templates"),
        ("DELETE", "/switchyard/templates/{name}"),
        ("POST", "/switchyard/templates/{name}/rename"),
    ]


@pytest.mark.parametrize("module", [None, ModuleType("server"), SimpleNamespace(PromptServer=object)], ids=repr)
def test_without_a_server_nothing_is_added(monkeypatch, module):
    monkeypatch.setitem(sys.modules, "server", module)
    routes.register_routes()


def test_nodes_are_described_as_object_info_does(nodes):
    assert definitions(["Good", "Newer", "Good"]) == {
        "Good": {
            "input": {"required": {"a": ["INT", {"max": 9}]}},
            "output": ["INT"],
            "output_name": ["INT"],
            "name": "Good",
            "display_name": "A good node",
            "python_module": "custom_nodes.good",
            "output_node": True,
        },
        "Newer": {"input": {"required": {}}, "output": ["IMAGE"]},
    }


def test_nodes_that_fail_or_are_not_there_are_left_out(nodes):
    assert definitions(["Failing", "Unwritable", "NotThere"]) == {}


def answer(handle):
    reply = asyncio.run(answering(handle)(SimpleNamespace(method="GET", path="/switchyard/templates")))
    return reply.status, json.loads(reply.body)


def failing_with(error):
    async def handle(_):
        raise error

    return handle


def test_a_full_disk_is_a_sentence_and_a_line_in_the_log(caplog):
    status, body = answer(failing_with(OSError(28, "No space left on device")))
    assert (status, body) == (503, {"error": "A file or folder can't be used: No space left on device."})
    assert len(caplog.records) == 1


def test_a_mistake_of_ours_is_a_sentence_and_its_traceback_is_in_the_log(caplog):
    with caplog.at_level(logging.ERROR):
        status, body = answer(failing_with(KeyError("x")))
    assert status == 500
    assert "KeyError: 'x'" in body["error"]
    assert "Traceback" not in body["error"]
    assert "Traceback" in caplog.text


def test_a_folder_that_can_not_be_made_is_no_fault_of_the_graph(nodes, tmp_path):
    (tmp_path / "switchyard").write_text("a file stands in the way")
    body = {"name": "a", "output": {"1": {"class_type": "Good", "inputs": {"a": 1}}}}
    with pytest.raises(routes.RefusedError, match="can't be written") as caught:
        routes._save_in(tmp_path / "switchyard" / "templates", body)
    assert caught.value.status == 503


LITERALS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
JSON = st.recursive(LITERALS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
CLASS_NAMES = st.sampled_from([
    "Good", "Failing", "Newer", "Other", "KSampler", "CLIPTextEncode", "SwitchyardIntegerParameter", "TemplateParam",
])  # fmt: skip
INPUT_NAMES = st.sampled_from(["a", "name", "value", "type", "seed", "positive", "text", "min", "order", "choices"])
LINKS = st.tuples(st.sampled_from(["1", "2", "3"]), st.integers(-1, 3)).map(list)
NODES = st.fixed_dictionaries(
    {"class_type": CLASS_NAMES | JSON, "inputs": st.dictionaries(INPUT_NAMES, LINKS | JSON, max_size=4) | JSON},
    optional={"_meta": JSON},
)
GRAPHS = st.dictionaries(st.sampled_from(["1", "2", "3"]), NODES | JSON, max_size=3)
NAMES = st.sampled_from(["a", "b-1"]) | JSON
BODIES = st.fixed_dictionaries(
    {"name": NAMES, "output": GRAPHS | JSON},
    optional={"title": st.text() | JSON, "description": JSON, "overwrite": JSON, "workflow": JSON},
)


@settings(deadline=None, max_examples=100, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(body=BODIES)
def test_whatever_is_sent_is_saved_or_refused_in_words(body, tmp_path_factory):
    """And never an error that nobody foresaw; what is saved can be read and listed."""
    module = ModuleType("nodes")
    module.NODE_CLASS_MAPPINGS = CLASSES
    module.NODE_DISPLAY_NAME_MAPPINGS = {}
    folder = tmp_path_factory.mktemp("user") / "templates"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "nodes", module)
        try:
            saved = routes._save_in(folder, body)
        except routes.RefusedError as problem:
            refusal = problem
        else:
            assert routes._document_in(folder, saved["name"])["graph"].keys() == body["output"].keys()
            assert [entry["error"] for entry in routes._all_in(folder)] == [None]
            return
    assert 400 <= refusal.status < 500
    assert str(refusal)
    assert not folder.exists()
