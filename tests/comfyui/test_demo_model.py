"""The demo model in a real server: what it draws, and that ComfyUI computes what its training did."""

from __future__ import annotations

import json
import subprocess

import numpy
import psutil
import pytest
from example_files import ROOT
from graphs import node

from engine.demo_drawings import drawing
from engine.layout import DEMO_CHECKPOINT, DEMO_STYLES, python_of

UNSTYLED = "portrait of a smiling woman with brown hair in a meadow"
MOST_BYTES = 16_000_000  # of data/demo, which everyone downloads who clones the repository
MOST_SECONDS = 10  # of the processor, for one picture


def previewed(*drawings):
    """One graph of several drawings, each with a preview: its name and "shown"."""
    graph = {}
    for name, given in drawings:
        graph |= {**given, f"{name}shown": node("PreviewImage", images=[f"{name}picture", 0])}
    return graph


@pytest.fixture(scope="module")
def styles(server):
    """A prompt that names no style, drawn by all three checkpoints with one seed."""
    from engine.run import run_graph

    files = {"plain ": DEMO_CHECKPOINT, **{f"{style} ": file for style, file in DEMO_STYLES.items()}}
    graphs = [(name, drawing(UNSTYLED, file, name=name)) for name, file in files.items()]
    return run_graph(server, previewed(*graphs))


def test_all_three_checkpoints_load(styles):
    assert styles.status == "success", styles.error or styles.node_errors
    assert {"plain checkpoint", "anime checkpoint", "realistic checkpoint"} <= {*styles.started}


def test_the_checkpoints_of_two_styles_draw_the_same_words_differently(styles, picture):
    anime, realistic = (picture(styles, f"{style} shown") for style in DEMO_STYLES)
    assert abs(anime - realistic).mean() > 10
    assert edge(anime) > 1.2 * edge(realistic)


def edge(shown):
    """How steep the steepest two in a hundred steps from neighbour to neighbour are: drawings have lines of ink."""
    return numpy.quantile(abs(numpy.diff(shown, axis=1)).max(-1), 0.98)


@pytest.mark.parametrize(("colour", "channel"), [("red", 0), ("blue", 2)])
def test_a_ball_has_its_colour_in_the_middle(run, picture, colour, channel):
    result = run(previewed(("", drawing(f"a {colour} ball in the middle on a plain background"))))
    shown = picture(result, "shown")
    middle, corners = shown[64:84, 54:74].mean((0, 1)), shown[:16, [*range(16), *range(112, 128)]].mean((0, 1))
    others = numpy.delete(middle, channel).max()
    assert middle[channel] > others + 60, f"{colour} ball: {middle}"
    assert corners.max() - corners.min() < 60, f"the background is {colour} too: {corners}"


def test_things_are_drawn_where_the_prompt_says(run, picture):
    result = run(previewed(("", drawing("a red ball to the left of a blue box in the snow"))))
    shown = picture(result, "shown")
    left, right = shown[70:100, 24:48].mean((0, 1)), shown[70:100, 80:104].mean((0, 1))
    assert left[0] > left[2] + 40, f"left: {left}"
    assert right[2] > right[0] + 40, f"right: {right}"


def test_the_face_detector_finds_faces_in_portraits_of_the_realistic_style(run):
    """Not in all: half of them are clear enough."""
    graph = drawing("photo, portrait of a man with brown hair in the snow", DEMO_STYLES["realistic"], seed=1)
    graph["latent"]["inputs"]["batch_size"] = 4
    graph["negative"]["inputs"]["text"] = ""
    graph["faces"] = node("SwitchyardFaceDetector", image=["picture", 0], threshold=0.5)
    graph["shown"] = node("PreviewImage", images=["faces", 5])
    result = run(graph)
    found, _, pictures = result.verdict("faces")["summary"].partition(" faces in ")
    assert pictures.startswith("4 pictures"), result.verdict("faces")["summary"]
    assert int(found) >= 2


def test_a_picture_takes_less_than_ten_seconds_of_the_processor(run, server):
    run(previewed(("", drawing("a green tree", seed=1))))
    process = psutil.Process(server._process.pid)
    before = sum(process.cpu_times()[:2])
    result = run(previewed(("", drawing("a green tree", seed=2))))
    took = sum(process.cpu_times()[:2]) - before
    assert "sampler" in result.started
    assert took < MOST_SECONDS


@pytest.fixture(scope="module")
def compared(layout):
    """How far ComfyUI is from the training's own code, with the checkpoint of a style."""
    script = ROOT / "tests" / "comfyui" / "demo_model_reference.py"
    style, file = next(iter(DEMO_STYLES.items()))
    folders = [str(ROOT / "training" / "demo_model"), str(ROOT / "tools")]
    command = [str(python_of(layout.environment)), str(script), str(layout.checkpoints / file), style, *folders]
    done = subprocess.run(command, cwd=layout.comfyui, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_comfyui_takes_it_for_stable_diffusion_3(compared):
    assert compared["family"] == "SD3"
    assert compared["shift"] == 3.0


@pytest.mark.parametrize("part", ["network", "encoder", "decoder"])
def test_comfyui_computes_what_the_training_does(compared, part):
    assert compared[part] < 0.01


def test_comfyui_reads_prompts_as_the_training_does(compared):
    assert max(compared["text"].values()) < 0.01, compared["text"]
    assert compared["rest"] == 0, "the training knows nothing of these channels"


def test_it_is_small():
    assert sum(file.stat().st_size for file in (ROOT / "data" / "demo").iterdir()) <= MOST_BYTES
