"""What commands have in common: where a template is, values by name, and what the server knows."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .client import DEFAULT_URL, Client
from .errors import TemplateError
from .template import Template
from .template.files import check_name, read_json
from .template.parameters import FILE_TYPES

FOLDER = "templates"
SERVER = "SWITCHYARD_SERVER"


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


def add_connection(parser: argparse.ArgumentParser) -> None:
    """Adds how a server is reached that the command can't do without; `connect` reads it."""
    parser.add_argument(
        "--server",
        default=os.environ.get(SERVER) or DEFAULT_URL,
        metavar="URL",
        help=f"http(s)://[NAME:PASSWORD@]HOST[:PORT][/PATH] (default: the environment's {SERVER}, else {DEFAULT_URL})",
    )
    parser.add_argument(
        "--header",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="send this HTTP header along; may be given several times",
    )
    parser.add_argument("--insecure", action="store_true", help="accept any certificate of an https server")


def connect(options: argparse.Namespace) -> Client:
    """The server that a command line names."""
    headers = dict(_split(header, "VALUE") for header in options.header)
    return Client(options.server, headers=headers, verify=not options.insecure)


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


def find_template(reference: str, folder: Path, server: str | Client | None = None) -> Template:
    """A template by its file, by its name in the folder, or by its name among those saved on a server's page."""
    path = Path(reference)
    if path.suffix == ".json" or path.is_file() or len(path.parts) > 1:
        return Template.load(path)
    check_name(reference)
    named = folder / f"{reference}.json"
    if named.is_file():
        return Template.load(named)
    client = Client(server) if isinstance(server, str) and server else server
    document = client.template(reference) if isinstance(client, Client) else None
    if document is None:
        where = f"{folder} nor on {client.url}" if isinstance(client, Client) else str(folder)
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


def upload_files(template: Template, values: Mapping[str, Any], client: Client) -> dict[str, Any]:
    """The values, with each local file for a picture, mask, video or sound sent to the server and named as it is there.

    A name that is no local file is one of the server's own.
    """
    sent = dict(values)
    for name, value in values.items():
        if template.parameter(name).type in FILE_TYPES and isinstance(value, str) and _is_file(value):
            sent[name] = client.upload(value)
    return sent


def read_object_info(options: argparse.Namespace) -> dict[str, Any] | None:
    """What the server says of its nodes, if the command line names one or a file of it."""
    if options.object_info:
        info = read_json(options.object_info)
        if not isinstance(info, dict):
            raise TemplateError(f"{options.object_info} is no answer of GET /object_info: it holds no object.")
        return info
    return Client(options.server).object_info() if options.server else None


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long, or no path at all
        return False


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
