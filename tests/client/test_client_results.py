"""What the client reads from a server's records and events."""

from __future__ import annotations

import json
import struct
import time

import pytest
from client_graphs import text_to_image
from switchyard.client import Client
from switchyard.connection import Connection
from switchyard.errors import JobFailed, JobInterrupted, NodeFailed, OutOfMemory
from switchyard.events import Event, EventStream, read_event
from switchyard.job import Job
from switchyard.results import OutputFile, Result, read_result

GRAPH = text_to_image()


def entry(*messages, outputs=None, **status):
    return {"outputs": outputs or {}, "status": {"messages": list(messages), **status}}


def failure(**data):
    told = {"node_id": "6", "node_type": "KSampler", "exception_type": "ValueError", "exception_message": "too dark\n"}
    return ["execution_error", {**told, "current_inputs": {"key": ["s3cret"]}, **data}]


def test_a_result():
    picture = {"filename": "a.png", "subfolder": "b", "type": "output"}
    outputs = {
        "8": {"images": [picture, {"filename": "t.png", "subfolder": "", "type": "temp"}], "animated": [False]},
        "9": {"gifs": [{"filename": "v.mp4"}], "text": ["hello"]},
    }
    messages = [
        ["execution_start", {"timestamp": 1000}],
        ["execution_cached", {"nodes": ["1", "3"], "timestamp": 1001}],
        ["execution_success", {"timestamp": 3500}],
    ]
    result = read_result(entry(*messages, outputs=outputs), GRAPH, "id")
    assert [(file.node, file.filename, file.kind, file.type) for file in result.files] == [
        ("8", "a.png", "images", "output"),
        ("8", "t.png", "images", "temp"),
        ("9", "v.mp4", "gifs", "output"),
    ]
    assert [file.filename for file in result.kept] == ["a.png", "v.mp4"]
    assert result.cached == {"1", "3"}
    assert result.seconds == 2.5
    assert result.outputs["9"]["text"] == ["hello"]


@pytest.mark.parametrize("status", [None, {}, {"messages": None}, {"messages": ["?", [1]]}])
def test_a_record_that_says_nothing_is_of_a_job_that_ended(status):
    assert read_result({"outputs": {}, "status": status}, GRAPH, "id").seconds is None


def test_a_failure_names_node_class_and_error_and_no_secret():
    with pytest.raises(NodeFailed) as caught:
        read_result(entry(failure()), GRAPH, "id")
    error = caught.value
    assert (error.node_id, error.class_type, error.exception_type, error.message) == (
        "6", "KSampler", "ValueError", "too dark",
    )  # fmt: skip
    assert str(error) == "Node 6 (KSampler) failed: ValueError: too dark"
    assert not isinstance(error, OutOfMemory)
    with pytest.raises(NodeFailed, match=r"Node 6 \(KSampler\) failed"):
        read_result(entry(failure()), {}, "id")


@pytest.mark.parametrize(
    "data",
    [
        {"exception_type": "torch.OutOfMemoryError"},
        {"exception_type": "torch.cuda.OutOfMemoryError"},
        {"exception_type": "RuntimeError", "exception_message": "CUDA error: out of memory"},
    ],
)
def test_memory(data):
    with pytest.raises(OutOfMemory):
        read_result(entry(failure(**data)), GRAPH, "id")


def test_the_last_word_counts():
    with pytest.raises(JobInterrupted, match=r"at node 6 \(KSampler\)"):
        read_result(entry(["execution_interrupted", {"node_id": "6"}]), GRAPH, "id")
    read_result(entry(failure(exception_type="ExecutionBlocked"), ["execution_success", {}]), GRAPH, "id")
    with pytest.raises(JobFailed, match="does not say why"):
        read_result(entry(status_str="error"), GRAPH, "id")


@pytest.mark.parametrize(
    ("kind", "data", "event"),
    [
        ("execution_start", {}, Event("start")),
        ("execution_cached", {"nodes": ["1"]}, Event("cached", nodes=("1",))),
        ("executing", {"node": "6"}, Event("node", "6")),
        ("executing", {"node": None}, Event("end")),
        ("progress", {"node": "6", "value": 3, "max": 20}, Event("progress", "6", 3, 20)),
        ("executed", {"node": "8", "output": {"a": 1}}, Event("output", "8", data={"a": 1})),
        ("execution_error", {"node_id": "6", "exception_type": "ValueError"}, Event("end", "6")),
        (
            "execution_error",
            {"node_id": "6", "exception_type": "ExecutionBlocked", "exception_message": "closed\n"},
            Event("blocked", "6", text="closed"),
        ),
        ("progress_state", {"nodes": {}}, None),
    ],
)
def test_an_event(kind, data, event):
    assert read_event(kind, data) == event


