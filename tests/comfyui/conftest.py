"""One real ComfyUI for all tests of this folder, with the pack and a probe pack in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

engine_layout = pytest.importorskip("engine.layout", reason="run these tests with: python3 tools/sandbox.py test")

from engine.layout import Layout, find_layout, python_of  # noqa: E402
from engine.pack import install_pack  # noqa: E402
from engine.run import Graph, Run, run_graph  # noqa: E402
from engine.server import Server  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


@pytest.fixture(scope="session")
def layout() -> Layout:
    found = find_layout(os.environ.get("SWITCHYARD_COMFYUI"), os.environ.get("SWITCHYARD_PYTHON"))
    if not python_of(found.environment).exists():
        pytest.skip("the sandbox is not set up; run: python3 tools/sandbox.py test")
    return found


@pytest.fixture(scope="session")
def make_server(layout: Layout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Makes servers, not yet started, each in folders of its own; all are stopped at the end."""
    servers: list[Server] = []

    def make(name: str, *arguments: str) -> Server:
        base = tmp_path_factory.mktemp(name)
        python = python_of(layout.environment)
        server = Server(python, layout.comfyui, base, models=layout.models, arguments=("--cpu", *arguments))
        for picture in (ROOT / "data" / "demo").glob("*.*g"):
            shutil.copy2(picture, base / "input")
        shutil.copytree(HERE / "probe_pack", base / "custom_nodes" / "probe_pack")
        servers.append(server)
        return server

    yield make
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def server(make_server: Callable[..., Server]) -> Server:
    """The server that most tests share, with the pack installed under the name that the Manager gives it."""
    server = make_server("comfyui")
    install_pack(server.base / "custom_nodes")
    return server.start()


@pytest.fixture
def run(server: Server) -> Callable[..., Run]:
    """Queues a graph on the shared server and waits for its end."""

    def run(graph: Graph, **options: object) -> Run:
        return run_graph(server, graph, **options)  # pyright: ignore[reportArgumentType]

    return run
