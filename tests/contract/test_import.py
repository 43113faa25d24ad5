"""Importing the pack does nothing but define things."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PROBE = """
import builtins, importlib.util, json, os, sys
for name in sys.argv[2:]:
    __import__(name)
before_path, before_modules, opened = list(sys.path), set(sys.modules), []
real_open = builtins.open
builtins.open = lambda file, *a, **k: opened.append(str(file)) or real_open(file, *a, **k)
spec = importlib.util.spec_from_file_location("probed", sys.argv[1])
module = importlib.util.module_from_spec(spec)
sys.modules["probed"] = module
spec.loader.exec_module(module)
builtins.open = real_open
new = {name.split(".")[0] for name in set(sys.modules) - before_modules}
print(json.dumps({"path": sys.path == before_path, "new": sorted(new), "opened": opened,
                  "ids": sorted(module.NODE_CLASS_MAPPINGS)}))
"""


def probe(*loaded_before: str) -> dict:
    """What importing the pack does in a process of its own; tests/slow asks it where torch is loaded already."""
    command = [sys.executable, "-I", "-c", PROBE, str(ROOT / "__init__.py"), *loaded_before]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT.parent)
    assert answer.stderr == ""
    assert answer.stdout.count("\n") == 1, f"importing printed something: {answer.stdout}"
    return json.loads(answer.stdout)


@pytest.fixture(scope="module")
def found() -> dict:
    return probe()


def test_importing_loads_the_standard_library_and_nothing_else(found):
    assert set(found["new"]) - set(sys.stdlib_module_names) == {"probed"}
    assert "SwitchyardSwitch" in found["ids"]


def test_importing_edits_no_path_and_opens_no_file(found):
    assert found["path"]
    assert found["opened"] == []
