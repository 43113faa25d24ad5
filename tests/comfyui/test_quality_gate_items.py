"""Quality Gate with batches and lists in a real server: pictures made again one by one, or collected."""

from __future__ import annotations

import pytest
from gate_graphs import batch_graph, gate_graph, level, levels_of, report_of
from graphs import marked, node
from switchyard_pack.core.seeds import seed_sequence


def facts(result):
    return result.outputs["facts"]["facts"][0]


def retry_each(count, threshold, most):
    """What keep "each" must come to: the levels in their places, and how many pictures each attempt makes."""
    places, made = [None] * count, []
    for attempt in range(most):
        todo = [place for place in range(count) if places[place] is None]
        items = todo if len(todo) < count else list(range(count))
        if not todo:
            break
        made.append(len(items))
        for position, place in enumerate(items):
            if level(attempt, position) >= threshold:
                places[place] = level(attempt, position)
    return places, made


def test_a_batch_as_a_whole_passes_when_every_picture_does(run):
    result = run(batch_graph(2, threshold=0.6))
    winner = next(s for s in range(50) if min(level(s, 0), level(s, 1)) >= 0.6)
    assert winner > 0
    assert levels_of(result) == pytest.approx([level(winner, 0), level(winner, 1)])
    assert facts(result)["score"] == pytest.approx(min(level(winner, 0), level(winner, 1)))


def test_only_the_failing_pictures_of_a_batch_are_made_again_in_their_places(run):
    places, made = retry_each(4, 0.9, 50)
    assert min(made) < 4
    assert len(made) > 3
    result = run(batch_graph(4, threshold=0.9, keep="each"))
    assert levels_of(result) == pytest.approx(places)
    report = report_of(result)
    assert [len(attempt["parts"]) for attempt in report["attempts"]] == made
    assert facts(result)["passed"] is True
    assert result.times_started("sample") == len(made)


def test_each_picture_of_a_failing_batch_is_the_best_of_its_place(run):
    result = run(batch_graph(3, threshold=1.1, keep="each", max_attempts=4))
    best = [max(level(seed, place) for seed in range(4)) for place in range(3)]
    assert levels_of(result) == pytest.approx(best)
    assert facts(result)["passed"] is False


def test_passing_pictures_are_collected_until_there_are_enough(run):
    result = run(gate_graph(threshold=0.8, keep="count", count=3))
    passing = [seed for seed in range(200) if level(seed) >= 0.8][:3]
    assert levels_of(result) == pytest.approx([level(seed) for seed in passing])
    assert facts(result)["attempts"] == passing[-1] + 1
    assert [picture["attempt"] for picture in report_of(result)["pictures"]] == passing


def test_pictures_are_collected_from_batches(run):
    result = run(batch_graph(4, threshold=0.8, keep="count", count=5))
    passing = [(seed, place) for seed in range(50) for place in range(4) if level(seed, place) >= 0.8][:5]
    assert levels_of(result) == pytest.approx([level(*which) for which in passing])
    assert [(p["attempt"], p["item"]) for p in report_of(result)["pictures"]] == passing


def test_what_is_missing_is_filled_with_the_best_of_the_others(run):
    result = run(gate_graph(threshold=0.9, keep="count", count=3, max_attempts=12))
    levels = sorted((level(seed) for seed in range(12)), reverse=True)
    passing = [level(seed) for seed in range(12) if level(seed) >= 0.9]
    assert 0 < len(passing) < 3
    assert sorted(levels_of(result), reverse=True) == pytest.approx(levels[:3])
    assert levels_of(result)[: len(passing)] == pytest.approx(passing)
    assert facts(result)["passed"] is False


