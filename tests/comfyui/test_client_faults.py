"""The client against a real server, in whatever way a job, the server or the way to it can fail.

The caller is told what happened within ten seconds, never waits for ever, and no job runs twice.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from faulty_proxy import proxy_to
from graphs import catch, marked, node
from switchyard.client import Client
from switchyard.errors import (
    JobInterrupted,
    JobLost,
    JobStalled,
    JobTimeout,
    NodeFailed,
    OutOfMemory,
    PartialPrompt,
    PromptRejected,
    ServerUnavailable,
)

from engine.server import Server

LATEST_S = 10  # how long after a fault its news may come


@pytest.fixture
def client(server):
    with Client(server.url) as client:
        yield client


@pytest.fixture(scope="module")
def fragile(make_server):
    """A server that may be harmed."""
    return make_server("fragile").start()


def fault(kind="none", label="", seconds=0.0, previews=0):
    label = label or uuid.uuid4().hex
    return {"9": node("ProbeFault", kind=kind, label=label, seconds=seconds, previews=previews)}


@contextlib.contextmanager
def in_time(seconds=LATEST_S):
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds


def until_it_runs(client, job):
    deadline = time.monotonic() + 30
    while client.place_in_queue(job.id) != 0:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def busy(client):
    """A job that runs for long, so that what is queued behind it waits."""
    job = client.submit(fault(seconds=60))
    until_it_runs(client, job)
    yield job
    job.cancel()
    with pytest.raises(JobInterrupted), in_time():
        job.wait(LATEST_S)


def test_a_picture_is_made_fetched_and_the_second_time_cached(client, tmp_path):
    graph = {"1": node("EmptyImage", width=8, height=8, batch_size=2, color=7)}
    graph["2"] = node("SaveImage", images=["1", 0], filename_prefix=f"client/{uuid.uuid4().hex}")
    first = client.submit(graph).wait(60)
    assert [(file.node, file.type, file.kind) for file in first.files] == [("2", "output", "images")] * 2
    assert first.seconds is not None
    saved = first.download(tmp_path)
    assert [path.read_bytes()[:4] for path in saved] == [b"\x89PNG"] * 2
    again = client.submit(graph).wait(60)
    assert again.cached == {"1", "2"}
    assert again.files == first.files


def test_a_job_that_is_cached_a_hundred_times_never_hangs(client):
    graph = {"1": marked("cached"), "9": catch("1")}
    with in_time(60):
        for number in range(100):
            client.submit(graph).wait(20, on_event=print if number % 2 else None)


def test_who_comes_late_does_not_hang(client):
    job = client.submit(fault())
    time.sleep(1)
    with in_time(2):
        job.wait(on_event=lambda event: None)
    with in_time(2):
        client.job(job.id).wait(on_event=lambda event: None)


def test_previews_steps_and_nodes_are_told(client):
    events, prompt_id = [], str(uuid.uuid4())
    stream = client.listen(prompt_id)
    assert stream.wait_until_open(10)
    graph = {"1": marked("first"), **fault(previews=30, seconds=0.5), "8": catch("1")}
    client.submit(graph, prompt_id=prompt_id).wait(60, on_event=events.append, stream=stream)
    kinds = [event.kind for event in events if event.kind != "queue"]
    assert kinds[0] == "start"
    assert kinds[-1] == "end"
    assert {event.node for event in events if event.kind == "node"} == {"1", "8", "9"}
    assert {event.node for event in events if event.kind == "output"} == {"1", "8", "9"}
    pictures = [event for event in events if event.kind == "preview"]
    assert all(event.data[:2] == b"\xff\xd8" and event.node == "9" for event in pictures)
    assert [(event.value, event.max) for event in events if event.kind == "progress"][-1] == (30, 30)


def test_previews_of_other_jobs_are_not_mine(client):
    """A job without a client's name sends its events to everybody."""
    stranger = str(uuid.uuid4())
    client._connection.post("/prompt", {"prompt": fault(previews=60, seconds=1.0), "prompt_id": stranger})
    events = []
    client.submit(fault(previews=3)).wait(60, on_event=events.append)
    assert len([event for event in events if event.kind == "progress"]) <= 3
    assert len([event for event in events if event.kind == "preview"]) <= 3


