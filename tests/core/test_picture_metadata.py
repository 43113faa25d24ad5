"""What is written into the files of gated pictures: whatever goes wrong, there is something to write."""

from __future__ import annotations

import copy
import json

import pytest
from switchyard_pack.core import picture_metadata
from switchyard_pack.core.picture_metadata import Source, metadata_for_pictures
from switchyard_pack.core.provenance import GATE, SAVE, gates_upstream, read_reports

from .gated import entry, get_type, is_lazy, node, report, simple, takes_lists


def metadata(graph, *texts, extra=None, count=1, wired=False, save="save"):
    source = Source(save, graph, extra or {}, texts, wired)
    before = copy.deepcopy(source)
    inputs = {"Sampler": {"seed": ("INT", {})}, GATE: {"replay": ("STRING", {})}}
    made = metadata_for_pictures(source, count, is_lazy, inputs.__getitem__, get_type, takes_lists)
    assert source == before
    return made


WORKFLOW = {
    "nodes": [
        {"id": "A", "type": "Sampler", "widgets_values": [1, "fixed"]},
        {"id": "1", "type": GATE, "widgets_values": [""]},
    ],
    "links": [],
}


def test_the_metadata_holds_graph_workflow_and_all_else():
    text = json.dumps(report("1", entry({"A": 4}, "all")))
    ((chunks,), warnings) = metadata(simple(), text, extra={"workflow": WORKFLOW, "note": [1]})
    assert warnings == []
    assert list(chunks) == ["prompt", "workflow", "note"]
    assert chunks["prompt"]["A"]["inputs"]["seed"] == 4
    assert [spec["widgets_values"] for spec in chunks["workflow"]["nodes"]] == [[4, "fixed"], ["all"]]
    assert chunks["note"] == [1]


def test_without_reports_the_metadata_is_what_was_queued():
    graph = {"A": node("Sampler", seed=1), "save": node(SAVE, images=["A", 0])}
    assert metadata(graph, extra={"workflow": WORKFLOW}) == ([{"prompt": graph, "workflow": WORKFLOW}], [])
    assert metadata(None, extra={"note": 1}, count=2) == ([{"note": 1}] * 2, [])


def test_a_workflow_that_can_not_follow_goes_under_another_name():
    workflow = {"nodes": [], "links": []}
    text = json.dumps(report("1", entry({"A": 4})))
    ((chunks,), (warning,)) = metadata(simple(), text, extra={"workflow": workflow})
    assert list(chunks) == ["prompt", "workflow_as_queued"]
    assert chunks["prompt"]["A"]["inputs"]["seed"] == 4
    assert warning == "saved without the page's layout, only as a graph: the workflow has no node A"


@pytest.mark.parametrize("workflow", [{"nodes": 3}, {"nodes": [{}]}, {"nodes": [{"id": "A"}], "links": None}])
def test_a_workflow_of_an_unknown_shape_does_not_cost_the_picture(workflow):
    text = json.dumps(report("1", entry({"A": 4})))
    ((chunks,), warnings) = metadata(simple(), text, extra={"workflow": workflow})
    assert chunks["workflow_as_queued"] == workflow
    assert len(warnings) == 1


@pytest.mark.parametrize("broken", ["nonsense", '{"kind": "quality_gate", "version": 1, "gate": "1"}'])
def test_a_report_of_an_unknown_shape_does_not_cost_the_picture(broken):
    (chunks, warnings) = metadata(simple(), broken, extra={"workflow": WORKFLOW}, count=2)
    assert chunks == [{"prompt": simple(), "workflow": WORKFLOW}] * 2
    (warning,) = warnings
    assert warning.startswith("saved as it was queued, it will search again when loaded: ")


def test_a_gate_that_sent_no_report_leaves_the_graph_as_it_was():
    (chunks,), (warning,) = metadata(simple())
    assert chunks["prompt"] == simple()
    assert "there is no report of gate 1" in warning


def test_a_gate_behind_a_switch_needs_a_report_that_is_plugged_in():
    graph = simple(switch=node("Switch", on_true=["1", 0]))
    graph["save"] = node(SAVE, images=["switch", 0])
    (chunks,), (warning,) = metadata(graph)
    assert chunks["prompt"] == graph
    assert "gate 1 is behind a switch" in warning
    (chunks,), warnings = metadata(graph, json.dumps(report("1", entry({"A": 4}))), wired=True)
    assert chunks["prompt"]["A"]["inputs"]["seed"] == 4
    assert warnings == []
    assert metadata(graph, "", wired=True) == ([{"prompt": graph}], [])


@pytest.mark.parametrize("texts", [(), (json.dumps(report("1", entry({"A": 4}))),)])
def test_a_save_node_that_was_copied_while_the_graph_ran_says_so(texts):
    (chunks,), (warning,) = metadata(simple(), *texts, save="7.0.save")
    assert chunks == {"prompt": simple()}
    assert "not part of the graph that was queued but a copy" in warning
    assert metadata({"A": node("Sampler", seed=1)}, save="7.0.save")[1] == []


@pytest.mark.parametrize("extra", [["workflow"], "workflow", 7])
def test_malformed_page_data_does_not_cost_the_picture(extra):
    (chunks,), (warning,) = metadata(simple(), json.dumps(report("1", entry({"A": 4}))), extra=extra)
    assert list(chunks) == ["prompt"]
    assert chunks["prompt"]["A"]["inputs"]["seed"] == 4
    assert warning.startswith("saved without what the page sent along (extra_pnginfo), which is a ")


def test_reports_are_read_and_the_graph_walked_once_for_all_pictures(monkeypatch):
    asked = []

    def count_reading(texts):
        asked.append("read")
        return read_reports(texts)

    def count_walks(graph, root, is_lazy):
        asked.append("walk")
        return gates_upstream(graph, root, is_lazy)

    monkeypatch.setattr(picture_metadata, "read_reports", count_reading)
    monkeypatch.setattr(picture_metadata, "gates_upstream", count_walks)
    entries = [entry({"A": seed}, "item 0") for seed in range(20)]
    made, warnings = metadata(simple(), json.dumps(report("1", *entries)), count=20)
    assert [chunks["prompt"]["A"]["inputs"]["seed"] for chunks in made] == list(range(20))
    assert warnings == []
    assert sorted(asked) == ["read", "walk"]
    asked.clear()
    assert len(metadata(simple(), "nonsense", count=20)[1]) == 1
    assert sorted(asked) == ["read", "walk"], "also where they can't be read"
