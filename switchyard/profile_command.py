"""`switchyard profile`: what each node of a graph takes, over one run or several; two saved profiles side by side."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import template_arguments as common
from .client import Client
from .console import add_command, say, say_error, say_json
from .errors import TemplateError
from .profile import (
    Profile,
    compare,
    csv_of,
    load_profiles,
    save_profiles,
    summary_table,
    take_profile,
    trace_of,
)
from .profile.profile import write_text
from .template import Template
from .template.importing import open_any

_FREED_S = 0.5  # a server that idles gives its memory up as soon as it is told to


def add_to(commands: Any) -> None:
    """Adds the command."""
    parser = add_command(
        commands,
        "profile",
        "run a template or a graph and tell what each node takes; or compare two saved profiles",
        "switchyard profile hires_fix steps=20 --repeat 5 --save before.json --trace before.trace.json",
        profile,
    )
    parser.add_argument(
        "template", nargs="?", metavar="TEMPLATE", help="a template's file or name, or a graph in API format"
    )
    common.add_values(parser)
    common.add_folder(parser)
    common.add_connection(parser)
    parser.add_argument(
        "--repeat", type=int, default=1, metavar="N", help="run it N times; seeds count up from run to run"
    )
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="have the server give models and caches up before each run, so that all nodes run; seeds stay",
    )
    parser.add_argument(
        "--accurate", action="store_true", help="wait for a CUDA device at each node's start and end, which costs time"
    )
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="how long a run may take (default: any time)")
    parser.add_argument("--trace", type=Path, metavar="FILE", help="write a trace that ui.perfetto.dev opens")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write a line for each node and run")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the profiles, to be compared later")
    parser.add_argument(
        "--compare", nargs=2, type=Path, metavar=("BEFORE", "AFTER"), help="compare two files that --save wrote"
    )


def profile(options: argparse.Namespace) -> int:
    if options.compare:
        return _compare(options)
    if options.template is None:
        raise TemplateError("What is to be profiled? Give a template or a graph, or two files with --compare.")
    if options.repeat < 1:
        raise TemplateError(f"--repeat takes a number of at least 1, not {options.repeat}.")
    client = common.connect(options)
    path = Path(options.template)
    is_file = path.is_file()
    template = open_any(path) if is_file else common.find_template(options.template, options.folder, client)
    values = common.upload_files(template, common.read_values(template, options), client)
    profiles: list[Profile] = []
    try:
        for number in range(options.repeat):
            if options.fresh:
                client.free()
                time.sleep(_FREED_S)
            profiles.append(
                _take(client, template, values if options.fresh else _next(template, values, number), options)
            )
            say_error(_line(profiles[-1], number + 1, options))
    finally:  # what was measured before a run failed or somebody pressed Ctrl-C is worth keeping
        _write(profiles, options)
    if options.json:
        say_json({"profiles": [one.document() for one in profiles], "rows": [_rows(one) for one in profiles]})
    else:
        say(profiles[0].table() if len(profiles) == 1 else summary_table(profiles))
    return 0 if all(one.state == "success" for one in profiles) else 1


def _compare(options: argparse.Namespace) -> int:
    if options.template is not None:
        raise TemplateError("--compare reads two files and runs nothing: leave the template away.")
    found = compare(load_profiles(options.compare[0]), load_profiles(options.compare[1]))
    if options.json:
        say_json(found.document())
    else:
        say(found.table())
    return 0


def _take(client: Client, template: Template, values: Mapping[str, Any], options: argparse.Namespace) -> Profile:
    workflow = template.page_workflow(values)
    return take_profile(
        client,
        template.apply(values),
        accurate=options.accurate,
        timeout_s=options.timeout,
        extra_pnginfo={"workflow": workflow} if workflow else None,
    )


def _next(template: Template, values: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The values of a later run: its seeds are so many higher, else the server would take everything from its cache."""
    found = dict(values)
    if number == 0:
        return found
    current = template.values(values)
    for parameter in template.parameters:
        seed = current.get(parameter.name)
        if parameter.type == "seed" and isinstance(seed, int):
            try:
                found[parameter.name] = parameter.check(seed + number)
            except TemplateError:  # beyond its limit
                found[parameter.name] = parameter.check(seed - number)
    return found


def _line(found: Profile, number: int, options: argparse.Namespace) -> str:
    """One run in a line, for whoever waits; it says what was not measured because the server had it in its cache."""
    took = "its time is not known" if found.seconds is None else f"{found.seconds:.3f} s"
    ended = "" if found.state == "success" else f", ended with {found.state}"
    cached = [row.node for row in found.rows if row.cached and not row.calls]
    names = f"{', '.join(cached[:10])}{', ...' if len(cached) > 10 else ''}"
    advice = "" if options.fresh else "; --fresh has all nodes run"
    count = "1 node was" if len(cached) == 1 else f"{len(cached)} nodes were"
    told = f"; {count} cached and not measured: {names}{advice}" if cached else ""
    return f"Run {number} of {options.repeat}: {took}{ended}{told}."


def _write(profiles: list[Profile], options: argparse.Namespace) -> None:
    if not profiles:
        return
    if options.save:
        save_profiles(options.save, profiles)
    if options.csv:
        write_text(options.csv, csv_of(profiles))
    if options.trace:
        write_text(options.trace, json.dumps(trace_of(profiles), ensure_ascii=False) + "\n")


def _rows(found: Profile) -> list[dict[str, Any]]:
    names = ("node", "name", "calls", "total_s", "self_s", "share", "cached", "status", "steps", "seconds_per_step")
    return [{name: getattr(row, name) for name in names} for row in found.rows]