@pytest.mark.parametrize("hears", [False, True])
def test_a_node_that_fails_is_named(client, hears):
    job = client.submit(fault("raise", "cellar" + str(hears)))
    with in_time(), pytest.raises(NodeFailed, match="Node 9") as caught:
        job.wait(on_event=(lambda event: None) if hears else None)
    error = caught.value
    assert (error.node_id, error.class_type, error.exception_type) == ("9", "ProbeFault", "ValueError")
    assert error.message == "too dark: cellar" + str(hears)
    assert not error.retryable


def test_memory_that_ran_out_is_told_apart_and_can_be_freed(client):
    with in_time(), pytest.raises(OutOfMemory) as caught:
        client.submit(fault("memory")).wait()
    assert caught.value.retryable
    client.free()
    client.submit(fault()).wait(30)


def test_an_invalid_graph_names_node_and_input(client):
    with in_time(), pytest.raises(PromptRejected, match=r"node 9 \(ProbeFault\), kind: Value not in list"):
        client.submit(fault("nonsense"))


def test_a_partly_invalid_graph_does_not_run(client):
    graph = {**fault(), "8": fault("nonsense")["9"]}
    prompt_id = str(uuid.uuid4())
    with in_time(), pytest.raises(PartialPrompt, match=r"node 8 \(ProbeFault\), kind"):
        client.submit(graph, prompt_id=prompt_id)
    result = client.submit(graph, allow_partial=True).wait(30)
    assert list(result.outputs) == ["9"]
    assert "node 8" in result.warnings[0]


def test_an_interrupted_job_is_no_success(client):
    job = client.submit(fault(seconds=60))
    until_it_runs(client, job)
    threading.Timer(0.3, lambda: client.cancel(job.id)).start()
    with in_time(), pytest.raises(JobInterrupted, match="at node 9"):
        job.wait()


@pytest.mark.parametrize("request_body", [{"clear": True}, "delete"])
@pytest.mark.parametrize("hears", [False, True])
def test_a_job_that_is_taken_out_of_the_queue_is_noticed(client, busy, request_body, hears):
    job = client.submit(fault())
    body = {"delete": [job.id]} if request_body == "delete" else request_body
    events = []
    threading.Timer(0.3, lambda: client._connection.post("/queue", body)).start()
    with in_time(), pytest.raises(JobLost, match="took it out of the queue") as caught:
        job.wait(on_event=events.append if hears else None)
    assert caught.value.retryable
    assert [(event.kind, event.value) for event in events] == ([("queue", 1)] if hears else [])


def test_cancelling_harms_no_other_job(client, busy):
    waiting = client.submit(fault())
    waiting.cancel()
    assert client.place_in_queue(busy.id) == 0
    assert client.place_in_queue(waiting.id) is None


def test_a_job_that_takes_too_long_goes_on(client, busy):
    with in_time(3), pytest.raises(JobTimeout):
        busy.wait(0.5)
    assert client.place_in_queue(busy.id) == 0


def test_a_job_that_does_not_get_on_is_stopped_and_one_that_waits_is_not(client):
    stuck = client.submit(fault(seconds=60))
    waiting = client.submit(fault())
    with ThreadPoolExecutor(1) as thread:
        other = thread.submit(lambda: waiting.wait(30, stall_s=8))
        with in_time(), pytest.raises(JobStalled) as caught:
            stuck.wait(stall_s=2)
        assert caught.value.retryable
        other.result()


def test_a_job_is_adopted_wherever_it_is(client, busy):
    prompt_id, graph = str(uuid.uuid4()), fault()
    assert not client.submit(graph, prompt_id=prompt_id).adopted
    assert client.submit(graph, prompt_id=prompt_id).adopted
    assert client.submit(graph, prompt_id=busy.id).adopted
    client.cancel(prompt_id)
    done = str(uuid.uuid4())
    busy.client.submit({"1": marked("adopted"), "9": catch("1")}, prompt_id=done)
    client.cancel(done)


