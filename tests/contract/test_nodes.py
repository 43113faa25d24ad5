"""What every node keeps to. One test a node, so that one slip fails one test and says which.

The golden file is written anew with `python tests/contract/golden.py`; a changed order breaks saved workflows.
"""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest
import switchyard_pack
from golden import GOLDEN, describe, describe_pack, is_inner

ROOT = Path(__file__).resolve().parent.parent.parent
NODES = {
    name: node
    for name, node in switchyard_pack.NODE_CLASS_MAPPINGS.items()
    if name not in switchyard_pack.PLAIN_IDS and not is_inner(node)
}
ATTRIBUTES = [
    "DISPLAY_NAME",
    "CATEGORY",
    "DESCRIPTION",
    "SEARCH_ALIASES",
    "INPUT_IS_LIST",
    "RETURN_TYPES",
    "RETURN_NAMES",
    "OUTPUT_TOOLTIPS",
    "OUTPUT_IS_LIST",
    "OUTPUT_NODE",
    "FUNCTION",
    "INPUT_TYPES",
    "VALIDATE_INPUTS",
    "check_lazy_status",
    "IS_CHANGED",
    "execute",
]
FILE_WRITERS = {"SaveImageWithSeeds", "ScoreLog"}
VIEWERS = {"BeforeAndAfter"}  # made to show and nothing else, as Preview Image is
OPTIONAL = {"INPUT_IS_LIST", "OUTPUT_IS_LIST", "OUTPUT_NODE", "VALIDATE_INPUTS", "check_lazy_status", "IS_CHANGED"}


@pytest.mark.parametrize("node_id", sorted(NODES))
def test_a_node_keeps_the_contract(node_id):
    node = NODES[node_id]
    check_name(node_id, node)
    check_attributes(node)
    check_signature(node)
    check_texts(node)
    check_golden(node_id, node)
    check_help_page(node_id, node)
    check_readme(node)
    check_examples(node_id, node)


def inputs_of(node: Any) -> dict[str, Any]:
    return {name: spec for kind in ("required", "optional") for name, spec in node.INPUT_TYPES().get(kind, {}).items()}


def check_name(node_id: str, node: Any) -> None:
    stem = Path(inspect.getfile(node)).stem
    assert node_id == f"Switchyard{node.__name__}"
    assert node_id.isalpha()
    assert stem == re.sub(r"(?<!^)(?=[A-Z])", "_", node.__name__).lower(), "the file has another name than its class"
    assert node.DISPLAY_NAME.replace(" ", "").casefold() == node.__name__.casefold()
    assert re.fullmatch(r"Switchyard(/[A-Z][a-z]+)", node.CATEGORY)


def check_attributes(node: Any) -> None:
    public = [name for name in vars(node) if not name.startswith("_")]
    assert public == [name for name in ATTRIBUTES if name in public], "attributes are in another order, or unknown"
    assert set(ATTRIBUTES) - OPTIONAL <= set(public)
    assert node.FUNCTION == "execute"
    assert node.__doc__ == node.DESCRIPTION
    assert not getattr(node, "OUTPUT_NODE", False) or node.__name__ in FILE_WRITERS | VIEWERS, "no output"


def check_signature(node: Any) -> None:
    declared = {**inputs_of(node), **dict.fromkeys(node.INPUT_TYPES().get("hidden", {}), ("hidden", {}))}
    for name in ("execute", "check_lazy_status"):
        if not hasattr(node, name):
            continue
        parameters = list(inspect.signature(getattr(node, name)).parameters.values())[1:]
        named = {p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD}
        takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
        assert named <= set(declared), f"{name} takes {named - set(declared)}, which INPUT_TYPES does not declare"
        assert takes_any or named == set(declared), f"{name} does not take {set(declared) - named}"
        required = {p.name for p in parameters if p.default is p.empty and p.name in named}
        given = {name for kind in ("required", "hidden") for name in node.INPUT_TYPES().get(kind, {})}
        assert required <= given, f"{name} needs what INPUT_TYPES calls optional"
    validated = inspect.signature(getattr(node, "VALIDATE_INPUTS", lambda: True)).parameters
    assert set(validated) <= set(declared)
    for parameter in inspect.signature(node.execute).parameters.values():
        if parameter.name in declared and parameter.default is not parameter.empty:
            check_default(parameter, declared[parameter.name])


