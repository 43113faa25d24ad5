"""The functions and the format that the ComfyUI tutorial's chapter on advanced workflows prints, made right.

There a template is {"name", "description", "version": "1.0", "workflow": graph, "parameters": [{"node", "param",
"type", "label"}]}, and values are given by node id. Here they are given by name: "prompt" is the positive prompt
whichever node holds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import TemplateError
from ..graphs import describe_node, kind_of, read_graph
from .app_mode import literal_type, make_parameter
from .files import suggest_name
from .groups import slug, unique_name
from .guesses import guess_parameters
from .parameters import Parameter, show
from .template import Template

VERSION = "1.0"
_FIELDS = {"name", "description", "version", "workflow", "parameters"}


def save_workflow_template(
    workflow: Mapping[str, Any], name: str, description: str, folder: str | Path = "templates", overwrite: bool = False
) -> Path:
    """Saves a graph as a template, `<folder>/<name>.json`; gives the file's path.

    Args:
        workflow: a graph in API format.
        name: what it is called, by lower-case letters, digits, _ and -.
        description: what it makes.
        folder: where it goes; it is made if it is missing.
        overwrite: whether to replace a template of that name.

    Raises:
        TemplateError: the graph or the name can't be used, or the template is there already.
    """
    template = Template.from_workflow(workflow, name=name, description=description)
    return template.save(folder, overwrite=overwrite)


def extract_configurable_params(workflow: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The parameters of a graph: what stands in a template's file, and "node" and "param", the first input set."""
    template = Template.from_workflow(workflow, name="parameters")
    return [
        {"node": parameter.bind[0].node, "param": parameter.bind[0].input, **parameter.document()}
        for parameter in template.parameters
    ]


def load_and_customize(template_path: str | Path, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The graph of a template, ours or the tutorial's, with values set by name.

    Raises:
        TemplateError: the file is no template, a name is unknown, or a value is not allowed. Values by node id are
            refused, with the names of the parameters: ids move, and "3" may as well be the negative prompt.
    """
    from .importing import open_any

    template = open_any(Path(template_path))
    for key, value in overrides.items() if isinstance(overrides, Mapping) else ():
        if isinstance(value, Mapping):
            raise TemplateError(_by_id(template, str(key)))
    return template.apply(overrides)


def _by_id(template: Template, node_id: str) -> str:
    names = ", ".join(parameter.name for parameter in template.parameters) or "none"
    held = [
        f"its {bind.input} is the parameter {parameter.name}"
        for parameter in template.parameters
        for bind in parameter.bind
        if bind.node == node_id
    ]
    if node_id not in template.graph:
        found = f"the graph has no node {node_id}"
    else:
        found = f"{describe_node(template.graph, node_id)}: {', '.join(held) or 'it holds no parameter'}"
    return f'Values are given by name, not by node id ("{node_id}"): {found}. The names are: {names}.'


def is_tutorial_template(document: Any) -> bool:
    """Whether a document looks like the tutorial's format."""
    return isinstance(document, Mapping) and {"workflow", "parameters"} <= document.keys() and "format" not in document


def read_tutorial_template(document: Mapping[str, Any], name: str = "") -> Template:
    """A template from the tutorial's format; `name` if its own can't be used.

    Its parameters have no names. Prompts are called by how samplers use them, others as their input; remarks say what
    was left out.

    Raises:
        TemplateError: it is of another version, has no graph, or a parameter is none.
    """
    version = document.get("version")
    if version != VERSION:
        raise TemplateError(f"Version {version!r} of the tutorial's template format is not known here; {VERSION!r} is.")
    if not isinstance(document["workflow"], Mapping) or not isinstance(document["parameters"], list):
        raise TemplateError('A template of the tutorial has a graph in "workflow" and a list in "parameters".')
    graph = read_graph(document["workflow"])
    guessed, _ = guess_parameters(graph, {})
    names = {(bind.node, bind.input): parameter.name for parameter in guessed for bind in parameter.bind}
    parameters: list[Parameter] = []
    remarks = [f'"{key}" was left out.' for key in document if key not in _FIELDS]
    for index, entry in enumerate(document["parameters"]):
        place = _place(entry, f"/parameters/{index}")
        node_id, key = place
        if node_id not in graph or key not in graph[node_id]["inputs"]:
            raise TemplateError(
                f"It sets {key} of node {node_id}, which the graph does not have.", f"/parameters/{index}"
            )
        kind = literal_type(graph, None, place, {})
        if not kind:
            remarks.append(f"{key} of {describe_node(graph, node_id)} is no parameter: another node is plugged in.")
            continue
        taken = {parameter.name for parameter in parameters}
        own = unique_name(names.get(place) or slug(key, "value"), taken)
        parameters.append(make_parameter(graph, own, kind, [place], {}, str(entry.get("label") or "")))
    title = str(document.get("name") or "")
    base = Template.from_workflow(graph, name=name or suggest_name(title or "template"), marks="samplers")
    template = Template(
        name=base.name,
        graph=graph,
        parameters=tuple(parameters),
        outputs=base.outputs,
        title=title,
        description=str(document.get("description") or ""),
        provenance={"made_from": "a template of the ComfyUI tutorial"},
        remarks=tuple(remarks),
    )
    template.verify()
    return template


def _place(entry: Any, where: str) -> tuple[str, str]:
    if not isinstance(entry, Mapping):
        raise TemplateError(f"must be an object, but is {kind_of(entry)}", where)
    for key in ("node", "param"):
        if not isinstance(entry.get(key), str):
            raise TemplateError(f'needs "{key}", a text, but it is {show(entry.get(key))}', where)
    return entry["node"], entry["param"]
