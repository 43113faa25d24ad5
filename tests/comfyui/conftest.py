"""One real ComfyUI for most tests of this folder, with the pack and a probe pack in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.pack import install_pack
from engine.run import Graph, Run, run_graph
from engine.server import Server


@pytest.fixture(scope="session")
def server(make_server: Callable[..., Server]) -> Server:
    """The shared server, with the pack installed under the name that the Manager gives it."""
    server = make_server("comfyui")
    install_pack(server.base / "custom_nodes")
    return server.start()


@pytest.fixture
def run(server: Server) -> Callable[..., Run]:
    """Queues a graph on the shared server and waits for its end."""

    def run(graph: Graph, timeout_s: float = 300) -> Run:
        return run_graph(server, graph, timeout_s=timeout_s)

    return run
