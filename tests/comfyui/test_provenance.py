"""Save Image with Seeds in a real server: what its files hold makes the same picture again, at the first attempt."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy
import pytest
from gate_graphs import batch_graph, first_bright, gate_graph, gate_node, level
from graphs import node, value, values
from PIL import Image

from engine.pack import install_pack
from engine.run import run_graph

WINNER = first_bright(0.9)


@dataclass
class Saved:
    """One saved file: its pixels, and what it holds."""

    name: str
    pixels: numpy.ndarray
    chunks: dict = field(default_factory=dict)

    @property
    def prompt(self):
        return self.chunks["prompt"]


def save(source="gate", output=0, **inputs):
    return node("SwitchyardSaveImageWithSeeds", images=[source, output], filename_prefix="saved", **inputs)


def byte(brightness):
    """What a brightness becomes in a file."""
    return int(numpy.clip(numpy.float32(brightness) * numpy.float32(255), 0, 255))


@pytest.fixture
def read(server):
    """Reads what a run has saved."""

    def read(result, name="save"):
        assert result.status == "success", result.error
        found = []
        for file in result.saved(name):
            with Image.open(server.base / "output" / file) as picture:
                chunks = {key: json.loads(text) for key, text in picture.text.items()}
                found.append(Saved(file, numpy.asarray(picture).copy(), chunks))
        return found

    return read


@pytest.fixture
def run_afresh(server, run):
    """Runs a graph after ComfyUI has forgotten everything it has in memory."""

    def run_afresh(graph):
        server.post("/free", {"free_memory": True})
        time.sleep(0.2)
        result = run(graph)
        assert result.cached == []
        return result

    return run_afresh


@pytest.fixture
def check_again(run_afresh, read):
    """Queues the graph of a file: it makes that very picture, and each gate does with one attempt."""

    def check(saved, name="save"):
        result = run_afresh(saved.prompt)
        (again,) = read(result, name)
        assert numpy.array_equal(again.pixels, saved.pixels)
        gates = [key for key, spec in saved.prompt.items() if spec["class_type"] == "SwitchyardQualityGate"]
        assert [len(result.verdict(gate)["data"]["attempts"]) for gate in gates] == [1] * len(gates)
        assert again.prompt == saved.prompt
        return result

    return check


def warnings_of(result, name="save"):
    return result.verdict(name)["data"]["warnings"]


def test_the_file_holds_the_seed_that_won(run, read, check_again):
    graph = gate_graph() | {"save": save()}
    result = run(graph)
    (saved,) = read(result)
    assert WINNER >= 3
    assert (saved.pixels == byte(level(WINNER))).all()
    assert byte(level(WINNER)) != byte(level(0))
    expected = json.loads(json.dumps(graph))
    expected["sample"]["inputs"]["seed"] = WINNER
    assert saved.prompt == expected
    assert warnings_of(result) == []
    assert result.verdict("save")["summary"] == "saved 1 picture"
    check_again(saved)


def test_another_name_costs_nothing_and_changes_nothing(run, read):
    graph = gate_graph(seed=700) | {"save": save()}
    (first,) = read(run(graph))
    graph["save"]["inputs"]["filename_prefix"] = "renamed"
    result = run(graph)
    assert result.started == ["save"]
    (second,) = read(result)
    assert second.name.startswith("renamed")
    second.prompt["save"]["inputs"]["filename_prefix"] = "saved"
    assert second.prompt == first.prompt
    assert first.prompt["sample"]["inputs"]["seed"] == first_bright(0.9, 700) > 700


def test_each_of_several_collected_pictures_makes_itself_again(run, read, check_again):
    files = read(run(gate_graph(threshold=0.8, keep="count", count=3) | {"save": save()}))
    passing = [seed for seed in range(200) if level(seed) >= 0.8][:3]
    assert [saved.prompt["sample"]["inputs"]["seed"] for saved in files] == passing
    assert len({saved.pixels[0, 0, 0] for saved in files}) == 3
    for saved in files:
        check_again(saved)


def test_each_picture_of_a_batch_that_was_made_again_in_part_makes_itself_again(run, read, check_again):
    result = run(batch_graph(4, seed=5, threshold=0.7, keep="each") | {"save": save()})
    files = read(result)
    assert [saved.prompt["sample"]["inputs"]["seed"] for saved in files] == [9, 10, 10, 7]
    assert len({saved.pixels[0, 0, 0] for saved in files}) == 4
    assert files[1].prompt["gate"]["inputs"]["replay"] == "item 0 of 1, 2 in 4"
    for saved in files:
        check_again(saved)


def test_pictures_of_several_sizes_are_saved_as_a_list(run, read, check_again):
    graph = gate_graph(keep="each")
    graph["widths"] = values("1, 0")  # 0 keeps the proportions
    graph["pass"] = node(
        "ImageScale", image=["sample", 0], upscale_method="area", width=["widths", 0], height=4, crop="disabled"
    )
    files = read(run(graph | {"save": save()}))
    assert [saved.pixels.shape for saved in files] == [(4, 1, 3), (4, 4, 3)]
    assert [saved.prompt["gate"]["inputs"]["replay"] for saved in files] == ["item 0", "item 1"]
    for saved in files:
        assert saved.prompt["sample"]["inputs"]["seed"] == WINNER
        check_again(saved)


AFTER = {
    "which is which": node("ImageBatch", image1=["gate", 0], image2=["gate", 0]),
    "may sort": node("SwitchyardPickBest", value=["gate", 0], scores=["end", 0], count=2, order="lowest first"),
}


@pytest.mark.parametrize(("problem", "pictures"), [("which is which", 4), ("may sort", 2)])
def test_pictures_that_cant_be_told_apart_keep_the_graph_as_it_was(run, read, problem, pictures):
    graph = gate_graph(threshold=0.8, keep="count", count=2) | {"after": AFTER[problem], "save": save("after")}
    result = run(graph)
    assert [saved.prompt for saved in read(result)] == [graph] * pictures
    assert problem in warnings_of(result)[0]
    assert result.verdict("save")["summary"] == f"saved {pictures} pictures; {warnings_of(result)[0]}"


def test_a_sampler_after_the_gate_keeps_the_pictures_together(run, read):
    graph = gate_graph(threshold=0.8, keep="count", count=2)
    graph["after"] = node("ProbeSample", seed=1, model=["gate", 0])
    graph["both"] = node("ImageBlend", image1=["gate", 0], image2=["after", 0], blend_factor=0.5, blend_mode="normal")
    graph["save"] = save("both")
    result = run(graph)
    assert [saved.prompt for saved in read(result)] == [graph] * 2
    assert "go through node after together" in warnings_of(result)[0]


def test_pictures_that_meet_another_batch_after_the_gate_keep_their_partners(run, read):
    graph = batch_graph(4, seed=5, threshold=0.7, keep="each")
    graph["other"] = node("ProbeSample", seed=33, latent=["latent", 0])
    graph["mix"] = node("ImageBlend", image1=["gate", 0], image2=["other", 0], blend_factor=0.5, blend_mode="normal")
    graph["save"] = save("mix")
    result = run(graph)
    assert [saved.prompt for saved in read(result)] == [graph] * 4
    assert "node mix puts the pictures of gate gate together with others" in warnings_of(result)[0]


def test_a_batch_that_passes_at_once_needs_no_change_to_keep_its_partners(run, read):
    graph = batch_graph(4, threshold=0.0, keep="each")
    graph["after"] = node("ProbeSample", seed=33, model=["gate", 0], latent=["latent", 0])
    graph["save"] = save("after")
    result = run(graph)
    assert [saved.prompt for saved in read(result)] == [graph] * 4
    assert warnings_of(result) == []


def test_the_best_of_what_failed_makes_itself_again(run, read, check_again):
    result = run(gate_graph(seed=3, threshold=1.1, max_attempts=5) | {"save": save()})
    (saved,) = read(result)
    best = max(range(3, 8), key=level)
    assert best > 3
    assert saved.prompt["sample"]["inputs"]["seed"] == best
    assert saved.prompt["gate"]["inputs"]["replay"] == "all"
    check_again(saved)


def chain(threshold, second, **inputs):
    """A gate, a sampler on what it hands on, and a gate on that."""
    graph = gate_graph(threshold=threshold)
    graph["sample_2"] = node("ProbeSample", seed=52, model=["gate", 0])
    graph["score_2"] = node("ProbeBrightness", image=["sample_2", 0])
    graph["gate_2"] = gate_node("sample_2", "score_2", second, **inputs)
    return graph | {"save": save("gate_2")}


def test_a_chain_of_gates_makes_its_picture_again(run, read, check_again):
    result = run(chain(0.9, 0.9))
    (saved,) = read(result)
    assert len(result.verdict("gate_2")["data"]["attempts"]) > 1
    assert len(result.verdict("gate")["data"]["attempts"]) > 1
    assert saved.prompt["sample_2"]["inputs"]["seed"] > 52
    assert level(saved.prompt["sample"]["inputs"]["seed"]) >= 0.9
    check_again(saved)


def test_a_chain_whose_last_gate_passes_at_once_keeps_what_the_first_one_found(run, read, check_again):
    result = run(chain(0.9, 0.0))
    (saved,) = read(result)
    assert saved.prompt["sample"]["inputs"]["seed"] == WINNER
    assert saved.prompt["sample_2"]["inputs"]["seed"] == 52
    check_again(saved)


def test_a_chain_that_varies_only_its_second_sampler(run, read, check_again):
    result = run(chain(0.9, 0.9, vary="named", seed_nodes="sample_2"))
    (saved,) = read(result)
    assert saved.prompt["sample"]["inputs"]["seed"] == WINNER
    assert saved.prompt["sample_2"]["inputs"]["seed"] > 52
    check_again(saved)


def test_a_gate_inside_the_attempts_of_another_one_for_some_pictures_of_a_batch(run, run_afresh, read):
    graph = batch_graph(3, threshold=0.3)
    graph["gate"]["inputs"]["score"] = ["score", 1]
    graph["sample_2"] = node("ProbeSample", seed=3, latent=["latent", 0], model=["gate", 0])
    graph["score_2"] = node("ProbeBrightness", image=["sample_2", 0])
    graph["gate_2"] = gate_node("sample_2", "score_2", 0.7, keep="each")
    graph["gate_2"]["inputs"]["score"] = ["score_2", 0]
    result = run(graph | {"save": save("gate_2")})
    files = read(result)
    assert len({saved.prompt["sample_2"]["inputs"]["seed"] for saved in files}) > 1
    assert any(" of " in saved.prompt["gate_2"]["inputs"]["replay"] for saved in files)
    assert warnings_of(result) == []
    for saved in files:
        again = run_afresh(saved.prompt)
        (picture,) = read(again)
        assert numpy.array_equal(picture.pixels, saved.pixels)
        assert picture.prompt == saved.prompt
        assert len(again.verdict("gate_2")["data"]["attempts"]) == 1


def test_a_seed_that_also_goes_past_the_gate_is_left_alone_and_said(run, read):
    graph = gate_graph()
    graph["both"] = node("ImageBatch", image1=["gate", 0], image2=["pass", 0])
    graph["save"] = save("both")
    result = run(graph)
    assert [saved.prompt for saved in read(result)] == [graph] * 2
    assert "seed of node sample also reaches the picture past gate gate" in warnings_of(result)[0]


def test_two_branches_with_seeds_of_their_own(run, read, check_again):
    graph = gate_graph()
    graph["sample_b"] = node("ProbeSample", seed=900, model=["loader", 0])
    graph["score_b"] = node("ProbeBrightness", image=["sample_b", 0])
    graph["gate_b"] = gate_node("sample_b", "score_b")
    graph["save"] = save()
    graph["save_b"] = save("gate_b")
    graph["mix"] = node("ImageBlend", image1=["gate", 0], image2=["gate_b", 0], blend_factor=0.5, blend_mode="normal")
    graph["save_mix"] = save("mix")
    result = run(graph)
    (mixed,) = read(result, "save_mix")
    seeds = [mixed.prompt[name]["inputs"]["seed"] for name in ("sample", "sample_b")]
    assert seeds == [WINNER, first_bright(0.9, 900)]
    (one,) = read(result, "save")
    assert [one.prompt[name]["inputs"]["seed"] for name in ("sample", "sample_b")] == [WINNER, 900]
    check_again(mixed, "save_mix")


def switched(condition, other="other", **inputs):
    """A switch between a gate and another sampler, and one between the gate's report and nothing."""
    graph = gate_graph()
    for name in ("end", "shown", "facts", "report"):
        del graph[name]
    graph["other"] = node("ProbeSample", seed=44)
    graph["condition"] = value("true" if condition else "false")
    chosen = {"condition": ["condition", 0]}
    graph["switch"] = node("SwitchyardSwitch", **chosen, on_true=["gate", 0], on_false=[other, 0])
    graph["reports"] = node("SwitchyardSwitch", **chosen, on_true=["gate", 5], on_false="")
    return graph | {"save": save("switch", **inputs)}


