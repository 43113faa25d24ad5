"""Takes back what a killed process has left in servers' queues. What has ended there stays, for whoever resumes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ..errors import ServerUnavailable, SwitchyardError
from . import manifest
from .journal import JobState, Journal, states
from .run_folder import RunFolder
from .servers import Server


@dataclass
class TakenBack:
    """What became of a run's open jobs.

    Attributes:
        jobs: by server the places of the jobs that were taken back.
        problems: by server why it could not be asked; its jobs may go on.
    """

    jobs: dict[str, list[int]] = field(default_factory=dict)
    problems: dict[str, SwitchyardError] = field(default_factory=dict)

    @property
    def all(self) -> set[int]:
        return {index for indices in self.jobs.values() for index in indices}

    @property
    def count(self) -> int:
        return len(self.all)


def take_back(folder: RunFolder, client_of: Callable[[str], Any], others: Iterable[str] = ()) -> TakenBack:
    """Takes a run's waiting and running jobs back on the servers that the journal names; the run can be resumed.

    Args:
        folder: a run that no process is at work on.
        client_of: gives the client of a server by the address that the journal has, which is without a password.
        others: more servers that may have jobs whose server the journal does not name, as Dask had chosen it.

    Raises:
        RunInUseError: a process is at work on it.
    """
    found = TakenBack()
    with folder.locked() as journal:
        known = states(journal.records, len(folder.jobs))
        left = [(index, state) for index, state in enumerate(known) if state.status == "open"]
        urls = [state.server for _, state in left if state.server]
        if any(not state.server for _, state in left):
            urls += [*(Server.read(server).url for server in folder.servers), *others]
            if not urls:
                unknown = "The journal does not say which servers have its jobs. Give them with --server."
                found.problems["a server of Dask's"] = ServerUnavailable(unknown)
        for url in dict.fromkeys(urls):
            jobs = [(index, state) for index, state in left if state.server in ("", url)]
            taken = found.jobs.setdefault(url, [])
            try:
                client = client_of(url)
                for index, state in jobs:
                    if index not in found.all and _take_back(client, index, state, journal):
                        taken.append(index)
            except SwitchyardError as problem:
                found.problems[url] = problem
        manifest.write(folder, folder.states())
    return found


def _take_back(client: Any, index: int, state: JobState, journal: Journal) -> bool:
    """Takes one job back, if it waits or runs on the server; whether it did."""
    if client.place_in_queue(state.prompt_id) is None:
        return False
    # Before the server is told: whoever resumes must not take it for a failure.
    journal.add("cancelled", index, attempt=state.attempt, prompt_id=state.prompt_id, server=state.server)
    client.cancel(state.prompt_id)
    return True
