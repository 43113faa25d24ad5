"""Quality Gate around a real sampler: the demo checkpoint in a real server."""

from __future__ import annotations

import json

import numpy as np
import pytest
from graphs import catch, node
from PIL import Image

from engine.layout import DEMO_CHECKPOINT

ATTEMPTS = 6


def sampling_graph(seed, prefix="gated", **gate):
    return {
        "checkpoint": node("CheckpointLoaderSimple", ckpt_name=DEMO_CHECKPOINT),
        "positive": node("CLIPTextEncode", text="a red house in the snow", clip=["checkpoint", 1]),
        "negative": node("CLIPTextEncode", text="", clip=["checkpoint", 1]),
        "latent": node("EmptyLatentImage", width=64, height=64, batch_size=1),
        "sampler": node(
            "KSampler",
            model=["checkpoint", 0],
            positive=["positive", 0],
            negative=["negative", 0],
            latent_image=["latent", 0],
            seed=seed,
            steps=2,
            cfg=4.0,
            sampler_name="euler",
            scheduler="normal",
            denoise=1.0,
        ),
        "decode": node("VAEDecode", samples=["sampler", 0], vae=["checkpoint", 2]),
        "score": node("ProbeBrightness", image=["decode", 0]),
        "gate": node(
            "SwitchyardQualityGate",
            value=["decode", 0],
            score=["score", 1],
            **{"comparison": ">=", "threshold": 2.0, "max_attempts": ATTEMPTS, **gate},
        ),
        "save": node("SwitchyardSaveImageWithSeeds", images=["gate", 0], filename_prefix=prefix),
        "report": catch("gate", 5),
    }


@pytest.fixture(scope="module")
def searched(server):
    """The scores of six seeds of the demo checkpoint."""
    from engine.run import run_graph

    return run_graph(server, sampling_graph(1000))


def test_the_checkpoint_and_the_text_are_taken_once_and_the_sampler_once_an_attempt(searched):
    assert searched.status == "success", searched.error
    once = ("checkpoint", "positive", "negative", "latent")
    assert {name: searched.times_started(name) for name in once} == dict.fromkeys(once, 1)
    each = ("sampler", "decode", "score")
    assert {name: searched.times_started(name) for name in each} == dict.fromkeys(each, ATTEMPTS)


def test_the_saved_file_makes_the_winner_again_at_its_first_attempt(server, run, searched):
    scores = [attempt["score"] for attempt in json.loads(searched.outputs["report"]["texts"][0])["attempts"]]
    better = next(number for number in range(1, ATTEMPTS) if scores[number] > scores[number - 1])
    first = run(sampling_graph(1000 + better - 1, "first", threshold=scores[better]))
    saved = Image.open(server.base / "output" / first.saved("save")[0])
    again = run(json.loads(saved.text["prompt"]))
    assert len(json.loads(first.outputs["report"]["texts"][0])["attempts"]) == 2
    assert len(json.loads(again.outputs["report"]["texts"][0])["attempts"]) == 1
    repeated = Image.open(server.base / "output" / again.saved("save")[0])
    assert np.array_equal(np.asarray(saved), np.asarray(repeated))
