"""Quality Gate in a real server: which nodes ran how often, and what came out."""

from __future__ import annotations

import pytest
from gate_graphs import first_bright, gate_graph, gate_node, level, levels_of, report_of, unit
from graphs import catch, marked, node, value

WINNER = first_bright(0.9)


def facts(result):
    return result.outputs["facts"]["facts"][0]


def test_only_what_depends_on_the_seed_runs_again(run):
    model = "a fresh model"  # the one of other tests may be cached, and would not run at all
    winner = next(seed for seed in range(100) if level(seed, model=model) >= 0.9)
    assert winner >= 3, "the first attempts must fail for this to be a test"
    result = run({**gate_graph(), "loader": marked(model)})
    assert result.status == "success", result.error
    assert result.times_started("loader") == 1
    assert [result.times_started(name) for name in ("sample", "pass", "score")] == [winner + 1] * 3
    assert levels_of(result) == pytest.approx([level(winner, model=model)])
    assert facts(result) == {
        "score": pytest.approx(level(winner, model=model)),
        "passed": True,
        "attempts": winner + 1,
        "seed": winner,
    }


def test_the_report_holds_every_attempt(run):
    report = report_of(run(gate_graph(seed=20, threshold=0.95)))
    winner = first_bright(0.95, 20)
    assert [attempt["seeds"] for attempt in report["attempts"]] == [
        {"sample": {"seed": seed}} for seed in range(20, winner + 1)
    ]
    assert [a["score"] for a in report["attempts"]] == pytest.approx([level(s) for s in range(20, winner + 1)])
    assert [attempt["passed"] for attempt in report["attempts"]] == [False] * (winner - 20) + [True]
    assert all(attempt["seconds"] >= 0 for attempt in report["attempts"])
    assert report["pictures"][0]["seeds"] == {"sample": {"seed": winner}}
    assert report["gate"] == "gate"


def test_a_first_attempt_that_passes_is_the_only_one(run):
    result = run(gate_graph(seed=WINNER))
    assert result.times_started("sample") == 1
    assert facts(result)["attempts"] == 1
    assert facts(result)["seed"] == WINNER
    assert set(result.started) <= set(gate_graph())


def test_the_verdict_is_under_the_gates_own_id_when_it_has_ended(run):
    result = run(gate_graph(seed=30))
    verdict = result.verdict("gate")
    assert verdict["kind"] == "quality_gate"
    assert verdict["summary"].startswith(f"passed at attempt {first_bright(0.9, 30) - 30 + 1} with 0.9")
    assert verdict["data"]["passed"] is True


def test_the_node_tells_how_far_it_is(run):
    result = run(gate_graph(seed=0, threshold=0.901))
    best = max(level(0), level(1))
    assert [node for node, _ in result.texts] == ["gate"] * (first_bright(0.901) + 1)
    assert result.texts[-1] == ("gate", result.verdict("gate")["summary"])
    assert result.texts[1] == ("gate", f"attempt 3 of 50, best {best:.4g}, needs >= 0.901")


@pytest.mark.parametrize(
    ("if_none_pass", "chosen"), [("best", max(range(4), key=lambda seed: level(40 + seed))), ("last", 3)]
)
def test_when_nothing_passes_the_best_or_the_last_is_handed_on(run, if_none_pass, chosen):
    result = run(gate_graph(seed=40, threshold=1.1, max_attempts=4, if_none_pass=if_none_pass))
    assert levels_of(result) == pytest.approx([level(40 + chosen)])
    assert facts(result)["passed"] is False
    assert facts(result)["attempts"] == 4
    assert report_of(result)["pictures"][0]["attempt"] == chosen


def test_when_nothing_passes_the_output_can_be_blocked(run):
    result = run(gate_graph(seed=50, threshold=1.1, max_attempts=3, if_none_pass="block"))
    assert result.status == "success"
    assert "levels" not in result.outputs.get("end", {})
    assert facts(result)["passed"] is False


def test_when_nothing_passes_it_can_be_an_error(run):
    result = run(gate_graph(seed=60, threshold=1.1, max_attempts=3, if_none_pass="error"))
    assert result.status == "error"
    assert "not enough passed in 3 attempts" in result.error
    assert result.error_node == "gate"


