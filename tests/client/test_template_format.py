"""The template's format: its published schema, our validator of it, and what files are refused, in words."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from switchyard.template import Template, TemplateError
from switchyard.template.files import check_document, read_json, schema
from switchyard.template.json_schema import KEYWORDS, validate
from template_graphs import hires_fix

SCHEMA = schema()
PUBLISHED = Draft202012Validator(SCHEMA)


def document() -> dict[str, Any]:
    """A template that uses each field of the format."""
    bind = {"input": "steps", "class_type": "KSampler"}
    return {
        "$schema": "anything",
        "format": "switchyard/workflow-template",
        "format_version": 1,
        "name": "coast",
        "title": "Coast",
        "description": "A coast in two passes.",
        "version": "1.2.3-beta.1",
        "tags": ["coast"],
        "license": "MIT",
        "requires": {
            "node_packs": [{"id": "some-pack", "version": "1.0.0", "class_types": ["SomeNode"]}],
            "models": [{"folder": "checkpoints", "name": "any.safetensors", "url": "https://example.com/any"}],
        },
        "groups": [{"name": "first_pass", "label": "First pass", "color": "#3f789e", "nodes": ["7_first"]}],
        "parameters": [
            {
                "name": "prompt", "type": "text", "label": "Prompt", "description": "What is seen.", "default": "a bay",
                "bind": [{"node": "4", "input": "text", "class_type": "CLIPTextEncode"}],
            },
            {
                "name": "steps", "type": "integer", "group": "first_pass", "order": 2, "default": 18, "min": 1,
                "max": 100, "step": 1, "bind": [{"node": "7_first", **bind}, {"node": "11_second", **bind}],
            },
            {
                "name": "cfg", "type": "number", "default": 6.0,
                "bind": [{"node": "7_first", "input": "cfg", "class_type": "KSampler"}],
            },
            {
                "name": "sampler", "type": "choice", "default": "euler", "choices": ["euler", "dpmpp_2m"],
                "bind": [{"node": "7_first", "input": "sampler_name", "class_type": "KSampler"}],
            },
            {
                "name": "scheduler", "type": "choice", "choices_from": "object_info",
                "bind": [{"node": "7_first", "input": "scheduler", "class_type": "KSampler"}],
            },
        ],
        "outputs": [{"name": "picture", "node": "13", "label": "Final", "kind": "image"}],
        "graph": hires_fix(),
        "workflow": {"nodes": []},
        "provenance": {"made_by": "a person", "year": 2026, "checked": True, "from": None},
    }  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += places(item, (*path, key))
    return found


def small() -> dict[str, Any]:
    """The document with a graph of one node, as far as the schema goes as good as any."""
    return {**document(), "graph": {"4": hires_fix()["4"]}}


def changed(path: tuple[Any, ...], change: Any, of: Any = document) -> Any:
    """The document with one place changed; `change` gets the holder and the key."""
    root = {"document": of()}
    holder: Any = root
    *steps, last = ("document", *path)
    for step in steps:
        holder = holder[step]
    change(holder, last)
    return root.get("document")


def ours(value: Any) -> bool:
    try:
        validate(value, SCHEMA)
    except TemplateError:
        return False
    return True


PLACES = places(small())
REPLACEMENTS = [None, True, 1.5, "", "x", "choice", [], ["a"], {}]


def test_the_published_schema_is_valid_and_uses_only_what_our_validator_knows():
    Draft202012Validator.check_schema(SCHEMA)

    def keywords(part: Any) -> set[str]:
        if not isinstance(part, dict):
            return set()
        own = set(part)
        for key in ("properties", "$defs"):
            for item in part.get(key, {}).values():
                own |= keywords(item)
        for key in ("items", "additionalProperties", "if", "then"):
            own |= keywords(part.get(key))
        for key in ("allOf", "oneOf"):
            for item in part.get(key, []):
                own |= keywords(item)
        return own

    assert keywords(SCHEMA) <= KEYWORDS


def count_refused(replaced: Iterable[tuple[tuple[Any, ...], Any]]) -> int:
    """Puts each value in its place, and asks both validators; how often they refuse the document."""
    refused = 0
    for path, value in replaced:
        mutated = changed(path, lambda holder, key, value=value: holder.__setitem__(key, value), small)
        verdict = ours(mutated)
        assert verdict == PUBLISHED.is_valid(mutated), (path, value)
        refused += not verdict
    return refused


def test_our_validator_agrees_with_jsonschema_whatever_is_replaced():
    """Each fourth pair, so that each place and each value has its turn; tests/slow has them all."""
    assert ours(document())
    assert PUBLISHED.is_valid(document())
    assert count_refused([*itertools.product(PLACES, REPLACEMENTS)][::4]) > 75


def test_our_validator_agrees_with_jsonschema_whatever_is_taken_away_or_added():
    for path in PLACES[1:]:
        taken = changed(path, lambda holder, key: holder.pop(key), small)
        assert ours(taken) == PUBLISHED.is_valid(taken), path
    for path in PLACES:
        added = changed(path, lambda holder, key: isinstance(holder[key], dict) and holder[key].update(more=1), small)
        assert ours(added) == PUBLISHED.is_valid(added), path


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def check_anything(path: tuple[Any, ...], value: Any) -> None:
    mutated = changed(path, lambda holder, key: holder.__setitem__(key, value), small)
    has_line_end = isinstance(value, str) and value.endswith("\n")  # Python's $ is also before it; in JSON Schema not
    assert has_line_end or ours(mutated) == PUBLISHED.is_valid(mutated)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(PLACES), JSON)
def test_our_validator_agrees_with_jsonschema_on_anything(path, value):
    check_anything(path, value)


def test_a_template_comes_back_from_its_document():
    given_document = document()
    template = Template.read(given_document)
    written = template.document()
    assert written == {key: value for key, value in given_document.items() if key != "$schema"}
    assert Template.read(json.loads(json.dumps(written))) == template
    assert PUBLISHED.is_valid(written)


def test_a_template_shares_nothing_with_what_it_was_read_from_or_gives():
    given_document = document()
    template = Template.read(given_document)
    given_document["graph"]["4"]["inputs"]["text"] = "changed"
    template.document()["graph"]["4"]["inputs"]["text"] = "changed"
    template.apply({"scheduler": "normal"})["4"]["inputs"]["clip"][0] = "changed"
    assert template.graph["4"] == hires_fix()["4"]


@pytest.mark.parametrize(
    ("path", "value", "pointer", "words"),
    [
        (("parameters", 1, "min"), "one", "/parameters/1/min", "must be a number, but is text"),
        (("parameters", 1, "default"), 1.5, "/parameters/1/default", "must be a whole number"),
        (("parameters", 0, "name"), "Prompt", "/parameters/0/name", "a letter first"),
        (("parameters", 3, "type"), "image", "/parameters/3/type", None),
        (("parameters", 2, "bind", 0, "node"), 7, "/parameters/2/bind/0/node", "must be text, but is a number"),
        (("parameters", 2, "bind"), [], "/parameters/2/bind", "must not be empty"),
        (("graph", "4", "inputs"), [], "/graph/4/inputs", "must be an object"),
        (("graph", "a/b~c"), 5, "/graph/a~1b~0c", "must be an object"),
        (("parameters", 1, "limit"), 5, "/parameters/1", '"limit" is not known here'),
        (("version"), "1", "/version", "such as 1.0.0"),
        (("name",), "../up", "/name", "lower-case letters"),
        (("provenance", "list"), [], "/provenance/list", "must be text"),
        (("groups", 0, "nodes", 0), None, "/groups/0/nodes/0", "must be text"),
    ],
)
def test_an_error_points_at_its_place(path, value, pointer, words):
    path = (path,) if isinstance(path, str) else path
    mutated = changed(path, lambda holder, key: holder.__setitem__(key, value))
    if words is None:  # valid by the schema; the template says it in its own words
        mutated["parameters"][3]["type"] = "text"
        mutated["parameters"][3]["default"] = 5
        pointer, words = "/parameters/3/default", "must be text"
    with pytest.raises(TemplateError, match=re.escape(words)) as error:
        check_document(mutated)
    assert error.value.where == pointer
    assert str(error.value).startswith(f"{pointer}: ")


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("parameters", 1, "default"), 101, "The default of parameter steps: 101 is out of range; it takes 1 to 100."),
        (("parameters", 1, "min"), 200, "its minimum 200 is above its maximum 100"),
        (("parameters", 1, "choices"), [20, 30], "has choices, which a parameter of type integer can't"),
        (("parameters", 0, "choices"), ["a barn"], "has choices, which a parameter of type text can't"),
        (("parameters", 0, "max"), 0, "Parameter prompt has max, which a parameter of type text can't have"),
        (("parameters", 1, "group"), "second", "is in the group second, which is not among the groups: first_pass"),
        (("parameters", 1, "bind", 0, "node"), "99", "sets steps of node 99, which the graph doesn't have"),
        (("parameters", 1, "bind", 0, "class_type"), "KSamplerAdvanced", "The graph's ids have moved"),
        (("parameters", 1, "bind", 0, "input"), "stepz", "which has no such input. It has: model, positive"),
        (("parameters", 1, "bind", 0, "input"), "positive", "into which node 4 is plugged"),
        (("parameters", 2, "bind", 0, "input"), "steps", "Parameters steps and cfg both set steps of node 7_first"),
        (("parameters", 2, "name"), "steps", "Parameter steps is there 2 times"),
        (("outputs", 0, "node"), "99", "Output picture is node 99, which the graph doesn't have"),
        (("graph", "4", "inputs", "clip"), ["nowhere", 1], "plugged into node nowhere, which is not there"),
        (("graph", "1", "inputs", "more"), ["13", 0], "The graph runs in a circle"),
        (("graph", "1", "inputs", "more"), float("nan"), "JSON can't hold the template"),
        (("graph", "1", "inputs", "more"), ["2", float("inf")], "JSON can't hold the template"),
        (("name",), "con", "Windows keeps it for a device"),
    ],
)  # fmt: skip
def test_what_the_schema_can_not_say_is_checked_too(path, value, words):
    with pytest.raises(TemplateError, match=re.escape(words)):
        Template.read(changed(path, lambda holder, key: holder.__setitem__(key, value)))


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (2, "Version 2 of the template format is not known here. Update Switchyard."),
        (0, "Version 0 of the template format is not known here. It must be 1."),
        (True, "Version True"),
        ("1", "Version '1'"),
        (None, "Version None"),
        ([], "Version []"),
    ],
)
def test_other_versions_are_refused_by_name(version, words):
    with pytest.raises(TemplateError, match=re.escape(words)):
        Template.read({**document(), "format_version": version, "more": "fields of another version"})


@pytest.mark.parametrize("other", [None, 5, "text", [], {}, {"format": "other"}, {"1": {}}])
def test_what_is_no_template_is_said_so(other):
    with pytest.raises(TemplateError, match=r"A template is an object|no Switchyard template"):
        Template.read(other)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is no JSON: Expecting value (line 1, column 1)"),
        (b'{"a": 1', "is no JSON: Expecting ',' delimiter (line 1, column 8)"),
        (b'{"a": 1, "b": 2, "a": 3}', '"a" is there twice'),
        (b'{"a": NaN}', "it has NaN, which is no JSON"),
        (b'{"a": -Infinity}', "it has -Infinity"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not text in UTF-8"),
        ('{"a": "ä"}'.encode("utf-16"), "is not text in UTF-8"),
        (b"[" * 200_000, "it is nested too deeply"),
        (b'{"a":' * 100_000, "it is nested too deeply"),
        (b"1" * 5000, "can't be used"),
        (b'{"a": 1} more', "Extra data"),
    ],
)
def test_files_that_are_no_json_are_refused_in_words(tmp_path, data, words):
    path = tmp_path / "broken.json"
    path.write_bytes(data)
    with pytest.raises(TemplateError, match=re.escape(words)) as error:
        Template.load(path)
    assert "broken.json" in str(error.value)


def test_files_that_can_not_be_read_are_refused_in_words(tmp_path):
    with pytest.raises(TemplateError, match="No such file"):
        Template.load(tmp_path / "missing.json")
    with pytest.raises(TemplateError, match="can't be read"):
        Template.load(tmp_path)
    with pytest.raises(TemplateError, match="can't be read"):
        Template.load("a\0b.json")
    with pytest.raises(TemplateError, match="can't be read"):
        Template.load("x" * 5000)
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(65 * 2**20)
    with pytest.raises(TemplateError, match="more than 64 MB"):
        Template.load(tmp_path / "huge.json")


def test_a_byte_order_mark_and_any_script_are_read(tmp_path):
    template = Template.read({**document(), "title": "Leuchtturm 灯台 🗼"})
    (tmp_path / "bom.json").write_text(json.dumps(template.document(), ensure_ascii=False), encoding="utf-8-sig")
    assert Template.load(tmp_path / "bom.json") == template


def test_many_names_in_one_object_are_no_trouble(tmp_path):
    path = tmp_path / "many.json"
    path.write_text("{" + ",".join(f'"{number}":0' for number in range(200_000)) + ',"199999":1}')
    with pytest.raises(TemplateError, match='"199999" is there twice'):
        read_json(path)


def nested(depth: int) -> dict[str, Any]:
    """A graph with a value of that many lists in one another."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    graph = hires_fix()
    graph["13"]["inputs"]["nested"] = value
    return graph


def test_nested_values_that_are_taken_work_everywhere(tmp_path):
    template = Template.from_workflow(nested(90), name="deep")
    assert Template.load(template.save(tmp_path)).apply() == nested(90)


@pytest.mark.parametrize("depth", [101, 400, 800, 990, 5000])
def test_deeper_values_are_refused_at_once(depth):
    with pytest.raises(TemplateError, match="nested too deeply"):
        Template.from_workflow(nested(depth), name="deep")
