"""Profiles of a real server: every way in which a node can run, end or be left out, each with its time.

Naps tell how long they took by their own clock, so that a busy machine makes no test fail.
"""

from __future__ import annotations

import json
import threading
import time
import uuid

import pytest
import switchyard
from gate_graphs import first_bright, gate_graph
from graphs import catch, node
from profile_records import assert_nested
from switchyard.cli import main
from switchyard.client import Client
from switchyard.profile import read_profile, take_profile

NEAR_S = 0.1  # what a busy machine may add between a node's own clock and ours; on a quiet one it is a millisecond


@pytest.fixture(scope="module")
def client(server):
    with Client(server.url) as client:
        yield client


@pytest.fixture
def take(client):
    """Profiles a graph; its trace must be nested whatever it was."""

    def take(graph, **options):
        profile = take_profile(client, graph, timeout_s=60, **options)
        assert profile.source == "server"
        assert_nested(profile.trace())
        return profile

    return take


def nap(seconds, steps=0, label="", **inputs):
    return node("ProbeNap", label=label or uuid.uuid4().hex, seconds=seconds, steps=steps, **inputs)


def async_nap(seconds, label="", **inputs):
    return node("ProbeAsyncNap", label=label or uuid.uuid4().hex, seconds=seconds, steps=0, **inputs)


def rows(profile):
    return {row.node: row for row in profile.rows}


def own_times(client, profile):
    """How long naps took by their own clock."""
    outputs = client.history(profile.prompt_id)["outputs"]
    return {name: output["took"][0] for name, output in outputs.items() if "took" in output}


def assert_near(client, profile):
    for name, took in own_times(client, profile).items():
        assert took - 0.001 <= rows(profile)[name].self_s < took + NEAR_S


def test_nodes_one_after_another_fill_the_run(client, take):
    profile = take({"1": nap(0.4, steps=4), "2": nap(0.2, value=["1", 0]), "9": catch("2")})
    assert_near(client, profile)
    assert len(own_times(client, profile)) == 2
    found = rows(profile)
    assert [row.node for row in profile.rows] == ["1", "2", "9"]
    assert found["1"].steps == 4
    assert 0.1 <= found["1"].seconds_per_step < 0.2
    assert found["1"].peak_bytes.keys() == {"ram"}  # no card here: no number for one
    assert profile.state == "success"
    assert profile.seconds - profile.top_level_s < max(0.02 * profile.seconds, NEAR_S)
    assert profile.device == "cpu"
    assert profile.comfyui


def test_what_was_cached_is_told_and_has_no_time(take):
    graph = {"1": nap(0.05), "9": catch("1")}
    assert not rows(take(graph))["1"].cached
    again = rows(take(graph))
    assert {name: (row.cached, row.calls, row.self_s) for name, row in again.items()} == {
        "1": (1, 0, None), "9": (1, 0, None),
    }  # fmt: skip


def test_a_node_that_fails_is_closed_and_marked(take):
    graph = {"1": nap(0.05), "9": node("ProbeFault", kind="raise", label=uuid.uuid4().hex, seconds=0.1, previews=0)}
    profile = take({**graph, "8": catch("1")})
    found = rows(profile)
    assert profile.state == "error"
    assert found["9"].status == "failed"
    assert found["9"].self_s >= 0.1
    assert "too dark" in profile.remarks[-1]
    assert {found[name].status for name in ("1", "8")} <= {"done", "did not run"}


def test_a_node_that_is_interrupted_is_closed_and_marked(client, take):
    label = uuid.uuid4().hex
    graph = {"9": node("ProbeFault", kind="none", label=label, seconds=60, previews=0)}

    def stop():
        while client.queue_length() == 0:
            time.sleep(0.02)
        time.sleep(0.3)
        client._connection.post("/interrupt", {})

    thread = threading.Thread(target=stop)
    thread.start()
    profile = take(graph)
    thread.join()
    assert profile.state == "interrupted"
    assert rows(profile)["9"].status == "interrupted"
    assert 0.1 < rows(profile)["9"].self_s < 30


def test_a_lazy_branch_that_is_taken_is_not_the_switchs_own_time(client, take):
    graph = {"yes": nap(0.2), "no": nap(0.3), "9": catch("switch")}
    graph["switch"] = node("SwitchyardSwitch", condition=True, on_true=["yes", 0], on_false=["no", 0])
    profile = take(graph)
    found = rows(profile)
    assert_near(client, profile)
    assert found["no"].status == "did not run"
    assert found["switch"].total_s < NEAR_S
    assert found["switch"].calls == 1
    assert [len(call.spans) for call in profile.calls if call.node == "switch"] == [2]


def test_a_gates_attempts_are_inside_of_it_and_each_node_has_its_copies(take):
    start = first_bright(0.9) - 2
    profile = take(gate_graph(seed=start, sample={"seconds": 0.1}))
    found = rows(profile)
    assert found["sample"].calls == 3
    assert found["sample"].self_s >= 0.3
    assert found["gate"].calls == 1
    inside = [call for call in profile.calls if call.parent is not None]
    assert sum(call.node == "sample" for call in inside) == 2
    assert found["gate"].total_s >= sum(call.self_s for call in inside if call.node == "sample") >= 0.2
    shown_elsewhere = sum(call.self_s for call in inside if call.node != "gate")
    assert found["gate"].self_s == pytest.approx(found["gate"].total_s - shown_elsewhere, abs=1e-4)
    assert profile.seconds - profile.top_level_s < max(0.02 * profile.seconds, NEAR_S)
    assert found["loader"].calls == 1


