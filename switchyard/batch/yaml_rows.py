"""Rows of a YAML file, by the rules of YAML 1.2: PyYAML's own are older, and take `no` for false and 1:30 for 90."""

from __future__ import annotations

import importlib
import re
from typing import Any

from ..errors import TemplateError

_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"
_PLAIN = {  # what a word without quotes is; anything else is text
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?[0-9]+", list("-+0123456789")),
    "float": (r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
    "merge": (r"<<", ["<"]),
}


def read_yaml(text: str, what: str) -> list[tuple[int, Any]]:
    """The items of the list that YAML text holds, each with the number of its line.

    Raises:
        TemplateError: it is no YAML, no list, or a row has a name twice; or PyYAML is not installed.
    """
    yaml = _yaml()
    try:
        loader = _loader(yaml)(text)
        document = loader.get_single_node()
        if document is None:
            return []
        if not isinstance(document, yaml.SequenceNode):
            raise TemplateError(f"{what} must hold a list, a row for each job, each begun with a dash.")
        for item in document.value:
            _check_names(item, what)
        return [(item.start_mark.line + 1, loader.construct_document(item)) for item in document.value]
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        reason = getattr(problem, "problem", None) or getattr(problem, "reason", None) or problem
        raise TemplateError(f"{what}{where}: It is no YAML: {reason}.") from problem
    except (ValueError, RecursionError) as problem:
        reason = "it is nested too deeply" if isinstance(problem, RecursionError) else str(problem)
        raise TemplateError(f"{what} can't be used: {reason}.") from problem


def _check_names(item: Any, what: str) -> None:
    pairs = item.value if item.id == "mapping" else ()
    names = [key.value for key, _ in pairs if key.id == "scalar" and key.tag != _MERGE]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise TemplateError(f'{what}, line {item.start_mark.line + 1}: "{twice}" is there twice in one row.')


def _loader(yaml: Any) -> Any:
    """PyYAML's safe loader with the types of JSON alone: no dates, no sets, no bytes."""
    safe = yaml.SafeLoader
    own = type("RowLoader", (safe,), {"yaml_implicit_resolvers": {}, "yaml_constructors": {}})
    for name, (pattern, first) in _PLAIN.items():
        own.add_implicit_resolver(f"{_TAG}{name}", re.compile(rf"(?:{pattern})\Z"), first)
    for name in ("null", "bool", "str", "seq", "map"):
        own.add_constructor(f"{_TAG}{name}", safe.yaml_constructors[f"{_TAG}{name}"])
    own.add_constructor(f"{_TAG}int", lambda loader, node: int(loader.construct_scalar(node)))
    own.add_constructor(f"{_TAG}float", lambda loader, node: float(loader.construct_scalar(node)))
    own.add_constructor(None, safe.yaml_constructors[None])  # what has another type is an error that names it
    return own


def _yaml() -> Any:
    try:
        return importlib.import_module("yaml")
    except ImportError as problem:
        raise TemplateError(
            "To read YAML, the Python package PyYAML is needed: pip install PyYAML. Or give a .jsonl or .csv file."
        ) from problem
