"""`switchyard batch` and what goes with it: resume, status, retry, cancel, verify, sheet."""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import template_arguments as common
from .batch import Batch, Options, Server, manifest, rows, sweep
from .batch.fleet_scheduler import check_engine
from .batch.progress import KINDS, Progress
from .batch.run_folder import CANCEL_FILE, RunFolderError
from .batch.servers import with_tags
from .batch.sheet import contact_sheet
from .batch.take_back import take_back
from .client import DEFAULT_URL, Client
from .console import add_command, say, say_error, say_json
from .template import Template, open_any

_EXIT_CODES = """exit codes:
  0 all jobs are done; 1 some failed; 3 all failed ones were rejected; 4 no server answers;
  5 all failed ones took too long; 130 stopped, to be resumed"""


def add_to(commands: Any) -> None:
    """Adds the commands."""
    parser = add_command(
        commands,
        "batch",
        "run a template many times and fetch all that it makes",
        f"switchyard batch barn --prompts prompts.txt --seeds 42+10 --run-dir runs/barns\n\n{_EXIT_CODES}",
        batch,
    )
    parser.add_argument(
        "template", metavar="TEMPLATE|GRAPH", help="a template's file or its name in the folder, or a graph's file"
    )
    common.add_values(parser)
    common.add_folder(parser)
    parser.add_argument(
        "--prompts", type=Path, metavar="FILE", help='a prompt on each line, for the parameter "prompt"'
    )
    parser.add_argument(
        "--params", type=Path, metavar="FILE", help="a row of values for each job: .csv, .jsonl, .json or .yaml"
    )
    parser.add_argument(
        "--grid", action="append", default=[], metavar="NAME=A,B,C", help="an axis of a grid; numbers: NAME=10:30:5"
    )
    parser.add_argument("--zip", action="store_true", help="the axes go in step, instead of each value with each")
    parser.add_argument("--seeds", default="", metavar="SEEDS", help="42+10 (42 to 51), random:10, or 1,5,9")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="do each job so many times")
    parser.add_argument(
        "--run-dir", type=Path, metavar="DIR", help="the run's folder (default: runs/<template>_<time>)"
    )
    parser.add_argument("--dry-run", action="store_true", help="show the jobs, queue nothing, write nothing")
    _add_run_options(parser)

    for name, help_text, command in (
        ("resume", "go on with a run: do what is not done", resume),
        ("retry", "do a run's failed jobs again, and what is not done", retry),
    ):
        parser = add_command(commands, name, help_text, f"switchyard {name} runs/barns\n\n{_EXIT_CODES}", command)
        parser.add_argument("run_dir", type=Path, metavar="RUN_DIR", help="the run's folder")
        _add_run_options(parser)
    parser = add_command(
        commands,
        "cancel",
        "stop a run and take its jobs back from the servers, also if its process was killed",
        "switchyard cancel runs/barns",
        cancel,
    )
    parser.add_argument("run_dir", type=Path, metavar="RUN_DIR", help="the run's folder")
    _add_servers(parser, "(default: those that have jobs of the run; needed for one that wants a password)")
    for name, help_text, command in (
        ("status", "show how far a run is, and write its manifest anew", status),
        ("verify", "compare every file of a run with its manifest", verify),
    ):
        parser = add_command(commands, name, help_text, f"switchyard {name} runs/barns", command)
        parser.add_argument("run_dir", type=Path, metavar="RUN_DIR", help="the run's folder")

    parser = add_command(
        commands,
        "sheet",
        "put a run's pictures into one, with the values along its edges",
        "switchyard sheet runs/barns barns.png --x steps --y prompt",
        sheet,
    )
    parser.add_argument("run_dir", type=Path, metavar="RUN_DIR", help="the run's folder")
    parser.add_argument("target", type=Path, metavar="FILE", help="the picture to write")
    for axis in ("x", "y"):
        parser.add_argument(f"--{axis}", default="", metavar="NAME", help="a parameter (default: those that vary)")
    parser.add_argument("--cell", type=int, default=256, metavar="PIXELS", help="how large each picture is (256)")


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    _add_servers(parser, f"(default: the environment's {common.SERVER}, else {DEFAULT_URL})")
    parser.add_argument(
        "--engine",
        default="local",
        metavar="ENGINE",
        help="local: threads (default); dask: Dask in this process; tcp://HOST:PORT or tls://HOST:PORT: its scheduler",
    )
    parser.add_argument(
        "--require", action="append", metavar="TAG", help="use only servers with this tag; may be given several times"
    )
    parser.add_argument("--window", type=int, metavar="N", help="jobs queued on a server at a time (2)")
    parser.add_argument("--retries", type=int, metavar="N", help="further attempts of a failed job (2)")
    parser.add_argument("--on-error", choices=("continue", "stop"), help="when a job has failed (continue)")
    parser.add_argument("--max-failures", type=int, metavar="N", help="stop once so many jobs have failed")
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="how long one job may take")
    parser.add_argument("--stall-timeout", type=float, metavar="SECONDS", help="how long a job may get on with nothing")
    parser.add_argument("--patience", type=float, metavar="SECONDS", help="how long a silent server is waited for (60)")
    parser.add_argument(
        "--allow-partial", action="store_true", default=None, help="run what is valid of a partly invalid graph"
    )
    parser.add_argument("--progress", choices=KINDS, default="auto", help="auto: a bar on a terminal, lines in a log")


