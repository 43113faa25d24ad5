"""Detectors of the DETR family: folders as transformers saves them, read without code from them and without a network.

transformers makes the network. What goes into it and what its numbers mean is done here: the family tells both, and
its own picture processors want bytes and, in some versions, other packages.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ...core.faces import Face

_MAX_JSON_BYTES = 8 << 20
_SIDES_PX = (32, 2048)
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_SHORT_AND_LONG = {"shortest_edge": 800, "longest_edge": 1333}
_SQUARE = {"height": 640, "width": 640}


class _Family(NamedTuple):
    """How a family is used: scores by softmax with a last class for nothing, or by sigmoid; its pictures."""

    is_softmax: bool
    size: dict[str, int]
    is_normalized: bool


FAMILIES = {
    "conditional_detr": _Family(False, _SHORT_AND_LONG, True),
    "d_fine": _Family(False, _SQUARE, False),
    "dab-detr": _Family(False, _SHORT_AND_LONG, True),
    "deformable_detr": _Family(False, _SHORT_AND_LONG, True),
    "deimv2": _Family(False, _SQUARE, False),
    "detr": _Family(True, _SHORT_AND_LONG, True),
    "lw_detr": _Family(False, _SQUARE, True),
    "rf_detr": _Family(False, {"height": 560, "width": 560}, True),
    "rt_detr": _Family(False, _SQUARE, False),
    "rt_detr_v2": _Family(False, _SQUARE, False),
    "table-transformer": _Family(True, _SHORT_AND_LONG, True),
    "yolos": _Family(True, _SHORT_AND_LONG, True),
}
_OFTEN_ON_TIMM = ("conditional_detr", "dab-detr", "deformable_detr", "detr", "table-transformer")
_NO_TIMM = (
    "its backbone needs the Python package timm, which is not installed in ComfyUI's environment. Nothing was "
    "installed: install timm there, or use a model with a backbone of its own, such as YOLOS or RT-DETR"
)


class Framing(NamedTuple):
    """What pictures are made into for a network: the sides wanted, mean and deviation of each colour if any."""

    size: dict[str, int]
    mean: tuple[float, ...] | None
    deviation: tuple[float, ...] | None


class DetrDetector:
    """A network with all that is needed to use it.

    Attributes:
        network: the torch module.
    """

    def __init__(self, network: Any, framing: Framing, names: dict[int, str], is_softmax: bool) -> None:
        from ...core.detected_faces import face_classes

        self.network = network
        self._framing = framing
        self._is_softmax = is_softmax
        self._faces = face_classes(names, len(names))
        self._labels = [names[number] for number in self._faces]

    def __call__(self, pictures: Any, min_score: float) -> list[list[Face]]:
        """The faces of pictures of one size (N, 3, H, W) on the network's device, best score first."""
        import torch

        from ...core.detected_faces import faces_in_picture

        height, width = pictures.shape[-2:]
        with torch.no_grad():
            output = self.network(pixel_values=framed(pictures, self._framing))
        scores, kinds = self._scores(output.logits.float())
        centre, sides = output.pred_boxes.float().split(2, -1)
        scale = torch.tensor([width, height, width, height], dtype=torch.float32)
        boxes = torch.cat([centre - sides / 2, centre + sides / 2], -1).cpu() * scale
        return [
            faces_in_picture(*of_one, self._labels, (width, height), min_score)
            for of_one in zip(boxes, scores.cpu(), kinds.cpu(), strict=True)
        ]

    def _scores(self, logits: Any) -> tuple[Any, Any]:
        """For each query (N, Q) the score of the likeliest face class, and which of the face classes that is.

        With softmax a query is one thing: where that is no face, the score is NaN, which no lowest score lets pass.
        """
        if not self._is_softmax:
            return logits.sigmoid()[..., self._faces].max(-1)
        chances = logits.softmax(-1)[..., :-1]
        scores, kinds = chances[..., self._faces].max(-1)
        return scores.where(scores >= chances.max(-1).values, float("nan")), kinds


