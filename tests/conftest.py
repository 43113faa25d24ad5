"""Loads the pack once, by path, as ComfyUI does, under the fixed name `switchyard_pack`; starts servers on demand.

The client is loaded as `switchyard`, as pip installs it.

The repository's root never goes on sys.path: our `nodes` would shadow ComfyUI's `nodes`.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACK = "switchyard_pack"


def load_pack(folder: Path, name: str) -> ModuleType:
    """Imports the pack in `folder` as the module `name`, the way ComfyUI imports a custom node folder."""
    spec = importlib.util.spec_from_file_location(name, folder / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


if PACK not in sys.modules:
    load_pack(ROOT, PACK)
if "switchyard" not in sys.modules:
    load_pack(ROOT / "switchyard", "switchyard")


def sample_pictures(comfyui: Path) -> list[Path]:
    """Our photographs, and the picture that comes with ComfyUI, which people delete."""
    example = comfyui / "input" / "example.png"
    return [*(ROOT / "data" / "demo").glob("*.*g"), *([example] if example.exists() else [])]


@pytest.fixture(scope="session")
def layout() -> Any:
    """The sandbox: where ComfyUI and its environment are."""
    from engine.layout import find_layout, python_of

    found = find_layout(os.environ.get("SWITCHYARD_COMFYUI"), os.environ.get("SWITCHYARD_PYTHON"))
    if not python_of(found.environment).exists():
        pytest.skip("the sandbox is not set up; run: python3 tools/sandbox.py test")
    return found


@pytest.fixture(scope="session")
def make_server(layout: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """Makes servers, not yet started, each in folders of its own with the probe pack; all are stopped at the end."""
    from engine.layout import python_of
    from engine.server import Server

    servers: list[Server] = []

    def make(name: str, *arguments: str) -> Server:
        base = tmp_path_factory.mktemp(name)
        python = python_of(layout.environment)
        server = Server(python, layout.comfyui, base, models=layout.models, arguments=("--cpu", *arguments))
        for picture in sample_pictures(layout.comfyui):
            shutil.copy2(picture, base / "input")
        shutil.copytree(ROOT / "tests" / "comfyui" / "probe_pack", base / "custom_nodes" / "probe_pack")
        servers.append(server)
        return server

    yield make
    for server in servers:
        server.stop()
