"""The demo, run as the README says, and what it leaves behind."""

from __future__ import annotations

import json
import re

import numpy
import pytest
from PIL import Image

from engine import demo, demo_faces


@pytest.fixture(scope="module")
def shown(layout, tmp_path_factory):
    """The demo's folder and what it printed."""
    base = tmp_path_factory.mktemp("demo")
    lines: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for module in (demo, demo_faces):
            patch.setattr(module, "say", lambda text="": lines.append(text))
        demo.show(layout, base)
    return base, "\n".join(lines)


def test_it_says_which_nodes_ran_and_which_did_not(shown):
    _, text = shown
    first, second = text.split("Run 2:")
    assert "ran        photograph, score, compare, switch, upscale, save" in first
    assert "did not    proof" in first
    assert "did not    upscale" in second
    assert "proof" in second[second.index("ran ") : second.index("did not")]


def test_a_photograph_passes_and_is_upscaled_and_a_draft_leaves_a_proof(shown):
    base, text = shown
    sizes = {path.name: Image.open(path).size for path in (base / "output").glob("switchyard_0*.png")}
    assert sizes == {"switchyard_00001_.png": (1024, 1024), "switchyard_00002_.png": (64, 64)}
    assert "noise" in text  # it says what the checkpoint is


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
    seeds = re.findall(r"attempt \d+  seed (\d+): (\d\.\d\d)", text)
    assert len(seeds) > 1
    assert float(seeds[0][1]) < 0.95 <= float(seeds[-1][1])
    assert f"photograph 1x, blurred 1x, face 1x, partly_blurred 1x, part {len(seeds)}x, score {len(seeds)}x" in text
    [saved] = (base / "output").glob("switchyard_gate_*.png")
    assert json.loads(Image.open(saved).text["prompt"])["part"]["inputs"]["seed"] == int(seeds[-1][0])


def test_a_face_is_found_blurred_alone_and_kept_where_it_would_be_spoilt(shown):
    base, text = shown
    part = text[text.index("Run 4:") :]
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
