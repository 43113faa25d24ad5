"""Score Log in a real server: a row for each attempt of a gate, none for what was cached."""

from __future__ import annotations

import csv
import json

import pytest
from gate_graphs import batch_graph, first_bright, gate_graph, level
from graphs import caught, node


@pytest.fixture
def rows(server):
    """Reads a log in the output folder."""

    def rows(name):
        path = server.base / "output" / name
        with path.open(encoding="utf-8", newline="") as file:
            return [json.loads(line) for line in file] if name.endswith("jsonl") else list(csv.DictReader(file))

    return rows


def log_node(name, report=None, **inputs):
    settings = {"filename_prefix": name, "format": "csv", "threshold": 0.9, "keep_percent": 30.0, "window": 1000}
    return node("SwitchyardScoreLog", report=report, **{**settings, **inputs})


def logged_gate(name, **inputs):
    """A gate that gets its score through a log."""
    graph = gate_graph(**inputs)
    graph["checkpoint"] = node("ProbePass", label="model")
    graph["log"] = log_node(name, score=["score", 1], label='prompt\n"x", 漢')
    graph["gate"]["inputs"]["score"] = ["log", 0]
    return graph


def test_each_attempt_of_a_gate_is_a_row_with_its_own_seed(run, rows):
    graph = logged_gate("gate/attempts")
    winner = first_bright(0.9)
    result = run(graph)
    assert result.status == "success", result.error
    found = rows("gate/attempts.csv")
    assert [int(row["seed"]) for row in found] == list(range(winner + 1))
    assert [float(row["score"]) for row in found] == pytest.approx([level(seed) for seed in range(winner + 1)])
    assert [json.loads(row["seeds"]) for row in found] == [{"sample": {"seed": seed}} for seed in range(winner + 1)]
    assert [row["passed"] for row in found] == ["false"] * winner + ["true"]
    assert {(row["run"], row["node"], row["label"]) for row in found} == {(result.prompt_id, "log", 'prompt\n"x", 漢')}
    again = run(graph)
    assert again.times_started("log") == 0
    assert rows("gate/attempts.csv") == found


def test_a_raised_threshold_logs_only_what_is_new(run, rows):
    graph = logged_gate("raised", seed=300, threshold=0.5)
    run(graph)
    graph["gate"]["inputs"]["threshold"] = 0.85
    run(graph)
    winner = first_bright(0.85, 300)
    assert winner > first_bright(0.5, 300)
    assert [int(row["seed"]) for row in rows("raised.csv")] == list(range(300, winner + 1))


def test_inside_a_subgraph_nodes_have_the_ids_that_the_user_knows(run, rows):
    names = {name: f"7:{number}" for number, name in enumerate(logged_gate(""))}

    def moved(value):
        return [names[value[0]], value[1]] if isinstance(value, list) else value

    graph = {
        names[name]: {**spec, "inputs": {key: moved(given) for key, given in spec["inputs"].items()}}
        for name, spec in logged_gate("subgraph", seed=40).items()
    }
    assert run(graph).status == "success"
    found = rows("subgraph.csv")
    assert [int(row["seed"]) for row in found] == list(range(40, first_bright(0.9, 40) + 1))
    assert {row["node"] for row in found} == {names["log"]}
    assert {next(iter(json.loads(row["seeds"]))) for row in found} == {names["sample"]}


def test_a_batch_that_is_made_again_in_part_logs_the_pictures_that_were_made(run, rows):
    graph = batch_graph(4, seed=5, threshold=0.7, keep="each")
    graph["log"] = log_node("batch", score=["score", 0], format="jsonl")
    graph["gate"]["inputs"]["score"] = ["log", 2]
    result = run(graph)
    attempts = result.verdict("gate")["data"]["attempts"]
    found = rows("batch.jsonl")
    assert len(attempts) > 2
    parts = [(5 + attempt["attempt"], part) for attempt in attempts for (part,) in attempt["parts"]]
    assert len(parts) < 4 * len(attempts)
    assert [(row["seed"], row["score"]) for row in found] == parts


def test_a_report_comes_out_as_it_went_in_and_the_statistics_follow(run, rows):
    graph = {
        "load": node("LoadImage", image="astronaut.png"),
        "score": node("SwitchyardQualityScore", image=["load", 0], threshold=0.8, aggregate="min", preset="photo"),
        "log": log_node("photos", report=["score", 3], threshold=0.8),
        "overlay": node(
            "SwitchyardScoreOverlay",
            image=["score", 4],
            report=["log", 3],
            position="top left",
            text_scale=1.0,
            show_worst_tile=True,
        ),
        "shown": node("PreviewImage", images=["overlay", 0]),
        "end": node("ProbeCatch", value=["log", 6]),
        "facts": node("ProbeFacts", score=["log", 0], passed=["log", 1], attempts=["log", 4], seed=["log", 5]),
    }
    result = run(graph)
    assert result.status == "success", result.error
    (row,) = rows("photos.csv")
    (facts,) = result.outputs["facts"]["facts"]
    assert (facts["score"], facts["passed"], facts["attempts"]) == (float(row["score"]), True, 1.0)
    assert facts["seed"] <= facts["score"] < facts["seed"] + 0.01
    assert "Pass rate: 100 % reach 0.8 (1 of 1)." in caught(result)[0]
    assert row["blur"]
    assert row["seed"] == ""
    assert result.verdict("overlay")["data"]["said"] == [f"{facts['score']:.2f} passes 0.8"]
    assert len(result.outputs["shown"]["images"]) == 1


@pytest.mark.parametrize("name", ["../../x", "..\\..\\x", "/tmp/x", "a/../../x"])
def test_nothing_is_written_outside_the_output_folder(server, run, name):
    before = sorted(path.name for path in (server.base / "output").iterdir())
    result = run({"value": node("ProbeValue", name="0.5"), "log": log_node(name, score=["value", 0])})
    assert result.status == "error"
    assert "filename_prefix is" in result.error
    assert sorted(path.name for path in (server.base / "output").iterdir()) == before
