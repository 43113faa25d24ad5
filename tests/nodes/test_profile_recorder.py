"""Recording without a server: cores that can't, errors of our own, memory of a card, and what is put around what."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from types import ModuleType, SimpleNamespace

import pytest
from switchyard_pack.nodes.host import profile_meters, profile_recorder, profile_routes
from switchyard_pack.nodes.host.prompts import handle_prompt

ASKS = {"switchyard_profile": True}
GRAPH = {"1": {"class_type": "Nap", "inputs": {}, "_meta": {"title": "a nap"}}, "2": {"class_type": "Gone"}}


class Progress(ModuleType):
    """Stands for comfy_execution.progress: the registry of one prompt at a time."""

    class ProgressHandler:
        def __init__(self, name):
            self.name, self.enabled = name, True

    def __init__(self):
        super().__init__("comfy_execution.progress")
        self.registry = SimpleNamespace(prompt_id="", handlers=[])

    def get_progress_state(self):
        return self.registry

    def add_progress_handler(self, handler):
        self.registry.handlers.append(handler)

    def start(self, prompt_id, execution):
        graph = SimpleNamespace(
            get_original_prompt=lambda: GRAPH,
            get_node=lambda node_id: GRAPH[node_id],
            get_display_node_id=lambda node_id: node_id,
            get_real_node_id=lambda node_id: node_id,
            get_parent_node_id=lambda node_id: None,
        )
        self.registry = SimpleNamespace(prompt_id=prompt_id, dynprompt=graph, handlers=[])
        execution.add_progress_handler(SimpleNamespace(name="webui"))
        return self.registry.handlers


class Queue:
    """Stands for ComfyUI's queue, with one prompt that runs or has ended."""

    def __init__(self):
        self.currently_running, self.history = {}, {}

    def run(self, prompt_id, extra_data):
        self.currently_running = {0: (0, prompt_id, GRAPH, extra_data, [])}

    def end(self, prompt_id, *messages):
        self.currently_running = {}
        self.history[prompt_id] = {"status": {"messages": list(messages)}}

    def get_history(self, prompt_id):
        return {key: value for key, value in self.history.items() if key == prompt_id}


@pytest.fixture
def core(monkeypatch):
    """A ComfyUI of stand-ins; each prompt runs when a test says so."""
    progress, execution, queue = Progress(), ModuleType("execution"), Queue()
    execution.add_progress_handler = progress.add_progress_handler
    server, nodes = ModuleType("server"), ModuleType("nodes")
    server.PromptServer = SimpleNamespace(instance=SimpleNamespace(prompt_queue=queue))
    nodes.NODE_CLASS_MAPPINGS = {}
    package = ModuleType("comfy_execution")
    package.progress = progress
    found = {"comfy_execution": package, "comfy_execution.progress": progress, "execution": execution}
    for name, module in {**found, "server": server, "nodes": nodes}.items():
        monkeypatch.setitem(sys.modules, name, module)
    for name in ("_recordings", "_told"):
        monkeypatch.setattr(profile_recorder, name, type(getattr(profile_recorder, name))())
    monkeypatch.setattr(profile_recorder.Recording, "start_sampling", lambda self: None)
    return SimpleNamespace(progress=progress, execution=execution, queue=queue)


def run(core, prompt_id, extra_data):
    """The handlers of a prompt that is queued and starts."""
    handle_prompt({"prompt": {}, "prompt_id": prompt_id, "extra_data": extra_data})
    core.queue.run(prompt_id, extra_data)
    return core.progress.start(prompt_id, core.execution)


def test_nothing_is_replaced_until_a_prompt_asks_and_then_once(core):
    original = core.execution.add_progress_handler
    assert [handler.name for handler in run(core, "a", {})] == ["webui"]
    assert core.execution.add_progress_handler == original
    assert [handler.name for handler in run(core, "b", ASKS)] == ["webui", "switchyard_profile"]
    replaced = core.execution.add_progress_handler
    assert replaced != original
    run(core, "c", ASKS)
    assert core.execution.add_progress_handler is replaced
    assert [handler.name for handler in run(core, "d", {})] == ["webui"]
    assert profile_recorder.recorded_ids() == ["b", "c"]


