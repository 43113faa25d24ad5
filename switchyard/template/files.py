"""Templates as files: read with care, checked against the published schema, written whole or not at all."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import TemplateError, TemplateExists
from ..graphs import check_links, kind_of, plain_json
from .json_schema import validate

FORMAT = "switchyard/workflow-template"
VERSION = 1
SCHEMA_FILE = Path(__file__).with_name("workflow-template-1.schema.json")
LARGEST_FILE = 64 * 2**20
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}


def check_name(name: Any) -> str:
    """The name, if a template can have it: it is the file's name too, so it can't lead out of its folder."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise TemplateError(
            f"{name!r} can't be a template's name: use lower-case letters, digits, _ and -, at most 64, such as "
            f'"{suggest_name(name)}".'
        )
    if name in _DEVICES:
        raise TemplateError(f"\"{name}\" can't be a template's name: Windows keeps it for a device.")
    return name


def suggest_name(text: Any) -> str:
    """A valid name that is near to a text."""
    name = re.sub(r"[^a-z0-9]+", "_", str(text).casefold()).strip("_")[:64]
    return "template" if not name else f"{name[:60]}_1" if name in _DEVICES else name


def read_json(path: Path) -> Any:
    """What a JSON file holds; raises TemplateError that names the file."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as problem:
        raise TemplateError(f"{path} can't be read: {problem.strerror or problem}.") from problem
    except ValueError as problem:  # a zero byte in the path
        raise TemplateError(f"{str(path)!r} can't be read: {problem}.") from problem
    if len(data) > LARGEST_FILE:
        raise TemplateError(f"{path} has more than {LARGEST_FILE >> 20} MB: it is no template or graph.")
    return parse_json(data, str(path))


def parse_json(data: bytes, what: str, is_strict: bool = True) -> Any:
    """What JSON text holds; raises TemplateError that says where it is broken.

    Without `is_strict` it may have NaN, which ComfyUI writes into pictures where a node has said "always run again".
    """
    try:
        text = data.decode("utf-8-sig")
        constant = _no_constant if is_strict else float
        return json.loads(text, object_pairs_hook=_no_doubles, parse_constant=constant)
    except UnicodeDecodeError as problem:
        raise TemplateError(f"{what} is not text in UTF-8, so it is no JSON.") from problem
    except json.JSONDecodeError as problem:
        where = f"line {problem.lineno}, column {problem.colno}"
        raise TemplateError(f"{what} is no JSON: {problem.msg} ({where}).") from problem
    except (RecursionError, ValueError) as problem:
        reason = "it is nested too deeply" if isinstance(problem, RecursionError) else str(problem)
        raise TemplateError(f"{what} can't be used: {reason}.") from problem


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f'"{name}" is there twice in one object')
        found[name] = value
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"it has {name}, which is no JSON")


def schema() -> dict[str, Any]:
    """The published JSON Schema of a template's file."""
    return json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


def check_document(document: Any) -> dict[str, Any]:
    """A copy of a document.

    Raises:
        TemplateError: it is no template of the version that is read here, or its graph is not complete.
    """
    if not isinstance(document, Mapping):
        raise TemplateError(f"A template is an object, but this is {kind_of(document)}.")
    if document.get("format") != FORMAT:
        raise TemplateError(
            f'This is no Switchyard template: its "format" is not "{FORMAT}". `switchyard template save` makes one of '
            "a graph, `switchyard template import` of other tools' templates."
        )
    version = document.get("format_version")
    if version != VERSION or isinstance(version, bool):
        newer = isinstance(version, int) and version > VERSION
        hint = "Update Switchyard." if newer else f"It must be {VERSION}."
        raise TemplateError(f"Version {version!r} of the template format is not known here. {hint}", "/format_version")
    document = plain_json(document, "the template")
    validate(document, schema())
    check_links(document["graph"])
    return document


def read_workflow(workflow: Any) -> dict[str, Any]:
    """A copy of what the page saves; raises TemplateError if it is something else."""
    if not isinstance(workflow, Mapping) or not isinstance(workflow.get("nodes"), list):
        raise TemplateError(f"A workflow of the page has a list of nodes, but this is {kind_of(workflow)} without one.")
    return plain_json(workflow, "the workflow")


def write(folder: Path, name: str, document: Mapping[str, Any], overwrite: bool) -> Path:
    """Writes a template's file beside its place, then moves it there; see `Template.save`."""
    path = folder / f"{check_name(name)}.json"
    document = check_document(document)  # what is written can be read again
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:  # half of a character, as pages cut text: only escapes can hold it
        data = (json.dumps(document, indent=1, allow_nan=False) + "\n").encode("utf-8")
    if len(data) > LARGEST_FILE:
        raise TemplateError(f"The template has more than {LARGEST_FILE >> 20} MB: no such file would be read again.")
    try:
        _make_folder(folder)
        part = folder / f".{name}.{secrets.token_hex(8)}.part"
        try:
            with part.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if overwrite:
                os.replace(part, path)
            else:
                _move_to_a_free_place(part, path)
        finally:
            part.unlink(missing_ok=True)
    except FileExistsError as problem:
        raise TemplateExists(
            f"There is a template {name} already, in {folder}. Overwrite it, or choose a name."
        ) from problem
    except OSError as problem:
        raise TemplateError(f"{path} can't be written: {problem.strerror or problem}.") from problem
    return path


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as problem:
        raise TemplateError(f"{folder} is no folder, so no template can go there.") from problem
    except ValueError as problem:  # a zero byte in the path
        raise TemplateError(f"{str(folder)!r} can't be a folder: {problem}.") from problem


def _move_to_a_free_place(part: Path, path: Path) -> None:
    """Moves a file, unless something is there: also if two do it at once, where the disk has hard links."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:  # no hard links here
        if path.exists() or path.is_symlink():
            raise FileExistsError(path) from None
        os.replace(part, path)
