"""Template parameters on the canvas: plugged in, through reroutes, in subgraphs; and what is sent."""

from __future__ import annotations

import pytest
from forms import EACH_ONCE

pytestmark = EACH_ONCE

KINDS = ("Text", "Integer", "Number", "Boolean", "Choice", "Seed", "Image", "Template")
# A parameter, its value, and the input that it is plugged into.
PLUGS = [
    ("Text", "a cat", "CLIPTextEncode", "text"),
    ("Integer", 30, "KSampler", "steps"),
    ("Number", 4.5, "KSampler", "cfg"),
    ("Boolean", True, "SwitchyardGate", "open"),
    ("Boolean", True, "SwitchyardSwitch", "condition"),
    ("Choice", "euler", "KSampler", "sampler_name"),
    ("Choice", "karras", "KSampler", "scheduler"),
    ("Choice", "karras", "SwitchyardRefinerSplit", "scheduler"),
    ("Choice", "a.safetensors", "CheckpointLoaderSimple", "ckpt_name"),
    ("Choice", "a cat", "SwitchyardSelect", "value"),
    ("Seed", 42, "KSampler", "seed"),
    ("Image", "astronaut.png", "ImageInvert", "image"),
    ("Template", "30", "KSampler", "steps"),
    ("Template", "euler", "KSampler", "sampler_name"),
]


def add(canvas, kind, name="it", value=None):
    canvas.add(f"Switchyard{kind}Parameter", name)
    canvas.set_widget(name, "name", name)
    if value is not None:
        canvas.set_widget(name, "value", value)
    return name


def sent(canvas):
    """What the page sends, by title."""
    return {spec["_meta"]["title"]: {"id": node_id, **spec} for node_id, spec in canvas.prompt().items()}


def check_plugged(canvas, value, name):
    graph = sent(canvas)
    assert (graph["it"]["inputs"]["name"], graph["it"]["inputs"]["value"]) == ("it", value)
    assert graph["target"]["inputs"][name] == [graph["it"]["id"], 0]


@pytest.mark.parametrize(("kind", "value", "target", "name"), PLUGS)
def test_a_parameter_stays_plugged_in_after_loading(canvas, kind, value, target, name):
    add(canvas, kind, value=value)
    canvas.add(target, "target")
    canvas.plug("it", "target", name)
    check_plugged(canvas, value, name)
    canvas.reload_workflow()
    check_plugged(canvas, value, name)


@pytest.mark.parametrize("kind", KINDS)
def test_all_that_describes_a_parameter_is_sent_and_saved_in_its_place(canvas, kind):
    add(canvas, kind)
    described = {"label": "A label", "description": "It does this.", "group": "All", "order": 7, "default": "5"}
    names = sent(canvas)["it"]["inputs"]
    described |= {name: name for name in ("min", "max", "step", "choices") if name in names}
    for name, value in described.items():
        canvas.set_widget("it", name, value)
    before = sent(canvas)
    assert before["it"]["inputs"].items() >= described.items()
    canvas.reload_workflow()
    assert sent(canvas) == before


@pytest.mark.parametrize("kind", ["Text", "Integer", "Choice", "Image", "Template"])
def test_a_parameter_goes_through_the_reroute_node(canvas, kind):
    _, value, target, name = next(row for row in PLUGS if row[0] == kind)
    add(canvas, kind, value=value)
    canvas.add("Reroute", "reroute")
    canvas.add(target, "target")
    canvas.plug("it", "reroute", "")
    canvas.plug("reroute", "target", name)
    check_plugged(canvas, value, name)
    canvas.reload_workflow()
    check_plugged(canvas, value, name)


def test_a_parameter_goes_through_a_reroute_of_its_link(canvas):
    add(canvas, "Choice", value="euler")
    canvas.add("KSampler", "target")
    canvas.plug("it", "target", "sampler_name")
    canvas.page.evaluate("() => { app.rootGraph.createReroute([500, 300], [...app.rootGraph.links.values()][0]) }")
    assert len(canvas.serialized()["extra"]["reroutes"]) == 1
    check_plugged(canvas, "euler", "sampler_name")
    canvas.reload_workflow()
    check_plugged(canvas, "euler", "sampler_name")


@pytest.mark.parametrize("inside", [["it"], ["target"], ["it", "target"]])
def test_a_parameter_and_what_it_feeds_may_be_in_a_subgraph(canvas, inside):
    add(canvas, "Choice", value="euler")
    canvas.add("KSampler", "target")
    canvas.plug("it", "target", "sampler_name")
    canvas.into_subgraph(*inside)
    check_plugged(canvas, "euler", "sampler_name")
    canvas.reload_workflow()
    check_plugged(canvas, "euler", "sampler_name")


def promote(canvas, name="value"):
    """Shows a widget of the node "it" on its subgraph's node, as dragging its socket to the subgraph's inputs does."""
    canvas.page.evaluate(
        """(name) => {
            const node = probe.node("it")
            node.graph.inputNode.slots // made on first use
            const index = probe.input(node, name)
            const slot = node.graph.addInput(name, String(node.inputs[index].type))
            slot.connect(node.inputs[index], node)
        }""",
        name,
    )
    canvas.settle()


@pytest.mark.parametrize(("kind", "value", "other"), [("Text", "a cat", "a dog"), ("Integer", 30, 31), ("Seed", 1, 2)])
def test_a_value_that_is_promoted_to_the_subgraph_is_sent_with_the_parameter(canvas, kind, value, other):
    add(canvas, kind, value=value)
    canvas.add("PreviewAny", "target")
    canvas.plug("it", "target", "source")
    canvas.into_subgraph("it")
    promote(canvas)
    check_plugged(canvas, value, "source")
    canvas.set_widget("subgraph", "value", other)
    check_plugged(canvas, other, "source")
    canvas.reload_workflow()
    check_plugged(canvas, other, "source")


@pytest.mark.parametrize("mode", ["muted", "bypassed"])
def test_what_a_muted_or_bypassed_parameter_feeds_takes_its_own_value(canvas, mode):
    add(canvas, "Integer", value=30)
    canvas.add("KSampler", "target")
    canvas.plug("it", "target", "steps")
    canvas.set_mode("it", mode)
    graph = sent(canvas)
    assert "it" not in graph
    assert graph["target"]["inputs"].get("steps", 20) == 20


def test_two_parameters_of_one_name_stop_the_run_in_words(canvas):
    for title in ("one", "two"):
        add(canvas, "Integer", title, 5)
        canvas.set_widget(title, "name", "steps")
        canvas.add("PreviewAny", f"show {title}")
        canvas.plug(title, f"show {title}", "source")
    with canvas.page.expect_response(lambda reply: "/prompt" in reply.url and reply.request.method == "POST") as reply:
        assert canvas.run() == {"type": "rejected"}
    for errors in reply.value.json()["node_errors"].values():
        assert "Parameter 'steps': nodes 1 and 3 have this name." in errors["errors"][0]["details"]
    canvas.set_widget("two", "name", "other_steps")
    assert canvas.run()["type"] == "execution_success"
