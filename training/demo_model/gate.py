"""What a quality gate does for the demo model: 100 gates, from 100 first seeds, by two measures.

    PYTHONPATH=tools python training/demo_model/gate.py [strip.jpg]

The demo's portrait is drawn with 140 seeds. A gate that begins at a seed tries it and those after it, up to forty,
until a picture passes: once by Quality Score, once by whether Face Detector finds a face. Told are the scores of first
attempts and of winners, and how many attempts it took. With a file name, the attempts of the demo's own gate are drawn
as a strip.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from safetensors.torch import load_file

from engine.demo_drawings import FACE_SCORE, GATE_SEED, GATED
from sampler import Sampler

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "quality"))

from pack import ROOT, core

QUALITY = 0.6
GATES, MOST = 100, 40
_CELL, _CAPTION = 192, 34
_PASSED, _FAILED = (46, 125, 50), (198, 40, 40)


def main() -> None:
    sampler, seeds = Sampler(), range(GATES + MOST)
    pictures = np.concatenate(
        [sampler.draw([GATED] * len(part), part) for part in (seeds[i : i + 20] for i in range(0, len(seeds), 20))]
    )
    faces = face_scores(pictures)
    tell(f"a face found at {FACE_SCORE}", faces, FACE_SCORE)
    tell(f"Quality Score of {QUALITY}", quality_scores(pictures), QUALITY)
    if len(sys.argv) > 1:
        last = next(seed for seed in seeds[GATE_SEED:] if faces[seed] >= FACE_SCORE)
        draw_strip(pictures, faces, range(GATE_SEED, last + 1), Path(sys.argv[1]))


def tell(name: str, scores: Sequence[float], threshold: float) -> None:
    firsts, winners, counts = scores[:GATES], [], []
    for first in range(GATES):
        tried = scores[first : first + MOST]
        count = next((number for number, score in enumerate(tried, 1) if score >= threshold), MOST)
        counts.append(count)
        winners.append(max(tried[:count]))
    print(f"{name}: {sum(score >= threshold for score in firsts)} of {GATES} first attempts pass")
    for title, values in (("first attempts", firsts), ("winners", winners)):
        tenths = statistics.quantiles(values, n=10)
        print(
            f"  {title:15} mean {statistics.mean(values):.2f}  median {statistics.median(values):.2f}  "
            f"from {tenths[0]:.2f} to {tenths[-1]:.2f} (tenth to ninetieth percentile)"
        )
    mean, median = statistics.mean(counts), statistics.median(counts)
    print(f"  attempts        mean {mean:.1f}  median {median:.0f}  most {max(counts)}")
    print(f"  winners below the threshold: {sum(score < threshold for score in winners)}")


def quality_scores(pictures: np.ndarray) -> list[float]:
    scorer = core("quality_score")
    weights = (load_file(ROOT / "data" / f"{name}.safetensors") for name in ("quality_families", "niqe_parameters"))
    parameters = scorer.Parameters(*weights)
    return [float(scorer.score_picture(picture, parameters).score) for picture in torch.from_numpy(pictures)]


def face_scores(pictures: np.ndarray) -> list[float]:
    """The surest face of each picture; 0 for none above 0.1."""
    files = {name: load_file(ROOT / "data" / f"{name}.safetensors") for name in ("blazeface_full", "centerface")}
    module, where = core("face_detector"), torch.device("cpu")
    blazeface = core("blazeface").BlazeFace(files["blazeface_full"], where)
    networks = module.Networks(blazeface, core("centerface").CenterFace(files["centerface"], where))
    found = (module.find_faces(part, 0.1, networks) for part in torch.from_numpy(pictures).split(10))
    return [max((float(face.score) for face in faces), default=0.0) for part in found for faces in part]


def draw_strip(pictures: np.ndarray, scores: Sequence[float], seeds: range, target: Path) -> None:
    """Each attempt with its seed and how sure the detector is."""
    sheet = Image.new("RGB", (len(seeds) * (_CELL + 8) - 8, _CELL + _CAPTION), (250, 250, 250))
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(18)
    for place, seed in enumerate(seeds):
        left = place * (_CELL + 8)
        picture = Image.fromarray((pictures[seed] * 255 + 0.5).astype(np.uint8))
        sheet.paste(picture.resize((_CELL, _CELL), Image.Resampling.LANCZOS), (left, 0))
        colour = _PASSED if scores[seed] >= FACE_SCORE else _FAILED
        pen.rectangle((left, _CELL, left + _CELL - 1, _CELL + 4), fill=colour)
        pen.text((left + 4, _CELL + 8), f"seed {seed}: face {scores[seed]:.2f}", font=font, fill=colour)
    sheet.save(target, quality=92)


if __name__ == "__main__":
    main()
