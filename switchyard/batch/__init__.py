"""Batches: many jobs of one template, none lost and none done twice, on one or more servers.

    batch = Batch.create("runs/barns", Template.load("templates/barn.json"), [{"prompt": "a red barn", "seed": 7}])
    outcome = batch.run(["http://127.0.0.1:8188"])

A run that was stopped, or whose process or server died, goes on with `Batch.open("runs/barns").run(...)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import ServerUnavailable
from ..template import Template
from ..template.parameters import FILE_TYPES
from . import manifest
from .bookkeeping import Outcome, Say
from .fleet_scheduler import EngineError, check_engine, connected, need_dask
from .journal import JobState, JournalError
from .manifest import Problem
from .rows import Row, check_rows, combine, draw_seeds, read_axis, read_prompts, read_seeds, read_table, zip_axes
from .run_folder import Options, RunFolder, RunFolderError, RunInUseError
from .runner import Runner
from .servers import Server, TagError, with_tags

__all__ = [
    "Batch", "EngineError", "JobState", "JournalError", "Options", "Outcome", "Problem", "Row", "RunFolderError",
    "RunInUseError", "Server", "TagError", "sweep",
]  # fmt: skip


class Batch:
    """Many jobs of one template, in a folder of their own."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder

    @classmethod
    def create(
        cls,
        run_dir: str | Path,
        template: Template,
        rows: Iterable[Mapping[str, Any]],
        *,
        options: Options | None = None,
        servers: Sequence[str] = (),
    ) -> Batch:
        """A new batch. Nothing is queued yet.

        Args:
            run_dir: its folder, which is made.
            template: what the jobs run.
            rows: the values of each job by parameter name; a seed may be "random". See `sweep`. Local files for
                pictures and the like are sent to each server when it first needs them: leave them where they are.
            options: how the jobs are worked off.
            servers: where they run if `run` is told nothing else, as URL[,slots=N][,tags=A+B]; passwords don't belong
                here.

        Raises:
            TemplateError: a row can't be used.
            RunFolderError: something is in the folder already.
        """
        drawn = draw_seeds(check_rows(rows, template), template)
        found = [_with_whole_paths(row, template) for row in drawn]
        return cls(RunFolder.create(run_dir, template, found, options=options, servers=servers))

    @classmethod
    def open(cls, run_dir: str | Path) -> Batch:
        """A batch that was made before; raises RunFolderError if there is none."""
        return cls(RunFolder.open(run_dir))

    def run(
        self,
        servers: Sequence[str | Server] = (),
        *,
        engine: str = "local",
        options: Options | None = None,
        say: Say | None = None,
        make_client: Callable[[str], Any] | None = None,
    ) -> Outcome:
        """Does what is not done yet; writes the manifest. Ctrl-C once lets running jobs end, twice takes them back.

        Args:
            servers: where; else those that the batch was made with.
            engine: "local": threads of this process. "dask": a Dask scheduler in this process. Or the address of a
                scheduler, whose workers have servers of their own: "tcp://127.0.0.1:8786", "tls://HOST:PORT".
            options: how the jobs are worked off this time; else as the batch was made with.
            say: called with what happens, as dictionaries with "event".
            make_client: gives the client of an address, for headers and the like.

        Raises:
            RunInUseError: another process is at work on it.
            ServerUnavailable: no server answers.
            TagError: none has the tags that are required.
            EngineError: there is no such engine.
        """
        folder = replace(self.folder, options=options or self.folder.options)
        check_engine(engine, names_servers=bool(servers))
        make = make_client or _make_client
        places = self._places(servers, folder.options, make) if engine in ("local", "dask") else []
        if engine == "local":
            clients = [(make(place.url), place.slots) for place in places]
            with folder.locked() as journal:
                return Runner(folder, journal, clients, say).run()
        need_dask()
        from .fleet import Fleet

        with folder.locked() as journal, connected(engine, places, folder.options.window, make) as dask:
            return Fleet(folder, journal, dask, say).run()

    def _places(self, servers: Sequence[str | Server], options: Options, make: Callable[[str], Any]) -> list[Server]:
        """The servers that may get jobs."""
        given = servers or self.folder.servers
        places = [server if isinstance(server, Server) else Server.read(server) for server in given]
        if not places:
            raise ServerUnavailable("No server is named for this run: give one.")
        urls = [make(place.url).url for place in places]
        for url in urls:
            if urls.count(url) > 1:
                raise ServerUnavailable(f"{url} is named twice. Give it slots if it works on several jobs at a time.")
        return with_tags(places, options.require)

    def states(self) -> list[JobState]:
        """The state of each job, also while another process is at work."""
        return self.folder.states()

    def rows(self) -> list[dict[str, Any]]:
        """The manifest's rows as they are now."""
        return manifest.rows(self.folder)

    def retry(self) -> int:
        """Has failed jobs tried again by the next `run`; gives how many."""
        with self.folder.locked() as journal:
            failed = [index for index, state in enumerate(self.folder.states()) if state.status == "failed"]
            for index in failed:
                journal.add("reopen", index)
        return len(failed)

    def write_manifest(self) -> None:
        """Writes manifest.jsonl and manifest.csv anew, from the journal."""
        manifest.write(self.folder)

    def verify(self) -> list[Problem]:
        """Whatever is not as the journal says; every file is read."""
        return list(manifest.verify(self.folder))


def sweep(
    template: Template,
    *,
    values: Mapping[str, Any] | None = None,
    prompts: str | Path | None = None,
    table: str | Path | None = None,
    grid: Sequence[str] = (),
    zipped: bool = False,
    seeds: str = "",
    repeat: int = 1,
) -> list[Row]:
    """Rows for a batch: every combination of what is given.

    Args:
        template: whose parameters the names are of.
        values: values that all jobs have.
        prompts: a text file with a prompt on each line.
        table: a .csv, .jsonl, .json or .yaml file of rows.
        grid: axes such as "steps=10:30:5" or "sampler=euler,heun".
        zipped: whether the axes go in step, instead of each value with each.
        seeds: "42+10", "random:10" or "1,5,9".
        repeat: how often each job is done.

    Raises:
        TemplateError: something can't be used, or two of them set the same parameter.
    """
    sources: list[Sequence[Row]] = [check_rows([values], template)] if values else []
    if prompts is not None:
        sources.append(read_prompts(Path(prompts), template))
    if table is not None:
        sources.append(read_table(Path(table), template))
    axes = [read_axis(axis, template) for axis in grid]
    sources += [zip_axes(axes)] if zipped and axes else axes
    if seeds:
        sources.append(read_seeds(seeds, template))
    return draw_seeds(combine(sources, repeat), template)


def _with_whole_paths(row: Row, template: Template) -> Row:
    """The row with local files named so that they are found from anywhere; other names are the server's own."""
    files = {name for name, value in row.items() if template.parameter(name).type in FILE_TYPES and _is_file(value)}
    return {name: str(Path(value).resolve()) if name in files else value for name, value in row.items()}


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long, or no path at all
        return False


def _make_client(url: str) -> Any:
    from ..client import Client

    return Client(url)
