"""The functions that the ComfyUI tutorial's chapter on advanced workflows prints, made right: same names and arguments.

What fails raises an error in words; `Client` does the same and more.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .client import DEFAULT_URL, Client, Job, OutputFile
from .errors import SwitchyardError, TemplateError
from .profile import Profile, read_profile
from .template import Template

_WINDOW = 2  # jobs queued at once: the server never waits, and its queue stays short
_SEEDS = 2**53  # the page's JavaScript loses the digits of larger ones


def queue_prompt(workflow: Mapping[str, Any], url: str = DEFAULT_URL) -> str:
    """Queues a graph in API format; gives the job's id."""
    with Client(url) as client:
        return client.submit(dict(workflow)).id


def get_history(prompt_id: str, url: str = DEFAULT_URL) -> dict[str, Any]:
    """The server's record of a job that has ended, by its id; {} if there is none."""
    with Client(url) as client:
        entry = client.history(prompt_id)
    return {} if entry is None else {prompt_id: entry}


def get_image(filename: str, subfolder: str = "", folder_type: str = "output", url: str = DEFAULT_URL) -> bytes:
    """A file of the server, of any kind."""
    with Client(url) as client:
        return client.view(OutputFile("", filename, subfolder, folder_type))


def wait_for_completion(prompt_id: str, url: str = DEFAULT_URL, timeout_s: float | None = None) -> dict[str, Any]:
    """Waits until a job has ended, also if it has already; gives its history as `get_history` does.

    Raises:
        JobFailed, JobInterrupted, JobLost, JobTimeout: it did not end well.
    """
    with Client(url) as client:
        client.job(prompt_id).wait(timeout_s)
        return {prompt_id: client.history(prompt_id)}


def batch_generate(
    base_workflow: Mapping[str, Any], prompts: Sequence[str], seeds: Sequence[int] | None = None, url: str = DEFAULT_URL
) -> list[dict[str, Any]]:
    """Runs a graph once for each prompt.

    Args:
        base_workflow: a graph in API format. The prompt goes where its samplers take their positive prompt from, the
            seed into every sampler.
        prompts: one job each.
        seeds: one for each prompt; drawn by chance if there are none.
        url: the server.

    Returns:
        For each prompt "prompt", "seed", "prompt_id" and "history" (this job's own record), and "error", which is None
        if it went well. A job that fails does not stop the others.

    Raises:
        TemplateError: the graph has no prompt or seed to set, or there are not as many seeds as prompts.
        ServerUnavailable, PromptRejected: the very first job can't be queued.
    """
    if seeds is not None and len(seeds) != len(prompts):
        raise TemplateError(
            f"There are {len(prompts)} prompts and {len(seeds)} seeds: give one seed for each, or none."
        )
    drawn = [secrets.randbelow(_SEEDS) for _ in prompts] if seeds is None else list(seeds)
    template = Template.from_workflow(base_workflow, name="batch")
    template.parameter("prompt")
    rows = [{"prompt": text, "seed": seed} for text, seed in zip(prompts, drawn, strict=True)]
    return list(_run(template, rows, url))


def generate_variations(
    base_workflow: Mapping[str, Any], num_variations: int = 10, base_seed: int = 42, url: str = DEFAULT_URL
) -> list[dict[str, Any]]:
    """Runs a graph with seeds that follow each other; gives "seed", "prompt_id", "history" and "error" for each."""
    template = Template.from_workflow(base_workflow, name="variations")
    return list(_run(template, [{"seed": base_seed + number} for number in range(num_variations)], url))


def profile_workflow(prompt_id: str, url: str = DEFAULT_URL) -> Profile:
    """How long the nodes of a job took that has ended: a mapping of node ids to milliseconds, slowest first.

    None is what is not known: the time of a node that was cached, and of every node of a job that was not recorded.
    `switchyard profile` and `switchyard.profile.take_profile` record one. `remarks` say what is not known and why, and
    `table()` is for people to read.

    Raises:
        TemplateError: the server knows nothing of the job.
    """
    with Client(url) as client:
        return read_profile(client, prompt_id)


def _run(template: Template, rows: Sequence[Mapping[str, Any]], url: str) -> Iterator[dict[str, Any]]:
    seeds = [parameter.name for parameter in template.parameters if parameter.type == "seed"]
    if not seeds:
        raise TemplateError("The graph has no seed that could be set: no sampler of it has one of its own.")
    graphs = []
    for row in rows:
        values = {name: value for name, value in row.items() if name != "seed"}
        graphs.append(template.apply({**values, **dict.fromkeys(seeds, row["seed"])}))
    with Client(url) as client:
        waiting: deque[tuple[Mapping[str, Any], Job | SwitchyardError]] = deque()
        for index, (row, graph) in enumerate(zip(rows, graphs, strict=True)):
            try:
                waiting.append((row, client.submit(graph)))
            except SwitchyardError as problem:
                if index == 0:
                    raise
                waiting.append((row, problem))
            if len(waiting) >= _WINDOW:
                yield _ended(client, *waiting.popleft())
        yield from _all_ended(client, waiting)


def _all_ended(
    client: Client, waiting: Iterable[tuple[Mapping[str, Any], Job | SwitchyardError]]
) -> Iterator[dict[str, Any]]:
    for row, job in waiting:
        yield _ended(client, row, job)


def _ended(client: Client, row: Mapping[str, Any], job: Job | SwitchyardError) -> dict[str, Any]:
    if isinstance(job, SwitchyardError):
        return {**row, "prompt_id": None, "history": None, "error": job}
    error, history = None, None
    try:
        job.wait()
    except SwitchyardError as problem:
        error = problem
    try:
        history = client.history(job.id)
    except SwitchyardError as problem:
        error = error or problem
    return {**row, "prompt_id": job.id, "history": history, "error": error}
