"""The pictures of the help pages: what Face Detector finds, and what Face Crop and Face Paste change.

`python training/faces/help_pictures.py` writes web/docs/face_detector.jpg and web/docs/face_detailer.jpg, with the
nodes themselves, from the shipped photograph. The model that would draw the face is replaced by the photograph: its
face is made coarse, and the sharp one is pasted back as if a sampler had given it.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent.parent.parent
_PACK = "switchyard_checkout_pack"
_PANEL_PX = 300
_HEADER_PX = 30
_SHOWN = (76, 0, 376, 300)
_COARSE_PX = 12
_AMPLIFIED = 3


def main() -> None:
    nodes = _pack().NODE_CLASS_MAPPINGS
    with Image.open(ROOT / "data" / "demo" / "astronaut.png") as opened:
        sharp = torch.from_numpy(np.asarray(opened.convert("RGB"), np.float32) / 255)[None]
    _save(_detected(nodes["SwitchyardFaceDetector"], sharp), "face_detector")
    _save(_redrawn(nodes, sharp), "face_detailer")


def _pack() -> Any:
    """The pack, loaded by path as ComfyUI does."""
    spec = importlib.util.spec_from_file_location(_PACK, ROOT / "__init__.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(ROOT / "__init__.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_PACK] = module
    spec.loader.exec_module(module)
    return module


def _detected(detector: Any, sharp: torch.Tensor) -> Image.Image:
    """The preview of the photograph, and of it lying on its side."""
    panels = []
    for text, picture in (("upright", sharp), ("lying on its side", torch.rot90(sharp, 1, (1, 2)))):
        given = detector().execute(picture.contiguous())
        print(text, given["ui"]["switchyard"][0]["summary"])
        panels.append((text, given["result"][5][0]))
    return _strip(panels, 400)


def _redrawn(nodes: Any, sharp: torch.Tensor) -> Image.Image:
    """Before, where it may change, after, and what has changed."""
    boxes = nodes["SwitchyardFaceDetector"]().execute(sharp)["result"][2]
    before = _coarse_face(sharp, boxes[0][0])
    found = nodes["SwitchyardFaceDetector"]().execute(before)
    print("coarse", found["ui"]["switchyard"][0]["summary"])
    settings = {"guide_size": 512, "max_size": 1024, "crop_factor": 3.0, "dilation": 10, "feather": 5}
    crop = nodes["SwitchyardFaceCrop"]()
    face_crops = crop.execute(before, **settings, bboxes=found["result"][2])["result"][0]
    drawn = crop.execute(sharp, **settings, bboxes=found["result"][2])["result"][1]
    print("crop", tuple(drawn[0].shape))
    (after,), (mask,) = nodes["SwitchyardFacePaste"]().execute([face_crops], drawn, [0.8])["result"]
    changed = (after - before).abs()
    print("changed outside of the mask:", float(changed[mask == 0].max()), "largest inside:", float(changed.max()))
    panels = [
        ("before: a coarse face", before[0]),
        ("face_mask", mask[0][..., None].expand(-1, -1, 3)),
        ("after", after[0]),
        (f"what has changed, x {_AMPLIFIED}", (changed[0] * _AMPLIFIED).clamp(0, 1)),
    ]
    x1, y1, x2, y2 = _SHOWN
    return _strip([(text, picture[y1:y2, x1:x2]) for text, picture in panels], _PANEL_PX)


def _coarse_face(sharp: torch.Tensor, box: dict[str, float]) -> torch.Tensor:
    """The photograph with its face, an oval in its box, as a drawing of few pixels would have it."""
    height, width = sharp.shape[1:3]
    planes = sharp.movedim(-1, 1)
    small = torch.nn.functional.interpolate(
        planes, (height * _COARSE_PX // 100, width * _COARSE_PX // 100), mode="area"
    )
    coarse = torch.nn.functional.interpolate(small, (height, width), mode="bicubic").clamp(0, 1).movedim(1, -1)
    x = (torch.arange(width) + 0.5 - box["x"] - box["width"] / 2) / (box["width"] / 2)
    y = (torch.arange(height) + 0.5 - box["y"] - box["height"] / 2) / (box["height"] / 2)
    inside = (x[None, :] ** 2 + y[:, None] ** 2 <= 1)[..., None]
    return torch.where(inside, coarse, sharp)


def _strip(panels: list[tuple[str, torch.Tensor]], side: int) -> Image.Image:
    strip = Image.new("RGB", (len(panels) * side, side + _HEADER_PX), "white")
    pen = ImageDraw.Draw(strip)
    for place, (text, picture) in enumerate(panels):
        levels = (picture.clamp(0, 1).numpy() * 255 + 0.5).astype(np.uint8)
        image = Image.fromarray(levels)
        if image.size != (side, side):
            image = image.resize((side, side), Image.Resampling.LANCZOS)
        strip.paste(image, (place * side, _HEADER_PX))
        pen.text((place * side + 8, 4), text, fill="black", font=ImageFont.load_default(18))
    return strip


def _save(picture: Image.Image, name: str) -> None:
    picture.save(ROOT / "web" / "docs" / f"{name}.jpg", quality=90, subsampling=0)


if __name__ == "__main__":
    main()
