"""Select in a real server: only the chosen input runs."""

from __future__ import annotations

import pytest
from graphs import catch, caught, marked, node, value, values

from engine.layout import DEMO_CHECKPOINT

CASES = "anime | manga -> drawn\n/photo|realistic/i\n0.5..0.9\ntrue"


def select_graph(chooser, cases=CASES, inputs=("0", "1", "2", "3", "default"), **more):
    """One marked node for each input of a Select, into three output nodes."""
    names = {name: name if name == "default" else f"input_{name}" for name in inputs}
    return {
        **{f"branch {name}": marked(f"branch {name}") for name in names},
        "select": node(
            "SwitchyardSelect",
            value=chooser,
            cases=cases,
            **{names[name]: [f"branch {name}", 0] for name in names},
            **more,
        ),
        **{end: catch("select", output) for output, end in enumerate(("end", "index", "label"))},
    }


@pytest.mark.parametrize(
    ("chooser", "branch", "index", "label"),
    [
        ("anime", "0", "0", "drawn"),
        ("manga", "0", "0", "drawn"),
        ("a Photo of a cat", "1", "1", "/photo|realistic/i"),
        (0.7, "2", "2", "0.5..0.9"),
        ("0.9", "2", "2", "0.5..0.9"),
        (True, "3", "3", "true"),
        ("oil painting", "default", "-1", "default"),
        (0.95, "default", "-1", "default"),
    ],
)
def test_only_the_input_whose_case_fits_runs(run, chooser, branch, index, label):
    result = run(select_graph(chooser))
    assert caught(result) == [repr(f"branch {branch}")]
    assert caught(result, "index") == [index]
    assert caught(result, "label") == [repr(label)]
    assert [name for name in result.started if name.startswith("branch")] in ([f"branch {branch}"], [])


def test_of_five_checkpoint_loaders_only_the_chosen_one_loads(run):
    """The use that Select is for; the other four files exist, since the engine validates every branch."""
    loaders = {f"loader {index}": node("CheckpointLoaderSimple", ckpt_name=DEMO_CHECKPOINT) for index in range(5)}
    graph = {
        **loaders,
        "select": node(
            "SwitchyardSelect", value="c", cases="a\nb\nc\nd\ne", **{f"input_{i}": [f"loader {i}", 0] for i in range(5)}
        ),
        "end": catch("select"),
    }
    result = run(graph)
    assert result.status == "success"
    assert [name for name in result.started if name.startswith("loader")] == ["loader 2"]


def test_without_cases_the_value_is_the_index(run):
    result = run(select_graph(2, cases=""))
    assert caught(result) == ["'branch 2'"]
    assert caught(run(select_graph(12, cases=""))) == ["'branch default'"]


def test_a_linked_numpy_number_chooses_too(run):
    assert caught(run({**select_graph(["value", 0], cases="0.5..1"), "value": value("numpy 0.9")})) == ["'branch 0'"]


def test_nan_takes_the_default(run):
    assert caught(run({**select_graph(["value", 0]), "value": value("nan")})) == ["'branch default'"]


def test_a_picture_can_not_choose_and_the_error_says_so(run):
    result = run({**select_graph(["value", 0]), "value": value("picture")})
    assert result.status == "error"
    assert "tensor of shape (2, 8, 8, 3)" in result.error


def test_a_chosen_input_that_is_not_plugged_in_is_an_error_that_names_it(run):
    result = run(select_graph("a photo", inputs=("0", "default")))
    assert result.status == "error"
    assert "input_1" in result.error


@pytest.mark.parametrize(("if_missing", "seen"), [("none", ["None"]), ("block", None)])
def test_a_chosen_input_that_is_not_plugged_in_can_be_none_or_block(run, if_missing, seen):
    result = run(select_graph("a photo", inputs=("0",), if_missing=if_missing))
    assert result.status == "success"
    assert (caught(result) if "end" in result.outputs else None) == seen


@pytest.mark.parametrize("cases", ["/(/", "/a/q", "\n".join("abcdefghijk"), " -> label"])
def test_cases_that_can_not_be_read_are_refused_before_anything_runs(run, cases):
    result = run(select_graph("a", cases=cases))
    assert result.status == "rejected"
    assert result.node_errors["select"]["errors"][0]["type"] == "custom_validation_failed"


def test_a_list_of_values_chooses_for_each_item(run):
    graph = {**select_graph(["choosers", 0], cases="0\n1"), "choosers": values("1, 0, text")}
    assert caught(run(graph)) == ["'branch 1'", "'branch 0'", "'branch default'"]


def test_requeued_with_another_value_only_the_new_branch_runs(run):
    graph = select_graph("a", cases="a\nb")
    for name in ("branch 0", "branch 1"):
        graph[name]["inputs"]["label"] = f"fresh {name}"
    run(graph)
    graph["select"]["inputs"]["value"] = "b"
    result = run(graph)
    assert [name for name in result.started if name.startswith("branch")] == ["branch 1"]
    assert run(graph).started == []
