"""Pick Best and Seed Sequence in a real server: best of eight, batches and lists, and what runs downstream."""

from __future__ import annotations

import json

import pytest
from gate_graphs import gate_node, report_of, unit
from graphs import catch, caught, marked, node

MODEL = "eight models"  # other tests count how often theirs is loaded


def level(seed, place=0):
    """The brightness of the picture that ProbeSample gives for a seed, at a place in a batch."""
    return unit(seed, MODEL, place)


def best_of_eight(seed=100, count=1, sequence=None, **options):
    """Eight seeds, a sampler that runs once for each, a score for each picture, and the best of them."""
    return {
        "loader": marked(MODEL),
        "seeds": node(
            "SwitchyardSeedSequence", **{"seed": seed, "count": 8, "seed_mode": "increment", **(sequence or {})}
        ),
        "sample": node("ProbeSample", seed=["seeds", 0], model=["loader", 0]),
        "score": node("ProbeBrightness", image=["sample", 0]),
        "pick": pick_node("sample", "score", count=count, **options),
        "after": node("ProbeBrightness", image=["pick", 0]),
        "end": catch("pick"),
        "scores": catch("pick", 1),
        "indexes": catch("pick", 2),
        "after end": catch("after"),
    }


def pick_node(value, score, count=1, order="highest first", **options):
    return node("SwitchyardPickBest", value=[value, 0], scores=[score, 0], count=count, order=order, **options)


def batch_graph(pictures, **options):
    """One sampler whose batch has several pictures, and the best of them."""
    graph = best_of_eight(**options)
    del graph["seeds"]
    graph["latent"] = node("EmptyLatentImage", width=64, height=64, batch_size=pictures)
    graph["sample"]["inputs"] |= {"seed": 5, "latent": ["latent", 0]}
    return graph


def levels(result):
    """The brightness of each picture after Pick Best, and how many came at a time."""
    return result.outputs["after"]["ran"]


def ranked(seeds, count, sign=-1):
    return sorted(seeds, key=lambda seed: sign * level(seed))[:count]


def test_best_of_eight(run):
    result = run(best_of_eight())
    assert result.status == "success", result.error
    assert result.outputs["sample"]["ran"] == list(range(100, 108))
    (winner,) = ranked(range(100, 108), 1)
    assert winner > 100
    assert levels(result) == pytest.approx([level(winner)])
    assert caught(result, "end") == ["shape (1, 8, 8, 3)"]
    assert [float(score) for score in caught(result, "scores")] == pytest.approx([level(winner)])
    assert caught(result, "indexes") == [str(winner - 100)]
    assert result.times_started("loader") == result.times_started("sample") == 1


def test_the_three_best_of_a_list_come_best_first_and_what_follows_runs_once_for_each(run):
    result = run(best_of_eight(count=3))
    winners = ranked(range(100, 108), 3)
    assert levels(result) == pytest.approx([level(winner) for winner in winners])
    assert caught(result, "end") == ["shape (1, 8, 8, 3)"] * 3
    assert caught(result, "indexes") == [str(winner - 100) for winner in winners]
    assert result.verdict("pick")["summary"].startswith(f"3 of 8 items: item {winners[0] - 100} (")


def test_the_best_of_a_batch_stay_one_batch(run):
    result = run(batch_graph(6, count=4, order="lowest first"))
    assert result.status == "success", result.error
    by_level = sorted(range(6), key=lambda place: level(5, place))[:4]
    assert caught(result, "end") == ["shape (4, 8, 8, 3)"]
    assert levels(result) == pytest.approx([level(5, place) for place in by_level])
    assert caught(result, "indexes") == [str(place) for place in by_level]


def test_a_list_of_batches_with_a_score_for_each_picture_is_picked_from_picture_by_picture(run):
    graph = best_of_eight(count=2)
    graph["latent"] = node("EmptyLatentImage", width=64, height=64, batch_size=3)
    graph["sample"]["inputs"]["latent"] = ["latent", 0]
    result = run(graph)
    assert result.status == "success", result.error
    all_levels = [level(seed, place) for seed in range(100, 108) for place in range(3)]
    assert levels(result) == pytest.approx(sorted(all_levels, reverse=True)[:2])
    assert caught(result, "end") == ["shape (1, 8, 8, 3)"] * 2


def test_latents_are_picked_with_the_noise_of_their_place(run):
    graph = batch_graph(6)
    graph["pick"]["inputs"]["value"] = ["latent", 0]
    graph["pick"]["inputs"]["count"] = 2
    graph = {name: graph[name] for name in ("loader", "latent", "sample", "score", "pick", "end")}
    result = run(graph)
    assert result.status == "success", result.error
    places = sorted(range(6), key=lambda place: -level(5, place))[:2]
    assert f"'batch_index': {places}" in caught(result)[0]


