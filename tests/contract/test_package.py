"""What is installed: the pack's archive, the wheel, and what the files say about themselves."""

from __future__ import annotations

import re
from pathlib import Path

from engine.pack import install_pack, pack_files

ROOT = Path(__file__).resolve().parent.parent.parent
CLIENT_SCHEMA = "switchyard/template/workflow-template-1.schema.json"
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def setting(name: str) -> str:
    """A top-level `name = "value"` of pyproject.toml (tomllib is not in Python 3.10)."""
    match = re.search(rf'^{re.escape(name)} = "([^"]*)"', PROJECT, re.MULTILINE)
    assert match is not None, f"pyproject.toml does not set {name}"
    return match[1]


def test_the_registry_finds_what_it_needs():
    assert setting("name") == "switchyard-nodes"
    assert re.fullmatch(r"\d+\.\d+\.\d+", setting("version"))
    assert setting("requires-python") == ">=3.10"
    assert setting("requires-comfyui") == ">=0.3.75"
    assert setting("DisplayName") == "Switchyard"
    assert setting("PublisherId") == "switchyard"
    assert "MIT License" in (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_placeholders_are_marked_as_such():
    section = PROJECT[PROJECT.index("[project.urls]") : PROJECT.index("[tool.setuptools]")]
    for line in section.splitlines():
        if "github.com" in line or "PublisherId" in line:
            assert "PLACEHOLDER" in line


def test_the_newest_heading_of_the_changelog_is_the_version():
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == setting("version")


def test_nothing_is_installed_with_the_nodes():
    assert re.search(r"^dependencies = \[\]", PROJECT, re.MULTILINE)
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.strip() and not line.startswith("#")] == []
    assert not (ROOT / "install.py").exists()


def test_an_installed_pack_holds_what_runs_and_nothing_else():
    files = {path.as_posix() for path in pack_files(ROOT)}
    folders = {name.split("/")[0] for name in files if "/" in name}
    assert {"core", "nodes", "switchyard", "templates", "web", "example_workflows", "subgraphs", "data"} <= folders
    assert {"web/docs/SwitchyardSwitch.md", "web/js/lib/slot_types.mjs", "data/manifest.json", CLIENT_SCHEMA} <= files
    assert not {"tests", "tools", "docs", "benchmarks", "training", ".ci", ".sandbox", ".git"} & folders
    assert {"__init__.py", "pyproject.toml", "README.md", "LICENSE", "requirements.txt"} <= files
    assert not any(name.startswith("data/demo/") or "__pycache__" in name for name in files)


def test_an_installed_copy_is_complete_and_replaces_an_older_one(tmp_path):
    (tmp_path / "switchyard-nodes").mkdir()
    (tmp_path / "switchyard-nodes" / "old.py").write_text("")
    target = install_pack(tmp_path)
    copied = {path.relative_to(target) for path in target.rglob("*") if path.is_file()}
    assert copied == set(pack_files(ROOT))


def test_contributing_is_short():
    assert len((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()) <= 80
