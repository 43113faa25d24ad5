"""What the parts of the demo share: nodes of a graph in one line, a run that has to end well, the files it saved."""

from __future__ import annotations

import time
from typing import Any

from .console import SandboxError, say, show_seconds
from .run import Graph, Run, run_graph
from .server import Server


def node(class_type: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}


def side_by_side(left: str, right: str) -> dict[str, Any]:
    """A node that puts the pictures of two nodes next to one another."""
    return node(
        "ImageStitch",
        image1=[left, 0],
        image2=[right, 0],
        direction="right",
        match_image_size=True,
        spacing_width=8,
        spacing_color="white",
    )


def run_whole(server: Server, graph: Graph) -> Run:
    """Runs a graph and says how long it took.

    Raises:
        SandboxError: it did not end well.
    """
    began = time.monotonic()
    run = run_graph(server, graph)
    if run.status != "success" or run.node_errors:  # a part that is not valid is left out, and the rest runs
        raise SandboxError(f"the run ended with {run.status}: {run.error} ({run.error_node or run.node_errors})")
    say(f"  took       {show_seconds(time.monotonic() - began)}")
    return run


def say_saved(server: Server, run: Run, *nodes: str) -> None:
    """Names the files that the nodes wrote."""
    for name in nodes:
        for file in run.saved(name):
            say(f"  saved      {server.base / 'output' / file}")
    say()