def test_lower_can_be_better(run):
    winner = next(seed for seed in range(1000) if level(seed) < 0.05)
    result = run(gate_graph(threshold=0.05, comparison="<", max_attempts=1000))
    assert facts(result)["seed"] == winner


@pytest.mark.parametrize("name", ["nan", "none"])
def test_a_score_that_is_no_number_counts_as_failed(run, name):
    graph = gate_graph(seed=70, max_attempts=2, combine="any")
    graph["nothing"] = value(name)
    graph["gate"]["inputs"]["score_2"] = ["score", 1]
    graph["gate"]["inputs"]["score"] = ["nothing", 0]
    result = run(graph)
    assert result.status == "success", result.error
    assert report_of(result)["attempts"][0]["score"] is None
    assert facts(result)["attempts"] == 2


def test_several_scores_are_combined(run):
    graph = gate_graph(seed=0, max_attempts=200, rules="<= 0.3")
    graph["other"] = node("ProbeSample", seed=7, model=["loader", 0])
    graph["dark"] = node("ProbeBrightness", image=["other", 0])
    graph["gate"]["inputs"]["score_2"] = ["dark", 1]
    winner = next(n for n in range(200) if level(n) >= 0.9 and level(7 + n) <= 0.3)
    result = run(graph)
    assert facts(result)["attempts"] == winner + 1
    assert report_of(result)["attempts"][winner]["seeds"] == {"sample": {"seed": winner}, "other": {"seed": 7 + winner}}


def test_an_error_in_an_attempt_ends_the_run_and_the_attempt_is_named(run):
    limit = max(level(80), level(81))
    failing = next(n for n in range(50) if level(80 + n) > limit)
    graph = gate_graph(seed=80, threshold=1.1)
    graph["score"]["inputs"]["fail_above"] = limit
    result = run(graph)
    assert result.status == "error"
    assert result.error == "the scorer failed"
    assert result.error_node == "gate"
    assert result.texts[-1][1].startswith(f"attempt {failing + 1} of 50")
    assert result.verdict("gate")["summary"].startswith(f"attempt {failing + 1} of 50")


def test_an_interruption_ends_the_search_and_the_next_run_is_complete(server, run):
    import threading

    graph = gate_graph(seed=90, threshold=1.1, max_attempts=1000, sample={"seconds": 0.2})
    threading.Timer(1.5, lambda: server.post("/interrupt", {})).start()
    assert run(graph).status == "interrupted"
    graph["gate"]["inputs"]["max_attempts"] = 4
    result = run(graph)
    assert result.status == "success"
    assert facts(result)["attempts"] == 4


def test_no_attempt_begins_after_the_time_is_up(run):
    result = run(gate_graph(seed=95, threshold=1.1, max_seconds=0.7, sample={"seconds": 0.3}))
    assert 2 <= facts(result)["attempts"] <= 3
    assert report_of(result)["notes"] == ["Stopped after 0.7 s, as max_seconds says."]


