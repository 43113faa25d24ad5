"""Every logic node inside a subgraph: same graph sent, same type, and it runs, also after saving and loading."""

from __future__ import annotations

import pytest
from forms import EACH_ONCE

pytestmark = EACH_ONCE

# The node, its widgets, which text is plugged into which input, the type of what comes out, and what that is.
LOGIC = [
    ("SwitchyardCompare", {"comparison": "equal", "b_value": "red"}, {"a": "red"}, "BOOLEAN", "True"),
    ("SwitchyardSwitch", {"condition": False}, {"on_true": "red", "on_false": "blue"}, "STRING", "blue"),
    (
        "SwitchyardSelect",
        {"cases": "red\nblue"},
        {"value": "blue", "input_0": "red", "input_1": "blue"},
        "STRING",
        "blue",
    ),
    ("SwitchyardGate", {"open": True}, {"value": "red"}, "STRING", "red"),
    ("SwitchyardFirstAvailable", {}, {"input_1": "blue"}, "STRING", "blue"),
]


@pytest.mark.parametrize(("kind", "widgets", "plugs", "type_out", "text"), LOGIC, ids=[row[0] for row in LOGIC])
def test_a_logic_node_works_in_a_subgraph(canvas, kind, widgets, plugs, type_out, text):
    for name in sorted(set(plugs.values())):
        canvas.add("PrimitiveString", name)
        canvas.set_widget(name, "value", name)
    canvas.add(kind, "node")
    canvas.add("PreviewAny", "preview")
    for name, value in widgets.items():
        canvas.set_widget("node", name, value)
    for name, source in plugs.items():
        canvas.plug(source, "node", name)
    canvas.plug("node", "preview", "source")
    sent = inputs_of(canvas, kind)
    canvas.into_subgraph("node")
    canvas.reload_workflow()
    assert inputs_of(canvas, kind) == sent
    assert [canvas.output_type(name) for name in ("node", "subgraph")] == [type_out] * 2
    end = canvas.run()
    assert end["type"] == "execution_success", end
    outputs = canvas.server.get(f"/history/{end['prompt_id']}")[end["prompt_id"]]["outputs"]
    assert [output["text"] for output in outputs.values() if "text" in output] == [[text]]


def inputs_of(canvas, kind):
    """What the page sends for the one node of a kind; nodes outside subgraphs keep their ids when one is made."""
    (inputs,) = [spec["inputs"] for spec in canvas.prompt().values() if spec["class_type"] == kind]
    return inputs
