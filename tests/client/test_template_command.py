"""`switchyard template ...`, as a user types it: what is written, what is said, and the exit code."""

from __future__ import annotations

import json
import shlex

import pytest
from client_graphs import OBJECT_INFO, text_to_image
from fake_server import serve
from switchyard.cli import main, make_parser
from switchyard.template import Template


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with a graph in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "barn_api.json").write_text(json.dumps(text_to_image()))
    (tmp_path / "object_info.json").write_text(json.dumps(OBJECT_INFO))
    return tmp_path


@pytest.fixture
def barn(folder):
    """The name of a template in the folder."""
    Template.from_workflow(text_to_image(), name="barn", title="A barn", description="Draws barns.").save("templates")
    return "barn"


def load(name):
    return Template.load(f"templates/{name}.json")


def test_save_makes_a_template_and_says_what_was_guessed(folder, capsys):
    assert main(["template", "save", "barn_api.json", "--name", "barn", "--title", "A barn"]) == 0
    said = capsys.readouterr()
    assert "Saved templates" in said.out
    assert "negative_prompt" in said.out
    assert "prompt is guessed: text of node 4 (CLIPTextEncode), by way of node 6 (KSampler)" in said.err
    assert load("barn").title == "A barn"


def test_save_names_a_template_after_its_file(folder):
    (folder / "My Barn (v2).json").write_text(json.dumps(text_to_image()))
    assert main(["template", "save", "My Barn (v2).json"]) == 0
    assert load("my_barn_v2").graph == text_to_image()


def test_save_takes_limits_from_a_server(folder):
    assert main(["template", "save", "barn_api.json", "--name", "barn", "--object-info", "object_info.json"]) == 0
    assert load("barn").parameter("steps").max == 150


def test_save_overwrites_only_when_told(folder, barn, capsys):
    before = load("barn")
    assert main(["template", "save", "barn_api.json", "--name", "barn"]) == 2
    assert "already" in capsys.readouterr().err
    assert load("barn") == before
    assert main(["template", "save", "barn_api.json", "--name", "barn", "--overwrite"]) == 0
    assert load("barn").title == ""


@pytest.mark.parametrize("name", ["../barn", "Barn", "a/b", "", "con", "x" * 65, "barn\n"])
def test_a_name_that_is_no_file_name_is_refused(folder, name, capsys):
    code = main(["template", "save", "barn_api.json", "--name", name])
    assert code == (0 if name == "" else 2)  # without a name it is called as the file
    assert [path.name for path in folder.rglob("*.json")].count("barn.json") == 0


def test_show_lists_the_parameters(barn, capsys):
    assert main(["template", "show", "barn"]) == 0
    said = capsys.readouterr().out
    assert "barn 1.0.0 - A barn" in said
    assert "Draws barns." in said
    assert [line.split()[0] for line in said.splitlines() if line.startswith("  ")] == [
        "prompt", "negative_prompt", "seed", "steps", "cfg", "denoise",
    ]  # fmt: skip
    assert "1 to 10000" in said


def test_show_as_json_is_the_template(barn, capsys):
    assert main(["template", "show", "barn", "--json"]) == 0
    assert Template.read(json.loads(capsys.readouterr().out)) == load("barn")


def test_list_shows_what_is_broken_too(folder, barn, capsys):
    (folder / "templates" / "broken.json").write_text("{")
    assert main(["template", "list", "--json"]) == 0
    found = {item["name"]: item for item in json.loads(capsys.readouterr().out)["templates"]}
    assert found["barn"]["parameters"] == 6
    assert "no JSON" in found["broken"]["error"]


def test_list_of_an_empty_folder_says_so(folder, capsys):
    assert main(["template", "list"]) == 0
    assert "no templates" in capsys.readouterr().err


def test_set_changes_the_defaults_in_place(barn):
    assert main(["template", "set", "barn", "steps=30", "prompt=a = b, ünder the sea"]) == 0
    changed = load("barn")
    assert changed.parameter("steps").default == 30
    assert changed.apply()["6"]["inputs"]["steps"] == 30
    assert changed.apply()["4"]["inputs"]["text"] == "a = b, ünder the sea"
    assert changed.apply()["3"]["inputs"]["text"] == "fog"


def test_set_keeps_the_old_template_when_the_new_one_has_another_name(barn):
    before = load("barn")
    assert main(["template", "set", "barn", "steps=30", "--as", "slow_barn"]) == 0
    assert load("barn") == before
    assert load("slow_barn").parameter("steps").default == 30
    assert main(["template", "set", "barn", "steps=31", "--as", "slow_barn"]) == 2
    assert load("slow_barn").parameter("steps").default == 30


