"""Writes for people and for programs: results to standard output, everything else to standard error."""

from __future__ import annotations

import argparse
import io
import json
import sys
from typing import Any


def use_safe_encoding() -> None:
    """Keeps a console that lacks a character, as on Windows, from stopping a command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def say_error(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def say_json(value: Any) -> None:
    say(json.dumps(value, ensure_ascii=False, indent=1))


def add_command(commands: Any, name: str, help_text: str, example: str, command: Any) -> argparse.ArgumentParser:
    """Adds a command whose help ends with an example."""
    parser = commands.add_parser(
        name,
        help=help_text,
        description=f"{help_text[0].upper()}{help_text[1:]}.",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="write the result as JSON, for programs")
    parser.set_defaults(command=command)
    return parser


def table(rows: list[tuple[str, ...]], indent: str = "  ") -> list[str]:
    """Rows as lines with their columns below each other; the last column is as long as it is."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)] if rows else []
    return [
        (
            indent + "  ".join([*(cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=True)), row[-1]])
        ).rstrip()
        for row in rows
    ]
