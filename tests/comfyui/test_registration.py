"""How a real ComfyUI registers the pack: alone, beside packs that have the same plain ids, and out of an archive."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
import switchyard_pack
from graphs import catch, caught, node

from engine.layout import python_of
from engine.pack import install_pack, source_files
from engine.run import run_graph

ROOT = Path(__file__).resolve().parent.parent.parent
PLAIN = set(switchyard_pack.PLAIN_IDS)
PREFIXED = set(switchyard_pack.NODE_CLASS_MAPPINGS) - PLAIN
INNER = {name for name, node in switchyard_pack.NODE_CLASS_MAPPINGS.items() if getattr(node, "DEV_ONLY", False)} - PLAIN
FOREIGN = '''
class Foreign:
    """Stands for another pack's node."""
    RETURN_TYPES = ("STRING",)
    FUNCTION = "execute"
    CATEGORY = "foreign"
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"mine": ("STRING", {"default": "foreign"})}}
    def execute(self, mine):
        return (mine,)
MAPPINGS = {"Switch": Foreign, "FaceDetailer": Foreign}
globals()["NODE_CLASS_" + "MAPPINGS"] = MAPPINGS
'''


def owners(server):
    """Which pack each node id belongs to, by ComfyUI's own account."""
    return {name: info["python_module"] for name, info in server.get("/object_info").items()}


def test_every_id_is_there_and_ours(server):
    found = owners(server)
    assert {name for name, owner in found.items() if owner == "custom_nodes.switchyard-nodes"} == PREFIXED | PLAIN


def test_the_log_has_no_complaint_about_the_pack(server):
    log, *_ = server.log_text().split("got prompt")  # the start alone: tests cause errors on purpose later
    assert "switchyard-nodes" in log  # the table of import times
    for trouble in ("IMPORT FAILED", "Traceback", "Unable to parse pyproject", "Cannot import"):
        assert trouble not in log


def test_plain_ids_and_what_gates_expand_into_are_hidden_and_no_others(server):
    info = server.get("/object_info")
    for name in PLAIN | PREFIXED:
        hidden = info[name].get("deprecated", False) or info[name].get("dev_only", False)
        assert hidden == (name in PLAIN | INNER), name


def test_the_page_is_given_our_scripts_and_help_pages(server):
    scripts = server.get("/extensions")
    assert "/extensions/switchyard-nodes/js/type_following.js" in scripts
    assert not [script for script in scripts if script.endswith(".mjs")]
    for name in PREFIXED - INNER:
        assert server.get_bytes(f"/extensions/switchyard-nodes/docs/{name}.md").startswith(b"# ")


def test_example_workflows_are_listed_under_the_pack(server):
    listed = server.get("/api/workflow_templates")["switchyard-nodes"]
    assert set(listed) == {path.stem for path in (ROOT / "example_workflows").glob("*.json")}


@pytest.mark.parametrize("foreign_name", ["aaa_before_us", "zzz_after_us"])
def test_another_packs_switch_stays_its_own_in_either_load_order(make_server, foreign_name):
    """ComfyUI loads folders in the order of the directory and lets the last one win; both orders are forced here."""
    server = make_server(f"foreign_{foreign_name}")
    folders = server.base / "custom_nodes"
    shutil.rmtree(folders / "probe_pack")
    foreign = folders / foreign_name
    foreign.mkdir()
    (foreign / "__init__.py").write_text(FOREIGN)
    install_pack(folders, "mmm_switchyard")
    in_order(server, first=foreign if foreign_name < "mmm" else folders / "mmm_switchyard")
    with server:
        found = owners(server)
        assert found["Switch"] == found["FaceDetailer"] == f"custom_nodes.{foreign_name}"
        assert found["Compare"] == found["SwitchyardSwitch"] == "custom_nodes.mmm_switchyard"
        names = [line for line in server.log_text().splitlines() if "left to it" in line]
        assert len(names) == (1 if foreign_name < "mmm" else 0)
        assert server.get("/object_info/Switch")["Switch"]["display_name"] == "Switch"
        graph = {
            "theirs": node("Switch", mine="still foreign"),
            "ours": node("SwitchyardSwitch", condition=True, on_true=["theirs", 0]),
            "end": node("PreviewAny", source=["ours", 0]),
        }
        assert run_graph(server, graph).outputs["end"]["text"] == ["still foreign"]
        theirs = {"face": node("FaceDetailer", mine="theirs too"), "end": node("PreviewAny", source=["face", 0])}
        assert run_graph(server, theirs).outputs["end"]["text"] == ["theirs too"]


def in_order(server, first):
    """Makes ComfyUI see one folder first, whatever order the file system lists them in."""
    patch = server.base / "custom_nodes_order"
    patch.mkdir()
    (patch / "sitecustomize.py").write_text(
        "import os\n"
        "listdir = os.listdir\n"
        f"os.listdir = lambda *a: sorted(listdir(*a), key=lambda name: (name != {first.name!r}, name))\n"
    )
    server.environment["PYTHONPATH"] = str(patch)


@pytest.fixture(scope="module")
def archive(layout, tmp_path_factory):
    """The archive that `comfy node pack` makes of the files as they are now, committed or not."""
    if shutil.which("git") is None:
        pytest.skip("there is no git here: comfy node pack archives what git tracks")
    copy = tmp_path_factory.mktemp("repository")
    # In a downloaded archive of the project git tracks nothing, and this says so with an exit code.
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    for name in {*tracked.stdout.split("\0"), *(path.as_posix() for path in source_files())}:
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    subprocess.run(["git", "init", "-q"], cwd=copy, check=True)
    subprocess.run(["git", "add", "-A"], cwd=copy, check=True)
    comfy = [str(python_of(layout.checkers)), "-m", "comfy_cli", "--skip-prompt", "--no-enable-telemetry"]
    answer = subprocess.run([*comfy, "node", "pack"], cwd=copy, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return copy / "node.zip"


def test_the_archive_holds_what_our_own_installer_copies(archive, tmp_path):
    installed = install_pack(tmp_path)
    with zipfile.ZipFile(archive) as packed:
        names = {name for name in packed.namelist() if not name.endswith("/")}
    assert names == {path.relative_to(installed).as_posix() for path in installed.rglob("*") if path.is_file()}


@pytest.mark.parametrize("folder", ["switchyard-nodes", "Some Other.Name"])
def test_the_archive_loads_with_every_id_under_any_folder_name(archive, make_server, folder):
    server = make_server("archive")
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(server.base / "custom_nodes" / folder)
    with server:
        found = owners(server)
        assert {name for name, owner in found.items() if owner == f"custom_nodes.{folder}"} == PREFIXED | PLAIN
        graph = {"compare": node("Compare", a=1, comparison="equal", b=1), "end": catch("compare")}
        assert caught(run_graph(server, graph)) == ["True"]
