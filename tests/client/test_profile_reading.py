"""Profiles: rows, tables, CSV, files, traces and comparisons, from what a server tells."""

from __future__ import annotations

import csv
import io
import json
import random

import pytest
from profile_records import assert_nested, call, gate, record
from switchyard.errors import TemplateError
from switchyard.profile import Profile, compare, csv_of, load_profiles, save_profiles, summary_table, trace_of


def rows(document):
    return {row.node: row for row in Profile.read(document).rows}


def test_a_row_adds_up_the_calls_of_a_node_also_its_copies_and_counts_nothing_twice():
    found = rows(gate())
    assert (found["6"].calls, found["6"].total_s, found["6"].self_s) == (2, 4.0, 4.0)
    assert (found["gate"].calls, found["gate"].total_s, found["gate"].self_s) == (1, 3.0, 1.0)
    assert found["6"].share == pytest.approx(0.8)
    assert found["6"].steps == 6
    assert found["6"].seconds_per_step == pytest.approx((4 * 0.5 + 2 * 1.0) / 6)


def test_as_a_mapping_it_is_milliseconds_slowest_first_and_never_zero_for_what_is_not_known():
    document = record(call("1", 0, 0.2), call("2", 0.2, 1.2), cached={"3": 1})
    document["nodes"].update({"3": {"class_type": "Loader"}, "4": {"class_type": "Unused"}})
    found = Profile.read(document)
    assert dict(found) == {"2": 1000.0, "1": 200.0, "3": None, "4": None}
    assert list(found)[:3] == ["2", "1", "3"]
    notes = {row.node: row.note for row in found.rows}
    assert notes == {"1": "", "2": "", "3": "cached", "4": "did not run"}


def test_a_run_that_took_less_than_the_servers_clock_tells_has_a_table():
    profile = Profile.read({**record(call("1", 0.0, 0.0004)), "source": "websocket", "seconds": 0.0})
    assert "(between nodes)" in profile.table()


def test_the_table_says_all_of_it():
    document = record(call("1", 0, 1, status="failed", loaded=["SDXL"]), cached={"2": 1}, state="error", seconds=2)
    table = Profile.read(document).table().splitlines()
    assert table[0].split() == ["node", "total", "s", "self", "s", "of", "run", "calls", "s/step", "peak", "RAM"]
    assert " ".join(table[1].split()) == "1 Class1 1.000 1.000 50.0 % 1 - 1,024 MiB failed, loaded SDXL"
    assert table[2].split() == ["2", "-", "-", "-", "0", "-", "-", "cached"]
    assert table[3].split() == ["(between", "nodes)", "1.000", "50.0", "%"]
    assert "Measured inside of the server; the run ended with error." in table
    assert table[-1] == "no card"


def test_what_took_next_to_nothing_is_not_shown_as_nothing():
    table = Profile.read(record(call("1", 0, 0.0001), call("2", 1, 2))).table().splitlines()
    assert table[2].split()[:6] == ["1", "Class1", "<0.001", "<0.001", "<0.1", "%"]


def test_with_a_card_its_memory_is_shown():
    peaks = {"vram": 3 * 2**30, "device": 5 * 2**30, "ram": 2**30}
    table = Profile.read(record(call("1", 0, 1, peak_bytes=peaks))).table()
    assert "peak VRAM     device" in table
    assert "3,072 MiB  5,120 MiB" in table
    assert "RAM" not in table.splitlines()[0].replace("VRAM", "")


def test_csv_has_a_line_for_each_node_and_run_and_empty_cells_for_what_is_not_known():
    profiles = [Profile.read(gate()), Profile.read(record(cached={"6": 1}))]
    lines = list(csv.DictReader(io.StringIO(csv_of(profiles))))
    assert [(line["run"], line["node"], line["self_s"]) for line in lines] == [
        ("1", "6", "4.0"), ("1", "gate", "1.0"), ("2", "6", ""),
    ]  # fmt: skip
    assert lines[0]["peak_vram_bytes"] == ""
    assert lines[0]["peak_ram_bytes"] == str(2**30)


def test_a_file_of_profiles_is_read_as_it_was_written(tmp_path):
    profiles = [Profile.read(gate()), Profile.read(record(call("1", 0, 1)))]
    save_profiles(tmp_path / "a.json", profiles)
    again = load_profiles(tmp_path / "a.json")
    assert [one.document() for one in again] == [one.document() for one in profiles]
    assert again[0].table() == profiles[0].table()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d.update(version=2), "version 2 of a profile"),
        (lambda d: d.update(version=True), "whole number"),
        (lambda d: d.update(source="guess"), "source is one of server, websocket, history"),
        (lambda d: d.pop("prompt_id"), '"prompt_id" is missing'),
        (lambda d: d.update(seconds=-1), "at least 0"),
        (lambda d: d.update(seconds="1"), "at least 0"),
        (lambda d: d.update(calls={}), "/calls: This has to be a list"),
        (lambda d: d["calls"][0].update(parent=0), "/calls/0/parent"),
        (lambda d: d["calls"][1].update(parent=-1), "/calls/1/parent"),
        (lambda d: d["calls"][0].update(spans=[[2, 1]]), "/calls/0/spans/0"),
        (lambda d: d["calls"][0].update(spans=[[0, float("nan")]]), "/calls/0/spans/0"),
        (lambda d: d["calls"][0].update(peak_bytes={"ram": "much"}), "/peak_bytes/ram"),
        (lambda d: d["calls"][0].pop("node"), '"node" is missing'),
        (lambda d: d.update(nodes={"1": 5}), "/nodes/1"),
        (lambda d: d.update(cached={"1": None}), "/cached/1"),
        (lambda d: d.update(memory={"ram": [[1]]}), "seconds, bytes"),
        (lambda d: d.update(remarks=[1]), "/remarks"),
    ],
)
def test_what_is_no_profile_is_told_with_its_place(change, says):
    document = gate()
    change(document)
    with pytest.raises(TemplateError, match=says):
        Profile.read(document)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", "holds no profiles"),
        ('{"kind": "switchyard profiles", "profiles": []}', "list is empty"),
        ('{"kind": "switchyard profiles", "profiles": 1}', "has to be a list"),
        ('{"kind": "switchyard profiles", "profiles": [{}]}', '/profiles/0: "version" is missing'),
        ("{", "JSON"),
    ],
)
def test_a_file_that_holds_none_is_named(tmp_path, text, says):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(TemplateError, match=says) as caught:
        load_profiles(path)
    assert "x.json" in str(caught.value)
    with pytest.raises(TemplateError, match=r"absent\.json"):
        load_profiles(tmp_path / "absent.json")


