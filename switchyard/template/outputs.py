"""Outputs: the nodes of a graph whose results are kept."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..graphs import Graph, title_of
from .groups import slug, unique_name

# The classes of ComfyUI and of this pack that save, and what they save. A test holds ours against the registry.
SAVERS = {
    "SaveImage": "image",
    "SaveImageAdvanced": "image",
    "SaveImageWebsocket": "image",
    "SaveAnimatedPNG": "image",
    "SaveAnimatedWEBP": "image",
    "SaveSVGNode": "image",
    "SwitchyardSaveImageWithSeeds": "image",
    "SaveVideo": "video",
    "SaveWEBM": "video",
    "SaveAudio": "audio",
    "SaveAudioMP3": "audio",
    "SaveAudioOpus": "audio",
    "SaveGLB": "3d",
    "SaveLatent": "file",
}


@dataclass(frozen=True)
class Output:
    """A node whose result counts; `kind` says what it is, such as "image", or "" where that is not known."""

    name: str
    node: str
    label: str = ""
    kind: str = ""

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Output:
        """An output from a template's file that has the right form."""
        return cls(**{key: document[key] for key in ("name", "node", "label", "kind") if key in document})

    def document(self) -> dict[str, Any]:
        """The output as it stands in a template's file."""
        return {key: value for key, value in vars(self).items() if value}


def find_outputs(graph: Graph, workflow: Mapping[str, Any] | None = None) -> tuple[Output, ...]:
    """The nodes that the workflow's App mode shows, else those of the graph that save."""
    shown = [node_id for node_id in dict.fromkeys(_shown(workflow)) if node_id in graph]
    nodes = shown or [node_id for node_id, node in graph.items() if node["class_type"] in SAVERS]
    outputs: list[Output] = []
    for node_id in nodes:
        node = graph[node_id]
        prefix = node["inputs"].get("filename_prefix")
        text = posixpath.basename(prefix) if isinstance(prefix, str) and "%" not in prefix else title_of(node)
        name = unique_name(slug(text, "output"), {output.name for output in outputs})
        outputs.append(Output(name, node_id, title_of(node), SAVERS.get(node["class_type"], "")))
    return tuple(outputs)


def _shown(workflow: Mapping[str, Any] | None) -> list[str]:
    extra = workflow.get("extra") if workflow else None
    data = extra.get("linearData") if isinstance(extra, Mapping) else None
    shown = data.get("outputs") if isinstance(data, Mapping) else None
    return [str(node_id) for node_id in shown] if isinstance(shown, list) else []
