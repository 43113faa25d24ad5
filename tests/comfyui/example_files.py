"""The example workflows: their graphs as the page sends them, and their nodes by title."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
GOLDENS = ROOT / "tests" / "web" / "goldens"


def graph_of(stem):
    """An example in API format, as the page sends it."""
    return json.loads((GOLDENS / f"{stem}.json").read_text(encoding="utf-8"))


def named(stem, title):
    """The id of the node that an example shows under this title; a node's own name is not saved."""
    workflow = json.loads((ROOT / "example_workflows" / f"{stem}.json").read_text(encoding="utf-8"))
    own = f"Switchyard{title.replace(' ', '')}".casefold()
    for spec in workflow["nodes"]:
        if title in (spec.get("title"), spec["type"]) or own == spec["type"].casefold():
            return str(spec["id"])
    raise LookupError(f"{stem} has no node {title}")


def notes_of(workflow):
    """The notes of a workflow in UI format."""
    return [node for node in workflow["nodes"] if node["type"] == "MarkdownNote"]
