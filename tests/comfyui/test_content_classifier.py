"""Content Classifier in a real server: what it gives, what is loaded, lists of prompts, and wrong inputs."""

from __future__ import annotations

import pytest
from graphs import catch, caught, node

from engine.layout import NOISE_CHECKPOINT


def classify(prompt, **inputs):
    return {
        "classifier": node("SwitchyardContentClassifier", prompt=prompt, **inputs),
        **{name: catch("classifier", output) for output, name in enumerate(("is_first", "label", "index"))},
    }


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("1girl, (cat ears:1.2), <lora:animeLineart:0.7>", ("True", "'anime'", "0")),
        ("not anime, photo of a lighthouse", ("False", "'realistic'", "1")),
        ("写实照片，老人", ("False", "'realistic'", "1")),
        ("日本語 アニメ 少女", ("True", "'anime'", "0")),
        ("", ("False", "'realistic'", "1")),
    ],
)
def test_it_gives_a_boolean_a_label_and_an_index(run, prompt, expected):
    result = run(classify(prompt))
    assert result.status == "success", result.error
    assert tuple(caught(result, name)[0] for name in ("is_first", "label", "index")) == expected


def test_the_prompt_alone_is_enough_and_the_plain_id_works(run):
    result = run({"c": node("ContentClassifier", prompt="photo of a fox"), "end": catch("c", 1)})
    assert caught(result) == ["'realistic'"]


def test_select_takes_the_label(run):
    graph = classify("a manga panel with a fox")
    graph["select"] = node(
        "SwitchyardSelect", value=["classifier", 1], cases="anime\nrealistic", input_0=["a", 0], input_1=["r", 0]
    )
    graph |= {
        "a": node("PrimitiveString", value="anime model"),
        "r": node("PrimitiveString", value="realistic model"),
        "end": catch("select"),
    }
    result = run(graph)
    assert caught(result) == ["'anime model'"]
    assert "r" not in result.started


def test_a_list_of_prompts_is_classified_one_by_one(run):
    graph = {
        "prompts": node("ProbeTexts", texts="a manga page,photo of a fox,a quiet pond"),
        "classifier": node("SwitchyardContentClassifier", prompt=["prompts", 0]),
        "end": catch("classifier", 1),
    }
    result = run(graph)
    assert result.status == "success", result.error
    assert caught(result) == ["'anime'", "'realistic'", "'realistic'"]


def test_the_clip_is_loaded_only_by_its_method(run):
    graph = classify("a fox in the snow", classes="fox: fox, snow\ncar: a fast red car", clip=["loader", 1])
    graph["loader"] = node("CheckpointLoaderSimple", ckpt_name=NOISE_CHECKPOINT)
    by_words = run(graph)
    assert by_words.status == "success", by_words.error
    assert "loader" not in by_words.started
    graph["classifier"]["inputs"]["method"] = "clip"
    by_clip = run(graph)
    assert by_clip.status == "success", by_clip.error
    assert {"loader", "classifier"} <= {*by_clip.started, *by_clip.cached}
    data = by_clip.verdict("classifier")["data"]
    assert set(data["scores"]) == {"fox", "car"}
    assert all(-1 <= cosine <= 1 for cosine in data["scores"].values())


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"classes": "cat: /(/"}, "not valid"),
        ({"classes": "cat\ncat"}, "twice"),
        ({"classes": " "}, "0 classes"),
        ({"method": "magic"}, "magic"),
        ({"min_confidence": 2}, "min_confidence"),
    ],
)
def test_wrong_settings_are_refused_before_anything_runs(run, inputs, message):
    result = run(classify("a fox", **inputs))
    assert result.status == "rejected"
    assert message in str(result.node_errors)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [({"method": "clip"}, "needs a CLIP"), ({"classes": ["number", 0]}, "not a INT")],
)
def test_what_only_shows_while_it_runs_is_a_red_node(run, inputs, message):
    graph = {**classify("a fox", **inputs), "number": node("PrimitiveInt", value=3)}
    result = run(graph)
    assert (result.status == "rejected") or result.error_node == "classifier"
    assert message in result.error or "mismatch" in str(result.node_errors)
