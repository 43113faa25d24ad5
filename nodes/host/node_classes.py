"""What ComfyUI knows of a class of nodes: its inputs, outputs, and how it wants them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any


def is_lazy(class_type: str, name: str) -> bool:
    """Whether what is plugged into an input may stay unasked. True as well if that can't be told."""
    import nodes

    node_class = nodes.NODE_CLASS_MAPPINGS.get(class_type)
    try:
        types = node_class.INPUT_TYPES()
        for kind in ("required", "optional"):
            if name in types.get(kind, {}):
                return _mentions_lazy(types[kind][name])
        # Inputs that grow are called "images.image3", and "images" says how each of them is.
        grown = [types.get(kind, {}).get(name.split(".")[0]) for kind in ("required", "optional")]
        return _mentions_lazy(grown)
    except Exception:  # noqa: BLE001 - other packs' code: whatever it raises, we can't tell
        return True


def _mentions_lazy(spec: Any) -> bool:
    if isinstance(spec, Mapping):
        return bool(spec.get("lazy")) or any(_mentions_lazy(value) for value in spec.values())
    return isinstance(spec, (list, tuple)) and any(_mentions_lazy(value) for value in spec)


def output_type(class_type: str, output: int) -> str:
    """The type of a class's output; "*" if that can't be told."""
    import nodes

    try:
        return str(nodes.NODE_CLASS_MAPPINGS[class_type].RETURN_TYPES[output])
    except (LookupError, AttributeError, TypeError):
        return "*"


def declared_inputs(class_type: str) -> dict[str, Any]:
    """A class's inputs as it declares them, the required ones first."""
    import nodes

    types = nodes.NODE_CLASS_MAPPINGS[class_type].INPUT_TYPES()
    return {**types.get("required", {}), **types.get("optional", {})}


def takes_lists(class_type: str) -> bool:
    """Whether a class gets all pictures of a list at once, so that it may reorder them; True if that can't be told."""
    import nodes

    try:
        return bool(getattr(nodes.NODE_CLASS_MAPPINGS[class_type], "INPUT_IS_LIST", False))
    except Exception:  # noqa: BLE001 - other packs' code: whatever it raises, we can't tell
        return True


def listed_values(class_type: str, name: str) -> list[Any] | None:
    """The values that an input with a list takes; None if it has no list, takes others too, or that can't be told."""
    import nodes

    try:
        node_class = nodes.NODE_CLASS_MAPPINGS[class_type]
        kind, *options = declared_inputs(class_type)[name]
        values = options[0].get("options") if kind == "COMBO" and options else kind
        checks = [getattr(node_class, check, None) for check in ("VALIDATE_INPUTS", "validate_inputs")]
        decides = any(_names(check, name) for check in checks if check is not None)
        return list(values) if isinstance(values, (list, tuple)) and not decides else None
    except Exception:  # noqa: BLE001 - other packs' code: whatever it raises, we can't tell
        return None


def _names(check: Any, name: str) -> bool:
    """Whether a class's own check looks at an input, so that ComfyUI doesn't hold it against the list."""
    if check.__module__.startswith("comfy_api"):  # V3 nodes inherit one that does nothing
        return False
    parameters = inspect.signature(check).parameters
    return name in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values())