def check_default(parameter: inspect.Parameter, spec: Any) -> None:
    """API JSON may leave an optional input out: the signature's default must be what the widget starts with."""
    if "default" in spec[1]:
        assert parameter.default in (spec[1]["default"], (spec[1]["default"],))


def check_texts(node: Any) -> None:
    assert node.DESCRIPTION.strip().endswith(".")
    assert "\n" not in node.DESCRIPTION.strip(), "the description is the class docstring: one or two sentences, a line"
    tooltips = {name: spec[1].get("tooltip", "") for name, spec in inputs_of(node).items()}
    tooltips |= dict(zip(node.RETURN_NAMES, node.OUTPUT_TOOLTIPS, strict=True))
    for name, tooltip in tooltips.items():
        assert len(tooltip) >= 20, f"{name} has no tooltip worth reading"
        assert tooltip[0].isupper(), f"the tooltip of {name} starts small"
        assert tooltip.endswith("."), f"the tooltip of {name} is no sentence"
    assert len(node.RETURN_NAMES) == len(node.RETURN_TYPES) == len(node.OUTPUT_TOOLTIPS)
    assert all(alias == alias.lower() for alias in node.SEARCH_ALIASES)


def check_golden(node_id: str, node: Any) -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))["nodes"]
    assert json.loads(json.dumps(describe(node))) == golden.get(node_id), "saved workflows would load differently"


def check_help_page(node_id: str, node: Any) -> None:
    page = ROOT / "web" / "docs" / f"{node_id}.md"
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {node.DISPLAY_NAME}\n")
    for name in (*inputs_of(node), *node.RETURN_NAMES):
        mentioned = re.sub(r"_\d+$", "_", name)  # a row may stand for input_0 to input_9
        assert f"`{mentioned}" in text, f"{page.name} does not explain `{name}`"
    for image in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text):
        assert (page.parent / image).is_file(), f"{page.name} shows {image}, which is not there"


def check_readme(node: Any) -> None:
    assert f"| **{node.DISPLAY_NAME}** |" in (ROOT / "README.md").read_text(encoding="utf-8")


def check_examples(node_id: str, node: Any) -> None:
    used = [spec for graph in example_graphs() for spec in graph if spec["type"] == node_id]
    assert used, f"no example workflow uses {node_id}"
    declared = inputs_of(node)
    for spec in used:
        uploads = {"upload"} if any("image_upload" in options for _, options in declared.values()) else set()
        assert {slot["name"] for slot in spec["inputs"]} <= set(declared) | uploads
        widgets = sum(count_widgets(kind, options) for kind, options in declared.values())
        assert len(spec.get("widgets_values") or []) == widgets, "an example saves other widgets than the node has"


def count_widgets(kind: Any, options: dict[str, Any]) -> int:
    """A seed has two: the page adds what becomes of it after a run; a picture has a button to upload another."""
    if options.get("forceInput"):
        return 0
    has_one = isinstance(kind, list) or options.get("widgetType", kind) in ("INT", "FLOAT", "STRING", "BOOLEAN")
    return has_one + bool(options.get("control_after_generate")) + bool(options.get("image_upload"))


def example_graphs() -> list[list[dict[str, Any]]]:
    """The node lists of all example workflows, those inside subgraphs too."""
    graphs = []
    for path in sorted((ROOT / "example_workflows").glob("*.json")):
        workflow = json.loads(path.read_text(encoding="utf-8"))
        graphs.append(workflow["nodes"])
        graphs += [subgraph["nodes"] for subgraph in workflow.get("definitions", {}).get("subgraphs", [])]
    return graphs


def test_the_golden_file_has_no_other_nodes_and_the_same_plain_ids():
    golden, now = json.loads(GOLDEN.read_text(encoding="utf-8")), describe_pack(switchyard_pack)
    assert list(golden["nodes"]) == list(now["nodes"])
    assert golden["inner_nodes"] == now["inner_nodes"]
    assert golden["plain_ids"] == now["plain_ids"]


def test_there_is_no_help_page_without_a_node():
    pages = {path.stem for path in (ROOT / "web" / "docs").glob("*.md")}
    assert pages <= set(NODES)
