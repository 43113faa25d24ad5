"""Takes the pictures of the examples that need a checkpoint: the page after a run with the demo model.

Running this file writes example_workflows/<example>.jpg anew for the examples named on the command line, or for all of
DRAWN: look at the change. The pictures show the settings that drew them, those of the example's own note. It needs the
sandbox and Chromium, as the tests of the page do:

    PYTHONPATH=tools .sandbox/venv/bin/python tests/web/example_pictures.py "Face detailer"
"""

from __future__ import annotations

import io
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent / "comfyui"), str(ROOT / "tools")]

from canvas import LAUNCH, PACK, Canvas, open_canvas  # noqa: E402
from substitutes import UPSCALER, make_files  # noqa: E402

from engine.demo_drawings import drawing  # noqa: E402
from engine.layout import DEMO_CHECKPOINT, DEMO_STYLES, find_chromium, find_layout, python_of  # noqa: E402
from engine.pack import install_pack  # noqa: E402
from engine.run import run_graph  # noqa: E402
from engine.server import Server  # noqa: E402

DRAWN = (
    "Face crop and paste",
    "Face detailer",
    "Hi-res fix lanczos",
    "Hi-res fix upscale model",
    "Model by subject",
    "Rank by preference",
    "Template hi-res fix",
    "Template quality gate",
)
SAMPLING = {"sampler_name": "euler", "scheduler": "simple", "cfg": 4}
CROPS = {"guide_size": 64, "max_size": 128}
# What the demo model needs, by the class of a node, and of the parameter nodes by their names.
SETTINGS: dict[str, dict[str, Any]] = {
    "CheckpointLoaderSimple": {"ckpt_name": DEMO_CHECKPOINT},
    "UpscaleModelLoader": {"model_name": UPSCALER},
    "EmptyLatentImage": {"width": 128, "height": 128},
    "KSampler": SAMPLING,
    "SwitchyardDenoiseStrength": {"scheduler": "simple"},
    "SwitchyardFaceDetailer": {**SAMPLING, **CROPS, "denoise": 0.3},
    "SwitchyardFaceCrop": CROPS,
}
PARAMETERS = {
    "checkpoint": DEMO_CHECKPOINT,
    "width": 128,
    "height": 128,
    "sampler": "euler",
    "scheduler": "simple",
    "cfg": 4,
}
# Some nodes of some examples, by their titles. Of the model's faces the detector finds those of the anime style best.
STYLES = {f"{style.capitalize()} model": {"ckpt_name": file} for style, file in DEMO_STYLES.items()}
PORTRAIT = "portrait.png"
FACES = {
    "Checkpoint": {"ckpt_name": DEMO_STYLES["anime"]},
    "Picture": {"image": PORTRAIT},
    "Your sampler": {**SAMPLING, "denoise": 0.3, "seed": 1042},
}
TITLED = {"Model by subject": STYLES, "Face detailer": FACES, "Face crop and paste": FACES}
# What needs PickScore stays out of the run.
NOT_RUN = {"CLIPVisionLoader", "CLIPLoader", "SwitchyardPreferenceScore", "SwitchyardPickBest"}
NEVER, ALWAYS = 2, 0  # modes of a node: muted, and as usual
MARGIN = 16  # around the groups, on the canvas
CORNER = (160, 180)  # where they begin in the window, beside the page's own panels
ROOM = (360, 420)  # and what the window has more than them
MOST_BYTES = 200_000
_SET = """([id, values]) => {
  const node = app.rootGraph.getNodeById(id)
  for (const [name, value] of Object.entries(values)) {
    const widget = node.widgets?.find((widget) => widget.name === name)
    const isPlugged = node.inputs?.some((input) => input.widget?.name === name && input.link != null)
    if (!widget || isPlugged) continue
    widget.value = value
    widget.callback?.(value, app.canvas, node)
  }
}"""
_BOUNDS = """() => {
  const boxes = [...app.rootGraph.groups.map(({ pos, size }) => [...pos, ...size])]
  for (const node of app.rootGraph.nodes) boxes.push([...node.boundingRect])
  const ends = (from, size) => boxes.map((box) => box[from] + (size ? box[size] : 0))
  return [Math.min(...ends(0)), Math.min(...ends(1)), Math.max(...ends(0, 2)), Math.max(...ends(1, 3))]
}"""
_PLACE = """([left, top, x, y]) => {
  app.canvas.deselectAll()
  app.canvas.ds.scale = 1
  app.canvas.ds.offset = [x - left, y - top]
  app.canvas.setDirty(true, true)
}"""
_SHOWN = "() => app.rootGraph.nodes.every((node) => (node.imgs ?? []).every((image) => image.complete))"


def example(stem: str) -> dict[str, Any]:
    return json.loads((ROOT / "example_workflows" / f"{stem}.json").read_text(encoding="utf-8"))


