"""`switchyard doctor`: what a server is, what it can do, and what a template lacks on it."""

from __future__ import annotations

import argparse
import uuid
from dataclasses import asdict
from typing import Any

from . import template_arguments as common
from .client import Client
from .console import add_command, say, say_json, table
from .template import Finding

_OPEN_S = 5.0  # for a WebSocket, which a proxy before the server may not let through


def add_to(commands: Any) -> None:
    """Adds the command."""
    parser = add_command(
        commands,
        "doctor",
        "look a server over: version, memory, queue, what it can do, and what a template lacks; exit code 1 if it does",
        "switchyard doctor hires_fix --server http://127.0.0.1:8188",
        doctor,
    )
    parser.add_argument("template", nargs="?", metavar="TEMPLATE", help="a template's file or name")
    common.add_values(parser)
    common.add_folder(parser)
    common.add_connection(parser)


def doctor(options: argparse.Namespace) -> int:
    client = common.connect(options)
    info, findings = client.server_info(), []
    abilities = {**client.abilities(), "events": _hears_events(client)}
    waiting = client.queue_length()
    if options.template:
        template = common.find_template(options.template, options.folder, client)
        findings = template.check(client.object_info(), common.read_values(template, options))
    errors = [finding for finding in findings if finding.level == "error"]
    if options.json:
        report = {"url": client.url, **asdict(info), "queue": waiting, "abilities": abilities}
        say_json({**report, "ok": not errors, "findings": [asdict(finding) for finding in findings]})
        return 1 if errors else 0
    rows = [("server", client.url), ("ComfyUI", info.version or "does not say"), ("Python", info.python)]
    rows += [("PyTorch", info.pytorch)] + [("device", _device(device)) for device in info.devices]
    rows.append(("queue", "empty" if not waiting else "1 job" if waiting == 1 else f"{waiting} jobs"))
    rows += [(what, _ABILITIES[what][is_there]) for what, is_there in abilities.items()]
    for line in table([row for row in rows if row[1]], ""):
        say(line)
    _say_findings(findings, options.template)
    return 1 if errors else 0


_ABILITIES = {
    "events": ("none: progress is not shown, waiting works", "come over the WebSocket"),
    "job_list": ("not there (/api/jobs): not needed", "there (/api/jobs)"),
    "preview_metadata": ("previews do not say their node", "previews say their node"),
    "page_templates": ("this pack is not there: templates of the page can't be run by name", "run by name"),
}


def _hears_events(client: Client) -> bool:
    stream = client.listen(str(uuid.uuid4()))
    try:
        return stream.wait_until_open(_OPEN_S)
    finally:
        stream.close()


def _device(device: Any) -> str:
    total, free = device.get("vram_total"), device.get("vram_free")
    memory = f", {free / 2**30:.1f} of {total / 2**30:.1f} GiB free" if total and free is not None else ""
    return f"{device.get('name', '?')}{memory}"


def _say_findings(findings: list[Finding], template: str | None) -> None:
    for finding in findings:
        say(f"{finding.level}: {finding.where + ': ' if finding.where else ''}{finding.message}")
    if template and not any(finding.level == "error" for finding in findings):
        say(f"{template} can run there.")
