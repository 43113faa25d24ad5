"""Copies the pack into a custom_nodes folder the way an installed archive would look."""

from __future__ import annotations

import fnmatch
import shutil
from collections.abc import Iterator
from pathlib import Path

from .layout import REPOSITORY

_NEVER = (".git", ".sandbox", "__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis", "*.pyc", "node.zip")


def ignored_paths(repository: Path = REPOSITORY) -> set[str]:
    """The lines of .comfyignore, which all name a path from the root; a pattern without a slash would match anywhere.

    Raises:
        ValueError: a line does not start with a slash.
    """
    lines = (repository / ".comfyignore").read_text(encoding="utf-8").splitlines()
    paths = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    for path in paths:
        if not path.startswith("/"):
            raise ValueError(f".comfyignore: {path!r} would match in every folder; write /{path} to mean the root.")
    return {path.strip("/") for path in paths}


def pack_files(repository: Path = REPOSITORY) -> Iterator[Path]:
    """Yields what an archive of the pack holds, as paths relative to the repository."""
    ignored = ignored_paths(repository)

    def is_ignored(path: Path) -> bool:
        is_by_product = any(fnmatch.fnmatch(path.name, pattern) for pattern in _NEVER)
        return is_by_product or path.relative_to(repository).as_posix() in ignored

    folders = [repository]
    while folders:
        for path in sorted(folders.pop().iterdir()):
            if is_ignored(path):
                continue
            if path.is_dir():
                folders.append(path)
            else:
                yield path.relative_to(repository)


def install_pack(custom_nodes: Path, name: str = "switchyard-nodes", repository: Path = REPOSITORY) -> Path:
    """Puts a fresh copy of the pack into custom_nodes/<name> and gives that folder."""
    target = custom_nodes / name
    shutil.rmtree(target, ignore_errors=True)
    for path in pack_files(repository):
        copy = target / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(repository / path, copy)
    return target