def settings_of(stem: str, node: dict[str, Any]) -> dict[str, Any]:
    """The widgets of a node of an example that differ with the demo model."""
    if node["type"].endswith("Parameter") and node["widgets_values"][0] in PARAMETERS:
        return {"value": PARAMETERS[node["widgets_values"][0]]}
    return TITLED.get(stem, {}).get(node.get("title", ""), SETTINGS.get(node["type"], {}))


def draw(canvas: Canvas, stem: str, timeout_s: float = 300) -> None:
    """Loads an example and runs it with the demo model, as far as no other file is needed."""
    workflow = example(stem)
    canvas.load(workflow)
    for node in workflow["nodes"]:
        canvas.page.evaluate(_SET, [node["id"], settings_of(stem, node)])
    left_out = [node["id"] for node in workflow["nodes"] if node["type"] in NOT_RUN]
    followers = {link[3] for link in workflow["links"] if link[1] in left_out}
    kinds = {node["id"]: node["type"] for node in workflow["nodes"]}
    left_out += [id for id in followers if kinds[id] in ("SaveImage", "PreviewAny")]
    set_mode(canvas, left_out, NEVER)
    end = canvas.run(timeout_s)
    set_mode(canvas, left_out, ALWAYS)
    if end["type"] != "execution_success":
        raise RuntimeError(f"the run ended with {end}")
    canvas.page.wait_for_function(_SHOWN)


def set_mode(canvas: Canvas, ids: list[int], mode: int) -> None:
    canvas.page.evaluate(
        "([ids, mode]) => { for (const id of ids) app.rootGraph.getNodeById(id).mode = mode }", [ids, mode]
    )


def take(canvas: Canvas, target: Path) -> None:
    """Saves the whole workflow as a JPEG, as wide as the one before."""
    from PIL import Image

    left, top, right, bottom = canvas.page.evaluate(_BOUNDS)
    width, height = round(right - left) + 2 * MARGIN, round(bottom - top) + 2 * MARGIN
    canvas.page.set_viewport_size({"width": width + ROOM[0], "height": height + ROOM[1]})
    canvas.page.evaluate(_PLACE, [left - MARGIN, top - MARGIN, *CORNER])
    canvas.page.wait_for_timeout(2000)  # pictures are drawn with the frame after the next
    area = canvas.page.evaluate("() => { const b = app.canvas.canvas.getBoundingClientRect(); return [b.x, b.y] }")
    clip = {"x": area[0] + CORNER[0], "y": area[1] + CORNER[1], "width": width, "height": height}
    picture = Image.open(io.BytesIO(canvas.page.screenshot(clip=clip))).convert("RGB")
    with Image.open(target) as before:
        size = (before.width, round(before.width * height / width))
    small = picture.resize(size, Image.Resampling.LANCZOS)
    for quality in (85, 75, 65, 55):
        small.save(target, quality=quality, optimize=True)
        if target.stat().st_size < MOST_BYTES:
            return


def draw_portrait(server: Server) -> None:
    """Puts the picture that Face detailer begins with among those that can be loaded."""
    graph = {spec.get("title", spec["type"]): spec.get("widgets_values") for spec in example("Face detailer")["nodes"]}
    drawn = drawing(graph["Prompt"][0], DEMO_STYLES["anime"], seed=graph["First picture"][0])
    drawn["negative"]["inputs"]["text"] = graph["Negative prompt"][0]
    drawn["save"] = {"class_type": "SaveImage", "inputs": {"images": ["picture", 0], "filename_prefix": "portrait"}}
    (file,) = run_graph(server, drawn).saved("save")
    shutil.copy2(server.base / "output" / file, server.base / "input" / PORTRAIT)


@contextmanager
def opened(renderer: str, *, newer: bool) -> Iterator[Canvas]:
    """The page of a server that has the demo's checkpoints and pictures."""
    from playwright.sync_api import sync_playwright

    layout = find_layout(None, None)
    page = layout.newer_frontend / "comfyui_frontend_package" / "static"
    arguments = ("--cpu", "--front-end-root", str(page)) if newer else ("--cpu",)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(
            python_of(layout.environment), layout.comfyui, Path(folder), models=layout.models, arguments=arguments
        )
        install_pack(server.base / "custom_nodes", PACK)
        make_files({UPSCALER}, layout.models, server.base / "models")
        for picture in [*(ROOT / "data" / "demo").glob("*.*g"), layout.comfyui / "input" / "example.png"]:
            shutil.copy2(picture, server.base / "input")
        server.start()
        try:
            draw_portrait(server)
            server.post("/api/settings", {"Comfy.Minimap.Visible": False})
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=LAUNCH)
            yield open_canvas(browser, server, renderer)
            browser.close()
        finally:
            server.stop()


def main(stems: list[str]) -> None:
    with opened("classic", newer=False) as canvas:
        for stem in stems or DRAWN:
            draw(canvas, stem)
            take(canvas, ROOT / "example_workflows" / f"{stem}.jpg")
            sys.stdout.write(f"{stem}\n")
            canvas.start_over()


if __name__ == "__main__":
    main(sys.argv[1:])