def load_detr(folder: Path, name: str) -> DetrDetector:
    """Loads a detector from a folder: only safetensors, only what is in it, no code.

    Args:
        folder: where it is.
        name: what the user calls it.

    Raises:
        ValueError: it is no detector of the family, does not find faces, is damaged or incomplete, holds code or
            pickles, or needs what is not installed.
    """
    try:
        config = read_json(folder / "config.json")
        family = _check_config(config, folder)
        _check_weights(folder)
        framing = _framing(folder, config, family)
        network = _load_network(folder)
        is_softmax = family.is_softmax or config.get("use_focal_loss") is False
        return DetrDetector(network, framing, _labels(network.config), is_softmax)
    except ValueError as error:
        raise ValueError(f"{name} can't be used: {error}.") from error


def framed(pictures: Any, framing: Framing) -> Any:
    """Pictures (N, 3, H, W), 0..1, resized and with their colours shifted as a network was trained with."""
    import torch
    from torch.nn import functional

    sides = wanted_sides(pictures.shape[-2], pictures.shape[-1], framing.size)
    if sides != tuple(pictures.shape[-2:]):
        pictures = functional.interpolate(pictures, sides, mode="bilinear", align_corners=False, antialias=True)
    if framing.mean is None or framing.deviation is None:
        return pictures
    mean, deviation = (
        torch.tensor(values, device=pictures.device, dtype=pictures.dtype)[:, None, None]
        for values in (framing.mean, framing.deviation)
    )
    return (pictures - mean) / deviation


def wanted_sides(height: int, width: int, size: dict[str, int]) -> tuple[int, int]:
    """The height and width that a picture is resized to; at least 32 px each, however thin the picture is."""
    if "height" in size:
        return size["height"], size["width"]
    scale = min(size["shortest_edge"] / min(height, width), size["longest_edge"] / max(height, width))
    return max(_SIDES_PX[0], round(height * scale)), max(_SIDES_PX[0], round(width * scale))


def read_json(path: Path) -> dict[str, Any]:
    """Reads a small JSON file that holds a mapping; ValueError says in words why it can't be."""
    try:
        if path.stat().st_size > _MAX_JSON_BYTES:
            raise ValueError("too large")
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ValueError(f"there is no {path.name} in it") from error
    except (OSError, RecursionError, ValueError) as error:
        raise ValueError(f"its {path.name} can't be read as JSON: it is damaged. Get it anew") from error
    if not isinstance(content, dict):
        raise ValueError(f"its {path.name} does not describe a model")
    return content


def _check_config(config: dict[str, Any], folder: Path) -> _Family:
    for path in (folder / "config.json", folder / "preprocessor_config.json"):
        if path.exists() and "auto_map" in read_json(path):
            raise ValueError(
                f"its {path.name} asks for Python code that comes with the model to be run (auto_map). Code of models "
                "is never run: use a model that transformers knows by itself"
            )
    if "quantization_config" in config or (folder / "adapter_config.json").exists():
        raise ValueError("it is quantized, or only an adapter of another model. Use the full model")
    model_type = config.get("model_type")
    family = FAMILIES.get(model_type) if isinstance(model_type, str) else None
    if family is None:
        raise ValueError(
            f"its config.json says model_type {model_type!r}. A folder has to hold a detector of the DETR family, as "
            f"transformers saves it: {', '.join(FAMILIES)}"
        )
    _check_backbone(config)
    return family


def _check_backbone(config: dict[str, Any]) -> None:
    inner, named = config.get("backbone_config"), config.get("backbone")
    if isinstance(inner, dict):
        needs_timm = str(inner.get("model_type", "")).startswith("timm")
    else:
        needs_timm = config.get("use_timm_backbone", config["model_type"] in _OFTEN_ON_TIMM) is True
        if named is not None and not needs_timm:  # transformers would ask the network for it
            raise ValueError("its backbone is a model that is kept elsewhere. Use a model that is complete")
    if needs_timm and find_spec("timm") is None:
        raise ValueError(_NO_TIMM)


