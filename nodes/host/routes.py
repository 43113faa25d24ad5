"""Templates over HTTP: what the page saves, lists and loads, in one folder of the user who asks.

GET  /switchyard/templates         every template in short: {"templates": [{"name", "title", "description",
                                   "parameters": how many, "error": text or null}]}
GET  /switchyard/templates/{name}  one template, as it is in its file
POST /switchyard/templates         saves one: {"name", "title", "description", "overwrite", "output", "workflow"}, the
                                   last two from graphToPrompt -> 201 {"name", "parameters", "remarks"}

A refusal is {"error": a sentence for a person}. The files are written by the same code as from the command line.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .node_definitions import definitions

PREFIX = "/switchyard/templates"
MOST_MEGABYTES = 32
_saving = threading.Lock()  # between looking whether a file is there and writing it

Answer = tuple[int, Any]


class RefusedError(Exception):
    """What is asked for can't be done.

    Attributes:
        status: the HTTP status that says so.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def register_routes() -> None:
    """Adds our routes to ComfyUI's server, if there is one, and unless another copy of the pack has done so."""
    server = getattr(getattr(sys.modules.get("server"), "PromptServer", None), "instance", None)
    if server is None or any(getattr(route, "path", None) == PREFIX for route in server.routes):
        return
    server.routes.get(PREFIX)(_answering(_list))
    server.routes.get(PREFIX + "/{name}")(_answering(_read))
    server.routes.post(PREFIX)(_answering(_save))


def _answering(handle: Callable[[Any], Awaitable[Answer]]) -> Callable[[Any], Awaitable[Any]]:
    """A handler for the server, which never lets an error through: each becomes a sentence."""

    async def answer(request: Any) -> Any:
        from aiohttp import web

        try:
            status, body = await handle(request)
        except RefusedError as refusal:
            status, body = refusal.status, {"error": str(refusal)}
        except web.HTTPException:
            raise
        except OSError as problem:
            logging.warning("Switchyard: the folder of templates: %s", problem)
            status, body = 503, {"error": f"The folder of templates can't be used: {problem.strerror or problem}."}
        except Exception as problem:
            logging.exception("Switchyard: %s %s", request.method, request.path)
            what = f"{type(problem).__name__}: {problem}"
            status, body = 500, {"error": f"That failed in a way nobody foresaw; ComfyUI's log has more. ({what})"}
        return web.json_response(body, status=status)

    return answer


async def _list(request: Any) -> Answer:
    templates = await asyncio.to_thread(_all_in, _folder_of(request))
    return 200, {"templates": templates}


async def _read(request: Any) -> Answer:
    name = _checked_name(request.match_info["name"])
    return 200, await asyncio.to_thread(_document_in, _folder_of(request), name)


async def _save(request: Any) -> Answer:
    if request.content_type != "application/json":  # what a form of another site can send is none
        raise RefusedError(415, f'The body has to be JSON ("application/json"), not {request.content_type!r}.')
    folder = _folder_of(request)
    body = await _body_of(request)
    return 201, await asyncio.to_thread(lambda: _save_in(folder, _read_body(body)))


def _folder_of(request: Any) -> Path:
    """Where the templates of the user who asks are; it need not exist."""
    from server import PromptServer

    users = PromptServer.instance.user_manager
    try:
        path = users.get_request_user_filepath(request, "switchyard/templates/any", create_dir=False)
    except KeyError as unknown:
        raise RefusedError(403, "This ComfyUI has no such user. Log in anew.") from unknown
    if path is None:
        raise RefusedError(403, "This user has no folder of their own on this ComfyUI.")
    return Path(path).parent


async def _body_of(request: Any) -> bytes:
    """What was sent, unless it is too big."""
    body = bytearray()
    async for chunk in request.content.iter_chunked(2**16):
        body += chunk
        if len(body) > MOST_MEGABYTES * 2**20:
            raise RefusedError(413, f"The workflow is too big for a template: more than {MOST_MEGABYTES} MB.")
    return bytes(body)


