"""What a profile measures besides time: memory of the device and of the process, and which models are loaded."""

from __future__ import annotations

import os
import sys
from typing import Any


class Meters:
    """Measures at the moments when a node gives the turn away. What can't be measured is left out, never zero.

    Attributes:
        device: what ComfyUI computes on, in words.
        remarks: what is not measured, and why.
    """

    def __init__(self, accurate: bool) -> None:
        management = sys.modules.get("comfy.model_management")
        device = None if management is None else management.get_torch_device()
        self._management = management
        self._device = device
        self._cuda: Any = sys.modules["torch"].cuda if device is not None and device.type == "cuda" else None
        self._waits = accurate and self._cuda is not None
        self._process = _own_process()
        self._models = self._loaded_models()
        self.device = "" if device is None else _name_of(device, self._cuda)
        self.remarks: list[str] = []
        if self._cuda is None:
            self.remarks.append(f"Memory of the device is not measured: {self.device or 'it'} is no CUDA device.")
            if accurate:
                self.remarks.append(
                    "accurate changes nothing here: only a CUDA device works on while a node has ended."
                )
        else:
            if not accurate:
                self.remarks.append(
                    "A CUDA device works on while a node has ended, so its work may count for a later node; "
                    "accurate waits for it at each node's start and end."
                )
            self.restart()

    def take(self) -> tuple[dict[str, int], list[str], list[str]]:
        """Bytes by kind, and the models loaded and unloaded since the last time.

        The kinds are those of `sample`, and "vram": the device's peak since the last restart, as torch counts it.
        """
        if self._waits:
            self._cuda.synchronize(self._device)
        found = self.sample()
        if self._cuda is not None:
            found["vram"] = int(self._cuda.max_memory_allocated(self._device))
        before, self._models = self._models, self._loaded_models()
        loaded = [name for key, name in self._models.items() if key not in before]
        return found, loaded, [name for key, name in before.items() if key not in self._models]

    def restart(self) -> None:
        """The next peak counts from here."""
        if self._cuda is not None:
            self._cuda.reset_peak_memory_stats(self._device)

    def sample(self) -> dict[str, int]:
        """Bytes in use right now: "device" by everything on it, "ram" by this process."""
        found: dict[str, int] = {}
        if self._cuda is not None:
            free, total = self._cuda.mem_get_info(self._device)
            found["device"] = int(total - free)
        if self._process is not None:
            found["ram"] = int(self._process.memory_info().rss)
        return found

    def _loaded_models(self) -> dict[int, str]:
        found: dict[int, str] = {}
        for loaded in list(getattr(self._management, "current_loaded_models", ())):
            patcher = loaded.model
            model = getattr(patcher, "model", None)
            if model is not None:
                found[id(model)] = type(model).__name__
        return found


def _own_process() -> Any:
    try:
        import psutil
    except ImportError:
        return None
    return psutil.Process(os.getpid())


def _name_of(device: Any, cuda: Any) -> str:
    return str(device) if cuda is None else f"{device} {cuda.get_device_name(device)}"