def test_through_a_proxy_that_loses_every_fifth_answer_no_job_runs_twice(client, server, tmp_path):
    graph = {"1": node("EmptyImage", width=8, height=8, batch_size=1, color=7)}
    wanted = [str(uuid.uuid4()) for _ in range(20)]
    with proxy_to(server.url) as proxy, Client(proxy.url) as behind:
        proxy.lose_every = 5
        for number, prompt_id in enumerate(wanted):
            graph["2"] = node("SaveImage", images=["1", 0], filename_prefix=f"lossy/{prompt_id}")
            result = behind.submit(graph, prompt_id=prompt_id).wait(30, on_event=None if number % 2 else print)
            (path,) = result.download(tmp_path)
            assert path.name.startswith(prompt_id)
    assert sorted(proxy.queued) == sorted(wanted)
    assert len(list(tmp_path.iterdir())) == len(wanted)


def test_behind_a_proxy_that_answers_500_after_queueing_no_job_runs_twice(server):
    with proxy_to(server.url) as proxy, Client(proxy.url) as behind:
        proxy.breaks_submissions = True
        jobs = [behind.submit(fault()) for _ in range(5)]
        for job in jobs:
            assert job.adopted
            job.wait(30)
    assert sorted(proxy.queued) == sorted(job.id for job in jobs)


def test_behind_a_slow_proxy_no_job_runs_twice(client, server):
    with proxy_to(server.url) as proxy, Client(proxy.url) as patient, Client(proxy.url, timeout_s=1) as hasty:
        proxy.latency_s = 3
        with ThreadPoolExecutor(2) as threads:
            waits = list(threads.map(lambda _: patient.submit(fault()).wait(30).prompt_id, range(2)))
        prompt_id, graph = str(uuid.uuid4()), fault()
        with pytest.raises(ServerUnavailable, match="too long"):
            hasty._post_prompt({"prompt": graph, "prompt_id": prompt_id}, prompt_id)
        again = client.submit(graph, prompt_id=prompt_id)
        assert again.adopted
        again.wait(30)
    assert sorted(proxy.queued) == sorted([*waits, prompt_id])


def test_a_listener_that_stopped_reading_does_not_stop_my_jobs(fragile: Server):
    place = urlsplit(fragile.url)
    with socket.socket() as stalled, Client(fragile.url) as client:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.connect((place.hostname, place.port))
        lines = [
            "GET /ws?clientId=stalled HTTP/1.1", f"Host: {place.netloc}", "Connection: Upgrade", "Upgrade: websocket",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "", "",
        ]  # fmt: skip
        stalled.sendall("\r\n".join(lines).encode())
        assert b"101" in stalled.recv(1000)
        body = {"prompt": fault(previews=150), "prompt_id": str(uuid.uuid4()), "client_id": "stalled"}
        client._connection.post("/prompt", body)
        with in_time(60):
            client.job(body["prompt_id"]).wait(50)
            for number in range(20):
                client.submit(fault()).wait(20, on_event=print if number % 2 else None)


def test_a_server_that_dies_is_waited_for_and_one_that_came_back_has_lost_the_job(fragile: Server):
    client = Client(fragile.url)
    job = client.submit(fault("exit", seconds=1))
    with in_time(), pytest.raises(ServerUnavailable, match="silent for 3 s"):
        job.wait(patience_s=3)
    with pytest.raises(ServerUnavailable, match="Is it running"):
        client.submit(fault())
    back = []

    def restart() -> None:
        fragile.start()
        back.append(time.monotonic())

    starter = threading.Thread(target=restart)
    starter.start()
    with pytest.raises(JobLost):
        job.wait(patience_s=120)
    starter.join()
    assert time.monotonic() - back[0] < LATEST_S
    client.submit(fault()).wait(30)
