"""Copies the pack into a custom_nodes folder the way an installed archive would look."""

from __future__ import annotations

import fnmatch
import shutil
from collections.abc import Iterator
from pathlib import Path

from .layout import REPOSITORY


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


def source_files(repository: Path = REPOSITORY) -> Iterator[Path]:
    """Yields the files that belong to the project, also where there is no git, as paths relative to the repository.

    By-products do not: what .gitignore names, and hidden folders (.git, virtual environments, an editor's settings).
    """
    by_products = _by_products(repository)
    folders = [repository]
    while folders:
        for path in sorted(folders.pop().iterdir()):
            if any(fnmatch.fnmatch(path.name, pattern) for pattern in by_products):
                continue
            if not path.is_dir():
                yield path.relative_to(repository)
            elif not path.name.startswith("."):
                folders.append(path)


def pack_files(repository: Path = REPOSITORY) -> Iterator[Path]:
    """Yields what an archive of the pack holds, as paths relative to the repository."""
    ignored = ignored_paths(repository)
    for path in source_files(repository):
        if not any(part.as_posix() in ignored for part in (path, *path.parents)):
            yield path


def install_pack(custom_nodes: Path, name: str = "switchyard-nodes", repository: Path = REPOSITORY) -> Path:
    """Puts a fresh copy of the pack into custom_nodes/<name> and gives that folder.

    Raises:
        ValueError: the copy would lie in the repository (its sandbox aside), where it would become a part of the pack,
            or would replace the repository.
    """
    target = custom_nodes / name
    source, place = repository.resolve(), target.resolve()
    is_inside = place.is_relative_to(source) and not place.is_relative_to(source / ".sandbox")
    if is_inside or source.is_relative_to(place):
        raise ValueError(f"The pack can't be copied from {source} to {place}; name a folder outside the repository.")
    paths = list(pack_files(repository))
    shutil.rmtree(target, ignore_errors=True)
    for path in paths:
        copy = target / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(repository / path, copy)
    return target


def _by_products(repository: Path) -> list[str]:
    """The lines of .gitignore, which all name a file or folder anywhere in the repository.

    Raises:
        ValueError: a line is more than a name, which is not read here.
    """
    lines = (repository / ".gitignore").read_text(encoding="utf-8").splitlines()
    names = [line.strip().removesuffix("/") for line in lines if line.strip() and not line.startswith("#")]
    for name in names:
        if "/" in name or name.startswith("!"):
            raise ValueError(f".gitignore: {name!r} is more than a name; tools/engine/pack.py reads names alone.")
    return [".git", *names]  # in a second worktree .git is a file
