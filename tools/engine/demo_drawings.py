"""The demo's part about drawing: the demo model draws, and the graph decides what becomes of the pictures.

A gate that tries seeds, a model chosen by the prompt, a second pass at twice the size, the best of eight. Everything is
drawn in the sandbox, by the small model in data/demo.
"""

from __future__ import annotations

from typing import Any

from .console import SandboxError, say
from .contact_sheet import draw_contact_sheet
from .demo_steps import node, run_whole, say_saved, side_by_side
from .layout import DEMO_CHECKPOINT, DEMO_STYLES
from .run import Graph
from .server import Server

GATED = "photo, portrait of a smiling woman with red hair by the sea"
GATE_SEED, FACE_SCORE = 9, 0.65
SUBJECTS = {
    "anime": "anime, 1girl, portrait of a girl with pink hair",
    "realistic": "photo, portrait of a smiling woman with black hair",
}
LARGE = "photo, a red lighthouse by the sea at sunset"
BEST = "photo, a yellow boat at sea"


def drawing(prompt: Any, checkpoint: str = DEMO_CHECKPOINT, *, seed: Any = 7, name: str = "") -> Graph:
    """The usual nodes from a checkpoint to a picture of 128 pixels, as it draws best; `name` goes before their ids."""
    ckpt, positive, negative = f"{name}checkpoint", f"{name}prompt", f"{name}negative"
    return {
        ckpt: node("CheckpointLoaderSimple", ckpt_name=checkpoint),
        positive: node("CLIPTextEncode", text=prompt, clip=[ckpt, 1]),
        negative: node("CLIPTextEncode", text="", clip=[ckpt, 1]),
        f"{name}latent": node("EmptyLatentImage", width=128, height=128, batch_size=1),
        f"{name}sampler": node(
            "KSampler",
            model=[ckpt, 0],
            positive=[positive, 0],
            negative=[negative, 0],
            latent_image=[f"{name}latent", 0],
            seed=seed,
            steps=20,
            cfg=4.0,
            sampler_name="euler",
            scheduler="simple",
            denoise=1.0,
        ),
        f"{name}picture": node("VAEDecode", samples=[f"{name}sampler", 0], vae=[ckpt, 2]),
    }


def gated() -> Graph:
    """Draws with one seed after the other until the face detector is sure of a face."""
    return {
        **drawing(GATED, seed=GATE_SEED),
        "detector": node("SwitchyardFaceDetector", image=["picture", 0], threshold=FACE_SCORE),
        "gate": node(
            "SwitchyardQualityGate",
            value=["picture", 0],
            score=["detector", 4],
            comparison="greater_or_equal",
            threshold=1,
            max_attempts=12,
        ),
        "save": node("SwitchyardSaveImageWithSeeds", images=["gate", 0], filename_prefix="switchyard_gate"),
    }


def by_subject(prompt: str) -> Graph:
    """Chooses the checkpoint by what the prompt is about; the other one is not loaded."""
    return {
        "text": node("PrimitiveStringMultiline", value=prompt),
        "classifier": node("SwitchyardContentClassifier", prompt=["text", 0]),
        **drawing(["text", 0], DEMO_STYLES["anime"], name="anime "),
        **drawing(["text", 0], DEMO_STYLES["realistic"], name="realistic "),
        "select": node(
            "SwitchyardSelect",
            value=["classifier", 1],
            cases="anime\nrealistic",
            if_missing="error",
            input_0=["anime picture", 0],
            input_1=["realistic picture", 0],
        ),
        "save": node("SaveImage", images=["select", 0], filename_prefix="switchyard_subject"),
    }


