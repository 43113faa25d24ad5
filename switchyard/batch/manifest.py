"""The manifest: one row for each job, made of the run and its journal, so that it can be made again at any time."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..template.parameters import show_plain
from .journal import JobState
from .run_folder import OUTPUTS, RunFolder, write_whole

JSONL, CSV = "manifest.jsonl", "manifest.csv"
_COLUMNS = (
    "index", "status", "attempt", "server", "prompt_id", "seconds", "cached", "error_code", "error_node",
    "error_message", "files", "sha256",
)  # fmt: skip


def rows(run: RunFolder, states: Sequence[JobState] | None = None) -> list[dict[str, Any]]:
    """What is known of each job, in the order of the jobs."""
    found = run.states() if states is None else states
    seeds = [parameter.name for parameter in run.template.parameters if parameter.type == "seed"]
    return [
        {
            "index": job.index,
            "params": dict(job.values),
            "seed": next((job.values[name] for name in seeds), None),
            "key": job.key,
            "prompt_id": state.prompt_id or None,
            "server": state.server or None,
            "attempt": state.attempt,
            "status": "pending" if state.status == "open" else state.status,
            "cached": state.cached,
            "seconds": state.seconds,
            "warnings": state.warnings,
            "error": state.error,
            "outputs": state.outputs,
        }
        for job, state in zip(run.jobs, found, strict=True)
    ]


def write(run: RunFolder, states: Sequence[JobState] | None = None) -> None:
    """Writes manifest.jsonl and manifest.csv, each whole or not at all."""
    found = rows(run, states)
    write_whole(run.path / JSONL, as_jsonl(found))
    write_whole(run.path / CSV, _as_csv(run, found))


def as_jsonl(found: Sequence[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in found)


def _as_csv(run: RunFolder, found: Sequence[Mapping[str, Any]]) -> str:
    names = [parameter.name for parameter in run.template.parameters]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_COLUMNS, *(f"param_{name}" for name in names)])
    for row in found:
        error, outputs = row["error"] or {}, row["outputs"]
        cells = [row[name] for name in ("index", "status", "attempt", "server", "prompt_id", "seconds")]
        cells += [len(row["cached"]), error.get("code"), error.get("node"), error.get("message")]
        cells += ["; ".join(str(output[key]) for output in outputs) for key in ("path", "sha256")]
        writer.writerow(cells + [show_plain(row["params"][name]) for name in names])
    return text.getvalue()


@dataclass(frozen=True)
class Problem:
    """Something that is not as the manifest says: `kind` is missing, changed, extra, manifest, failed or pending."""

    kind: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}"


def verify(run: RunFolder) -> Iterator[Problem]:
    """Whatever is not as the journal says: every file is read and its hash compared."""
    found = rows(run)
    named: set[str] = set()
    for row in found:
        if row["status"] != "done":
            error = (row["error"] or {}).get("message", "")
            yield Problem(row["status"], f"job {row['index']}{': ' if error else ''}{error}")
        for output in row["outputs"]:
            path = run.path / output["path"]
            if output["path"] in named:
                yield Problem("extra", f"{output['path']} is a result of two jobs")
            named.add(output["path"])
            if not path.is_file():
                yield Problem("missing", output["path"])
            elif path.stat().st_size != output["bytes"] or sha256(path) != output["sha256"]:
                yield Problem("changed", output["path"])
    for path in sorted(run.outputs.iterdir() if run.outputs.is_dir() else ()):
        if f"{OUTPUTS}/{path.name}" not in named:
            yield Problem("extra", f"{OUTPUTS}/{path.name} is no job's result")
    if (run.path / JSONL).is_file():
        if (run.path / JSONL).read_text(encoding="utf-8") != as_jsonl(found):
            yield Problem("manifest", f"{JSONL} is not what the journal says; switchyard status writes it anew")
    elif all(row["status"] == "done" for row in found):
        yield Problem("manifest", f"there is no {JSONL}; switchyard status writes it anew")


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()


def sweep(run: RunFolder, states: Sequence[JobState]) -> list[Path]:
    """Removes files of jobs that are not done: what a process left that was killed while it saved them.

    Only names as this module gives them to such a job are touched, and their unfinished parts.
    """
    removed = []
    for path in run.outputs.iterdir() if run.outputs.is_dir() else ():
        match = re.match(r"\.?([0-9]{5,})_", path.name)
        if match is None or int(match[1]) >= len(states):
            continue
        state = states[int(match[1])]
        is_part = path.name.startswith(".") and path.name.endswith(".part")
        if is_part or (state.status != "done" and not path.name.startswith(".")):
            path.unlink(missing_ok=True)
            removed.append(path)
    return removed


def local_names(label: str, filenames: Sequence[str]) -> list[str]:
    """The names under which a job's files are saved: they start with its number, and follow from it alone."""
    names: list[str] = []
    for filename in filenames:
        name = re.split(r"[/\\]", filename)[-1]
        name = re.sub(r'[<>:"|?*\x00-\x1f]', "_", name).strip(" .") or "output"
        name = name if name.startswith(f"{label}_") else f"{label}_{name}"
        stem, dot, suffix = name.rpartition(".")
        tries = (
            name if number == 1 else f"{stem or name}_{number}{dot}{suffix if dot else ''}"
            for number in range(1, 10**6)
        )
        names.append(
            next(candidate for candidate in tries if candidate.casefold() not in {n.casefold() for n in names})
        )
    return names
