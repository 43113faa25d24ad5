"""The pictures of the help page: what each family looks like at about 0.9, 0.6 and 0.3.

`python training/quality/help_pictures.py` writes web/docs/quality_<family>.jpg from the shipped photograph.
"""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from safetensors.torch import load_file

from distortions import Picture, damage
from pack import ROOT, core
from samples import FAMILIES

WANTED = (0.9, 0.6, 0.3)
KIND = {
    "blur": "gaussian blur",
    "noise": "white noise",
    "compression": "jpeg",
    "tone": "low contrast",
    "overcooked": "overcooked",
    "structure": "latent noise",
}
_CROP = (96, 10, 352, 266)
_HEADER_PX = 30


def main() -> None:
    score = core("quality_score")
    parameters = score.Parameters(*(load_file(ROOT / "data" / f"{name}.safetensors") for name in _DATA))
    with Image.open(ROOT / "data" / "demo" / "astronaut.png") as opened:
        clean = np.asarray(opened.convert("RGB"), np.float32) / 255

    def families(picture: Picture) -> dict[str, float]:
        return score.score_picture(torch.from_numpy(np.ascontiguousarray(picture)), parameters).families

    for family in FAMILIES:
        levels = np.linspace(1, 5, 81)
        ladder = [clean] + [damage(clean, KIND[family], level, np.random.default_rng(1)) for level in levels]
        scores = [families(picture)[family] for picture in ladder]
        chosen = [min(range(len(ladder)), key=lambda at, wanted=wanted: abs(scores[at] - wanted)) for wanted in WANTED]
        print(family, [scores[at] for at in chosen])
        _strip(family, [(ladder[at], scores[at]) for at in chosen]).save(
            ROOT / "web" / "docs" / f"quality_{family}.jpg", quality=93, subsampling=0
        )


_DATA = ("quality_families", "niqe_parameters")


def _strip(family: str, pictures: list[tuple[Picture, float]]) -> Image.Image:
    width, height = _CROP[2] - _CROP[0], _CROP[3] - _CROP[1]
    strip = Image.new("RGB", (len(pictures) * width, height + _HEADER_PX), "white")
    pen = ImageDraw.Draw(strip)
    for place, (picture, found) in enumerate(pictures):
        image = Image.fromarray((picture * 255 + 0.5).astype(np.uint8)).crop(_CROP)
        strip.paste(image, (place * width, _HEADER_PX))
        text = f"{family} {found:.2f}"
        pen.text((place * width + 8, 4), text, fill="black", font=ImageFont.load_default(18))
    return strip


if __name__ == "__main__":
    main()
