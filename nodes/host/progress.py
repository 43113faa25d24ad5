"""Long work inside a node: stopping it when the user interrupts the run."""

from __future__ import annotations

import sys
from typing import Any


def stop_if_interrupted(*_: Any) -> None:
    """Raises ComfyUI's own exception if the user has interrupted the run; does nothing outside ComfyUI.

    Takes any arguments, so that it can be handed to core functions that call back between two pictures.
    """
    management = sys.modules.get("comfy.model_management")
    if management is not None:
        management.throw_exception_if_processing_interrupted()
