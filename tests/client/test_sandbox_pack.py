"""Which files are copied as the pack, and where a copy may go."""

from __future__ import annotations

import pytest

from engine.layout import REPOSITORY
from engine.pack import install_pack, pack_files, source_files

KEPT = {"__init__.py", ".gitattributes", "core/compare.py", "web/docs/SwitchyardSwitch.md"}
LEFT_OUT_OF_THE_PACK = {".gitignore", ".comfyignore", "docs/architecture.md"}
BY_PRODUCTS = {
    ".git/config",
    ".idea/workspace.xml",
    ".venv/lib/site.py",
    ".sandbox/venv/python",
    "build/lib/core.py",
    "core/__pycache__/compare.cpython-311.pyc",
    "core/compare.pyc",
    "switchyard.egg-info/PKG-INFO",
    "node.zip",
}


@pytest.fixture
def repository(tmp_path):
    """A project with our ignore files, and with what editors, tools and builds leave behind."""
    root = tmp_path / "repository"
    for name in (*KEPT, *LEFT_OUT_OF_THE_PACK, *BY_PRODUCTS):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    for name in (".gitignore", ".comfyignore"):
        (root / name).write_bytes((REPOSITORY / name).read_bytes())
    return root


def names(paths):
    return {path.as_posix() for path in paths}


def test_by_products_and_hidden_folders_are_no_part_of_the_project(repository):
    assert names(source_files(repository)) == KEPT | LEFT_OUT_OF_THE_PACK


def test_the_pack_is_the_project_without_what_comfyignore_names(repository):
    assert names(pack_files(repository)) == KEPT


def test_the_git_file_of_a_second_worktree_is_no_part_of_the_project(repository):
    (repository / ".git" / "config").unlink()
    (repository / ".git").rmdir()
    (repository / ".git").write_text("gitdir: elsewhere")
    assert ".git" not in names(source_files(repository))


def test_a_line_of_gitignore_that_is_more_than_a_name_is_refused(repository):
    (repository / ".gitignore").write_text("build/lib/\n")
    with pytest.raises(ValueError, match="build/lib"):
        list(source_files(repository))


@pytest.mark.parametrize("place", ["custom_nodes", "core", ".git", ".."])
def test_a_copy_into_the_repository_or_over_it_is_refused(repository, place):
    with pytest.raises(ValueError, match="name a folder outside the repository"):
        install_pack(repository / place, repository.name, repository)
    assert (repository / "__init__.py").exists()


@pytest.mark.parametrize("place", [".sandbox/demo/custom_nodes", "../ComfyUI/custom_nodes"])
def test_a_copy_into_the_sandbox_or_elsewhere_is_whole(repository, place):
    copy = install_pack(repository / place, "switchyard", repository)
    assert {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()} == KEPT
