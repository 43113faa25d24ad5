"""In the page an output takes on the type of what is plugged in, and keeps it through everything."""

from __future__ import annotations

import pytest
from forms import EACH_ONCE

pytestmark = EACH_ONCE


@pytest.fixture
def switch(canvas):
    """An empty picture, an empty latent, and a Switch."""
    canvas.add("EmptyImage", "picture")
    canvas.add("EmptyLatentImage", "latent")
    return canvas.add("SwitchyardSwitch", "switch")


def test_nothing_plugged_in_is_any_type(canvas, switch):
    assert canvas.output_type(switch) == "*"


def test_the_output_takes_on_the_type_and_gives_it_up_again(canvas, switch):
    canvas.plug("picture", switch, "on_true")
    assert canvas.output_type(switch) == "IMAGE"
    canvas.unplug(switch, "on_true")
    assert canvas.output_type(switch) == "*"


def test_two_branches_of_one_type_keep_it_and_of_two_types_are_any(canvas, switch):
    canvas.plug("picture", switch, "on_true")
    canvas.plug("picture", switch, "on_false")
    assert canvas.output_type(switch) == "IMAGE"
    canvas.plug("latent", switch, "on_false")
    assert canvas.output_type(switch) == "*"


def test_the_condition_has_no_say(canvas, switch):
    canvas.add("PrimitiveInt", "number")
    canvas.plug("number", switch, "condition")
    assert canvas.output_type(switch) == "*"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("SwitchyardSelect", "input_3"),
        ("SwitchyardGate", "value"),
        ("SwitchyardFirstAvailable", "input_0"),
        ("SwitchyardQualityGate", "value"),
        ("SwitchyardPickBest", "value"),
        ("Switch", "on_true"),
    ],
)
def test_every_node_that_passes_a_value_on_does_it(canvas, kind, name):
    canvas.add("EmptyLatentImage", "latent")
    canvas.add(kind, "node")
    canvas.plug("latent", "node", name)
    assert canvas.output_type("node") == "LATENT"


def test_the_scores_of_pick_best_have_no_say(canvas):
    canvas.add("EmptyImage", "picture")
    canvas.add("SwitchyardQualityScore", "score")
    canvas.add("SwitchyardPickBest", "pick")
    canvas.plug("score", "pick", "scores", 2)
    assert canvas.output_type("pick") == "*"
    canvas.plug("picture", "pick", "value")
    assert [canvas.output_type("pick", output) for output in range(4)] == ["IMAGE", "FLOAT", "INT", "STRING"]


def test_fixed_outputs_stay_what_they_are(canvas):
    canvas.add("EmptyLatentImage", "latent")
    canvas.add("SwitchyardSelect", "select")
    canvas.plug("latent", "select", "default")
    assert [canvas.output_type("select", output) for output in range(3)] == ["LATENT", "INT", "STRING"]


def test_a_type_goes_down_a_chain_that_was_plugged_before_it(canvas, switch):
    canvas.add("SwitchyardGate", "gate")
    canvas.add("SwitchyardSwitch", "second")
    canvas.plug(switch, "gate", "value")
    canvas.plug("gate", "second", "on_false")
    canvas.plug("picture", switch, "on_true")
    assert [canvas.output_type(name) for name in (switch, "gate", "second")] == ["IMAGE"] * 3


def test_a_type_comes_through_a_reroute(canvas, switch):
    canvas.add("Reroute", "reroute")
    canvas.plug("picture", "reroute", "")
    canvas.plug("reroute", switch, "on_true")
    assert canvas.output_type(switch) == "IMAGE"


def test_a_type_that_comes_late_through_a_reroute_is_noticed(canvas, switch):
    canvas.add("Reroute", "reroute")
    canvas.plug("reroute", switch, "on_true")
    canvas.plug("picture", "reroute", "")
    assert canvas.output_type(switch) == "IMAGE"


