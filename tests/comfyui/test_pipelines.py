"""The pipelines that people share, as examples: a note a stage, each runs to its picture, one checkpoint of two."""

from __future__ import annotations

import json
import time

import numpy
import pytest
from example_files import ROOT, graph_of, named, notes_of

from engine.layout import NOISE_CHECKPOINT

HIRES = ("Hi-res fix lanczos", "Hi-res fix upscale model")
PIPELINES = (*HIRES, "SDXL base and refiner", "Model by subject")


@pytest.mark.parametrize("stem", PIPELINES)
def test_every_stage_is_a_group_with_a_note(stem):
    workflow = json.loads((ROOT / "example_workflows" / f"{stem}.json").read_text(encoding="utf-8"))
    notes = [(*note["pos"], *note["size"]) for note in notes_of(workflow)]
    for group in workflow["groups"]:
        left, top, width, height = group["bounding"]
        inside = [
            (x, y)
            for x, y, across, down in notes
            if left < x and x + across < left + width and top < y and y + down < top + height
        ]
        assert len(inside) == 1, f"{group['title']} has {len(inside)} notes"
    assert len(notes) == len(workflow["groups"])


@pytest.mark.parametrize("stem", HIRES)
def test_a_hires_fix_saves_a_picture_twice_as_large_as_its_draft(run, picture, supplied, stem):
    graph = supplied(graph_of(stem))
    result = run(graph)
    assert result.status == "success", result.error or result.node_errors
    draft, final = picture(result, named(stem, "Draft picture")), picture(result, named(stem, "Final picture"))
    assert (draft.shape, final.shape) == ((128, 128, 3), (256, 256, 3))
    graph[named(stem, "Second pass")]["inputs"]["denoise"] = 1.0
    redrawn = picture(run(graph), named(stem, "Final picture"))
    assert likeness(final, draft) > likeness(redrawn, draft) + 0.05


def likeness(final, draft):
    """How well a picture twice as large goes with its draft: a correlation, up to 1."""
    halved = final.reshape(128, 2, 128, 2, 3).mean((1, 3))
    return numpy.corrcoef(halved.ravel(), draft.ravel())[0, 1]


@pytest.mark.parametrize("stem", HIRES)
def test_its_note_says_what_the_denoise_means_with_sd15(run, supplied, stem):
    graph = supplied(graph_of(stem))
    report = named(stem, "What the denoise means")
    graph = {name: graph[name] for name in (named(stem, "Checkpoint"), named(stem, "Denoise Strength"), report)}
    graph[named(stem, "Checkpoint")]["inputs"]["ckpt_name"] = NOISE_CHECKPOINT
    (text,) = run(graph).outputs[report]["text"]
    assert text.startswith("Denoise 0.51 with karras at 15 steps is as strong as 0.43 with normal on SD 1.5")


@pytest.mark.parametrize("stem", HIRES)
def test_denoise_strength_drives_the_second_pass_and_both_passes_share_model_and_prompts(stem):
    graph = graph_of(stem)
    second, first = (graph[named(stem, title)]["inputs"] for title in ("Second pass", "Draft"))
    strength = named(stem, "Denoise Strength")
    assert [second[name] for name in ("denoise", "steps", "scheduler")] == [[strength, output] for output in range(3)]
    assert [first[name] for name in ("model", "positive", "negative")] == [
        second[name] for name in ("model", "positive", "negative")
    ]


@pytest.mark.sdxl
def test_sdxl_base_and_refiner_hands_over_where_the_refiner_was_trained(run_logged, picture, supplied):
    stem = "SDXL base and refiner"
    result, log = run_logged(supplied(graph_of(stem)))
    assert result.status == "success", result.error or result.node_errors
    assert {"SDXL", "SDXLRefiner"} <= log.models
    assert result.verdict(named(stem, "Refiner Split"))["data"]["step"] == 16
    final = picture(result, named(stem, "Picture"))
    assert final.shape == (128, 128, 3)
    assert final.std() > 5


def test_sdxl_base_and_refiner_decodes_with_the_vae_of_the_last_model():
    stem = "SDXL base and refiner"
    graph = graph_of(stem)
    (decode,) = [spec["inputs"] for spec in graph.values() if spec["class_type"] == "VAEDecode"]
    assert decode["vae"] == [named(stem, "Refiner model"), 2]
    texts = {str(spec["inputs"]["text"]) for spec in graph.values() if spec["class_type"] == "CLIPTextEncode"}
    assert len(texts) == 2, "base and refiner share one prompt and one negative prompt"


@pytest.mark.parametrize(
    ("prompt", "wanted", "other"),
    [
        ("anime, portrait of a girl with pink hair in the snow", "Anime", "Realistic"),
        ("photo, a red boat at sea at sunset", "Realistic", "Anime"),
    ],
)
def test_model_by_subject_loads_one_checkpoint(run_logged, picture, supplied, prompt, wanted, other):
    stem = "Model by subject"
    graph = supplied(graph_of(stem))
    graph[named(stem, "Prompt")]["inputs"]["value"] = prompt
    for spec in graph.values():
        if spec["class_type"] == "KSampler":
            spec["inputs"].update(steps=3, seed=time.time_ns() % 2**32)  # never out of another test's cache
    result, log = run_logged(graph)
    assert result.status == "success", result.error or result.node_errors
    assert named(stem, f"{wanted} model") in result.started
    assert named(stem, f"{other} model") not in result.started
    assert log.checkpoints_read == 1
    assert picture(result, named(stem, "Picture")).shape == (128, 128, 3)
    assert wanted.lower() in result.outputs[named(stem, "Why")]["text"][0]
