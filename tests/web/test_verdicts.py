"""What nodes say they decided, and the marks of what did not run, after real runs in the real page."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from canvas import what_is_sent
from example_needs import EXAMPLE_NEEDS
from seen_on_nodes import marks, says, wait_for_marks, wait_for_words, watch

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "example_workflows"
RUNNABLE = [path.stem for path in sorted(EXAMPLES.glob("*.json")) if path.stem not in EXAMPLE_NEEDS]


def example(stem):
    """An example as a workflow of its own: no other one has its id, nor its last run."""
    return {**json.loads((EXAMPLES / f"{stem}.json").read_text(encoding="utf-8")), "id": str(uuid.uuid4())}


@pytest.fixture
def watched(canvas):
    """An empty canvas, in each of the four forms."""
    watch(canvas)
    return canvas


@pytest.fixture(scope="module")
def opened_once(open_page):
    canvas = open_page("newer", "nodes 2.0")
    yield canvas
    canvas.page.close()


@pytest.fixture
def one(opened_once):
    """An empty canvas in one form of the page."""
    opened_once.complaints.clear()
    opened_once.start_over()
    watch(opened_once)
    yield opened_once
    assert opened_once.complaints == []


def succeeds(canvas):
    end = canvas.run()
    assert end["type"] == "execution_success", end
    return canvas.server.get(f"/history/{end['prompt_id']}")[end["prompt_id"]]


def saved_nodes(canvas):
    return sorted(canvas.serialized()["nodes"], key=lambda node: node["id"])


def sizes(canvas):
    """The sizes of our own nodes; core's grow with the pictures that they show."""
    return {node["id"]: node["size"] for node in saved_nodes(canvas) if node["type"].startswith("Switchyard")}


def test_nodes_say_what_they_decided_and_what_did_not_run_is_marked(watched):
    canvas = watched
    canvas.load(example("Compare and switch"))
    canvas.stand_still()
    before, sent = sizes(canvas), what_is_sent(canvas.prompt())
    assert marks(canvas) == {}
    assert says(canvas, "Switch") is None
    succeeds(canvas)
    wait_for_words(canvas, "Switch", "true: took on_true")
    wait_for_words(canvas, "Good enough?", "0.9603 >= 0.8 is true")
    wait_for_words(canvas, "Quality Score", "0.9603 passes 0.8")
    wait_for_marks(canvas, {"Small proof (bad)": "did not run"})
    assert sizes(canvas) == before
    assert what_is_sent(canvas.prompt()) == sent
    assert all("switchyard_verdict" not in json.dumps(node) for node in saved_nodes(canvas))
    assert distance_below(canvas, "Switch") == pytest.approx(4, abs=4)

    canvas.set_widget("Good enough?", "b_value", "0.99")
    succeeds(canvas)
    wait_for_words(canvas, "Switch", "false: took on_false")
    wait_for_marks(canvas, {"Upscale it (good)": "did not run"})


def distance_below(canvas, title):
    """How far a node's label hangs below its lower edge, in the graph's units."""
    return canvas.page.evaluate(
        """(title) => {
            const node = probe.node(title)
            const { top } = probe.label(node).getBoundingClientRect()
            const [, y, , height] = probe.box(node)
            const { scale, offset } = app.canvas.ds
            return (top - app.canvas.canvas.getBoundingClientRect().y) / scale - offset[1] - y - height
        }""",
        title,
    )


@pytest.mark.parametrize("stem", [stem for stem in RUNNABLE if stem != "Compare and switch"])
def test_every_node_of_an_example_says_what_the_history_holds(one, stem):
    one.load(example(stem))
    one.server.post("/free", {"free_memory": True})  # else nothing is in the history
    outputs = succeeds(one)["outputs"]
    titles = one.page.evaluate("() => Object.fromEntries(app.rootGraph.nodes.map(({ id, title }) => [id, title]))")
    told = {
        titles[name]: shown["switchyard"] for name, shown in outputs.items() if "switchyard" in shown and name in titles
    }
    assert told
    for title, said in told.items():
        if len(said) == 1 and not any("." in name for name in outputs):
            wait_for_words(one, title, said[0]["summary"])
        else:
            assert says(one, title)


# What a closed gate does to the nodes of the graph below.
HELD = {"before": "did not run", "after": "blocked", "seen": "blocked"}


def closed_gate(canvas):
    """A text, a gate that is closed, two nodes after it, and one output that has nothing to do with it."""
    canvas.add("ProbePass", "before")
    canvas.add("SwitchyardGate", "gate")
    canvas.add("ProbePass", "after")
    canvas.add("PreviewAny", "seen")
    canvas.add("PreviewAny", "other")
    canvas.add("ProbePass", "source")
    canvas.set_widget("before", "label", str(uuid.uuid4()))
    canvas.set_widget("gate", "open", False)
    canvas.plug("before", "gate", "value")
    canvas.plug("gate", "after", "value")
    canvas.plug("after", "seen", "source")
    canvas.plug("source", "other", "source")


