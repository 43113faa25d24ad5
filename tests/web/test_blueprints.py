"""The blueprints in the real page: found by name, inserted as one node, flattened to the same graph in every form.

The goldens are what the page sends for a blueprint between a loader and a Save Image, see test_examples.py.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from canvas import what_is_sent
from forms import EACH_ONCE

ROOT = Path(__file__).resolve().parent.parent.parent
BLUEPRINTS = sorted((ROOT / "subgraphs").glob("*.json"))
HIRES = [path for path in BLUEPRINTS if path.stem.startswith("Hi-res fix")]  # the others share texts only
GOLDENS = Path(__file__).resolve().parent / "goldens" / "blueprints"


@pytest.fixture(params=BLUEPRINTS, ids=lambda path: path.stem)
def blueprint(request, canvas):
    """The name of a blueprint; it is on the canvas, as its file has it."""
    canvas.load(json.loads(request.param.read_text(encoding="utf-8")))
    return request.param.stem


def add_what_it_needs(canvas, stem):
    """Plugs a loader before a blueprint and a Save Image behind it."""
    if stem == "Model by subject":
        for name, kind in (
            ("positive", "CLIPTextEncode"),
            ("negative", "CLIPTextEncode"),
            ("latent", "EmptyLatentImage"),
        ):
            canvas.add(kind, name)
        canvas.add("KSampler", "sampler")
        canvas.add("VAEDecode", "picture")
        for target in ("positive", "negative"):
            canvas.plug(stem, target, "clip", 1)
            canvas.plug(target, "sampler", target)
        canvas.plug(stem, "positive", "text", 3)
        canvas.plug(stem, "sampler", "model", 0)
        canvas.plug("latent", "sampler", "latent_image")
        canvas.set_widget("latent", "width", 1024)
        canvas.set_widget("latent", "height", 1024)
        canvas.set_widget("sampler", "seed", 7)
        canvas.set_widget("sampler", "steps", 3)
        canvas.plug("sampler", "picture", "samples")
        canvas.plug(stem, "picture", "vae", 2)
        picture = "picture"
    elif stem == "Face detector and detailer":
        add_a_face(canvas, stem)
        picture = stem
    else:
        if stem.startswith("Hi-res fix"):
            canvas.add("CheckpointLoaderSimple", "loader")
            canvas.set_widget("loader", "ckpt_name", "v1-5-pruned-emaonly-fp16.safetensors")
            for output, name in enumerate(("model", "clip", "vae")):
                canvas.plug("loader", stem, name, output)
        picture = stem
    canvas.add("SaveImage", "save")
    canvas.plug(picture, "save", "images")


def add_a_face(canvas, stem):
    """Plugs in a photograph with a face, and what draws it anew."""
    canvas.add("CheckpointLoaderSimple", "loader")
    canvas.set_widget("loader", "ckpt_name", "v1-5-pruned-emaonly-fp16.safetensors")
    canvas.add("LoadImage", "photograph")
    canvas.set_widget("photograph", "image", "astronaut.png")
    canvas.add("ImageScale", "sized")
    canvas.plug("photograph", "sized", "image")
    for side in ("width", "height"):
        canvas.set_widget("sized", side, 1024)
    canvas.plug("sized", stem, "image")
    for output, name in enumerate(("model", "clip", "vae")):
        canvas.plug("loader", stem, name, output)
    for name in ("positive", "negative"):
        canvas.add("CLIPTextEncode", name)
        canvas.plug("loader", name, "clip", 1)
        canvas.plug(name, stem, name)


def test_it_sends_the_same_graph_in_every_form(canvas, blueprint):
    assert canvas.missing_nodes() == []
    add_what_it_needs(canvas, blueprint)
    golden = GOLDENS / f"{blueprint}.json"
    graph = what_is_sent(canvas.prompt())
    if os.environ.get("SWITCHYARD_WRITE_GOLDENS"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(json.dumps(graph, indent=1) + "\n", encoding="utf-8")
    assert graph == json.loads(golden.read_text(encoding="utf-8"))
    canvas.reload_workflow()
    assert what_is_sent(canvas.prompt()) == graph


@EACH_ONCE
@pytest.mark.parametrize("blueprint", HIRES, indirect=True, ids=lambda path: path.stem)
def test_its_widgets_reach_every_node_inside_that_shares_them(canvas, blueprint):
    for name, value in (("scheduler", "exponential"), ("second_steps", 11), ("seed", 5), ("cfg", 3)):
        canvas.set_widget(blueprint, name, value)
    graph = canvas.prompt()
    (strength,) = [name for name, spec in graph.items() if spec["class_type"] == "SwitchyardDenoiseStrength"]
    samplers = [spec["inputs"] for spec in graph.values() if spec["class_type"] == "KSampler"]
    draft, second = sorted(samplers, key=lambda inputs: isinstance(inputs["steps"], list))
    assert [graph[strength]["inputs"][name] for name in ("scheduler", "steps")] == ["exponential", 11]
    assert [draft[name] for name in ("scheduler", "steps", "seed", "cfg")] == ["exponential", 20, 5, 3]
    assert [second[name] for name in ("steps", "scheduler")] == [[strength, 1], [strength, 2]]
    assert [second[name] for name in ("seed", "cfg")] == [5, 3]


@EACH_ONCE
@pytest.mark.parametrize("stem", [path.stem for path in BLUEPRINTS])
def test_it_is_found_by_its_name_and_inserted_as_one_node(canvas, stem):
    page = canvas.page
    page.evaluate("() => app.extensionManager.command.execute('Workspace.SearchBox.Toggle')")
    page.wait_for_function("() => document.activeElement?.tagName === 'INPUT'")
    page.keyboard.type(stem)
    page.wait_for_timeout(1500)  # the results follow the typing after a pause
    page.keyboard.press("Enter")
    page.mouse.click(500, 300)  # newer pages hang a new node on the mouse until it is put down
    page.wait_for_function("() => app.rootGraph.nodes.length > 0")
    found = page.evaluate("() => app.rootGraph.nodes.map((node) => [node.title, Boolean(node.isSubgraphNode?.())])")
    assert found == [[stem, True]]
    assert canvas.missing_nodes() == []
