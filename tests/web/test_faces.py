"""Faces in the real page: found and redrawn on the canvas, and workflows of Impact Pack left to Impact Pack."""

from __future__ import annotations

import json

import pytest
from forms import EACH_ONCE

from engine.layout import DEMO_CHECKPOINT

pytestmark = EACH_ONCE

# As a page with Impact Pack saves its node: values by position, no names.
IMPACT_VALUES = [512, True, 1024, 7, "randomize", 20, 8, "euler", "normal", 0.5, 5, True, True, 0.5, 10, 3]


def impact_workflow():
    return {
        "last_node_id": 1,
        "last_link_id": 0,
        "nodes": [
            {
                "id": 1,
                "type": "FaceDetailer",
                "pos": [100, 100],
                "size": [400, 600],
                "flags": {},
                "order": 0,
                "mode": 0,
                "inputs": [],
                "outputs": [],
                "properties": {"Node name for S&R": "FaceDetailer", "cnr_id": "comfyui-impact-pack"},
                "widgets_values": IMPACT_VALUES,
            }
        ],
        "links": [],
        "groups": [],
        "config": {},
        "extra": {"ds": {"scale": 1, "offset": [0, 0]}},
        "version": 0.4,
    }


def test_a_workflow_of_impact_pack_still_says_that_its_node_is_missing(canvas):
    canvas.load(impact_workflow())
    assert canvas.missing_nodes() == ["FaceDetailer"]
    (saved,) = canvas.serialized()["nodes"]
    assert saved["type"] == "FaceDetailer"
    assert saved["widgets_values"] == IMPACT_VALUES


@pytest.fixture
def graph(canvas):
    canvas.add("LoadImage", "photograph")
    canvas.set_widget("photograph", "image", "astronaut.png")
    canvas.add("SwitchyardFaceDetector", "detector")
    canvas.plug("photograph", "detector", "image")
    canvas.add("PreviewImage", "preview")
    return canvas


def test_a_face_is_found_on_the_canvas(graph):
    graph.plug("detector", "preview", "images", output=5)
    assert graph.run()["type"] == "execution_success"


def test_a_muted_detector_leaves_the_detailer_with_its_own(graph):
    """Muting takes the detector out of the prompt; the built-in one then finds the face."""
    graph.add("CheckpointLoaderSimple", "checkpoint")
    graph.set_widget("checkpoint", "ckpt_name", DEMO_CHECKPOINT)
    graph.add("CLIPTextEncode", "prompt")
    graph.add("SwitchyardFaceDetailer", "detailer")
    graph.plug("checkpoint", "prompt", "clip", output=1)
    for output, name in enumerate(("model", "clip", "vae")):
        graph.plug("checkpoint", "detailer", name, output=output)
    for name in ("positive", "negative"):
        graph.plug("prompt", "detailer", name)
    graph.plug("photograph", "detailer", "image")
    graph.plug("detector", "detailer", "bbox_detector")
    graph.set_widget("detailer", "dry_run", True)
    graph.plug("detailer", "preview", "images")
    assert graph.run()["type"] == "execution_success"
    graph.set_mode("detector", "muted")
    sent = graph.prompt()
    assert "bbox_detector" not in next(
        spec["inputs"] for spec in sent.values() if spec["class_type"] == "SwitchyardFaceDetailer"
    )
    assert graph.run()["type"] == "execution_success"
    assert json.dumps(sent)  # nothing of ours stands in a prompt that JSON can't say
