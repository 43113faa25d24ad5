"""The page shows a label on the nodes that tell it what they decided: its list is the nodes that do."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import switchyard_pack as pack

VERDICTS = Path(__file__).resolve().parent.parent.parent / "web" / "js" / "lib" / "verdicts.mjs"
SHOWS_ITSELF = {"SwitchyardBeforeAndAfter"}  # its pictures, in a slider of its own
TELLS = re.compile(r"\b(?:verdict|hand_over)\(")


def test_the_page_knows_which_nodes_decide_something():
    known = set(re.findall(r'"(Switchyard\w+)"', VERDICTS.read_text(encoding="utf-8")))
    deciding = {
        name
        for name, node in pack.NODE_CLASS_MAPPINGS.items()
        if name not in pack.PLAIN_IDS
        and not getattr(node, "DEV_ONLY", False)
        and TELLS.search(inspect.getsource(inspect.getmodule(node)))
    }
    assert known == deciding - SHOWS_ITSELF