@pytest.mark.parametrize("is_chosen", [False, True])
def test_a_gate_behind_a_switch_is_neither_made_to_run_nor_overlooked(run, read, is_chosen):
    graph = switched(is_chosen)
    del graph["reports"]
    result = run(graph)
    (saved,) = read(result)
    assert (result.times_started("gate") > 0) == is_chosen
    assert saved.prompt == graph
    assert "gate gate is behind a switch" in warnings_of(result)[0]


def test_a_gate_behind_a_switch_whose_report_is_plugged_in(run, read, check_again):
    graph = switched(True, report=["reports", 0])
    result = run(graph)
    (saved,) = read(result)
    assert warnings_of(result) == []
    assert saved.prompt["sample"]["inputs"]["seed"] == WINNER
    check_again(saved)


def test_a_gate_that_the_switch_did_not_choose_has_no_report(run, read):
    graph = switched(False, report=["reports", 0])
    result = run(graph)
    (saved,) = read(result)
    assert result.times_started("gate") == 0
    assert saved.prompt == graph
    assert warnings_of(result) == []


def test_a_report_is_not_believed_where_the_sampler_also_gets_past_the_gate(run, read):
    graph = switched(False, other="pass", report=["gate", 5])
    result = run(graph)
    (saved,) = read(result)
    assert saved.prompt == graph
    assert saved.pixels[0, 0, 0] == byte(level(0))
    assert "also reaches the picture past gate gate" in warnings_of(result)[0]


