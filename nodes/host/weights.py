"""The pack's own numbers: what data/*.safetensors holds, as tensors for core."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

_DATA = Path(__file__).resolve().parents[2] / "data"
_REINSTALL = "Install Switchyard again: update it in ComfyUI-Manager, or copy its whole folder anew"


def load_data(name: str) -> dict[str, Any]:
    """Gives the tensors of data/<name>.safetensors, on the CPU, as they are stored.

    A file is read and checked against data/manifest.json once, at its first use. Each call gives tensors of its own:
    whoever changes them spoils nobody else's.

    Raises:
        RuntimeError: the file is missing, can't be read, or isn't the one of the manifest. Never another model instead.
    """
    return {key: tensor.clone() for key, tensor in _read(f"{name}.safetensors").items()}


@cache
def _read(file: str) -> dict[str, Any]:
    from safetensors.torch import load

    path = _DATA / file
    try:
        content = path.read_bytes()
        manifest = json.loads((_DATA / "manifest.json").read_text(encoding="utf-8"))
        expected = {entry["file"]: entry["sha256"] for entry in manifest}[file]
    except FileNotFoundError as error:
        raise RuntimeError(f"A file of Switchyard is missing: {error.filename}. {_REINSTALL}.") from error
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise RuntimeError(f"Files of Switchyard in {_DATA} can't be read: {error!r}. {_REINSTALL}.") from error
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise RuntimeError(
            f"A file of Switchyard is damaged or of another version: {path} has {len(content)} bytes with the sha256 "
            f"{found[:12]}…, not {expected[:12]}…. {_REINSTALL}."
        )
    return load(content)