def test_other_packs_may_be_around_it_too_and_hand_more_over(core):
    run(core, "a", ASKS)
    ours = core.execution.add_progress_handler
    core.progress.add_progress_handler = lambda handler, extra=None: core.progress.registry.handlers.append(handler)
    core.execution.add_progress_handler = lambda handler: ours(handler)
    assert [handler.name for handler in run(core, "b", ASKS)][-1] == "switchyard_profile"


@pytest.mark.parametrize(
    ("lacks", "says"),
    [("ProgressHandler", "no progress handlers"), ("add_progress_handler", "adds its progress handlers elsewhere")],
)
def test_a_core_that_lacks_the_place_says_so_and_runs_the_prompt(core, monkeypatch, caplog, lacks, says):
    if lacks == "ProgressHandler":
        monkeypatch.delattr(Progress, "ProgressHandler")
    else:
        del core.execution.add_progress_handler
    with caplog.at_level(logging.WARNING):
        handle_prompt({"prompt": {}, "extra_data": ASKS})
        handle_prompt({"prompt": {}, "extra_data": ASKS})
    assert says in profile_recorder.why_not()
    assert len([record for record in caplog.records if says in record.message]) == 1


@pytest.mark.parametrize("extra", [None, "text", [ASKS], {"switchyard_profile": "on"}, {"switchyard_profile": False}])
def test_requests_of_any_shape_pass(core, extra):
    original = core.execution.add_progress_handler
    request = {"prompt": {}, "extra_data": extra}
    assert handle_prompt(request) is request
    assert core.execution.add_progress_handler == original


def test_a_profile_has_names_times_and_the_end_that_the_history_knows(core):
    _, handler = run(core, "a", ASKS)
    handler.start_handler("1", None, "a")
    handler.update_handler("1", 1, 2, None, "a", None)
    handler.finish_handler("1", None, "a")
    handler.finish_handler("2", None, "a")
    running = profile_recorder.profile_of("a")
    assert running["state"] == "running"
    began = running["began"]
    core.queue.end(
        "a", ("execution_cached", {"nodes": ["2"]}), ("execution_success", {"timestamp": (began + 7) * 1000})
    )
    found = json.loads(json.dumps(profile_recorder.profile_of("a")))
    assert (found["state"], found["seconds"]) == ("success", pytest.approx(7, abs=0.01))
    assert found["nodes"] == {
        "1": {"class_type": "Nap", "title": "a nap"}, "2": {"class_type": "Gone", "title": ""},
    }  # fmt: skip
    assert found["cached"] == {"2": 1}
    assert [(call["id"], call["status"], call["steps"]) for call in found["calls"]] == [("1", "done", 1)]


def test_when_the_next_prompt_starts_the_one_before_is_closed_and_lets_its_graph_go(core):
    _, handler = run(core, "a", ASKS)
    handler.start_handler("1", None, "a")
    core.queue.end("a", ("execution_error", {"timestamp": 0, "node_id": "1"}))
    handler.reset()
    assert profile_recorder._recordings["a"].registry is None
    assert profile_recorder.profile_of("a")["calls"][0]["status"] == "failed"


def test_a_run_that_ends_while_its_profile_is_asked_for_has_its_end_in_the_next_one(core, monkeypatch):
    run(core, "p1", ASKS)
    ask = core.queue.get_history

    def and_end(prompt_id):
        found = ask(prompt_id)
        core.queue.end("p1", ("execution_success", {"timestamp": 0}))
        return found

    monkeypatch.setattr(core.queue, "get_history", and_end)
    assert profile_recorder.profile_of("p1")["state"] == "running"
    core.queue.end("p1", ("execution_success", {"timestamp": 0}))
    assert profile_recorder.profile_of("p1")["state"] == "success"


def test_a_profile_is_not_closed_by_what_the_history_has_of_an_earlier_run_of_the_same_id(core):
    core.queue.end("p1", ("execution_success", {"timestamp": 0}))
    run(core, "p1", ASKS)
    assert profile_recorder.profile_of("p1")["state"] == "running"


