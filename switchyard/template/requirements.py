"""What a workflow says that it needs: node packs and models, as the page notes them in the nodes' properties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .groups import objects, subgraphs

_CORE = "comfy-core"


def find_requirements(workflow: Mapping[str, Any] | None) -> dict[str, Any]:
    """The packs and models that the nodes of a workflow name, those in subgraphs too; {} if none does."""
    packs: dict[str, dict[str, Any]] = {}
    models: dict[tuple[str, str], dict[str, str]] = {}
    for kind, properties in _properties(workflow):
        pack = properties.get("cnr_id")
        if isinstance(pack, str) and pack not in ("", _CORE):
            entry = packs.setdefault(pack, {"id": pack})
            if isinstance(properties.get("ver"), str):
                entry.setdefault("version", properties["ver"])
            classes = entry.setdefault("class_types", [])
            if isinstance(kind, str) and kind not in classes:
                classes.append(kind)
        named = properties.get("models")
        for model in named if isinstance(named, list) else []:
            if isinstance(model, Mapping) and model.get("name") and model.get("directory"):
                entry = {"folder": str(model["directory"]), "name": str(model["name"])}
                if isinstance(model.get("url"), str):
                    entry["url"] = model["url"]
                models.setdefault((entry["folder"], entry["name"]), entry)
    found = {"node_packs": list(packs.values()), "models": list(models.values())}
    return {key: value for key, value in found.items() if value}


def _properties(workflow: Mapping[str, Any] | None) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    if workflow is None:
        return
    for level in (workflow, *subgraphs(workflow)):
        for node in objects(level, "nodes"):
            if isinstance(node.get("properties"), Mapping):
                yield node.get("type"), node["properties"]
