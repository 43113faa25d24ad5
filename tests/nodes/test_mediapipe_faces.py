"""MediaPipe's file, through nodes like those of ComfyUI: new ones and old ones, with and without a limit of faces."""

from __future__ import annotations

import sys
import types

import pytest
import torch
from switchyard_pack.core.faces import Face
from switchyard_pack.nodes.host.mediapipe_faces import load_mediapipe

BOXES = [
    [
        {"x": 1.0, "y": 2.0, "width": 3.0, "height": 4.0, "label": "face", "score": 0.6},
        {"x": -5.0, "y": 30.0, "width": 10.0, "height": 20.0, "label": "face", "score": 0.9},
        {"x": 50.0, "y": 50.0, "width": 9.0, "height": 9.0, "label": "face", "score": 0.8},
    ],
    [],
]
FOUND = [[Face((0, 30, 5, 40), 0.9), Face((1, 2, 4, 6), 0.6)], []]


def _nodes(asked, wrap, lowest, socket="FACE_DETECTION_MODEL", chooser="model_name"):
    class LoadMediaPipeFaceLandmarker:
        RETURN_TYPES = (socket,)
        FUNCTION = "load"

        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {chooser: (["face.safetensors"],)}}

        def load(self, **values):
            asked.append(values)
            return wrap(("the model",))

    class MediaPipeFaceLandmarker:
        RETURN_TYPES = ("FACE_LANDMARKS", "BOUNDING_BOX")
        FUNCTION = "find"

        @classmethod
        def INPUT_TYPES(cls):
            return {
                "required": {
                    "the_model": (socket,),
                    "image": ("IMAGE",),
                    "detector_variant": (["short", "full", "both"],),
                    "num_faces": ("INT", {"min": lowest, "max": 16}),
                    "min_confidence": ("FLOAT", {}),
                }
            }

        def find(self, **values):
            asked.append(values)
            return wrap(({}, BOXES))

    return {node.__name__: node for node in (LoadMediaPipeFaceLandmarker, MediaPipeFaceLandmarker)}


@pytest.mark.parametrize("wrap", [tuple, lambda outputs: types.SimpleNamespace(result=outputs)])
@pytest.mark.parametrize(("lowest", "asked_for"), [(0, 0), (1, 16)])
def test_faces_are_those_of_the_cores_nodes(monkeypatch, wrap, lowest, asked_for):
    asked: list = []
    nodes = types.SimpleNamespace(NODE_CLASS_MAPPINGS=_nodes(asked, wrap, lowest))
    monkeypatch.setitem(sys.modules, "nodes", nodes)
    detect = load_mediapipe("face.safetensors", "detection/face.safetensors")
    assert detect(torch.zeros(2, 3, 40, 50), 0.5) == FOUND
    assert asked[0] == {"model_name": "face.safetensors"}
    image = asked[1].pop("image")
    assert image.shape == (2, 40, 50, 3)
    assert asked[1] == {
        "the_model": "the model",
        "detector_variant": "both",
        "num_faces": asked_for,
        "min_confidence": 0.5,
    }


@pytest.mark.parametrize("known", [{}, {"LoadMediaPipeFaceLandmarker": object}])
def test_a_core_without_the_nodes_is_told(monkeypatch, known):
    monkeypatch.setitem(sys.modules, "nodes", types.SimpleNamespace(NODE_CLASS_MAPPINGS=known))
    with pytest.raises(ValueError, match=r"^detection/face can't be used: it is the MediaPipe file of ComfyUI 0\.21"):
        load_mediapipe("face", "detection/face")
