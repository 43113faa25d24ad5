"""What runs when a graph with a Quality Gate is queued again, with ComfyUI's different caches."""

from __future__ import annotations

import shutil

import pytest
from gate_graphs import batch_graph, first_bright, gate_graph, gate_node, level, levels_of, report_of
from graphs import marked

from engine.pack import install_pack
from engine.run import run_graph

SEEDED = ("sample", "pass", "score")


# With room for one entry, the cache drops whatever the queued graph does not name: all that a gate expanded. The
# cache that newer cores use by default does the same.
@pytest.fixture(scope="module", params=["", "--cache-lru 200", "--cache-lru 1"], ids=["default", "lru", "small lru"])
def cached_run(request, make_server):
    server = make_server("cached", *request.param.split())
    install_pack(server.base / "custom_nodes")
    with server:
        yield lambda graph: run_graph(server, graph)


def counts(result):
    return {name: result.times_started(name) for name in ("loader", *SEEDED)}


def test_nothing_runs_when_it_is_queued_again(cached_run):
    cached_run(gate_graph(seed=0))
    again = cached_run(gate_graph(seed=0))
    assert again.status == "success"
    assert again.started == []


def test_a_raised_threshold_pays_for_new_attempts_only(cached_run):
    low, high = first_bright(0.8, 100), first_bright(0.92, 100)
    assert high > low + 2
    assert cached_run(gate_graph(seed=100, threshold=0.8)).times_started("sample") == low - 100 + 1
    result = cached_run(gate_graph(seed=100, threshold=0.92))
    assert levels_of(result) == pytest.approx([level(high)])
    assert counts(result) == {"loader": 0, "sample": high - low, "pass": high - low, "score": high - low}
    assert len(report_of(result)["attempts"]) == high - 100 + 1


def test_a_lowered_threshold_pays_for_nothing(cached_run):
    low, high = first_bright(0.3, 404), first_bright(0.95, 404)
    assert high > low
    cached_run(gate_graph(seed=404, threshold=0.95))
    result = cached_run(gate_graph(seed=404, threshold=0.3))
    assert levels_of(result) == pytest.approx([level(low)])
    assert counts(result) == {"loader": 0, "sample": 0, "pass": 0, "score": 0}


def test_another_text_upstream_makes_everything_anew(cached_run):
    cached_run(gate_graph(seed=0))
    graph = gate_graph(seed=0)
    graph["loader"] = marked("another model")
    result = cached_run(graph)
    attempts = report_of(result)["attempts"]
    assert [a["score"] for a in attempts] == pytest.approx(
        [level(seed, model="another model") for seed in range(len(attempts))]
    )
    assert result.times_started("sample") == len(attempts)


def test_another_scorer_setting_makes_scores_anew(cached_run):
    """The value of the first attempt is the same object as before; only what judges it has changed."""
    cached_run(gate_graph(seed=0))
    graph = gate_graph(seed=0)
    graph["score"]["inputs"]["fail_above"] = 2.0
    result = cached_run(graph)
    assert result.times_started("score") == len(report_of(result)["attempts"])


def test_a_changed_file_upstream_is_noticed(make_server):
    """With the cache that drops expansions, so that the gate's own memory answers, or does not."""
    server = make_server("files", "--cache-lru", "1")
    install_pack(server.base / "custom_nodes")
    picture = server.base / "input" / "changing.png"
    shutil.copy2(server.base / "input" / "astronaut.png", picture)
    graph = gate_graph(seed=0, threshold=0.9)
    graph["loader"] = {"class_type": "ProbeFile", "inputs": {"image": "changing.png"}}
    with server:
        first = run_graph(server, graph)
        graph["gate"]["inputs"]["threshold"] = 0.91
        assert run_graph(server, graph).times_started("sample") < len(report_of(first)["attempts"])
        shutil.copy2(server.base / "input" / "grace_hopper.jpg", picture)
        graph["gate"]["inputs"]["threshold"] = 0.9
        last = run_graph(server, graph)
    assert last.times_started("sample") == len(report_of(last)["attempts"])
    scores = [[attempt["score"] for attempt in report_of(result)["attempts"]] for result in (first, last)]
    assert scores[0] != scores[1]


def test_a_partial_retry_is_remembered_too(cached_run):
    graph = batch_graph(4, threshold=0.6, keep="each")
    first = cached_run(graph)
    graph["gate"]["inputs"]["if_none_pass"] = "last"
    again = cached_run(graph)
    assert levels_of(again) == levels_of(first)
    assert again.times_started("sample") == 0


def test_without_a_cache_every_attempt_runs_all_of_its_ancestors_once(make_server):
    server = make_server("uncached", "--cache-none")
    install_pack(server.base / "custom_nodes")
    with server:
        result = run_graph(server, gate_graph(seed=0))
    attempts = first_bright(0.9) + 1
    assert result.status == "success", result.error
    assert levels_of(result) == pytest.approx([level(first_bright(0.9))])
    assert counts(result) == dict.fromkeys(("loader", *SEEDED), attempts)
    assert any("--cache-none" in note for note in report_of(result)["notes"])


def test_another_output_of_the_same_node_as_score_is_scored_anew(cached_run):
    """Both outputs give 1 at first, and in Python every 1 is the same object."""
    graph = gate_graph(seed=1, threshold=-1)
    graph["outer"] = gate_node("gate", "gate", threshold=1000, max_attempts=4)
    graph["report"]["inputs"]["value"] = ["outer", 5]
    for output, expected in ((3, [1, 1, 1, 1]), (4, [1, 2, 3, 4])):  # the gate's attempts, the gate's seed
        graph["outer"]["inputs"]["score"] = ["gate", output]
        result = cached_run(graph)
        assert result.status == "success", result.error
        assert [attempt["score"] for attempt in report_of(result)["attempts"]] == expected