@pytest.fixture
def stream():
    return EventStream(Connection("http://host"), "me", "mine")


def told(kind, **data):
    return json.dumps({"type": kind, "data": data})


def test_only_my_job_is_heard(stream):
    assert stream._read(told("progress", prompt_id="other", value=1, max=2)) is None
    assert stream._read(told("status", status={})) is None
    assert stream._read("[]") is None
    picture = struct.pack(">II", 1, 1) + b"JPEG"
    assert stream._read(picture) is None  # of whose job it is, is not said, and mine has not started
    assert stream._read(told("execution_start", prompt_id="mine")) == Event("start")
    assert stream._read(picture) == Event("preview", data=b"JPEG")


@pytest.mark.parametrize(("owner", "is_heard"), [("mine", True), ("other", False)])
def test_a_preview_that_says_whose_it_is(stream, owner, is_heard):
    about = json.dumps({"prompt_id": owner, "display_node_id": "6", "image_type": "image/png"}).encode()
    found = stream._read(struct.pack(">II", 4, len(about)) + about + b"PNG")
    assert found == (Event("preview", "6", data=b"PNG") if is_heard else None)


def sent(node, data=b"PNG"):
    about = json.dumps({"prompt_id": "mine", "display_node_id": node}).encode()
    return struct.pack(">II", 4, len(about)) + about + data


def test_pictures_are_kept_of_the_nodes_that_send_them(stream):
    stream.keep(frozenset({"9"}))
    start, end = told("execution_start", prompt_id="mine"), told("execution_success", prompt_id="mine")
    stream._read(sent("9"))
    assert (stream.kept, stream.has_heard_all) == ([("9", b"PNG")], False)
    for message in (start, sent("9", b"one"), sent("6"), sent("9", b"two"), end):
        stream._read(message)
    assert (stream.kept, stream.has_heard_all) == ([("9", b"one"), ("9", b"two")], True)


def test_a_picture_that_does_not_say_whose_it_is_is_of_the_node_that_runs(stream):
    stream.keep(frozenset({"9"}))
    stream._read(told("execution_start", prompt_id="mine"))
    for node, shown_as in (("6", "6"), ("9", "9"), ("8.a1.9", "9")):
        stream._read(told("executing", prompt_id="mine", node=node, display_node=shown_as))
        stream._read(struct.pack(">II", 1, 2) + node.encode())
    assert stream.kept == [("9", b"9"), ("9", b"8.a1.9")]


def test_who_comes_late_has_not_heard_all(stream):
    stream._read(told("executing", prompt_id="mine", node="9"))
    stream._read(told("execution_success", prompt_id="mine"))
    assert not stream.has_heard_all


class Socket:
    """A server's socket that is slow to tell how a job went on."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def send(self, message):
        pass

    def close(self):
        pass

    def __iter__(self):
        yield told("execution_start", prompt_id="mine")
        time.sleep(0.2)
        yield told("executed", prompt_id="mine", node="9", output={})
        yield told("execution_success", prompt_id="mine")
        time.sleep(1)


def test_the_last_events_are_told_although_the_history_has_the_end_before_them(monkeypatch):
    monkeypatch.setattr("switchyard.events._connect", lambda *_: Socket())
    heard = []
    with Client("http://127.0.0.1:9") as client:
        monkeypatch.setattr(client, "history", lambda *_, **__: entry(status_str="success", completed=True))
        stream = client.listen("mine")
        assert stream.wait_until_open(5)
        while not stream.has_heard_start:
            time.sleep(0.01)
        Job(client, "mine").wait(on_event=heard.append, stream=stream)
    assert [event.kind for event in heard] == ["start", "output", "end"]


def test_what_was_sent_is_saved_as_a_file_is(tmp_path):
    file = OutputFile("9", "websocket_00001_.png", "", "websocket", "images", b"PNG")
    with Client("http://127.0.0.1:9") as client:
        first, second = (client.download(file, tmp_path) for _ in range(2))
        assert client.view(file) == b"PNG"
    assert [first.path.name, second.path.name] == ["websocket_00001_.png", "websocket_00001__2.png"]
    assert (first.path.read_bytes(), first.bytes) == (b"PNG", 3)
    assert Result("id", (file, OutputFile("1", "a.png", "", "temp"))).kept == (file,)


def test_a_text_of_a_node(stream):
    stream._read(told("execution_start", prompt_id="mine"))
    assert stream._read(struct.pack(">II", 3, 2) + b"12half done") == Event("text", "12", text="half done")


def test_where_no_socket_is_there_are_no_events():
    stream = EventStream(Connection("http://127.0.0.1:9"), "me", "mine").start()
    assert not stream.wait_until_open(5)
    assert stream.take(0) == []
    stream.close()
