"""Every example workflow over the API, as the page would send it (tests/web holds the goldens against the page)."""

from __future__ import annotations

import csv
import json

import numpy
import pytest
import torch
from example_files import ROOT, graph_of, named, notes_of
from example_needs import EXAMPLE_NEEDS
from graphs import node
from PIL import Image

from engine.layout import DEMO_CHECKPOINT

# Why it chose and which faces there are need no file, and ComfyUI runs what is in order.
SHOWS_TEXT_ANYWAY = {"Model by subject", "Face crop and paste"}
NOT_CHECKED = {"UpscaleModelLoader"}  # ComfyUI 0.3.75 checks the files of older nodes before a run, of newer ones in it
EXAMPLES = sorted((ROOT / "example_workflows").glob("*.json"))
RUNNABLE = [path for path in EXAMPLES if path.stem not in EXAMPLE_NEEDS]


@pytest.mark.parametrize("example", RUNNABLE, ids=lambda path: path.stem)
def test_it_runs(run, example):
    assert run(graph_of(example.stem)).status == "success"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_it_is_made_to_be_read(example):
    """Groups with names, a note that explains, titles instead of class names, ids that let the page find the pack."""
    workflow = json.loads(example.read_text(encoding="utf-8"))
    assert len(workflow["groups"]) >= 3
    assert all(group["title"] and group["color"] for group in workflow["groups"])
    notes = notes_of(workflow)
    assert notes
    assert max(len(note["widgets_values"][0]) for note in notes) > 100
    ours = [node for node in workflow["nodes"] if node["type"].startswith("Switchyard")]
    assert all(node["properties"]["cnr_id"] == "switchyard-nodes" for node in ours)
    assert example.with_suffix(".jpg").is_file()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_no_two_nodes_overlap(example):
    nodes = json.loads(example.read_text(encoding="utf-8"))["nodes"]
    boxes = [(node.get("title", node["type"]), *node["pos"], *node["size"]) for node in nodes]
    for index, (title, x, y, width, height) in enumerate(boxes):
        for other, left, top, across, down in boxes[index + 1 :]:
            apart = x + width <= left or left + across <= x or y + height + 30 <= top or top + down + 30 <= y
            assert apart, f"{title} and {other} overlap"


def test_compare_and_switch_takes_the_other_branch_when_the_bar_is_higher(run):
    stem = "Compare and switch"
    graph = graph_of(stem)
    good, bad = named(stem, "Upscale it (good)"), named(stem, "Small proof (bad)")
    first = run(graph)
    assert first.verdict(named(stem, "Switch"))["data"]["branch"] == "on_true"
    graph[named(stem, "Good enough?")]["inputs"].update(b_value="2")
    second = run(graph)
    assert second.verdict(named(stem, "Switch"))["data"]["branch"] == "on_false"
    assert bad in second.started
    assert good not in second.started


@pytest.mark.parametrize(("style", "label"), [("photo", "photo"), ("a NEGATIVE", "negative"), ("anime", "drawing")])
def test_select_by_name_follows_the_style(run, style, label):
    stem = "Select by name"
    graph = graph_of(stem)
    graph[named(stem, "Style")]["inputs"]["value"] = style
    assert run(graph).verdict(named(stem, "Select"))["data"]["label"] == label


def test_gate_and_first_available_saves_nothing_when_the_score_is_too_low(run, server):
    stem = "Gate and first available"
    graph = graph_of(stem)
    graph[named(stem, "Quality Score")]["inputs"]["threshold"] = 1.0
    graph[named(stem, "Otherwise this one")]["inputs"]["image"] = "grace_hopper.jpg"
    graph[named(stem, "Quality Score")]["inputs"]["preset"] = "photo"
    before = set((server.base / "output").iterdir())
    result = run(graph)
    assert result.status == "success"
    assert result.verdict(named(stem, "Gate"))["data"]["open"] is False
    assert named(stem, "Upscale it") not in result.started
    assert set((server.base / "output").iterdir()) == before


def test_gate_and_first_available_prefers_the_unmuted_picture(run):
    stem = "Gate and first available"
    graph = graph_of(stem)
    graph["mine"] = {"class_type": "LoadImage", "inputs": {"image": "astronaut.png"}}
    graph[named(stem, "First Available")]["inputs"]["input_0"] = ["mine", 0]
    result = run(graph)
    assert result.verdict(named(stem, "First Available"))["data"]["index"] == 0
    assert named(stem, "Otherwise this one") not in result.started


