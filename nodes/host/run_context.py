"""Which run of a prompt a node is part of, and what is upstream of it there."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Iterable
from typing import Any

from ...core.run_facts import linked_nodes, models_upstream, seeds_upstream
from ...core.score_log import Origin
from ...core.values import show
from .attempts import display_seeds


def origin_of(dynprompt: Any, node_id: str, inputs: Iterable[str], label: Any) -> Origin:
    """Where the values in some inputs of a node come from: time, run, seeds and models.

    In an attempt of a Quality Gate the node is a copy, and the seeds are those of the attempt.

    Args:
        dynprompt: ComfyUI's live graph; None where a program calls the node by itself.
        node_id: the node's id in it.
        inputs: the inputs that count.
        label: the user's own words, or a number by a link.
    """
    label = label if isinstance(label, str) else "" if label is None else show(label)
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if dynprompt is None:
        return Origin(now, _run_id(), node_id, {}, [], label)
    roots = linked_nodes(dynprompt.get_node, node_id, inputs)
    return Origin(
        now,
        _run_id(),
        dynprompt.get_display_node_id(node_id),
        display_seeds(dynprompt, seeds_upstream(dynprompt.get_node, roots)),
        models_upstream(dynprompt.get_node, roots),
        label,
    )


def _run_id() -> str:
    """What ComfyUI calls the run that goes on, as in its history; empty outside of one."""
    utils = sys.modules.get("comfy_execution.utils")
    context = utils.get_executing_context() if utils is not None else None
    return "" if context is None else str(context.prompt_id)
