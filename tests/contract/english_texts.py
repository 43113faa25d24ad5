"""The English texts that the page can show in other languages, in the shape of the files in locales/<language>/.

Running this file writes them as JSON to standard output: what a new language starts from.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
_ENTRY = re.compile(r'\bid:\s*"(Switchyard\.[A-Za-z.]+)"(?P<rest>.*?)(?=\bid:\s*"|\Z)', re.DOTALL)
_TEXT = r'\b{}:\s*"((?:[^"\\]|\\.)*)"'


def english_texts(pack: Any) -> dict[str, dict[str, Any]]:
    """By file, what it holds for English: nodes' names and tooltips, and the labels of settings and commands."""
    nodes = {
        name: _node(node)
        for name, node in sorted(pack.NODE_CLASS_MAPPINGS.items())
        if name not in pack.PLAIN_IDS and not getattr(node, "DEV_ONLY", False)
    }
    return {"nodeDefs": nodes, **_page_texts()}


def _node(node: Any) -> dict[str, Any]:
    inputs = {
        name: {"name": name.replace("_", " "), "tooltip": spec[1]["tooltip"]}
        for kind in ("required", "optional")
        for name, spec in node.INPUT_TYPES().get(kind, {}).items()
    }
    outputs = {
        str(index): {"name": name, "tooltip": tooltip}
        for index, (name, tooltip) in enumerate(zip(node.RETURN_NAMES, node.OUTPUT_TOOLTIPS, strict=True))
    }
    found = {"display_name": node.DISPLAY_NAME, "description": node.DESCRIPTION, "inputs": inputs, "outputs": outputs}
    return {name: value for name, value in found.items() if value}


def _page_texts() -> dict[str, Any]:
    """Settings have a default and headings that they stand under, commands a function: read from the page's sources."""
    settings: dict[str, Any] = {}
    commands: dict[str, Any] = {}
    headings: dict[str, str] = {}
    for path in sorted((ROOT / "web" / "js").glob("*.js")):
        text = path.read_text(encoding="utf-8")
        for name, value in re.findall(r'^const ([A-Z]+) = ("Switchyard\.[A-Za-z.]+")$', text, re.MULTILINE):
            text = text.replace(f"id: {name},", f"id: {value},")
        for found in _ENTRY.finditer(text):
            key, rest = found[1].replace(".", "_"), found["rest"]
            name, label = re.search(_TEXT.format("name"), rest), re.search(_TEXT.format("label"), rest)
            tooltip = re.search(_TEXT.format("tooltip"), rest)
            if re.search(r"\bdefaultValue\b", rest) and name:
                headings |= {found: found for found in re.findall(r'category: \["Switchyard", "([^"]+)"', rest)}
                settings[key] = {"name": name[1]} | ({"tooltip": tooltip[1]} if tooltip else {})
            elif re.search(r"\bfunction\b", rest) and label:
                commands[key] = {"label": label[1]}
    return {"settings": settings, "commands": commands, "main": {"settingsCategories": headings}}


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent))
    import conftest

    sys.stdout.write(json.dumps(english_texts(sys.modules[conftest.PACK]), indent=1, ensure_ascii=False) + "\n")
