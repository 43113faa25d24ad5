"""Long work inside a node: stopping it when the user interrupts the run, and telling how far it is."""

from __future__ import annotations

import logging
import sys
from typing import Any


def stop_if_interrupted(*_: Any) -> None:
    """Raises ComfyUI's own exception if the user has interrupted the run; does nothing outside ComfyUI.

    Takes any arguments, so that it can be handed to core functions that call back between two pictures.
    """
    management = sys.modules.get("comfy.model_management")
    if management is not None:
        management.throw_exception_if_processing_interrupted()


def show_text(node_id: str, text: str) -> None:
    """Shows a line on a node while the prompt runs; the page removes it at the end. Also written to the log."""
    logging.info("Switchyard: node %s: %s", node_id, text)
    prompt_server = getattr(sys.modules.get("server"), "PromptServer", None)
    server = getattr(prompt_server, "instance", None)
    if server is not None and server.client_id is not None:
        server.send_progress_text(text, node_id, server.client_id)


def forget_progress(node_id: str) -> None:
    """Takes a node and all that it expanded into out of the progress that ComfyUI reports.

    It sends the state of every node it has started, each time one starts, steps or ends: without this the messages of
    a hundred attempts would grow with the square of their number.
    """
    progress = sys.modules.get("comfy_execution.progress")
    if progress is None:
        return
    nodes = progress.get_progress_state().nodes
    for known in [known for known in nodes if known == node_id or known.startswith(f"{node_id}.")]:
        del nodes[known]
