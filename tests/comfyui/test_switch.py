"""Switch in a real server: which nodes ran, and which did not."""

from __future__ import annotations

import pytest
from graphs import catch, caught, marked, node, value, values


def switch_graph(condition, on_true=("yes", 0), on_false=("no", 0), **inputs):
    """Two marked branches into a Switch into an output node."""
    branches = {name: list(link) for name, link in (("on_true", on_true), ("on_false", on_false)) if link}
    return {
        "yes": marked("yes"),
        "no": marked("no"),
        "switch": node("SwitchyardSwitch", condition=condition, **branches, **inputs),
        "end": catch("switch"),
    }


@pytest.mark.parametrize(("condition", "taken", "other"), [(True, "yes", "no"), (False, "no", "yes")])
def test_only_the_chosen_branch_runs(run, condition, taken, other):
    result = run(switch_graph(condition))
    assert result.status == "success"
    assert taken in result.started
    assert other not in result.started
    assert caught(result) == [repr(taken)]


@pytest.mark.parametrize(
    ("condition", "taken"),
    [
        ("numpy true", "yes"),
        ("numpy false", "no"),
        ("torch true", "yes"),
        ("0.5", "yes"),
        ("0", "no"),
        ("nan", "no"),
        ("none", "no"),
        ("text", "yes"),
        ("text false", "no"),
        ("empty text", "no"),
        ("empty list", "no"),
        ("dict", "yes"),
    ],
)
def test_a_linked_condition_may_be_of_any_type(run, condition, taken):
    result = run({**switch_graph(["condition", 0]), "condition": value(condition)})
    assert caught(result) == [repr(taken)]


@pytest.mark.parametrize(("condition", "taken"), [(1, "yes"), (0.0, "no"), ("false", "no"), ("on", "yes")])
def test_a_literal_condition_is_taken_untouched(run, condition, taken):
    assert caught(run(switch_graph(condition))) == [repr(taken)]


def test_a_picture_is_no_condition_and_the_error_says_what_to_do(run):
    result = run({**switch_graph(["condition", 0]), "condition": value("picture")})
    assert result.status == "error"
    assert result.error_node == "switch"
    assert "tensor of shape (2, 8, 8, 3)" in result.error
    assert "Compare" in result.error


@pytest.mark.parametrize(("condition", "dead"), [(True, "on_false"), (False, "on_true")])
def test_the_branch_not_taken_may_be_unplugged(run, condition, dead):
    assert run(switch_graph(condition, **{dead: ()})).status == "success"


def test_a_missing_chosen_branch_is_an_error_that_names_it(run):
    result = run(switch_graph(False, on_false=()))
    assert result.status == "error"
    assert "on_false" in result.error
    assert "if_missing" in result.error


def test_a_missing_chosen_branch_can_give_none(run):
    assert caught(run(switch_graph(False, on_false=(), if_missing="none"))) == ["None"]


def test_a_missing_chosen_branch_can_block_what_is_downstream(run):
    result = run(switch_graph(False, on_false=(), if_missing="block"))
    assert result.status == "success"
    assert "end" not in result.outputs
    assert result.notices == []


def test_a_branch_that_gives_none_is_not_missing(run):
    result = run({**switch_graph(True, on_true=["none", 0]), "none": value("none")})
    assert caught(result) == ["None"]


def test_nested_switches_run_one_leaf(run):
    graph = switch_graph(True, on_true=["inner", 0])
    graph["inner"] = node("Switch", condition=False, on_true=["yes", 0], on_false=["deep", 0])
    graph["deep"] = marked("deep")
    result = run(graph)
    assert caught(result) == ["'deep'"]
    assert not {"yes", "no"} & set(result.started)


def test_it_works_under_the_ids_that_subgraphs_have(run):
    inside = {
        "7:1": marked("yes"),
        "7:2": marked("no"),
        "7:9:3": node("SwitchyardSwitch", condition=True, on_true=["7:1", 0], on_false=["7:2", 0]),
        "end": catch("7:9:3"),
    }
    result = run(inside)
    assert caught(result) == ["'yes'"]
    assert "7:2" not in result.started


def test_an_output_node_in_the_dead_branch_runs_anyway(run):
    """The engine's rule, said in the help page: every output node is a root of its own."""
    graph = switch_graph(True)
    graph["no"]["inputs"]["label"] = "dead but shown"
    graph["preview"] = catch("no")
    result = run(graph)
    assert {"no", "preview"} <= set(result.started)
    assert caught(result) == ["'yes'"]


def test_requeued_unchanged_nothing_runs(run):
    graph = switch_graph(True)
    graph["yes"]["inputs"]["label"] = "requeued"
    run(graph)
    again = run(graph)
    assert again.started == []
    assert {"yes", "switch", "end"} <= set(again.cached)


def test_when_the_condition_flips_only_the_other_branch_runs(run):
    graph = switch_graph(True)
    graph["yes"]["inputs"]["label"], graph["no"]["inputs"]["label"] = "before", "after"
    run(graph)
    graph["switch"]["inputs"]["condition"] = False
    flipped = run(graph)
    assert caught(flipped) == ["'after'"]
    assert "yes" not in flipped.started
    assert "no" in flipped.started
    graph["switch"]["inputs"]["condition"] = True
    back = run(graph)
    assert not {"yes", "no"} & set(back.started)
    assert caught(back) == ["'before'"]


def test_a_list_of_conditions_chooses_for_each_item(run):
    graph = {**switch_graph(["conditions", 0]), "conditions": values("true, false, 1")}
    assert caught(run(graph)) == ["'yes'", "'no'", "'yes'"]


def test_a_list_through_a_branch_stays_a_list(run):
    graph = {**switch_graph(True, on_true=["list", 0]), "list": values("0, 1")}
    assert caught(run(graph)) == ["0", "1"]


def test_a_batch_passes_whole(run):
    result = run({**switch_graph(True, on_true=["picture", 0]), "picture": value("picture")})
    assert caught(result) == ["shape (2, 8, 8, 3)"]


def test_the_page_is_told_which_branch_was_taken(run):
    verdict = run(switch_graph(False)).verdict("switch")
    assert verdict["kind"] == "switch"
    assert verdict["data"]["branch"] == "on_false"
    assert verdict["summary"] == "false: took on_false"
