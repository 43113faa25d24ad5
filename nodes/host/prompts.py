"""What happens to a prompt when it is queued, before ComfyUI checks and runs it."""

from __future__ import annotations

import functools
import logging
import sys
from typing import Any

from ...core.provenance import link_reports
from .node_classes import is_lazy


def register_prompt_handlers() -> None:
    """Asks ComfyUI's server, if there is one, to show us every prompt."""
    server = getattr(getattr(sys.modules.get("server"), "PromptServer", None), "instance", None)
    if server is not None:
        server.add_on_prompt_handler(handle_prompt)


def handle_prompt(request: dict[str, Any]) -> dict[str, Any]:
    """Links the nodes that save with seeds to the gates before them, in the prompt of a request.

    A prompt that is not well-formed stays as it is: ComfyUI itself says what is wrong with it.
    """
    try:
        link_reports(request["prompt"], functools.cache(is_lazy))
    except (LookupError, TypeError, AttributeError) as problem:
        logging.debug("Switchyard: the prompt is not well-formed: %r", problem)
    return request