def test_quality_score_sees_the_blur(run):
    stem = "Quality score"
    graph = graph_of(stem)
    graph[named(stem, "Picture")]["inputs"]["image"] = "astronaut.png"
    graph[named(stem, "Quality Score")]["inputs"]["preset"] = "photo"
    data = run(graph).verdict(named(stem, "Quality Score"))["data"]
    sharp, blurred = data["scores"]
    assert sharp >= 0.8 > blurred
    assert data["worst"][1] == "blur"


def test_quality_gate_fails_first_and_finds_a_seed_that_passes(run):
    stem = "Quality gate"
    result = run(graph_of(stem))
    data = result.verdict(named(stem, "Quality Gate"))["data"]
    assert data["passed"] is True
    assert data["attempts"][0]["passed"] is False
    assert result.times_started(named(stem, "Your sampler goes here")) == len(data["attempts"])


def test_best_of_eight_keeps_the_one_with_the_highest_score(run):
    stem = "Best of eight"
    graph = graph_of(stem)
    graph[named(stem, "Eight seeds")]["inputs"]["seed"] = 105  # not what another test has left in the cache
    result = run(graph)
    report = json.loads(result.outputs[named(stem, "Scores of all eight")]["text"][0])
    assert len(report["scores"]) == 8
    assert result.verdict(named(stem, "Pick Best"))["data"]["scores"] == [max(report["scores"])]
    assert len(result.saved(named(stem, "The best one"))) == 1


def test_score_log_and_overlay_draws_both_scores_and_keeps_them(run, server):
    stem = "Score log and overlay"
    graph = graph_of(stem)
    graph[named(stem, "Picture")]["inputs"]["image"] = "grace_hopper.jpg"
    graph[named(stem, "Quality Score")]["inputs"]["preset"] = "photo"
    log = server.base / "output" / "switchyard" / "scores.csv"
    before = len(rows_of(log)) if log.exists() else 0
    result = run(graph)
    assert result.status == "success", result.error
    scores = result.verdict(named(stem, "Quality Score"))["data"]["scores"]
    rows = rows_of(log)[before:]
    assert [float(row["score"]) for row in rows] == scores
    assert scores[0] > scores[1]
    assert rows[1]["seed"] == "7"
    assert "in switchyard/scores.csv" in result.outputs[named(stem, "Over all runs")]["text"][0]
    assert len(result.outputs[named(stem, "What the scores mean")]["images"]) == 2


def rows_of(log):
    with log.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_examples_that_need_something_are_there():
    assert set(EXAMPLE_NEEDS) <= {path.stem for path in EXAMPLES}


@pytest.mark.parametrize("stem", [stem for stem, needs in EXAMPLE_NEEDS.items() if needs.files])
def test_nothing_is_wrong_but_the_files_that_are_missing(run, stem):
    graph = graph_of(stem)
    result = run(graph)
    assert result.status == ("success" if stem in SHOWS_TEXT_ANYWAY else "rejected")
    assert not any(result.saved(name) for name, spec in graph.items() if spec["class_type"] != "PreviewImage")
    missing = {(named(stem, title), file) for (title, _), file in EXAMPLE_NEEDS[stem].files.items()}
    unchecked = {name for name, _ in missing if graph[name]["class_type"] in NOT_CHECKED}
    assert {name for name, _ in missing} - unchecked == set(result.node_errors) - unchecked
    for name, node_errors in result.node_errors.items():
        for problem in node_errors["errors"]:
            assert any(file in problem["details"] for owner, file in missing if owner == name), problem


@pytest.mark.parametrize("stem", EXAMPLE_NEEDS)
def test_the_note_names_the_files(stem):
    workflow = json.loads((ROOT / "example_workflows" / f"{stem}.json").read_text(encoding="utf-8"))
    note = "\n".join(spec["widgets_values"][0] for spec in notes_of(workflow))
    ours = {file for (title, _), file in EXAMPLE_NEEDS[stem].files.items() if title != "Your checkpoint"}
    assert "**You need" in note
    assert all(f"`{file}`" in note or f"[{file}](https://" in note for file in ours)


def with_small_models(stem):
    """The graph of an example with small CLIPs of random weights in place of those that it loads."""
    graph = graph_of(stem)
    for name, spec in graph.items():
        if spec["class_type"] == "CLIPVisionLoader":
            graph[name] = node("ProbeClipVision", kind="clip", width=768, seed=1)
        elif spec["class_type"] == "CLIPLoader":
            graph[name] = node("ProbeClip", width=768, seed=2, has_projection=True)
    return graph