def test_the_trace_has_spans_counters_instants_and_names():
    document = gate()
    document["cached"] = {"9": 1}
    trace = json.loads(json.dumps(Profile.read(document).trace()))
    assert_nested(trace)
    kinds = [event["ph"] for event in trace["traceEvents"]]
    assert {kind: kinds.count(kind) for kind in "XCi"} == {"X": 4, "C": 2, "i": 1}
    spans = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    assert {event["tid"] for event in spans} == {0}  # what is a part of the gate is inside of it
    assert [event["name"] for event in spans] == ["6 Class6", "gate Classgate", "gate Classgate [Classgate]",
                                                  "6 Class6 [Class6]"]  # fmt: skip
    assert trace["displayTimeUnit"] == "ms"


def test_what_is_no_part_of_a_span_is_never_drawn_inside_of_it():
    document = record(call("a", 0, 5, is_async=True), call("b", 1, 6, is_async=True), call("c", 2, 3))
    spans = [event for event in Profile.read(document).trace()["traceEvents"] if event["ph"] == "X"]
    assert [event["tid"] for event in spans] == [0, 1, 2]


def test_a_node_that_asks_for_inputs_is_drawn_for_each_time():
    document = record(call("s", 0, 1, spans=[[0, 0.1], [0.9, 1]]), call("a", 0.1, 0.9))
    spans = [event for event in Profile.read(document).trace()["traceEvents"] if event["ph"] == "X"]
    assert [event["name"] for event in spans] == ["s Classs: asks for inputs", "a Classa", "s Classs"]
    assert {event["tid"] for event in spans} == {0}


def test_any_spans_are_nested_on_their_lanes():
    for seed in range(100):
        chance = random.Random(seed)
        calls = []
        for place in range(30):
            start = chance.random()
            parent = chance.choice([None, *range(place)]) if place else None
            calls.append(call(str(place), start, start + chance.random(), parent=parent))
        assert_nested(trace_of([Profile.read(record(*calls)), Profile.read(record(*calls[:3]))]))


def runs(*times, **more):
    return [Profile.read(record(call("1", 0, time), call("2", 3, 4), **more)) for time in times]


def test_a_difference_beyond_the_spread_is_told_from_one_within():
    found = compare(runs(1.0, 1.01, 0.99), runs(1.5, 1.51, 1.49))
    assert [(one.node, one.is_beyond_spread) for one in found.differences] == [("", False), ("1", True), ("2", False)]
    assert found.differences[1].seconds == pytest.approx(0.5)
    within = compare(runs(1.0, 1.6, 0.7), runs(1.2, 0.8, 1.7))
    assert within.differences[1].is_beyond_spread is False
    assert "±" in found.table()
    assert json.dumps(found.document())


def test_the_test_is_welchs_with_its_own_degrees_of_freedom():
    # Means 2 and 4, variances 1 and 0.01, three runs each: t = 3.447; its 2.04 degrees allow up to 4.303.
    assert compare(runs(1, 2, 3), runs(3.9, 4.0, 4.1)).differences[1].is_beyond_spread is False
    # With the variances alike, 0.5 and 0.5, the degrees are 4 and allow up to 2.776: t = 3.464.
    spread = 0.5**0.5
    alike = compare(runs(2 - spread, 2, 2 + spread), runs(4 - spread, 4, 4 + spread))
    assert alike.differences[1].is_beyond_spread is True


def test_one_run_says_nothing_of_the_spread():
    found = compare(runs(1.0), runs(1.5, 1.4))
    assert found.differences[1].is_beyond_spread is None
    assert "not known" in found.table()
    assert any("--repeat" in remark for remark in found.remarks)


def test_runs_that_failed_or_were_cached_do_not_count():
    cached = Profile.read(record(call("2", 3, 4), cached={"1": 1}))
    found = compare([*runs(1.0, 1.0), cached, *runs(9.0, state="error")], runs(1.0, 1.0))
    assert found.differences[0].before.runs == 3
    assert {one.node: one.before.runs for one in found.differences}["1"] == 2
    assert any("did not end well" in remark for remark in found.remarks)
    with pytest.raises(TemplateError, match='"after"'):
        compare(runs(1.0), runs(1.0, state="error"))


def test_sets_that_were_not_measured_alike_are_told():
    found = compare(runs(1.0, 1.0), runs(1.0, 1.0, source="websocket"))
    assert any("not measured alike" in remark for remark in found.remarks)
    assert "not measured alike" not in compare(runs(1.0), runs(1.0)).table()


def test_a_summary_of_repeats_says_in_how_many_a_node_was_cached():
    cached = Profile.read(record(call("2", 3, 4), cached={"1": 1}, seconds=4))
    lines = summary_table([*runs(1.0, 3.0), cached]).splitlines()
    assert lines[2].split() == ["1", "Class1", "2.000", "±", "1.414", "1.000", "3.000", "2", "1"]
