"""The blueprints: what the server offers, and that each runs to its picture, flattened as the page sends it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BLUEPRINTS = sorted((ROOT / "subgraphs").glob("*.json"))
GOLDENS = ROOT / "tests" / "web" / "goldens" / "blueprints"
SIDES = {
    "Face detector and detailer": 256,
    "Hi-res fix lanczos": 256,
    "Hi-res fix upscale model": 256,
    "Model by subject": 128,
    "SDXL base and refiner": 128,
}
RUNS = [
    pytest.param(stem, side, id=stem, marks=[pytest.mark.sdxl] if "SDXL" in stem else [])
    for stem, side in SIDES.items()
]


def test_there_is_one_for_each_pipeline():
    assert {path.stem for path in BLUEPRINTS} == set(SIDES)
    assert {path.stem for path in GOLDENS.glob("*.json")} == {path.stem for path in BLUEPRINTS}


def test_the_server_offers_them_with_their_data(server):
    offered = server.get("/global_subgraphs")
    ours = {
        entry["name"]: key for key, entry in offered.items() if entry["info"]["node_pack"].endswith("switchyard-nodes")
    }
    assert set(ours) == {path.stem for path in BLUEPRINTS}
    for path in BLUEPRINTS:
        data = server.get(f"/global_subgraphs/{ours[path.stem]}")["data"]
        assert json.loads(data) == json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", BLUEPRINTS, ids=lambda path: path.stem)
def test_it_is_one_subgraph_node_with_a_category_and_a_description(path):
    workflow = json.loads(path.read_text(encoding="utf-8"))
    (node,) = workflow["nodes"]
    (subgraph,) = workflow["definitions"]["subgraphs"]
    assert node["type"] == subgraph["id"]
    assert subgraph["name"] == node["title"] == path.stem
    assert subgraph["category"] == "Switchyard/Pipelines"
    assert subgraph["description"] == workflow["extra"]["BlueprintDescription"]
    assert subgraph["description"].endswith(".")
    promoted = [slot["name"] for slot in node["inputs"] if slot.get("widget")]
    assert len(promoted) == len(node["widgets_values"])
    assert all(slot["name"] == slot["name"].lower() for slot in (*node["inputs"], *node["outputs"]))
    assert all(inner["properties"]["cnr_id"] for inner in subgraph["nodes"] if inner["type"].startswith("Switchyard"))


@pytest.mark.parametrize(("stem", "side"), RUNS)
def test_it_runs_to_its_picture(run, picture, supplied, stem, side):
    graph = supplied(json.loads((GOLDENS / f"{stem}.json").read_text(encoding="utf-8")))
    result = run(graph)
    assert result.status == "success", result.error or result.node_errors
    (save,) = [name for name, spec in graph.items() if spec["class_type"] == "SaveImage"]
    assert picture(result, save).shape == (side, side, 3)
    assert picture(result, save).std() > 5


def test_face_detector_and_detailer_takes_the_face_of_its_picture(run, supplied):
    graph = supplied(json.loads((GOLDENS / "Face detector and detailer.json").read_text(encoding="utf-8")))
    (detailer,) = [name for name, spec in graph.items() if spec["class_type"] == "SwitchyardFaceDetailer"]
    graph[detailer]["inputs"]["steps"] = 1  # not what another test has left in the cache
    result = run(graph)
    assert result.verdict(detailer)["summary"].startswith("1 face: ")
