"""Lets graphs that name well-known public files run in the tests: demo files in their place, and smaller pictures.

`supplied` in conftest.py does both for a graph in API format and makes the files. Nodes are found by their class, so it
fits the printed graphs, examples and blueprints alike. Steps, schedulers and seeds stay: what a split or a denoise
means depends on them, and at these sizes a demo checkpoint makes three to twenty steps a second.

The demo model draws at 128 pixels, and 256 in a second pass; those in the shape of SDXL hold noise.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from engine.checkpoint_sdxl import KINDS, build
from engine.layout import DEMO_CHECKPOINT, DEMO_STYLES
from engine.run import Graph

SDXL_BASE, SDXL_REFINER = KINDS["base"].file, KINDS["refiner"].file
UPSCALER = "switchyard_demo_4x.safetensors"
DEMO_FILES = {
    "dreamshaper_8.safetensors": DEMO_CHECKPOINT,
    "v1-5-pruned-emaonly-fp16.safetensors": DEMO_CHECKPOINT,
    "sd_xl_base_1.0.safetensors": SDXL_BASE,
    "sd_xl_refiner_1.0.safetensors": SDXL_REFINER,
    "animagine-xl-4.0-opt.safetensors": DEMO_STYLES["anime"],
    "Juggernaut-XL_v9_RunDiffusionPhoto_v2.safetensors": DEMO_STYLES["realistic"],
    "RealESRGAN_x4plus.safetensors": UPSCALER,
}
LOADERS = {"CheckpointLoaderSimple": "ckpt_name", "UpscaleModelLoader": "model_name"}
PICTURES = dict.fromkeys(("EmptyLatentImage", "ImageScale"), ("width", "height"))
CROPS = dict.fromkeys(("SwitchyardFaceDetailer", "SwitchyardFaceCrop"), ("guide_size", "max_size"))
SMALL_PX, DRAWN_PX, CROPS_SHRINK = 256, 128, 4
PARAMETERS = ("SwitchyardChoiceParameter", "SwitchyardIntegerParameter")


def substituted(graph: Graph) -> Graph:
    """A copy of a graph with demo files for public ones, and smaller sizes if one is beyond SMALL_PX.

    Pictures: the smallest side that is drawn becomes DRAWN_PX, all others in proportion. Crops of faces: a quarter.
    Files and sizes that come from a template parameter are changed there; sizes that come by another link stay.

    Raises:
        LookupError: a loader names a file that DEMO_FILES does not know.
    """
    graph = copy.deepcopy(graph)
    for name, spec in graph.items():
        file = LOADERS.get(spec["class_type"])
        if file is not None:
            inputs, file = _place(graph, spec["inputs"], file)
            inputs[file] = _demo_file(name, inputs[file])
    drawn = [inputs[side] for inputs, side in _sizes(graph, {"EmptyLatentImage": ("width", "height")})]
    _shrink(_sizes(graph, PICTURES), min(drawn, default=4 * DRAWN_PX) / DRAWN_PX)
    _shrink(_sizes(graph, CROPS), CROPS_SHRINK)
    return graph


def _place(graph: Graph, inputs: dict[str, Any], name: str) -> tuple[dict[str, Any], str]:
    """Where the value of an input stands: there, or in the template parameter that is plugged in."""
    link = inputs.get(name)
    source = graph.get(link[0], {}) if isinstance(link, list) else {}
    return (source["inputs"], "value") if source.get("class_type") in PARAMETERS else (inputs, name)


def _sizes(graph: Graph, sized: dict[str, tuple[str, str]]) -> list[tuple[dict[str, Any], str]]:
    """Where the sizes of nodes of these classes stand, each once."""
    given = [
        _place(graph, spec["inputs"], side) for spec in graph.values() for side in sized.get(spec["class_type"], ())
    ]
    once = {(id(inputs), side): (inputs, side) for inputs, side in given if isinstance(inputs.get(side), int)}
    return list(once.values())


def _shrink(sizes: list[tuple[dict[str, Any], str]], factor: float) -> None:
    if any(inputs[side] > SMALL_PX for inputs, side in sizes):
        for inputs, side in sizes:
            inputs[side] = int(inputs[side] / factor) // 8 * 8


def _demo_file(node_id: str, file: str) -> str:
    if file in DEMO_FILES.values():
        return file
    if file not in DEMO_FILES:
        raise LookupError(f"node {node_id} loads {file}; name what stands in for it in DEMO_FILES")
    return DEMO_FILES[file]


def files_of(graph: Graph) -> set[str]:
    """The files that the loaders of a graph name."""
    named = ((LOADERS.get(spec["class_type"]), spec["inputs"]) for spec in graph.values())
    places = [_place(graph, inputs, file) for file, inputs in named if file is not None]
    return {inputs[file] for inputs, file in places}


def make_files(files: set[str], shared: Path, own: Path) -> None:
    """Makes the demo files that are not there yet.

    Args:
        files: their names; the demo model's checkpoints come with the sandbox.
        shared: the models folder that is kept between runs, for the checkpoints of SDXL: 400 MB each.
        own: the models folder of the server.
    """
    for name, kind in KINDS.items():
        if kind.file in files:
            build(shared / "checkpoints", name)
    if UPSCALER in files:
        make_upscaler(own / "upscale_models" / UPSCALER)


def make_upscaler(path: Path) -> None:
    """Writes a tiny ESRGAN that makes every pixel four by four pixels: its only block adds nothing."""
    import torch
    from safetensors.torch import save_file

    filters, growth = 4, 32  # ComfyUI takes any number of filters, but no other growth
    weights: dict[str, Any] = {}

    def conv(name: str, size_out: int, size_in: int, passes: int = 0) -> None:
        """A convolution that hands its first `passes` channels on and makes zeros of the others."""
        weight = torch.zeros(size_out, size_in, 3, 3)
        for channel in range(passes):
            weight[channel, channel, 1, 1] = 1
        weights.update({f"{name}.weight": weight, f"{name}.bias": torch.zeros(size_out)})

    conv("conv_first", filters, 3, passes=3)
    for block in (1, 2, 3):
        for number in (1, 2, 3, 4, 5):
            size_out = filters if number == 5 else growth
            conv(f"body.0.rdb{block}.conv{number}", size_out, filters + (number - 1) * growth)
    conv("conv_body", filters, filters)
    for name in ("conv_up1", "conv_up2", "conv_hr"):
        conv(name, filters, filters, passes=3)
    conv("conv_last", 3, filters, passes=3)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(weights, path)