@pytest.mark.parametrize(
    ("if_none_pass", "status"), [("best", "success"), ("none", "success"), ("block", "success"), ("error", "error")]
)
def test_when_none_passes(run, if_none_pass, status):
    graph = best_of_eight(count=3, use_threshold=True, threshold=1.5, if_none_pass=if_none_pass)
    del graph["after"], graph["after end"]
    result = run(graph)
    assert result.status == status
    (winner,) = ranked(range(100, 108), 1)
    if if_none_pass == "best":
        assert caught(result, "indexes") == [str(winner - 100)]
    elif if_none_pass == "none":
        assert caught(result, "end") == ["None"]
        assert caught(result, "scores") == ["nan"]
        assert caught(result, "indexes") == ["-1"]
    elif if_none_pass == "block":
        assert not {"end", "scores", "indexes"} & set(result.outputs)
        assert result.verdict("pick")["data"]["passing"] == 0
        assert result.notices == []
    else:
        assert result.error_node == "pick"
        assert "none of 8 items passes >= 1.5" in result.error


def test_only_what_passes_is_picked(run):
    passing = [seed for seed in range(100, 108) if level(seed) >= 0.5]
    assert 1 < len(passing) < 8
    result = run(best_of_eight(count=8, use_threshold=True, threshold=0.5))
    assert caught(result, "indexes") == [str(seed - 100) for seed in ranked(passing, 8)]


def test_a_wrong_number_of_scores_is_a_red_node_that_names_both(run):
    graph = best_of_eight()
    graph["pick"]["inputs"]["scores"] = 0.5
    result = run(graph)
    assert result.status == "error"
    assert result.error_node == "pick"
    assert "value has 8 items, but scores has 1 number." in result.error


def test_queued_again_nothing_runs_and_another_count_runs_no_sampler(run):
    run(best_of_eight(seed=3000))
    again = run(best_of_eight(seed=3000))
    assert again.started == []
    more = run(best_of_eight(seed=3000, count=2))
    assert "sample" not in more.started
    assert caught(more, "indexes") == [str(seed - 3000) for seed in ranked(range(3000, 3008), 2)]


def test_the_first_seed_of_a_list_is_the_one_listed(run):
    result = run(best_of_eight(count=8, sequence={"seed_mode": "list", "seed_list": "9, 4; 9 7"}))
    assert result.outputs["sample"]["ran"] == [9, 4, 7]
    assert result.verdict("seeds")["data"] == {"seeds": "9, 4, 7"}


def test_a_list_of_seeds_that_is_none_is_refused_before_anything_runs(run):
    result = run(best_of_eight(sequence={"seed_mode": "list", "seed_list": "9, four"}))
    assert result.status == "rejected"
    assert "'four' in the list of seeds is not a seed" in json.dumps(result.node_errors)


@pytest.mark.parametrize("mode", ["increment", "hashed"])
def test_a_gate_tries_the_seeds_of_the_sequence_in_its_order(run, mode):
    """Its own seeds, and the same ones out of the text that is plugged into its seed_list."""
    base = 77
    graph = best_of_eight(seed=base, sequence={"seed_mode": mode})
    gate = {
        "one": node("ProbeSample", seed=base),
        "one score": node("ProbeBrightness", image=["one", 0]),
        "gate": gate_node("one", "one score", threshold=1.5, max_attempts=8, seed_mode=mode),
        "report": catch("gate", 5),
    }
    result = run({**graph, **gate})
    assert result.status == "success", result.error
    seeds = result.outputs["sample"]["ran"]
    assert len(set(seeds)) == 8
    tried = [attempt["seeds"]["one"]["seed"] for attempt in report_of(result)["attempts"]]
    assert tried == seeds
    gate["gate"]["inputs"] |= {"seed_mode": "list", "seed_list": ["seeds", 1], "threshold": 1.6}
    result = run({**graph, **gate})
    assert [attempt["seeds"]["one"]["seed"] for attempt in report_of(result)["attempts"]] == seeds


def test_the_best_that_a_gate_finds_and_the_best_of_the_sequence_are_the_same_picture(run):
    base = 900
    graph = best_of_eight(seed=base)
    graph |= {
        "one": node("ProbeSample", seed=base, model=["loader", 0]),
        "one score": node("ProbeBrightness", image=["one", 0]),
        "gate": gate_node("one", "one score", threshold=1.5, max_attempts=8),
        "gate after": node("ProbeBrightness", image=["gate", 0]),
        "gate end": catch("gate after"),
    }
    result = run(graph)
    assert result.status == "success", result.error
    (winner,) = ranked(range(base, base + 8), 1)
    assert winner > base
    assert result.outputs["gate after"]["ran"] == levels(result) == pytest.approx([level(winner)])