def _add_servers(parser: argparse.ArgumentParser, hint: str) -> None:
    parser.add_argument(
        "--server",
        action="append",
        default=[],
        metavar="URL[,slots=N][,tags=A+B]",
        help=f"may be given several times {hint}",
    )
    parser.add_argument(
        "--header", action="append", default=[], metavar="NAME=VALUE", help="send this HTTP header along; repeatable"
    )
    parser.add_argument("--insecure", action="store_true", help="accept any certificate of an https server")


def batch(options: argparse.Namespace) -> int:
    template = _template(options)
    values = _values(template, options)
    found = _rows(template, values, options)
    how = _options(Options(), options)
    check_engine(options.engine, names_servers=_names_servers(options))
    if options.dry_run:
        _show_plan(found, as_json=options.json)
        return 0
    servers = _servers(options) or ([_default_server()] if options.engine in ("local", "dask") else [])
    with_tags(servers, how.require)
    run_dir = options.run_dir or Path("runs") / f"{template.name}_{time.strftime('%Y%m%d_%H%M%S')}"
    kept = [str(server.without_password()) for server in servers]
    made = Batch.create(run_dir, template, found, options=how, servers=kept)
    return _run(made, servers, options)


def _rows(template: Template, values: dict[str, Any], options: argparse.Namespace) -> list[rows.Row]:
    """The rows that the command line asks for."""
    return sweep(
        template,
        values=values,
        prompts=options.prompts,
        table=options.params,
        grid=options.grid,
        zipped=options.zip,
        seeds=options.seeds,
        repeat=options.repeat,
    )


def _options(of: Options, options: argparse.Namespace) -> Options:
    """Options with those of the command line in place of what they were."""
    given = {
        "window": options.window,
        "retries": options.retries,
        "on_error": options.on_error,
        "max_failures": options.max_failures,
        "timeout_s": options.timeout,
        "stall_s": options.stall_timeout,
        "patience_s": options.patience,
        "allow_partial": options.allow_partial,
        "require": options.require,
    }
    return replace(of, **{name: value for name, value in given.items() if value is not None})


def resume(options: argparse.Namespace) -> int:
    return _run(Batch.open(options.run_dir), _servers(options), options)


def retry(options: argparse.Namespace) -> int:
    found = Batch.open(options.run_dir)
    _options(found.folder.options, options)  # errors first
    check_engine(options.engine, names_servers=_names_servers(options))
    say_error(f"{found.retry()} failed jobs are tried again.")
    return _run(found, _servers(options), options)


def status(options: argparse.Namespace) -> int:
    found = Batch.open(options.run_dir)
    is_open = found.folder.is_open()
    if not is_open:
        found.write_manifest()
    counts = Counter(row["status"] for row in found.rows())
    summary = {name: counts[name] for name in ("done", "failed", "pending")}
    if options.json:
        say_json({"run_dir": str(options.run_dir), "jobs": counts.total(), **summary, "at_work": is_open})
    else:
        at_work = " A process is at work on it." if is_open else ""
        words = ", ".join(f"{count} {name}" for name, count in summary.items())
        say(f"{counts.total()} jobs: {words}.{at_work}")
        for row in found.rows():
            if row["status"] == "failed":
                say(f"  job {row['index']}: {row['error']['message']}")
    return 0 if counts["done"] == counts.total() else 1


