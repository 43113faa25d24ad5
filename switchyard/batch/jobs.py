"""Jobs: what each one of a batch runs, and ids that are the same whenever they are asked for."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import time
import uuid
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import JobStalled, JobTimeout, ServerUnavailable, TemplateError
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


@dataclass(frozen=True)
class Order:
    """What a server is asked for, complete: it may go to another process.

    Attributes:
        workflow: the page's workflow, which ComfyUI writes into the pictures; None if there is none.
        timeout_s, patience_s, stall_s, allow_partial: as the run's options say.
    """

    prompt_id: str
    graph: Graph
    workflow: Mapping[str, Any] | None
    timeout_s: float | None
    patience_s: float
    stall_s: float | None
    allow_partial: bool

    @classmethod
    def make(cls, prompt_id: str, graph: Graph, workflow: Mapping[str, Any] | None, options: Any) -> Order:
        """What a run with these options asks for."""
        return cls(
            prompt_id, graph, workflow, options.timeout_s, options.patience_s, options.stall_s, options.allow_partial
        )

    def pack(self) -> bytes:
        """The order as bytes, which nothing on the way takes apart; small, as pages' workflows have much air."""
        return zlib.compress(json.dumps(vars(self), separators=(",", ":")).encode(), 1)

    @classmethod
    def unpack(cls, packed: bytes) -> Order:
        return cls(**json.loads(zlib.decompress(packed)))


def run_order(
    client: Any, order: Order, on_submit: Callable[[Any], None], on_event: Callable[[Any], None] | None
) -> Any:
    """Queues a job, or adopts it where the server has it, and waits for its end; gives the result.

    Args:
        client: the server's.
        order: what is asked for.
        on_submit: called with the job once the server has it.
        on_event: called with what happens meanwhile; None: nobody listens.

    Raises:
        SwitchyardError: as `Client.submit` and `Job.wait` do. A job that took too long is stopped.
    """
    remote = client.submit(
        order.graph,
        prompt_id=order.prompt_id,
        extra_pnginfo={"workflow": order.workflow} if order.workflow else None,
        allow_partial=order.allow_partial,
    )
    on_submit(remote)
    try:
        return remote.wait(order.timeout_s, patience_s=order.patience_s, stall_s=order.stall_s, on_event=on_event)
    except (JobTimeout, JobStalled):
        remote.cancel()
        raise


def is_known(client: Any, prompt_id: str) -> bool:
    """Whether a server has a job in its queue or its history; in this order, as jobs move from one to the other."""
    return client.place_in_queue(prompt_id) is not None or client.history(prompt_id) is not None


def again(fetch: Callable[[], Any], deadline: float, pause_s: float) -> Any:
    """What `fetch` gives; a server that does not answer is asked again until the monotonic clock is at `deadline`."""
    while time.monotonic() < deadline:
        with contextlib.suppress(ServerUnavailable):
            return fetch()
        time.sleep(pause_s)
    return fetch()


def _text_behind(graph: Graph, link: list[Any]) -> str:
    """The text that a parameter or primitive node gives, or "" if the node is of another kind."""
    text = graph[link[0]]["inputs"].get("value")
    return text if isinstance(text, str) else ""
