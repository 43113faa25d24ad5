"""Pages for readers of the repository name only what exists: links, pictures, files, tests, nodes and their inputs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
import switchyard_pack

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "training").rglob("*.md"))]
TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}
FOLDERS = "core|data|docs|example_workflows|nodes|subgraphs|switchyard|templates|tests|tools|training|web"


def pages(texts):
    return pytest.mark.parametrize("page", texts, ids=lambda page: page.relative_to(ROOT).as_posix())


def anchors(text):
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pages(PAGES)
def test_links_and_pictures_lead_somewhere(page):
    prose = re.sub(r"```.*?```", "", TEXTS[page], flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"\w+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / unquote(path)).resolve() if path else page
        assert target.exists(), f"{link} does not exist"
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), f"{link}: no such heading"


@pages(PAGES)
def test_files_and_tests_that_are_named_exist(page):
    for path, _, test in re.findall(rf"`((?:{FOLDERS})/[\w/.\- ]+)(::(\w+))?`", TEXTS[page]):
        assert (ROOT / path).exists(), f"{path} does not exist"
        if test:
            code = (ROOT / path).read_text(encoding="utf-8")
            assert re.search(rf"^(def|class) {test}\b", code, re.MULTILINE), f"{path} has no {test}"


@pages([page for page in PAGES if "```json" in TEXTS[page]])
def test_json_can_be_read_and_gives_our_nodes_what_they_need_and_know(page):
    for block in re.findall(r"```json\n(.*?)```", TEXTS[page], re.DOTALL):
        for spec in json.loads(block).values():
            name = spec.get("class_type", "") if isinstance(spec, dict) else ""
            if not name.startswith("Switchyard"):
                continue
            known = switchyard_pack.NODE_CLASS_MAPPINGS[name].INPUT_TYPES()
            required, optional = set(known.get("required", {})), set(known.get("optional", {}))
            assert required <= set(spec["inputs"]) <= required | optional, name


def test_every_picture_of_the_docs_is_shown():
    everything = "".join(TEXTS.values())
    assert [path.name for path in (ROOT / "docs" / "images").iterdir() if path.name not in everything] == []