@pytest.mark.parametrize("file", ["templates/copy.json", "templates/barn.txt"])
def test_set_never_writes_over_another_template_than_the_one_it_was_given(barn, folder, capsys, file):
    (folder / file).write_text((folder / "templates/barn.json").read_text())
    before = load("barn")
    for reference in (file, "copy") if "copy" in file else (file,):
        assert main(["template", "set", reference, "steps=30"]) == 2
        assert 'holds the template "barn": rename the file' in capsys.readouterr().err
    assert load("barn") == before


def test_set_does_not_save_in_place_when_the_new_name_is_empty(barn, capsys):
    before = load("barn")
    assert main(["template", "set", "barn", "steps=30", "--as", ""]) == 2
    assert "can't be a template's name" in capsys.readouterr().err
    assert load("barn") == before


def test_set_writes_a_graph_and_leaves_the_template(barn, folder, capsys):
    before = load("barn")
    assert main(["template", "set", "barn", "seed=99", "--graph", "-"]) == 0
    graph = json.loads(capsys.readouterr().out)
    assert graph["6"]["inputs"]["seed"] == 99
    assert main(["template", "set", "barn", "seed=99", "--graph", "graph.json"]) == 0
    assert json.loads((folder / "graph.json").read_text()) == graph
    assert load("barn") == before


def test_values_come_from_files_too(barn, folder, capsys):
    (folder / "words.txt").write_text("a barn,\nfar away\n")
    (folder / "values.json").write_text('{"steps": 5, "cfg": 2}')
    values = ["--from-file", "prompt=words.txt", "--values-file", "values.json", "cfg=3.5"]
    assert main(["template", "set", "barn", *values, "--graph", "-"]) == 0
    graph = json.loads(capsys.readouterr().out)
    assert graph["4"]["inputs"]["text"] == "a barn,\nfar away"
    assert (graph["6"]["inputs"]["steps"], graph["6"]["inputs"]["cfg"]) == (5, 3.5)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["stps=3"], 'Did you mean "steps"?'),
        (["steps"], "NAME=VALUE"),
        (["=3"], "NAME=VALUE"),
        (["steps=0"], "1 to 10000"),
        (["steps=3.5"], "whole number"),
        (["steps=many"], "text; it takes a whole number"),
        (["cfg=nan"], "not a number"),
        (["cfg=inf"], "not a number"),
        (["seed=-1"], "0 to 18446744073709551615"),
        (["--from-file", "prompt=nowhere.txt"], "nowhere.txt can't be read"),
        (["--values-file", "barn_api.json"], "no parameter"),
        ([], "nothing to set"),
    ],
)
def test_bad_values_change_nothing(barn, values, words, capsys):
    before = load("barn")
    assert main(["template", "set", "barn", *values]) == 2
    assert words in capsys.readouterr().err
    assert load("barn") == before


def test_check_without_a_server_looks_at_the_template(barn, capsys):
    assert main(["template", "check", "barn"]) == 0
    assert "give --server" in capsys.readouterr().out