def _read_body(body: bytes) -> dict[str, Any]:
    """The JSON object that was sent; NaN and numbers beyond all bounds are no JSON, whatever Python says."""
    try:
        document = json.loads(body, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as problem:
        raise RefusedError(400, f"The body is no JSON: {problem}.") from problem
    if not isinstance(document, dict):
        raise RefusedError(400, "The body has to be a JSON object.")
    return document


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number in JSON")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def _checked_name(name: Any) -> str:
    from ...switchyard.template.files import check_name

    if not isinstance(name, str) or len(name) > 200:  # longer than what is worth repeating in an answer
        raise RefusedError(400, f"{_short(name)} can't be a template's name.")
    with _refusing(400):
        return check_name(name)


@contextmanager
def _refusing(status: int, folder: Path | None = None) -> Iterator[None]:
    """Turns an error of the template's code into a refusal, in which files are named without their folder."""
    from ...switchyard.template import TemplateError, TemplateExists

    try:
        yield
    except TemplateExists as problem:
        raise RefusedError(409, "There is a template of that name already.") from problem
    except TemplateError as problem:
        text = str(problem) if folder is None else str(problem).replace(f"{folder}{os.sep}", "")
        raise RefusedError(503 if isinstance(problem.__cause__, OSError) else status, text) from problem


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _checked_file(folder: Path, name: str) -> Path:
    """The file of a template, there or not; not a link that leads elsewhere, which would reach out of the folder."""
    path = folder / f"{name}.json"
    if _leads_out(path):
        raise RefusedError(
            400, f"{path.name} is a link to a file outside of the folder of templates, so it is left alone."
        )
    return path


def _leads_out(path: Path) -> bool:
    try:
        return path.is_symlink() and path.resolve().parent != path.parent.resolve()
    except (OSError, RuntimeError):  # a link that leads to itself
        return True


def _all_in(folder: Path) -> list[dict[str, Any]]:
    from ...switchyard.template import list_templates

    return [_in_short(listed, folder) for listed in list_templates(folder)]


def _in_short(listed: Any, folder: Path) -> dict[str, Any]:
    leads_out = _leads_out(listed.path)
    if leads_out or listed.template is None:
        error = "It is a link to a file outside of the folder of templates." if leads_out else listed.error
        short = {"title": "", "description": "", "parameters": 0, "error": error.replace(f"{folder}{os.sep}", "")}
    else:
        template = listed.template
        count = len(template.parameters)
        short = {"title": template.title, "description": template.description, "parameters": count, "error": None}
    return {"name": listed.name, **short}


def _document_in(folder: Path, name: str) -> dict[str, Any]:
    from ...switchyard.template import Template

    path = _checked_file(folder, name)
    if not path.is_file():
        raise RefusedError(404, f"There is no template {name!r}.")
    with _refusing(422, folder):
        return Template.load(path).document()


def _save_in(folder: Path, body: dict[str, Any]) -> dict[str, Any]:
    """Makes a template of what the page sent, and writes it."""
    from ...switchyard.template import Template

    name = _checked_name(body.get("name"))
    _checked_file(folder, name)
    overwrite = _of_kind(body, "overwrite", bool, False)
    texts = {key: _of_kind(body, key, str, "") for key in ("title", "description")}
    graph = _of_kind(body, "output", dict, None)
    workflow = _of_kind(body, "workflow", dict, None)
    if graph is None:
        raise RefusedError(400, 'The graph is missing: "output" has to be what graphToPrompt gives.')
    classes = [node.get("class_type") for node in graph.values() if isinstance(node, dict)]
    known = definitions(kind for kind in classes if isinstance(kind, str))
    with _refusing(400, folder):
        template = Template.from_workflow(graph, name=name, workflow=workflow, object_info=known, **texts)
        with _saving:
            template.save(folder, overwrite=overwrite)
    return {
        "name": name,
        "parameters": template.document()["parameters"],
        "remarks": list(template.remarks),
    }


def _of_kind(body: dict[str, Any], key: str, kind: type, default: Any) -> Any:
    value = body.get(key)
    if value is None:
        return default
    if not isinstance(value, kind):
        words = {str: "text", bool: "true or false", dict: "an object"}
        raise RefusedError(400, f'"{key}" has to be {words[kind]}, but is {_short(value)}.')
    return value