def enlarged() -> Graph:
    """Draws at 128 pixels, enlarges, and draws the details anew at 256."""
    return {
        **drawing(LARGE),
        "scale": node("ImageScaleBy", image=["picture", 0], upscale_method="lanczos", scale_by=2.0),
        "encode": node("VAEEncode", pixels=["scale", 0], vae=["checkpoint", 2]),
        "strength": node(
            "SwitchyardDenoiseStrength",
            model=["checkpoint", 0],
            scheduler="simple",
            steps=15,
            effect="add detail",
            strength=0.45,
        ),
        "second": node(
            "KSampler",
            model=["checkpoint", 0],
            positive=["prompt", 0],
            negative=["negative", 0],
            latent_image=["encode", 0],
            seed=7,
            steps=["strength", 1],
            cfg=4.0,
            sampler_name="euler",
            scheduler=["strength", 2],
            denoise=["strength", 0],
        ),
        "large": node("VAEDecode", samples=["second", 0], vae=["checkpoint", 2]),
        "both": side_by_side("scale", "large"),
        "save": node("SaveImage", images=["both", 0], filename_prefix="switchyard_hires"),
    }


def best_of_eight() -> Graph:
    """Draws with eight seeds and keeps the best."""
    return {
        "seeds": node("SwitchyardSeedSequence", seed=1, count=8, seed_mode="increment", seed_list=""),
        **drawing(BEST, seed=["seeds", 0]),
        "score": node("SwitchyardQualityScore", image=["picture", 0]),
        "best": node("SwitchyardPickBest", value=["picture", 0], scores=["score", 2], count=1, order="highest first"),
        "save": node("SaveImage", images=["best", 0], filename_prefix="switchyard_best"),
        "all": node("SaveImage", images=["picture", 0], filename_prefix="switchyard_of_eight"),
    }


def report_drawings(server: Server) -> None:
    """Runs all four and prints what was decided.

    Raises:
        SandboxError: a run failed, or did not end as it should.
    """
    say("Run 3: a quality gate. The demo model draws a portrait with one seed after the other until the face detector")
    say(f"is sure of a face ({FACE_SCORE}). Only what depends on the seed runs again.")
    _report_gate(server)
    say("Run 4: a model by subject. The prompt decides which checkpoint draws; the other one is not loaded.")
    for subject, prompt in SUBJECTS.items():
        _report_subject(server, subject, prompt)
    say("Run 5: a hi-res fix. Drawn at 128 pixels, enlarged (left), and its details drawn anew at 256 (right).")
    run = run_whole(server, enlarged())
    say(f"  strength   {run.verdict('strength')['summary']}")
    say_saved(server, run, "save")
    say("Run 6: the best of eight seeds.")
    _report_best(server)


def _report_gate(server: Server) -> None:
    run = run_whole(server, gated())
    verdict = run.verdict("gate")
    attempts = verdict["data"]["attempts"]
    for attempt in attempts:
        seed = attempt["seeds"]["sampler"]["seed"]
        say(f"  attempt {attempt['attempt'] + 1}  seed {seed}: {attempt['score']:.0f} face(s)")
    say(f"  gate       {verdict['summary']}")
    say(f"  ran        checkpoint {run.times_started('checkpoint')}x, sampler {run.times_started('sampler')}x")
    say_saved(server, run, "save")
    if not verdict["data"]["passed"] or attempts[0]["passed"] or run.times_started("sampler") != len(attempts):
        raise SandboxError("the gate did not end as it should: a first attempt that fails and a later one that passes")


def _report_subject(server: Server, subject: str, prompt: str) -> None:
    run = run_whole(server, by_subject(prompt))
    say(f"  prompt     {prompt}")
    say(f"  classifier {run.verdict('classifier')['summary']}")
    say(f"  loaded     {DEMO_STYLES[subject]}")
    say_saved(server, run, "save")
    loaded = [style for style in DEMO_STYLES if f"{style} checkpoint" in run.started]
    if loaded != [subject]:
        raise SandboxError(f"the {subject} checkpoint alone should have been loaded, but it was {loaded}")


def _report_best(server: Server) -> None:
    run = run_whole(server, best_of_eight())
    say(f"  best       {run.verdict('best')['summary']}")
    judged = zip(run.saved("all"), run.outputs["score"]["switchyard"], strict=True)
    scored = [(name, verdict["data"]) for name, verdict in judged]
    folder = server.base / "output"
    sheet = folder / "best_of_eight.png"
    draw_contact_sheet([dict(scored[:4]), dict(scored[4:])], folder, sheet)
    say(f"  saved      {sheet}")
    say_saved(server, run, "save")