def test_a_closed_gate_marks_what_it_held_back_and_what_it_blocked(watched):
    closed_gate(watched)
    succeeds(watched)
    wait_for_words(watched, "gate", "false: closed")
    wait_for_marks(watched, HELD)
    watched.load()
    assert marks(watched) == {}


def test_inside_a_subgraph_labels_and_marks_are_on_the_nodes_that_they_are_about(watched):
    closed_gate(watched)
    watched.into_subgraph("before", "gate")
    succeeds(watched)
    wait_for_words(watched, "gate", "false: closed")
    wait_for_marks(watched, {"after": "blocked", "seen": "blocked"})
    assert watched.page.evaluate("() => probe.label(probe.node('subgraph'))?.hidden ?? true")
    watched.page.evaluate("() => app.canvas.setGraph(probe.node('subgraph').subgraph)")
    wait_for_marks(watched, {"before": "did not run"})
    watched.page.evaluate("() => app.canvas.setGraph(app.rootGraph)")
    wait_for_marks(watched, {"after": "blocked", "seen": "blocked"})


def test_a_subgraph_that_did_not_run_at_all_is_marked_itself(one):
    closed_gate(one)
    one.into_subgraph("before")
    succeeds(one)
    wait_for_marks(one, {"subgraph": "did not run", "after": "blocked", "seen": "blocked"})


def test_marks_go_when_the_next_run_begins(one):
    closed_gate(one)
    one.add("ProbeNap", "nap")
    one.plug("nap", "other", "source")
    succeeds(one)
    wait_for_marks(one, HELD | {"source": "did not run"})
    one.set_widget("nap", "seconds", 3)
    one.page.evaluate("async () => { await app.queuePrompt(0, 1) }")
    wait_for_marks(one, {})
    wait_for_marks(one, HELD | {"source": "did not run"})


def test_nodes_that_are_kept_from_an_earlier_run_say_what_they_said_then_also_in_a_page_that_did_not_see_it(
    one, open_page
):
    workflow = example("Compare and switch")
    one.load(workflow)
    succeeds(one)
    assert succeeds(one)["status"]["completed"]
    wait_for_words(one, "Switch", "true: took on_true")
    wait_for_marks(one, {"Small proof (bad)": "did not run"})

    other = open_page("newer", "classic")
    watch(other)
    other.load(workflow)
    wait_for_words(other, "Switch", "true: took on_true")
    wait_for_words(other, "Good enough?", "0.9603 >= 0.8 is true")
    wait_for_marks(other, {"Small proof (bad)": "did not run"})
    other.load({**workflow, "id": str(uuid.uuid4())})  # the same nodes: all of them are kept
    assert says(other, "Switch") is None
    succeeds(other)
    wait_for_words(other, "Switch", "true: took on_true")
    wait_for_words(other, "Quality Score", "0.9603 passes 0.8")
    wait_for_marks(other, {"Small proof (bad)": "did not run"})
    assert other.complaints == []
    other.page.close()


def test_another_workflow_has_nothing_of_this_one_and_it_comes_back(one):
    canvas = one
    canvas.page.evaluate(
        "(workflow) => app.loadGraphData(workflow, true, true, 'First')", example("Compare and switch")
    )
    succeeds(canvas)
    wait_for_marks(canvas, {"Small proof (bad)": "did not run"})
    canvas.page.evaluate(
        "(workflow) => app.loadGraphData(workflow, true, true, 'Second')", example("Compare and switch")
    )
    canvas.settle()
    assert marks(canvas) == {}
    assert says(canvas, "Switch") is None
    canvas.page.evaluate("() => app.extensionManager.command.execute('Workspace.PreviousOpenedWorkflow')")
    wait_for_words(canvas, "Switch", "true: took on_true")
    wait_for_marks(canvas, {"Small proof (bad)": "did not run"})


def test_a_run_that_began_while_another_workflow_was_open_is_shown_on_its_own(one):
    closed_gate(one)
    one.add("ProbeNap", "nap")
    one.plug("nap", "other", "source")
    one.set_widget("nap", "seconds", 2)
    one.page.evaluate("(workflow) => app.loadGraphData(workflow, true, true, 'Queued twice')", one.serialized())
    one.page.evaluate("async () => { await app.queuePrompt(0, 2) }")
    one.page.evaluate("(workflow) => app.loadGraphData(workflow, true, true, 'Meanwhile')", example("Select by name"))
    while any(one.server.get("/queue").values()):
        one.page.wait_for_timeout(100)
    assert marks(one) == {}
    one.page.evaluate("() => app.extensionManager.command.execute('Workspace.PreviousOpenedWorkflow')")
    wait_for_words(one, "gate", "false: closed")
    wait_for_marks(one, HELD | {"source": "did not run"})