def test_a_node_that_changes_its_own_output_is_noticed(canvas, switch):
    """Nobody tells our node about it; the page tells that the graph changed when it next looks, after each click."""
    canvas.plug("picture", switch, "on_true")
    canvas.page.evaluate("() => { probe.node('picture').outputs[0].type = 'MASK' }")
    canvas.page.evaluate("() => app.extensionManager.workflow.activeWorkflow.changeTracker.checkState()")
    canvas.settle()
    assert canvas.output_type(switch) == "MASK"


def test_no_link_is_ever_removed(canvas, switch):
    canvas.add("PreviewImage", "preview")
    canvas.plug("picture", switch, "on_true")
    canvas.plug(switch, "preview", "images")
    canvas.plug("latent", switch, "on_true")
    assert canvas.output_type(switch) == "LATENT"
    assert canvas.prompt()[canvas_id(canvas, "preview")]["inputs"]["images"][0] == canvas_id(canvas, switch)


def canvas_id(canvas, title):
    return str(canvas.page.evaluate("(title) => probe.node(title).id", title))


def test_types_survive_save_and_reload(canvas, switch):
    canvas.add("SwitchyardGate", "gate")
    canvas.plug(switch, "gate", "value")
    canvas.plug("picture", switch, "on_true")
    canvas.reload_workflow()
    first = canvas.serialized()
    assert canvas.output_type(switch) == canvas.output_type("gate") == "IMAGE"
    canvas.reload_workflow()
    assert without_layout(canvas.serialized()) == without_layout(first)


def without_layout(workflow):
    """A workflow without what Nodes 2.0 measures anew after each load."""
    nodes = [{k: v for k, v in node.items() if k not in ("size", "pos")} for node in workflow["nodes"]]
    return {**{k: v for k, v in workflow.items() if k not in ("extra", "groups")}, "nodes": nodes}


def test_types_survive_copy_and_paste(canvas, switch):
    canvas.plug("picture", switch, "on_true")
    types = canvas.page.evaluate(
        """async () => {
            app.canvas.selectItems([probe.node("picture"), probe.node("switch")])
            app.canvas.copyToClipboard()
            app.canvas.pasteFromClipboard({})
            await probe.settle()
            const switches = app.rootGraph.nodes.filter((node) => node.type === "SwitchyardSwitch")
            return switches.map((node) => node.outputs[0].type)
        }"""
    )
    assert types == ["IMAGE", "IMAGE"]


def test_types_survive_the_conversion_to_a_subgraph_and_its_reload(canvas, switch):
    canvas.add("SwitchyardGate", "gate")
    canvas.add("PreviewImage", "preview")
    canvas.plug(switch, "gate", "value")
    canvas.plug("gate", "preview", "images")
    canvas.plug("picture", switch, "on_true")
    canvas.into_subgraph(switch, "gate")
    assert [canvas.output_type(name) for name in (switch, "gate", "subgraph")] == ["IMAGE"] * 3
    canvas.reload_workflow()
    assert [canvas.output_type(name) for name in (switch, "gate", "subgraph")] == ["IMAGE"] * 3


def test_what_is_plugged_into_a_subgraph_is_seen_inside_it_and_behind_it(canvas, switch):
    canvas.add("SwitchyardGate", "gate")
    canvas.plug("picture", switch, "on_true")
    canvas.plug(switch, "gate", "value")
    canvas.into_subgraph(switch)
    canvas.plug("latent", "subgraph", "on_true")
    assert [canvas.output_type(name) for name in (switch, "subgraph", "gate")] == ["LATENT"] * 3


def test_in_a_subgraph_it_sends_the_same_graph_to_the_server(canvas, switch):
    canvas.add("PreviewImage", "preview")
    canvas.plug("picture", switch, "on_true")
    canvas.plug(switch, "preview", "images")
    canvas.into_subgraph(switch)
    graph = canvas.prompt()
    ours = [spec["inputs"] for spec in graph.values() if spec["class_type"] == "SwitchyardSwitch"]
    assert ours == [{"condition": True, "if_missing": "error", "on_true": [canvas_id(canvas, "picture"), 0]}]