def _check_weights(folder: Path) -> None:
    """Only safetensors are read, and a file that was cut off is told before anything is made of it."""
    files = [path for path in sorted(folder.glob("*.safetensors")) if path.is_file()]
    if not files:
        pickles = [path.name for pattern in ("*.bin", "*.pt", "*.pth", "*.ckpt") for path in folder.glob(pattern)]
        held = (
            f"its weights are a pickle ({pickles[0]}), which can run code" if pickles else "there are no weights in it"
        )
        raise ValueError(f"{held}. Only safetensors are read: get model.safetensors, or have the model saved so")
    for path in files:
        _check_whole(path)


def _check_whole(path: Path) -> None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt"):
            pass
    except (OSError, SafetensorError) as error:
        raise ValueError(f"its {path.name} is damaged or was cut off. Get it anew") from error


def _framing(folder: Path, config: dict[str, Any], family: _Family) -> Framing:
    path = folder / "preprocessor_config.json"
    settings = read_json(path) if path.exists() else {}
    size = family.size
    backbone = config.get("backbone_config")
    side = backbone.get("image_size") if isinstance(backbone, dict) else None
    if config["model_type"] == "rf_detr" and isinstance(side, int):
        size = {"height": side, "width": side}
    size = _size(settings, size)
    if not settings.get("do_normalize", family.is_normalized):
        return Framing(size, None, None)
    mean, deviation = (
        settings.get(name, default) for name, default in zip(("image_mean", "image_std"), _IMAGENET, strict=True)
    )
    return Framing(size, _three(mean, lowest=-10.0), _three(deviation, lowest=1e-3))


def _size(settings: dict[str, Any], usual: dict[str, int]) -> dict[str, int]:
    size = settings.get("size", usual)
    if isinstance(size, int):  # as it was written before 2023
        size = {"shortest_edge": size, "longest_edge": settings.get("max_size", _SHORT_AND_LONG["longest_edge"])}
    for names in (("height", "width"), ("shortest_edge", "longest_edge")):
        sides = [size.get(name) for name in names] if isinstance(size, dict) else []
        whole = [side for side in sides if isinstance(side, int) and _SIDES_PX[0] <= side <= _SIDES_PX[1]]
        if len(whole) == len(names):
            return dict(zip(names, whole, strict=True))
    raise ValueError(
        f"its preprocessor_config.json gives {str(size)[:80]} as the size of pictures; sides of {_SIDES_PX[0]} to "
        f"{_SIDES_PX[1]} are read. Get the file anew, or leave it out"
    )


def _three(values: Any, lowest: float) -> tuple[float, ...]:
    numbers = tuple(values) if isinstance(values, (list, tuple)) else ()
    if len(numbers) != 3 or not all(type(value) in (int, float) and lowest <= value <= 10 for value in numbers):
        raise ValueError("its preprocessor_config.json gives colours no sense (image_mean, image_std). Get it anew")
    return tuple(float(value) for value in numbers)


def _load_network(folder: Path) -> Any:
    import transformers
    from transformers import AutoConfig, AutoModelForObjectDetection

    only_this = {"local_files_only": True, "trust_remote_code": False}
    try:
        config = AutoConfig.from_pretrained(str(folder), **only_this)
        for part in (config, getattr(config, "backbone_config", config)):
            if getattr(part, "use_pretrained_backbone", False):  # older versions fetch one, to overwrite it
                part.use_pretrained_backbone = False
        if hasattr(config, "disable_custom_kernels"):  # else older versions compile one
            config.disable_custom_kernels = True
        network, info = AutoModelForObjectDetection.from_pretrained(
            str(folder),
            config=config,
            use_safetensors=True,
            attn_implementation="eager",  # a folder may ask for one that would be fetched
            output_loading_info=True,
            **only_this,
        )
    except Exception as error:  # whatever a wrong folder makes transformers raise
        raise ValueError(
            f"transformers {transformers.__version__} could not load it ({type(error).__name__}: "
            f"{' '.join(str(error).split())[:200]}). It is damaged or incomplete, or needs a newer transformers"
        ) from error
    if info["missing_keys"]:
        raise ValueError("its weights are not all that its config.json describes: they do not belong together")
    return network.float().requires_grad_(False).eval()


def _labels(config: Any) -> dict[int, str]:
    return {number: str(config.id2label.get(number, f"class {number}"))[:100] for number in range(config.num_labels)}
