"""Makes what is in templates/ of two example workflows; `python tests/client/example_templates.py` writes it anew.

The graphs are those that the page sends (tests/web/goldens), so the templates change only with the examples.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATES = ROOT / "templates"
GOLDENS = ROOT / "tests" / "web" / "goldens"
# Name: the example, a title, and what it makes.
MADE = {
    "hires_fix": (
        "Template hi-res fix",
        "Hi-res fix",
        "Draws a draft at the size that the model was trained on, then twice as large with more detail, if wanted.",
    ),
    "quality_gate": (
        "Template quality gate",
        "Quality gate",
        "Draws with one seed after another until a picture scores well enough, and saves it with its seed.",
    ),
}


def source_of(example: str) -> dict[str, Any]:
    """What the page gives for an example: the graph, with the titles that the canvas shows, and the workflow."""
    workflow = json.loads((ROOT / "example_workflows" / f"{example}.json").read_text(encoding="utf-8"))
    graph = json.loads((GOLDENS / f"{example}.json").read_text(encoding="utf-8"))
    for node in workflow["nodes"]:
        if "title" in node and str(node["id"]) in graph:
            graph[str(node["id"])]["_meta"] = {"title": node["title"]}
    return {"output": graph, "workflow": workflow}


def make(name: str) -> Any:
    """The template of that name, as its example is now."""
    from switchyard.template import Template

    example, title, description = MADE[name]
    template = Template.from_workflow(source_of(example), name=name, title=title, description=description)
    return replace(template, license="MIT", tags=("example",))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "tests"))
    import conftest  # noqa: F401  makes the client importable

    for name in MADE:
        make(name).save(TEMPLATES, overwrite=True)
