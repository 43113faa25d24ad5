"""Three ways in which nodes drift apart from what describes them; each must fail exactly one contract test."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SKIPPED = shutil.ignore_patterns(".git", ".sandbox", "__pycache__", ".*_cache", ".hypothesis", "test_drift_drills.py")


def rename_an_input(copy: Path) -> None:
    shell = copy / "nodes" / "gate.py"
    shell.write_text(shell.read_text().replace('"message": (', '"notice": ('))


def add_a_class_that_is_not_registered(copy: Path) -> None:
    shell = (copy / "nodes" / "gate.py").read_text()
    (copy / "nodes" / "lock.py").write_text(shell.replace("class Gate", "class Lock").replace('"Gate"', '"Lock"'))


def annotate_the_mapping(copy: Path) -> None:
    init = copy / "__init__.py"
    init.write_text(init.read_text().replace("NODE_CLASS_MAPPINGS = {", "NODE_CLASS_MAPPINGS: dict[str, type] = {"))


FAILING = {
    rename_an_input: "nodes.py::test_a_node_keeps_the_contract[SwitchyardGate]",
    add_a_class_that_is_not_registered: "registration.py::test_every_class_in_nodes_is_registered",
    annotate_the_mapping: "registration.py::test_a_scanner_that_reads_the_source_finds_every_id_and_no_other",
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What the contract tests say after each drill, all of them run side by side."""
    running = {}
    for drill in FAILING:
        copy = tmp_path_factory.mktemp(drill.__name__) / "copy"
        shutil.copytree(ROOT, copy, ignore=SKIPPED)
        drill(copy)
        command = [sys.executable, "-m", "pytest", "tests/contract", "-q", "-p", "no:cacheprovider", "--tb=line", "-rf"]
        command += ["--ignore", "tests/contract/test_locales.py"]  # one drift is a text too few in each language
        running[drill] = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=copy)
    return {drill: process.communicate()[0] for drill, process in running.items()}


@pytest.mark.parametrize("drill", FAILING)
def test_a_drift_fails_exactly_one_test(drill, answers):
    failed = re.findall(r"^FAILED tests/contract/test_(\S+)", answers[drill], re.MULTILINE)
    assert failed == [FAILING[drill]], answers[drill][-3000:]
