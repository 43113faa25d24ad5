"""Turns workflows in the page's format into graphs in API format, with comfy-cli's converter.

Run by the checkers' Python, where comfy-cli is: `python official_graphs.py OBJECT_INFO.json OUT.jsonl FOLDER...`. Each
line of what it writes is {"file", "graph"} or {"file", "problem"}; files that hold no workflow are left out.
"""

from __future__ import annotations

import json
import logging
import random
import sys
from pathlib import Path


def main(object_info_file: str, written: str, *folders: str) -> None:
    from comfy_cli.workflow_to_api import WorkflowConversionError, convert_ui_to_api

    logging.disable()  # of nodes that the server does not know, it says that it guesses
    random.seed(0)  # it draws one of {a|b}, as the page does
    object_info = json.loads(Path(object_info_file).read_text(encoding="utf-8"))
    with Path(written).open("w", encoding="utf-8") as lines:
        for file in (file for folder in folders for file in sorted(Path(folder).rglob("*.json"))):
            workflow = json.loads(file.read_text(encoding="utf-8"))
            if not isinstance(workflow, dict) or not isinstance(workflow.get("nodes"), list):
                continue
            line = {"file": str(file)}
            try:
                line["graph"] = convert_ui_to_api(workflow, object_info)
            except WorkflowConversionError as problem:
                line["problem"] = str(problem)
            lines.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
