"""The golden file nodes.json: what saved workflows depend on. Running this file writes it anew: look at the change."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "nodes.json"


def describe(node: type) -> dict[str, Any]:
    """The part of a node that files depend on: order, names, types, options and defaults, but no texts."""
    inputs = node.INPUT_TYPES()
    is_list = getattr(node, "OUTPUT_IS_LIST", (False,) * len(node.RETURN_TYPES))
    return {
        "display_name": node.DISPLAY_NAME,
        "category": node.CATEGORY,
        "is_output": getattr(node, "OUTPUT_NODE", False),
        "takes_lists": getattr(node, "INPUT_IS_LIST", False),
        "inputs": [
            {"name": name, "kind": kind, "type": spec[0], **{k: v for k, v in spec[1].items() if k != "tooltip"}}
            for kind in ("required", "optional")
            for name, spec in inputs.get(kind, {}).items()
        ],
        "hidden": inputs.get("hidden", {}),
        "outputs": [
            {"name": name, "type": kind, "is_list": many}
            for name, kind, many in zip(node.RETURN_NAMES, node.RETURN_TYPES, is_list, strict=True)
        ],
    }


def is_inner(node: type) -> bool:
    """Whether a node is only made by another one, when that expands: no workflow holds it."""
    return getattr(node, "DEV_ONLY", False)


def describe_pack(pack: Any) -> dict[str, Any]:
    """Every node of the menu under its prefixed id, those that only expansions hold, and what plain ids stand for."""
    nodes = {name: node for name, node in pack.NODE_CLASS_MAPPINGS.items() if name not in pack.PLAIN_IDS}
    inner = sorted(name for name, node in nodes.items() if is_inner(node))
    return {
        "nodes": {name: describe(nodes[name]) for name in sorted(nodes) if name not in inner},
        "inner_nodes": inner,
        "plain_ids": {plain: node.__name__ for plain, node in sorted(pack.PLAIN_IDS.items())},
    }


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent))
    import conftest

    text = json.dumps(describe_pack(sys.modules[conftest.PACK]), indent=1, ensure_ascii=False)
    GOLDEN.write_text(text + "\n", encoding="utf-8")
