"""Rules for what the page loads: nothing of ComfyUI's or of another pack's is patched or leant on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
WEB = ROOT / "web"
SCRIPTS = sorted((WEB / "js").rglob("*.js"))
MODULES = sorted((WEB / "js").rglob("*.mjs"))
_EXTENSION = r'registerExtension\(\{\s*name: "([^"]+)"'
ALL = [pytest.param(path, id=path.relative_to(WEB).as_posix()) for path in (*SCRIPTS, *MODULES)]


@pytest.mark.parametrize("path", ALL)
def test_only_app_and_api_are_imported_and_only_by_scripts(path):
    """Every other module of the page warns that it will go away; bare names stopped working with page 1.58."""
    for source in re.findall(r"""(?:from|import)\s*\(?\s*["']([^"']+)["']""", path.read_text(encoding="utf-8")):
        is_own = source.startswith("./") and (path.parent / source).is_file()
        is_page = source in ("../../../scripts/app.js", "../../../scripts/api.js")
        assert is_own or (is_page and path.suffix == ".js"), f"{path.name} imports {source}"


@pytest.mark.parametrize("path", ALL)
def test_nothing_global_is_touched(path):
    text = path.read_text(encoding="utf-8")
    for pattern in (
        r"\bwindow\.\w+\s*=[^=]",
        r"\.prototype\b",
        r"document\.(addEventListener|body|head)",
        r"\beval\(",
        r"innerHTML",
        r"/extensions/[A-Za-z]",
    ):
        assert not re.search(pattern, text), f"{path.name} has {pattern}"


def test_helper_modules_are_not_loaded_by_themselves():
    """The page imports every .js file below web; helpers are .mjs so that it does not."""
    assert all(path.parent == WEB / "js" for path in SCRIPTS)
    assert all(path.parent.name == "lib" for path in MODULES)


def test_every_extension_has_a_name_of_ours():
    names = [name for path in SCRIPTS for name in re.findall(_EXTENSION, path.read_text(encoding="utf-8"))]
    assert len(names) == len(set(names)) == len(SCRIPTS)
    assert all(name.startswith("Switchyard.") for name in names)
