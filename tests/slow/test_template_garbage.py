"""Whatever stands in a graph, a workflow or a template's file: it works and comes back, or is an error in words."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from switchyard.template import Template, TemplateError, compare_templates, open_any
from template_graphs import base_and_refiner, hires_fix, node

NAMES = [
    "nodes", "links", "groups", "inputs", "outputs", "definitions", "subgraphs", "extra", "linearData", "id", "type",
    "text", "name", "widget", "properties", "proxyWidgets", "class_type", "value", "4", "7", "steps", "seed",
]  # fmt: skip
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 9),
    st.sampled_from([10**400, -1, 2**64, 1e308, 0.5]),
    st.floats(),
    st.text(max_size=3),
    st.sampled_from(NAMES),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=6,
)


def canvas() -> dict[str, Any]:
    """A workflow with some of everything: groups, a subgraph, App mode, models, widgets."""
    given = [{"name": "clip", "link": 1}, {"name": "text", "type": "STRING", "widget": {"name": "text"}, "link": None}]
    inner = {
        "id": "sub",
        "inputs": [{"name": "scene"}],
        "nodes": [{"id": 12, "type": "CLIPTextEncode", "inputs": given, "pos": [0, 30], "size": [90, 50]}],
        "links": [{"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 12, "target_slot": 1}],
        "groups": [{"title": "In", "bounding": [-50, -50, 200, 200]}],
    }
    model = {"name": "any.safetensors", "directory": "checkpoints", "url": "https://example.com/any"}
    properties = {"cnr_id": "some-pack", "ver": "1.0", "models": [model], "proxyWidgets": [["12", "text"]]}
    return {
        "id": "w",
        "nodes": [
            {"id": 7, "type": "sub", "pos": [0, 30], "size": [90, 50], "inputs": given, "properties": properties},
            {"id": 4, "type": "CLIPTextEncode", "pos": {"0": 0, "1": 30}, "size": [90, 50], "inputs": given,
             "flags": {"collapsed": True}, "widgets_values": ["a bay"], "widgets_values_named": {"text": "a bay"}},
            {"id": 30, "type": "PrimitiveNode"},
        ],
        "links": [[1, 30, 0, 4, 1, "STRING"]],
        "groups": [{"title": "All", "bounding": [-50, -50, 300, 300], "color": "#123"}],
        "definitions": {"subgraphs": [inner]},
        "extra": {"linearData": {
            "inputs": [["7", "scene"], [4, "text", {"label": "Text"}], ["30", "value"], ["7_first", "steps"]],
            "outputs": ["13"],
        }},
    }  # fmt: skip


def graph() -> dict[str, Any]:
    marks = {
        "20": node("SwitchyardIntegerParameter", name="", value=4, min="1", default="5", order=1, group="Size"),
        "21": node("TemplateParam", "Mine", name="mine", type="seed", value="5"),
        "7:12": node("CLIPTextEncode", text="a bay", clip=["1", 1]),
    }
    return {**hires_fix(), **marks, "4": node("CLIPTextEncode", text="a bay", clip=["1", 1])}


def document() -> dict[str, Any]:
    held = Template.from_workflow(graph(), name="any", workflow=canvas(), title="Any")
    return json.loads(json.dumps(held.document()))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in items for place in places(item, (*path, key)))]


def changed(value: Any, path: tuple[Any, ...], junk: Any) -> Any:
    if not path:
        return junk
    copy = list(value) if isinstance(value, list) else dict(value)
    copy[path[0]] = changed(copy[path[0]], path[1:], junk)
    return copy


def use(held: Template) -> None:
    """Everything that can be done with a template: it gives the same again, and no surprise."""
    with tempfile.TemporaryDirectory() as folder:
        loaded = Template.load(held.save(folder))
        assert open_any(Path(folder) / f"{held.name}.json") == loaded
    assert loaded == held
    assert compare_templates(held, loaded) == []
    held.schema()
    held.check({})
    defaults = {parameter.name: parameter.default for parameter in held.parameters}
    assert held.apply() == held.apply(defaults)
    held.page_workflow({name: "x" for name in defaults if held.parameter(name).type == "text"})


def attempt(make: Any) -> None:
    try:
        held = make()
    except TemplateError:
        return
    use(held)


PLACES = {make: places(make()) for make in (canvas, graph, document)}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_workflow_with_garbage_in_it(data):
    path, marks = data.draw(st.sampled_from(PLACES[canvas])), data.draw(st.sampled_from(["auto", "app", "nodes"]))
    page = changed(canvas(), path, data.draw(ANYTHING))
    attempt(lambda: Template.from_workflow(graph(), name="any", workflow=page, marks=marks))
    attempt(lambda: Template.from_workflow({"output": graph(), "workflow": page}, name="any"))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_graph_with_garbage_in_it(data):
    changes = changed(graph(), data.draw(st.sampled_from(PLACES[graph])), data.draw(ANYTHING))
    marks = data.draw(st.sampled_from(["auto", "app", "samplers"]))
    attempt(lambda: Template.from_workflow(changes, name="any", workflow=canvas(), marks=marks))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_file_with_garbage_in_it(data):
    changes = changed(document(), data.draw(st.sampled_from(PLACES[document])), data.draw(ANYTHING))
    attempt(lambda: Template.read(changes))


@settings(max_examples=50, deadline=None)
@given(ANYTHING, st.sampled_from(["prompt", "output", "workflow", "1"]))
def test_anything_at_all(anything, key):
    for source in (anything, {key: anything}, {"1": {"class_type": "A", "inputs": {"x": anything}}}):
        attempt(lambda source=source: Template.from_workflow(source, name="any"))
        attempt(lambda source=source: Template.read(source))
    attempt(lambda: Template.from_workflow(hires_fix(), name="any", workflow=anything))
    attempt(lambda: Template.from_workflow(hires_fix(), name=anything))


@settings(max_examples=50, deadline=None)
@given(st.sampled_from([hires_fix, base_and_refiner]), st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=2))
def test_values_of_any_kind(make, overrides):
    held = Template.from_workflow(make(), name="any")
    try:
        applied = held.apply(overrides)
    except TemplateError:
        return
    json.dumps(applied, allow_nan=False)


@pytest.mark.parametrize("make", [canvas, graph, document])
def test_what_the_garbage_is_put_into_is_sound(make):
    attempt(lambda: Template.from_workflow(graph(), name="any", workflow=canvas()))
    assert len(PLACES[make]) > 50
