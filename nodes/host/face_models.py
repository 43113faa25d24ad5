"""Models that find faces: those that the user has in ComfyUI's models folders, listed, told apart, loaded and kept.

A model is a folder with a config.json (the DETR family), a .pt file (YOLOv8) or a .safetensors file (YOLOv8, or the
MediaPipe file of ComfyUI itself). Its name is the place it lies in and its path in there, the same whichever pack or
extra_model_paths.yaml made the place known.
"""

from __future__ import annotations

import json
import os
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .progress import stop_if_interrupted
from .weight_files import FACE_DETECTION, check_start

if TYPE_CHECKING:
    from ...core.faces import Face, FindFaces

BUILT_IN = "built-in"
BUILT_IN_APACHE = "built-in (Apache-2.0 only)"
SUPPORTED = (
    "Supported are: YOLOv8 face models (.pt, or their weights as .safetensors), folders of the DETR family as "
    "transformers saves them (config.json and .safetensors), and mediapipe_face_fp32.safetensors in models/detection"
)
_EXTENSIONS = (".pt", ".safetensors")
_DEPTH = 4
_MOST_MODELS = 1000
_KEPT_MODELS = 2
_CHUNK_PIXELS = 8 << 20  # of one forward, as long as that is no single picture
_CHUNK = 8
_DETR_CHUNK = 2  # at 800 x 1333 px, each takes about 1 GB


class _Place(NamedTuple):
    """Where models lie: what their names begin with, under models/ too; the folder keys that lead there."""

    name: str
    keys: tuple[str, ...]


_PLACES = (
    _Place(FACE_DETECTION, (FACE_DETECTION,)),
    _Place("detection", ("detection",)),
    _Place("ultralytics/bbox", ("ultralytics_bbox", "ultralytics/bbox")),
    _Place("adetailer", ("adetailer",)),
)


class _Kept(NamedTuple):
    """A loaded model: finds faces in pictures (N, 3, H, W) of one size; its network, if we move that ourselves."""

    detect: Callable[[Any, float], list[list[Face]]]
    patcher: Any
    chunk: int


_kept: OrderedDict[str, _Kept] = OrderedDict()


def list_face_models() -> list[str]:
    """The built-in detectors, then what the user has, by name; outside ComfyUI the built-in ones only."""
    return [BUILT_IN, BUILT_IN_APACHE, *sorted(_found(), key=lambda name: (name.lower(), name))]


def missing_face_model(name: Any) -> str | None:
    """A sentence if there is no such model: what was asked for, what there is and where models go."""
    if isinstance(name, str) and (name in (BUILT_IN, BUILT_IN_APACHE) or name in _found()):
        return None
    known = list_face_models()
    more = f" and {len(known) - 20} more" if len(known) > 20 else ""
    return (
        f"There is no face detection model {str(name)[:200]!r}: there is {', '.join(known[:20])}{more}. Put yours into "
        f"models/{FACE_DETECTION} and reload the page (R). {SUPPORTED}."
    )


def face_model_stamp(name: Any) -> str:
    """Changes when the file does, or one in the folder."""
    if name in (BUILT_IN, BUILT_IN_APACHE):
        return str(name)
    path = _found().get(name) if isinstance(name, str) else None
    if path is None:
        return f"no {str(name)[:200]!r}"
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    states = ((file.name, file.stat()) for file in files if file.is_file())
    return f"{path} " + " ".join(f"{known} {state.st_size} {state.st_mtime_ns}" for known, state in states)


def load_face_model(name: str, tiled: bool) -> FindFaces:
    """Gives the detector of a name; one of the user's is loaded when it is not still kept, and at its first use moved
    to ComfyUI's device.

    Args:
        name: one of list_face_models().
        tiled: also looks at parts of the pictures, for small faces; takes several times as long.

    Raises:
        ValueError: there is no such model, or it can't be used; the text says why, and what can.
    """
    if name in (BUILT_IN, BUILT_IN_APACHE):
        from .built_in_faces import find_faces_built_in

        return find_faces_built_in(apache_only=name == BUILT_IN_APACHE, tiled=tiled)
    problem = missing_face_model(name)
    if problem:
        raise ValueError(problem)
    stamp = face_model_stamp(name)
    kept = _kept.pop(stamp, None) or _load(name, _found()[name])
    _kept[stamp] = kept
    while len(_kept) > _KEPT_MODELS:
        _kept.popitem(last=False)
    return lambda pictures, min_score: _find(kept, pictures, min_score, tiled)