class TestSeeds:
    def test_a_seed_that_comes_from_a_primitive(self, run):
        graph = gate_graph(seed=["primitive", 0])
        graph["primitive"] = node("PrimitiveInt", value=0)
        result = run(graph)
        assert facts(result)["seed"] == WINNER
        assert result.times_started("primitive") == WINNER + 1

    def test_seeds_stay_inside_the_range_of_their_input(self, run):
        highest = 2**64 - 1
        result = run(gate_graph(seed=highest, threshold=1.1, max_attempts=3))
        assert [a["seeds"]["sample"]["seed"] for a in report_of(result)["attempts"]] == [highest, 0, 1]

    def test_hashed_seeds_are_the_same_each_time(self, run):
        first, second = (report_of(run(gate_graph(5, 1.1, max_attempts=m, seed_mode="hashed"))) for m in (3, 4))
        seeds = [attempt["seeds"]["sample"]["seed"] for attempt in second["attempts"]]
        assert [attempt["seeds"]["sample"]["seed"] for attempt in first["attempts"]] == seeds[:3]
        assert len(set(seeds)) == 4

    def test_listed_seeds_are_tried_in_order(self, run):
        result = run(gate_graph(seed=3, threshold=1.1, seed_mode="list", seed_list="11, 7"))
        assert [a["seeds"]["sample"]["seed"] for a in report_of(result)["attempts"]] == [3, 11, 7]

    def test_attempt_seed_marks_the_seed_that_varies(self, run):
        graph = gate_graph(seed=["marked", 0])
        graph["marked"] = node("SwitchyardAttemptSeed", seed=0)
        graph["loader"] = node("ProbeSample", seed=123)
        graph["gate"]["inputs"]["threshold"] = 1.1
        graph["gate"]["inputs"]["max_attempts"] = 3
        result = run(graph)
        assert result.status == "success", result.error
        assert [a["seeds"] for a in report_of(result)["attempts"]] == [{"marked": {"seed": n}} for n in range(3)]
        assert result.times_started("loader") == 1

    @pytest.mark.parametrize("name", ["first", "the first stage"])
    def test_only_the_seeds_of_named_nodes_vary(self, run, name):
        graph = gate_graph(threshold=1.1, max_attempts=3, vary="named", seed_nodes=name)
        graph["first"] = {**node("ProbeSample", seed=4), "_meta": {"title": "the first stage"}}
        graph["sample"]["inputs"]["model"] = ["first", 0]
        result = run(graph)
        assert [a["seeds"] for a in report_of(result)["attempts"]] == [{"first": {"seed": n}} for n in (4, 5, 6)]

    def test_no_seed_upstream_is_an_error_that_says_so(self, run):
        graph = gate_graph()
        graph["sample"] = node("LoadImage", image="example.png")
        result = run(graph)
        assert result.status == "error"
        assert "Nothing upstream of the gate has a seed" in result.error

    def test_a_score_that_no_seed_reaches_is_an_error_that_says_so(self, run):
        graph = gate_graph()
        graph["score"]["inputs"]["image"] = ["other", 0]
        graph["other"] = node("LoadImage", image="example.png")
        assert "plugged into score does not depend on a seed" in run(graph).error

    def test_without_further_attempts_no_seed_is_needed(self, run):
        graph = gate_graph(max_attempts=1, threshold=0.0)
        graph["sample"] = node("LoadImage", image="example.png")
        assert facts(run(graph))["passed"] is True