def test_a_tab_that_is_closed_is_forgotten_though_its_run_is_remembered(one):
    """A tab holds its workflow and all its steps for undo."""
    closed_gate(one)
    one.add("ProbeNap", "nap")
    one.plug("nap", "other", "source")
    one.set_widget("nap", "seconds", 1.5)  # else the run is over before anybody has looked where it came from
    one.load({**one.serialized(), "id": str(uuid.uuid4())})
    succeeds(one)
    wait_for_words(one, "gate", "false: closed")
    one.page.evaluate("() => { probe.closed = new WeakRef(app.extensionManager.workflow.activeWorkflow) }")
    session = one.page.context.new_cdp_session(one.page)
    for _ in range(10):
        one.start_over()
        session.send("HeapProfiler.collectGarbage")
    assert one.page.evaluate("() => probe.closed.deref() === undefined")
    session.detach()


def test_a_run_that_is_loaded_from_the_history_says_what_was_said_in_it(one):
    workflow = example("Compare and switch")
    one.load(workflow)
    one.server.post("/free", {"free_memory": True})
    old = succeeds(one)
    one.set_widget("Good enough?", "b_value", "0.99")
    succeeds(one)
    wait_for_words(one, "Switch", "false: took on_false")
    saved = old["prompt"][3]["extra_pnginfo"]["workflow"]
    # What the page's own queue does when a job of it is opened.
    one.page.evaluate(
        "async ([workflow, outputs]) => { await app.loadGraphData(workflow); app.nodeOutputs = outputs }",
        [saved, old["outputs"]],
    )
    wait_for_words(one, "Switch", "true: took on_true")
    one.page.wait_for_timeout(300)
    assert says(one, "Switch") == "true: took on_true"


def test_without_the_settings_nothing_is_shown(watched):
    closed_gate(watched)
    succeeds(watched)
    wait_for_words(watched, "gate", "false: closed")
    for is_on in (False, True):
        for name in ("Verdicts", "Marks"):
            setting = f"Switchyard.{name}.Show"
            watched.page.evaluate("([id, on]) => app.extensionManager.setting.set(id, on)", [setting, is_on])
        wait_for_words(watched, "gate", "false: closed" if is_on else None)
        assert bool(marks(watched)) is is_on


def gate_of_samples(canvas, **widgets):
    """A sampler, a scorer and a gate that no picture passes."""
    canvas.add("ProbeSample", "sample")
    canvas.add("ProbeBrightness", "score")
    canvas.add("SwitchyardQualityGate", "gate")
    canvas.add("PreviewImage", "seen")
    canvas.plug("sample", "score", "image")
    canvas.plug("sample", "gate", "value")
    canvas.plug("score", "gate", "score", 1)
    canvas.plug("gate", "seen", "images")
    canvas.set_widget("sample", "seed", uuid.uuid4().int % 2**32)
    for name, value in {"threshold": 2, "max_attempts": 3, **widgets}.items():
        canvas.set_widget("gate", name, value)


def test_a_quality_gate_says_which_attempt_it_makes_and_then_how_it_ended(one):
    gate_of_samples(one)
    one.set_widget("sample", "seconds", 0.5)
    one.page.evaluate(
        """() => {
            const label = probe.label(probe.node("gate"))
            probe.heard = []
            probe.listener = new MutationObserver(() => probe.heard.push(probe.says("gate")))
            probe.listener.observe(label, { childList: true })
        }"""
    )
    succeeds(one)
    heard = one.page.evaluate("() => { probe.listener.disconnect(); return probe.heard }")
    for number in (2, 3):
        assert any(words and words.startswith(f"attempt {number} of 3, best 0.") for words in heard), heard
    one.page.wait_for_function("() => probe.says('gate')?.startsWith('not enough passed in 3 attempts, best 0.')")
    label = one.page.evaluate("() => { const l = probe.label(probe.node('gate')); return [l.dataset.tone, l.title] }")
    assert label[0] == "no"
    assert [line.split(" 0.")[0] for line in label[1].split("\n")[1:]] == ["attempt 1", "attempt 2", "attempt 3"]


def test_a_gate_that_ends_the_run_still_says_why(one):
    gate_of_samples(one, if_none_pass="error")
    assert one.run()["type"] == "execution_error"
    one.page.wait_for_function("() => probe.says('gate')?.endsWith(': the run ends')")
    assert marks(one) == {}


def test_a_node_that_runs_once_for_each_item_says_all_it_said(one):
    one.add("ProbeTexts", "texts")
    one.add("SwitchyardCompare", "compare")
    one.add("PreviewAny", "seen")
    one.set_widget("texts", "texts", "red,blue")
    one.set_widget("compare", "comparison", "equal")
    one.set_widget("compare", "b_value", "red")
    one.plug("texts", "compare", "a")
    one.plug("compare", "seen", "source")
    succeeds(one)
    one.page.wait_for_function("() => probe.says('compare')?.startsWith('2 results: ')")
    words = says(one, "compare") or ""
    assert words.count(" is true") == words.count(" is false") == 1


def test_a_label_is_reached_by_keyboard_and_names_its_node(one):
    closed_gate(one)
    succeeds(one)
    label = one.page.get_by_role("status", name="gate: false: closed")
    label.wait_for()
    label.focus()
    assert one.page.evaluate("() => document.activeElement.textContent") == "false: closed"
