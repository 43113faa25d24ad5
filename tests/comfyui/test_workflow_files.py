"""Examples and blueprints against /object_info: inputs that exist, values in range, links between slots that fit."""

from __future__ import annotations

import json

import pytest
from example_files import GOLDENS, ROOT
from example_needs import EXAMPLE_NEEDS
from substitutes import DEMO_FILES

FILES = sorted((ROOT / "example_workflows").glob("*.json")) + sorted((ROOT / "subgraphs").glob("*.json"))
SENT = sorted(GOLDENS.glob("*.json")) + sorted((GOLDENS / "blueprints").glob("*.json"))
FOREIGN_FILES = {file for needs in EXAMPLE_NEEDS.values() for file in needs.files.values()} | set(DEMO_FILES)
VIRTUAL = {"MarkdownNote", "Note", "PrimitiveNode", "Reroute"}  # the page's own; the server never sees them
HINTED = {"CheckpointLoaderSimple": "checkpoints", "UpscaleModelLoader": "upscale_models"}


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def name_of(path):
    return f"{path.parent.name}/{path.stem}"


@pytest.fixture(scope="session")
def definitions(server):
    return server.get("/object_info")


def inputs_of(definition):
    return {name: spec for kind in ("required", "optional") for name, spec in definition["input"].get(kind, {}).items()}


def type_of(spec):
    return "COMBO" if isinstance(spec[0], list) else spec[0]


def fits(given, wanted):
    return "*" in (given, wanted) or bool(set(given.split(",")) & set(wanted.split(",")))


def graphs_of(workflow):
    """Each graph of a file, as its nodes by id, its links as (from, slot, to, slot, type), and the subgraph it is."""
    links = [tuple(link[1:]) for link in workflow["links"]]
    yield {node["id"]: node for node in workflow["nodes"]}, links, None
    for graph in workflow.get("definitions", {}).get("subgraphs", []):
        ends = ("origin_id", "origin_slot", "target_id", "target_slot", "type")
        yield (
            {node["id"]: node for node in graph["nodes"]},
            [tuple(x[end] for end in ends) for x in graph["links"]],
            graph,
        )


def output_of(nodes, graph, node_id, slot):
    return graph["inputs"][slot] if node_id == -10 else nodes[node_id]["outputs"][slot]


def input_of(nodes, graph, node_id, slot):
    return graph["outputs"][slot] if node_id == -20 else nodes[node_id]["inputs"][slot]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_slot_exists_and_has_its_type(definitions, path):
    workflow = read(path)
    subgraphs = {graph["id"] for graph in workflow.get("definitions", {}).get("subgraphs", [])}
    for nodes, _, _ in graphs_of(workflow):
        for node in nodes.values():
            if node["type"] in VIRTUAL | subgraphs:
                continue
            definition = definitions[node["type"]]
            declared = inputs_of(definition)
            for slot in node["inputs"]:
                if slot["type"] == "IMAGEUPLOAD":  # the page's button; the server knows nothing of it
                    continue
                assert slot["name"] in declared, f"{node['type']} has no input {slot['name']}"
                assert fits(slot["type"], type_of(declared[slot["name"]])), (node["type"], slot["name"])
            required = set(definition["input"].get("required", {}))
            assert required <= {slot["name"] for slot in node["inputs"]}, node["type"]
            outputs = ["COMBO" if isinstance(kind, list) else kind for kind in definition["output"]]
            added = len(outputs) - len(node["outputs"])  # newer cores: Save Image hands its pictures on
            assert added == 0 or (added > 0 and not node["type"].startswith("Switchyard")), node["type"]
            for slot, kind in zip(node["outputs"], outputs, strict=False):
                assert fits(slot["type"], kind), (node["type"], slot["name"])


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_link_has_the_type_of_one_of_its_ends_and_they_fit(path):
    for nodes, links, graph in graphs_of(read(path)):
        for origin, slot, target, target_slot, kind in links:
            output = output_of(nodes, graph, origin, slot)
            wanted = input_of(nodes, graph, target, target_slot)
            assert kind in (output["type"], wanted["type"]), (output["name"], wanted["name"])
            assert fits(output["type"], wanted["type"]), (output["name"], wanted["name"])


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nodes_and_links_know_each_other(path):
    workflow = read(path)
    for nodes, links, graph in graphs_of(workflow):
        listed = graph["links"] if graph else [{"id": link[0]} for link in workflow["links"]]
        ids = {link["id"]: link_ends for link, link_ends in zip(listed, links, strict=True)}
        for link, (origin, slot, target, target_slot, _) in ids.items():
            output, wanted = output_of(nodes, graph, origin, slot), input_of(nodes, graph, target, target_slot)
            assert link in (output.get("links") or output.get("linkIds"))
            assert link in (wanted.get("linkIds") or [wanted.get("link")])
        plugged = {slot["link"] for node in nodes.values() for slot in node["inputs"] if slot.get("link") is not None}
        assert plugged <= set(ids)


@pytest.mark.parametrize("path", SENT, ids=name_of)
def test_what_is_sent_has_known_inputs_and_values_in_range(definitions, path):
    graph = read(path)
    for node in graph.values():
        definition = definitions[node["class_type"]]
        declared = inputs_of(definition)
        assert set(definition["input"].get("required", {})) <= set(node["inputs"]), node["class_type"]
        for name, value in node["inputs"].items():
            assert name in declared, f"{node['class_type']} has no input {name}"
            spec = declared[name]
            if isinstance(value, list):
                sent = definitions[graph[value[0]]["class_type"]]["output"][value[1]]
                sent = "COMBO" if isinstance(sent, list) else sent
                assert fits(sent, type_of(spec)), f"{node['class_type']}.{name} is given {sent}"
            else:
                check_value(f"{node['class_type']}.{name}", spec, value)


def check_value(where, spec, value):
    kind, options = spec[0], spec[1] if len(spec) > 1 else {}
    choices = kind if isinstance(kind, list) else options.get("options") if kind == "COMBO" else None
    if choices is not None:
        assert value in choices or value in FOREIGN_FILES, f"{where} is {value!r}, which is no choice"
    elif kind in ("INT", "FLOAT"):
        assert isinstance(value, (int, float)), where
        assert not isinstance(value, bool), where
        assert options.get("min", value) <= value <= options.get("max", value), f"{where} is {value}"
    else:
        assert isinstance(value, {"STRING": str, "BOOLEAN": bool}[kind]), where


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_public_file_comes_with_a_hint_where_to_get_it(path):
    """The page offers to download what is missing: name, address and folder stand in the loader's properties."""
    for nodes, _, _ in graphs_of(read(path)):
        for node in nodes.values():
            if node["type"] not in HINTED or node.get("title") == "Your checkpoint":
                continue
            (hint,) = node["properties"]["models"]
            assert hint["name"] == node["widgets_values"][0]
            assert hint["directory"] == HINTED[node["type"]]
            assert hint["url"].startswith("https://huggingface.co/")
            assert hint["url"].endswith(f"/resolve/main/{hint['name']}")
