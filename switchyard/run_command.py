"""`switchyard run`: one job of a template, with values by name, and its files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from . import template_arguments as common
from .client import DEFAULT_URL, Client
from .console import add_command, say, say_error, say_json


def add_to(commands: Any) -> None:
    """Adds the command."""
    parser = add_command(
        commands,
        "run",
        "run a template and fetch what it makes",
        'switchyard run hires_fix prompt="a lighthouse in a storm" seed=random --out pictures',
        run,
    )
    common.add_template(parser)
    common.add_values(parser)
    common.add_folder(parser)
    parser.add_argument("--server", default=DEFAULT_URL, metavar="URL", help=f"default: {DEFAULT_URL}")
    parser.add_argument(
        "--out", type=Path, default=Path("output"), metavar="DIR", help="where files go (default: output)"
    )
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="how long to wait (default: until it ends)")
    parser.add_argument("--allow-partial", action="store_true", help="run what is valid of a partly invalid graph")


def run(options: argparse.Namespace) -> int:
    template = common.find_template(options.template, options.folder, options.server)
    values = common.read_values(template, options)
    graph = template.apply(values)
    client = Client(options.server)
    workflow = template.page_workflow(values)  # without it pictures hold the graph alone, which the page can draw too
    extra = {"workflow": workflow} if workflow else None
    job = client.submit(graph, extra_pnginfo=extra, allow_partial=options.allow_partial)
    say_error(f"Queued as {job.id} on {client.url}.")
    try:
        result = job.wait(options.timeout)
    except KeyboardInterrupt:
        job.cancel()
        raise
    kept = result.kept
    saved = [client.download(file, options.out).path for file in kept]
    if options.json:
        outputs = [{"node": file.node, "path": str(path)} for file, path in zip(kept, saved, strict=True)]
        say_json({"prompt_id": job.id, "values": template.values(values), "outputs": outputs})
        return 0
    for path in saved:
        say(str(path))
    if not saved:
        say_error("The job ended well, but made no files.")
    return 0
