"""`switchyard template`: save, show, list, set, check, schema, import, diff."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from . import template_arguments as common
from .client import Client
from .console import add_command, say, say_error, say_json, table
from .errors import TemplateError
from .template import ABSENT, Parameter, Template, compare_templates, list_templates, open_any
from .template.files import read_json, read_workflow, schema, suggest_name
from .template.parameters import describe_range, show
from .template.png import is_png


def add_to(commands: Any) -> None:
    """Adds the commands."""
    parser = commands.add_parser("template", help="save, look at, change and check templates")
    own = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_makers(own)
    _add_readers(own)

    parser = add_command(
        own,
        "set",
        "change a template's defaults, or write its graph with other values",
        'switchyard template set hires_fix steps=30 prompt="a lighthouse" --graph graph.json',
        set_values,
    )
    common.add_template(parser)
    common.add_values(parser)
    common.add_folder(parser)
    parser.add_argument("--as", dest="new_name", metavar="NAME", help="save the changed template under this name")
    parser.add_argument(
        "--graph",
        metavar="FILE",
        help='write the graph (API format) with the values to FILE, or "-"; the template stays',
    )

    parser = add_command(
        own,
        "diff",
        "say how two templates differ; exit code 1 if they do",
        "switchyard template diff old.json new",
        diff,
    )
    parser.add_argument("before", metavar="BEFORE", help="a template's file or name")
    parser.add_argument("after", metavar="AFTER", help="a template's file or name")
    common.add_folder(parser)


def _add_makers(own: Any) -> None:
    save = add_command(
        own,
        "save",
        "make a template of a graph: a file of Export (API), or a picture that ComfyUI saved",
        "switchyard template save hires_fix_api.json --name hires_fix",
        save_graph,
    )
    save.add_argument("graph", type=Path, metavar="FILE", help="the graph in API format, or a PNG")
    importing = add_command(
        own,
        "import",
        "make a template of what others have made: a tutorial's template, an App mode workflow, a graph, a picture",
        "switchyard template import portrait.app.json --graph portrait_api.json",
        import_file,
    )
    importing.add_argument("file", type=Path, metavar="FILE", help="what to import")
    importing.add_argument("--graph", type=Path, metavar="FILE", help="for the page's workflow: its Export (API)")
    for parser in (save, importing):
        parser.add_argument("--name", default="", help="what the template is called (default: as the file)")
        parser.add_argument("--title", default="", help="a name for people")
        parser.add_argument("--description", default="", help="what it makes")
        parser.add_argument("--workflow", type=Path, metavar="FILE", help="for a graph: the page's workflow of it")
        parser.add_argument("--overwrite", action="store_true", help="replace a template of this name")
        common.add_folder(parser)
        common.add_server(parser, "take limits and choices from this server's nodes")


def _add_readers(own: Any) -> None:
    example = "switchyard template show hires_fix"
    parser = add_command(own, "show", "show a template's parameters", example, show_template)
    common.add_template(parser)
    common.add_folder(parser)
    parser.add_argument("--server", metavar="URL", help="look among the templates saved on this server's page too")

    example = "switchyard template list --server http://127.0.0.1:8188"
    parser = add_command(own, "list", "list the templates of a folder, or those saved on a page", example, list_all)
    common.add_folder(parser)
    parser.add_argument("--server", metavar="URL", help="list those saved on this server's page instead")

    example = "switchyard template check hires_fix --server http://127.0.0.1:8188"
    text = "say what keeps a template from running; exit code 1 if something does"
    parser = add_command(own, "check", text, example, check)
    common.add_template(parser)
    common.add_values(parser)
    common.add_folder(parser)
    common.add_server(parser, "check nodes, models and limits against this server")

    example = "switchyard template schema hires_fix > hires_fix.schema.json"
    text = "write the JSON Schema of a template's values; without a template that of the template format"
    parser = add_command(own, "schema", text, example, write_schema)
    parser.add_argument("template", nargs="?", metavar="TEMPLATE", help="a template's file or name")
    common.add_folder(parser)
    common.add_server(parser, "put the choices that this server has into it")


def save_graph(options: argparse.Namespace) -> int:
    info = common.read_object_info(options)
    texts = {"title": options.title, "description": options.description}
    name = options.name or suggest_name(options.graph.name.split(".")[0])
    if is_png(options.graph):
        template = Template.from_png(options.graph, name=name, object_info=info, **texts)
    else:
        page = read_workflow(read_json(options.workflow)) if options.workflow else None
        graph = read_json(options.graph)
        template = Template.from_workflow(graph, name=name, workflow=page, object_info=info, **texts)
    return _store(template, options)


def import_file(options: argparse.Namespace) -> int:
    template = open_any(
        options.file,
        name=options.name,
        graph=options.graph,
        workflow=options.workflow,
        object_info=common.read_object_info(options),
    )
    texts = {key: getattr(options, key) for key in ("name", "title", "description") if getattr(options, key)}
    return _store(replace(template, **texts), options)


def _store(template: Template, options: argparse.Namespace) -> int:
    path = template.save(options.folder, overwrite=options.overwrite)
    if options.json:
        parameters = [parameter.document() for parameter in template.parameters]
        say_json({"path": str(path), "name": template.name, "parameters": parameters, "remarks": template.remarks})
        return 0
    for remark in template.remarks:
        say_error(f"note: {remark}")
    say(f"Saved {path}.")
    _say_parameters(template)
    return 0


def show_template(options: argparse.Namespace) -> int:
    template = common.find_template(options.template, options.folder, options.server)
    if options.json:
        say_json(template.document())
        return 0
    say(
        " ".join(
            part for part in (f"{template.name} {template.version}", template.title and f"- {template.title}") if part
        )
    )
    if template.description:
        say(template.description)
    _say_parameters(template)
    for output in template.outputs:
        say(f"Output {output.name}: node {output.node}{f', {output.kind}' if output.kind else ''}.")
    for model in template.requires.get("models", ()):
        say(f"Needs the model {model['folder']}/{model['name']}{' from ' + model['url'] if model.get('url') else ''}.")
    for pack in template.requires.get("node_packs", ()):
        say(f"Needs the node pack {pack['id']} {pack.get('version', '')}".rstrip() + ".")
    return 0


def _say_parameters(template: Template) -> None:
    labels = {group.name: group.label or group.name for group in template.groups}
    shown: dict[str, list[tuple[str, ...]]] = {}
    for parameter in template.parameters:
        default = "(must be given)" if parameter.default is ABSENT else show(parameter.default)
        words = ": ".join(part for part in (parameter.label, parameter.description) if part)
        row = (parameter.name, parameter.type, default, _allowed(parameter), words)
        shown.setdefault(labels.get(parameter.group, ""), []).append(row)
    for group, rows in shown.items():
        if group:
            say(f"{group}:")
        for line in table(rows):
            say(line)
    if not shown:
        say("It has no parameters.")


def _allowed(parameter: Parameter) -> str:
    if parameter.choices:
        return " | ".join(map(str, parameter.choices))
    if parameter.min is None and parameter.max is None:
        return ""
    return describe_range(parameter.min, parameter.max)


def list_all(options: argparse.Namespace) -> int:
    if options.server:
        found = Client(options.server).templates()
        rows = [(item["name"], item.get("error") or item.get("title") or "") for item in found]
    else:
        listed = list_templates(options.folder)
        found = [
            {
                "name": item.name,
                "title": item.template.title if item.template else "",
                "description": item.template.description if item.template else "",
                "parameters": len(item.template.parameters) if item.template else 0,
                "error": item.error or None,
            }
            for item in listed
        ]
        rows = [(item.name, item.error or (item.template.title if item.template else "")) for item in listed]
    if options.json:
        say_json({"templates": found})
        return 0
    for line in table(rows, ""):
        say(line)
    if not rows:
        where = f"on {Client(options.server).url}" if options.server else f"in {options.folder}"
        say_error(f"There are no templates {where}.")
    return 0


def set_values(options: argparse.Namespace) -> int:
    template = common.find_template(options.template, options.folder)
    values = common.read_values(template, options)
    if options.graph:
        text = json.dumps(template.apply(values), ensure_ascii=False, indent=1)
        if options.graph == "-":
            say(text)
            return 0
        _write_text(Path(options.graph), text)
        say_error(f"Wrote {options.graph}.")
        return 0
    if not values and options.new_name is None:
        raise TemplateError("There is nothing to set: give NAME=VALUE, or --graph to write the graph as it is.")
    new = replace(template.with_defaults(values), name=template.name if options.new_name is None else options.new_name)
    path = _place(options, new)
    for remark in new.remarks:
        say_error(f"note: {remark}")
    if options.json:
        say_json({"path": str(path), "values": values})
    else:
        say(f"Saved {path}: {', '.join(f'{name} is {show(value)}' for name, value in values.items()) or 'unchanged'}.")
    return 0


def _place(options: argparse.Namespace, template: Template) -> Path:
    """Writes a changed template over its own file, or beside it under a new name."""
    given = Path(options.template)
    file = given if given.is_file() else options.folder / f"{options.template}.json"
    if options.new_name is None and file.name != f"{template.name}.json":  # else another template would be overwritten
        raise TemplateError(
            f'{file} holds the template "{template.name}": rename the file to {template.name}.json first.'
        )
    return template.save(file.parent, overwrite=options.new_name is None)


def check(options: argparse.Namespace) -> int:
    template = common.find_template(options.template, options.folder, options.server)
    findings = template.check(common.read_object_info(options), common.read_values(template, options))
    errors = [finding for finding in findings if finding.level == "error"]
    if options.json:
        say_json({"ok": not errors, "findings": [asdict(finding) for finding in findings]})
        return 1 if errors else 0
    for finding in findings:
        say(f"{finding.level}: {finding.where + ': ' if finding.where else ''}{finding.message}")
    if not errors:
        against = "" if options.server or options.object_info else " Nodes and models were not checked: give --server."
        say(f"{template.name} is a valid template.{against}" if against else f"{template.name} can run.")
    return 1 if errors else 0


def write_schema(options: argparse.Namespace) -> int:
    if options.template is None:
        say_json(schema())
        return 0
    template = common.find_template(options.template, options.folder, options.server)
    say_json(template.schema(common.read_object_info(options)))
    return 0


def diff(options: argparse.Namespace) -> int:
    before = common.find_template(options.before, options.folder)
    after = common.find_template(options.after, options.folder)
    differences = compare_templates(before, after)
    if options.json:
        say_json({"equal": not differences, "differences": [asdict(item) for item in differences]})
        return 1 if differences else 0
    for item in differences:
        if item.before is None or item.after is None:
            say(f"{'-' if item.after is None else '+'} {item.what}")
        else:
            say(f"  {item.what}: {_short(item.before)} -> {_short(item.after)}")
    return 1 if differences else 0


def _short(value: Any) -> str:
    return show(value) if isinstance(value, (str, int, float, bool)) else show(json.dumps(value, ensure_ascii=False))


def _write_text(path: Path, text: str) -> None:
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as problem:
        raise TemplateError(f"{path} can't be written: {problem.strerror or problem}.") from problem
