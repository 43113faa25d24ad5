"""MediaPipe's face detector, through ComfyUI's own nodes: cores from 0.21 on have them, and load its file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...core.faces import Face

LOADER = "LoadMediaPipeFaceLandmarker"
FINDER = "MediaPipeFaceLandmarker"
KEY_PREFIX = "detector_full."
_SETTINGS = {"detector_variant": "both", "num_faces": 0, "missing_frame_fallback": "empty"}


class MediaPipeDetector:
    """Finds faces with what the core's loader gives."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def __call__(self, pictures: Any, min_score: float) -> list[list[Face]]:
        """The faces of pictures (N, 3, H, W), best score first; up to the core's own limit if it has one."""
        from ...core.faces import Face, clamp_box

        height, width = pictures.shape[-2:]
        node = _node(FINDER)
        inputs = _inputs(node)
        values = {**_SETTINGS, "image": pictures.movedim(1, -1), "min_confidence": min_score}
        if _lowest(inputs.get("num_faces")) > 0:
            values["num_faces"] = _highest(inputs["num_faces"])
        socket = _node(LOADER).RETURN_TYPES[0]
        values.update({name: self._model for name, kind in inputs.items() if kind[0] == socket})
        outputs = _call(node, {name: value for name, value in values.items() if name in inputs})
        boxes = outputs[list(node.RETURN_TYPES).index("BOUNDING_BOX")]
        found = []
        for listed in boxes:
            faces = []
            for entry in listed:
                x, y, score = (float(entry[name]) for name in ("x", "y", "score"))
                sides = (x, y, x + float(entry["width"]), y + float(entry["height"]))
                box = clamp_box(sides, width, height)
                if box is not None and score >= min_score:
                    faces.append(Face(box, min(score, 1.0)))
            found.append(sorted(faces, key=lambda face: -face.score))
        return found


def load_mediapipe(file_name: str, name: str) -> MediaPipeDetector:
    """Has the core load its file.

    Args:
        file_name: the file as the core lists it in models/detection.
        name: what the user calls it.

    Raises:
        ValueError: this core has no such nodes.
    """
    if not {LOADER, FINDER} <= _registry().keys():
        raise ValueError(
            f"{name} can't be used: it is the MediaPipe file of ComfyUI 0.21 and later, and this ComfyUI has no nodes "
            "for it. Update ComfyUI, or use the built-in detector."
        )
    node = _node(LOADER)
    (chooser,) = _inputs(node)
    return MediaPipeDetector(_call(node, {chooser: file_name})[0])


def _registry() -> dict[str, Any]:
    return getattr(sys.modules.get("nodes"), "NODE_CLASS_MAPPINGS", {})


def _node(node_id: str) -> Any:
    return _registry()[node_id]


def _inputs(node: Any) -> dict[str, Any]:
    declared = node.INPUT_TYPES()
    return {**declared.get("required", {}), **declared.get("optional", {})}


def _call(node: Any, values: dict[str, Any]) -> Any:
    """Calls a node as the engine would; its outputs as a tuple, of old nodes and of new ones."""
    outputs = getattr(node(), node.FUNCTION)(**values)
    return outputs if isinstance(outputs, tuple) else outputs.result


def _lowest(declared: Any) -> int:
    return _options(declared).get("min", 0)


def _highest(declared: Any) -> int:
    return _options(declared).get("max", 16)


def _options(declared: Any) -> dict[str, Any]:
    return declared[1] if declared is not None and len(declared) > 1 else {}