def test_ids_of_nodes_in_subgraphs(run, read, check_again):
    def inside(graph):
        names = {name: f"7:{number}" for number, name in enumerate(graph) if name != "save"}

        def moved(value):
            return [names.get(value[0], value[0]), value[1]] if isinstance(value, list) else value

        return {
            names.get(name, name): {**spec, "inputs": {key: moved(given) for key, given in spec["inputs"].items()}}
            for name, spec in graph.items()
        }

    (saved,) = read(run(inside(gate_graph() | {"save": save()})))
    assert saved.prompt["7:1"]["inputs"]["seed"] == WINNER
    check_again(saved)


def test_a_picture_without_a_gate_is_saved_as_ever(run, read):
    graph = {"sample": node("ProbeSample", seed=5), "save": save("sample")}
    result = run(graph)
    (saved,) = read(result)
    assert saved.prompt == graph
    assert warnings_of(result) == []


def test_a_wrong_report_does_not_cost_the_picture(run, read):
    graph = gate_graph() | {"save": save(report=["text", 0]), "text": value("text")}
    result = run(graph)
    (saved,) = read(result)
    assert saved.prompt == graph
    assert "is not the report of a Quality Gate: 'text'" in warnings_of(result)[0]


def test_an_interrupted_search_saves_nothing_and_can_be_queued_again(server, run, read):
    start = next(seed for seed in range(1200, 9000) if first_bright(0.9, seed) > seed + 6)
    graph = gate_graph(seed=start, sample={"seconds": 0.4}) | {"save": save()}
    before = len(server.log_text())
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(run, graph)
        while "attempt 2 of" not in server.log_text()[before:]:
            time.sleep(0.05)
        server.post("/interrupt", {})
        interrupted = running.result()
    assert interrupted.status == "interrupted"
    assert interrupted.saved("save") == []
    (saved,) = read(run(graph))
    assert saved.prompt["sample"]["inputs"]["seed"] == first_bright(0.9, start)


def test_without_metadata_nothing_is_written_into_the_files(make_server):
    server = make_server("bare_files", "--disable-metadata")
    install_pack(server.base / "custom_nodes")
    with server:
        result = run_graph(server, gate_graph() | {"save": save()})
    with Image.open(server.base / "output" / result.saved("save")[0]) as picture:
        assert picture.text == {}
        assert picture.getpixel((0, 0)) == (byte(level(WINNER)),) * 3
