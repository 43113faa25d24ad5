"""One real ComfyUI for most tests of this folder, with the pack and a probe pack in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import quote

import numpy
import pytest
from engine_log import EngineLog
from graphs import catch, value
from PIL import Image
from substitutes import files_of, make_files, substituted

from engine.pack import install_pack
from engine.run import Graph, Run, run_graph
from engine.server import Server


@pytest.fixture(scope="session")
def server(make_server: Callable[..., Server], layout: Any) -> Server:
    """The shared server, with the pack installed under the name that the Manager gives it.

    The node file that comes with ComfyUI, SaveImageWebsocket, is there too.
    """
    server = make_server("comfyui")
    install_pack(server.base / "custom_nodes")
    for file in (layout.comfyui / "custom_nodes").glob("websocket_image_save.py"):
        shutil.copy2(file, server.base / "custom_nodes")
    return server.start()


@pytest.fixture
def run(server: Server) -> Callable[..., Run]:
    """Queues a graph on the shared server and waits for its end."""

    def run(graph: Graph, timeout_s: float = 300) -> Run:
        return run_graph(server, graph, timeout_s=timeout_s)

    return run


@pytest.fixture
def supplied(server: Server, layout: Any) -> Callable[[Graph], Graph]:
    """Makes a graph that names public files run here: see substitutes.py."""

    def supplied(graph: Graph) -> Graph:
        small = substituted(graph)
        make_files(files_of(small), layout.models, server.base / "models")
        return small

    return supplied


@pytest.fixture
def run_logged(server: Server, run: Callable[..., Run]) -> Callable[..., tuple[Run, EngineLog]]:
    """Runs a graph, and tells which models the server's own log says that it loaded for it.

    What the run before left in the server's cache is dropped first, else it would not be loaded again.
    """

    def run_logged(graph: Graph, timeout_s: float = 300) -> tuple[Run, EngineLog]:
        run({"nothing": value("none"), "end": catch("nothing")})
        start = len(server.log_text())
        result = run(graph, timeout_s)
        return result, EngineLog(server.log_text()[start:])

    return run_logged


@pytest.fixture
def picture(server: Server) -> Callable[..., numpy.ndarray]:
    """Gets the first picture that a node of a run saved or previewed, as whole numbers 0..255 of H, W, RGB."""

    def picture(result: Run, node_id: str) -> numpy.ndarray:
        file = result.outputs[node_id]["images"][0]
        where = f"filename={quote(file['filename'])}&subfolder={quote(file['subfolder'])}&type={file['type']}"
        with Image.open(BytesIO(server.get_bytes(f"/view?{where}"))) as image:
            return numpy.asarray(image.convert("RGB"), dtype=int)

    return picture
