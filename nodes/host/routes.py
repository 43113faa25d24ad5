"""Templates over HTTP: what the page saves, lists and loads, in one folder of the user who asks.

GET  /switchyard/templates         every template in short: {"templates": [{"name", "title", "description",
                                   "parameters": how many, "error": text or null}]}
GET  /switchyard/templates/{name}  one template, as it is in its file
POST /switchyard/templates         saves one: {"name", "title", "description", "overwrite", "output", "workflow"}, the
                                   last two from graphToPrompt -> 201 {"name", "parameters", "remarks"}
DELETE /switchyard/templates/{name}       deletes one -> {"name"}
POST /switchyard/templates/{name}/rename  {"to": its new name, which no template has} -> {"name"}

A refusal is {"error": a sentence for a person}. The files are written by the same code as from the command line.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from .http_answers import Answer, RefusedError, answering, body_of, of_kind, read_body, server_without, short
from .node_definitions import definitions

PREFIX = "/switchyard/templates"
_saving = threading.Lock()  # between looking whether a file is there and writing it


def register_routes() -> None:
    """Adds our routes to ComfyUI's server, if there is one, and unless another copy of the pack has done so."""
    server = server_without(PREFIX)
    if server is None:
        return
    server.routes.get(PREFIX)(answering(_list))
    server.routes.get(PREFIX + "/{name}")(answering(_read))
    server.routes.post(PREFIX)(answering(_save))
    server.routes.delete(PREFIX + "/{name}")(answering(_delete))
    server.routes.post(PREFIX + "/{name}/rename")(answering(_rename))


async def _list(request: Any) -> Answer:
    templates = await asyncio.to_thread(_all_in, _folder_of(request))
    return 200, {"templates": templates}


async def _read(request: Any) -> Answer:
    name = _checked_name(request.match_info["name"])
    return 200, await asyncio.to_thread(_document_in, _folder_of(request), name)


async def _save(request: Any) -> Answer:
    folder = _folder_of(request)
    body = await body_of(request, "The workflow")
    return 201, await asyncio.to_thread(lambda: _save_in(folder, read_body(body)))


async def _delete(request: Any) -> Answer:
    name = _checked_name(request.match_info["name"])
    await asyncio.to_thread(_delete_in, _folder_of(request), name)
    return 200, {"name": name}


async def _rename(request: Any) -> Answer:
    name = _checked_name(request.match_info["name"])
    folder = _folder_of(request)
    body = read_body(await body_of(request, "The request"))
    wanted = _checked_name(body.get("to"))
    await asyncio.to_thread(_rename_in, folder, name, wanted)
    return 200, {"name": wanted}


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


def _checked_name(name: Any) -> str:
    from ...switchyard.template.files import check_name

    if not isinstance(name, str) or len(name) > 200:  # longer than what is worth repeating in an answer
        raise RefusedError(400, f"{short(name)} can't be a template's name.")
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


def _checked_file(folder: Path, name: str) -> Path:
    """The file of a template, there or not; not a link that leads elsewhere, which would reach out of the folder."""
    path = folder / f"{name}.json"
    if _leads_out(path):
        raise RefusedError(
            400, f"{path.name} is a link to a file outside of the folder of templates, so it is left alone."
        )
    return path


def _present_file(folder: Path, name: str) -> Path:
    path = _checked_file(folder, name)
    if not path.is_file():
        raise RefusedError(404, f"There is no template {name!r}.")
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
        about = {"title": "", "description": "", "parameters": 0, "error": error.replace(f"{folder}{os.sep}", "")}
    else:
        template = listed.template
        count = len(template.parameters)
        about = {"title": template.title, "description": template.description, "parameters": count, "error": None}
    return {"name": listed.name, **about}


def _document_in(folder: Path, name: str) -> dict[str, Any]:
    from ...switchyard.template import Template

    path = _present_file(folder, name)
    with _refusing(422, folder):
        return Template.load(path).document()


def _delete_in(folder: Path, name: str) -> None:
    """Deletes a file, whatever is in it: a broken template can be deleted too."""
    with _saving:
        _present_file(folder, name).unlink()


def _rename_in(folder: Path, name: str, wanted: str) -> None:
    """Writes a template under another name, which is also in the file, and deletes the old file."""
    from ...switchyard.template import Template

    _checked_file(folder, wanted)
    with _saving:
        path = _present_file(folder, name)
        with _refusing(422, folder):
            renamed = replace(Template.load(path), name=wanted).save(folder)
        try:
            path.unlink()
        except OSError:  # it is in use: better one of them than both
            renamed.unlink(missing_ok=True)
            raise


def _save_in(folder: Path, body: dict[str, Any]) -> dict[str, Any]:
    """Makes a template of what the page sent, and writes it."""
    from ...switchyard.template import Template

    name = _checked_name(body.get("name"))
    _checked_file(folder, name)
    overwrite = of_kind(body, "overwrite", bool, False)
    texts = {key: of_kind(body, key, str, "") for key in ("title", "description")}
    graph = of_kind(body, "output", dict, None)
    workflow = of_kind(body, "workflow", dict, None)
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
