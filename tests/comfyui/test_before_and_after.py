"""Before and After in a real server: the files that it names are served, and when it runs."""

from __future__ import annotations

from io import BytesIO
from urllib.parse import urlencode

import numpy
from graphs import marked, node
from PIL import Image
from switchyard.results import read_result


def empty(width, height, color=0, count=1):
    return node("EmptyImage", width=width, height=height, batch_size=count, color=color)


def compared(before, after):
    return node("SwitchyardBeforeAndAfter", before=[before, 0], after=[after, 0])


def test_each_picture_is_served_in_its_own_size_and_no_caller_takes_it_for_a_result(run, server):
    graph = {"a": empty(32, 16, 0xFF0000), "b": empty(64, 32, 0x0000FF, count=3), "end": compared("a", "b")}
    result = run(graph)
    assert result.status == "success", result.error or result.node_errors
    payload = result.verdict("end")
    assert payload["summary"] == "3 pairs, 32x16 before, 64x32 after"
    assert len({pair["before"]["filename"] for pair in payload["data"]["pairs"]}) == 1
    for pair in payload["data"]["pairs"]:
        for side, size, color in (("before", (32, 16), 0), ("after", (64, 32), 2)):
            where = {name: pair[side][name] for name in ("filename", "subfolder", "type")}
            image = Image.open(BytesIO(server.get_bytes(f"/view?{urlencode(where)}")))
            assert image.size == size
            levels = numpy.asarray(image)[5, 5].tolist()
            assert levels.index(max(levels)) == color
    entry = server.get(f"/history/{result.prompt_id}")[result.prompt_id]
    assert read_result(entry, graph, result.prompt_id).files == ()


def test_lists_of_pictures_are_paired_in_one_go(run):
    graph = {
        "two": empty(16, 16, count=2),
        "listed": node("RebatchImages", images=["two", 0], batch_size=1),
        "one": empty(32, 16),
        "end": compared("listed", "one"),
    }
    result = run(graph)
    assert result.status == "success", result.error or result.node_errors
    assert result.times_started("end") == 1
    assert result.verdict("end")["summary"] == "2 pairs, 16x16 before, 32x16 after"


def test_behind_a_closed_gate_it_does_not_run(run):
    graph = {
        "a": empty(16, 16),
        "b": marked("picture", value=["a", 0]),
        "gate": node("SwitchyardGate", value=["b", 0], open=False),
        "end": compared("a", "gate"),
    }
    result = run(graph)
    assert result.status == "success", result.error or result.node_errors
    assert "end" not in result.outputs


def test_what_is_no_picture_is_an_error_in_words(run):
    result = run({"a": empty(16, 16), "b": marked("text"), "end": compared("a", "b")})
    assert "Before and After needs pictures in after" in str(result.error)