@pytest.mark.parametrize(("lowest_share", "saved"), [(0.0, 1), (1.0, 0)])
def test_aesthetic_and_prompt_score_saves_only_what_passes_all_three(run, server, lowest_share, saved):
    stem = "Aesthetic and prompt score"
    folder = server.base / "models" / "aesthetic"
    folder.mkdir(exist_ok=True)
    torch.save({"weight": torch.zeros(1, 768), "bias": torch.tensor([6.6])}, folder / "example_head.pth")
    graph = with_small_models(stem)
    graph[named(stem, "Aesthetic Score")]["inputs"]["head"] = "example_head.pth"
    relative = {"method": "relative", "other_prompts": "a dog", "threshold": 0.0}
    graph[named(stem, "Prompt Score")]["inputs"].update(relative)
    graph[named(stem, "CLIP IQA Score")]["inputs"]["threshold"] = lowest_share
    result = run(graph)
    assert result.status == "success", result.node_errors or result.error
    assert len(result.saved(named(stem, "Saved only if all three pass"))) == saved
    report = json.loads(result.outputs[named(stem, "How well it fits the text")]["text"][0])
    assert report["passed"] is True


def test_rank_by_preference_keeps_the_three_that_score_highest(run):
    stem = "Rank by preference"
    graph = with_small_models(stem)
    graph[named(stem, "Your checkpoint")]["inputs"]["ckpt_name"] = DEMO_CHECKPOINT
    graph[named(stem, "Eight pictures")]["inputs"].update(width=64, height=64)
    graph[named(stem, "KSampler")]["inputs"]["steps"] = 1
    result = run(graph)
    assert result.status == "success", result.error
    report = json.loads(result.outputs[named(stem, "Scores of all eight")]["text"][0])
    assert len(report["scores"]) == 8
    best = result.verdict(named(stem, "Pick Best"))["data"]["scores"]
    assert best == sorted(report["scores"], reverse=True)[:3]
    assert len(result.saved(named(stem, "The best three"))) == 3


def test_face_detailer_without_a_face_saves_the_picture_as_it_is(run, picture, supplied):
    stem = "Face detailer"
    graph = supplied(graph_of(stem))
    graph[named(stem, "Prompt")]["inputs"]["text"] = "photo, mountains by the sea"
    result = run(graph)
    assert result.status == "success", result.error or result.node_errors
    assert result.verdict(named(stem, "Face Detailer"))["summary"].startswith("no face, the picture is unchanged")
    assert picture(result, named(stem, "Final picture")).shape == (128, 128, 3)
    assert picture(result, named(stem, "Faces found")).shape == (128, 128, 3)
    assert not any(named(stem, title) in result.outputs for title in ("Faces before", "Faces after"))


def test_face_detailer_shows_each_face_before_and_after(run, supplied):
    stem = "Face detailer"
    graph = supplied(graph_of(stem))
    decode = named(stem, "VAEDecode")
    graph[decode] = {"class_type": "LoadImage", "inputs": {"image": "astronaut.png"}}
    graph[named(stem, "Face Detailer")]["inputs"].update(steps=2, keep_if_worse=False)
    result = run(graph)
    assert result.status == "success", result.error or result.node_errors
    report = json.loads(result.outputs[named(stem, "Report")]["text"][0])
    assert report["summary"] == "1 face: 1 redrawn"
    shown = [result.outputs[named(stem, title)]["images"] for title in ("Faces before", "Faces after")]
    assert [len(pictures) for pictures in shown] == [1, 1]


@pytest.mark.parametrize(("photograph", "faces"), [("astronaut.png", 1), ("without a face", 0)])
def test_face_crop_and_paste_changes_the_face_only(run, server, picture, supplied, photograph, faces):
    stem = "Face crop and paste"
    if not faces:
        photograph = "sky.png"
        Image.new("RGB", (96, 64), (90, 140, 220)).save(server.base / "input" / photograph)
    graph = supplied(graph_of(stem))
    graph[named(stem, "Picture")]["inputs"]["image"] = photograph
    graph[named(stem, "Your sampler")]["inputs"]["steps"] = 2
    result = run(graph)
    assert result.status == "success", result.error or result.node_errors
    counts = [result.outputs[named(stem, title)]["text"] for title in ("How many boxes", "How many SEGS")]
    assert counts == [[str(faces)], [str(faces)]]
    with Image.open(server.base / "input" / photograph) as file:
        before = numpy.asarray(file.convert("RGB"), dtype=int)
    changed = (picture(result, named(stem, "Final picture")) != before).any(axis=2)
    assert changed.any() == bool(faces)
    assert changed.mean() < 0.2


def test_pyiqa_score_without_pyiqa_is_a_red_node_that_says_so(run):
    stem = "Pyiqa score"
    result = run(graph_of(stem))
    assert (result.status, result.error_node) == ("error", named(stem, "Pyiqa Score"))
    assert "needs the Python package pyiqa" in result.error
