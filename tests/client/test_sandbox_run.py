"""Reading a run out of a server's events, recorded from ComfyUI 0.3.75."""

from __future__ import annotations

from engine.run import Run, _take

ID = "a-prompt"


def take_all(*events):
    """The run after the events, and how many were taken until it had ended."""
    run = Run(prompt_id=ID)
    for count, (kind, data) in enumerate(events, start=1):
        if _take(run, {"type": kind, "data": {"prompt_id": ID, **data}}):
            return run, count
    return run, None


START = ("execution_start", {})
END = ("executing", {"node": None})
BLOCKED = {"exception_type": "ExecutionBlocked", "exception_message": "Execution Blocked: no", "node_id": "5"}


def test_nodes_are_listed_once_in_the_order_of_their_start():
    """A lazy node is started again each time another input of it has run."""
    started = [("executing", {"node": name}) for name in ("switch", "yes", "switch", "save")]
    run, count = take_all(START, ("execution_cached", {"nodes": ["a"]}), *started, ("execution_success", {}), END)
    assert run.started == ["switch", "yes", "save"]
    assert run.cached == ["a"]
    assert run.status == "success"
    assert count == 8


def test_the_end_is_the_last_event_and_not_success():
    """The history is complete only after `executing` with no node."""
    run, count = take_all(START, ("execution_success", {}))
    assert (run.status, count) == ("success", None)


def test_a_blocker_with_a_message_does_not_end_the_run():
    run, _ = take_all(START, ("execution_error", BLOCKED), ("execution_success", {}), END)
    assert run.status == "success"
    assert run.notices == ["Execution Blocked: no"]


def test_an_error_names_its_node():
    error = {"exception_type": "ValueError", "exception_message": "bad\n", "node_id": "7"}
    run, _ = take_all(START, ("execution_error", error), END)
    assert (run.status, run.error, run.error_node) == ("error", "bad", "7")


def test_an_interruption_is_told_from_an_error():
    run, _ = take_all(START, ("execution_interrupted", {"node_id": "7"}), END)
    assert run.status == "interrupted"


def test_events_of_other_prompts_and_of_nobody_are_passed_over():
    run = Run(prompt_id=ID)
    assert not _take(run, {"type": "executing", "data": {"node": None, "prompt_id": "another"}})
    assert not _take(run, {"type": "executing", "data": {"node": "1", "prompt_id": "another"}})
    assert not _take(run, {"type": "status", "data": {"status": {}}})
    assert run.started == []


def test_saved_files_and_verdicts_are_read_from_the_outputs():
    payload = {"kind": "switch", "summary": "true: took on_true", "data": {}}
    run = Run(outputs={"9": {"images": [{"filename": "a_00001_.png"}]}, "4": {"switchyard": [payload]}})
    assert run.saved("9") == ["a_00001_.png"]
    assert run.saved("1") == []
    assert run.verdict("4") == payload