def _find(kept: _Kept, pictures: Any, min_score: float, tiled: bool) -> list[list[Face]]:
    import torch

    from ...core.quality_planes import unit_rgb
    from ...core.tiled_detection import detect_in_parts

    device = _ready(kept.patcher)
    height, width = pictures.shape[1:3]
    step = max(1, min(kept.chunk, _CHUNK_PIXELS // max(1, height * width)))
    found: list[list[Face]] = []
    for start in range(0, len(pictures), step):
        stop_if_interrupted()
        chunk = torch.stack([unit_rgb(picture) for picture in pictures[start : start + step]])
        chunk = chunk.nan_to_num_(0.0).movedim(-1, 1).to(device)
        found += detect_in_parts(_between(kept.detect), chunk, min_score) if tiled else kept.detect(chunk, min_score)
    return found


def _between(detect: Callable[[Any, float], list[list[Face]]]) -> Callable[[Any, float], list[list[Face]]]:
    """The same, but can be interrupted before each part."""

    def checked(pictures: Any, min_score: float) -> list[list[Face]]:
        stop_if_interrupted()
        return detect(pictures, min_score)

    return checked


def _load(name: str, path: Path) -> _Kept:
    if path.is_dir():
        from .detr_models import load_detr

        detector = load_detr(path, name)
        return _Kept(detector, _patcher(detector.network), _DETR_CHUNK)
    if path.suffix.lower() == ".pt":
        from .pt_files import read_pt

        checkpoint = read_pt(path, name)
        return _yolov8(name, checkpoint.weights, checkpoint.class_names, checkpoint.input_px)
    return _load_safetensors(name, path)


def _load_safetensors(name: str, path: Path) -> _Kept:
    from safetensors import SafetensorError, safe_open

    from .mediapipe_faces import KEY_PREFIX, load_mediapipe

    with path.open("rb") as file:
        check_start(file.read(256), name)
    try:
        with safe_open(str(path), framework="pt") as file:
            keys = list(file.keys())
            if not any(key.startswith(KEY_PREFIX) for key in keys):
                names = _names_in(file.metadata() or {})
                weights = {key: file.get_tensor(key) for key in keys if ".cv" in key or ".conv" in key or ".bn" in key}
                return _yolov8(name, weights, names, 0)
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{name} can't be used: it is damaged or was cut off. Get it anew.") from error
    place, _, inside = name.partition("/")
    if place != "detection":
        raise ValueError(f"{name} can't be used from there: move it to models/detection, where ComfyUI loads it from.")
    return _Kept(load_mediapipe(inside.replace("/", os.sep), name), None, _CHUNK)


def _names_in(metadata: dict[str, str]) -> dict[int, str]:
    """The classes, where whoever converted a file wrote them into it as JSON."""
    try:
        names = json.loads(metadata.get("names", "{}"))
    except (RecursionError, ValueError):
        return {}
    pairs = names.items() if isinstance(names, dict) else enumerate(names) if isinstance(names, list) else ()
    return {int(key): str(value)[:100] for key, value in pairs if str(key).isdecimal() and len(str(key)) < 6}


def _yolov8(name: str, weights: dict[str, Any], names: dict[int, str], input_px: int) -> _Kept:
    from ...core.yolov8 import YoloV8, find_faces_yolov8

    try:
        network = YoloV8(weights, names, input_px)
    except ValueError as error:
        raise ValueError(f"{name} can't be used: {error}. {SUPPORTED}.") from error
    return _Kept(lambda pictures, min_score: find_faces_yolov8(network, pictures, min_score), _patcher(network), _CHUNK)


def _patcher(network: Any) -> Any:
    """Lets ComfyUI decide where a network is, and move it away when memory is short; None outside ComfyUI."""
    management = sys.modules.get("comfy.model_management")
    if management is None:
        return None
    import comfy.model_patcher

    return comfy.model_patcher.ModelPatcher(
        network, load_device=management.get_torch_device(), offload_device=management.unet_offload_device()
    )


def _ready(patcher: Any) -> Any:
    """Has ComfyUI bring a network to its device; gives that device."""
    if patcher is None:
        import torch

        return torch.device("cpu")
    import comfy.model_management

    comfy.model_management.load_models_gpu([patcher], force_full_load=True)
    return patcher.load_device


def _found() -> dict[str, Path]:
    """The user's models by name; where two folders of a place have the same path in them, the first one counts."""
    found: dict[str, Path] = {}
    for place in _PLACES:
        for root in _roots(place):
            for path in _models_in(root):
                if len(found) < _MOST_MODELS:
                    found.setdefault(f"{place.name}/{path.relative_to(root).as_posix()}", path)
    return found


def _roots(place: _Place) -> list[Path]:
    paths = sys.modules.get("folder_paths")
    if paths is None:
        return []
    known = paths.folder_names_and_paths
    roots = [Path(folder) for key in place.keys if key in known for folder in known[key][0]]
    if place.name.startswith("ultralytics/"):  # a pack or a user may have made known the folder around it only
        roots += [Path(folder) / "bbox" for folder in known.get("ultralytics", ([],))[0]]
    roots.append(Path(paths.models_dir) / place.name)
    return list(OrderedDict.fromkeys(Path(os.path.abspath(root)) for root in roots))


def _models_in(root: Path) -> Iterator[Path]:
    """Model files, and folders with a config.json, whose own files are not listed."""
    for folder, inner, files in os.walk(root, followlinks=True):
        here = Path(folder)
        if here != root and "config.json" in files:
            inner.clear()
            yield here
            continue
        is_deep = len(here.relative_to(root).parts) >= _DEPTH  # also ends links that lead back
        inner[:] = [] if is_deep else sorted(name for name in inner if not name.startswith("."))
        yield from (here / name for name in sorted(files) if name.lower().endswith(_EXTENSIONS) and name[0] != ".")
