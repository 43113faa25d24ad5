"""`switchyard run`: one job of a template, with values by name, and its files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import template_arguments as common
from .client import Event
from .console import add_command, say, say_error, say_json
from .graphs import Graph, describe_node


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
    common.add_connection(parser)
    parser.add_argument(
        "--out", type=Path, default=Path("output"), metavar="DIR", help="where files go (default: output)"
    )
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="how long to wait (default: until it ends)")
    parser.add_argument("--allow-partial", action="store_true", help="run what is valid of a partly invalid graph")


def run(options: argparse.Namespace) -> int:
    client = common.connect(options)
    template = common.find_template(options.template, options.folder, client)
    values = common.upload_files(template, common.read_values(template, options), client)
    graph = template.apply(values)
    workflow = template.page_workflow(values)  # without it pictures hold the graph alone, which the page can draw too
    extra = {"workflow": workflow} if workflow else None
    job = client.submit(graph, extra_pnginfo=extra, allow_partial=options.allow_partial)
    say_error(f"Queued as {job.id} on {client.url}.")
    try:
        result = job.wait(options.timeout, on_event=_show_on_a_terminal(graph))
    except KeyboardInterrupt:
        job.cancel()
        raise
    finally:
        if sys.stderr.isatty():
            _show("")
    for warning in result.warnings:
        say_error(warning)
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


def _show_on_a_terminal(graph: Graph) -> Callable[[Event], None] | None:
    """What shows on one line how far a job is; nothing where nobody watches."""

    def show(event: Event) -> None:
        node = describe_node(graph, event.node) if event.node in graph else f"node {event.node}"
        line = {
            "queue": f"{event.value:g} jobs before it" if event.value else "started",
            "node": node,
            "progress": f"{node}: {event.value:g} of {event.max:g}",
        }.get(event.kind)
        if line is not None:
            _show(line)

    return show if sys.stderr.isatty() else None


def _show(line: str) -> None:
    sys.stderr.write(f"\r\x1b[K{line[:100]}")
    sys.stderr.flush()
