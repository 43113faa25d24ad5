"""What ComfyUI tells of classes of nodes, as its route /object_info does."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from typing import Any


def definitions(class_types: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The definition of each class, in the shape of GET /object_info and as plain JSON.

    A class that is not there, or whose own code fails when it is asked, is left out.
    """
    import nodes

    found: dict[str, dict[str, Any]] = {}
    for class_type in dict.fromkeys(class_types):
        node_class = nodes.NODE_CLASS_MAPPINGS.get(class_type)
        if node_class is None:
            continue
        try:
            found[class_type] = json.loads(json.dumps(_definition(class_type, node_class)))
        except Exception as problem:  # noqa: BLE001 - other packs' code: whatever it raises, we can't tell
            logging.debug("Switchyard: the node class %s can't be described: %r", class_type, problem)
    return found


def _definition(class_type: str, node_class: Any) -> dict[str, Any]:
    import nodes

    if hasattr(node_class, "GET_NODE_INFO_V1"):
        return node_class.GET_NODE_INFO_V1()
    inputs = node_class.INPUT_TYPES()
    outputs = node_class.RETURN_TYPES
    return {
        "input": {kind: inputs[kind] for kind in ("required", "optional") if kind in inputs},
        "output": outputs,
        "output_name": getattr(node_class, "RETURN_NAMES", outputs),
        "name": class_type,
        "display_name": nodes.NODE_DISPLAY_NAME_MAPPINGS.get(class_type, class_type),
        "python_module": getattr(node_class, "RELATIVE_PYTHON_MODULE", "nodes"),
        "output_node": getattr(node_class, "OUTPUT_NODE", False) is True,
    }
