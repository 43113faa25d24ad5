"""The pack's core for the training scripts, imported by path: the registry and its nodes are not needed here."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent.parent
_ALIAS = "switchyard_checkout"


def core(module: str) -> ModuleType:
    """Imports core/<module>.py of this checkout."""
    if _ALIAS not in sys.modules:
        package = ModuleType(_ALIAS)
        package.__path__ = [str(ROOT)]
        sys.modules[_ALIAS] = package
    return importlib.import_module(f"{_ALIAS}.core.{module}")
