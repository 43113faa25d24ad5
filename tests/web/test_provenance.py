"""A picture that Save Image with Seeds has saved, loaded into the page and queued, makes itself again at once."""

from __future__ import annotations

import io
import json
import zlib

import numpy
import pytest
from forms import EACH_ONCE
from PIL import Image

pytestmark = EACH_ONCE

THRESHOLD = 0.9


def level(seed):
    """The brightness that ProbeSample gives a picture."""
    return zlib.crc32(repr((seed, None, 0)).encode()) / 2**32


def winner(start):
    return next(seed for seed in range(start, start + 1000) if level(seed) >= THRESHOLD)


# Seeds whose pictures fail, and do not become ones that were made before: those would come out of ComfyUI's cache.
STARTS = iter([seed for seed in range(20000) if winner(seed) == seed + 3])


def build(canvas):
    """A sampler, a scorer, a gate, and a node that saves; gives the sampler's seed, whose picture fails."""
    start = next(STARTS)
    canvas.add("ProbeSample", "sample")
    canvas.add("ProbeBrightness", "score")
    canvas.add("SwitchyardQualityGate", "gate")
    canvas.add("SwitchyardSaveImageWithSeeds", "save")
    canvas.set_widget("sample", "seed", start)
    canvas.set_widget("gate", "threshold", THRESHOLD)
    canvas.set_widget("gate", "max_attempts", 50)
    canvas.plug("sample", "score", "image")
    canvas.plug("sample", "gate", "value")
    canvas.plug("score", "gate", "score", 1)
    canvas.plug("gate", "save", "images")
    return start


def add_primitive(canvas, target="sample", name="seed"):
    canvas.add("PrimitiveNode", "primitive")
    canvas.plug("primitive", target, name)


def flat(canvas):
    return build(canvas)


def primitive(canvas):
    start = build(canvas)
    add_primitive(canvas)
    return start


def parameter(canvas, kind="SwitchyardSeedParameter"):
    start = build(canvas)
    canvas.add(kind, "parameter")
    canvas.set_widget("parameter", "name", "seed")
    canvas.set_widget("parameter", "value", str(start) if kind.endswith("TemplateParameter") else start)
    canvas.plug("parameter", "sample", "seed")
    return start


def general_parameter(canvas):
    start = parameter(canvas, "SwitchyardTemplateParameter")
    canvas.set_widget("parameter", "type", "seed")
    return start


def parameter_in_a_subgraph(canvas):
    start = parameter(canvas)
    canvas.into_subgraph("parameter", "sample", "score", "gate")
    return start


def subgraph(canvas):
    start = build(canvas)
    canvas.into_subgraph("sample", "score", "gate")
    return start


def subgraph_with_the_seed_outside(canvas):
    start = build(canvas)
    add_primitive(canvas)
    canvas.into_subgraph("sample", "score", "gate")
    return start


def subgraph_twice(canvas):
    """The same subgraph in two places, of which only one leads to the saved picture."""
    start = build(canvas)
    canvas.into_subgraph("sample", "score", "gate")
    workflow = canvas.serialized()
    (instance,) = [node for node in workflow["nodes"] if node.get("title") == "subgraph"]
    outputs = [{**output, "links": None} for output in instance["outputs"]]
    workflow["nodes"].append({**instance, "id": 90, "title": "twin", "pos": [900, 600], "outputs": outputs})
    canvas.load({**workflow, "last_node_id": 90})
    canvas.add("PreviewImage", "preview")
    canvas.plug("twin", "preview", "images")
    return start


def primitive_for_two(canvas):
    """A primitive that also feeds a sampler without a gate: its number must not change."""
    start = build(canvas)
    canvas.add("ProbeSample", "other")
    canvas.add("PreviewImage", "preview")
    canvas.plug("other", "preview", "images")
    add_primitive(canvas)
    canvas.plug("primitive", "other", "seed")
    return start


def run(canvas):
    """Queues what is on the canvas; gives the pixels and chunks of the saved file, and what the nodes said."""
    end = canvas.run()
    assert end["type"] == "execution_success", end
    outputs = canvas.server.get(f"/history/{end['prompt_id']}")[end["prompt_id"]]["outputs"]
    (saver,) = [shown for shown in outputs.values() if shown.get("switchyard", [{}])[0].get("kind") == "save_image"]
    (file,) = saver["images"]
    with Image.open(io.BytesIO(canvas.server.get_bytes(f"/view?type=output&filename={file['filename']}"))) as picture:
        chunks = {name: json.loads(text) for name, text in picture.text.items()}
        pixels = numpy.asarray(picture).copy()
    payloads = [shown["switchyard"][-1] for node, shown in outputs.items() if "switchyard" in shown and "." not in node]
    attempts = [len(payload["data"]["attempts"]) for payload in payloads if payload["kind"] == "quality_gate"]
    return pixels, chunks, attempts, saver["switchyard"][0]["data"]["warnings"]


PARAMETERS = [parameter, general_parameter, parameter_in_a_subgraph]


@pytest.mark.parametrize(
    "make", [flat, primitive, subgraph, subgraph_with_the_seed_outside, subgraph_twice, *PARAMETERS]
)
def test_a_saved_picture_dropped_on_the_canvas_makes_itself_again(canvas, make):
    start = make(canvas)
    pixels, chunks, attempts, warnings = run(canvas)
    assert warnings == []
    assert set(attempts) == {4}
    assert (pixels == int(level(winner(start)) * 255)).all()
    canvas.load(chunks["workflow"])
    assert sent(canvas) == comparable(chunks["prompt"])
    again, chunks_again, attempts_again, _ = run(canvas)
    assert numpy.array_equal(again, pixels)
    assert attempts_again == [1]  # a twin has nothing new to do
    assert comparable(chunks_again["prompt"]) == comparable(chunks["prompt"])


def test_a_primitive_that_others_need_too_is_left_alone(canvas):
    primitive_for_two(canvas)
    pixels, chunks, _, (warning,) = run(canvas)
    assert "shares its value with node" in warning
    assert "workflow" not in chunks
    assert chunks["workflow_as_queued"]["nodes"]
    canvas.page.evaluate("async (graph) => { await app.loadApiJson(graph, 'saved') }", chunks["prompt"])
    canvas.settle()
    again, _, attempts, _ = run(canvas)
    assert numpy.array_equal(again, pixels)
    assert attempts == [1]


def test_the_graph_alone_makes_a_picture_again_on_the_page_too(canvas):
    build(canvas)
    pixels, chunks, _, _ = run(canvas)
    canvas.page.evaluate("async (graph) => { await app.loadApiJson(graph, 'saved') }", chunks["prompt"])
    canvas.settle()
    again, _, attempts, _ = run(canvas)
    assert numpy.array_equal(again, pixels)
    assert attempts == [1]


def comparable(graph):
    """What decides the pictures: without titles, which the page makes up."""
    return {node: {"class_type": spec["class_type"], "inputs": spec["inputs"]} for node, spec in graph.items()}


def sent(canvas):
    return comparable(canvas.prompt())