def cancel(options: argparse.Namespace) -> int:
    found = Batch.open(options.run_dir)
    if not found.folder.is_open():
        return _cancel_what_is_left(found, options)
    try:
        (found.folder.path / CANCEL_FILE).touch()
    except OSError as problem:
        raise RunFolderError(f"{options.run_dir} can't be written: {problem.strerror or problem}.") from problem
    if options.json:
        say_json({"at_work": True})
    else:
        say("The process at work on it takes its jobs back and ends. The run can be resumed.")
    return 0


def _cancel_what_is_left(found: Batch, options: argparse.Namespace) -> int:
    """Takes back what a killed process has left in the queues of servers."""
    given = {client.url: client for client in (_client(server.url, options) for server in _servers(options))}
    taken = take_back(found.folder, lambda url: given.get(url) or _client(url, options), given)
    if options.json:
        problems = {url: str(problem) for url, problem in taken.problems.items()}
        say_json({"at_work": False, "taken_back": taken.jobs, "problems": problems})
    else:
        hint = f" Go on with: switchyard resume {options.run_dir}" if taken.count else ""
        say(f"{taken.count} jobs taken back.{hint}")
        for url, problem in taken.problems.items():
            say_error(f"What {url} still has of it goes on there: {problem}")
    return next((problem.exit_code for problem in taken.problems.values()), 0)


def verify(options: argparse.Namespace) -> int:
    found = Batch.open(options.run_dir)
    problems = found.verify()
    files = sum(len(row["outputs"]) for row in manifest.rows(found.folder))
    if options.json:
        say_json({"files": files, "problems": [vars(problem) for problem in problems]})
    else:
        for problem in problems:
            say(str(problem))
        say(f"{files} files of {len(found.folder.jobs)} jobs, {len(problems)} problems.")
    return 1 if problems else 0


def sheet(options: argparse.Namespace) -> int:
    found = Batch.open(options.run_dir)
    made = contact_sheet(
        found.rows(), options.run_dir, options.target, x=options.x, y=options.y, cell=max(16, options.cell)
    )
    if options.json:
        say_json({"path": str(made)})
    else:
        say(str(made))
    return 0


def _run(found: Batch, servers: list[Server], options: argparse.Namespace) -> int:
    check_engine(options.engine, names_servers=_names_servers(options))
    how = _options(found.folder.options, options)
    kind = "json" if options.json and options.progress == "auto" else options.progress
    progress = Progress(kind, found.folder.template.graph)
    outcome = found.run(
        servers, engine=options.engine, options=how, say=progress.take, make_client=lambda url: _client(url, options)
    )
    if outcome.error is not None:
        say_error(f"switchyard: {outcome.error}")
    if outcome.pending:
        say_error(f"{outcome.pending} jobs are not done. Go on with: switchyard resume {found.folder.path}")
    elif kind not in ("json", "none"):
        say(str(found.folder.path))
    return outcome.exit_code


def _client(url: str, options: argparse.Namespace) -> Client:
    return common.connect(argparse.Namespace(server=url, header=options.header, insecure=options.insecure))


def _template(options: argparse.Namespace) -> Template:
    """A template, or one made of a graph: its parameter nodes, or what its samplers take, are the parameters."""
    path = Path(options.template)
    if path.is_file():
        return open_any(path)
    servers = _servers(options) or [_default_server()]
    return common.find_template(options.template, options.folder, _client(servers[0].url, options))


def _values(template: Template, options: argparse.Namespace) -> dict[str, Any]:
    """The values of all jobs; a seed that is "random" is drawn for each job."""
    random_ones = [word for word in options.values if word.partition("=")[2].strip().casefold() == "random"]
    drawn = {
        name: rows.read_value(template, name, text)
        for name, _, text in (word.partition("=") for word in random_ones)
    }  # fmt: skip
    options.values = [word for word in options.values if word not in random_ones]
    return {**common.read_values(template, options), **drawn}


def _servers(options: argparse.Namespace) -> list[Server]:
    return [Server.read(text) for text in options.server]


def _names_servers(options: argparse.Namespace) -> bool:
    return bool(options.server or options.header or options.insecure)


def _default_server() -> Server:
    return Server.read(os.environ.get(common.SERVER) or DEFAULT_URL)


def _show_plan(found: list[rows.Row], *, as_json: bool) -> None:
    if as_json:
        say_json({"jobs": found})
        return
    for index, row in enumerate(found):
        say(f"{index}: {', '.join(f'{name}={value}' for name, value in row.items()) or 'the defaults'}")
    say(f"{len(found)} jobs.")
