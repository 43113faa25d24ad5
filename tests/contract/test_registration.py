"""The mapping that ComfyUI loads and ComfyUI-Manager reads, and the plain ids."""

from __future__ import annotations

import ast
import inspect
import logging
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
import switchyard_pack
from switchyard_pack.nodes.host.registration import register

from engine.pack import source_files

ROOT = Path(__file__).resolve().parent.parent.parent
PREFIXED = set(switchyard_pack.NODE_CLASS_MAPPINGS) - set(switchyard_pack.PLAIN_IDS)


def scanned_ids(source: str) -> set[str]:
    """The ids that a scanner finds which never runs the code, as ComfyUI-Manager's does.

    It looks for a plain (not annotated) assignment of a dict literal to NODE_CLASS_MAPPINGS, and besides for text
    like `…_CLASS_MAPPINGS = {…}` and `…_CLASS_MAPPINGS["Id"]`, in every Python file of a repository.
    """
    found: set[str] = set()
    if "_CLASS_MAPPINGS" not in source:  # as in nearly all files; to parse them all takes a second
        return found
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Dict):
            target = statement.targets[0]
            if isinstance(target, ast.Name) and target.id == "NODE_CLASS_MAPPINGS":
                found |= {key.value for key in statement.value.keys if isinstance(key, ast.Constant)}
    for body in re.findall(r"_CLASS_MAPPINGS\s*=\s*\{([^}]*)\}", source):
        found |= {key for pair in re.findall(r"\"([^\"]*)\"\s*:|'([^']*)'\s*:", body) for key in pair if key}
    return found | set(re.findall(r"^[^=\n]*_CLASS_MAPPINGS\[[\"'](.*?)[\"']\]", source, re.MULTILINE))


def python_files() -> list[Path]:
    return [ROOT / path for path in source_files() if path.suffix == ".py"]


def test_a_scanner_that_reads_the_source_finds_every_id_and_no_other():
    found = set().union(*(scanned_ids(path.read_text(encoding="utf-8")) for path in python_files()))
    assert found == PREFIXED


def test_every_class_in_nodes_is_registered():
    registered = {node.__name__ for node in switchyard_pack.NODE_CLASS_MAPPINGS.values()}
    for path in sorted((ROOT / "nodes").glob("*.py")):
        for statement in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(statement, ast.ClassDef) and not statement.name.startswith("_"):
                assert statement.name in registered, f"{path.name} defines {statement.name}, which is not registered"


def test_display_names_cover_the_prefixed_ids_only():
    """A display name for a plain id would rename another pack's node of that id."""
    assert set(switchyard_pack.NODE_DISPLAY_NAME_MAPPINGS) == PREFIXED


def test_outside_comfyui_nothing_is_registered_besides_the_literal_mapping():
    assert not set(switchyard_pack.PLAIN_IDS) & set(switchyard_pack.NODE_CLASS_MAPPINGS)


@pytest.mark.parametrize("module", [None, ModuleType("nodes")])
def test_a_module_called_nodes_is_not_yet_a_comfyui(monkeypatch, module):
    """A repository that is itself on sys.path would have one."""
    monkeypatch.setitem(sys.modules, "nodes", module)
    mapping: dict[str, type] = {}
    register(mapping, switchyard_pack.PLAIN_IDS)
    assert mapping == {}


@pytest.fixture
def comfyui(monkeypatch):
    """Stands in for a ComfyUI that has loaded another pack with a node called Switch."""
    nodes = ModuleType("nodes")
    nodes.NODE_CLASS_MAPPINGS = dict(Switch=object)  # a literal would be found by the scanner
    monkeypatch.setitem(sys.modules, "nodes", nodes)
    return nodes


def test_in_comfyui_a_plain_id_is_a_hidden_subclass(comfyui):
    comfyui.NODE_CLASS_MAPPINGS.clear()
    mapping: dict[str, type] = {}
    register(mapping, switchyard_pack.PLAIN_IDS)
    assert set(mapping) == set(switchyard_pack.PLAIN_IDS)
    for plain, node in switchyard_pack.PLAIN_IDS.items():
        assert issubclass(mapping[plain], node)
        assert mapping[plain] is not node
        assert getattr(mapping[plain], "DEV_ONLY", False)
        assert not getattr(node, "DEV_ONLY", False)
        assert inspect.getdoc(mapping[plain]) == inspect.getdoc(node)


def test_a_plain_id_that_is_taken_is_left_to_its_owner_with_one_log_line(comfyui, caplog):
    mapping: dict[str, type] = {}
    with caplog.at_level(logging.INFO):
        register(mapping, switchyard_pack.PLAIN_IDS)
    assert set(mapping) == set(switchyard_pack.PLAIN_IDS) - {"Switch"}
    assert [record.message for record in caplog.records] == [
        "Switchyard: the node id Switch belongs to another pack and is left to it."
    ]


@pytest.mark.parametrize(("knows_dev_only", "mark"), [(True, "DEV_ONLY"), (False, "DEPRECATED")])
def test_a_plain_id_is_hidden_in_the_way_that_the_core_knows(comfyui, monkeypatch, knows_dev_only, mark):
    latest = ModuleType("comfy_api.latest")
    schema = type("Schema", (), {"is_dev_only": False} if knows_dev_only else {})
    latest.io = type("io", (), {"Schema": schema})
    monkeypatch.setitem(sys.modules, "comfy_api.latest", latest)
    mapping: dict[str, type] = {}
    register(mapping, {"Compare": switchyard_pack.PLAIN_IDS["Compare"]})
    hidden = {name for name in ("DEV_ONLY", "DEPRECATED") if getattr(mapping["Compare"], name, False)}
    assert hidden == {mark}
