"""Where the sandbox puts things, on each platform."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from engine import layout as module
from engine.layout import find_chromium, find_layout, python_of, site_packages_of


@pytest.mark.parametrize(
    ("platform", "folder", "python"),
    [
        ("linux", PurePosixPath("/home/a/venv"), "/home/a/venv/bin/python"),
        ("darwin", PurePosixPath("/Users/a b/venv"), "/Users/a b/venv/bin/python"),
        ("win32", PureWindowsPath(r"C:\Users\Jürgen\venv"), r"C:\Users\Jürgen\venv\Scripts\python.exe"),
    ],
)
def test_the_interpreter_of_an_environment(platform, folder, python):
    assert str(python_of(folder, platform)) == python


@pytest.mark.parametrize(
    ("platform", "folder", "packages"),
    [
        ("linux", PurePosixPath("/v"), "/v/lib/python3.12/site-packages"),
        ("darwin", PurePosixPath("/v"), "/v/lib/python3.12/site-packages"),
        ("win32", PureWindowsPath(r"D:\v"), r"D:\v\Lib\site-packages"),
    ],
)
def test_the_packages_of_an_environment(platform, folder, packages):
    assert str(site_packages_of(folder, (3, 12), platform)) == packages


def test_by_default_everything_is_in_one_ignored_folder():
    found = find_layout()
    assert found.home == module.REPOSITORY / ".sandbox"
    fetched = (found.comfyui, found.newer_frontend, found.official_templates)
    for folder in (*fetched, found.environment, found.checkers, found.models, found.stamps):
        assert found.home in folder.parents
    assert ".sandbox/" in (module.REPOSITORY / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_a_foreign_comfyui_gets_an_environment_of_its_own_in_the_sandbox(tmp_path):
    own, foreign = find_layout(), find_layout(str(tmp_path))
    assert foreign.comfyui == tmp_path.resolve()
    assert foreign.environment != own.environment
    assert foreign.environment.parent == own.home
    assert find_layout(str(tmp_path)).environment == foreign.environment
    assert find_layout(str(tmp_path), "/usr/bin/python3").environment != foreign.environment


def test_empty_names_count_as_not_given():
    assert find_layout("", "") == find_layout()


def test_a_named_chromium_is_taken(monkeypatch):
    monkeypatch.setenv("SWITCHYARD_CHROMIUM", "/opt/my chromium")
    assert find_chromium() == "/opt/my chromium"


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_without_a_browser_there_is_none(platform, monkeypatch):
    monkeypatch.delenv("SWITCHYARD_CHROMIUM", raising=False)
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    monkeypatch.setattr(Path, "is_file", lambda self: False)
    assert find_chromium(platform) is None


def test_a_python_may_be_named_as_on_a_command_line(monkeypatch, tmp_path):
    command = tmp_path / ("python3.exe" if os.name == "nt" else "python3")
    command.write_text("")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_layout(python="python3").python == command
    assert find_layout(python="python9").python == Path("python9").absolute()
    assert find_layout(python=str(tmp_path / "bin" / "python3")).python == tmp_path / "bin" / "python3"
    assert find_layout(python="~/python3").python == Path("~/python3").expanduser()
