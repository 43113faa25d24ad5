"""What docs/engine.md says of ComfyUI's engine, and no test of a node holds already.

Two more servers: the order of nodes differs between processes, and the caches can only be chosen at the start.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid

import pytest
from gate_graphs import gate_graph
from graphs import catch, caught, marked, node, values

from engine.pack import install_pack
from engine.run import run_graph

MISSING = "not_there.safetensors"
BRANCHES = 6
AS_MUCH_AS_NO_MACHINE_HAS_GB = "1000000"


@pytest.fixture(scope="module")
def roomy(make_server):
    """A process with another order of sets, and the cache of newer cores, which here never lacks memory."""
    yield from started(make_server("roomy", "--cache-ram", "0.001"))


@pytest.fixture(scope="module")
def cramped(make_server):
    """The same cache, always short of memory."""
    yield from started(make_server("cramped", "--cache-ram", AS_MUCH_AS_NO_MACHINE_HAS_GB))


def started(server):
    install_pack(server.base / "custom_nodes")
    server.environment["PYTHONHASHSEED"] = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    with server:
        yield server


class TestValidation:
    def test_a_missing_file_in_a_dead_branch_refuses_the_prompt_and_names_node_and_file(self, run):
        result = run(dead_loader())
        assert result.status == "rejected"
        assert set(result.node_errors) == {"loader"}
        assert MISSING in result.node_errors["loader"]["errors"][0]["details"]

    def test_it_costs_only_the_outputs_that_could_need_it(self, run, server):
        result = run({**dead_loader(), "other": marked("in order"), "other end": catch("other")})
        assert result.status == "success"
        assert caught(result, "other end") == ["'in order'"]
        assert "end" not in result.outputs
        assert result.node_errors["loader"]["dependent_outputs"] == ["end"]
        assert "Failed to validate prompt for output end:" in server.log_text()
        assert "Output will be ignored" in server.log_text()

    def test_a_node_that_leads_to_no_output_node_is_neither_checked_nor_run(self, run):
        graph = {**dead_loader(), "end": catch("alive")}
        result = run(graph)
        assert result.status == "success"
        assert not {"loader", "switch"} & set(result.started)


def dead_loader():
    """A checkpoint that does not exist, on the side of a Switch that is not taken."""
    return {
        "loader": node("CheckpointLoaderSimple", ckpt_name=MISSING),
        "alive": marked("alive"),
        "switch": node("SwitchyardSwitch", condition=True, on_true=["alive", 0], on_false=["loader", 0]),
        "end": catch("switch"),
    }


def branches(number, error=False):
    """Branches that have nothing to do with each other, under ids that no other graph has."""
    names = [f"{number} {branch}" for branch in range(BRANCHES)]
    graph = {name: marked(f"{name}, {error}") for name in names} | {f"{name} end": catch(name) for name in names}
    failing = {"fails": node("SwitchyardSwitch", condition=True), "fails end": catch("fails")}
    return {**graph, **(failing if error else {})}


def ends(result):
    return {name for name in result.outputs if name.endswith("end")}


class TestOrder:
    def test_another_process_takes_the_branches_in_another_order(self, server, roomy):
        orders = [[run_graph(one, branches(number)).started for number in range(6)] for one in (server, roomy)]
        assert orders[0] != orders[1]
        for graphs in orders:
            for order in graphs:
                assert all(order.index(name) < order.index(f"{name} end") for name in order if "end" not in name)

    def test_what_is_plugged_into_a_gates_condition_runs_first(self, run):
        """The one way to say that something comes after something else."""
        for number in range(4):
            graph = {
                "second": marked(f"second {number}"),
                "second end": catch("gate"),
                "gate": node("SwitchyardGate", open=["first", 0], value=["second", 0]),
                "first": marked(f"first {number}"),
            }
            order = run(graph).started
            assert order.index("first") < order.index("second")


class TestErrors:
    def test_an_error_ends_the_run_and_how_much_was_done_before_is_chance(self, server, roomy):
        finished = []
        for one in (server, roomy):
            results = [run_graph(one, branches(number, error=True)) for number in range(10, 16)]
            assert {(result.status, result.error_node) for result in results} == {("error", "fails")}
            finished.append([len(ends(result)) for result in results])
        assert finished[0] != finished[1]
        assert min(finished[0] + finished[1]) < BRANCHES

    def test_what_was_done_before_the_error_is_not_done_again(self, run):
        graph = branches("kept", error=True)
        done = set(run(graph).outputs)
        assert done < set(graph)
        graph["fails"]["inputs"]["on_true"] = ["kept 0", 0]
        result = run(graph)
        assert result.status == "success"
        assert done.isdisjoint(result.started)
        assert len(ends(result)) == BRANCHES + 1


def seeded(seed, tag):
    return {
        "loader": marked(tag),
        "sample": node("ProbeSample", seed=seed, model=["loader", 0]),
        "save": node("SaveImage", images=["sample", 0], filename_prefix=tag),
    }


class TestCache:
    def test_only_what_is_after_the_seed_runs_again_and_nothing_is_saved_twice(self, run, server):
        run(seeded(1, "cached"))
        assert run(seeded(1, "cached")).started == []
        assert len(list((server.base / "output").glob("cached*"))) == 1
        assert run(seeded(2, "cached")).started == ["sample", "save"]

    def test_the_default_cache_remembers_the_prompt_before_and_no_other(self, run):
        started = [run(seeded(seed, "back and forth")).started for seed in (1, 2, 1)]
        assert started[2] == ["sample", "save"]

    def test_cache_ram_remembers_earlier_prompts_but_on_newer_cores_only_what_the_prompt_names(self, roomy):
        version = tuple(map(int, roomy.get("/system_stats")["system"]["comfyui_version"].split(".")[:2]))
        started = [run_graph(roomy, seeded(seed, "back and forth")).started for seed in (1, 2, 1)]
        assert started[1:] == [["sample", "save"], [] if version < (0, 4) else ["sample", "save"]]

    def test_short_of_memory_it_forgets_and_the_same_is_made_again(self, cramped):
        first, again = (run_graph(cramped, seeded(1, "forgotten")) for _ in range(2))
        assert first.status == again.status == "success"
        assert set(again.started) == set(first.started) == {"loader", "sample", "save"}
        assert again.outputs["sample"] == first.outputs["sample"]

    def test_short_of_memory_a_gates_attempts_make_again_what_they_need_loaders_too(self, cramped):
        graph = gate_graph(threshold=2, max_attempts=2)
        del graph["shown"], graph["facts"], graph["report"], graph["end"]
        graph["done"] = catch("gate", 3)
        result = run_graph(cramped, graph)
        assert caught(result, "done") == ["2"]
        assert [result.times_started(name) for name in ("loader", "sample", "score")] == [2, 2, 2]

    def test_another_file_of_the_same_name_is_noticed_and_another_date_is_not(self, run, server):
        folder = server.base / "input"
        graph = {"load": node("LoadImage", image="promise.png"), "end": catch("load")}
        shutil.copy2(folder / "astronaut.png", folder / "promise.png")
        run(graph)
        os.utime(folder / "promise.png")
        assert run(graph).started == []
        shutil.copy2(folder / "grace_hopper.jpg", folder / "promise.png")
        assert run(graph).started == ["load", "end"]

    def test_titles_and_ids_do_not_count(self, run):
        run({"a": marked("renamed"), "end": catch("a")})
        renamed = {"b": {**marked("renamed"), "_meta": {"title": "another"}}, "the end": catch("b")}
        assert run(renamed).started == []

    def test_of_two_equal_nodes_one_runs(self, run):
        graph = {"a": marked("twice"), "b": marked("twice"), "a end": catch("a"), "b end": catch("b")}
        result = run(graph)
        assert len({"a", "b"} & set(result.started)) == 1
        assert caught(result, "a end") == caught(result, "b end") == ["'twice'"]


def test_of_two_lists_the_shorter_one_repeats_its_last_item(run):
    graph = {
        "a": values("0, 1, 1"),
        "b": values("0, 1"),
        "compare": node("SwitchyardCompare", a=["a", 0], comparison="equal", b=["b", 0]),
        "end": catch("compare"),
    }
    assert caught(run(graph)) == ["True", "True", "True"]


def test_what_is_blocked_can_not_be_passed_over(run):
    graph = {
        "gate": node("SwitchyardGate", open=False),
        "there": marked("there"),
        "first": node("SwitchyardFirstAvailable", input_0=["gate", 0], input_1=["there", 0]),
        "end": catch("first"),
    }
    result = run(graph)
    assert result.status == "success"
    assert "end" not in result.outputs
    assert "there" not in result.started


class TestQueue:
    def test_one_runs_at_a_time_a_new_one_may_go_first_and_an_interruption_ends_only_one(self, server):
        names = {name: queue(server, name) for name in ("runs", "waits")}
        names["urgent"] = queue(server, "urgent", front=True)
        running = wait_for(lambda: server.get("/queue")["queue_running"])
        assert [item[1] for item in running] == [names["runs"]]
        time.sleep(1)  # an interruption that comes before the first node is forgotten
        server.post("/interrupt", {})
        wait_for(lambda: names["waits"] in server.get("/history"))
        history = server.get("/history")
        ends = {name: times(history[prompt_id]) for name, prompt_id in names.items()}
        assert [history[prompt_id]["status"]["status_str"] for prompt_id in names.values()] == [
            "error",
            "success",
            "success",
        ]
        assert ends["runs"][1] <= ends["urgent"][0] <= ends["urgent"][1] <= ends["waits"][0]

    def test_the_history_tells_when_a_run_began_and_ended_and_nothing_of_single_nodes(self, run, server):
        result = run({"a": marked("timed"), "end": catch("a")})
        entry = server.get(f"/history/{result.prompt_id}")[result.prompt_id]
        assert set(entry) == {"prompt", "outputs", "status", "meta"}
        messages = entry["status"]["messages"]
        assert [name for name, _ in messages] == ["execution_start", "execution_cached", "execution_success"]
        assert "Prompt executed in" in server.log_text()


def queue(server, name, front=False):
    """Queues a graph that takes ten seconds if it is the first one, and gives its id."""
    first = node("ProbeSleep", label=name) if name == "runs" else marked(f"queued {name}")
    prompt_id = str(uuid.uuid4())
    graph = {"a": first, "end": catch("a")}
    status, _ = server.post("/prompt", {"prompt": graph, "prompt_id": prompt_id, "front": front})
    assert status == 200
    return prompt_id


def wait_for(happened, timeout_s=30):
    deadline = time.monotonic() + timeout_s
    while not (found := happened()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def times(entry):
    """When a run began and ended, by the server's clock."""
    stamps = [data["timestamp"] for _, data in entry["status"]["messages"]]
    return stamps[0], stamps[-1]
