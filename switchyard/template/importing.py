"""Opens whatever may hold a template or a graph: ours, the tutorial's, a graph, the page's workflow, a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import TemplateError
from ..graphs import kind_of
from .files import FORMAT, read_json, read_workflow, suggest_name
from .png import is_png, read_png
from .template import Template
from .tutorial import is_tutorial_template, read_tutorial_template


def open_any(
    path: Path,
    *,
    name: str = "",
    graph: Path | None = None,
    workflow: Path | None = None,
    object_info: Mapping[str, Any] | None = None,
    **texts: str,
) -> Template:
    """A template from a file, whatever it holds.

    Args:
        path: a template of ours or of the tutorial, a graph in API format, the page's own workflow, or a PNG.
        name: what the template is called; else as it says itself, else as the file.
        graph: where `path` is the page's own workflow: the same workflow exported with "Export (API)".
        workflow: where `path` is a graph: the page's own format of it.
        object_info: what the server says of its nodes.
        texts: title and description.

    Raises:
        TemplateError: a file can't be read, or holds nothing of these.
    """
    own = name or suggest_name(path.name.split(".")[0])
    options: dict[str, Any] = {"name": own, "object_info": object_info, **texts}
    if is_png(path):
        return Template.from_workflow(read_png(path), **options)
    document = read_json(path)
    if not isinstance(document, Mapping):
        raise TemplateError(f"{path} holds {kind_of(document)}; it takes a template, a graph or a workflow.")
    if document.get("format") == FORMAT or "format_version" in document:
        template = Template.read(document)
        template = replace(template, name=name or template.name, **texts)
        template.verify()
        return template
    if is_tutorial_template(document):
        return replace(read_tutorial_template(document, name), **texts)
    if isinstance(document.get("nodes"), list):
        if graph is None:
            raise TemplateError(
                f"{path} is a workflow as the page saves it, which only the page can turn into a graph. Load it "
                'there and use "Save as template"; or export it with "Export (API)" and give that file too (--graph).'
            )
        return Template.from_workflow(read_json(graph), workflow=read_workflow(document), **options)
    page = read_workflow(read_json(workflow)) if workflow else None
    return Template.from_workflow(document, workflow=page, **options)
