"""Template: a graph with named, typed parameters, as one JSON file."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..errors import TemplateError
from ..graphs import Graph, read_source
from . import files
from .app_mode import app_parameters
from .checks import Finding, check_graph
from .groups import Group, group_parameters, read_groups
from .guesses import guess_parameters
from .marks import CLASSES, feeds, find_marks
from .outputs import Output, find_outputs
from .page_workflow import with_values
from .parameters import ABSENT, Parameter, check_parameter, read_number, read_parameter, same, show, show_plain
from .png import read_png
from .requirements import find_requirements
from .server_nodes import choices


@dataclass(frozen=True)
class Template:
    """A graph with named, typed parameters.

    Attributes:
        name: what it is called and what its file is called, without the suffix.
        graph: what ComfyUI runs, with the values that it was saved with.
        groups: parts of the graph, by which parameters are shown.
        outputs: the nodes whose results count.
        version: the template's own version.
        requires: packs and models that it needs, as in the file.
        workflow: the page's own format, from which it draws the canvas; None if it was not at hand.
        provenance: where it comes from, for people.
        remarks: what was guessed, renamed or left out when it was made from a graph; not saved.
    """

    name: str
    graph: Graph
    parameters: tuple[Parameter, ...] = ()
    groups: tuple[Group, ...] = ()
    outputs: tuple[Output, ...] = ()
    title: str = ""
    description: str = ""
    version: str = "1.0.0"
    tags: tuple[str, ...] = ()
    license: str = ""
    requires: Mapping[str, Any] = field(default_factory=dict)
    workflow: Mapping[str, Any] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def load(cls, path: str | Path) -> Template:
        """A template from its file.

        Raises:
            TemplateError: the file can't be read, or is no valid template of a version that this reads.
        """
        return cls.read(files.read_json(Path(path)))

    @classmethod
    def read(cls, document: Any) -> Template:
        """A template from what its file holds; raises TemplateError, with a JSON pointer to what is wrong."""
        document = files.check_document(document)
        groups = tuple(Group.read(group) for group in document.get("groups", ()))
        outputs = tuple(Output.read(output) for output in document.get("outputs", ()))
        texts = {key: document[key] for key in ("title", "description", "version", "license") if key in document}
        template = cls(
            name=document["name"],
            graph=document["graph"],
            parameters=tuple(read_parameter(parameter) for parameter in document["parameters"]),
            groups=groups,
            outputs=outputs,
            tags=tuple(document.get("tags", ())),
            requires=document.get("requires", {}),
            workflow=document.get("workflow"),
            provenance=document.get("provenance", {}),
            **texts,
        )
        template.verify()
        return template

    @classmethod
    def from_workflow(
        cls,
        source: Any,
        *,
        name: str,
        workflow: Mapping[str, Any] | None = None,
        object_info: Mapping[str, Any] | None = None,
        title: str = "",
        description: str = "",
        marks: str = "auto",
    ) -> Template:
        """A template from a graph: its parameter nodes are its parameters.

        Where it has none, the inputs that the workflow shows in App mode are; where it shows none, the prompts, seeds,
        steps, cfg and denoise of its samplers are, found by following their links. `remarks` says which it was.

        Args:
            source: a graph in API format, the body of a request to /prompt, or what the page's graphToPrompt gives.
            name: what the template is called.
            workflow: the page's own format of the same graph; else the one that the source holds.
            object_info: what the server says of its nodes, for limits; without it they are those of a stock ComfyUI.
            title: a name for people.
            description: what it makes.
            marks: "auto"; or "nodes", "app" or "samplers" to take the parameters from there and nowhere else.

        Raises:
            TemplateError: the graph can't be used, or a parameter node says something that makes no sense.
        """
        files.check_name(name)
        graph, held = read_source(source)
        workflow = held if workflow is None else files.read_workflow(workflow)
        parameters, remarks = _find_parameters(graph, workflow, object_info or {}, marks)
        groups = read_groups(workflow, graph)
        parameters, groups = group_parameters(parameters, groups)
        template = cls(
            name=name,
            graph=graph,
            parameters=parameters,
            groups=groups,
            outputs=find_outputs(graph, workflow),
            title=title,
            description=description,
            requires=find_requirements(workflow),
            workflow=workflow,
            remarks=tuple(remarks),
        )
        template.verify()
        return template

    @classmethod
    def from_png(cls, path: str | Path, *, name: str, **options: Any) -> Template:
        """A template from the graph and the workflow that a saved picture holds; `options` as in `from_workflow`."""
        return cls.from_workflow(read_png(Path(path)), name=name, **options)

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Writes `<folder>/<name>.json`, whole or not at all, and makes the folder.

        Raises:
            TemplateExists: there is a file of that name, and `overwrite` is not set.
            TemplateError: the name would leave the folder, or the file can't be written.
        """
        return files.write(Path(folder), self.name, self.document(), overwrite)

    def document(self) -> dict[str, Any]:
        """What the template's file holds."""
        document: dict[str, Any] = {"format": files.FORMAT, "format_version": files.VERSION, "name": self.name}
        for key in ("title", "description", "version", "tags", "license", "requires", "provenance"):
            value = getattr(self, key)
            if value:
                document[key] = list(value) if key == "tags" else copy.deepcopy(value)
        document["groups"] = [group.document() for group in self.groups]
        document["parameters"] = [parameter.document() for parameter in self.parameters]
        document["outputs"] = [output.document() for output in self.outputs]
        document["graph"] = copy.deepcopy(self.graph)
        document["workflow"] = copy.deepcopy(self.workflow)
        return document

    def verify(self) -> None:
        """Raises TemplateError unless all parts of the template fit together."""
        files.check_name(self.name)
        _check_unique("Parameter", [parameter.name for parameter in self.parameters])
        _check_unique("Group", [group.name for group in self.groups])
        _check_unique("Output", [output.name for output in self.outputs])
        groups = {group.name for group in self.groups}
        bound: dict[tuple[str, str], str] = {}
        for index, parameter in enumerate(self.parameters):
            check_parameter(parameter, self.graph)
            if parameter.group and parameter.group not in groups:
                raise TemplateError(
                    f"Parameter {parameter.name} is in the group {parameter.group}, which is not among the groups: "
                    f"{', '.join(sorted(groups)) or 'there are none'}.",
                    f"/parameters/{index}/group",
                )
            for bind in parameter.bind:
                first = bound.setdefault((bind.node, bind.input), parameter.name)
                if first != parameter.name:
                    raise TemplateError(
                        f"Parameters {first} and {parameter.name} both set {bind.input} of node {bind.node}.",
                        f"/parameters/{index}/bind",
                    )
        for index, output in enumerate(self.outputs):
            if output.node not in self.graph:
                raise TemplateError(
                    f"Output {output.name} is node {output.node}, which the graph doesn't have.",
                    f"/outputs/{index}/node",
                )

    def parameter(self, name: str) -> Parameter:
        """The parameter of a name; raises TemplateError that says which there are."""
        names = [parameter.name for parameter in self.parameters]
        if name in names:
            return self.parameters[names.index(name)]
        near = difflib.get_close_matches(str(name), names, n=1)
        hint = f' Did you mean "{near[0]}"?' if near else ""
        raise TemplateError(
            f"The template {self.name} has no parameter {show(str(name))}.{hint} It has: {', '.join(names) or 'none'}."
        )

    def values(self, overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The value of each parameter: the caller's, else its default.

        Raises:
            TemplateError: a name is unknown, a value is not allowed, or one is missing.
        """
        given = {} if overrides is None else overrides
        if not isinstance(given, Mapping):
            raise TemplateError(f"Values are given by name, as an object, but this is {type(given).__name__}.")
        for name in given:
            self.parameter(name)
        values = {}
        for parameter in self.parameters:
            value = given.get(parameter.name, parameter.default)
            if value is ABSENT:
                raise TemplateError(f"Parameter {parameter.name} has no default: give a value.")
            values[parameter.name] = parameter.check(value)
        return values

    def apply(self, overrides: Mapping[str, Any] | None = None) -> Graph:
        """A copy of the graph with the values of all parameters in it; see `values`."""
        graph = copy.deepcopy(self.graph)
        for name, value in self.values(overrides).items():
            parameter = self.parameter(name)
            for bind in parameter.bind:
                inputs = graph[bind.node]["inputs"]
                is_text = parameter.type == "choice" and bind.class_type in CLASSES  # as which those nodes hold choices
                inputs[bind.input] = _as_literal(show_plain(value) if is_text else value, inputs[bind.input])
        return graph

    def page_workflow(self, overrides: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        """The page's own format with the same values as `apply` gives; None if there is none that surely has them."""
        if self.workflow is None:
            return None
        graph = self.apply(overrides)
        changes = {
            (node_id, name): (old, graph[node_id]["inputs"][name])
            for node_id, node in self.graph.items()
            for name, old in node["inputs"].items()
            if not same(old, graph[node_id]["inputs"][name])
        }
        return with_values(self.workflow, self.graph, changes)

    def with_defaults(self, values: Mapping[str, Any]) -> Template:
        """The template with other defaults, which its graph and its workflow hold too.

        The workflow is left out where it can't be told which of its values are meant; `remarks` says so.

        Raises:
            TemplateError: a name is unknown, or a value is not allowed.
        """
        checked = {name: self.parameter(name).check(value) for name, value in values.items()}
        parameters = tuple(
            replace(parameter, default=checked.get(parameter.name, parameter.default)) for parameter in self.parameters
        )
        changed = replace(self, parameters=parameters)
        if any(parameter.default is ABSENT for parameter in parameters):
            return changed  # a graph with all values can't be made
        workflow = changed.page_workflow()
        lost = self.workflow is not None and workflow is None
        remark = "The layout of the canvas was left out: which of its values are meant can't be told."
        remarks = (*self.remarks, remark) if lost else self.remarks
        return replace(changed, graph=changed.apply(), workflow=workflow, remarks=remarks)

    def schema(self, object_info: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A JSON Schema (draft 2020-12) of the overrides that `apply` takes.

        With `object_info` the choices that only the server knows are in it too.
        """
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.title or self.name,
            "description": self.description or f"The parameters of the template {self.name}.",
            "type": "object",
            "additionalProperties": False,
            "properties": {
                parameter.name: parameter.schema(self._server_choices(parameter, object_info))
                for parameter in self.parameters
            },
            "required": [parameter.name for parameter in self.parameters if parameter.default is ABSENT],
        }

    def _server_choices(self, parameter: Parameter, object_info: Mapping[str, Any] | None) -> Sequence[Any]:
        if object_info is None or parameter.type != "choice":
            return ()
        return choices(self.graph, feeds(self.graph, parameter.bind), object_info)

    def check(
        self, object_info: Mapping[str, Any] | None = None, overrides: Mapping[str, Any] | None = None
    ) -> list[Finding]:
        """What keeps the template from running, or may.

        Args:
            object_info: what GET /object_info of the server says; None: only what can be seen without a server.
            overrides: values to check it with; else the defaults.
        """
        tried = self.with_defaults(overrides or {})
        findings = []
        if not tried.parameters:
            findings.append(Finding("warning", "", "The template has no parameters."))
        if not tried.outputs:
            findings.append(Finding("warning", "", "No node of the graph is known to save anything."))
        missing = [parameter.name for parameter in tried.parameters if parameter.default is ABSENT]
        if missing:
            findings.append(Finding("warning", "", f"These have no default, so give a value: {', '.join(missing)}."))
        if object_info is not None:
            findings += check_graph(tried.graph, tried.parameters, object_info, tried.requires)
        return findings


def _find_parameters(
    graph: Graph, workflow: Mapping[str, Any] | None, object_info: Mapping[str, Any], marks: str
) -> tuple[list[Parameter], list[str]]:
    """The parameters, from the first place that has any, and remarks on them."""
    finders = {
        "nodes": lambda: find_marks(graph, object_info),
        "app": lambda: app_parameters(graph, workflow, object_info),
        "samplers": lambda: guess_parameters(graph, object_info),
    }
    if marks != "auto" and marks not in finders:
        raise TemplateError(f"Parameters can be taken from auto, {', '.join(finders)}, but not from {marks!r}.")
    remarks: list[str] = []
    for name in finders if marks == "auto" else (marks,):
        parameters, more = finders[name]()
        remarks += more
        if parameters:
            return parameters, remarks
    places = "parameter nodes, inputs shown in App mode, or samplers" if marks == "auto" else "such marks"
    return [], [*remarks, f"The graph has no {places}: the template has no parameters."]


def _check_unique(what: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise TemplateError(f"{what} {name} is there {names.count(name)} times: each needs a name of its own.")


def _as_literal(value: Any, old: Any) -> Any:
    """A value in the form that an input holds: what reads the same stays as it is, and text stays text."""
    if isinstance(value, str) and isinstance(old, (bool, int, float)):
        return old if show_plain(old) == value else value
    if isinstance(old, str) and not isinstance(value, str):
        if isinstance(value, bool):
            return old if old.strip().casefold() == show_plain(value) else show_plain(value)
        return old if same(read_number(old.strip(), old), value) else show_plain(value)
    return old if same(old, value) else value
