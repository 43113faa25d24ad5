"""Weights that the user has put into ComfyUI's models folders: listed, checked and read, never run."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

AESTHETIC = "aesthetic"
CLIP_VISION = "clip_vision"
FACE_DETECTION = "face_detection"
EXTENSIONS = (".safetensors", ".pth", ".pt", ".bin")


def register_folders() -> None:
    """Adds our own folders of models to those that ComfyUI knows, beside those that other packs or the user gave it."""
    paths = sys.modules.get("folder_paths")
    if paths is None:
        return
    for kind in (AESTHETIC, FACE_DETECTION):
        folder = str(Path(paths.models_dir) / kind)
        known, extensions = paths.folder_names_and_paths.get(kind, ([], set()))
        folders = [*known] if folder in known else [*known, folder]
        paths.folder_names_and_paths[kind] = (folders, {*extensions, *EXTENSIONS})


def list_files(kind: str) -> list[str]:
    """The files of a kind, by name; none outside ComfyUI."""
    paths = sys.modules.get("folder_paths")
    return list(paths.get_filename_list(kind)) if paths is not None else []


def missing_file(kind: str, name: Any, what: str) -> str | None:
    """A sentence if there is no such file: what was asked for, what there is and where it goes."""
    if isinstance(name, str) and name and _path_of(kind, name) is not None:
        return None
    there = ", ".join(list_files(kind)[:20]) or "no file"
    return (
        f"There is no {what} {name!r} in models/{kind}: there is {there}. Put the file there and reload the page (R); "
        "the help page of the node says where it comes from."
    )


def file_stamp(kind: str, name: Any) -> str:
    """Changes when the file does."""
    path = _path_of(kind, name) if isinstance(name, str) else None
    if path is None:
        return f"no {name!r}"
    status = path.stat()
    return f"{path} {status.st_size} {status.st_mtime_ns}"


def load_weights(kind: str, name: str, what: str, wanted: Callable[[str], bool] | None = None) -> dict[str, Any]:
    """Reads the weights of a file; a pickle only as far as it holds nothing but weights.

    Args:
        kind: the folder key.
        name: the file's name.
        what: what it is to the user, for errors.
        wanted: which keys to read of a safetensors file; all of them if left out.

    Raises:
        ValueError: there is no such file, it is no weights file, or it holds code.
    """
    problem = missing_file(kind, name, what)
    path = _path_of(kind, name) if isinstance(name, str) else None
    if problem or path is None:
        raise ValueError(problem)
    with path.open("rb") as file:
        start = file.read(256)
    check_start(start, name)
    try:
        weights = _read(path, wanted)
    except Exception as error:  # whatever a damaged file makes the readers raise
        raise ValueError(_why_unreadable(error, name)) from error
    if not isinstance(weights, dict):
        raise ValueError(f"{name} holds a {type(weights).__name__}, not weights by name. Get the file anew.")
    return weights


def _path_of(kind: str, name: str) -> Path | None:
    paths = sys.modules.get("folder_paths")
    found = paths.get_full_path(kind, name) if paths is not None else None
    return Path(found) if found else None


def check_start(start: bytes, name: str) -> None:
    """Raises ValueError if a file that begins so is what people get instead of weights: nothing, a page, a pointer."""
    text = start.lstrip().lower()
    if not start:
        raise ValueError(f"{name} is empty: the download did not finish. Get the file anew.")
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        raise ValueError(
            f"{name} is a web page, not weights: the page around the file was saved. On GitHub and Hugging Face use "
            "the download button of the file itself."
        )
    if text.startswith(b"version https://git-lfs"):
        raise ValueError(f"{name} is only a pointer of Git LFS, not the weights. Download the file itself.")


def _read(path: Path, wanted: Callable[[str], bool] | None) -> Any:
    if path.suffix.lower() == ".safetensors" and wanted is not None:
        from safetensors import safe_open

        with safe_open(str(path), framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys() if wanted(key)}  # noqa: SIM118 - it is no mapping
    import comfy.utils

    weights = comfy.utils.load_torch_file(str(path), safe_load=True)
    return weights if wanted is None else {key: value for key, value in weights.items() if wanted(key)}


def _why_unreadable(error: Exception, name: str) -> str:
    if re.search(r"GLOBAL \S|Unsupported (global|class)|is blocked", str(error)):  # the words of torch's unpickler
        return (
            f"{name} holds more than weights: reading it in full would run code from the file, so it was not loaded. "
            "Get it from its authors, or as safetensors."
        )
    return (
        f"{name} could not be read as weights ({type(error).__name__}): it is damaged, or another kind of file. Get it "
        "anew."
    )