def test_an_error_of_ours_ends_the_recording_and_never_the_run(core, caplog):
    handlers = run(core, "a", ASKS)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            handlers[1].start_handler("nobody knows it", None, "a")
    assert not handlers[1].enabled
    assert len([record for record in caplog.records if "recording stopped" in record.message]) == 1
    core.progress.registry.dynprompt = None
    core.queue.run("b", ASKS)
    registry = core.progress.registry
    registry.prompt_id = "b"
    core.execution.add_progress_handler(SimpleNamespace(name="webui"))
    assert "b" not in profile_recorder.recorded_ids()


def test_the_routes_tell_what_there_is(core, monkeypatch):
    web = SimpleNamespace(json_response=lambda body, status=200: (status, body))
    monkeypatch.setitem(sys.modules, "aiohttp", SimpleNamespace(web=web))
    run(core, "a", ASKS)

    def get(prompt_id):
        request = SimpleNamespace(match_info={"prompt_id": prompt_id}, path=f"/switchyard/profile/{prompt_id}")
        return asyncio.run(profile_routes._read(request))

    assert asyncio.run(profile_routes._list(None)) == (200, {"can_record": True, "reason": None, "prompt_ids": ["a"]})
    assert get("a")[1]["prompt_id"] == "a"
    assert get("b")[0] == 404
    monkeypatch.setattr(profile_routes, "profile_of", lambda prompt_id: 1 / 0)
    status, body = get("a")
    assert status == 500
    assert "ZeroDivisionError" in body["error"]


class Card:
    """Stands for torch.cuda: its peak is what a test says, until it is reset."""

    def __init__(self):
        self.peak, self.now, self.waits = 0, 0, 0

    def max_memory_allocated(self, device):
        return max(self.peak, self.now)

    def reset_peak_memory_stats(self, device):
        self.peak = self.now

    def mem_get_info(self, device):
        return 24 * 2**30 - self.now - 2**30, 24 * 2**30

    def synchronize(self, device):
        self.waits += 1

    def get_device_name(self, device):
        return "Some Card"


@pytest.fixture
def card(core, monkeypatch):
    card = Card()
    management = ModuleType("comfy.model_management")
    management.get_torch_device = lambda: SimpleNamespace(type="cuda", __str__=lambda self: "cuda:0")
    management.current_loaded_models = []
    monkeypatch.setitem(sys.modules, "comfy.model_management", management)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=card))
    card.models = management.current_loaded_models
    return card


def test_on_a_card_each_node_has_its_own_peak_and_its_models(core, card):
    _, handler = run(core, "a", {"switchyard_profile": {"accurate": True}})
    card.now = 2**30
    handler.start_handler("1", None, "a")
    card.peak = 5 * 2**30
    card.models.append(SimpleNamespace(model=SimpleNamespace(model=Progress())))
    handler.start_handler("2", None, "a")
    card.peak = 3 * 2**30
    card.models.clear()
    handler.finish_handler("2", None, "a")
    handler.finish_handler("1", None, "a")
    first, second = profile_recorder.profile_of("a")["calls"]
    assert first["peak_bytes"]["vram"] == 5 * 2**30
    assert second["peak_bytes"]["vram"] == 3 * 2**30
    assert second["peak_bytes"]["device"] == 2 * 2**30
    assert (first["loaded"], second["unloaded"]) == (["Progress"], ["Progress"])
    assert card.waits == 4
    assert "Some Card" in profile_recorder.profile_of("a")["device"]


def test_unless_it_is_to_be_accurate_a_card_is_not_waited_for_and_that_is_said(core, card):
    _, handler = run(core, "a", ASKS)
    handler.start_handler("1", None, "a")
    assert card.waits == 0
    assert any("works on while a node has ended" in remark for remark in profile_recorder.profile_of("a")["remarks"])


def test_without_psutil_memory_is_left_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert profile_meters.Meters(accurate=False).sample() == {}
