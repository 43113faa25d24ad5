"""Jobs: what each one of a batch runs, and ids that are the same whenever they are asked for."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import TemplateError
from ..graphs import Graph, is_link
from ..template import Template
from ..template.outputs import SAVERS

PREFIX = "filename_prefix"


@dataclass(frozen=True)
class JobSpec:
    """One job of a batch.

    Attributes:
        index: its place, from 0; its files' names start with it.
        values: the value of each parameter, defaults too.
        key: the SHA-256 of its graph: equal for two jobs that make the same.
    """

    index: int
    values: Mapping[str, Any]
    key: str

    @property
    def label(self) -> str:
        """How its files' names start."""
        return f"{self.index:05d}"


def plan(template: Template, rows: Sequence[Mapping[str, Any]]) -> list[JobSpec]:
    """The jobs of rows. Graphs are made when they are queued: thousands of them would not fit in memory.

    Raises:
        TemplateError: a row can't be used; says which one.
    """
    if not rows:
        raise TemplateError("A batch needs at least one job.")
    jobs = []
    for index, row in enumerate(rows):
        try:
            values = template.values(row)
            key = graph_key(template.apply(values))
        except TemplateError as problem:
            raise TemplateError(f"Job {index}: {problem}") from problem
        jobs.append(JobSpec(index, values, key))
    return jobs


def graph_key(graph: Graph) -> str:
    """The SHA-256 of a graph, without the titles of its nodes: they change nothing."""
    bare = {node_id: [node["class_type"], node["inputs"]] for node_id, node in graph.items()}
    text = json.dumps(bare, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def prompt_id(run_id: str, job: JobSpec, attempt: int) -> str:
    """The id under which a job is queued: whoever resumes the run asks the server for the same one."""
    return str(uuid.uuid5(uuid.UUID(run_id), f"{job.key}/{job.index}/{attempt}"))


def graph_of(template: Template, job: JobSpec, folder: str, attempt: int) -> Graph:
    """What is queued: every node that saves gets a prefix that no other job has, `<folder>/<index>_<prefix>`.

    Without it, jobs of equal inputs would share one file, since ComfyUI caches nodes that save too. Further attempts
    save in a folder of their own for the same reason.
    """
    graph = template.apply(job.values)
    place = folder if attempt == 1 else f"{folder}/attempt_{attempt}"
    for node in graph.values():
        held = node["inputs"].get(PREFIX)
        if isinstance(held, str) or (is_link(held) and node["class_type"] in SAVERS):
            name = held if isinstance(held, str) else _text_behind(graph, held)
            name = re.split(r"[/\\]", name)[-1].strip() or "output"
            node["inputs"][PREFIX] = f"{place}/{job.label}_{name}"
    return graph


def _text_behind(graph: Graph, link: list[Any]) -> str:
    """The text that a parameter or primitive node gives, or "" if the node is of another kind."""
    text = graph[link[0]]["inputs"].get("value")
    return text if isinstance(text, str) else ""