def test_asynchronous_nodes_have_their_whole_time_on_lanes_of_their_own(client, take):
    graph = {"a": async_nap(0.5), "b": async_nap(0.4), "c": nap(0.1)}
    graph["9"] = node("ProbeFacts", score=["a", 0], passed=["b", 0], seed=["c", 0])
    profile = take(graph)
    assert_near(client, profile)
    assert len(own_times(client, profile)) == 3
    assert sum(row.self_s for row in profile.rows) > profile.seconds
    lanes = {event["tid"] for event in profile.trace()["traceEvents"] if event["ph"] == "X"}
    assert len(lanes) >= 2


def test_an_asynchronous_node_that_fails_is_marked(take):
    profile = take({"a": async_nap(0.1, label="fail"), "9": catch("a")})
    assert rows(profile)["a"].status == "failed"
    assert rows(profile)["9"].status == "did not run"


def test_of_two_prompts_only_the_one_that_asked_is_recorded_and_the_other_has_no_handler(client):
    asks = client.submit({"9": node("ProbeHandlers", label=uuid.uuid4().hex)}, extra_data={"switchyard_profile": True})
    silent = client.submit({"9": node("ProbeHandlers", label=uuid.uuid4().hex)})
    told = [job.wait(30).outputs["9"]["handlers"] for job in (asks, silent)]
    assert told == [["switchyard_profile", "webui"], ["webui"]]
    assert client.profile(asks.id)["state"] == "success"
    assert client.profile(silent.id) is None
    assert read_profile(client, silent.id).source == "history"


def test_a_prompt_without_a_clients_name_is_recorded_while_it_runs_too(server, client):
    prompt_id, graph = str(uuid.uuid4()), {"1": nap(0.3), "2": nap(0.6, value=["1", 0]), "9": catch("2")}
    body = {"prompt": graph, "prompt_id": prompt_id, "extra_data": {"switchyard_profile": True}}
    assert server.post("/prompt", body)[0] == 200
    deadline = time.monotonic() + 30
    while [call["status"] for call in (client.profile(prompt_id) or {"calls": []})["calls"]][1:] != ["running"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    meanwhile = client.profile(prompt_id)
    assert meanwhile["state"] == "running"
    assert meanwhile["seconds"] is None
    assert "has not ended" in meanwhile["remarks"][-1]
    client.job(prompt_id).wait(30)
    profile = read_profile(client, prompt_id)
    assert profile.state == "success"
    assert_near(client, profile)


def test_a_run_that_the_history_has_lost_is_closed_where_it_was_last_heard_of(client):
    job = client.submit({"1": nap(0.05), "9": catch("1")}, extra_data={"switchyard_profile": True})
    job.wait(30)
    client._connection.post("/history", {"delete": [job.id]})
    found = client.profile(job.id)
    assert (found["state"], found["seconds"]) == ("unknown", None)
    assert "no record of it any more" in found["remarks"][-1]


@pytest.mark.parametrize("asked", ["yes", 1, [], None, False])
def test_what_does_not_ask_is_not_recorded(client, asked):
    job = client.submit({"1": nap(0), "9": catch("1")}, extra_data={"switchyard_profile": asked})
    job.wait(30)
    assert client.profile(job.id) is None


def test_the_last_twenty_are_kept(client):
    graph = {"1": nap(0), "9": catch("1")}
    ids = []
    for _ in range(21):
        job = client.submit(graph, extra_data={"switchyard_profile": {}})
        job.wait(30)
        ids.append(job.id)
    listed = client.profiling()
    assert listed["can_record"] is True
    assert listed["prompt_ids"] == ids[1:]
    assert client.profile(ids[0]) is None


def test_accurate_says_that_it_changes_nothing_without_a_card(take):
    profile = take({"1": nap(0.05), "9": catch("1")}, accurate=True)
    assert profile.accurate
    assert any("accurate changes nothing here" in remark for remark in profile.remarks)


def test_by_the_clock_of_the_client_it_is_about_the_same(client, monkeypatch):
    monkeypatch.setattr(client, "profiling", lambda: None)
    profile = take_profile(client, {"1": nap(0.4, steps=4), "2": nap(0.2, value=["1", 0]), "9": catch("2")})
    assert profile.source == "websocket"
    assert rows(profile)["1"].steps == 4
    for name, took in own_times(client, profile).items():
        assert abs(rows(profile)[name].self_s - took) < 2 * NEAR_S
    gate = take_profile(client, gate_graph(seed=first_bright(0.9) - 2, sample={"seconds": 0.05, "size": 16}))
    assert rows(gate)["sample"].calls == 3  # its copies are shown as itself
    assert_nested(gate.trace())


def test_on_the_command_line_all_nodes_of_fresh_runs_are_measured(server, client, capsys, tmp_path):
    graph = {"1": nap(0.05), "9": catch("1")}
    (tmp_path / "graph.json").write_text(json.dumps(graph))
    files = {name: tmp_path / f"{name}.json" for name in ("save", "trace")}
    arguments = [word for name, path in files.items() for word in (f"--{name}", str(path))]
    command = ["profile", str(tmp_path / "graph.json"), "--server", server.url]
    assert main([*command, "--repeat", "2", "--fresh", *arguments]) == 0
    said = capsys.readouterr()
    assert "cached and not measured" not in said.err
    assert said.out.splitlines()[2].split()[-1] == "2"  # both runs count
    assert_nested(json.loads(files["trace"].read_text()))
    assert main(command) == 0
    said = capsys.readouterr()
    assert "2 nodes were cached and not measured: 1, 9" in said.err
    prompt_id = json.loads(files["save"].read_text())["profiles"][0]["prompt_id"]
    assert switchyard.profile_workflow(prompt_id, url=server.url)["1"] > 50
