"""The demo, run as the README says, and what it leaves behind."""

from __future__ import annotations

import json
import re

import numpy
import pytest
from PIL import Image

from engine import demo, demo_drawings, demo_faces, demo_steps


@pytest.fixture(scope="module")
def shown(layout, tmp_path_factory):
    """The demo's folder and what it printed."""
    base = tmp_path_factory.mktemp("demo")
    lines: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for module in (demo, demo_drawings, demo_faces, demo_steps):
            patch.setattr(module, "say", lambda text="": lines.append(text))
        demo.show(layout, base)
    return base, "\n".join(lines)


def test_it_says_which_nodes_ran_and_which_did_not(shown):
    _, text = shown
    first, second = text[: text.index("Contact sheet")].split("Run 2:")
    assert "ran        photograph, score, compare, switch, upscale, save" in first
    assert "did not    proof" in first
    assert "did not    upscale" in second
    assert "proof" in second[second.index("ran ") : second.index("did not")]


def test_a_photograph_passes_and_is_upscaled_and_a_draft_leaves_a_proof(shown):
    base, _ = shown
    sizes = {path.name: Image.open(path).size for path in (base / "output").glob("switchyard_0*.png")}
    assert sizes == {"switchyard_00001_.png": (1024, 1024), "switchyard_00002_.png": (64, 64)}


def test_the_contact_sheet_has_eight_pictures_of_which_two_pass(shown):
    base, text = shown
    sheet = Image.open(base / "output" / "contact_sheet.png")
    assert sheet.size == (1270, 758)
    scores = [line for line in text[text.index("Contact sheet") :].splitlines() if ".png" in line and "passes" in line]
    failing = [line for line in text[text.index("Contact sheet") :].splitlines() if ".png" in line and "fails" in line]
    assert len(scores) == 2
    assert len(failing) == 6
    for damage, family in (("blurred", "blur"), ("noisy", "noise"), ("JPEG", "compression")):
        assert all(line.endswith(family) for line in failing if damage in line)


def test_the_gate_fails_first_and_leaves_one_picture_with_the_seed_that_passed(shown):
    base, text = shown
    seeds = re.findall(r"attempt \d+  seed (\d+): (\d) face", text)
    assert len(seeds) > 1
    assert [int(faces) for _, faces in seeds] == [0] * (len(seeds) - 1) + [1]
    assert f"checkpoint 1x, sampler {len(seeds)}x" in text
    [saved] = (base / "output").glob("switchyard_gate_*.png")
    assert json.loads(Image.open(saved).text["prompt"])["sampler"]["inputs"]["seed"] == int(seeds[-1][0])


def test_the_prompt_chooses_the_checkpoint_and_each_draws_in_its_style(shown):
    base, text = shown
    part = text[text.index("Run 4:") : text.index("Run 5:")]
    assert [line.split()[-1] for line in part.splitlines() if line.startswith("  loaded")] == [
        "switchyard_demo_anime.safetensors",
        "switchyard_demo_realistic.safetensors",
    ]
    anime, realistic = (
        numpy.asarray(Image.open(base / "output" / f"switchyard_subject_0000{number}_.png").convert("RGB"))
        for number in (1, 2)
    )
    assert anime.shape == realistic.shape == (128, 128, 3)
    # Flat drawings have outlines, much darker than what is beside them.
    steps = [numpy.abs(numpy.diff(picture.astype(int).mean(-1), axis=1)) for picture in (anime, realistic)]
    assert (steps[0] > 60).mean() > (steps[1] > 60).mean()


def test_the_second_pass_brings_what_an_enlarged_picture_lacks(shown):
    base, _ = shown
    both = Image.open(base / "output" / "switchyard_hires_00001_.png").convert("L")
    assert both.size == (2 * 256 + 8, 256)
    enlarged, drawn = (numpy.asarray(both.crop((left, 0, left + 256, 256)), float) for left in (0, 264))
    sharpest = [numpy.percentile(numpy.abs(numpy.diff(picture, 2)), 99.5) for picture in (drawn, enlarged)]
    assert sharpest[0] > 1.05 * sharpest[1]
    assert 2 < numpy.abs(drawn - enlarged).mean() < 30  # drawn anew, and still the same picture


def test_the_best_of_eight_is_the_one_with_the_highest_score(shown):
    base, _ = shown
    [best] = (base / "output").glob("switchyard_best_*.png")
    eight = [numpy.asarray(Image.open(path)) for path in sorted((base / "output").glob("switchyard_of_eight_*.png"))]
    assert len(eight) == 8
    assert sum((picture == numpy.asarray(Image.open(best))).all() for picture in eight) == 1
    assert Image.open(base / "output" / "best_of_eight.png").size == (1270, 758)


def test_a_face_is_found_blurred_alone_and_kept_where_it_would_be_spoilt(shown):
    base, text = shown
    part = text[text.index("Run 7:") :]
    assert "detector   1 face: 0.9" in part
    assert "1 kept as it was" in part
    original = numpy.asarray(Image.open(base / "input" / "astronaut.png").convert("RGB"))
    kept = numpy.asarray(Image.open(base / "output" / "switchyard_face_detailed_00001_.png").convert("RGB"))
    assert (kept == original).all()
    both = numpy.asarray(Image.open(base / "output" / "switchyard_face_blurred_00001_.png").convert("RGB"))
    assert (both[:, :512] == original).all()
    changed = (both[:, -512:] != original).any(-1)
    assert changed[80:150, 200:250].mean() > 0.9
    assert not changed[220:].any()
    assert not changed[:, 320:].any()
    assert (base / "output" / "switchyard_faces_found_00001_.png").exists()


def test_a_face_that_was_drawn_small_is_drawn_anew_and_nothing_else_changes(shown):
    base, text = shown
    part = text[text.index("Run 8:") :]
    assert "1 face" in part
    assert "1 redrawn" in part
    both = numpy.asarray(Image.open(base / "output" / "switchyard_face_drawn_00001_.png").convert("RGB"), int)
    changed = numpy.abs(both[:, :256] - both[:, -256:]).max(-1) > 0
    assert 0.005 < changed.mean() < 0.3
