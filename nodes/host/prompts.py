"""What happens to a prompt when it is queued, before ComfyUI checks and runs it."""

from __future__ import annotations

import functools
import logging
import sys
from typing import Any

from ...core.provenance import link_reports
from .node_classes import is_lazy
from .parameter_inputs import mark_problems
from .profile_recorder import watch

# Names that shared API prompts use and that belong to another pack, Impact Pack, whose saved canvas workflows hold its
# widgets by position: registering them would spoil those, also where that pack is only missing.
LENT_NAMES = {"FaceDetailer": "SwitchyardFaceDetailer"}


def register_prompt_handlers() -> None:
    """Asks ComfyUI's server, if there is one, to show us every prompt."""
    server = getattr(getattr(sys.modules.get("server"), "PromptServer", None), "instance", None)
    if server is not None:
        server.add_on_prompt_handler(handle_prompt)


def handle_prompt(request: dict[str, Any]) -> dict[str, Any]:
    """Prepares the prompt of a request.

    Links the nodes that save with seeds to the gates before them, answers names that nobody has with our nodes, tells
    template parameters what is wrong with them, and gets ready to record a profile where one is asked for.
    A prompt that is not well-formed stays as it is: ComfyUI itself says what is wrong with it.
    """
    try:
        answer_names(request["prompt"])
        link_reports(request["prompt"], functools.cache(is_lazy))
        mark_problems(request["prompt"])
        watch(request)
    except (LookupError, TypeError, AttributeError) as problem:
        logging.debug("Switchyard: the prompt is not well-formed: %r", problem)
    return request


def answer_names(prompt: dict[str, Any]) -> None:
    """Has our nodes answer to names in a prompt that belong to another pack, where that pack is not installed."""
    import nodes

    for node_id, spec in prompt.items():
        name = spec["class_type"]
        if name in LENT_NAMES and name not in nodes.NODE_CLASS_MAPPINGS:
            spec["class_type"] = LENT_NAMES[name]
            logging.info("Switchyard: node %s: no pack has %s, so %s runs.", node_id, name, LENT_NAMES[name])
