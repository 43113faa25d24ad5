"""Registers what the literal mapping of the pack can't say: the plain ids, never over another pack's node; handlers."""

from __future__ import annotations

import logging
import sys
from typing import Any

from .hint_routes import register_hint_routes
from .parameter_routes import register_parameter_routes
from .profile_routes import register_profile_routes
from .prompts import register_prompt_handlers
from .routes import register_routes
from .weight_files import register_folders


def register(mapping: dict[str, type], plain_ids: dict[str, type]) -> None:
    """Adds the plain ids to the pack's own mapping, each as a hidden subclass, unless the id is already taken.

    Packs that are loaded later replace an id by themselves: ComfyUI keeps the last one. Also asks to be shown every
    prompt that is queued, and adds folders for models and the routes of templates, parameters, hints and
    profiles. Unless ComfyUI has loaded the pack, this does nothing.
    """
    taken = _taken_ids()
    if taken is None:
        return
    for node_id, node in plain_ids.items():
        if node_id in taken:
            logging.info("Switchyard: the node id %s belongs to another pack and is left to it.", node_id)
        else:
            mapping[node_id] = type(node_id, (node,), {"__doc__": node.__doc__, _hidden_mark(): True})
    register_prompt_handlers()
    register_folders()
    register_routes()
    register_parameter_routes()
    register_hint_routes()
    register_profile_routes()


def _taken_ids() -> dict[str, Any] | None:
    """The nodes that ComfyUI has so far; None outside ComfyUI."""
    return getattr(sys.modules.get("nodes"), "NODE_CLASS_MAPPINGS", None)


def _hidden_mark() -> str:
    """DEV_ONLY keeps a node out of the menu where the core knows it; older cores hide what is DEPRECATED."""
    io = getattr(sys.modules.get("comfy_api.latest"), "io", None)
    schema = getattr(io, "Schema", None)
    return "DEV_ONLY" if schema is None or hasattr(schema, "is_dev_only") else "DEPRECATED"
