"""Saving: a template's file is written whole or not at all, and what is written can be read again."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from switchyard.template import Template, TemplateError, TemplateExists, files
from template_graphs import base_and_refiner, hires_fix

OLD = Template.from_workflow(hires_fix(), name="coast", description="Old.")
NEW = Template.from_workflow(base_and_refiner(), name="coast", description="New.")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("broken", ["fsync", "replace"])
@pytest.mark.parametrize("problem", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, broken, problem):
    path = OLD.save(tmp_path)
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise problem

    monkeypatch.setattr(os, broken, fail)
    with pytest.raises((TemplateError, KeyboardInterrupt)) as error:
        NEW.save(tmp_path, overwrite=True)
    if isinstance(problem, OSError):
        assert "can't be written: No space left on device" in str(error.value)
    assert path.read_bytes() == before
    assert names(tmp_path) == ["coast.json"]


def test_a_process_that_is_killed_while_it_saves_leaves_the_old_file(tmp_path):
    path = OLD.save(tmp_path)
    before = path.read_bytes()
    root = Path(files.__file__).parents[2]
    script = (
        "import os, sys; sys.path.insert(0, sys.argv[1])\n"
        "from switchyard import Template\n"
        "os.replace = lambda *_: os._exit(9)\n"
        "Template.load(sys.argv[2]).save(os.path.dirname(sys.argv[2]), overwrite=True)\n"
    )
    assert subprocess.run([sys.executable, "-c", script, str(root), str(path)], check=False).returncode == 9
    assert path.read_bytes() == before
    assert [held.name for held in tmp_path.glob("*.json")] == ["coast.json"]


def test_without_hard_links_nothing_is_overwritten_either(tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", fail)
    path = OLD.save(tmp_path)
    assert Template.load(path) == OLD
    with pytest.raises(TemplateExists):
        NEW.save(tmp_path)
    assert Template.load(path) == OLD
    assert names(tmp_path) == ["coast.json"]


def test_of_many_who_save_at_once_one_wins(tmp_path):
    for turn in range(5):
        start, outcomes = threading.Barrier(6), []

        def save(number: int, start: threading.Barrier = start, outcomes: list = outcomes, turn: int = turn) -> None:
            template = replace(OLD, name=f"coast_{turn}", description=f"By {number}.")
            start.wait()
            try:
                template.save(tmp_path)
                outcomes.append(number)
            except TemplateExists:
                outcomes.append(None)

        threads = [threading.Thread(target=save, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (winner,) = [number for number in outcomes if number is not None]
        assert len(outcomes) == 6
        assert Template.load(tmp_path / f"coast_{turn}.json").description == f"By {winner}."
    assert len(names(tmp_path)) == 5


def test_of_many_who_overwrite_at_once_each_file_is_whole(tmp_path):
    path = OLD.save(tmp_path)
    writers = [threading.Thread(target=lambda held=held: held.save(tmp_path, overwrite=True)) for held in (OLD, NEW)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert Template.load(path).description in ("Old.", "New.")
    assert names(tmp_path) == ["coast.json"]


def test_what_is_no_folder_is_said_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TemplateError, match="is no folder") as error:
        OLD.save(tmp_path / "file")
    assert not isinstance(error.value, TemplateExists)
    with pytest.raises(TemplateError, match="can't be written"):
        OLD.save(tmp_path / "file" / "inner")
    with pytest.raises(TemplateError, match="can't be a folder"):
        OLD.save("a\0b")
    (tmp_path / "coast.json").mkdir()
    with pytest.raises(TemplateExists):
        OLD.save(tmp_path)
    with pytest.raises(TemplateError, match="can't be written"):
        OLD.save(tmp_path, overwrite=True)


def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path):
    outside = tmp_path / "outside.json"
    outside.write_text("precious")
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "coast.json").symlink_to(outside)
    with pytest.raises(TemplateExists):
        OLD.save(folder)
    OLD.save(folder, overwrite=True)
    assert outside.read_text() == "precious"
    assert Template.load(folder / "coast.json") == OLD


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\x00", "🗼", "\u2028", '"\\'])
def test_any_text_comes_back(tmp_path, text):
    graph = OLD.apply({"prompt": text})
    held = Template.from_workflow(graph, name="coast", title=text)
    assert Template.load(held.save(tmp_path)) == held


@pytest.mark.parametrize(
    "change",
    [
        {"title": 5},
        {"tags": ("",)},
        {"version": "1"},
        {"license": None, "description": ["x"]},
        {"provenance": {"x": []}},
        {"requires": {"more": 1}},
        {"workflow": []},
        {"name": "../x"},
        {"graph": {}},
        {"graph": {"1": {"class_type": "A"}}},
        {"parameters": (replace(OLD.parameters[0], name="Not a name"),)},
        {"parameters": (replace(OLD.parameters[0], type="colour"),)},
        {"parameters": (replace(OLD.parameters[0], default=float("nan")),)},
    ],
)
def test_what_could_not_be_read_again_is_not_written(tmp_path, change):
    with pytest.raises(TemplateError):
        replace(OLD, **change).save(tmp_path)
    assert names(tmp_path) == []


def test_the_file_is_for_people_too(tmp_path):
    text = OLD.save(tmp_path).read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert len(text.splitlines()) > 50
    assert list(json.loads(text))[:3] == ["format", "format_version", "name"]