def test_check_finds_what_the_server_lacks(folder, barn, capsys):
    info = {**OBJECT_INFO}
    del info["VAEDecode"]
    info["CheckpointLoaderSimple"] = {"input": {"required": {"ckpt_name": [["other.safetensors"]]}}, "output": []}
    (folder / "object_info.json").write_text(json.dumps(info))
    assert main(["template", "check", "barn", "steps=151", "--object-info", "object_info.json", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is False
    messages = " ".join(item["message"] for item in found["findings"] if item["level"] == "error")
    assert "no node VAEDecode" in messages
    assert '"demo.safetensors"' in messages
    assert "151" in messages
    assert "1 to 150" in messages


def test_check_against_a_server_that_has_everything(folder, barn, capsys):
    with serve() as fake:
        fake.answers["/object_info"] = (200, OBJECT_INFO)
        assert main(["template", "check", "barn", "--server", fake.url]) == 0
    assert "barn can run." in capsys.readouterr().out


def test_no_server_is_an_exit_code_of_its_own(barn, capsys):
    assert main(["template", "check", "barn", "--server", "http://127.0.0.1:9", "--json"]) == 4
    said = capsys.readouterr()
    assert json.loads(said.out)["error"]["kind"] == "ServerUnavailable"
    assert "No ComfyUI answers at http://127.0.0.1:9" in said.err


@pytest.mark.parametrize("url", ["ftp://host", "http://", "nonsense://x"])
def test_what_is_no_address_is_said_so(barn, url, capsys):
    assert main(["template", "check", "barn", "--server", url]) == 4
    assert "should look like" in capsys.readouterr().err


def test_schema_is_that_of_the_values_or_of_the_format(barn, folder, capsys):
    assert main(["template", "schema", "barn", "--object-info", "object_info.json"]) == 0
    assert json.loads(capsys.readouterr().out)["properties"]["steps"]["type"] == "integer"
    assert main(["template", "schema"]) == 0
    assert json.loads(capsys.readouterr().out)["$id"] == "urn:switchyard:workflow-template:1"


def test_import_reads_the_template_of_a_tutorial(folder):
    entry = {"node": "4", "param": "text", "type": "string", "label": "Prompt (4)"}
    old = {
        "name": "Barn!",
        "description": "Barns",
        "version": "1.0",
        "workflow": text_to_image(),
        "parameters": [entry],
    }
    (folder / "old.json").write_text(json.dumps(old))
    assert main(["template", "import", "old.json"]) == 0
    template = load("barn")
    assert [(item.name, item.default) for item in template.parameters] == [("prompt", "a red barn")]
    assert template.description == "Barns"


def test_import_of_a_page_workflow_needs_its_graph(folder, capsys):
    (folder / "page.json").write_text(json.dumps({"nodes": [], "links": [], "version": 0.4}))
    assert main(["template", "import", "page.json"]) == 2
    assert "Export (API)" in capsys.readouterr().err
    assert main(["template", "import", "page.json", "--graph", "barn_api.json"]) == 0
    assert load("page").workflow == {"nodes": [], "links": [], "version": 0.4}


def test_diff_says_what_differs(barn, capsys):
    assert main(["template", "diff", "barn", "barn"]) == 0
    assert capsys.readouterr().out == ""
    main(["template", "set", "barn", "steps=30", "--as", "slow"])
    capsys.readouterr()
    assert main(["template", "diff", "barn", "slow"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        '  name: "barn" -> "slow"',
        "  parameter steps: default: 12 -> 30",
        "  node 6: steps: 12 -> 30",
    ]
    assert main(["template", "diff", "barn", "templates/slow.json", "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["differences"]) == 3


def test_templates_saved_on_the_page_are_found_by_name(folder, capsys):
    template = Template.from_workflow(text_to_image(), name="page_barn")
    with serve() as fake:
        fake.answers["/switchyard/templates/*"] = (200, template.document())
        fake.answers["/switchyard/templates"] = (200, {"templates": [{"name": "page_barn", "title": "From the page"}]})
        assert main(["template", "show", "page_barn", "--server", fake.url]) == 0
        assert main(["template", "list", "--server", fake.url]) == 0
    assert "From the page" in capsys.readouterr().out


def test_a_template_that_is_nowhere_is_said_so(folder, capsys):
    assert main(["template", "show", "nowhere"]) == 2
    assert "no template nowhere in templates" in capsys.readouterr().err
    with serve() as fake:
        assert main(["template", "show", "nowhere", "--server", fake.url]) == 2
    assert fake.url in capsys.readouterr().err


def commands(parser, path=()):
    for action in parser._actions:
        for name, inner in (action.choices or {}).items() if action.nargs == "A..." else ():
            yield (*path, name), inner
            yield from commands(inner, (*path, name))


def test_each_command_has_help_with_an_example_and_json():
    found = {path: parser for path, parser in commands(make_parser()) if path != ("template",)}
    assert {path[-1] for path in found} == {
        "save", "show", "list", "set", "check", "schema", "import", "diff", "run",
        "batch", "resume", "status", "retry", "cancel", "verify", "sheet", "doctor", "profile",
    }  # fmt: skip
    for path, parser in found.items():
        text = parser.format_help()
        assert f"example:\n  switchyard {' '.join(path)}" in text
        assert "--json" in text
        assert all(action.help for action in parser._actions)


def test_the_examples_in_the_help_can_be_parsed():
    for path, parser in commands(make_parser()):
        if path != ("template",):
            example = parser.format_help().split("example:\n")[1].strip().splitlines()[0]
            words = shlex.split(example.split(">")[0])[1:]
            assert make_parser().parse_args(words).command


@pytest.mark.parametrize("arguments", [[], ["template"], ["template", "sho"], ["template", "show"], ["nonsense"]])
def test_wrong_usage_is_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_check_looks_at_the_values_given_and_not_at_the_defaults(folder, capsys):
    graph = text_to_image()
    graph["9"] = {
        "class_type": "SwitchyardChoiceParameter",
        "inputs": {"name": "checkpoint", "value": "demo.safetensors"},
    }
    graph["1"]["inputs"]["ckpt_name"] = ["9", 0]
    Template.from_workflow(graph, name="chosen").save("templates")
    choice = {"input": {"required": {"name": ["STRING"], "value": ["STRING"]}}, "output": ["COMBO"]}
    checkpoints = {"input": {"required": {"ckpt_name": [["other.safetensors"]]}}, "output": ["MODEL", "CLIP", "VAE"]}
    info = {**OBJECT_INFO, "CheckpointLoaderSimple": checkpoints, "SwitchyardChoiceParameter": choice}
    (folder / "object_info.json").write_text(json.dumps(info))
    against = ["--object-info", "object_info.json"]
    assert main(["template", "check", "chosen", *against]) == 1
    assert '"demo.safetensors"' in capsys.readouterr().out
    assert main(["template", "check", "chosen", "checkpoint=other.safetensors", *against]) == 0
