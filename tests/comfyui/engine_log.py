"""What ComfyUI's own log tells about models."""

from __future__ import annotations

import re
from dataclasses import dataclass

_START = r"^(?:\x1b\[\d+m|\[INFO\]| )*"  # newer cores write the level before each line, in colour


@dataclass
class EngineLog:
    """The lines of the log that a run has written."""

    text: str

    @property
    def checkpoints_read(self) -> int:
        """How many checkpoints were read from disk: ComfyUI tells the type of each, not its file."""
        return len(re.findall(rf"{_START}model_type \w+", self.text, re.MULTILINE))

    @property
    def models(self) -> set[str]:
        """The classes of the models that were put to work: SD3 is the demo model, with SD3ClipModel_."""
        return set(re.findall(rf"{_START}Requested to load (\w+)", self.text, re.MULTILINE))
