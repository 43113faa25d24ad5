"""Loads the pack once, by path, as ComfyUI does, under the fixed name `switchyard_pack`.

The repository's root never goes on sys.path: our `nodes` would shadow ComfyUI's `nodes`.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

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