class TestGraphs:
    def test_two_gates_in_two_branches_do_not_meet(self, run):
        other = gate_graph(seed=200)
        renamed = {f"b_{name}": spec for name, spec in other.items()}
        for spec in renamed.values():
            for name, link in spec["inputs"].items():
                if isinstance(link, list):
                    spec["inputs"][name] = [f"b_{link[0]}", link[1]]
        result = run({**gate_graph(), **renamed})
        assert facts(result)["seed"] == WINNER
        assert result.outputs["b_facts"]["facts"][0]["seed"] == first_bright(0.9, 200)

    def test_a_gate_behind_a_gate_tries_the_first_one_anew(self, run):
        """The outer gate wants another property of a picture that the inner one has already let through."""
        graph = gate_graph(seed=0, threshold=0.5)
        graph["second"] = node("ProbeSample", seed=500, model=["gate", 4])
        graph["bright"] = node("ProbeBrightness", image=["second", 0])
        graph["outer"] = gate_node("second", "bright", 0.9)
        graph["outer_report"] = catch("outer", 5)
        result = run(graph)
        assert result.status == "success", result.error

        def inner(start):
            return first_bright(0.5, start)

        winner = next(n for n in range(50) if unit(500 + n, inner(n), 0) >= 0.9)
        report = report_of(result, "outer_report")
        assert len(report["attempts"]) == winner + 1
        assert winner > 0
        [picture] = report["pictures"]
        assert picture["seeds"] == {"sample": {"seed": winner}, "second": {"seed": 500 + winner}}
        assert picture["supersedes"] == ["gate"]
        assert picture["inner"]["gate"]["pictures"][0]["seeds"] in ({}, {"sample": {"seed": inner(winner)}})

    def test_it_works_under_the_ids_that_subgraphs_have(self, run):
        graph = gate_graph()
        renamed = {f"7:{name}" if name in ("sample", "score", "gate") else name: spec for name, spec in graph.items()}
        for spec in renamed.values():
            for name, link in spec["inputs"].items():
                if isinstance(link, list) and link[0] in ("sample", "score", "gate"):
                    spec["inputs"][name] = [f"7:{link[0]}", link[1]]
        result = run(renamed)
        assert facts(result)["seed"] == WINNER
        assert report_of(result)["gate"] == "7:gate"

    def test_a_gate_in_a_dead_branch_does_not_run(self, run):
        graph = gate_graph()
        graph["switch"] = node("SwitchyardSwitch", condition=False, on_true=["gate", 0], on_false=["other", 0])
        graph["other"] = marked("other")
        for name in ("end", "shown", "facts", "report"):
            del graph[name]
        result = run({**graph, "caught": catch("switch")})
        assert result.times_started("sample") == result.times_started("gate") == 0

    def test_a_switch_inside_an_attempt_leaves_its_other_branch_alone(self, run):
        graph = gate_graph()
        graph["dear"] = node("ProbeSample", seed=1)
        graph["pass"] = node("SwitchyardSwitch", condition=True, on_true=["sample", 0], on_false=["dear", 0])
        result = run(graph)
        assert facts(result)["seed"] == WINNER
        assert result.times_started("dear") == 0

    def test_an_output_node_inside_runs_only_for_attempts_that_are_made(self, run):
        graph = gate_graph()
        graph["pass"] = node("ProbeKeep", value=["sample", 0])
        assert run(graph).times_started("pass") == WINNER + 1

    def test_attempts_that_are_not_made_are_not_prepared(self, run):
        result = run(gate_graph(seed=300, max_attempts=1000))
        winner = first_bright(0.9, 300)
        assert len(result.started) < 9 * (winner - 300 + 2)


@pytest.mark.parametrize(
    ("name", "given", "complaint"),
    [
        ("comparison", "equal", "is not known here"),
        ("replay", "item one", "replay is"),
        ("rules", "about 3", "is not a rule"),
        ("seed_list", "1, x", "is not a seed"),
        ("weights", "1, a", "weights is"),
    ],
)
def test_bad_settings_are_refused_before_anything_runs(run, name, given, complaint):
    result = run(gate_graph(**{name: given}))
    assert result.status == "rejected"
    assert complaint in str(result.node_errors)


def test_nodes_may_be_called_what_an_attempt_calls_its_own(run):
    graph = gate_graph()
    names = {"sample": "result", "pass": "items", "score": "c"}
    renamed = {names.get(name, name): spec for name, spec in graph.items()}
    for spec in renamed.values():
        for name, link in spec["inputs"].items():
            if isinstance(link, list):
                spec["inputs"][name] = [names.get(link[0], link[0]), link[1]]
    result = run(renamed)
    assert result.status == "success", result.error
    assert facts(result)["seed"] == WINNER


@pytest.mark.parametrize("name", ["sample", "the sampler"])
def test_a_gate_inside_an_attempt_finds_the_nodes_it_names(run, name):
    graph = gate_graph(threshold=0.3, vary="named", seed_nodes=name)
    graph["sample"]["_meta"] = {"title": "the sampler"}
    graph["second"] = node("ProbeSample", seed=500, model=["gate", 4])
    graph["bright"] = node("ProbeBrightness", image=["second", 0])
    graph["outer"] = gate_node("second", "bright", 0.9)
    graph["outer_report"] = catch("outer", 5)
    result = run(graph)
    assert result.status == "success", result.error
    assert len(report_of(result, "outer_report")["attempts"]) > 1


@pytest.mark.parametrize(
    ("name", "given", "complaint"),
    [("max_attempts", "0", "max_attempts is 0"), ("count", "0", "count is 0"), ("threshold", "none", "threshold is a")],
)
def test_settings_that_come_by_a_link_are_checked_too(run, name, given, complaint):
    graph = gate_graph(keep="count")
    graph["given"] = value(given)
    graph["gate"]["inputs"][name] = ["given", 0]
    assert complaint in run(graph).error
