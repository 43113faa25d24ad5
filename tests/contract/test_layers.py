"""Who may import whom: what ruff's rules can't say."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.pack import source_files

ROOT = Path(__file__).resolve().parent.parent.parent
CORE_MAY_IMPORT = set(sys.stdlib_module_names) | {"torch", "numpy", "PIL"}
COMFYUI = {"comfy", "comfy_api", "comfy_execution", "folder_paths", "latent_preview", "node_helpers", "nodes", "server"}


def imports(path: Path) -> Iterator[tuple[int, str, bool]]:
    """Each import of a file: its relative level, its dotted name, and whether it stands inside a function.

    What is imported for types alone counts as inside one.
    """
    yield from _imports_below(ast.parse(path.read_text(encoding="utf-8")), False)


def _imports_below(parent: ast.AST, inside: bool) -> Iterator[tuple[int, str, bool]]:
    inside = inside or isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef)) or _is_for_types(parent)
    for child in ast.iter_child_nodes(parent):
        if isinstance(child, ast.Import):
            yield from ((0, alias.name, inside) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield child.level, child.module or "", inside
        elif isinstance(child, (ast.stmt, ast.excepthandler, ast.match_case)):  # in expressions there are none
            yield from _imports_below(child, inside)


def _is_for_types(statement: ast.AST) -> bool:
    return isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING"


def files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).glob("*.py"))]


@pytest.mark.parametrize("path", files("core"), ids=lambda path: path.name)
def test_core_is_pure(path):
    for level, name, _ in imports(path):
        assert level <= 1, f"{path.name} reaches out of core for {name}"
        assert level or name.split(".")[0] in CORE_MAY_IMPORT, f"{path.name} imports {name}"


@pytest.mark.parametrize("path", files("nodes"), ids=lambda path: path.name)
def test_a_shell_imports_core_and_host_and_no_other_shell(path):
    for level, name, _ in imports(path):
        first, *_ = name.split(".")
        if level == 0:
            assert first in sys.stdlib_module_names, f"{path.name} imports {name}"
        elif level == 1:
            assert first == "host", f"{path.name} imports its neighbour {name}"
        else:
            assert (level, first) == (2, "core"), f"{path.name} imports {'.' * level}{name}"


@pytest.mark.parametrize("path", files("nodes/host"), ids=lambda path: path.name)
def test_host_imports_comfyui_only_inside_functions(path):
    for level, name, inside in imports(path):
        foreign = level == 0 and name.split(".")[0] not in sys.stdlib_module_names
        assert inside or not foreign, f"{path.name} imports {name} when it is loaded"
        if level == 0 and name.split(".")[0] == "switchyard":
            assert path.name == "routes.py"


@pytest.mark.parametrize("path", files("switchyard", "switchyard/template"), ids=lambda path: path.name)
def test_the_client_stands_alone(path):
    """It imports itself only relatively: it is `switchyard` when installed, and a part of the pack in ComfyUI.

    What a part of it needs besides the standard library it may import inside functions; templates need nothing.
    """
    depth = len(path.relative_to(ROOT / "switchyard").parts)
    for level, name, inside in imports(path):
        assert level <= depth, f"{path.name} reaches out of the client for {name}"
        is_ours = level > 0 or name.split(".")[0] in sys.stdlib_module_names
        assert is_ours or (inside and depth == 1), f"{path.name} imports {name}"


def test_the_client_is_the_same_alone_and_in_the_pack():
    alone = importlib.import_module("switchyard.template")
    inside = importlib.import_module("switchyard_pack.switchyard.template")
    assert alone is not inside
    assert alone.__all__ == inside.__all__
    graph = {"1": {"class_type": "SwitchyardTextParameter", "inputs": {"name": "prompt", "value": "a bay"}}}
    documents = [package.Template.from_workflow(graph, name="any").document() for package in (alone, inside)]
    assert documents[0] == documents[1]
    with pytest.raises(inside.TemplateError):
        inside.Template.read({})


def test_no_file_is_longer_than_400_lines_without_a_recorded_reason():
    decisions = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "decisions").glob("*.md"))
    suffixes = (".py", ".js", ".mjs")
    for path in source_files():
        if path.suffix in suffixes:
            lines = len((ROOT / path).read_text(encoding="utf-8").splitlines())
            assert lines <= 400 or path.name in decisions, f"{path} has {lines} lines"
