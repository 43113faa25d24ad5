"""The templates in a folder, and how two of them differ."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import TemplateError
from .parameters import same
from .template import Template


@dataclass(frozen=True)
class Listed:
    """A file in a folder of templates: the template, or why it is none."""

    name: str
    path: Path
    template: Template | None
    error: str = ""


def list_templates(folder: str | Path) -> list[Listed]:
    """What the JSON files of a folder hold, by name; nothing if there is no such folder."""
    found = []
    try:
        paths = sorted(Path(folder).glob("*.json"))
    except OSError as problem:
        raise TemplateError(f"{folder} can't be read: {problem.strerror or problem}.") from problem
    for path in paths:
        if path.name.startswith("."):
            continue
        try:
            template = Template.load(path)
            if template.name != path.stem:
                raise TemplateError(f'It calls itself "{template.name}", but the file is called {path.name}.')
            found.append(Listed(path.stem, path, template))
        except TemplateError as problem:
            found.append(Listed(path.stem, path, None, str(problem)))
    return found


@dataclass(frozen=True)
class Difference:
    """One thing that differs: what it is about, and its two values; None where it is not there."""

    what: str
    before: Any
    after: Any


def compare_templates(a: Template, b: Template) -> list[Difference]:
    """How b differs from a: texts, parameters, nodes and their inputs. Layout and remarks don't count."""
    first, second = a.document(), b.document()
    differences = [
        Difference(key, first.get(key), second.get(key))
        for key in sorted((first.keys() | second.keys()) - {"parameters", "graph", "workflow", "provenance"})
        if first.get(key) != second.get(key)
    ]
    parameters = [{item["name"]: item for item in document["parameters"]} for document in (first, second)]
    nodes = [document["graph"] for document in (first, second)]
    for what, (before, after), parts in (("parameter", parameters, _fields), ("node", nodes, _inputs)):
        for name in [*before, *(name for name in after if name not in before)]:
            if name not in before or name not in after:
                differences.append(Difference(f"{what} {name}", before.get(name), after.get(name)))
                continue
            old, new = parts(before[name]), parts(after[name])
            differences += [
                Difference(f"{what} {name}: {key}", old.get(key), new.get(key))
                for key in [*old, *(key for key in new if key not in old)]
                if not same(old.get(key), new.get(key))
            ]
    return differences


def _fields(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "name"}


def _inputs(node: dict[str, Any]) -> dict[str, Any]:
    return {"class_type": node["class_type"], **node["inputs"]}
