"""The wheel: built, looked into, and run alone."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from engine.pack import install_pack, pack_files

ROOT = Path(__file__).resolve().parent.parent.parent
CLIENT_SCHEMA = "switchyard/template/workflow-template-1.schema.json"
ALONE = """
import sys
sys.path.insert(0, sys.argv[1])
from switchyard.cli import main
from switchyard.template.files import schema
assert schema()["$id"]
sys.exit(main(["--help"]))
"""


def test_the_wheel_holds_the_client_and_would_shadow_nothing_of_comfyui(tmp_path):
    """A wheel with a flat `nodes` or `core` in site-packages would stand before ComfyUI's own modules."""
    pytest.importorskip("build", reason="needs the package build")
    copy = tmp_path / "source"
    install_pack(tmp_path, "source", ROOT)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(copy)]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr[-2000:]
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = {name for name in wheel.namelist() if not name.endswith("/")}
        (information,) = {name.partition("/")[0] for name in names if name.startswith("switchyard_nodes-")}
        scripts = wheel.read(f"{information}/entry_points.txt").decode()
        wheel.extractall(tmp_path / "installed")
    files = {path.as_posix() for path in pack_files(ROOT) if path.parts[0] == "switchyard"}
    assert CLIENT_SCHEMA in files
    assert {name for name in names if not name.startswith(f"{information}/")} == files
    assert "[console_scripts]\nswitchyard = switchyard.cli:main" in scripts
    asked = [sys.executable, "-I", "-c", ALONE, str(tmp_path / "installed")]
    answer = subprocess.run(asked, capture_output=True, text=True, cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr[-2000:]
    assert "usage: switchyard" in answer.stdout