def test_a_list_stays_a_list_and_only_its_failing_items_are_made_again(run):
    """Three models in a list: three runs of the sampler, of which only the failing ones are repeated."""
    graph = gate_graph(threshold=0.7, keep="each")
    graph["loader"] = node("ProbeTexts", texts="one,two,three")
    graph["gate"]["inputs"]["score"] = ["score", 0]
    result = run(graph)
    places: list[float | None] = [None] * 3
    runs = 0
    for seed in range(50):
        todo = [place for place in range(3) if places[place] is None]
        runs += len(todo)
        for place in todo:
            made = level(seed, 0, ("one", "two", "three")[place])
            places[place] = made if made >= 0.7 else None
        if None not in places:
            break
    assert levels_of(result) == pytest.approx(places)
    assert result.outputs["end"]["levels"] == [pytest.approx([place]) for place in places], "three lists of one"
    assert sum(len(attempt["parts"]) for attempt in report_of(result)["attempts"]) == runs


def test_pictures_kept_one_by_one_need_one_score_each(run):
    graph = batch_graph(4, keep="each")
    graph["gate"]["inputs"]["score"] = ["score", 1]
    assert "1 scores for 4 pictures" in run(graph).error


@pytest.mark.parametrize(("replay", "expected"), [("item 2", (0, 2)), ("item 1 of 1, 3", (0, 1))])
def test_a_replay_makes_just_one_picture_again(run, replay, expected):
    result = run(batch_graph(4, threshold=1.1, keep="each", replay=replay))
    assert levels_of(result) == pytest.approx([level(*expected)])
    assert facts(result)["attempts"] == 1
    assert result.times_started("sample") <= 1


def test_a_replay_of_a_value_that_did_not_pass_tries_nothing_else(run):
    result = run(gate_graph(seed=3, threshold=1.1, if_none_pass="error", replay="all"))
    assert levels_of(result) == pytest.approx([level(3)])
    assert facts(result)["passed"] is False


def test_a_replay_of_some_items_sees_that_the_graph_was_changed(run):
    """What an earlier search of the same gate remembers belongs to the graph as it was."""
    run(batch_graph(4, seed=5, threshold=0.7, keep="each"))
    graph = batch_graph(4, seed=5, threshold=0.7, keep="each", replay="item 0 of 0, 1, 2 in 4")
    graph["loader"] = marked("another model")
    assert levels_of(run(graph)) == pytest.approx([level(5, 0, "another model")])


def test_lists_that_are_made_in_the_attempt_itself_are_never_paired_with_cut_ones(run):
    """The seeds come from a list that every attempt makes anew; the models are in a list that would be cut."""
    graph = gate_graph(seed=["seeds", 0], threshold=0.6, keep="each")
    graph["seeds"] = node("SwitchyardSeedSequence", seed=20, count=3, seed_mode="hashed")
    graph["loader"] = node("ProbeTexts", texts="one,two,three")
    graph["gate"]["inputs"]["score"] = ["score", 0]
    result = run(graph)
    assert result.status == "success", result.error
    models = ("one", "two", "three")
    places: list[float | None] = [None] * 3
    for attempt in range(50):
        seeds = seed_sequence(20 + attempt, 3, "hashed")
        for place in range(3):
            if places[place] is None and level(seeds[place], 0, models[place]) >= 0.6:
                places[place] = level(seeds[place], 0, models[place])
        if attempt == 0:
            assert 0 < places.count(None) < 3, "some must fail and some pass for this to be a test"
    assert levels_of(result) == pytest.approx(places)


def test_a_replayed_item_passes_only_if_it_does_itself(run):
    levels = [level(4, place) for place in range(4)]
    worst = levels.index(min(levels))
    graph = batch_graph(4, seed=4, threshold=max(levels), keep="each", replay=f"item {worst}")
    result = run(graph)
    assert facts(result)["passed"] is False
    assert "made again as replay says" in result.verdict("gate")["summary"]


def test_a_replay_of_an_item_that_is_not_there_is_an_error_in_words(run):
    assert "replay asks for item 5, but there are 2 pictures" in run(batch_graph(2, replay="item 5")).error
