"""What commands have in common: where a template is, values by name, and what the server knows."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .client import Client
from .errors import TemplateError
from .template import Template
from .template.files import check_name, read_json

FOLDER = "templates"


def add_template(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("template", metavar="TEMPLATE", help="a template's file, or its name in the folder")


def add_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--folder", type=Path, default=Path(FOLDER), metavar="DIR", help=f"where templates are (default: {FOLDER})"
    )


def add_server(parser: argparse.ArgumentParser, help_text: str) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--server", metavar="URL", help=help_text)
    group.add_argument("--object-info", type=Path, metavar="FILE", help="the same from a saved GET /object_info")


def add_values(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("values", nargs="*", metavar="NAME=VALUE", help='a parameter\'s value; a seed may be "random"')
    parser.add_argument(
        "--from-file",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="take a parameter's value from a text file; may be given several times",
    )
    parser.add_argument("--values-file", type=Path, metavar="FILE", help="values by name, as a JSON object")


def find_template(reference: str, folder: Path, server: str | None = None) -> Template:
    """A template by its file, by its name in the folder, or by its name among those saved on a server's page."""
    path = Path(reference)
    if path.suffix == ".json" or path.is_file() or len(path.parts) > 1:
        return Template.load(path)
    check_name(reference)
    named = folder / f"{reference}.json"
    if named.is_file():
        return Template.load(named)
    document = Client(server).template(reference) if server else None
    if document is None:
        where = f"{folder} nor on {server}" if server else str(folder)
        raise TemplateError(
            f"There is no template {reference} in {where}. Give its file, or the folder that it is in with --folder."
        )
    return Template.read(document)


def read_values(template: Template, options: argparse.Namespace) -> dict[str, Any]:
    """The values that a command line gives: the file's first, then those of text files, then those by name."""
    values: dict[str, Any] = {}
    if options.values_file:
        given = read_json(options.values_file)
        if not isinstance(given, Mapping):
            raise TemplateError(f"{options.values_file} must hold an object of values by name.")
        values.update(given)
    for assignment in options.from_file:
        name, text = _split(assignment, "FILE")
        values[name] = template.parameter(name).read(_read_text(Path(text)))
    for assignment in options.values:
        name, text = _split(assignment, "VALUE")
        values[name] = template.parameter(name).read(text)
    return {name: template.parameter(name).check(value) for name, value in values.items()}


def read_object_info(options: argparse.Namespace) -> dict[str, Any] | None:
    """What the server says of its nodes, if the command line names one or a file of it."""
    if options.object_info:
        info = read_json(options.object_info)
        if not isinstance(info, dict):
            raise TemplateError(f"{options.object_info} is no answer of GET /object_info: it holds no object.")
        return info
    return Client(options.server).object_info() if options.server else None


def _split(assignment: str, what: str) -> tuple[str, str]:
    name, sign, text = assignment.partition("=")
    if not sign or not name:
        raise TemplateError(f'"{assignment}" sets nothing: write NAME={what}, such as steps=30.')
    return name.strip(), text


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not text in UTF-8"
        raise TemplateError(f"{path} can't be read: {reason}.") from problem
