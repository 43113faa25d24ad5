"""The command `switchyard`: templates of workflows, saved, looked at, checked and run.

Exit codes: 0 done; 1 a check found errors, two templates differ, or a job failed; 2 wrong usage or an unusable
template; 3 ComfyUI rejects the graph; 4 no server answers; 5 it took too long; 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import os
import sys

from . import batch_commands, doctor_command, profile_command, run_command, template_commands
from .console import say, say_error, use_safe_encoding
from .errors import SwitchyardError, TemplateError


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; gives its exit code."""
    use_safe_encoding()
    parser = make_parser()
    options, rest = parser.parse_known_args(arguments)
    # argparse reads NAME=VALUE only in one place: these stand after an option.
    if rest and not (hasattr(options, "values") and all("=" in word and word[0] not in "-=" for word in rest)):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        options.values += rest
    try:
        return options.command(options)
    except SwitchyardError as problem:
        if getattr(options, "json", False):
            where = problem.where if isinstance(problem, TemplateError) else ""
            error = {"kind": type(problem).__name__, "message": str(problem), "where": where}
            say(json.dumps({"error": error}, ensure_ascii=False))
        say_error(f"switchyard: {problem}")
        return problem.exit_code
    except BrokenPipeError:  # what reads our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        say_error("switchyard: interrupted.")
        return 130


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands; each says by an example how it is used."""
    parser = argparse.ArgumentParser(
        prog="switchyard",
        description="Runs ComfyUI workflows by named parameters.",
        epilog=(__doc__ or "").partition("\n\n")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    template_commands.add_to(commands)
    run_command.add_to(commands)
    batch_commands.add_to(commands)
    profile_command.add_to(commands)
    doctor_command.add_to(commands)
    return parser
